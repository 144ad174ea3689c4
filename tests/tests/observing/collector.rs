//! What takes traces by OTLP over HTTP and tells what it took: a process of its own, which is this very program.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, StatusCode};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use prost::Message as _;
use serde_json::{Value, json};

/// The argument that makes this program one.
pub const ROLE: &str = "collector";

type Spans = Arc<Mutex<Vec<Value>>>;

/// Collects until it is killed.
pub fn be() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let mut out = std::io::stdout();
        writeln!(out, "{}", listener.local_addr()?)?;
        out.flush()?;
        let spans = Spans::default();
        let routes =
            Router::new().route("/v1/traces", post(take)).route("/spans", get(tell)).with_state(spans);
        axum::serve(listener, routes).await?;
        Ok(())
    })
}

async fn take(State(spans): State<Spans>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if headers.get("content-type").is_none_or(|kind| kind != "application/x-protobuf") {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE;
    }
    let Ok(request) = ExportTraceServiceRequest::decode(body) else { return StatusCode::BAD_REQUEST };
    let mut spans = spans.lock().expect("no panic before");
    for of_process in request.resource_spans {
        let resource =
            attributes(of_process.resource.map(|resource| resource.attributes).unwrap_or_default());
        for span in of_process.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            spans.push(json!({
                "service": resource["service.name"], "function": resource["faas.name"], "name": span.name,
                "trace": hex(&span.trace_id), "id": hex(&span.span_id), "parent": hex(&span.parent_span_id),
                "kind": span.kind, "attributes": attributes(span.attributes),
                "events": span.events.len(),
            }));
        }
    }
    StatusCode::OK
}

async fn tell(State(spans): State<Spans>) -> Json<Value> {
    Json(Value::from(spans.lock().expect("no panic before").clone()))
}

fn attributes(pairs: Vec<KeyValue>) -> Value {
    let value = |value: Option<Any>| match value {
        Some(Any::StringValue(text)) => Value::from(text),
        Some(Any::IntValue(number)) => number.into(),
        Some(Any::BoolValue(flag)) => flag.into(),
        Some(Any::DoubleValue(number)) => number.into(),
        other => format!("{other:?}").into(),
    };
    pairs.into_iter().map(|pair| (pair.key, value(pair.value.and_then(|value| value.value)))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// The running collector. It does not outlive this value.
pub struct Collector {
    child: Child,
    pub url: String,
}

impl Collector {
    pub fn start() -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this executable"));
        let mut child = command.arg(ROLE).stdout(Stdio::piped()).spawn().expect("a collector");
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("its standard output"));
        out.read_line(&mut line).expect("its address");
        Self { child, url: format!("http://{}", line.trim()) }
    }

    /// What it has taken of this trace.
    pub async fn spans(&self, trace: &str) -> Vec<Value> {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let answer = client.get(format!("{}/spans", self.url)).send().await.expect("an answer");
        let spans: Vec<Value> =
            serde_json::from_slice(&answer.bytes().await.expect("its body")).expect("a list");
        spans.into_iter().filter(|span| span["trace"] == trace).collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
