//! The API described: as JSON, and as pages from the binary itself.

use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::header;
use utoipa_swagger_ui::Config;

use super::{Shared, problems};

/// Where the pages find the description.
const DESCRIPTION: &str = "/api/docs/openapi.json";
/// Swagger UI styles elements from its script; nothing is loaded from elsewhere.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    // Without "none" the page would send the description to a validator on the internet.
    Arc::new(
        Config::from(DESCRIPTION).validator_url("none").deep_linking(true).display_request_duration(true),
    )
});

/// The description of all functions' routes.
pub(super) async fn openapi(State(shared): State<Arc<Shared>>) -> Response {
    if !shared.docs {
        return problems::own(problems::unknown_address());
    }
    Json(&shared.openapi).into_response()
}

/// The page.
pub(super) async fn page(State(shared): State<Arc<Shared>>) -> Response {
    file(&shared, "index.html")
}

/// A file of the page.
pub(super) async fn asset(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Response {
    file(&shared, &name)
}

fn file(shared: &Shared, name: &str) -> Response {
    let found =
        if shared.docs { utoipa_swagger_ui::serve(name, Arc::clone(&CONFIG)).ok().flatten() } else { None };
    let Some(found) = found else { return problems::own(problems::unknown_address()) };
    let mut bytes = found.bytes.into_owned();
    if name == "index.html" {
        // The page expects a trailing slash, which we never redirect to.
        bytes = String::from_utf8_lossy(&bytes)
            .replace("\"./", "\"/api/docs/")
            .replace("\"index.css", "\"/api/docs/index.css")
            .into_bytes();
    }
    let headers = [
        (header::CONTENT_TYPE, found.content_type),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
        (header::CONTENT_SECURITY_POLICY, CSP.to_owned()),
    ];
    (headers, bytes).into_response()
}
