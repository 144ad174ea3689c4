//! What happens to every request, first and last: its id, its span, its numbers, and the shape of its errors.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use dzinza_telemetry::catalog::{method_label, service_of};
use dzinza_telemetry::traces::{self, Source};
use dzinza_web::Language;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tracing::{Instrument as _, Span, field};

use super::client::{client_ip, is_forwarded};
use super::{Shared, headers, problems};

/// What the gateway knows of a request; an extension of it.
#[derive(Debug, Clone)]
pub(super) struct RequestInfo {
    pub(super) id: Arc<str>,
    /// As it came, without the query.
    pub(super) path: Arc<str>,
    pub(super) client: IpAddr,
    pub(super) peer: IpAddr,
    /// Whether anybody says to have passed the request on.
    pub(super) forwarded: bool,
    /// Whether the peer is a trusted proxy.
    pub(super) proxied: bool,
    pub(super) tls: bool,
    /// What the caller reads.
    pub(super) language: Language,
}

/// On a response: which function gave it, by which route.
#[derive(Debug, Clone)]
pub(super) struct Served {
    pub(super) function: Arc<str>,
    /// A pattern, never the path itself.
    pub(super) route: Arc<str>,
    /// Until the answer's head was there.
    pub(super) took: Duration,
}

/// The outermost layer.
pub(super) async fn observe(State(shared): State<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let info = info(&shared, &request);
    let method = request.method().clone();
    let span = span(&info, &method, request.headers());
    request.extensions_mut().insert(info.clone());

    let response = next.run(request).instrument(span.clone()).await;
    let served = response.extensions().get::<Served>().cloned();
    let response = options_answer(&method, response);
    let mut response = problems::complete(response, &info, served.is_some()).await;
    headers::secure(&mut response, shared.tls);
    let took = started.elapsed();
    if let Ok(id) = HeaderValue::from_str(&info.id) {
        response.headers_mut().insert("x-request-id", id);
    }
    if let Ok(time) = HeaderValue::from_str(&format!("{:.3}ms", took.as_secs_f64() * 1000.0)) {
        response.headers_mut().insert("x-response-time", time);
    }
    record(&span, &method, &response, served.as_ref(), took);
    response
}

fn info(shared: &Shared, request: &Request) -> RequestInfo {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip().to_canonical());
    RequestInfo {
        id: request_id(request.headers()).unwrap_or_else(|| shared.ids.new_id()).into(),
        path: request.uri().path().into(),
        client: client_ip(peer, request.headers(), &shared.trusted),
        peer,
        forwarded: is_forwarded(request.headers()),
        proxied: shared.trusted.iter().any(|network| network.contains(&peer)),
        tls: shared.tls,
        language: Language::of(request.headers()),
    }
}

/// The id a caller gave, if it is one that can be logged and sent on.
fn request_id(headers: &HeaderMap) -> Option<String> {
    ["x-request-id", "x-correlation-id"].into_iter().find_map(|name| {
        let id = headers.get(name)?.to_str().ok()?;
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        ((1..=128).contains(&id.len()) && id.bytes().all(fits)).then(|| id.to_owned())
    })
}

/// No path and no address: both tell of persons.
fn span(info: &RequestInfo, method: &Method, headers: &HeaderMap) -> Span {
    let span = tracing::info_span!(
        "request",
        otel.kind = "server",
        otel.status_code = field::Empty,
        request_id = %info.id,
        method = method_label(method.as_str()),
        trace_id = field::Empty,
        function = field::Empty,
        route = field::Empty,
        status = field::Empty,
        user_id = field::Empty,
        duration_ms = field::Empty,
    );
    if let Some(context) = headers.get("traceparent").and_then(|context| context.to_str().ok()) {
        if let Some((trace, ..)) = traces::parse(context) {
            span.record("trace_id", trace);
        }
        let source = if info.proxied { Source::Ours } else { Source::Stranger };
        traces::follow(&span, Some(context), source);
    }
    // Whose address it was is for those who look for something.
    span.in_scope(|| tracing::debug!(client_ip = %info.client, "asked"));
    span
}

/// OPTIONS that asks for no CORS permission is told which methods there are.
fn options_answer(method: &Method, mut response: Response) -> Response {
    if *method != Method::OPTIONS || response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return response;
    }
    let Some(allow) = response.headers().get(header::ALLOW).and_then(|allow| allow.to_str().ok()) else {
        return response;
    };
    let allow = HeaderValue::from_str(&format!("{allow},OPTIONS")).ok();
    let mut answer = Response::default();
    *answer.status_mut() = StatusCode::NO_CONTENT;
    *answer.extensions_mut() = std::mem::take(response.extensions_mut());
    if let Some(allow) = allow {
        answer.headers_mut().insert(header::ALLOW, allow);
    }
    answer
}

fn record(span: &Span, method: &Method, response: &Response, served: Option<&Served>, took: Duration) {
    let own_route = response.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str);
    let (function, route) = served.map_or(("gateway", own_route), |served| (&served.function, &served.route));
    let status = response.status();
    let method = method_label(method.as_str());
    traces::name(span, || format!("{method} {route}"));
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    span.record("function", function);
    span.record("route", route);
    span.record("status", i64::from(status.as_u16()));
    span.record("duration_ms", took.as_secs_f64() * 1000.0);
    span.in_scope(|| tracing::info!("answered"));

    let labels = [
        ("method", method.to_owned()),
        ("route", route.to_owned()),
        ("status_code", status.as_u16().to_string()),
    ];
    let service = service_of(function);
    metrics::counter!(format!("{service}_http_requests_total"), &labels).increment(1);
    metrics::histogram!(format!("{service}_http_request_duration_seconds"), &labels)
        .record(took.as_secs_f64());
    if let Some(served) = served {
        let [_, route, status] = labels;
        let target = ("target_service", function.to_owned());
        metrics::counter!("gateway_service_proxied_requests_total", &[target.clone(), route, status])
            .increment(1);
        metrics::histogram!("gateway_service_upstream_duration_seconds", &[target])
            .record(served.took.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_of(name: &'static str, value: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        request_id(&headers)
    }

    #[test]
    fn a_callers_id_is_kept_if_it_is_one() {
        assert_eq!(id_of("x-request-id", "a.B_9-z").as_deref(), Some("a.B_9-z"));
        assert_eq!(id_of("x-correlation-id", "c1").as_deref(), Some("c1"));
        for bad in ["", "a b", "a/b", "a\u{e9}", &"x".repeat(129)] {
            assert_eq!(id_of("x-request-id", bad), None, "{bad}");
        }
    }
}
