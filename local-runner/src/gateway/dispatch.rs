//! From an address to the function that answers (contract 6.2 and 6.3, steps 6 to 9).

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::response::Response;
use dzinza_web::Problem;
use http::{Extensions, HeaderValue, Method, StatusCode, Uri, header};

use super::limits::{self, BodyLimit};
use super::observe::{RequestInfo, Served};
use super::throttle::Refused;
use super::{Shared, frontend, headers, health, problems};
use crate::aliases;
use crate::invoker::{InvokeError, RouteTaken};
use crate::matcher::Found;
use crate::template::Function;

/// Gives a request its canonical path, so that everything after sees one form of each address.
pub(super) fn canonicalise(mut request: Request) -> Request {
    let path = aliases::canonical(request.method(), request.uri().path());
    if path == request.uri().path() {
        return request;
    }
    let path_and_query = match request.uri().query() {
        Some(query) => format!("{path}?{query}"),
        None => path.into_owned(),
    };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = path_and_query.parse().ok();
    // A path that was part of a valid target is one still.
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request
}

/// Everything the gateway has no route of its own for.
pub(super) async fn dispatch(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let path = request.uri().path();
    let below =
        |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if below("/api") {
        return api(&shared, request).await;
    }
    if ["/blobs", "/health", "/metrics"].into_iter().any(below) {
        return problems::own(problems::unknown_address());
    }
    frontend::site(&shared, request).await
}

async fn api(shared: &Shared, request: Request) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD)
        && let Some(response) = health::of_service(shared, request.uri().path()).await
    {
        return response;
    }
    let Some(info) = request.extensions().get::<RequestInfo>().cloned() else {
        return problems::own(Problem::internal());
    };
    let allowance = match shared.per_ip.as_ref().map(|throttle| throttle.check(info.client)).transpose() {
        Ok(allowance) => allowance,
        Err(refused) => return too_many(&refused),
    };
    let mut response = routed(shared, request, &info).await;
    // A function may have told of a narrower allowance, which is what the caller has to keep to.
    if let Some(allowance) = allowance.filter(|_| !response.headers().contains_key("ratelimit-limit")) {
        allowance.write(response.headers_mut());
    }
    response
}

fn too_many(refused: &Refused) -> Response {
    let mut response = problems::own(Problem::rate_limited(refused.wait));
    if let Some(allowance) = refused.allowance {
        allowance.write(response.headers_mut());
    }
    response
}

async fn routed(shared: &Shared, request: Request, info: &RequestInfo) -> Response {
    let found = match shared.matcher.find(request.method(), request.uri().path()) {
        Found::Matched(found) => found,
        Found::NotFound => return problems::own(problems::unknown_address()),
        Found::MethodNotAllowed { allow } => return method_not_allowed(&allow.join(",")),
    };
    let Some(function) = shared.template.function(found.function) else {
        return problems::own(problems::unknown_address());
    };
    if let Err(refused) = shared.per_route.check(&found.route.to_string()) {
        return too_many(&refused);
    }
    match limits::limit(request, function) {
        Ok((request, limit)) => {
            let parameters = found.params.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            let taken = RouteTaken { key: found.route.to_string(), parameters };
            invoke(shared, request, info, Target { function, route: &found.route.path, limit, taken }).await
        }
        Err(problem) => problems::own(problem),
    }
}

struct Target<'a> {
    function: &'a Function,
    route: &'a str,
    limit: BodyLimit,
    taken: RouteTaken,
}

async fn invoke(shared: &Shared, mut request: Request, info: &RequestInfo, target: Target<'_>) -> Response {
    let Target { function, route, limit, taken } = target;
    let uri = request.uri().clone();
    headers::clean_request(request.headers_mut(), info, &uri, &function.name);
    // A function sees what would reach it in another process, no more.
    *request.extensions_mut() = Extensions::new();
    request.extensions_mut().insert(taken);
    if let Some(origin_form) = uri.path_and_query() {
        *request.uri_mut() = Uri::from(origin_form.clone());
    }
    let started = Instant::now();
    let answer = shared.invoker.invoke(&function.name, request, function.timeout).await;
    let took = started.elapsed();
    let mut response = match (answer, limit.verdict()) {
        (Ok(response), Some(problem)) if !response.status().is_success() => problems::own(problem),
        (Ok(response), _) => response,
        (Err(InvokeError::TooLarge | InvokeError::Unreadable), Some(problem)) => problems::own(problem),
        (Err(error), _) => {
            tracing::warn!(function = function.name, %error, "not answered");
            problems::own(error.problem())
        }
    };
    headers::remove_hop_by_hop(response.headers_mut());
    let route = response.extensions().get::<MatchedPath>().map_or(route, MatchedPath::as_str).into();
    let served = Served { function: function.name.as_str().into(), route, took };
    response.extensions_mut().insert(served);
    response
}

pub(super) fn method_not_allowed(allow: &str) -> Response {
    let mut response = problems::own(Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "METHOD_NOT_ALLOWED",
        "This address does not take that method",
    ));
    if let Ok(allow) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}
