//! The suite of the port on ministack, whose time stands still here; and what is of SQS alone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;
use dzinza_aws::{Account, QueueUrls, SQS_LARGEST_BODY, SqsQueue, SqsSettings};
use dzinza_contract::{Failed, Fresh, Outcome, QueueLimits, Suite};
use dzinza_ports::{NewMessage, Queue, StoreErrorKind};
use libtest_mimic::Trial;
use serde_json::json;

use crate::ministack::{Ministack, if_installed};

type Port = Arc<dyn Queue>;

const LEASE: Duration = Duration::from_secs(30);

pub fn trials() -> Vec<Trial> {
    let mut suite = Suite::new("queue on ministack", fresh);
    let limits = QueueLimits {
        counts_releases: true,
        given_back_is_in_flight: true,
        largest_body: Some(SQS_LARGEST_BODY),
    };
    dzinza_contract::queue_within(&mut suite, limits);
    suite.case("a long job keeps its message by extending its lease again and again", long_jobs);
    suite.case("what is no job is left to the dead-letter queue, and does not stop others", strangers);
    suite.case("a queue whose address is not known is Invalid, and one that is gone Unavailable", no_queue);
    if_installed(suite.into_trials())
}

async fn fresh() -> Result<Fresh<Port>, Failed> {
    let (server, clock) = Ministack::with_clock()?;
    let account = server.account()?;
    let client = aws_sdk_sqs::Client::new(account.sdk());
    let mut queues = BTreeMap::new();
    for name in ["q", "other"] {
        let dead = client.create_queue().queue_name(format!("{name}-dead")).send().await?;
        let arn = format!("arn:aws:sqs:us-east-1:000000000000:{name}-dead");
        let policy = json!({"deadLetterTargetArn": arn, "maxReceiveCount": 3}).to_string();
        let made =
            client.create_queue().queue_name(name).attributes(QueueAttributeName::RedrivePolicy, policy);
        let url = made.send().await?.queue_url.ok_or("a queue without an address")?;
        queues.insert(name.to_owned(), QueueUrls { url, dead_letters: dead.queue_url });
    }
    let gone = QueueUrls { url: "http://localhost/000000000000/gone".to_owned(), dead_letters: None };
    queues.insert("gone".to_owned(), gone);
    let port = SqsQueue::new(&account, SqsSettings { queues, wait: Duration::ZERO }, clock.clone());
    Ok(Fresh { port, clock, guard: Box::new((server, account)) })
}

fn account(fresh: &Fresh<Port>) -> Result<&Account, Failed> {
    let kept = fresh.guard.downcast_ref::<(Ministack, Account)>();
    Ok(&kept.ok_or("another server")?.1)
}

async fn long_jobs(fresh: Fresh<Port>) -> Outcome {
    let queue = &*fresh.port;
    queue.send(NewMessage { queue: "q", body: json!(1), delay: Duration::ZERO }).await?;
    let message = queue.receive("q", 1, LEASE, 3).await?.pop().ok_or("nothing was received")?;
    for _ in 0..20 {
        fresh.clock.advance(LEASE / 2);
        assert!(queue.extend(&message.receipt, LEASE).await?);
        assert!(queue.receive("q", 1, LEASE, 3).await?.is_empty());
    }
    assert!(queue.delete(&message.receipt).await?);
    assert_eq!(queue.depth("q").await?.in_flight, 0);
    Ok(())
}

async fn strangers(fresh: Fresh<Port>) -> Outcome {
    let queue = &*fresh.port;
    let client = aws_sdk_sqs::Client::new(account(&fresh)?.sdk());
    let url = client.get_queue_url().queue_name("q").send().await?.queue_url;
    client.send_message().set_queue_url(url).message_body("this is no JSON").send().await?;
    queue.send(NewMessage { queue: "q", body: json!("a job"), delay: Duration::ZERO }).await?;
    let received = queue.receive("q", 10, LEASE, 3).await?;
    assert_eq!(received.iter().map(|message| &message.body).collect::<Vec<_>>(), [&json!("a job")]);
    assert!(queue.delete(&received[0].receipt).await?);
    for _ in 0..3 {
        fresh.clock.advance(LEASE);
        assert!(queue.receive("q", 10, LEASE, 3).await?.is_empty());
    }
    assert_eq!(queue.depth("q").await?.dead, 1);
    Ok(())
}

async fn no_queue(fresh: Fresh<Port>) -> Outcome {
    for (queue, kind) in [("nowhere", StoreErrorKind::Invalid), ("gone", StoreErrorKind::Unavailable)] {
        let message = NewMessage { queue, body: json!(1), delay: Duration::ZERO };
        let sent = fresh.port.send(message).await.err().ok_or("it was sent")?;
        assert_eq!(sent.kind(), kind, "{sent}");
        let received = fresh.port.receive(queue, 1, LEASE, 3).await.err().ok_or("something was received")?;
        assert_eq!(received.kind(), kind, "{received}");
    }
    Ok(())
}
