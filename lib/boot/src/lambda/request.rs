//! From what API Gateway sends to the request that its caller made.

use axum::body::Body;
use axum::extract::Request;
use http::{HeaderName, HeaderValue, Uri};
use lambda_http::RequestExt as _;
use lambda_http::request::RequestContext;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What a path cannot have as it is. `%` is left: whether an address was decoded on its way here cannot be seen, and in
/// ours none stands for itself.
const NOT_IN_PATHS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'\\');

/// The request as it would have come without Lambda in between.
pub(super) fn from_event(event: lambda_http::Request) -> Request {
    let path = utf8_percent_encode(event.raw_http_path(), NOT_IN_PATHS).to_string();
    let target = match event.uri().query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let id = match event.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        _ => None,
    };
    let (parts, body) = event.into_parts();
    let body = match body {
        lambda_http::Body::Text(text) => Body::from(text),
        lambda_http::Body::Binary(bytes) => Body::from(bytes),
        _ => Body::empty(),
    };
    let mut request = Request::new(body);
    *request.method_mut() = parts.method;
    // What the runtime made of the address is the next best.
    *request.uri_mut() = target.parse::<Uri>().unwrap_or(parts.uri);
    *request.headers_mut() = parts.headers;
    if let Some(id) = id.and_then(|id| HeaderValue::from_str(&id).ok()) {
        request.headers_mut().entry(HeaderName::from_static("x-request-id")).or_insert(id);
    }
    request
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use serde_json::json;

    use super::*;

    fn event(path: &str, query: &str, headers: &serde_json::Value) -> Request {
        let event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query, "headers": headers,
            "cookies": ["a=1", "b=2"], "isBase64Encoded": true, "body": "AP8=",
            "requestContext": {
                "accountId": "1", "apiId": "x", "stage": "$default", "requestId": "id-of-the-gateway", "timeEpoch": 0,
                "http": { "method": "PATCH", "path": path, "protocol": "HTTP/1.1", "sourceIp": "::1" },
            },
        });
        from_event(lambda_http::request::from_str(&event.to_string()).unwrap())
    }

    #[tokio::test]
    async fn the_request_is_the_one_that_was_made() {
        let request = event("/api/persons/Mhizha Ž", "q=a%20b&q=%2B", &json!({"host": "api.example"}));
        assert_eq!(request.uri(), "/api/persons/Mhizha%20%C5%BD?q=a%20b&q=%2B");
        assert_eq!(request.method(), "PATCH");
        assert_eq!(request.headers()["cookie"], "a=1; b=2");
        assert_eq!(request.headers()["x-request-id"], "id-of-the-gateway");
        assert_eq!(request.into_body().collect().await.unwrap().to_bytes().as_ref(), [0, 255]);
    }

    #[test]
    fn no_path_ends_early_or_leads_elsewhere() {
        let host = json!({"host": "h", "x-request-id": "given"});
        for (path, target) in [
            ("/a?b", "/a%3Fb"),
            ("/a#b", "/a%23b"),
            ("/a/../b", "/a/../b"),
            ("/a%2Fb", "/a%2Fb"),
            ("//a", "//a"),
        ] {
            let request = event(path, "", &host);
            assert_eq!(request.uri().path(), target);
            assert_eq!(request.headers()["x-request-id"], "given");
        }
    }
}
