//! What stands around every handler, whether it is linked or in a process of its own.

use std::any::Any;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::Problem;

/// The answer of a handler that panicked. The panic hook has printed where and why; the caller learns neither.
pub fn panicked(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("a handler panicked");
    Problem::internal().into_response()
}

/// Leaves the pattern of the route that answered on the response, as [`MatchedPath`].
pub async fn tell_route(route: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    response
}
