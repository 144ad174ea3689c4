//! A function's program as AWS Lambda runs it: nobody comes for its metrics.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use dzinza_tests::functions;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::Command;

/// The Runtime API with one event.
async fn runtime_api() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("the port");
    let routes = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(|| async { StatusCode::ACCEPTED }))
        .with_state(Arc::<AtomicBool>::default());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address.to_string()
}

async fn next(State(given): State<Arc<AtomicBool>>) -> Response {
    if given.swap(true, Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
    let path = "/api/persons/0190a1b2-0000-7000-8000-000000000000";
    let event = json!({
        "version": "2.0", "routeKey": "ANY /api/persons/{proxy+}", "rawPath": path, "rawQueryString": "",
        "headers": { "host": "api.example.org", "x-request-id": "r-1" }, "isBase64Encoded": false,
        "requestContext": {
            "accountId": "1", "apiId": "x", "stage": "$default", "requestId": "r-0", "timeEpoch": 0,
            "http": { "method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.9" },
        },
    });
    let headers = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        ("lambda-runtime-deadline-ms", "4102444800000"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:af-south-1:1:function:people"),
        ("content-type", "application/json"),
    ];
    (headers, event.to_string()).into_response()
}

pub async fn lines() {
    let program = functions().join(format!("people{}", std::env::consts::EXE_SUFFIX));
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(program);
    for variable in dzinza_config::reference() {
        command.env_remove(variable.name);
    }
    command
        .env_remove("SHARED_CONFIG_PATH")
        .env("DZINZA_DATA", folder.path())
        .env("LOG_FORMAT", "json")
        .env("AWS_LAMBDA_RUNTIME_API", runtime_api().await)
        .env("AWS_LAMBDA_FUNCTION_NAME", "people")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "2026/11/24/[$LATEST]1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().expect("the program");

    let mut out = BufReader::new(child.stdout.take().expect("its standard output")).lines();
    let metrics: Value = loop {
        let line = out.next_line().await.expect("a line").expect("it goes on");
        let line: Value = serde_json::from_str(&line).expect("JSON");
        if line.get("genealogy_service_http_requests_total").is_some() {
            break line;
        }
    };
    assert_eq!((&metrics["service"], &metrics["status_code"]), (&"dzinza-people".into(), &"401".into()));
    assert_eq!(metrics["genealogy_service_http_requests_total"], 1);
    assert_eq!(metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Dzinza");

    let mut log = BufReader::new(child.stderr.take().expect("its standard error")).lines();
    let answered: Value = loop {
        let line = log.next_line().await.expect("a line").expect("it goes on");
        let line: Value = serde_json::from_str(&line).expect("JSON");
        if line["message"] == "answered" {
            break line;
        }
    };
    for (field, value) in [
        ("request_id", Value::from("r-1")),
        ("method", "GET".into()),
        ("status", 401.into()),
        ("function", "people".into()),
    ] {
        assert_eq!(answered[field], value, "{answered}");
    }
    let route = answered["route"].as_str().unwrap_or_default();
    assert!(route.starts_with("/api/persons/{"), "{answered}");
}
