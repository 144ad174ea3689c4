//! The page that a mailed link opens: no scripts, nothing from elsewhere, and its address is told to nobody.

use axum::response::{Html, IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};

const CSP: &str = "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// A text, and below it the form if there is a token to send with it.
pub(crate) fn page(status: StatusCode, text: &str, token: Option<&str>) -> Response {
    let form = token.map(form).unwrap_or_default();
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Dzinza: new password</title></head>\n\
         <body><h1>Dzinza</h1>\n<p>{}</p>\n{form}</body></html>\n",
        escaped(text)
    );
    let mut response = (status, Html(html)).into_response();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn form(token: &str) -> String {
    format!(
        "<form method=\"post\" action=\"/api/auth/reset-password\">\
         <input type=\"hidden\" name=\"token\" value=\"{}\">\n\
         <p><label>New password (at least 8 characters, with a lowercase and an uppercase letter, a digit and a \
         special character)<br>\
         <input type=\"password\" name=\"newPassword\" autocomplete=\"new-password\" minlength=\"8\" required>\
         </label></p>\n<p><button>Change the password</button></p></form>\n",
        escaped(token)
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}
