//! Metrics as lines of the log that CloudWatch reads as metrics (embedded metric format).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::catalog::{self, Kind, Metric};
use crate::report::{Report, Told};

/// What CloudWatch calls all of it together.
const NAMESPACE: &str = "Dzinza";
/// What one line may hold of one metric.
const MOST_AT_ONCE: usize = 100;
/// Of more values than this, evenly chosen ones stand for all.
const MOST_VALUES: usize = 1000;

/// The labels of a metric that are dimensions.
type Place = BTreeMap<&'static str, String>;

/// A report of a service as lines, which is one for a request: those who read it as a log find `properties` beside the
/// numbers. `now` is in milliseconds since 1970.
pub fn lines(report: &Report, service: &str, properties: &[(&str, &str)], now: i64) -> Vec<String> {
    let mut lines: Vec<Line> = Vec::new();
    for ((metric, place), told) in summed(report) {
        for value in values(told) {
            let at = lines.iter().position(|line| line.takes(metric, &place)).unwrap_or(lines.len());
            if at == lines.len() {
                lines.push(Line::default());
            }
            if let Some(line) = lines.get_mut(at) {
                line.put(metric, &place, value);
            }
        }
    }
    lines.into_iter().map(|line| line.written(service, properties, now)).collect()
}

/// The series of each metric that CloudWatch does not tell apart, taken together; in order.
fn summed(report: &Report) -> Vec<((&'static Metric, Place), Told)> {
    let mut all: BTreeMap<(&str, Place), (&'static Metric, Told)> = BTreeMap::new();
    for series in &report.series {
        let Some(metric) = catalog::find(&series.name) else { continue };
        let place: Place = metric
            .dimensions
            .iter()
            .filter_map(|name| Some((*name, series.labels.get(*name)?.clone())))
            .collect();
        all.entry((metric.name, place))
            .and_modify(|(_, told)| add(told, &series.told))
            .or_insert_with(|| (metric, series.told.clone()));
    }
    all.into_iter().map(|((_, place), (metric, told))| ((metric, place), told)).collect()
}

fn add(told: &mut Told, more: &Told) {
    match (told, more) {
        (Told::Grown(sum), Told::Grown(more)) => *sum += more,
        (Told::Level(level), Told::Level(other)) => *level = *other,
        (Told::Values(values), Told::Values(more)) => values.extend(more),
        _ => {}
    }
}

/// What is written of it: a number, or as many lists of numbers as it takes.
fn values(told: Told) -> Vec<Value> {
    let values = match told {
        Told::Grown(sum) => return vec![sum.into()],
        Told::Level(level) => return vec![level.into()],
        Told::Values(values) => values,
    };
    let all: usize = values.iter().map(|(_, times)| times).sum();
    let every = all.div_ceil(MOST_VALUES).max(1);
    let each = values.into_iter().flat_map(|(value, times)| std::iter::repeat_n(value, times));
    let kept: Vec<f64> = each.skip(every / 2).step_by(every).collect();
    kept.chunks(MOST_AT_ONCE).map(|chunk| json!(chunk)).collect()
}

#[derive(Default)]
struct Line {
    place: Place,
    metrics: BTreeMap<&'static str, Value>,
    /// Metrics by the names of their dimensions.
    directives: BTreeMap<&'static [&'static str], BTreeSet<&'static str>>,
}

impl Line {
    /// Whether there is room: for another metric, at a place that is no other than what is said already.
    fn takes(&self, metric: &Metric, place: &Place) -> bool {
        let same = place.iter().all(|(name, value)| self.place.get(name).is_none_or(|said| said == value));
        // A label of one metric must not be taken for that of another, which has none such.
        same && !self.metrics.contains_key(metric.name) && self.metrics.len() < MOST_AT_ONCE
    }

    fn put(&mut self, metric: &'static Metric, place: &Place, value: Value) {
        self.place.extend(place.iter().map(|(name, value)| (*name, value.clone())));
        self.metrics.insert(metric.name, value);
        self.directives.entry(metric.dimensions).or_default().insert(metric.name);
    }

    fn written(self, service: &str, properties: &[(&str, &str)], now: i64) -> String {
        let directives = self.directives.into_iter().map(|(dimensions, names)| {
            let mut sets = vec![vec!["service"]];
            if !dimensions.is_empty() {
                sets.push(std::iter::once("service").chain(dimensions.iter().copied()).collect());
            }
            let metrics = names.iter().map(|name| json!({ "Name": name, "Unit": unit(name) }));
            json!({ "Namespace": NAMESPACE, "Dimensions": sets, "Metrics": metrics.collect::<Vec<_>>() })
        });
        let about = json!({ "Timestamp": now, "CloudWatchMetrics": directives.collect::<Vec<_>>() });
        let mut root = Map::new();
        root.extend(properties.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))));
        root.insert("_aws".to_owned(), about);
        root.insert("service".to_owned(), service.into());
        root.extend(self.place.into_iter().map(|(name, value)| (name.to_owned(), value.into())));
        root.extend(self.metrics.into_iter().map(|(name, value)| (name.to_owned(), value)));
        Value::Object(root).to_string()
    }
}

fn unit(name: &str) -> &'static str {
    match catalog::find(name).map(|metric| metric.kind) {
        Some(Kind::Seconds) => "Seconds",
        Some(Kind::Counter) => "Count",
        _ => "None",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Series;

    fn series(name: &str, labels: &[(&str, &str)], told: Told) -> Series {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Series { name: name.to_owned(), labels: labels.collect(), told }
    }

    fn read(report: &[Series]) -> Vec<Value> {
        let report = Report { series: report.to_vec() };
        let lines = lines(&report, "dzinza-people", &[("request_id", "r1")], 1_700_000_000_000);
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_request_is_one_line() {
        let http = [("method", "GET"), ("route", "/api/persons/{id}"), ("status_code", "200")];
        let query = |table: &str| {
            let labels = [("operation", "get"), ("table", table)];
            series("database_query_duration_seconds", &labels, Told::Values(vec![(0.001, 2)]))
        };
        let lines = read(&[
            series("genealogy_service_http_requests_total", &http, Told::Grown(1)),
            series("genealogy_service_http_request_duration_seconds", &http, Told::Values(vec![(0.02, 1)])),
            query("persons"),
            query("familytrees"),
            series("not_one_of_ours", &[], Told::Grown(1)),
        ]);
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!(line["service"], "dzinza-people");
        assert_eq!(line["request_id"], "r1");
        assert_eq!(line["status_code"], "200");
        assert_eq!(line["genealogy_service_http_requests_total"], 1);
        // CloudWatch does not keep tables apart.
        assert_eq!(line["database_query_duration_seconds"], json!([0.001, 0.001, 0.001, 0.001]));
        assert!(line.get("route").is_none() && line.get("not_one_of_ours").is_none());
        let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap();
        assert_eq!(directives.len(), 2, "{line}");
        assert_eq!(directives[0]["Dimensions"], json!([["service"]]));
        assert_eq!(directives[1]["Dimensions"], json!([["service"], ["service", "status_code"]]));
    }

    #[test]
    fn what_does_not_go_together_goes_into_lines_of_its_own() {
        let jobs = |job: &str| series("jobs_total", &[("job", job), ("result", "done")], Told::Grown(1));
        let lines = read(&[jobs("import"), jobs("letters")]);
        assert_eq!((lines[0]["job"].as_str(), lines[1]["job"].as_str()), (Some("import"), Some("letters")));

        let many = (0..3000).map(|number| (f64::from(number), 1)).collect();
        let lines = read(&[series("job_duration_seconds", &[("job", "import")], Told::Values(many))]);
        let counts = lines.iter().map(|line| line["job_duration_seconds"].as_array().unwrap().len());
        assert_eq!(counts.collect::<Vec<_>>(), [100; 10]);
    }
}
