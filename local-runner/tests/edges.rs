//! The gateway over real HTTP: what browsers, proxies and operators see.

#[cfg(test)]
mod common;

use axum::body::Body;
use common::{Site, start};

const PAGE: &str = "https://app.example.org";

async fn with_origin() -> Site {
    start(|settings| settings.allowed_origins = vec![format!("{PAGE}/")]).await
}

#[tokio::test]
async fn a_page_from_an_allowed_origin_may_ask_with_credentials() {
    let site = with_origin().await;
    let asks = [
        ("origin", PAGE),
        ("access-control-request-method", "PATCH"),
        ("access-control-request-headers", "authorization"),
    ];
    let answer = site.send("OPTIONS", "/api/persons/p1", &asks, Body::empty()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(answer.header("access-control-max-age"), Some("600"));
    assert!(answer.header("access-control-allow-methods").unwrap().contains("PATCH"));
    assert!(answer.header("access-control-allow-headers").unwrap().contains("idempotency-key"));

    let answer = site.send("GET", "/api/nowhere", &[("origin", PAGE)], Body::empty()).await;
    answer.problem(404);
    assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
    assert!(answer.header("access-control-expose-headers").unwrap().contains("retry-after"));
    assert!(answer.header("vary").unwrap().to_lowercase().contains("origin"));
}

#[tokio::test]
async fn a_page_from_elsewhere_gets_no_permission() {
    let site = with_origin().await;
    for origin in
        ["https://evil.example", "https://app.example.org.evil.example", "null", "http://app.example.org"]
    {
        let asks = [("origin", origin), ("access-control-request-method", "POST")];
        for answer in [
            site.send("OPTIONS", "/api/persons", &asks, Body::empty()).await,
            site.send("GET", "/api/persons", &asks[..1], Body::empty()).await,
        ] {
            assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
        }
    }
}

#[tokio::test]
async fn a_request_has_one_id_on_both_sides() {
    let site = start(|_| {}).await;
    for name in ["x-request-id", "x-correlation-id"] {
        let answer = site.send("GET", "/api/persons", &[(name, "trace-1.a_B")], Body::empty()).await;
        assert_eq!(answer.header("x-request-id"), Some("trace-1.a_B"));
        let headers = answer.json()["headers"].to_string();
        assert!(
            headers.contains("x-request-id: trace-1.a_B")
                && headers.contains("x-correlation-id: trace-1.a_B")
        );
    }
    let forged = site.send("GET", "/api/nowhere", &[("x-request-id", "a b<script>")], Body::empty()).await;
    let id = forged.problem(404)["requestId"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 36, "{id}");
}

#[tokio::test]
async fn functions_see_no_claims_of_outsiders_and_clients_no_inner_headers() {
    let site = start(|_| {}).await;
    let claims = [
        ("x-user-id", "u1"),
        ("X-User-Roles", "admin"),
        ("x-forwarded-for", "1.1.1.1"),
        ("x-real-ip", "1.1.1.1"),
        ("connection", "x-once"),
        ("x-once", "1"),
        ("authorization", "Bearer t"),
        ("cookie", "theme=dark; access_token_cookie=t"),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ];
    let answer = site.send("GET", "/api/persons", &claims, Body::empty()).await;
    let headers = answer.json()["headers"].to_string();
    for gone in ["x-user", "1.1.1.1", "x-once", "theme"] {
        assert!(!headers.contains(gone), "{gone} in {headers}");
    }
    for kept in [
        "authorization: Bearer t",
        "cookie: access_token_cookie=t",
        "traceparent: 00-4bf92f35",
        "x-forwarded-for: 127.0.0.1",
        "x-real-ip: 127.0.0.1",
        "x-forwarded-host: dzinza.test",
        "x-forwarded-proto: http\"",
    ] {
        assert!(headers.contains(kept), "{kept} not in {headers}");
    }
    assert_eq!(site.get("/api/family-trees/hop").await.header("x-inner"), None);
}

#[tokio::test]
async fn every_answer_tells_browsers_to_be_careful() {
    let site = start(|settings| settings.public_tls = true).await;
    for path in ["/health", "/api/persons", "/api/nowhere", "/", "/api/docs"] {
        let answer = site.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert_eq!(answer.header("referrer-policy"), Some("strict-origin-when-cross-origin"));
        assert!(answer.header("strict-transport-security").is_some());
        assert_eq!(answer.header("x-xss-protection"), None, "it does more harm than good");
        assert!(answer.header("x-response-time").unwrap().ends_with("ms"));
        let html = answer.header("content-type").unwrap().starts_with("text/html");
        assert_eq!(answer.header("content-security-policy").is_some(), html, "{path}");
    }
    assert_eq!(start(|_| {}).await.get("/health").await.header("strict-transport-security"), None);
}

/// The folder is there for as long as it is held.
#[cfg(test)]
async fn with_frontend() -> (Site, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("index.html", "<title>app</title>"),
        ("assets/app-1a2b.js", "1"),
        ("robots.txt", "no"),
        (".env", "SECRET=1"),
    ] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let path = folder.path().to_owned();
    (start(|settings| settings.frontend = Some(path)).await, folder)
}

#[tokio::test]
async fn the_frontend_has_every_address_that_is_not_the_apis() {
    let (site, _folder) = with_frontend().await;
    for path in
        ["/", "/login", "/trees/t1/", "/reset-password/a.b.c", "/auth/refresh", "/assets", "/index.html"]
    {
        let answer = site.get(path).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, "<title>app</title>"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
        assert!(answer.header("content-security-policy").unwrap().contains("script-src 'self'"));
    }
    let file = site.get("/assets/app-1a2b.js").await;
    assert!(file.header("cache-control").unwrap().contains("immutable"));
    assert_eq!(site.get("/robots.txt").await.text(), "no");
    for path in ["/assets/gone.js", "/api/nowhere", "/v1/nowhere", "/.env", "/%2eenv", "/blobs"] {
        site.get(path).await.problem(404);
    }
    assert!(!site.get("/%2e%2e/%2e%2e/etc/passwd").await.text().contains("root:"));
}

#[tokio::test]
async fn the_frontend_is_only_read_but_its_refresh_reaches_auth() {
    let (site, _folder) = with_frontend().await;
    let refresh = site.send("POST", "/auth/refresh", &[], "{}").await;
    assert_eq!(refresh.by(), ("auth".to_owned(), "/api/auth/refresh".to_owned()));
    let post = site.send("POST", "/login", &[], "{}").await;
    post.problem(405);
    assert_eq!(post.header("allow"), Some("GET,HEAD"));
    let head = site.send("HEAD", "/login", &[], Body::empty()).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[tokio::test]
async fn without_a_frontend_the_root_says_where_things_are() {
    let answer = start(|_| {}).await.get("/").await;
    for word in ["/api/docs", "/health", "--frontend"] {
        assert!(answer.text().contains(word), "{word}");
    }
}

#[tokio::test]
async fn health_is_told_of_the_gateway_each_service_and_all() {
    let site = start(|_| {}).await;
    for path in ["/health", "/api/health", "/v1/health/", "/api/v1/gateway/health", "/health/live"] {
        let body = site.get(path).await.json();
        assert_eq!((&body["status"], &body["version"]), (&"healthy".into(), &"9.9".into()), "{path}");
        assert!(body["timestamp"].as_str().unwrap().ends_with('Z'));
    }
    assert_eq!(site.get("/api/v1/auth/health").await.json()["own"], true);
    for path in ["/api/genealogy/health", "/api/trees/health", "/api/family-trees/health"] {
        let answer = site.get(path).await;
        assert_eq!((answer.status, &answer.json()["status"]), (200, &"healthy".into()), "{path}");
    }
    let live = site.get("/api/v1/auth/health/live").await;
    assert_eq!((live.status, live.json()["service"].as_str()), (200, Some("auth-service")));
    assert!(live.json().get("own").is_none(), "the function is not asked");
    assert_eq!(site.get("/api/nobody/health/live").await.status, 200);
    let down = site.get("/api/nobody/health").await;
    assert_eq!((down.status, &down.json()["status"]), (503, &"unhealthy".into()));

    let all = site.get("/health/detailed").await;
    assert_eq!(all.status, 503);
    let body = all.json();
    assert_eq!(body["status"], "unhealthy");
    for (name, status) in
        [("auth", "healthy"), ("genealogy", "healthy"), ("trees", "healthy"), ("nobody", "unhealthy")]
    {
        assert_eq!(body["dependencies"][name]["status"], status, "{name}");
    }
    assert!(body.get("error").is_none());
}

#[tokio::test]
async fn metrics_are_for_neighbours_who_speak_for_themselves() {
    let site = start(|_| {}).await;
    assert_eq!(site.get("/metrics").await.text(), "up 1\n");
    site.send("GET", "/metrics", &[("x-forwarded-for", "127.0.0.1")], Body::empty()).await.problem(404);
}

#[tokio::test]
async fn the_api_is_described_from_files_of_our_own() {
    let site = start(|_| {}).await;
    for path in ["/api/docs/openapi.json", "/api/v1/openapi.json", "/api/openapi.json"] {
        assert_eq!(site.get(path).await.json()["openapi"], "3.1.0", "{path}");
    }
    for page in ["/api/docs", "/api/docs/", "/api/v1/docs"] {
        let answer = site.get(page).await;
        assert_eq!(answer.status, 200);
        let html = answer.text();
        assert!(!html.contains("://"), "the page loads something from elsewhere: {html}");
        for file in html.split('"').filter(|part| part.contains(".js") || part.contains(".css")) {
            assert!(file.starts_with("/api/docs/"), "{file}");
            assert_eq!(site.get(file).await.status, 200, "{file}");
        }
    }
    assert!(site.get("/api/docs/swagger-initializer.js").await.text().contains("/api/docs/openapi.json"));
    site.get("/api/docs/nothing.js").await.problem(404);
    let without = start(|settings| settings.docs = false).await;
    without.get("/api/docs").await.problem(404);
    for path in ["/api/docs/openapi.json", "/api/v1/openapi.json", "/api/openapi.json"] {
        without.get(path).await.problem(404);
    }
}
