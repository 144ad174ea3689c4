//! The cross-site guard for callers known by cookie (contract 2.3).

use http::{HeaderMap, Method, Uri, header};

/// Whether a request that is known by cookie alone may do what its method says.
pub(crate) fn cookie_may(method: &Method, headers: &HeaderMap, allowed_origins: &[String]) -> bool {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return true;
    }
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(origin) = text(header::ORIGIN) {
        return allowed_origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
            || same_host(origin, text(header::HOST));
    }
    text(header::HeaderName::from_static("sec-fetch-site")) == Some("same-origin")
}

/// A page this very host served may call it. The host of the cookie's own site cannot be forged by another.
fn same_host(origin: &str, host: Option<&str>) -> bool {
    let Ok(uri) = origin.parse::<Uri>() else { return false };
    match (uri.authority(), host) {
        (Some(authority), Some(host)) => authority.as_str().eq_ignore_ascii_case(host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &Method, pairs: &[(&'static str, &str)]) -> bool {
        let headers = pairs
            .iter()
            .map(|(n, v)| (http::HeaderName::from_static(n), v.parse().unwrap()))
            .collect::<HeaderMap>();
        cookie_may(method, &headers, &["https://app.dzinza.org".to_owned()])
    }

    #[test]
    fn reading_is_always_allowed_and_writing_needs_a_known_origin() {
        assert!(check(&Method::GET, &[]));
        assert!(!check(&Method::POST, &[]));
        assert!(check(&Method::POST, &[("origin", "https://app.dzinza.org")]));
        assert!(!check(
            &Method::POST,
            &[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")]
        ));
        assert!(check(&Method::PATCH, &[("sec-fetch-site", "same-origin")]));
        assert!(!check(&Method::PATCH, &[("sec-fetch-site", "same-site")]));
        assert!(check(&Method::DELETE, &[("origin", "http://127.0.0.1:3001"), ("host", "127.0.0.1:3001")]));
        assert!(!check(&Method::DELETE, &[("origin", "null"), ("host", "127.0.0.1:3001")]));
    }
}
