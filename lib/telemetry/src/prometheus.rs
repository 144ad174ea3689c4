//! The metrics of the gateway, in the form that Prometheus reads.

use metrics::{Key, Label, Level, Metadata};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::TelemetryError;
use crate::catalog::{self, Kind, METRICS};
use crate::report::{Report, Series, Told};

/// Bounds of the duration histograms, in seconds (contract 7.1).
const BUCKETS: &[f64] = &[0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];
/// Labels are templates of routes at the longest.
const LONGEST_LABEL: usize = 200;

/// The recorder behind the `metrics` macros of this process.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Installs it.
    ///
    /// # Errors
    /// If one is there already.
    pub fn install() -> Result<Self, TelemetryError> {
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), BUCKETS)
            .and_then(PrometheusBuilder::install_recorder)
            .map_err(|error| TelemetryError(error.to_string()))?;
        for metric in METRICS {
            match metric.kind {
                Kind::Counter => metrics::describe_counter!(metric.name, metric.meaning),
                Kind::Gauge => metrics::describe_gauge!(metric.name, metric.meaning),
                Kind::Seconds => metrics::describe_histogram!(metric.name, metric.meaning),
            }
        }
        // What nothing has happened to yet is there as well, or nobody would see the first time.
        let without_labels =
            METRICS.iter().filter(|metric| metric.kind == Kind::Counter && metric.labels.is_empty());
        for metric in without_labels {
            metrics::counter!(metric.name).increment(0);
        }
        for result in ["sent", "failed", "given_up"] {
            metrics::counter!("auth_service_mail_total", "result" => result).increment(0);
        }
        metrics::gauge!("process_start_time_seconds").set(crate::now().as_second() as f64);
        Ok(Self(handle))
    }

    /// All of them as text.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Sums up what was recorded, which otherwise is kept until somebody looks: to be called every few seconds.
    pub fn sum_up(&self) {
        self.0.run_upkeep();
    }
}

impl Report {
    /// Adds what another process has counted to what this one has. What is no metric of ours, or has other labels, is
    /// passed over.
    pub fn absorb(self) {
        for series in self.series {
            absorb(series);
        }
    }
}

fn absorb(series: Series) {
    let Some(metric) = catalog::find(&series.name) else { return };
    let known = series
        .labels
        .iter()
        .all(|(name, value)| metric.labels.contains(&name.as_str()) && value.len() <= LONGEST_LABEL);
    if !known || series.labels.len() != metric.labels.len() {
        return;
    }
    let labels = metric.labels.iter().filter_map(|name| {
        let value = series.labels.get(*name)?;
        Some(Label::new(*name, value.clone()))
    });
    let key = Key::from_parts(metric.name, labels.collect::<Vec<_>>());
    let metadata = Metadata::new(module_path!(), Level::INFO, Some(module_path!()));
    metrics::with_recorder(|recorder| match (metric.kind, series.told) {
        (Kind::Counter, Told::Grown(by)) => recorder.register_counter(&key, &metadata).increment(by),
        (Kind::Gauge, Told::Level(level)) => recorder.register_gauge(&key, &metadata).set(level),
        (Kind::Seconds, Told::Values(values)) => {
            let histogram = recorder.register_histogram(&key, &metadata);
            for (value, times) in values {
                histogram.record_many(value, times.min(MOST_AT_ONCE));
            }
        }
        _ => {}
    });
}

/// More of one value than a process has in the seconds between two reports.
const MOST_AT_ONCE: usize = 100_000;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn series(name: &str, labels: &[(&str, &str)], told: Told) -> Series {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Series { name: name.to_owned(), labels: labels.collect::<BTreeMap<_, _>>(), told }
    }

    #[test]
    fn what_others_counted_is_added_and_nothing_else_is() {
        let metrics = Metrics::install().unwrap();
        let logins = || series("auth_service_logins_successful_total", &[], Told::Grown(2));
        let failed = [("reason", "invalid_credentials")];
        let report = Report {
            series: vec![
                logins(),
                logins(),
                series("auth_service_logins_failed_total", &failed, Told::Grown(1)),
                series("auth_service_logins_failed_total", &[("who", "rudo")], Told::Grown(1)),
                series("auth_service_lockouts_total", &[("who", "rudo")], Told::Grown(1)),
                series("auth_service_lockouts_total", &[], Told::Level(1.0)),
                series("anything_at_all", &[], Told::Grown(1)),
                series("redis_up", &[], Told::Level(1.0)),
                series("job_duration_seconds", &[("job", "import")], Told::Values(vec![(0.02, 3), (2.0, 1)])),
            ],
        };
        report.absorb();
        metrics.sum_up();
        let text = metrics.render();
        for line in [
            "auth_service_logins_successful_total 4",
            "auth_service_lockouts_total 0",
            "auth_service_logins_failed_total{reason=\"invalid_credentials\"} 1",
            "redis_up 1",
            "job_duration_seconds_bucket{job=\"import\",le=\"0.05\"} 3",
            "job_duration_seconds_count{job=\"import\"} 4",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(!text.contains("anything") && !text.contains("rudo"), "{text}");
    }
}
