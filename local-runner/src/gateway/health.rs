//! Whether the gateway and the functions behind it are well (contract 3.5, 6.4).

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use futures::future::join_all;
use http::{Method, StatusCode, header};
use serde_json::{Map, Value, json};

use super::observe::RequestInfo;
use super::problems::{self, AsIs};
use super::{Shared, client};
use crate::matcher::Found;

/// A function that takes longer to say how it is, is not well.
const PROBE: Duration = Duration::from_secs(5);
const SERVICE: &str = "api-gateway";
/// What clients of older versions call the functions.
const SERVICE_WORDS: [(&str, &str); 3] = [("genealogy", "trees"), ("users", "auth"), ("members", "people")];
/// The functions that were one service once.
const GENEALOGY: [&str; 4] = ["trees", "people", "stories", "notifications"];

/// The gateway itself answers.
pub(super) async fn gateway(State(shared): State<Arc<Shared>>) -> Response {
    let mut body = report(&shared, SERVICE, true);
    body.insert("service_name".to_owned(), json!(SERVICE));
    body.insert("uptime".to_owned(), json!(shared.started.elapsed().as_secs_f64()));
    Json(body).into_response()
}

/// The process runs; nothing else is looked at.
pub(super) async fn live(State(shared): State<Arc<Shared>>) -> Response {
    Json(report(&shared, SERVICE, true)).into_response()
}

/// All functions at once; 503 if one is not well.
pub(super) async fn detailed(State(shared): State<Arc<Shared>>) -> Response {
    let names: Vec<&str> = shared
        .template
        .functions
        .iter()
        .filter(|function| !function.routes.is_empty())
        .map(|function| function.name.as_str())
        .collect();
    let probes = join_all(names.iter().map(|name| probe(&shared, name))).await;
    let mut dependencies = Map::new();
    for (name, (healthy, latency)) in names.iter().zip(&probes) {
        dependencies.insert((*name).to_owned(), json!({ "status": word(*healthy), "latency": latency }));
    }
    let genealogy: Vec<&(bool, f64)> = names
        .iter()
        .zip(&probes)
        .filter(|(name, _)| GENEALOGY.contains(name))
        .map(|(_, probe)| probe)
        .collect();
    if !genealogy.is_empty() {
        let latency = genealogy.iter().map(|probe| probe.1).fold(0.0, f64::max);
        let status = word(genealogy.iter().all(|probe| probe.0));
        dependencies.insert("genealogy".to_owned(), json!({ "status": status, "latency": latency }));
    }
    let healthy = probes.iter().all(|(healthy, _)| *healthy);
    let mut body = report(&shared, SERVICE, healthy);
    body.insert("dependencies".to_owned(), Value::Object(dependencies));
    answer(body, healthy)
}

/// Whether a function is well, and the milliseconds it took to say so.
async fn probe(shared: &Shared, function: &str) -> (bool, f64) {
    let started = Instant::now();
    let answer = shared.invoker.health(function, PROBE).await;
    let healthy = answer.is_ok_and(|response| !response.status().is_server_error());
    (healthy, started.elapsed().as_secs_f64() * 1000.0)
}

/// The answer to `/api/<service>/health`, which is the function's own if it has one, and to `/api/<service>/health/live`,
/// for which nothing is asked. None for another address.
pub(super) async fn of_service(shared: &Shared, path: &str) -> Option<Response> {
    let below = path.strip_prefix("/api/")?;
    let (word, live) = match below.strip_suffix("/health/live") {
        Some(word) => (word, true),
        None => (below.strip_suffix("/health")?, false),
    };
    if word.contains('/') {
        return None;
    }
    let function = function_of(shared, word, path)?;
    if live {
        return Some(self::answer(report(shared, &format!("{word}-service"), true), true));
    }
    let answer = shared.invoker.health(function, PROBE).await;
    if let Err(error) = &answer {
        tracing::warn!(function, %error, "not healthy");
    }
    let healthy = answer.as_ref().is_ok_and(|response| !response.status().is_server_error());
    match answer {
        Ok(mut own) if is_report(&own) => {
            own.extensions_mut().insert(AsIs);
            Some(own)
        }
        _ => Some(self::answer(report(shared, &format!("{word}-service"), healthy), healthy)),
    }
}

fn function_of<'a>(shared: &'a Shared, word: &str, path: &str) -> Option<&'a str> {
    let named = SERVICE_WORDS.into_iter().find(|(old, _)| *old == word).map_or(word, |(_, name)| name);
    if let Some(function) = shared.template.function(named) {
        return Some(&function.name);
    }
    match shared.matcher.find(&Method::GET, path) {
        Found::Matched(found) => Some(found.function),
        _ => None,
    }
}

fn is_report(response: &Response) -> bool {
    let json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|v| v.as_bytes().starts_with(b"application/json"));
    json && matches!(response.status(), StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE)
}

fn report(shared: &Shared, service: &str, healthy: bool) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("status".to_owned(), json!(word(healthy)));
    body.insert("service".to_owned(), json!(service));
    body.insert("version".to_owned(), json!(shared.version));
    body.insert("timestamp".to_owned(), json!(format!("{:.6}", shared.clock.now())));
    let message = if healthy { "The service is well" } else { "The service is not well" };
    body.insert("message".to_owned(), json!(message));
    body
}

fn word(healthy: bool) -> &'static str {
    if healthy { "healthy" } else { "unhealthy" }
}

fn answer(body: Map<String, Value>, healthy: bool) -> Response {
    let status = if healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut response = (status, Json(body)).into_response();
    response.extensions_mut().insert(AsIs);
    response
}

/// Prometheus text, for neighbours who speak for themselves; for all others there is nothing here.
pub(super) async fn metrics(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let internal = request
        .extensions()
        .get::<RequestInfo>()
        .is_some_and(|info| client::is_internal(info.peer, info.forwarded));
    if !internal {
        return problems::own(problems::unknown_address());
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], (shared.metrics)()).into_response()
}
