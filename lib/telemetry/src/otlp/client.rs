//! Takes batches to the collector: with the HTTP client and the TLS that the program has anyway.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry_http::{HttpClient, HttpError};
use tokio::runtime::Handle;

use crate::TelemetryError;

/// What a collector may answer; it has little to say.
const LONGEST_ANSWER: usize = 64 * 1024;

#[derive(Debug, Clone)]
enum Connections {
    Plain(Pool<HttpConnector, Full<Bytes>>),
    Secure(Pool<HttpsConnector<HttpConnector>, Full<Bytes>>),
}

/// See above. Who asks it waits on a thread of its own, the work is done in the process's runtime.
#[derive(Debug)]
pub(super) struct Client {
    runtime: Handle,
    connections: Connections,
    patience: Duration,
}

impl Client {
    pub(super) fn new(endpoint: &str, patience: Duration) -> Result<Self, TelemetryError> {
        let failed =
            |error: &dyn std::fmt::Display| TelemetryError(format!("OTEL_EXPORTER_OTLP_ENDPOINT: {error}"));
        let runtime = Handle::try_current().map_err(|error| failed(&error))?;
        let connections = if endpoint.starts_with("https:") {
            let provider = rustls::crypto::ring::default_provider();
            let connector = HttpsConnectorBuilder::new()
                .with_provider_and_platform_verifier(provider)
                .map_err(|error| failed(&error))?
                .https_only()
                .enable_http1()
                .build();
            Connections::Secure(Pool::builder(TokioExecutor::new()).build(connector))
        } else {
            Connections::Plain(Pool::builder(TokioExecutor::new()).build_http())
        };
        Ok(Self { runtime, connections, patience })
    }
}

async fn ask(connections: Connections, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let request = request.map(Full::new);
    let answer = match connections {
        Connections::Plain(pool) => pool.request(request).await?,
        Connections::Secure(pool) => pool.request(request).await?,
    };
    let (parts, body) = answer.into_parts();
    let bytes = Limited::new(body, LONGEST_ANSWER).collect().await?.to_bytes();
    Ok(Response::from_parts(parts, bytes))
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (patience, connections) = (self.patience, self.connections.clone());
        // Even a timer is begun in the runtime: the thread that asks has none.
        let asked = async move { tokio::time::timeout(patience, ask(connections, request)).await };
        // A status that says no is read by the exporter.
        self.runtime.spawn(asked).await??
    }
}
