//! Letters and a mail server: what is sent arrives once, what cannot be sent yet waits, what never can is given up.
#![cfg(test)]

use std::sync::Arc;
use std::time::Duration;

use dzinza_contract::ManualClock;
use dzinza_domain::collections;
use dzinza_jobs::JobsPorts;
use dzinza_letters::PostOffice;
use dzinza_ports::{Clock as _, Letter, Mail, Mailer, Message, Outbox as _, StoreErrorKind, SystemIds};
use dzinza_sealing::{LETTERS, Sealer};
use dzinza_smtp::{Security, SmtpMailer, SmtpSettings};
use dzinza_sqlite::{FileBlobs, SqliteStore};
use dzinza_tests::{Client, Process, Sink, eventually};
use jiff::SignedDuration;
use serde_json::json;
use tempfile::TempDir;

/// An outbox, the job that empties it, and a mail server.
struct Post {
    ports: JobsPorts,
    store: Arc<SqliteStore>,
    clock: Arc<ManualClock>,
    _folder: TempDir,
}

fn mailer(port: u16, adjust: impl FnOnce(&mut SmtpSettings)) -> Arc<SmtpMailer> {
    let mut settings = SmtpSettings {
        host: "127.0.0.1".into(),
        port,
        security: Security::None,
        credentials: None,
        from_email: "noreply@example.org".into(),
        from_name: "Dzinza".into(),
    };
    adjust(&mut settings);
    SmtpMailer::new(settings, Arc::new(ManualClock::default()), Arc::new(SystemIds)).unwrap()
}

impl Post {
    fn to(mail: Arc<dyn Mailer>) -> Self {
        let clock = Arc::new(ManualClock::default());
        let store = SqliteStore::in_memory(clock.clone(), Arc::new(SystemIds), collections::ALL).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let sealer = Arc::new(Sealer::new(b"the data key of the tests", None));
        let ports = JobsPorts {
            documents: store.clone(),
            blobs: FileBlobs::open(folder.path(), &[7; 32], "/blobs", clock.clone()).unwrap(),
            sessions: store.clone(),
            users: store.clone(),
            audit: store.clone(),
            outbox: store.clone(),
            mail,
            sealer: sealer.clone(),
            post: PostOffice {
                outbox: store.clone(),
                queue: store.clone(),
                sealer,
                site: store.clone(),
                clock: clock.clone(),
                ids: Arc::new(SystemIds),
                support: String::new(),
                home: String::new(),
                public_url: "http://127.0.0.1:3001".to_owned(),
                proof_lifetime: Duration::from_hours(24),
            },
            clock: clock.clone(),
            ids: Arc::new(SystemIds),
            undo_window: Duration::from_hours(24),
        };
        Self { ports, store, clock, _folder: folder }
    }

    async fn post(&self, to: &str) {
        let mail = Mail {
            to: to.into(),
            subject: format!("For {to}"),
            text: format!("Mhoro {to}\n.\nBye\n"),
            html: Some(format!("<p>Mhoro {to}</p>")),
        };
        let text = serde_json::to_string(&mail).unwrap();
        let letter = Letter {
            id: format!("letter-{to}"),
            sealed: self.ports.sealer.seal(LETTERS, &text).unwrap(),
            created_at: self.clock.now(),
            expires_at: self.clock.now() + SignedDuration::from_hours(24),
        };
        self.store.post(vec![letter]).await.unwrap();
    }

    /// Runs the job once.
    async fn run(&self) {
        let body = json!({ "job": "letters" });
        let message = Message { id: "m".into(), receipt: "r".into(), body, attempts: 1 };
        assert_eq!(dzinza_jobs::handle(&self.ports, vec![message]).await, Vec::<String>::new());
    }

    async fn waiting(&self) -> u64 {
        self.store.waiting().await.unwrap()
    }

    fn later(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

#[tokio::test]
async fn every_letter_arrives_once_over_connections_that_are_kept() {
    let sink = Sink::start().await;
    let post = Post::to(mailer(sink.port(), |_| ()));
    for n in 0..45 {
        post.post(&format!("p{n}@example.org")).await;
    }
    // Two jobs at once, as two posts in a moment call it twice.
    tokio::join!(post.run(), post.run());
    assert_eq!(post.waiting().await, 0);
    let mut to: Vec<String> = sink.letters().into_iter().map(|letter| letter.to).collect();
    to.sort();
    let mut expected: Vec<String> = (0..45).map(|n| format!("<p{n}@example.org>")).collect();
    expected.sort();
    assert_eq!(to, expected);
    assert!(sink.connections() <= 4, "{} connections", sink.connections());
    let letter = sink.letters().remove(0);
    for part in [
        "From: Dzinza <noreply@example.org>",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "\r\n..\r\nBye",
    ] {
        assert!(letter.data.contains(part), "{part} is not in {}", letter.data);
    }
}

#[tokio::test]
async fn while_the_server_is_down_letters_wait_and_then_arrive_once() {
    let port = Sink::free_port().await;
    let post = Post::to(mailer(port, |_| ()));
    post.post("tendai@example.org").await;
    post.run().await;
    assert_eq!(post.waiting().await, 1);
    let sink = Sink::on(port).await;
    post.run().await;
    assert_eq!(sink.letters().len(), 0, "not before its pause is over");
    post.later(31);
    post.run().await;
    assert_eq!((post.waiting().await, sink.letters().len()), (0, 1));
    post.later(3600);
    post.run().await;
    assert_eq!(sink.letters().len(), 1);
}

#[tokio::test]
async fn a_server_that_dies_and_comes_back_is_found_again() {
    let sink = Sink::start().await;
    let port = sink.port();
    let post = Post::to(mailer(port, |_| ()));
    post.post("one@example.org").await;
    post.run().await;
    assert_eq!(sink.letters().len(), 1);
    sink.stop().await;
    post.post("two@example.org").await;
    post.run().await;
    assert_eq!(post.waiting().await, 1);
    let sink = Sink::on(port).await;
    post.later(31);
    post.run().await;
    assert_eq!((post.waiting().await, sink.letters().len()), (0, 1));
}

#[tokio::test]
async fn what_the_server_refuses_for_good_is_given_up_and_what_it_defers_comes_again() {
    let sink = Sink::start().await;
    let post = Post::to(mailer(sink.port(), |_| ()));
    for to in ["gone@example.org", "busy@example.org", "fine@example.org"] {
        post.post(to).await;
    }
    post.run().await;
    assert_eq!(post.waiting().await, 1, "the busy one waits, the other two are done with");
    assert_eq!(sink.asked("gone"), 1);
    for _ in 0..6 {
        post.later(3600);
        post.run().await;
    }
    assert_eq!((sink.asked("gone"), post.waiting().await), (1, 0));
    let mut to: Vec<String> = sink.letters().into_iter().map(|letter| letter.to).collect();
    to.sort();
    assert_eq!(to, ["<busy@example.org>", "<fine@example.org>"]);
}

#[tokio::test]
async fn a_letter_to_nobody_is_not_sent_and_an_impossible_address_is_given_up() {
    let sink = Sink::start().await;
    let post = Post::to(mailer(sink.port(), |_| ()));
    post.post("").await;
    post.post("a@b.zw\r\nRCPT TO:<eve@example.org>").await;
    post.run().await;
    assert_eq!((post.waiting().await, sink.letters().len(), sink.connections()), (0, 0, 0));
}

#[tokio::test]
async fn our_own_wrong_password_costs_no_letter() {
    let sink = Sink::start().await;
    let wrong = Some(("dzinza".to_owned(), "wrong".to_owned().into()));
    let post = Post::to(mailer(sink.port(), |settings| settings.credentials = wrong));
    post.post("tendai@example.org").await;
    post.run().await;
    assert_eq!((post.waiting().await, sink.letters().len()), (1, 0));
    let right = Some(("dzinza".to_owned(), "right".to_owned().into()));
    let mended = mailer(sink.port(), |settings| settings.credentials = right);
    let post = Post { ports: JobsPorts { mail: mended, ..post.ports }, ..post };
    post.later(31);
    post.run().await;
    assert_eq!((post.waiting().await, sink.letters().len()), (0, 1));
}

#[tokio::test]
async fn without_the_tls_that_is_wanted_nothing_is_told() {
    let sink = Sink::start().await;
    let credentials = Some(("dzinza".to_owned(), "right".to_owned().into()));
    let mailer = mailer(sink.port(), |settings| {
        (settings.security, settings.credentials) = (Security::StartTls, credentials);
    });
    let mail = Mail { to: "a@b.zw".into(), subject: "x".into(), text: "x".into(), html: None };
    assert_eq!(mailer.send(mail).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    assert!(
        sink.commands().iter().all(|line| line.starts_with("EHLO") || line.starts_with("QUIT")),
        "{:?}",
        sink.commands()
    );
}

#[tokio::test]
async fn an_error_does_not_repeat_the_address_that_the_server_names() {
    let sink = Sink::start().await;
    let mailer = mailer(sink.port(), |_| ());
    let mail = Mail { to: "gone@example.org".into(), subject: "x".into(), text: "x".into(), html: None };
    let error = mailer.send(mail).await.unwrap_err();
    assert_eq!((error.kind(), error.to_string().contains("550")), (StoreErrorKind::Invalid, true));
    assert!(!format!("{error:?}").contains("gone@"), "{error:?}");
}

#[tokio::test]
async fn the_program_sends_by_the_server_that_it_is_told_and_says_so() {
    let sink = Sink::start().await;
    let folder = tempfile::tempdir().unwrap();
    let port = sink.port().to_string();
    let mut process = Process::with(&folder.path().join("data"), |command| {
        let settings =
            [("SMTP_HOST", "127.0.0.1"), ("SMTP_PORT", &port), ("SMTP_TLS", "false"), ("FROM_NAME", "Moyo")];
        command.envs(settings);
    });
    assert!(process.wait_for("mail").contains(&format!("127.0.0.1:{port}")));
    let rudo = Client::at(process.url()).sign_up("rudo@example.org").await;
    let letter = eventually("the letter", async || sink.letters().into_iter().next()).await;
    assert_eq!(letter.to, "<rudo@example.org>");
    assert!(letter.data.contains("From: Moyo <noreply@dzinza.com>"), "{}", letter.data);
    rudo.post("/api/v1/auth/request-email-verification/", &json!({})).await.ok(200);
    eventually("another letter", async || (sink.letters().len() == 2).then_some(())).await;
    let mail = folder.path().join("data/mail");
    assert!(!mail.exists() || std::fs::read_dir(mail).unwrap().next().is_none());
}

#[test]
fn a_password_for_the_mail_server_does_not_go_out_in_the_clear() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new(dzinza_tests::binary());
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(folder.path());
    let settings = [
        ("SMTP_HOST", "mail.example.org"),
        ("SMTP_TLS", "false"),
        ("SMTP_USER", "x"),
        ("SMTP_PASS", "hunter2"),
    ];
    let output = command.envs(settings).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("TLS") && !said.contains("hunter2"), "{said}");
}
