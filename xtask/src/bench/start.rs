//! How long a function takes to its first answer: a Runtime API that has one call to give.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::json;

use super::process::memory;

/// Whoever has not answered by then does not.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a function took to its first answer, and what it took for it.
pub struct Start {
    /// From being started to having answered.
    pub seconds: f64,
    /// The most memory, in megabytes.
    pub peak_mb: f64,
}

/// What every function is given: servers, of which none answers. The call needs none, and neither may the start.
const SERVERS: &[(&str, &str)] = &[
    ("DZINZA_STORES", "servers"),
    ("JWT_SECRET", "a41c7e90d2b85f36e7094bd1c86fa253"),
    ("JWT_REFRESH_SECRET", "5e0f9a7b3c1d8264b7f2e6a09d43c815"),
    ("BLOB_SIGNING_KEY", "c97d15e2f0a84b36d1e58f7a2b90c643"),
    ("DATA_ENCRYPTION_KEY", "07b4e8d1c95f2a63e0d7b8f41a6c3952"),
    ("DATABASE_URL", "postgres://dzinza:x@127.0.0.1:1/dzinza"),
    ("MONGODB_URL", "mongodb://127.0.0.1:1/dzinza?replicaSet=rs0"),
    ("REDIS_URL", "redis://127.0.0.1:1"),
    ("AWS_REGION", "af-south-1"),
    ("AWS_ACCESS_KEY_ID", "key"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
    ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
];
/// Which of them have to do with files, and with jobs.
const FILES: [&str; 6] = ["admin", "auth", "jobs", "people", "sources", "trees"];
const QUEUES: [&str; 5] = ["admin", "auth", "jobs", "people", "trees"];

fn tell(command: &mut Command, name: &str) {
    command.envs(SERVERS.iter().copied());
    if FILES.contains(&name) {
        command.env("S3_BUCKET_NAME", "files");
    }
    if QUEUES.contains(&name) {
        command.env("JOBS_QUEUE_URL", "http://127.0.0.1:1/1/jobs");
    }
    if name == "jobs" {
        command.env("MAIL_TRANSPORT", "ses");
    }
}

/// Starts a function, gives it one call as soon as it asks, and ends it when it has answered.
///
/// # Errors
/// If it ends before, or answers otherwise than it should.
pub fn first_answer(program: &Path, name: &str) -> anyhow::Result<Start> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let api = format!("http://{}/{name}", listener.local_addr()?);
    let began = Instant::now();
    let mut command = Command::new(program);
    tell(&mut command, name);
    let child = command
        .env("AWS_LAMBDA_FUNCTION_NAME", name)
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_RUNTIME_API", api)
        .env("LOG_LEVEL", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let mut child = Ended(child);
    let event = if name == "jobs" { json!({ "Records": [] }).to_string() } else { event("/api/nowhere") };
    let answer = serve_once(&listener, &mut child, &event)?;
    let start = Start { seconds: began.elapsed().as_secs_f64(), peak_mb: memory(child.0.id()).peak };
    let fine = matches!(name, "hello" | "jobs") || answer.contains("\"statusCode\":404");
    anyhow::ensure!(fine, "{name} does not answer as it should: {answer}");
    Ok(start)
}

fn event(path: &str) -> String {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
        "headers": { "host": "localhost" }, "isBase64Encoded": false,
        "requestContext": {
            "accountId": "1", "apiId": "bench", "stage": "$default", "requestId": "1", "timeEpoch": 0,
            "http": { "method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1" },
        },
    })
    .to_string()
}

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Gives the event to whoever asks, and takes the answer.
fn serve_once(listener: &TcpListener, child: &mut Ended, event: &str) -> anyhow::Result<String> {
    let stream = accept(listener, child)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut stream = BufReader::new(stream);
    read(&mut stream)?;
    // Far enough away for everybody.
    let deadline = 4_102_444_800_000_u64;
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nlambda-runtime-aws-request-id: 1\r\n\
         lambda-runtime-deadline-ms: {deadline}\r\nlambda-runtime-invoked-function-arn: arn:x\r\ncontent-length: {}\r\n\r\n",
        event.len()
    );
    stream.get_mut().write_all((head + event).as_bytes())?;
    read(&mut stream)
}

/// The first connection, unless the program ends before it comes.
fn accept(listener: &TcpListener, child: &mut Ended) -> anyhow::Result<TcpStream> {
    listener.set_nonblocking(true)?;
    let began = Instant::now();
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                return Ok(stream);
            }
            Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => return Err(error.into()),
            Err(_) => {}
        }
        if let Some(status) = child.0.try_wait()? {
            anyhow::bail!("it ended before it asked: {status}");
        }
        anyhow::ensure!(began.elapsed() < PATIENCE, "it does not ask for work");
        std::thread::sleep(Duration::from_micros(100));
    }
}

/// A request's body.
fn read(stream: &mut BufReader<TcpStream>) -> anyhow::Result<String> {
    let (mut length, mut chunked, mut line) = (0_usize, false, String::new());
    loop {
        line.clear();
        anyhow::ensure!(stream.read_line(&mut line)? > 0, "the function closed its connection");
        let lower = line.trim().to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        chunked |= lower.starts_with("transfer-encoding:") && lower.contains("chunked");
        if lower.is_empty() {
            break;
        }
    }
    anyhow::ensure!(!chunked, "the function does not say how long its answer is");
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(String::from_utf8(body)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_that_ends_at_once_is_an_error() {
        let error = first_answer(Path::new("false"), "hello").err();
        assert!(error.is_some_and(|error| error.to_string().contains("ended before it asked")));
    }
}
