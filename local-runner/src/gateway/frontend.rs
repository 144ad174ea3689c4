//! The built frontend as files, with its page for every address it has a screen for.

use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::extract::Request;
use axum::response::{Html, IntoResponse as _, Response};
use dzinza_web::Problem;
use http::{HeaderValue, Method, StatusCode, Uri, header};
use percent_encoding::percent_decode_str;
use tower::ServiceExt as _;
use tower_http::services::ServeDir;

use super::settings::GatewayError;
use super::{Shared, dispatch, headers, problems};

/// What stands at the root when there is no frontend.
const WELCOME: &str = include_str!("../../assets/welcome.html");
const INDEX: &str = "/index.html";
/// Builders put a digest of the content into these files' names.
const DIGESTED: &str = "/assets/";

/// A folder that holds a built frontend.
pub(super) struct Frontend(ServeDir);

impl Frontend {
    pub(super) fn new(folder: &Path) -> Result<Self, GatewayError> {
        if !folder.join("index.html").is_file() {
            return Err(GatewayError::Frontend(PathBuf::from(folder)));
        }
        // A folder has no page of its own, so that nothing is ever redirected to a trailing slash.
        Ok(Self(ServeDir::new(folder).append_index_html_on_directories(false)))
    }

    async fn file(&self, request: Request) -> Response {
        match self.0.clone().oneshot(request).await {
            Ok(response) => response.map(Body::new),
            Err(impossible) => match impossible {},
        }
    }
}

/// Answers what is not the API's.
pub(super) async fn site(shared: &Shared, request: Request) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let Some(frontend) = &shared.frontend else {
        return match request.uri().path() {
            "/" if reads => Html(WELCOME).into_response(),
            _ => problems::own(problems::unknown_address()),
        };
    };
    if !reads {
        return dispatch::method_not_allowed("GET,HEAD");
    }
    let path = request.uri().path().to_owned();
    if is_hidden(&path) {
        return problems::own(problems::unknown_address());
    }
    let mut page = Request::new(Body::empty());
    *page.method_mut() = request.method().clone();
    *page.headers_mut() = request.headers().clone();
    *page.uri_mut() = Uri::from_static(INDEX);
    let mut response = frontend.file(request).await;
    let mut is_page = matches!(path.as_str(), "/" | INDEX);
    if response.status() == StatusCode::NOT_FOUND && !path.starts_with(DIGESTED) {
        // One of the frontend's screens: its script reads the address.
        response = frontend.file(page).await;
        is_page = true;
    }
    finish(response, &path, is_page)
}

fn finish(mut response: Response, path: &str, is_page: bool) -> Response {
    if response.status() == StatusCode::NOT_FOUND {
        return problems::own(problems::unknown_address());
    }
    if response.status().is_server_error() {
        return problems::own(Problem::internal());
    }
    let cache = if is_page {
        // It names the digested files, so it must never be old.
        "no-cache"
    } else if path.starts_with(DIGESTED) {
        "public, max-age=31536000, immutable"
    } else {
        "public, max-age=3600"
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    let html =
        headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    if html {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(headers::FRONTEND_CSP));
    }
    response
}

/// Files whose names begin with a dot are nobody's business, except those made to be asked for.
fn is_hidden(path: &str) -> bool {
    path.split('/')
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy())
        .any(|segment| segment.starts_with('.') && segment != ".well-known")
}
