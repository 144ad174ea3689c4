//! Whoever is woken finds what to do: dashboard and alerts speak of metrics that there are, and every alarm is explained.
#![cfg(test)]

use std::collections::BTreeSet;
use std::path::Path;

use dzinza_telemetry::catalog::{self, Kind};
use serde_json::Value;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// What Prometheus itself tells.
const PROMETHEUS: &[&str] = &["up"];
/// Words of its language that are followed by no bracket.
const WORDS: &[&str] = &["by", "offset", "and", "or", "unless"];

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names of metrics in an expression.
fn metrics(expression: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut rest = expression;
    while let Some(start) = rest.find(|c: char| c.is_ascii_lowercase() || "{[\"($".contains(c)) {
        let (first, after) = rest[start..].split_at(1);
        // Labels, ranges, texts and lists of labels hold no names of metrics.
        let close = match first {
            "{" => Some('}'),
            "[" => Some(']'),
            "\"" => Some('"'),
            _ => None,
        };
        if let Some(close) = close {
            rest = after.find(close).map_or("", |end| &after[end + 1..]);
            continue;
        }
        if first == "(" || first == "$" {
            rest = after;
            continue;
        }
        let end =
            rest[start..].find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).map(|end| start + end);
        let (name, after) = (&rest[start..end.unwrap_or(rest.len())], end.map_or("", |end| &rest[end..]));
        let called = after.trim_start().starts_with('(');
        if name == "by" && called {
            rest = after.find(')').map_or("", |end| &after[end + 1..]);
            continue;
        }
        // An aggregation can have its labels between its name and what it is of.
        let function = called || after.trim_start().starts_with("by (");
        let unit = start > 0 && rest.as_bytes()[start - 1].is_ascii_digit();
        if !function && !unit && !WORDS.contains(&name) {
            names.insert(name.to_owned());
        }
        rest = after;
    }
    names
}

/// Holds an expression to the catalogue: each name is a metric's, or one of the series of a histogram.
fn check(place: &str, expression: &str) -> usize {
    let names = metrics(expression);
    assert!(!names.is_empty(), "{place}: no metric in {expression}");
    for name in &names {
        let of_histogram = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .and_then(catalog::find)
            .is_some_and(|metric| metric.kind == Kind::Seconds);
        let plain = catalog::find(name).is_some_and(|metric| metric.kind != Kind::Seconds);
        assert!(
            of_histogram || plain || PROMETHEUS.contains(&name.as_str()),
            "{place}: there is no metric {name}"
        );
    }
    names.len()
}

#[test]
fn names_of_metrics_are_found_in_expressions() {
    let found = |expression| metrics(expression).into_iter().collect::<Vec<_>>();
    assert_eq!(found("sum by (le, route) (rate(a_total{b=\"c_total\"}[5m])) > 3"), ["a_total"]);
    assert_eq!(
        found("(a_total unless a_total offset 5m) or increase(b[$__rate_interval]) and min(c) == 0"),
        ["a_total", "b", "c"]
    );
    assert_eq!(
        found("topk(8, histogram_quantile(0.95, sum by (le) (rate(a_bucket[1h])))) / b"),
        ["a_bucket", "b"]
    );
}

#[test]
fn every_metric_of_the_dashboard_is_there() {
    let board: Value = serde_json::from_str(&read("deploy/grafana/dashboards/dzinza.json")).unwrap();
    let mut checked = 0;
    let mut ids = BTreeSet::new();
    for panel in board["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}: its id is another's");
        for target in panel["targets"].as_array().into_iter().flatten() {
            checked += check(title, target["expr"].as_str().unwrap());
        }
    }
    assert!(checked > 25, "{checked}");
}

/// The alerts of Prometheus, by name, and what they ask.
fn alerts() -> Vec<(String, String)> {
    let rules: Value = serde_norway::from_str(&read("deploy/prometheus/alerts.yaml")).unwrap();
    let groups = rules["groups"].as_array().unwrap().iter();
    let rules = groups.flat_map(|group| group["rules"].as_array().unwrap());
    let text =
        |rule: &Value, key: &str| rule[key].as_str().unwrap_or_else(|| panic!("{key}: {rule}")).to_owned();
    rules.map(|rule| (text(rule, "alert"), text(rule, "expr"))).collect()
}

#[test]
fn every_metric_of_the_alerts_is_there() {
    let alerts = alerts();
    assert!(alerts.len() > 15);
    for (name, expression) in alerts {
        check(&name, &expression);
    }
}

/// The logical names of the template's alarms.
fn alarms() -> Vec<String> {
    let text = read("template.yaml");
    let lines: Vec<&str> = text.lines().collect();
    let pairs = lines.windows(2).filter(|pair| pair[1].trim() == "Type: AWS::CloudWatch::Alarm");
    pairs.map(|pair| pair[0].trim().trim_end_matches(':').to_owned()).collect()
}

#[test]
fn every_alarm_is_explained() {
    let page = read("docs/operations.md");
    let headings: BTreeSet<&str> = page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    for (name, _) in alerts() {
        assert!(headings.contains(name.as_str()), "docs/operations.md does not explain {name}");
    }
    for name in alarms() {
        let plain = name.strip_suffix("Alarm").unwrap_or(&name);
        assert!(headings.contains(plain), "docs/operations.md does not explain {name}");
        assert!(page.contains(&format!("`{name}`")), "docs/operations.md does not name {name}");
    }
}
