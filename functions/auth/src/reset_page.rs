//! The pages that mailed links open, as answers: no scripts, nothing from elsewhere, and their address is told to nobody.

use axum::response::{Html, IntoResponse as _, Response};
use dzinza_letters::{CONTENT_SECURITY_POLICY, Page, page};
use dzinza_web::{Language, Problem};
use http::{HeaderValue, StatusCode, header};

use crate::AuthPorts;
use crate::mailed::is_token;

/// Where the form leads.
const ACTION: &str = "/api/auth/reset-password";

/// A page in this language.
pub(crate) async fn answer(
    ports: &AuthPorts,
    language: Language,
    status: StatusCode,
    shown: Page<'_>,
) -> Result<Response, Problem> {
    let head = ports.post_office().head().await;
    let html = page(language.0, shown, &head.name, &head.site).map_err(|error| {
        tracing::error!(%error, "a page could not be written");
        Problem::internal()
    })?;
    let policy = HeaderValue::from_str(&CONTENT_SECURITY_POLICY).map_err(|_| Problem::internal())?;
    let fixed = HeaderValue::from_static;
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::REFERRER_POLICY, fixed("no-referrer")),
        (header::CACHE_CONTROL, fixed("no-store")),
        (header::CONTENT_LANGUAGE, fixed(language.0)),
        (header::VARY, fixed("Accept-Language")),
    ];
    Ok((status, headers, Html(html)).into_response())
}

/// The form with this token, or, if it cannot be one, a page that says so.
pub(crate) async fn form(ports: &AuthPorts, language: Language, token: &str) -> Result<Response, Problem> {
    if !is_token(token) {
        return answer(ports, language, StatusCode::BAD_REQUEST, Page::PasswordLinkSpent).await;
    }
    let shown = Page::NewPassword { action: ACTION, token, problem: None };
    answer(ports, language, StatusCode::OK, shown).await
}

/// The form again, with what was wrong; or that the link is of no use any more.
pub(crate) async fn refusal(
    ports: &AuthPorts,
    language: Language,
    token: &str,
    problem: &Problem,
) -> Result<Response, Problem> {
    let about_token = problem.errors().iter().any(|error| error.field == "token");
    if about_token || !is_token(token) {
        return answer(ports, language, problem.status(), Page::PasswordLinkSpent).await;
    }
    let code = problem.errors().first().map_or("other", |error| error.kind.as_str());
    let shown = Page::NewPassword { action: ACTION, token, problem: Some(code) };
    answer(ports, language, problem.status(), shown).await
}
