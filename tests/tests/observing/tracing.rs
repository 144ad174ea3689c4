//! Traces and logs of the program, whose functions are linked or apart.

use std::process::Command;
use std::time::Duration;

use dzinza_tests::{Client, Process, eventually, functions};
use http::Method;
use reqwest::multipart::{Form, Part};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::collector::Collector;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
const EMAIL: &str = "rudo@example.org";
const FAMILY: &str = "0 HEAD\n1 GEDC\n2 VERS 5.5.1\n1 CHAR UTF-8\n0 @I1@ INDI\n1 NAME Chaminuka /Pasipamire/\n1 SEX M\n\
    0 TRLR\n";

fn observed(collector: &str, command: &mut Command) {
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector).env("LOG_FORMAT", "json").env("LOG_LEVEL", "info");
}

fn apart_in(command: &mut Command) {
    command.args(["--spawn", "1"]).env("DZINZA_RUNTIME_API", "127.0.0.1:0");
}

/// Someone who sends a file to a new tree, in a trace of their own.
async fn import(process: &Process) -> Client {
    let rudo = Client::at(process.url()).sign_up(EMAIL).await;
    let tree = rudo.new_tree("Pasipamire", "private").await;
    let form = Form::new().part("gedcomFile", Part::bytes(FAMILY.as_bytes()).file_name("family.ged"));
    let path = format!("/api/family-trees/{tree}/import/gedcom");
    let request = rudo.request(Method::POST, &path).multipart(form);
    rudo.send(request.header("traceparent", format!("00-{TRACE}-{CALLER}-01"))).await.ok(200);
    rudo
}

/// The spans of the caller's trace, once the job's is among them.
async fn spans(collector: &Collector, process: &Process) -> Vec<Value> {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let spans = collector.spans(TRACE).await;
        let whole = ["job import", "POST "].iter().all(|name| spans.iter().any(|span| is(span, name)));
        if whole {
            return spans;
        }
        assert!(Instant::now() < end, "{spans:#?}\n{}", process.complaints());
        sleep(Duration::from_millis(200)).await;
    }
}

fn is(span: &Value, name: &str) -> bool {
    span["name"].as_str().is_some_and(|found| found.starts_with(name))
}

fn one<'s>(spans: &'s [Value], service: &str, name: &str) -> &'s Value {
    let found = spans.iter().find(|span| span["service"] == service && is(span, name));
    found.unwrap_or_else(|| panic!("no {name} of {service}: {spans:#?}"))
}

fn children<'s>(spans: &'s [Value], parent: &Value) -> Vec<&'s str> {
    let below = spans.iter().filter(|span| span["parent"] == parent["id"]);
    below.filter_map(|span| span["name"].as_str()).collect()
}

/// Nothing of what people are called, and no address.
fn tells_nothing_of_anybody(text: &str) {
    for word in [EMAIL, "Pasipamire", "Chaminuka", "127.0.0.1", "Rudo"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
}

pub async fn apart() {
    functions();
    let (collector, folder) = (Collector::start(), tempfile::tempdir().expect("a folder"));
    let process = Process::with(folder.path(), |command| {
        observed(&collector.url, command);
        apart_in(command);
    });
    let rudo = import(&process).await;
    let spans = spans(&collector, &process).await;

    let gateway = one(&spans, "dzinza-gateway", "POST ");
    assert_eq!(gateway["parent"], CALLER);
    assert_eq!((&gateway["kind"], &gateway["attributes"]["status"]), (&Value::from(2), &Value::from(200)));
    let trees = one(&spans, "dzinza-trees", "POST ");
    assert_eq!((&trees["parent"], &trees["function"]), (&gateway["id"], &Value::from("trees")));
    assert_eq!(trees["attributes"]["user_id"], rudo.user_id);
    let below = children(&spans, trees);
    assert!(below.contains(&"db.familytrees.get") && below.contains(&"db.documents.commit"), "{below:?}");
    let job = one(&spans, "dzinza-jobs", "job import");
    let sender = spans.iter().find(|span| span["id"] == job["parent"]).expect("whoever sent the job");
    assert_eq!(sender["service"], "dzinza-trees");
    let below = children(&spans, job);
    assert!(below.contains(&"db.documents.commit") && below.contains(&"db.blobs.get"), "{below:?}");
    tells_nothing_of_anybody(&format!("{spans:?}"));

    metrics(&process).await;
    let complaints = process.complaints();
    process.terminate();
    log(&complaints, &rudo.user_id);
}

/// What the gateway shows is also what the processes have counted.
async fn metrics(process: &Process) {
    let nobody = Client::at(process.url());
    let wanted = [
        "auth_service_user_registrations_total 1",
        "jobs_total{job=\"import\",result=\"done\"} 1",
        "database_query_duration_seconds_count{operation=\"insert\",table=\"users\"} 1",
        "genealogy_service_http_requests_total{method=\"POST\",",
        "queue_messages{queue=\"jobs\",state=\"waiting\"} 0",
        "telemetry_spans_total{result=\"sent\"}",
    ];
    eventually("metrics of every process", async || {
        let text = nobody.get("/metrics").await.text();
        wanted.iter().all(|wanted| text.lines().any(|line| line.starts_with(wanted))).then_some(())
    })
    .await;
}

/// One JSON object a line, with the fields of the contract.
fn log(complaints: &str, user: &str) {
    let lines: Vec<Value> = complaints
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let answered = lines.iter().find(|line| line["message"] == "answered" && line["trace_id"] == TRACE);
    let line = answered.unwrap_or_else(|| panic!("no line of the request: {complaints}"));
    for (field, value) in [
        ("level", Value::from("INFO")),
        ("service", "dzinza-gateway".into()),
        ("method", "POST".into()),
        ("status", 200.into()),
        ("function", "trees".into()),
    ] {
        assert_eq!(line[field], value, "{line}");
    }
    for field in ["timestamp", "request_id", "span_id", "route"] {
        assert!(line[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {line}");
    }
    assert!(line["duration_ms"].is_f64(), "{line}");
    // Where the gateway listens is nobody's address.
    let of_requests = complaints.lines().filter(|line| !line.contains("dzinza_runner::serve"));
    tells_nothing_of_anybody(&of_requests.collect::<String>().replace(user, ""));
}

pub async fn linked() {
    let (collector, folder) = (Collector::start(), tempfile::tempdir().expect("a folder"));
    let process = Process::with(folder.path(), |command| observed(&collector.url, command));
    let rudo = import(&process).await;
    let spans = spans(&collector, &process).await;
    let gateway = one(&spans, "dzinza-gateway", "POST ");
    assert_eq!(
        (&gateway["parent"], &gateway["attributes"]["user_id"]),
        (&CALLER.into(), &rudo.user_id.into())
    );
    assert!(children(&spans, gateway).contains(&"db.documents.commit"), "{spans:#?}");
    let job = one(&spans, "dzinza-gateway", "job import");
    assert!(children(&spans, job).contains(&"db.documents.commit"), "{spans:#?}");
}

pub async fn alone() {
    let folder = tempfile::tempdir().expect("a folder");
    // Nobody listens there.
    let process = Process::with(folder.path(), |command| observed("http://127.0.0.1:9", command));
    let rudo = import(&process).await;
    eventually("what became of the spans", async || {
        let text = rudo.as_nobody().get("/metrics").await.text();
        text.contains("telemetry_spans_total{result=\"refused\"}").then_some(())
    })
    .await;
    let told = process.complaints().matches("the collector does not take traces").count();
    assert_eq!(told, 1, "{}", process.complaints());
    let asked = Instant::now();
    assert!(process.terminate().success());
    assert!(asked.elapsed() < Duration::from_secs(10));
}
