//! Whether a service and what it depends on are well (contract E36).

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use dzinza_ports::{Clock, StoreError};
use futures::future::{BoxFuture, join_all};
use http::StatusCode;
use serde_json::{Value, json};

use crate::user_view::wire_time;

/// What takes longer to answer is not well.
const PATIENCE: Duration = Duration::from_secs(5);

type Check = Arc<dyn Fn() -> BoxFuture<'static, Result<(), StoreError>> + Send + Sync>;

/// Something a service depends on.
#[derive(Clone)]
pub struct Dependency {
    name: &'static str,
    essential: bool,
    check: Check,
}

/// How a dependency was found.
#[derive(Debug, Clone)]
pub struct Looked {
    /// What it is called.
    pub name: &'static str,
    /// Whether nothing goes without it.
    pub essential: bool,
    /// Why it is down, in words that tell nothing of what is inside; none if it is up.
    pub reason: Option<&'static str>,
    /// How long it took to say so.
    pub took: Duration,
}

impl Dependency {
    /// One without which nothing goes.
    pub fn essential<F>(name: &'static str, check: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), StoreError>> + Send + 'static,
    {
        Self { name, essential: true, check: Arc::new(move || Box::pin(check())) }
    }

    /// One without which some things go.
    pub fn other<F>(name: &'static str, check: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), StoreError>> + Send + 'static,
    {
        Self { essential: false, ..Self::essential(name, check) }
    }

    /// Asks it, for five seconds at most.
    pub async fn look(&self) -> Looked {
        let started = Instant::now();
        let reason = match tokio::time::timeout(PATIENCE, (self.check)()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => {
                tracing::warn!(dependency = self.name, %error, "not healthy");
                Some("it does not answer as it should")
            }
            Err(_) => Some("it took too long to answer"),
        };
        Looked { name: self.name, essential: self.essential, reason, took: started.elapsed() }
    }
}

impl Looked {
    /// `UP` or `DOWN`.
    pub fn word(&self) -> &'static str {
        if self.reason.is_none() { "UP" } else { "DOWN" }
    }
}

/// A service of the platform, by the name that operators know.
#[derive(Clone)]
pub struct Service {
    /// Such as `auth-service`.
    pub name: &'static str,
    /// What it depends on.
    pub dependencies: Vec<Dependency>,
}

impl Service {
    /// Asks all its dependencies at once.
    pub async fn look(&self) -> Vec<Looked> {
        join_all(self.dependencies.iter().map(Dependency::look)).await
    }
}

/// `GET /health` and `GET /health/live` at a service's root. The first answers 503 if something essential is down, the
/// second looks at nothing.
pub fn health_routes(service: Service, version: &'static str, clock: Arc<dyn Clock>) -> Router {
    let root = Root { service, version, clock };
    Router::new().route("/health", get(whole)).route("/health/live", get(live)).with_state(Arc::new(root))
}

struct Root {
    service: Service,
    version: &'static str,
    clock: Arc<dyn Clock>,
}

async fn whole(State(root): State<Arc<Root>>) -> (StatusCode, Json<Value>) {
    let found = root.service.look().await;
    let healthy = found.iter().all(|one| one.reason.is_none() || !one.essential);
    let mut body = report(&root, healthy);
    body["dependencies"] = Value::Object(found.iter().map(shown).collect());
    (if healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(body))
}

async fn live(State(root): State<Arc<Root>>) -> Json<Value> {
    Json(report(&root, true))
}

fn report(root: &Root, healthy: bool) -> Value {
    json!({
        "status": if healthy { "healthy" } else { "unhealthy" },
        "service": root.service.name,
        "version": root.version,
        "timestamp": wire_time(root.clock.now()),
        "message": if healthy { "The service is well" } else { "The service is not well" },
    })
}

fn shown(one: &Looked) -> (String, Value) {
    let mut told = json!({ "status": one.word(), "latencyMs": one.took.as_secs_f64() * 1000.0 });
    if let Some(reason) = one.reason {
        told["reason"] = json!(reason);
    }
    (one.name.to_owned(), told)
}
