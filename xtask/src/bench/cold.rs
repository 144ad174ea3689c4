//! `cargo xtask bench --cold`: what it takes to start a function and to call one in another process. Each is started by a
//! Runtime API of our own, which does nothing else, and beside the least that a function can be.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::json;

use super::http::request;
use super::load::{Limit, measure};
use super::process::{Server, memory};
use super::{Place, build, on_folder};
use crate::shell::say;

const FUNCTIONS: [&str; 8] =
    ["admin", "auth", "jobs", "notifications", "people", "sources", "stories", "trees"];
const STARTS: usize = 9;
/// Whoever has not answered by then does not.
const PATIENCE: Duration = Duration::from_secs(30);
/// Issue 5 allows so much more than the least.
const TIMES: f64 = 2.0;
const MORE_MB: f64 = 25.0;
const OVERHEAD_MS: f64 = 0.5;

struct Start {
    seconds: f64,
    peak_mb: f64,
}

pub fn run() -> anyhow::Result<ExitCode> {
    let place = build()?;
    let programs = place.dzinza.parent().context("the program is in no folder")?.to_owned();
    build_functions()?;
    let good = on_folder(&place, |place| Ok(starts(place, &programs)? & overhead(place)?))?;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The programs of all functions, and the least one.
pub fn build_functions() -> anyhow::Result<()> {
    let root = crate::ci::root()?;
    let packages: Vec<String> = FUNCTIONS.iter().map(|name| format!("-pdzinza-{name}")).collect();
    let mut arguments = vec!["build", "--release", "--quiet", "--bins"];
    arguments.extend(packages.iter().map(String::as_str));
    let functions = crate::shell::run(&root, "cargo", &arguments, &[])?;
    let hello = ["build", "--release", "--quiet", "-pdzinza-boot", "--features=lambda", "--example=hello"];
    let hello = crate::shell::run(&root, "cargo", &hello, &[])?;
    anyhow::ensure!(!functions.failed() && !hello.failed(), "the functions do not build");
    Ok(())
}

/// Whether every function starts as fast and as small as it should.
fn starts(place: &Place, programs: &Path) -> anyhow::Result<bool> {
    let data = place.folder.join("cold");
    // Once for the folder itself: on AWS the tables are there already, too.
    first_answer(&programs.join("notifications"), "notifications", &data)?;
    let hello = median(&programs.join("examples").join("hello"), "hello", &data)?;
    say(&format!(
        "{:<16}{:>12}{:>10}{:>12}{:>10}",
        "cold start", "first ms", "x hello", "peak MB", "MB more"
    ));
    say(&row("hello", &hello, &hello));
    let mut good = true;
    for name in FUNCTIONS {
        let start = median(&programs.join(name), name, &data)?;
        let fits = start.seconds <= hello.seconds * TIMES && start.peak_mb <= hello.peak_mb + MORE_MB;
        good &= fits;
        say(&(row(name, &start, &hello) + if fits { "" } else { "  too much" }));
    }
    Ok(good)
}

fn row(name: &str, start: &Start, hello: &Start) -> String {
    format!(
        "{name:<16}{:>12.1}{:>10.1}{:>12.1}{:>10.1}",
        start.seconds * 1e3,
        start.seconds / hello.seconds.max(1e-9),
        start.peak_mb,
        start.peak_mb - hello.peak_mb,
    )
}

/// The one in the middle, of time and of memory.
fn median(program: &Path, name: &str, data: &Path) -> anyhow::Result<Start> {
    let all: Vec<Start> =
        (0..STARTS).map(|_| first_answer(program, name, data)).collect::<anyhow::Result<_>>()?;
    let middle = |mut figures: Vec<f64>| {
        figures.sort_by(f64::total_cmp);
        figures[STARTS / 2]
    };
    Ok(Start {
        seconds: middle(all.iter().map(|start| start.seconds).collect()),
        peak_mb: middle(all.iter().map(|start| start.peak_mb).collect()),
    })
}

/// Starts a function, gives it one call as soon as it asks, and ends it when it has answered.
fn first_answer(program: &Path, name: &str, data: &Path) -> anyhow::Result<Start> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let api = format!("http://{}/{name}", listener.local_addr()?);
    let began = Instant::now();
    let child = Command::new(program)
        .env("AWS_LAMBDA_FUNCTION_NAME", name)
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_RUNTIME_API", api)
        .env("DZINZA_DATA", data)
        .env("LOG_LEVEL", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let mut child = Ended(child);
    let answer = serve_once(&listener, &mut child, &event(name))?;
    let start = Start { seconds: began.elapsed().as_secs_f64(), peak_mb: memory(child.0.id()).peak };
    let fine = name == "jobs" || answer.contains("\"statusCode\":200");
    anyhow::ensure!(fine, "{name} does not answer as it should: {answer}");
    Ok(start)
}

/// One call: of a page that looks into the store, or for jobs a schedule that does.
fn event(name: &str) -> String {
    if name == "jobs" {
        return json!({ "job": "letters" }).to_string();
    }
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/health", "rawQueryString": "",
        "headers": { "host": "localhost" }, "isBase64Encoded": false,
        "requestContext": {
            "accountId": "1", "apiId": "bench", "stage": "$default", "requestId": "1", "timeEpoch": 0,
            "http": { "method": "GET", "path": "/health", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1" },
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

/// Whether a call through the Runtime API costs as little as it should.
fn overhead(place: &Place) -> anyhow::Result<bool> {
    let data = place.folder.join("overhead").display().to_string();
    let serve = ["serve", "--data", &data, "--listen", "127.0.0.1:0"];
    let limit = Limit { requests: 1_900, time: Duration::from_secs(10) };
    let health = |_| request("GET", "/api/notifications/health", "", None);
    let mut halves = Vec::new();
    for (name, more) in [("linked", &[][..]), ("of its own", &["--spawn", "1"][..])] {
        let server = Server::start(&place.dzinza, &[&serve[..], more].concat())?;
        // What is started with the first call is no part of the others.
        measure(&server, name, 1, Limit { requests: 50, ..limit }, &health);
        let cell = measure(&server, name, 1, limit, &health);
        anyhow::ensure!(cell.errors == 0, "{name}: {:?}", cell.first_error);
        say(&format!("a call of a function, {name}: {:.3} ms in the middle", cell.p50_ms));
        halves.push(cell.p50_ms);
    }
    let more = halves[1] - halves[0];
    say(&format!("the Runtime API costs {more:.3} ms a call, and may cost {OVERHEAD_MS}"));
    Ok(more <= OVERHEAD_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_that_ends_at_once_is_an_error() {
        let folder = std::env::temp_dir();
        let error = first_answer(Path::new("false"), "hello", &folder).err().map(|error| error.to_string());
        assert!(error.is_some_and(|error| error.contains("ended before it asked")));
    }

    #[test]
    fn a_row_says_how_much_more() {
        let (hello, ours) = (Start { seconds: 0.01, peak_mb: 5.0 }, Start { seconds: 0.015, peak_mb: 12.0 });
        let row = row("auth", &ours, &hello);
        assert!(row.contains(" 15.0 ") && row.contains(" 1.5 ") && row.ends_with(" 7.0"), "{row}");
    }
}
