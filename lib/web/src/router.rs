use axum::Router;
use axum::response::IntoResponse as _;
use http::StatusCode;
use utoipa::openapi::OpenApi;

use crate::tongues::in_the_callers_language;
use crate::{Problem, Routes};

/// A route group: what answers, and what the same handlers say of themselves.
pub struct ApiRouter {
    /// Answers requests with canonical `/api/...` paths.
    pub router: Router,
    #[cfg(feature = "openapi")]
    describe: Box<dyn Fn() -> OpenApi + Send + Sync>,
}

#[cfg(feature = "openapi")]
impl ApiRouter {
    /// Every route of `router`; those without `security` are public.
    pub fn openapi(&self) -> OpenApi {
        (self.describe)()
    }
}

/// Closes a route group: unknown paths and methods get the one error body, and errors
/// leave in the language of the request.
pub fn finish<S: Clone + Send + Sync + 'static>(routes: Routes<S>, state: S) -> ApiRouter {
    #[cfg(feature = "openapi")]
    let described = routes.described;
    let router = routes.router;
    let router = router
        .fallback(|| async { Problem::not_found("There is nothing at this address").into_response() })
        .method_not_allowed_fallback(|| async {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "METHOD_NOT_ALLOWED",
                "This address does not take that method",
            )
            .into_response()
        })
        // The gateway has its own, per function; here it only would cut streams short.
        .layer(axum::extract::DefaultBodyLimit::disable())
        .layer(axum::middleware::from_fn(in_the_callers_language))
        .with_state(state);
    ApiRouter {
        router,
        #[cfg(feature = "openapi")]
        describe: Box::new(move || {
            let mut openapi = Routes::describe(&described);
            name_operations(&mut openapi);
            openapi
        }),
    }
}

/// Handlers of several modules have the same name; operations of one API must not (OpenAPI 3.1, 4.8.10).
#[cfg(feature = "openapi")]
fn name_operations(openapi: &mut OpenApi) {
    for item in openapi.paths.paths.values_mut() {
        let all = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for operation in all.into_iter().flatten() {
            let tag = operation.tags.iter().flatten().next().cloned().unwrap_or_default();
            operation.operation_id = operation.operation_id.take().map(|id| format!("{tag}_{id}"));
        }
    }
}

/// Every operation of a description: method in capitals, path, and whether it is public.
pub fn operations(openapi: &OpenApi) -> Vec<(String, String, bool)> {
    let mut found = Vec::new();
    for (path, item) in &openapi.paths.paths {
        let methods = [
            ("GET", &item.get),
            ("POST", &item.post),
            ("PUT", &item.put),
            ("PATCH", &item.patch),
            ("DELETE", &item.delete),
        ];
        for (method, operation) in methods {
            if let Some(operation) = operation {
                found.push((method.to_owned(), path.clone(), operation.security.is_none()));
            }
        }
    }
    found
}
