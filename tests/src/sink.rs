use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// A letter that was taken.
#[derive(Debug, Clone, Default)]
pub struct Received {
    /// As in `RCPT TO`.
    pub to: String,
    /// As it came, with its doubled dots.
    pub data: String,
}

#[derive(Default)]
struct Kept {
    letters: Mutex<Vec<Received>>,
    commands: Mutex<Vec<String>>,
    connections: AtomicUsize,
}

/// A mail server that keeps what it gets (RFC 5321, as much of it as a client needs). `gone@` does not exist, `busy@` is to be
/// tried again twice, `right` is everybody's password.
pub struct Sink {
    port: u16,
    kept: Arc<Kept>,
    serving: JoinHandle<()>,
}

impl Sink {
    /// On a free port.
    pub async fn start() -> Self {
        Self::on(0).await
    }

    /// On this port.
    pub async fn on(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let kept = Arc::new(Kept::default());
        let shared = kept.clone();
        let serving = tokio::spawn(async move {
            // Aborted with this task.
            let mut talks = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let kept = shared.clone();
                talks.spawn(async move {
                    // The other side may go at any time.
                    let _ = talk(socket, &kept).await;
                });
            }
        });
        Self { port, kept, serving }
    }

    /// A port where nobody listens.
    pub async fn free_port() -> u16 {
        TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
    }

    /// Ends it; connections break.
    pub async fn stop(self) {
        self.serving.abort();
        let _ = self.serving.await;
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it has taken so far.
    pub fn letters(&self) -> Vec<Received> {
        self.kept.letters.lock().unwrap().clone()
    }

    /// Every line that was said to it.
    pub fn commands(&self) -> Vec<String> {
        self.kept.commands.lock().unwrap().clone()
    }

    /// How often somebody wanted to write to an address with this in it.
    pub fn asked(&self, part: &str) -> usize {
        self.commands().iter().filter(|line| line.starts_with("RCPT") && line.contains(part)).count()
    }

    /// How many there have been.
    pub fn connections(&self) -> usize {
        self.kept.connections.load(Ordering::SeqCst)
    }
}

async fn talk(socket: TcpStream, kept: &Kept) -> std::io::Result<()> {
    let mut stream = BufReader::new(socket);
    let mut letter = Received::default();
    stream.write_all(b"220 sink ESMTP\r\n").await?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.trim_end().to_owned();
        kept.commands.lock().unwrap().push(line.clone());
        let answer = match line.to_ascii_uppercase() {
            verb if verb.starts_with("EHLO") => "250-sink\r\n250-8BITMIME\r\n250 AUTH PLAIN".to_owned(),
            verb if verb.starts_with("AUTH PLAIN") => {
                let given =
                    BASE64_STANDARD.decode(line.rsplit(' ').next().unwrap_or_default()).unwrap_or_default();
                if given.ends_with(b"\0right") { "235 ok" } else { "535 5.7.8 who are you" }.to_owned()
            }
            verb if verb.starts_with("RCPT") => {
                letter.to = line.split_once(':').map(|(_, to)| to.trim().to_owned()).unwrap_or_default();
                let before = kept.commands.lock().unwrap().iter().filter(|one| **one == line).count();
                match &letter.to {
                    to if to.contains("gone@") => format!("550 5.1.1 {to}: no such user"),
                    to if to.contains("busy@") && before <= 2 => format!("451 4.3.0 {to}: later"),
                    _ => "250 ok".to_owned(),
                }
            }
            verb if verb == "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                letter.data.clear();
                loop {
                    let mut line = String::new();
                    if stream.read_line(&mut line).await? == 0 {
                        return Ok(());
                    }
                    if line == ".\r\n" {
                        break;
                    }
                    letter.data.push_str(&line);
                }
                kept.letters.lock().unwrap().push(std::mem::take(&mut letter));
                "250 taken".to_owned()
            }
            verb if verb == "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "250 ok".to_owned(),
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}
