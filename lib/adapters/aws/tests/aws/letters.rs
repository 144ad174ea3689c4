//! Letters, as the mailbox of ministack has them.

use std::sync::Arc;

use dzinza_aws::{SesMailer, SesSettings};
use dzinza_contract::{Failed, Outcome};
use dzinza_ports::{Mail, Mailer as _, StoreErrorKind, SystemClock, SystemIds};
use libtest_mimic::Trial;
use serde_json::Value;

use crate::ministack::{Ministack, if_installed, run};

pub fn trials() -> Vec<Trial> {
    if_installed(vec![
        Trial::test("ses: a letter arrives as it was written, with the sender's name", || run(arrives())),
        Trial::test("ses: a letter that waits for an operator may be sent again, a wrong one not", || {
            run(refusals())
        }),
    ])
}

fn mailer(server: &Ministack, from: &str) -> Result<Arc<SesMailer>, Failed> {
    let settings =
        SesSettings { from_email: from.to_owned(), from_name: "Dzinza".to_owned(), configuration_set: None };
    Ok(SesMailer::new(&server.account()?, settings, Arc::new(SystemClock), Arc::new(SystemIds))?)
}

async fn verify(server: &Ministack, identity: &str) -> Outcome {
    let client = aws_sdk_sesv2::Client::new(server.account()?.sdk());
    client.create_email_identity().email_identity(identity).send().await?;
    Ok(())
}

fn letter(to: &str) -> Mail {
    Mail {
        to: to.to_owned(),
        subject: "Mhoro – 家".to_owned(),
        text: "Mhoro, Tendai\n".to_owned(),
        html: Some("<p>Mhoro, Tendai</p>".to_owned()),
    }
}

async fn mailbox(server: &Ministack) -> Result<Vec<Value>, Failed> {
    let text = reqwest::get(format!("{}/_ministack/ses/messages", server.address())).await?.text().await?;
    let mut answer: Value = serde_json::from_str(&text)?;
    let messages = answer["messages"].as_object_mut().ok_or("no mailbox")?;
    Ok(messages.values_mut().filter_map(Value::as_array_mut).flat_map(std::mem::take).collect())
}

async fn arrives() -> Outcome {
    let server = Ministack::start()?;
    verify(&server, "noreply@example.org").await?;
    mailer(&server, "noreply@example.org")?.send(letter("tendai@example.org")).await?;
    let arrived = mailbox(&server).await?;
    assert_eq!(arrived.len(), 1, "{arrived:?}");
    let text = arrived[0].to_string();
    for part in ["noreply@example.org", "tendai@example.org", "Mhoro, Tendai", "<p>Mhoro, Tendai</p>"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    Ok(())
}

async fn refusals() -> Outcome {
    let server = Ministack::start()?;
    let unknown = mailer(&server, "nobody@example.net")?.send(letter("tendai@example.org")).await;
    let unknown = unknown.err().ok_or("a sender that nobody verified")?;
    assert_eq!(unknown.kind(), StoreErrorKind::Unavailable, "{unknown}");
    verify(&server, "noreply@example.org").await?;
    let mailer = mailer(&server, "noreply@example.org")?;
    let wrong = mailer.send(letter("nobody at all")).await.err().ok_or("no address")?;
    assert_eq!(wrong.kind(), StoreErrorKind::Invalid);
    assert!(!wrong.to_string().contains("nobody at all"), "{wrong}");
    let address = server.address();
    drop(server);
    let away = mailer.send(letter("tendai@example.org")).await.err().ok_or("it was sent to nobody")?;
    assert_eq!(away.kind(), StoreErrorKind::Unavailable, "{away} at {address}");
    Ok(())
}
