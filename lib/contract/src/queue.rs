//! What [`Queue`] promises.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use dzinza_ports::{Message, NewMessage, Queue, QueueDepth, StoreErrorKind};
use serde_json::{Value, json};

use crate::support::{crowd, fails, there};
use crate::{Failed, Fresh, Outcome, Suite};

type Port = Arc<dyn Queue>;

const LEASE: Duration = Duration::from_secs(30);
const MOMENT: Duration = Duration::from_millis(1);

/// What a kind of queue cannot do, and the port leaves open.
#[derive(Debug, Clone, Copy, Default)]
pub struct QueueLimits {
    /// A release counts as a delivery.
    pub counts_releases: bool,
    /// What was given back counts as leased until it is due.
    pub given_back_is_in_flight: bool,
    /// The largest body in bytes of JSON; a larger one is `Invalid`.
    pub largest_body: Option<usize>,
}

/// What [`Queue`] promises.
pub fn queue(suite: &mut Suite<Port>) {
    queue_within(suite, QueueLimits::default());
}

/// What [`Queue`] promises, where it has these limits. The queue `q` must be there, with three receives, and `other`.
pub fn queue_within(suite: &mut Suite<Port>, limits: QueueLimits) {
    suite.case("a message is received as it was sent, and is gone when deleted", sent_and_deleted);
    suite.case("a leased message is not received again until its lease ends", leases_end);
    suite.case("after the lease a late delete, extend or give_back returns false", late_receipts);
    suite.case("an extended lease ends later", extended);
    let given = move |fresh| given_back(fresh, limits);
    suite.case("a message given back is received again, after its delay", given);
    if limits.counts_releases {
        suite.case("a message released is received again at once", released_and_counted);
    } else {
        suite.case("a message released is received again at once, and this time was not counted", released);
    }
    suite.case("a delayed message waits", delayed);
    suite.case("after max receives a message is dead", dead_letters);
    suite.case("queues do not see one another's messages", separate_queues);
    suite.case("of 50 concurrent receivers each message goes to one", one_receiver_each);
    suite.case("no more than max are received, the rest later", at_most_max);
    suite.case("any JSON is a body", move |fresh| any_body(fresh, limits));
    suite.case("of many sent at once each is there or has its error", move |fresh| many(fresh, limits));
}

async fn send(queue: &dyn Queue, body: Value) -> Outcome {
    queue.send(NewMessage { queue: "q", body, delay: Duration::ZERO }).await?;
    Ok(())
}

async fn receive(queue: &dyn Queue) -> Result<Option<Message>, Failed> {
    Ok(queue.receive("q", 1, LEASE, 3).await?.pop())
}

fn depth(waiting: u64, in_flight: u64, dead: u64) -> QueueDepth {
    QueueDepth { waiting, in_flight, dead }
}

async fn sent_and_deleted(fresh: Fresh<Port>) -> Outcome {
    let queue = &*fresh.port;
    assert!(receive(queue).await?.is_none());
    assert_eq!(queue.depth("q").await?, depth(0, 0, 0));
    send(queue, json!({"import": "i1"})).await?;
    assert_eq!(queue.depth("q").await?, depth(1, 0, 0));
    let message = there(receive(queue).await?)?;
    assert_eq!((message.body, message.attempts), (json!({"import": "i1"}), 1));
    assert_eq!(queue.depth("q").await?, depth(0, 1, 0));
    assert!(queue.delete(&message.receipt).await?);
    assert_eq!(queue.depth("q").await?, depth(0, 0, 0));
    assert!(!queue.delete(&message.receipt).await?);
    Ok(())
}

async fn leases_end(fresh: Fresh<Port>) -> Outcome {
    let queue = &*fresh.port;
    send(queue, json!(1)).await?;
    let first = there(receive(queue).await?)?;
    fresh.clock.advance(LEASE.saturating_sub(MOMENT));
    assert!(receive(queue).await?.is_none());
    fresh.clock.advance(MOMENT);
    assert_eq!(queue.depth("q").await?, depth(1, 0, 0));
    let second = there(receive(queue).await?)?;
    assert_eq!((&second.id, second.attempts), (&first.id, 2));
    assert_ne!(second.receipt, first.receipt);
    Ok(())
}

async fn late_receipts(fresh: Fresh<Port>) -> Outcome {
    let queue = &*fresh.port;
    send(queue, json!(1)).await?;
    let first = there(receive(queue).await?)?;
    fresh.clock.advance(LEASE);
    for again in [false, true] {
        assert!(!queue.delete(&first.receipt).await?, "received again: {again}");
        assert!(!queue.extend(&first.receipt, LEASE).await?);
        assert!(!queue.give_back(&first.receipt, Duration::ZERO).await?);
        if !again {
            there(receive(queue).await?)?;
        }
    }
    assert_eq!(queue.depth("q").await?, depth(0, 1, 0));
    assert!(!queue.delete("no such receipt").await?);
    Ok(())
}

async fn extended(fresh: Fresh<Port>) -> Outcome {
    let queue = &*fresh.port;
    send(queue, json!(1)).await?;
    let message = there(receive(queue).await?)?;
    fresh.clock.advance(LEASE / 2);
    assert!(queue.extend(&message.receipt, LEASE).await?);
    fresh.clock.advance(LEASE.saturating_sub(MOMENT));
    assert!(receive(queue).await?.is_none());
    assert!(queue.delete(&message.receipt).await?);
    Ok(())
}

async fn given_back(fresh: Fresh<Port>, limits: QueueLimits) -> Outcome {
    let queue = &*fresh.port;
    send(queue, json!(1)).await?;
    let message = there(receive(queue).await?)?;
    assert!(queue.give_back(&message.receipt, LEASE).await?);
    let in_flight = u64::from(limits.given_back_is_in_flight);
    assert_eq!(queue.depth("q").await?, depth(1 - in_flight, in_flight, 0));
    assert!(!queue.delete(&message.receipt).await?);
    assert!(receive(queue).await?.is_none());
    fresh.clock.advance(LEASE);
    let message = there(receive(queue).await?)?;
    assert_eq!(message.attempts, 2);
    assert!(queue.give_back(&message.receipt, Duration::ZERO).await?);
    assert_eq!(there(receive(queue).await?)?.attempts, 3);
    Ok(())
}

async fn released(fresh: Fresh<Port>) -> Outcome {
    let queue = &*fresh.port;
    send(queue, json!(1)).await?;
    for _ in 0..5 {
        let message = there(receive(queue).await?)?;
        assert_eq!(message.attempts, 1);
        assert!(queue.release(&message.receipt).await?);
        assert!(!queue.release(&message.receipt).await?);
        assert!(!queue.delete(&message.receipt).await?);
    }
    let message = there(receive(queue).await?)?;
    fresh.clock.advance(LEASE);
    assert!(!queue.release(&message.receipt).await?, "the lease had ended");
    assert_eq!(there(receive(queue).await?)?.attempts, 2);
    Ok(())
}

async fn released_and_counted(fresh: Fresh<Port>) -> Outcome {
    let queue = &*fresh.port;
    send(queue, json!(1)).await?;
    for attempt in 1..=2 {
        let message = there(receive(queue).await?)?;
        assert_eq!(message.attempts, attempt);
        assert!(queue.release(&message.receipt).await?);
        assert!(!queue.release(&message.receipt).await?);
        assert!(!queue.delete(&message.receipt).await?);
    }
    let message = there(receive(queue).await?)?;
    fresh.clock.advance(LEASE);
    assert!(!queue.release(&message.receipt).await?, "the lease had ended");
    Ok(())
}

async fn delayed(fresh: Fresh<Port>) -> Outcome {
    let queue = &*fresh.port;
    queue.send(NewMessage { queue: "q", body: json!(1), delay: LEASE }).await?;
    assert_eq!(queue.depth("q").await?, depth(1, 0, 0));
    assert!(receive(queue).await?.is_none());
    fresh.clock.advance(LEASE.saturating_sub(MOMENT));
    assert!(receive(queue).await?.is_none());
    fresh.clock.advance(MOMENT);
    there(receive(queue).await?)?;
    Ok(())
}

async fn dead_letters(fresh: Fresh<Port>) -> Outcome {
    let queue = &*fresh.port;
    send(queue, json!("poison")).await?;
    for attempt in 1..=3 {
        assert_eq!(there(receive(queue).await?)?.attempts, attempt);
        fresh.clock.advance(LEASE);
    }
    assert!(receive(queue).await?.is_none());
    assert_eq!(queue.depth("q").await?, depth(0, 0, 1));
    fresh.clock.advance(LEASE * 100);
    send(queue, json!("good")).await?;
    assert_eq!(there(receive(queue).await?)?.body, json!("good"));
    Ok(())
}

async fn separate_queues(fresh: Fresh<Port>) -> Outcome {
    let queue = &*fresh.port;
    send(queue, json!(1)).await?;
    assert!(queue.receive("other", 10, LEASE, 3).await?.is_empty());
    assert_eq!(queue.depth("other").await?, depth(0, 0, 0));
    assert_eq!(queue.depth("q").await?, depth(1, 0, 0));
    Ok(())
}

async fn one_receiver_each(fresh: Fresh<Port>) -> Outcome {
    for number in 0..120 {
        send(&*fresh.port, json!(number)).await?;
    }
    let results = crowd(50, |_| {
        let queue = fresh.port.clone();
        async move { queue.receive("q", 4, LEASE, 3).await }
    });
    let mut seen = BTreeSet::new();
    let mut count = 0;
    for result in results.await? {
        for message in result? {
            count += 1;
            seen.insert(message.id);
            assert_eq!(message.attempts, 1);
        }
    }
    assert_eq!((count, seen.len()), (120, 120));
    Ok(())
}

async fn at_most_max(fresh: Fresh<Port>) -> Outcome {
    let queue = &*fresh.port;
    for number in 0..5 {
        send(queue, json!(number)).await?;
    }
    let mut sizes = Vec::new();
    for max in [0, 3, 10, 10] {
        sizes.push(queue.receive("q", max, LEASE, 3).await?.len());
    }
    assert_eq!(sizes, [0, 3, 2, 0]);
    Ok(())
}

async fn any_body(fresh: Fresh<Port>, limits: QueueLimits) -> Outcome {
    let queue = &*fresh.port;
    let long = |length: usize| json!({"large": "x".repeat(length - r#"{"large":""}"#.len())});
    let largest = long(limits.largest_body.unwrap_or(300_000));
    for body in [Value::Null, json!("text \u{0} é \u{fffe}\u{ffff} 家"), json!([1, {"a": 2.5}]), largest] {
        send(queue, body.clone()).await?;
        let message = there(receive(queue).await?)?;
        assert!(message.body == body, "another body");
        assert!(queue.delete(&message.receipt).await?);
    }
    if let Some(largest) = limits.largest_body {
        let too_long = NewMessage { queue: "q", body: long(largest + 1), delay: Duration::ZERO };
        fails(queue.send(too_long).await, StoreErrorKind::Invalid)?;
        assert_eq!(queue.depth("q").await?, depth(0, 0, 0));
    }
    Ok(())
}

async fn many(fresh: Fresh<Port>, limits: QueueLimits) -> Outcome {
    let queue = &*fresh.port;
    let too_long = limits.largest_body;
    let filler = |number: usize| "x".repeat(if number.is_multiple_of(5) { 100_000 } else { 10 });
    let mut bodies: Vec<Value> = (0..23).map(|number| json!([number, filler(number)])).collect();
    bodies.extend(too_long.map(|largest| json!("x".repeat(largest))));
    let messages =
        bodies.iter().map(|body| NewMessage { queue: "q", body: body.clone(), delay: Duration::ZERO });
    let results = queue.send_many(messages.collect()).await;
    assert_eq!(results.len(), bodies.len());
    for (number, result) in results.into_iter().enumerate() {
        if number < 23 {
            result?;
        } else {
            fails(result, StoreErrorKind::Invalid)?;
        }
    }
    let mut received = BTreeSet::new();
    for _ in 0..23 {
        let message = there(receive(queue).await?)?;
        received.insert(message.body[0].as_u64());
        assert!(queue.delete(&message.receipt).await?);
    }
    assert_eq!(received.len(), 23);
    assert_eq!(queue.depth("q").await?, depth(0, 0, 0));
    assert!(queue.send_many(Vec::new()).await.is_empty());
    Ok(())
}
