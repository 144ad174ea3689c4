//! The gateway: what API Gateway does on AWS, and what the older gateway did beyond that (contract 6).
//!
//! The order of things: request id, trace, security headers, CORS, client address, throttling, body limit,
//! header hygiene, function, and back. Errors of every step leave as the one error body.

mod client;
mod dispatch;
mod docs;
mod frontend;
mod headers;
mod health;
mod limits;
mod observe;
mod problems;
mod settings;
mod throttle;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::get;
use dzinza_ports::{Clock, Ids};
use http::{HeaderName, HeaderValue, Method, header};
use ipnet::IpNet;
use tower::ServiceExt as _;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::invoker::Invoker;
use crate::matcher::Matcher;
use crate::template::Template;

pub use settings::{GatewayError, GatewaySettings};

/// Renders all metrics as Prometheus text.
pub type RenderMetrics = Arc<dyn Fn() -> String + Send + Sync>;

/// What a gateway is made of.
pub struct Gateway {
    /// What the operator set.
    pub settings: GatewaySettings,
    /// Functions, routes and their limits.
    pub template: Template,
    /// Calls the functions.
    pub invoker: Arc<dyn Invoker>,
    /// The description of all functions' routes, for `/api/docs`.
    pub openapi: serde_json::Value,
    /// For `/metrics`.
    pub metrics: RenderMetrics,
    /// Further routes that are no function's, such as signed `/blobs/...`; they bound their bodies themselves.
    pub extra: Router,
    /// For the health reports.
    pub clock: Arc<dyn Clock>,
    /// For requests that come without an id.
    pub ids: Arc<dyn Ids>,
}

/// What every request needs.
struct Shared {
    version: String,
    tls: bool,
    docs: bool,
    trusted: Vec<IpNet>,
    template: Template,
    matcher: Matcher,
    invoker: Arc<dyn Invoker>,
    openapi: serde_json::Value,
    metrics: RenderMetrics,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    per_ip: Option<throttle::IpThrottle>,
    per_route: throttle::RouteThrottles,
    frontend: Option<frontend::Frontend>,
    started: Instant,
}

impl Gateway {
    /// The gateway as a router. Serve it with connect info (`into_make_service_with_connect_info::<SocketAddr>`),
    /// or every client is the same to it.
    ///
    /// # Errors
    /// If an origin is `*` or none, a trusted proxy is no network, or the frontend's folder has no page.
    pub fn into_router(self) -> Result<Router, GatewayError> {
        let cors = cors(settings::origins(&self.settings.allowed_origins)?);
        let frontend = self.settings.frontend.as_deref().map(frontend::Frontend::new).transpose()?;
        let shared = Arc::new(Shared {
            trusted: settings::proxies(&self.settings.trusted_proxies)?,
            per_ip: throttle::IpThrottle::new(self.settings.rate_limit_max, self.settings.rate_limit_window),
            per_route: throttle::RouteThrottles::new(&self.template),
            matcher: Matcher::new(&self.template),
            version: self.settings.version,
            tls: self.settings.public_tls,
            docs: self.settings.docs,
            template: self.template,
            invoker: self.invoker,
            openapi: self.openapi,
            metrics: self.metrics,
            clock: self.clock,
            ids: self.ids,
            frontend,
            started: Instant::now(),
        });
        let routes = own_routes(Arc::clone(&shared)).merge(self.extra);
        // Routing happens before a router's layers run, so the canonical path is made around the router.
        let plain = Router::new().fallback_service(routes.map_request(dispatch::canonicalise));
        let entries = Entries { with_cors: plain.clone().layer(cors), plain };
        Ok(Router::new()
            .fallback(enter)
            .with_state(entries)
            .layer(from_fn_with_state(shared, observe::observe)))
    }
}

#[derive(Clone)]
struct Entries {
    plain: Router,
    with_cors: Router,
}

/// The CORS layer takes every OPTIONS for a browser's question; one that asks for no method is none.
async fn enter(State(entries): State<Entries>, request: Request) -> Response {
    let asks = request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let router =
        if *request.method() == Method::OPTIONS && !asks { entries.plain } else { entries.with_cors };
    match router.oneshot(request).await {
        Ok(response) => response,
        Err(impossible) => match impossible {},
    }
}

/// What the gateway answers itself. Paths are canonical: see [`crate::aliases`] for the other forms.
fn own_routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/health", get(health::gateway))
        .route("/api/health", get(health::gateway))
        .route("/api/gateway/health", get(health::gateway))
        .route("/health/live", get(health::live))
        .route("/api/health/live", get(health::live))
        .route("/health/detailed", get(health::detailed))
        .route("/api/health/detailed", get(health::detailed))
        .route("/metrics", get(health::metrics))
        .route("/api/docs", get(docs::page))
        .route("/api/docs/openapi.json", get(docs::openapi))
        .route("/api/openapi.json", get(docs::openapi))
        .route("/api/docs/{file}", get(docs::asset))
        .fallback(dispatch::dispatch)
        .with_state(shared)
}

/// Contract 6.3, step 4.
fn cors(origins: Vec<HeaderValue>) -> CorsLayer {
    let name = HeaderName::from_static;
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_credentials(true)
        .allow_methods([
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
            Method::OPTIONS,
        ])
        .allow_headers([
            header::CONTENT_TYPE,
            header::AUTHORIZATION,
            name("x-requested-with"),
            name("x-request-id"),
            name("x-correlation-id"),
            header::ACCEPT_LANGUAGE,
            name("idempotency-key"),
            name("tus-resumable"),
            name("upload-length"),
            name("upload-metadata"),
            name("upload-offset"),
        ])
        .expose_headers([
            name("x-request-id"),
            name("x-response-time"),
            name("ratelimit-limit"),
            name("ratelimit-remaining"),
            name("ratelimit-reset"),
            header::RETRY_AFTER,
            header::CONTENT_DISPOSITION,
            header::LOCATION,
            name("tus-resumable"),
            name("upload-expires"),
            name("upload-length"),
            name("upload-offset"),
            name("x-export-losses"),
        ])
        .max_age(Duration::from_mins(10))
}
