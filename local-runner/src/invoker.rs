//! The one seam between the gateway and the functions.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::from_fn;
use axum::response::Response;
use dzinza_web::{Problem, panicked, tell_route};
use http::{Method, StatusCode, Uri};
use tower::ServiceExt as _;
use tower_http::catch_panic::CatchPanicLayer;

/// Why a function did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvokeError {
    /// There is none of this name.
    #[error("there is no such function")]
    NoSuchFunction,
    /// It has as much to do as it may have.
    #[error("the function is busy")]
    Busy,
    /// It took longer than it may.
    #[error("the function took too long")]
    Timeout,
    /// It answered with something that is no answer, or died over it.
    #[error("the function's answer is not usable")]
    Bad,
    /// Nothing runs it.
    #[error("the function cannot be reached")]
    Unreachable,
    /// The request is larger than a function can be sent.
    #[error("the request is too large")]
    TooLarge,
    /// The request broke off.
    #[error("the request cannot be read")]
    Unreadable,
}

impl InvokeError {
    /// What the caller is told; nothing of what is behind the gateway.
    pub fn problem(self) -> Problem {
        match self {
            Self::NoSuchFunction => Problem::not_found("There is nothing at this address"),
            Self::Busy => Problem::rate_limited(1),
            Self::Timeout => Problem::timeout(),
            Self::Bad => Problem::new(
                StatusCode::BAD_GATEWAY,
                "BAD_GATEWAY",
                "The service gave no usable answer. Please try again.",
            ),
            Self::Unreachable => Problem::unavailable(),
            Self::TooLarge => Problem::too_large(LARGEST_EVENT),
            Self::Unreadable => Problem::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", "The request broke off"),
        }
    }
}

/// What a function in another process can be sent, as AWS Lambda has it.
pub(crate) const LARGEST_EVENT: u64 = 6 * 1024 * 1024;

/// Which route led to the function; an extension of the request, for those who have to tell it.
#[derive(Debug, Clone)]
pub struct RouteTaken {
    /// API Gateway's route key.
    pub key: String,
    /// The path's parameters.
    pub parameters: Vec<(String, String)>,
}

impl Default for RouteTaken {
    /// What a request is given to that has no route of its own.
    fn default() -> Self {
        Self { key: "$default".to_owned(), parameters: Vec::new() }
    }
}

/// Takes an HTTP request to a named function.
#[async_trait]
pub trait Invoker: Send + Sync + 'static {
    /// The function's answer, whose head must be there within `budget`; its body may stream for longer.
    async fn invoke(
        &self,
        function: &str,
        request: Request,
        budget: Duration,
    ) -> Result<Response, InvokeError>;

    /// The function's own answer to `GET /health`. Any answer below 500, 404 included, shows that it is alive.
    async fn health(&self, function: &str, budget: Duration) -> Result<Response, InvokeError> {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = Method::GET;
        *request.uri_mut() = Uri::from_static("/health");
        self.invoke(function, request, budget).await
    }
}

/// Calls routers that are linked into this process: streaming both ways, nothing copied.
#[derive(Debug)]
pub struct InProcess {
    functions: HashMap<&'static str, Router>,
}

impl InProcess {
    /// The functions by the names the template has for them.
    pub fn new(functions: Vec<(&'static str, Router)>) -> Self {
        let functions = functions
            .into_iter()
            .map(|(name, router)| {
                // A panic must cost one answer, not the process; the route's pattern is for the metrics.
                let router = router.layer(CatchPanicLayer::custom(panicked)).layer(from_fn(tell_route));
                (name, router)
            })
            .collect();
        Self { functions }
    }
}

#[async_trait]
impl Invoker for InProcess {
    async fn invoke(
        &self,
        function: &str,
        request: Request,
        budget: Duration,
    ) -> Result<Response, InvokeError> {
        let router = self.functions.get(function).ok_or(InvokeError::NoSuchFunction)?.clone();
        match tokio::time::timeout(budget, router.oneshot(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(impossible)) => match impossible {},
            Err(_) => Err(InvokeError::Timeout),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::extract::MatchedPath;
    use axum::routing::get;
    use http_body_util::BodyExt as _;

    fn in_process() -> InProcess {
        let slow = || async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            "late"
        };
        let broken = || async {
            assert!(!std::hint::black_box(true), "ouch");
            "never"
        };
        let router = Router::new()
            .route("/hello/{name}", get(|| async { "hello" }))
            .route("/slow", get(slow))
            .route("/broken", get(broken));
        InProcess::new(vec![("greeter", router)])
    }

    async fn call(function: &str, path: &'static str) -> Result<Response, InvokeError> {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = Uri::from_static(path);
        in_process().invoke(function, request, Duration::from_millis(50)).await
    }

    #[tokio::test]
    async fn the_linked_router_answers_and_tells_its_route() {
        let response = call("greeter", "/hello/ann").await.unwrap();
        assert_eq!(response.extensions().get::<MatchedPath>().unwrap().as_str(), "/hello/{name}");
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hello");
    }

    #[tokio::test]
    async fn late_unknown_and_panicking_functions_are_told_apart() {
        assert_eq!(call("greeter", "/slow").await.unwrap_err(), InvokeError::Timeout);
        assert_eq!(call("nobody", "/hello/ann").await.unwrap_err(), InvokeError::NoSuchFunction);
        let response = call("greeter", "/broken").await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(!String::from_utf8_lossy(&body).contains("ouch"));
    }

    #[tokio::test]
    async fn a_router_without_a_health_route_is_alive_all_the_same() {
        let response = in_process().health("greeter", Duration::from_secs(1)).await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn every_error_has_its_status() {
        for (error, status) in [
            (InvokeError::NoSuchFunction, 404),
            (InvokeError::Busy, 429),
            (InvokeError::Timeout, 504),
            (InvokeError::Bad, 502),
            (InvokeError::Unreachable, 503),
            (InvokeError::TooLarge, 413),
            (InvokeError::Unreadable, 400),
        ] {
            assert_eq!(error.problem().status().as_u16(), status);
        }
    }
}
