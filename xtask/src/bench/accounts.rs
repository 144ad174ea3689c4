//! What sign-ins cost others, and what their times tell.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::scope;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::json;

use super::http::{Client, request};
use super::load::Limit;
use super::process::Server;
use super::scenes::{PASSWORD, Site};
use crate::shell::say;

/// Whose sign-ins make the storm: those of the account that reads would end its session.
pub const STORMER: &str = "storm@dzinza.local";
/// Clients that sign in at once.
const STORM: usize = 32;

impl Site<'_> {
    /// Reading a person while many sign in without pause.
    pub fn storm(&mut self) {
        let (token, ids, address) = (self.token.clone(), self.ids.clone(), self.server.address);
        let login = json!({ "email": STORMER, "password": PASSWORD }).to_string();
        let login = request("POST", "/api/auth/login", "", Some(&login));
        let over = AtomicBool::new(false);
        scope(|scope| {
            for _ in 0..STORM {
                scope.spawn(|| {
                    let mut client = Client::connect(address).ok();
                    while !over.load(Ordering::Relaxed) {
                        let answered = client.as_mut().is_some_and(|client| client.call(&login).is_ok());
                        if !answered {
                            client = Client::connect(address).ok();
                        }
                    }
                });
            }
            // Not before the queue for the processors is full.
            std::thread::sleep(Duration::from_secs(1));
            let path = |number: u64| format!("/api/persons/{}", ids[number as usize * 7 % ids.len()]);
            let limit = Limit { requests: 1_000, time: Duration::from_secs(5) };
            self.cell("person, while 32 clients sign in", 1, limit, &|number| {
                request("GET", &path(number), &token, None)
            });
            over.store(true, Ordering::Relaxed);
        });
    }
}

/// Times of two kinds of questions, asked in turn.
struct Pair {
    name: &'static str,
    known: Vec<f64>,
    unknown: Vec<f64>,
}

/// Whether answers tell by their time that there is an account: of known and unknown addresses, asked in turn. Says
/// the medians and how sure a reader of the times could be (Mann and Whitney 1947, normal approximation); below 3
/// standard deviations is noise.
pub fn timing(server: &Server) -> anyhow::Result<()> {
    let mut client = Client::connect(server.address)?;
    // The first hashes a password, which takes its time.
    for (name, path, samples) in
        [("wrong password", "/api/auth/login", 100), ("forgotten password", "/api/auth/forgot-password", 400)]
    {
        let mut pair = Pair { name, known: Vec::new(), unknown: Vec::new() };
        for number in 0..samples {
            let stranger = format!("nobody{number:06}@dzinza.local");
            // Either first, in turn.
            let order = if number % 2 == 0 { [true, false] } else { [false, true] };
            for known in order {
                let email = if known { STORMER } else { &stranger };
                let body = json!({ "email": email, "password": "Wrong-password-2026" }).to_string();
                let asked = Instant::now();
                let answer = client.call(&request("POST", path, "", Some(&body)))?;
                let took = asked.elapsed().as_secs_f64() * 1e3;
                anyhow::ensure!([200, 401].contains(&answer.status), "{path}: {}", answer.status);
                if known { pair.known.push(took) } else { pair.unknown.push(took) }
            }
        }
        say(&pair.line()?);
    }
    Ok(())
}

impl Pair {
    fn line(mut self) -> anyhow::Result<String> {
        let z = deviation(&self.known, &self.unknown);
        let (known, unknown) = (median(&mut self.known)?, median(&mut self.unknown)?);
        let verdict = if z.abs() < 3.0 { "cannot be told apart" } else { "CAN be told apart" };
        Ok(format!(
            "{:<32} known {known:.3} ms, unknown {unknown:.3} ms, {z:+.1} standard deviations: {verdict}",
            self.name
        ))
    }
}

fn median(times: &mut [f64]) -> anyhow::Result<f64> {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().context("nothing was measured")
}

/// The U statistic of two samples, in standard deviations from what equal distributions have.
fn deviation(one: &[f64], other: &[f64]) -> f64 {
    let wins: f64 = one
        .iter()
        .flat_map(|a| other.iter().map(move |b| (a, b)))
        .map(|(a, b)| match a.total_cmp(b) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        })
        .sum();
    let (m, n) = (one.len() as f64, other.len() as f64);
    (wins - m * n / 2.0) / (m * n * (m + n + 1.0) / 12.0).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_samples_are_noise_and_shifted_ones_are_not() {
        let one: Vec<f64> = (0..200).map(|n| f64::from(n * 7 % 200)).collect();
        let other: Vec<f64> = (0..200).map(|n| f64::from(n * 13 % 200)).collect();
        assert!(deviation(&one, &other).abs() < 0.1);
        let later: Vec<f64> = other.iter().map(|time| time + 60.0).collect();
        assert!(deviation(&later, &one) > 3.0 && deviation(&one, &later) < -3.0);
    }
}
