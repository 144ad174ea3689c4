//! Brings what a function's process has counted to the gateway, which shows it to whoever asks for its own.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

use crate::report::{Report, Series, Told};
use crate::tally::Tally;

/// How old numbers get on their way.
const EVERY: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(2);
/// More than this of what could not be brought is not kept.
const MOST_KEPT: usize = 4000;

/// See above.
pub struct Delivery {
    tally: Tally,
    /// Where to, as `http://host:port/path`.
    address: String,
    /// What has not arrived yet; nothing if nobody wants it there.
    left: Mutex<Option<Report>>,
}

impl Delivery {
    /// From here to there. Nothing is asked yet.
    pub fn new(tally: Tally, address: String) -> Self {
        Self { tally, address, left: Mutex::new(Some(Report::default())) }
    }

    /// Brings what there is every few seconds, for as long as somebody wants it.
    pub async fn run(&self) {
        while self.left.lock().await.is_some() {
            sleep(EVERY).await;
            self.bring().await;
        }
    }

    /// Brings what there is now. What cannot be brought goes along the next time.
    pub async fn bring(&self) {
        let mut left = self.left.lock().await;
        let Some(report) = left.as_mut() else { return };
        report.add(self.tally.report());
        if report.series.is_empty() {
            return;
        }
        match timeout(PATIENCE, self.post(report)).await {
            Ok(Some(status)) if status.is_success() => *report = Report::default(),
            // Whoever calls this process has no use for it, as AWS Lambda.
            Ok(Some(StatusCode::NOT_FOUND)) => *left = None,
            _ => {}
        }
    }

    async fn post(&self, report: &Report) -> Option<StatusCode> {
        let body = serde_json::to_vec(report).ok()?;
        let request = Request::post(&self.address)
            .header(http::header::CONTENT_TYPE, "application/json")
            // A connection that is kept would be taken for a process that waits for work.
            .header(http::header::CONNECTION, "close")
            .body(Full::new(Bytes::from(body)))
            .ok()?;
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
        client.request(request).await.ok().map(|answer| answer.status())
    }
}

impl Report {
    /// This and what came after it.
    fn add(&mut self, later: Report) {
        for series in later.series {
            let same = |one: &Series| one.name == series.name && one.labels == series.labels;
            let known = self.series.iter().position(same);
            let Some(one) = known.and_then(|at| self.series.get_mut(at)) else {
                if self.series.len() < MOST_KEPT {
                    self.series.push(series);
                }
                continue;
            };
            match (&mut one.told, series.told) {
                (Told::Grown(sum), Told::Grown(more)) => *sum += more,
                (Told::Level(level), Told::Level(now)) => *level = now,
                (Told::Values(values), Told::Values(more)) => {
                    let room = MOST_KEPT.saturating_sub(values.len());
                    values.extend(more.into_iter().take(room));
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_arrive_goes_along_later() {
        let series = |name: &str, told| Series { name: name.to_owned(), labels: [].into(), told };
        let mut report =
            Report { series: vec![series("a_total", Told::Grown(2)), series("b", Told::Level(1.0))] };
        let later = vec![
            series("a_total", Told::Grown(3)),
            series("b", Told::Level(0.0)),
            series("c_seconds", Told::Values(vec![(0.5, 1)])),
        ];
        report.add(Report { series: later });
        assert_eq!(
            report.series,
            [
                series("a_total", Told::Grown(5)),
                series("b", Told::Level(0.0)),
                series("c_seconds", Told::Values(vec![(0.5, 1)])),
            ]
        );
    }
}
