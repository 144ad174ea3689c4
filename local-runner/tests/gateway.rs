//! The gateway over real HTTP: which function answers what, and what every error looks like.

#[cfg(test)]
mod common;

use std::time::{Duration, Instant};

use axum::body::Body;
use common::start;
use futures::StreamExt as _;
use http_body_util::BodyExt as _;
use serde_json::json;

#[tokio::test]
async fn the_more_specific_function_answers() {
    let site = start(|_| {}).await;
    for (path, function) in [
        ("/api/auth/login", "auth"),
        ("/api/users/me", "auth"),
        ("/api/family-trees", "trees"),
        ("/api/family-trees/t1/persons", "people"),
        ("/api/persons/p1/history", "people"),
    ] {
        assert_eq!(site.get(path).await.by(), (function.to_owned(), path.to_owned()));
    }
}

#[tokio::test]
async fn every_form_of_an_address_reaches_the_same_function_without_a_redirect() {
    let site = start(|_| {}).await;
    for (method, path, seen) in [
        ("GET", "/api/v1/persons/?page=1&limit=30", "/api/persons?page=1&limit=30"),
        ("POST", "/v1/people/", "/api/persons"),
        ("DELETE", "/api/v1/v1/auth/x%20y/?a=%2F", "/api/auth/x%20y?a=%2F"),
        ("GET", "/api/genealogy/trees", "/api/family-trees"),
        ("PUT", "/v1/genealogy/members/m1/", "/api/genealogy/members/m1"),
        ("POST", "/auth/refresh", "/api/auth/refresh"),
        ("POST", "/auth/refresh/", "/api/auth/refresh"),
        ("POST", "/api/auth/refresh", "/api/auth/refresh"),
    ] {
        let answer = site.send(method, path, &[], Body::empty()).await;
        assert_eq!((answer.status, answer.by().1.as_str()), (200, seen), "{method} {path}");
    }
}

#[tokio::test]
async fn an_encoded_slash_stays_inside_its_segment() {
    let site = start(|_| {}).await;
    assert_eq!(site.get("/api/family-trees/named/a%2Fb").await.text(), "a/b");
    // Decoded, this would be .../persons, which is another function's.
    site.get("/api/family-trees/t1%2Fpersons").await.problem(404);
    for path in [
        "/api/persons/../auth/login",
        "/api/persons/%2e%2e/auth/login",
        "/api//auth/login",
        "/api/persons//x",
    ] {
        site.get(path).await.problem(404);
    }
}

#[tokio::test]
async fn an_unknown_address_is_told_in_the_one_error_body() {
    let site = start(|_| {}).await;
    let body = site.get("/api/v1/nowhere/at-all?x=1").await.problem(404);
    assert_eq!(body["error"], "Endpoint not found");
    assert_eq!(body["path"], "/api/v1/nowhere/at-all");
    assert_eq!(body["error_source"], "api-gateway");
    // A function's router without an answer of its own, and one with.
    let body = site.get("/api/family-trees/nowhere").await.problem(404);
    assert_eq!(body["path"], "/api/family-trees/nowhere");
    assert!(body.get("error_source").is_none());
    let body = site.get("/api/family-trees/gone").await.problem(404);
    assert_eq!(body["message"], "This tree is gone");
    for path in ["/blobs", "/metrics/x", "/health/x", "/nowhere"] {
        site.get(path).await.problem(404);
    }
}

#[tokio::test]
async fn a_method_that_is_not_taken_is_told_with_those_that_are() {
    let site = start(|_| {}).await;
    for (path, allow) in [
        ("/api/family-trees/only-post", "POST"),
        ("/api/genealogy/test", "GET,HEAD"),
        ("/health", "GET,HEAD"),
    ] {
        let answer = site.send("DELETE", path, &[], Body::empty()).await;
        assert_eq!(answer.problem(405)["error"], "METHOD_NOT_ALLOWED");
        assert_eq!(answer.header("allow"), Some(allow), "{path}");
        let options = site.send("OPTIONS", path, &[], Body::empty()).await;
        assert_eq!(
            (options.status, options.header("allow")),
            (204, Some(format!("{allow},OPTIONS").as_str()))
        );
        assert!(options.body.is_empty());
    }
}

#[tokio::test]
async fn head_is_answered_where_get_is() {
    let site = start(|_| {}).await;
    for path in ["/health", "/api/family-trees/named/x", "/api/auth/health", "/api/docs", "/"] {
        let answer = site.send("HEAD", path, &[], Body::empty()).await;
        assert_eq!((answer.status, answer.body.len()), (200, 0), "{path}");
    }
    let answer = site.send("HEAD", "/api/nowhere", &[], Body::empty()).await;
    assert_eq!((answer.status, answer.body.len()), (404, 0));
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_declared_or_not() {
    let site = start(|_| {}).await;
    let chunked = |bytes: usize| {
        Body::from_stream(futures::stream::iter(
            (0..bytes / 50).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 50])),
        ))
    };
    let json = [("content-type", "application/json")];
    let form = [("content-type", "multipart/form-data; boundary=b")];
    for (headers, body, status) in [
        (json, Body::from("x".repeat(100)), 200),
        (json, Body::from("x".repeat(101)), 413),
        (json, chunked(100), 200),
        (json, chunked(150), 413),
        (form, Body::from("x".repeat(1000)), 200),
        (form, Body::from("x".repeat(1001)), 413),
        (form, chunked(1050), 413),
    ] {
        let answer = site.send("POST", "/api/auth/x", &headers, body).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        if status == 413 {
            assert_eq!(answer.problem(413)["error"], "PAYLOAD_TOO_LARGE");
        }
    }
}

#[tokio::test]
async fn what_goes_wrong_in_a_function_is_the_one_body_and_tells_nothing() {
    let site = start(|_| {}).await;
    let body = site.get("/api/family-trees/panic").await.problem(500);
    assert_eq!(body["error"], "INTERNAL_ERROR");
    assert!(!body.to_string().contains("secret"));
    let body = site.get("/api/family-trees/plain").await.problem(400);
    assert!(!body.to_string().contains("serde"));
    let started = Instant::now();
    let body = site.get("/api/family-trees/slow").await.problem(504);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!((&body["error"], &body["error_source"]), (&json!("GATEWAY_TIMEOUT"), &json!("api-gateway")));
    // The template has it, but nothing is linked.
    site.get("/api/nobody").await.problem(404);
}

#[tokio::test]
async fn an_answer_streams_and_its_body_may_outlast_the_timeout() {
    let site = start(|_| {}).await;
    let started = Instant::now();
    let response = site.open("GET", "/api/family-trees/drip", &[], Body::empty()).await;
    let mut frames = response.into_body().into_data_stream();
    let first = frames.next().await.unwrap().unwrap();
    assert_eq!(first, "chunk0;");
    assert!(started.elapsed() < Duration::from_millis(250), "the first chunk waited for the last");
    let rest: Vec<_> = frames.map(|frame| frame.unwrap()).collect().await;
    assert_eq!(rest, ["chunk1;", "chunk2;"]);
    assert!(started.elapsed() >= Duration::from_millis(500));
}

#[tokio::test]
async fn a_request_streams_too() {
    let site = start(|_| {}).await;
    let slow = futures::stream::iter(0..3).then(|_| async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Ok::<_, std::io::Error>("0123456789")
    });
    let answer = site.send("POST", "/api/persons", &[], Body::from_stream(slow)).await;
    assert_eq!(answer.json()["length"], 30);
}

#[tokio::test]
async fn one_address_may_ask_so_often_and_learns_what_is_left() {
    let site = start(|settings| settings.rate_limit_max = 2).await;
    let first = site.get("/api/persons").await;
    assert_eq!(
        (first.header("ratelimit-limit"), first.header("ratelimit-remaining")),
        (Some("2"), Some("1"))
    );
    assert!(first.header("ratelimit-reset").is_some());
    assert_eq!(site.get("/api/nowhere").await.header("ratelimit-remaining"), Some("0"));
    let refused = site.get("/api/persons").await;
    let body = refused.problem(429);
    assert_eq!((&body["error"], &body["error_source"]), (&json!("RATE_LIMITED"), &json!("api-gateway")));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=450).contains(&wait) && body["retryAfter"] == wait);
    // A claim to be someone else changes nothing, and health is always told.
    let claim = [("x-forwarded-for", "198.51.100.7")];
    site.send("GET", "/api/persons", &claim, Body::empty()).await.problem(429);
    for path in ["/health", "/api/auth/health", "/blobs/x", "/"] {
        assert_eq!(site.get(path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn what_a_function_says_of_a_narrower_allowance_stands() {
    let site = start(|settings| settings.rate_limit_max = 9).await;
    let answer = site.get("/api/family-trees/narrow").await;
    assert_eq!((answer.header("ratelimit-limit"), answer.header("ratelimit-remaining")), (Some("2"), None));
}

#[tokio::test]
async fn behind_a_trusted_proxy_every_client_has_its_own_allowance() {
    let site = start(|settings| {
        settings.rate_limit_max = 1;
        settings.trusted_proxies = vec!["127.0.0.0/8".to_owned()];
    })
    .await;
    for (client, status) in [("198.51.100.7", 200), ("198.51.100.8", 200), ("9.9.9.9, 198.51.100.7", 429)] {
        let answer = site.send("GET", "/api/persons", &[("x-forwarded-for", client)], Body::empty()).await;
        assert_eq!(answer.status, status, "{client}");
    }
}

#[tokio::test]
async fn errors_are_told_in_the_callers_language_whoever_made_them() {
    let site = start(|settings| settings.rate_limit_max = 6).await;
    let shona = [("accept-language", "sn, en;q=0.5"), ("origin", "https://elsewhere.example")];
    let ndebele = [("accept-language", "nd-ZW")];
    let nowhere = site.send("GET", "/api/nowhere", &shona, Body::empty()).await;
    let body = nowhere.problem(404);
    assert_eq!(body["message"], "Hapana chinhu pakero iyi");
    assert_eq!((&body["error"], &body["path"]), (&json!("Endpoint not found"), &json!("/api/nowhere")));
    assert_eq!(nowhere.header("content-language"), Some("sn"));
    let vary = nowhere.header("vary").unwrap().to_lowercase();
    assert!(vary.contains("origin") && vary.contains("accept-language"), "{vary}");
    // A function's plain text is not told at all; what a catalogue lacks stays English.
    let plain = site.send("GET", "/api/family-trees/plain", &ndebele, Body::empty()).await;
    assert_eq!(plain.problem(400)["message"], "Isicelo kasiqondanga");
    assert_eq!(plain.header("content-language"), Some("nd"));
    let gone = site.send("GET", "/api/family-trees/gone", &ndebele, Body::empty()).await;
    assert_eq!(gone.problem(404)["message"], "This tree is gone");
    assert_eq!(gone.header("content-language"), Some("en"));
    let english = site.get("/api/nowhere").await;
    assert_eq!(english.problem(404)["message"], "There is nothing at this address");
    assert_eq!(english.header("content-language"), Some("en"));
    let well = site.send("GET", "/api/persons", &shona, Body::empty()).await;
    assert_eq!((well.status, well.header("content-language")), (200, None));
    site.get("/api/persons").await;
    let refused = site.send("GET", "/api/persons", &shona, Body::empty()).await;
    let body = refused.problem(429);
    assert_eq!(body["message"], "Zvikumbiro zvawandisa. Tapota edzai zvakare mushure menguva.");
    assert_eq!((&body["error"], refused.header("content-language")), (&json!("RATE_LIMITED"), Some("sn")));
}

#[tokio::test]
async fn a_route_has_the_templates_limit() {
    let site = start(|_| {}).await;
    assert_eq!(site.get("/api/persons/throttled").await.status, 200);
    let refused = site.get("/api/persons/throttled").await;
    refused.problem(429);
    assert!(refused.header("retry-after").is_some());
    assert_eq!(site.get("/api/persons/other").await.status, 200);
}

#[tokio::test]
async fn numbers_are_kept_by_route_and_never_by_path() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let numbers = recorder.handle();
    metrics::set_global_recorder(recorder).unwrap();
    let site = start(|settings| settings.rate_limit_max = 4).await;
    for path in [
        "/api/auth/private-1",
        "/api/family-trees/named/private-2",
        "/private-3",
        "/api/private-4",
        "/api/x",
        "/api/x",
    ] {
        site.get(path).await;
    }
    let text = numbers.render();
    for line in [
        r#"auth_service_http_requests_total{method="GET",route="/api/auth/{proxy+}",status_code="200"}"#,
        r#"genealogy_service_http_requests_total{method="GET",route="/api/family-trees/named/{id}",status_code="200"}"#,
        r#"genealogy_service_http_request_duration_seconds_count{method="GET",route="/api/family-trees/named/{id}""#,
        r#"gateway_service_http_requests_total{method="GET",route="other",status_code="404"}"#,
        r#"gateway_service_proxied_requests_total{target_service="auth",route="/api/auth/{proxy+}",status_code="200"}"#,
        r#"gateway_service_upstream_duration_seconds_count{target_service="trees"}"#,
        r#"rate_limited_total{scope="ip"}"#,
    ] {
        assert!(text.contains(line), "{line} not in {text}");
    }
    assert!(!text.contains("private"), "{text}");
}
