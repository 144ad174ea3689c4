//! A gateway over tiny functions on a real port, and a client that sends exactly what it is told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{any, get, post};
use bytes::Bytes;
use dzinza_ports::{SystemClock, SystemIds};
use dzinza_runner::gateway::{Gateway, GatewaySettings};
use dzinza_runner::invoker::InProcess;
use dzinza_runner::template::Template;
use dzinza_web::Problem;
use futures::StreamExt as _;
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

pub const TEMPLATE: &str = include_str!("template.yaml");

/// Tells what reached it.
async fn echo(name: &'static str, request: Request) -> axum::response::Response {
    let headers: Vec<String> = request
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    let (method, uri) = (request.method().to_string(), request.uri().to_string());
    match request.into_body().collect().await {
        Ok(body) => axum::Json(json!({
            "function": name, "method": method, "uri": uri, "headers": headers, "length": body.to_bytes().len(),
        }))
        .into_response(),
        Err(_) => Problem::bad_request("The body broke off").into_response(),
    }
}

fn echoing(name: &'static str) -> Router {
    Router::new().fallback(move |request: Request| echo(name, request))
}

fn trees() -> Router {
    let drip = || async {
        let chunks = futures::stream::iter(0..3).then(|n| async move {
            if n > 0 {
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            Ok::<_, std::io::Error>(format!("chunk{n};"))
        });
        Body::from_stream(chunks)
    };
    let broken = || async {
        assert!(std::hint::black_box(false), "the secret of the house");
        "never"
    };
    Router::new()
        .route("/api/family-trees", any(|request: Request| echo("trees", request)))
        .route("/api/family-trees/drip", get(drip))
        .route("/api/family-trees/panic", get(broken))
        .route("/api/family-trees/named/{id}", get(|Path(id): Path<String>| async { id }))
        .route("/api/family-trees/only-post", post(|| async { "posted" }))
        .route(
            "/api/family-trees/hop",
            get(|| async { ([("connection", "x-inner"), ("x-inner", "1")], "ok") }),
        )
        .route("/api/family-trees/narrow", get(|| async { ([("ratelimit-limit", "2")], "ok") }))
        .route(
            "/api/family-trees/gone",
            get(|| async { Problem::not_found("This tree is gone").into_response() }),
        )
        .route(
            "/api/family-trees/plain",
            get(|| async { (StatusCode::BAD_REQUEST, "serde says no at line 3") }),
        )
        .route(
            "/api/family-trees/slow",
            get(|| async {
                tokio::time::sleep(Duration::from_secs(30)).await;
                "late"
            }),
        )
}

pub struct Site {
    pub address: SocketAddr,
}

pub async fn start(change: impl FnOnce(&mut GatewaySettings)) -> Site {
    let functions = vec![
        (
            "auth",
            echoing("auth")
                .route("/health", get(|| async { axum::Json(json!({"status": "healthy", "own": true})) })),
        ),
        ("people", echoing("people")),
        ("trees", trees()),
    ];
    let mut settings =
        GatewaySettings { version: "9.9".to_owned(), rate_limit_max: 0, ..GatewaySettings::default() };
    change(&mut settings);
    let gateway = Gateway {
        settings,
        template: Template::parse(TEMPLATE).unwrap(),
        invoker: Arc::new(InProcess::new(functions)),
        openapi: json!({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}}),
        metrics: Arc::new(|| "up 1\n".to_owned()),
        extra: Router::new()
            .route("/blobs/{*key}", get(|Path(key): Path<String>| async move { format!("blob {key}") })),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
    };
    let service = gateway.into_router().unwrap().into_make_service_with_connect_info::<SocketAddr>();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    Site { address }
}

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
    /// Which function answered.
    #[track_caller]
    pub fn by(&self) -> (String, String) {
        let body = self.json();
        (body["function"].as_str().unwrap_or("?").to_owned(), body["uri"].as_str().unwrap_or("?").to_owned())
    }
    /// Asserts that this is the one error body, and returns it.
    #[track_caller]
    pub fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/json"));
        let body = self.json();
        for key in ["error", "message", "detail", "requestId"] {
            assert!(body[key].as_str().is_some_and(|text| !text.is_empty()), "{key} is missing: {body}");
        }
        assert_eq!(body["message"], body["detail"]);
        assert_eq!(body["statusCode"], status);
        assert_eq!(body["requestId"].as_str(), self.header("x-request-id"));
        body
    }
}

impl Site {
    /// The answer as it streams; the path is sent as it stands.
    pub async fn open(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Response<hyper::body::Incoming> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request =
            axum::http::Request::builder().method(method).uri(path).header("host", "dzinza.test");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        sender.send_request(request.body(body).unwrap()).await.unwrap()
    }
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let (parts, body) = self.open(method, path, headers, body.into()).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], Body::empty()).await
    }
}
