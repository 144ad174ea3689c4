//! What of a message is between two neighbours only, and what nobody outside may say.

use axum::response::Response;
use dzinza_telemetry::traces;
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};

use super::observe::RequestInfo;

/// RFC 9110, 7.6.1, and what older software uses.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Where the client and its request come from is for the gateway to say.
const OURS_TO_SAY: [&str; 7] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "x-request-id",
    "x-correlation-id",
];

/// The one cookie every function reads (contract 2.3).
const ACCESS_COOKIE: &str = "access_token_cookie";

/// Makes the headers of a request those a function may trust.
pub(super) fn clean_request(headers: &mut HeaderMap, info: &RequestInfo, uri: &Uri, function: &str) {
    // Read before it is removed: what a trusted proxy says of the outside stands.
    let said = |name: &str| headers.get(name).filter(|_| info.proxied).cloned();
    let proto = said("x-forwarded-proto").filter(|value| value == "http" || value == "https");
    let host = said("x-forwarded-host")
        .or_else(|| headers.get(header::HOST).cloned())
        .or_else(|| HeaderValue::from_str(uri.authority()?.as_str()).ok());
    remove_hop_by_hop(headers);
    let forged: Vec<HeaderName> =
        headers.keys().filter(|name| is_ours_to_say(name.as_str())).cloned().collect();
    for name in forged {
        headers.remove(name);
    }
    if function != "auth" {
        keep_access_cookie(headers);
    }
    if let Some(ours) = traces::current().and_then(|context| HeaderValue::from_str(&context).ok()) {
        headers.insert("traceparent", ours);
    } else if !headers.get("traceparent").is_none_or(is_trace_context) {
        headers.remove("traceparent");
        headers.remove("tracestate");
    }
    let client = HeaderValue::from_str(&info.client.to_string()).ok();
    let id = HeaderValue::from_str(&info.id).ok();
    let proto = proto.unwrap_or_else(|| HeaderValue::from_static(if info.tls { "https" } else { "http" }));
    for (name, value) in [
        ("x-forwarded-for", client.clone()),
        ("x-real-ip", client),
        ("x-forwarded-proto", Some(proto)),
        ("x-forwarded-host", host),
        ("x-request-id", id.clone()),
        ("x-correlation-id", id),
    ] {
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
}

fn is_ours_to_say(name: &str) -> bool {
    name.starts_with("x-user-") || OURS_TO_SAY.contains(&name)
}

/// Removes what concerns only this connection, in either direction.
pub(super) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let listed: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        // Nobody gets rid of these by calling them hop-by-hop.
        .filter(|name| *name != header::AUTHORIZATION && *name != header::HOST && *name != header::COOKIE)
        .collect();
    for name in listed {
        headers.remove(name);
    }
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}

/// Cookies of other functions are none of this one's business.
fn keep_access_cookie(headers: &mut HeaderMap) {
    let lines: Vec<HeaderValue> = headers.get_all(header::COOKIE).iter().cloned().collect();
    headers.remove(header::COOKIE);
    let pairs = lines.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(';'));
    let access = pairs.map(str::trim).find(|pair| pair.split('=').next() == Some(ACCESS_COOKIE));
    if let Some(value) = access.and_then(|pair| HeaderValue::from_str(pair).ok()) {
        headers.insert(header::COOKIE, value);
    }
}

/// Whether somebody can go on with it (W3C Trace Context).
fn is_trace_context(value: &HeaderValue) -> bool {
    value.to_str().is_ok_and(|context| traces::parse(context).is_some())
}

/// For a page of the frontend: its own scripts, and pictures from where storage signs them.
pub(super) const FRONTEND_CSP: &str = "default-src 'self'; script-src 'self'; \
    style-src 'self' 'unsafe-inline' https://fonts.googleapis.com; font-src 'self' data: https://fonts.gstatic.com; \
    img-src 'self' data: blob: https:; media-src 'self' blob: https:; connect-src 'self'; \
    object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";
/// For a page nobody said anything of: it may show text and send a form.
const PLAIN_CSP: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'";

/// What every answer tells browsers (contract 6.3, step 3).
pub(super) fn secure(response: &mut Response, tls: bool) {
    let html =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|v| v.as_bytes().starts_with(b"text/html"));
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    let referrer = HeaderValue::from_static("strict-origin-when-cross-origin");
    headers.entry(header::REFERRER_POLICY).or_insert(referrer);
    if tls {
        let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    if html {
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(PLAIN_CSP));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(proxied: bool) -> RequestInfo {
        let ip = "203.0.113.9".parse().unwrap();
        RequestInfo {
            id: "r1".into(),
            path: "/".into(),
            client: ip,
            peer: ip,
            forwarded: true,
            proxied,
            tls: false,
            language: dzinza_web::Language("en"),
        }
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    fn cleaned(pairs: &[(&'static str, &str)], proxied: bool, function: &str) -> HeaderMap {
        let mut headers = headers(pairs);
        clean_request(&mut headers, &info(proxied), &Uri::from_static("/"), function);
        headers
    }

    #[test]
    fn nobody_outside_says_who_the_user_is_or_where_from() {
        let claims = [
            ("x-user-id", "admin"),
            ("x-user-roles", "admin"),
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "evil.example"),
            ("x-real-ip", "1.1.1.1"),
            ("forwarded", "for=1.1.1.1"),
            ("host", "dzinza.example"),
            ("authorization", "Bearer t"),
        ];
        let seen = cleaned(&claims, false, "auth");
        assert_eq!(seen["x-forwarded-for"], "203.0.113.9");
        assert_eq!(seen["x-real-ip"], "203.0.113.9");
        assert_eq!(seen["x-forwarded-proto"], "http");
        assert_eq!(seen["x-forwarded-host"], "dzinza.example");
        assert_eq!(
            (&seen["x-request-id"], &seen["x-correlation-id"]),
            (&"r1".parse().unwrap(), &"r1".parse().unwrap())
        );
        assert_eq!(seen["authorization"], "Bearer t");
        assert!(!seen.keys().any(|name| name.as_str().starts_with("x-user-") || name == "forwarded"));

        let behind_proxy = cleaned(&claims, true, "auth");
        assert_eq!(behind_proxy["x-forwarded-proto"], "https");
        assert_eq!(behind_proxy["x-forwarded-host"], "evil.example");
        assert_eq!(behind_proxy["x-forwarded-for"], "203.0.113.9");
    }

    #[test]
    fn what_concerns_one_connection_ends_there_but_not_the_credentials() {
        let seen = cleaned(
            &[
                ("connection", "close, x-once, Authorization"),
                ("x-once", "1"),
                ("te", "trailers"),
                ("authorization", "b"),
            ],
            false,
            "auth",
        );
        assert!(!seen.contains_key("x-once") && !seen.contains_key("te") && !seen.contains_key("connection"));
        assert_eq!(seen["authorization"], "b");
    }

    #[test]
    fn only_auth_sees_other_cookies_than_the_access_token() {
        let cookies = [("cookie", "theme=dark; access_token_cookie=a.b.c; x=y")];
        assert_eq!(cleaned(&cookies, false, "trees")["cookie"], "access_token_cookie=a.b.c");
        assert_eq!(cleaned(&cookies, false, "auth")["cookie"], cookies[0].1);
        assert!(!cleaned(&[("cookie", "theme=dark")], false, "trees").contains_key("cookie"));
    }

    #[test]
    fn a_valid_trace_is_passed_on_and_another_dropped() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(cleaned(&[("traceparent", good)], false, "auth")["traceparent"], good);
        for bad in ["x", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-4BF9-00f0-01"] {
            let seen = cleaned(&[("traceparent", bad), ("tracestate", "a=b")], false, "auth");
            assert!(!seen.contains_key("traceparent") && !seen.contains_key("tracestate"), "{bad}");
        }
    }
}
