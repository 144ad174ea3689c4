//! Load: some clients ask for the same kind of thing, as fast as the answers come, until a number of requests or a
//! time is reached.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Barrier, Mutex, PoisonError};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::http::Client;
use super::process::Server;

/// Below the burst of the template's throttle (2000 a route), with the requests that warm up.
pub const REQUESTS: u64 = 1_900;
/// What the template's throttle gives back in a second: after a faster cell we wait, or the next one would be refused.
const REFILL: f64 = 1_000.0;

/// How far a cell goes.
#[derive(Clone, Copy)]
pub struct Limit {
    pub requests: u64,
    pub time: Duration,
}

/// The n-th request, whole.
pub type Request<'a> = &'a (dyn Fn(u64) -> Vec<u8> + Sync);

/// What came of one kind of request at one number of clients.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    pub name: String,
    pub clients: usize,
    pub requests: u64,
    pub errors: u64,
    pub first_error: Option<String>,
    pub seconds: f64,
    pub p50_ms: f64,
    pub p95_ms: f64,
    /// Until the first of the body is there.
    pub first_ms: f64,
    pub bytes: u64,
    /// Processor time of the server for one request.
    pub cpu_ms: f64,
    /// What the server occupied afterwards.
    pub memory_mb: f64,
    /// Median over that of the bare handler at as many clients.
    pub times_bare: Option<f64>,
}

impl Cell {
    pub fn rate(&self) -> f64 {
        self.requests as f64 / self.seconds.max(1e-9)
    }

    pub fn json(&self) -> Value {
        json!({
            "name": self.name, "clients": self.clients, "requests": self.requests, "errors": self.errors,
            "firstError": self.first_error, "seconds": self.seconds, "p50Ms": self.p50_ms, "p95Ms": self.p95_ms, "firstByteMs": self.first_ms,
            "requestsPerSecond": self.rate(), "bytes": self.bytes, "serverCpuMs": self.cpu_ms, "serverMb": self.memory_mb,
            "timesBare": self.times_bare,
        })
    }
}

/// What one client saw.
#[derive(Default)]
struct Seen {
    times: Vec<Duration>,
    firsts: Vec<Duration>,
    bytes: u64,
    errors: u64,
    first_error: Option<String>,
}

/// Runs one cell. A request that fails is counted and is no part of the times.
pub fn measure(server: &Server, name: &str, clients: usize, limit: Limit, make: Request<'_>) -> Cell {
    let next = AtomicU64::new(0);
    let together = Barrier::new(clients);
    let all: Mutex<Seen> = Mutex::default();
    let cpu = server.cpu_seconds();
    let began = Instant::now();
    scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                let client = Client::connect(server.address);
                together.wait();
                let seen = work(server.address, client, limit, &next, make);
                let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
                all.times.extend(seen.times);
                all.firsts.extend(seen.firsts);
                all.bytes += seen.bytes;
                all.errors += seen.errors;
                all.first_error = all.first_error.take().or(seen.first_error);
            });
        }
    });
    let seconds = began.elapsed().as_secs_f64();
    let mut seen = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    seen.times.sort_unstable();
    seen.firsts.sort_unstable();
    let requests = seen.times.len() as u64;
    let milliseconds = |share| percentile(&seen.times, share).as_secs_f64() * 1e3;
    let cell = Cell {
        name: name.to_owned(),
        clients,
        requests,
        errors: seen.errors,
        first_error: seen.first_error,
        seconds,
        p50_ms: milliseconds(0.50),
        p95_ms: milliseconds(0.95),
        first_ms: percentile(&seen.firsts, 0.50).as_secs_f64() * 1e3,
        bytes: seen.bytes / requests.max(1),
        cpu_ms: (server.cpu_seconds() - cpu) * 1e3 / requests.max(1) as f64,
        memory_mb: server.memory().now,
        times_bare: None,
    };
    sleep(Duration::from_secs_f64((requests as f64 / REFILL - seconds).max(0.0)));
    cell
}

fn work(
    address: SocketAddr,
    mut client: anyhow::Result<Client>,
    limit: Limit,
    next: &AtomicU64,
    make: Request<'_>,
) -> Seen {
    let mut seen = Seen::default();
    let began = Instant::now();
    while began.elapsed() < limit.time {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= limit.requests {
            break;
        }
        let request = make(number);
        let asked = Instant::now();
        let answer = match &mut client {
            Ok(client) => client.call(&request),
            Err(error) => Err(anyhow::anyhow!("{error:#}")),
        };
        let took = asked.elapsed();
        let error = match (&answer, &client) {
            (Ok(answer), _) if (200..300).contains(&answer.status) => {
                seen.times.push(took);
                seen.firsts.push(answer.first);
                seen.bytes += answer.bytes;
                continue;
            }
            (Ok(answer), Ok(client)) => {
                let body = String::from_utf8_lossy(&client.body);
                format!("{}: {}", answer.status, body.chars().take(200).collect::<String>())
            }
            (Err(error), _) => format!("{error:#}"),
            (Ok(_), Err(_)) => String::new(),
        };
        seen.errors += 1;
        seen.first_error.get_or_insert(error);
        if answer.is_err() {
            client = Client::connect(address);
        }
    }
    seen
}

/// Of sorted times the one that this share of them does not exceed.
fn percentile(sorted: &[Duration], share: f64) -> Duration {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let times: Vec<Duration> = (1..=20).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 0.50), Duration::from_millis(10));
        assert_eq!(percentile(&times, 0.95), Duration::from_millis(19));
        assert_eq!(percentile(&times[..1], 0.95), Duration::from_millis(1));
        assert_eq!(percentile(&[], 0.50), Duration::ZERO);
    }

    #[test]
    fn a_refusal_is_counted_and_is_no_part_of_the_times() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            for answer in ["429 Too Many Requests", "200 OK", "201 Created"] {
                let _ = stream.read(&mut [0; 512]).unwrap();
                write!(stream, "HTTP/1.1 {answer}\r\nContent-Length: 4\r\n\r\nslow").unwrap();
            }
        });
        let limit = Limit { requests: 3, time: Duration::from_secs(5) };
        let make = |_| super::super::http::request("GET", "/", "", None);
        let seen = work(address, Client::connect(address), limit, &AtomicU64::new(0), &make);
        assert_eq!((seen.times.len(), seen.bytes, seen.errors), (2, 8, 1));
        assert_eq!(seen.first_error.as_deref(), Some("429: slow"));
    }

    #[test]
    fn a_rate_of_nothing_is_no_division_by_zero() {
        assert!(Cell::default().rate().abs() < 1e-9);
    }
}
