//! Every error is the one error body (contract 2.2 and genealogy 0.4), whoever made it.

use axum::body::{Body, HttpBody as _};
use axum::response::{IntoResponse as _, Response};
use dzinza_web::Problem;
use http::{HeaderValue, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use serde_json::{Map, Value, json};

use super::observe::RequestInfo;

/// On a response: its body is no error body though its status is an error's (a health report with 503).
#[derive(Debug, Clone, Copy)]
pub(super) struct AsIs;

/// An error body larger than this is none of ours.
const LARGEST: usize = 1024 * 1024;

/// What an unknown address is told (genealogy 0.4).
pub(super) fn unknown_address() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "Endpoint not found", "There is nothing at this address")
}

/// An error the gateway made.
pub(super) fn own(problem: Problem) -> Response {
    problem.with("error_source", "api-gateway").into_response()
}

/// Completes an error answer with the request's id, and makes it the one error body where it is not, in the language
/// of the request unless the answer says which it is in. Pages and what is marked [`AsIs`] stay. `by_function` is whether a function gave the answer.
pub(super) async fn complete(response: Response, info: &RequestInfo, by_function: bool) -> Response {
    let status = response.status();
    let error = status.is_client_error() || status.is_server_error();
    if !error || response.extensions().get::<AsIs>().is_some() {
        return response;
    }
    let content_type =
        response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let empty = response.body().size_hint().exact() == Some(0);
    if content_type.starts_with(b"text/html") && !empty {
        return response;
    }
    let json = content_type.starts_with(b"application/json") || content_type.ends_with(b"+json");
    let (mut parts, body) = response.into_parts();
    let found = if json && !empty { object(body).await } else { None };
    // With nothing usable found, all keys are made from the status.
    let mut object = found.unwrap_or_default();
    if object.is_empty() && !by_function {
        object.insert("error_source".to_owned(), json!("api-gateway"));
    }
    fill(&mut object, status);
    object.insert("requestId".to_owned(), json!(info.id));
    if status == StatusCode::NOT_FOUND {
        object.entry("path").or_insert_with(|| json!(info.path));
    }
    if parts.headers.contains_key(header::CONTENT_LANGUAGE) {
        dzinza_web::vary(&mut parts.headers);
    } else {
        dzinza_web::translate(&mut object, info.language).tell(&mut parts.headers);
    }
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(Value::Object(object).to_string()))
}

async fn object(body: Body) -> Option<Map<String, Value>> {
    let bytes = Limited::new(body, LARGEST).collect().await.ok()?.to_bytes();
    serde_json::from_slice(&bytes).ok()
}

/// The keys every error has, made from those it has already.
fn fill(object: &mut Map<String, Value>, status: StatusCode) {
    let text = |key: &str| object.get(key).filter(|value| value.is_string()).cloned();
    let message = text("message").or_else(|| text("detail")).or_else(|| text("error"));
    let message = message.unwrap_or_else(|| json!(text_of(status)));
    let error = text("error").unwrap_or_else(|| json!(code(status)));
    object.insert("error".to_owned(), error);
    for key in ["message", "detail"] {
        object.entry(key).or_insert_with(|| message.clone());
    }
    object.insert("statusCode".to_owned(), json!(status.as_u16()));
}

/// What is said of a status when nothing else is known.
fn text_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "The request is not valid",
        StatusCode::UNAUTHORIZED => "Please sign in",
        StatusCode::FORBIDDEN => "You may not do this",
        StatusCode::NOT_FOUND => "There is nothing at this address",
        StatusCode::METHOD_NOT_ALLOWED => "This address does not take that method",
        StatusCode::PAYLOAD_TOO_LARGE => "The request is too large",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "This address does not take that kind of content",
        StatusCode::RANGE_NOT_SATISFIABLE => "There is no such part of this file",
        StatusCode::TOO_MANY_REQUESTS => "Too many requests. Please try again later.",
        status if status.is_client_error() => "The request cannot be served",
        _ => "Something went wrong on our side. Please try again.",
    }
}

fn code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "BAD_REQUEST",
        StatusCode::UNAUTHORIZED => "UNAUTHORIZED",
        StatusCode::FORBIDDEN => "FORBIDDEN",
        StatusCode::NOT_FOUND => "NOT_FOUND",
        StatusCode::METHOD_NOT_ALLOWED => "METHOD_NOT_ALLOWED",
        StatusCode::CONFLICT => "CONFLICT",
        StatusCode::PAYLOAD_TOO_LARGE => "PAYLOAD_TOO_LARGE",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "UNSUPPORTED_MEDIA_TYPE",
        StatusCode::RANGE_NOT_SATISFIABLE => "RANGE_NOT_SATISFIABLE",
        StatusCode::TOO_MANY_REQUESTS => "RATE_LIMITED",
        StatusCode::BAD_GATEWAY => "BAD_GATEWAY",
        StatusCode::SERVICE_UNAVAILABLE => "SERVICE_UNAVAILABLE",
        StatusCode::GATEWAY_TIMEOUT => "GATEWAY_TIMEOUT",
        status if status.is_client_error() => "BAD_REQUEST",
        _ => "INTERNAL_ERROR",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn completed(response: Response, by_function: bool) -> (StatusCode, Value) {
        let ip = "127.0.0.1".parse().unwrap();
        let info = RequestInfo {
            id: "r1".into(),
            path: "/api/x".into(),
            client: ip,
            peer: ip,
            forwarded: false,
            proxied: false,
            tls: false,
            language: dzinza_web::Language("en"),
        };
        let response = complete(response, &info, by_function).await;
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (
            status,
            serde_json::from_slice(&bytes).unwrap_or(Value::String(String::from_utf8_lossy(&bytes).into())),
        )
    }

    #[tokio::test]
    async fn a_functions_problem_keeps_its_words_and_gains_the_request_id() {
        let (_, body) =
            completed(Problem::field("name", "required", "Tell us the name").into_response(), true).await;
        assert_eq!(body["message"], "Tell us the name");
        assert_eq!(body["errors"][0]["field"], "name");
        assert_eq!((&body["requestId"], &body["statusCode"]), (&json!("r1"), &json!(400)));
        assert!(body.get("error_source").is_none() && body.get("path").is_none());
    }

    #[tokio::test]
    async fn empty_and_foreign_bodies_become_the_one_body() {
        for response in [
            StatusCode::NOT_FOUND.into_response(),
            (StatusCode::NOT_FOUND, "stack trace at line 5").into_response(),
            (StatusCode::NOT_FOUND, axum::Json(json!([1]))).into_response(),
        ] {
            let (status, body) = completed(response, true).await;
            assert_eq!(status, StatusCode::NOT_FOUND);
            assert_eq!(
                body,
                json!({
                    "error": "NOT_FOUND", "message": "There is nothing at this address",
                    "detail": "There is nothing at this address", "statusCode": 404, "requestId": "r1",
                    "path": "/api/x",
                })
            );
        }
        let (_, body) =
            completed((StatusCode::CONFLICT, axum::Json(json!({"message": "m"}))).into_response(), true)
                .await;
        assert_eq!(
            body,
            json!({"error": "CONFLICT", "message": "m", "detail": "m", "statusCode": 409, "requestId": "r1"})
        );
    }

    #[tokio::test]
    async fn what_the_gateway_made_says_so() {
        let (_, body) = completed(own(unknown_address()), false).await;
        assert_eq!(
            (&body["error"], &body["error_source"]),
            (&json!("Endpoint not found"), &json!("api-gateway"))
        );
        let (_, body) = completed(StatusCode::METHOD_NOT_ALLOWED.into_response(), false).await;
        assert_eq!(
            (&body["error"], &body["error_source"]),
            (&json!("METHOD_NOT_ALLOWED"), &json!("api-gateway"))
        );
    }

    #[tokio::test]
    async fn pages_and_reports_stay_as_they_are() {
        let page = (StatusCode::BAD_REQUEST, axum::response::Html("<p>used up</p>")).into_response();
        assert_eq!(completed(page, true).await.1, "<p>used up</p>");
        let mut report =
            (StatusCode::SERVICE_UNAVAILABLE, axum::Json(json!({"status": "unhealthy"}))).into_response();
        report.extensions_mut().insert(AsIs);
        assert_eq!(completed(report, false).await.1, json!({"status": "unhealthy"}));
    }
}
