//! The gateway before the real functions: limits, other sites, versions, the frontend's folder.
#![cfg(test)]

use dzinza_runner::serve::Serve;
use dzinza_tests::{Answer, Client, Mode, PASSWORD, PUBLIC_OPERATIONS, Server};
use http::Method;
use serde_json::json;
use std::sync::Arc;

const PAGE: &str = "http://localhost:5173";
const EVIL: &str = "https://evil.example";

#[track_caller]
fn limits(answer: &Answer) -> [u64; 3] {
    ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"].map(|name| {
        answer.header(name).and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{name} is missing"))
    })
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_again() {
    let server = Server::with(|settings| {
        settings.rate_limit_max_requests = 3;
        settings.rate_limit_window_ms = 600_000;
    })
    .await;
    let nobody = Client::anonymous(&server);
    for left in [2, 1, 0] {
        let answer = nobody.get("/api/genealogy/test").await;
        let [limit, remaining, reset] = limits(&answer);
        assert_eq!((answer.status, limit, remaining), (200, 3, left));
        assert!((1..=600).contains(&reset));
    }
    for claim in ["", "198.51.100.7"] {
        let request = nobody.request(Method::POST, "/api/auth/login").header("x-forwarded-for", claim);
        let refused = nobody.send(request.json(&json!({ "email": "a@b.zw", "password": "x" }))).await;
        assert_eq!(limits(&refused)[..2], [3, 0]);
        let wait = refused.header("retry-after").unwrap().to_owned();
        let body = refused.problem(429);
        assert_eq!((&body["error"], body["retryAfter"].to_string()), (&json!("RATE_LIMITED"), wait));
    }
    nobody.get("/health").await.ok(200);
    server.stop().await;
}

#[tokio::test]
async fn behind_a_trusted_proxy_every_client_has_its_own_allowance() {
    let server = Server::with(|settings| {
        settings.rate_limit_max_requests = 1;
        settings.trusted_proxies = vec!["127.0.0.0/8".to_owned()];
    })
    .await;
    let nobody = Client::anonymous(&server);
    for (client, status) in
        [("198.51.100.7", 200), ("198.51.100.8", 200), ("198.51.100.8, 198.51.100.7", 429)]
    {
        let request = nobody.request(Method::GET, "/api/genealogy/test").header("x-forwarded-for", client);
        assert_eq!(nobody.send(request).await.status, status, "{client}");
    }
    server.stop().await;
}

#[tokio::test]
async fn credentials_may_be_tried_only_so_often() {
    let server = Server::with(|settings| settings.auth_rate_limit_max_requests = 3).await;
    let rudo = Client::signed_up(&server, "rudo@example.org").await;
    let login = async |password: &str| {
        rudo.as_nobody()
            .post("/api/auth/login", &json!({ "email": "rudo@example.org", "password": password }))
            .await
    };
    for left in [1, 0] {
        let answer = login("Wrong-1890").await;
        assert_eq!(limits(&answer)[..2], [3, left]);
        answer.problem(401);
    }
    let refused = login(PASSWORD).await;
    assert_eq!(limits(&refused)[..2], [3, 0]);
    assert!(refused.header("retry-after").is_some());
    refused.problem(429);
    let form = json!({ "name": "Eve", "email": "eve@example.org", "password": PASSWORD });
    rudo.as_nobody().post("/api/v1/auth/register/", &form).await.problem(429);
    // Who is signed in stays so.
    rudo.tree().await;
    rudo.as_nobody().post("/auth/refresh", &json!({ "refreshToken": rudo.refresh })).await.ok(200);
    server.stop().await;
}

#[tokio::test]
async fn a_page_from_elsewhere_needs_leave_and_learns_even_of_errors() {
    let server = Server::with(|settings| settings.allowed_origins = vec![PAGE.to_owned()]).await;
    let nobody = Client::anonymous(&server);
    let ask = async |method: Method, origin: &str| {
        let request = nobody.request(method, "/api/genealogy/members").header("origin", origin);
        nobody
            .send(
                request
                    .header("access-control-request-method", "POST")
                    .header("access-control-request-headers", "content-type"),
            )
            .await
    };
    let asked = ask(Method::OPTIONS, PAGE).await;
    assert_eq!((asked.status, asked.header("access-control-allow-origin")), (200, Some(PAGE)));
    assert_eq!(asked.header("access-control-allow-credentials"), Some("true"));
    let refused = ask(Method::POST, PAGE).await;
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (401, Some(PAGE)));
    assert!(refused.header("vary").is_some_and(|vary| vary.to_lowercase().contains("origin")));
    for origin in [
        EVIL,
        "null",
        "http://localhost:5174",
        "https://localhost:5173",
        "http://localhost:5173.evil.example",
        "*",
    ] {
        for method in [Method::OPTIONS, Method::POST, Method::GET] {
            let answer = ask(method, origin).await;
            assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_cookie_alone_changes_nothing_for_a_page_from_elsewhere() {
    let server = Server::with(|settings| settings.allowed_origins = vec![PAGE.to_owned()]).await;
    let rudo = Client::signed_up(&server, "rudo@example.org").await;
    let before = rudo.tree().await;
    let cookie = format!("access_token_cookie={}", rudo.access);
    let ask = async |method: &str, path: &str, from: &[(&str, &str)]| {
        let mut request = rudo.as_nobody().request(method.parse().unwrap(), path).header("cookie", &cookie);
        for (name, value) in from {
            request = request.header(*name, *value);
        }
        let body = json!({ "firstName": "Eve", "name": "Eve" });
        rudo.send(if method == "GET" { request } else { request.json(&body) }).await
    };
    let described = rudo.get("/api/docs/openapi.json").await.ok(200);
    for (path, item) in described["paths"].as_object().unwrap() {
        for method in item
            .as_object()
            .unwrap()
            .keys()
            .map(|method| method.to_uppercase())
            .filter(|method| method != "GET")
        {
            if PUBLIC_OPERATIONS.contains(&format!("{method} {path}").as_str()) {
                continue;
            }
            let path = path.replace(['{', '}'], "");
            for from in [
                &[][..],
                &[("origin", EVIL)],
                &[("origin", "null")],
                &[("sec-fetch-site", "cross-site")],
                &[("origin", EVIL), ("sec-fetch-site", "same-origin")],
            ] {
                let refused = ask(&method, &path, from).await;
                assert_eq!(refused.status, 403, "{method} {path} {from:?}: {}", refused.text());
                assert_eq!(refused.problem(403)["error"], "CROSS_SITE_REQUEST");
            }
        }
    }
    assert_eq!(rudo.tree().await, before);
    ask("GET", "/api/genealogy/family-tree", &[("origin", EVIL)]).await.ok(200);
    let own = server.url().to_owned();
    for from in [("origin", PAGE), ("origin", own.as_str()), ("sec-fetch-site", "same-origin")] {
        ask("POST", "/api/genealogy/members", &[from]).await.ok(201);
    }
    // A header is no cookie: nobody else's page can send it.
    let by_header = rudo.request(Method::POST, "/api/genealogy/members").header("origin", EVIL);
    rudo.send(by_header.json(&json!({ "firstName": "A" }))).await.ok(201);
    server.stop().await;
}

#[tokio::test]
async fn signing_out_clears_the_cookie_even_for_who_is_not_signed_in() {
    let server = Server::with(|settings| settings.public_tls = true).await;
    let rudo = Client::signed_up(&server, "rudo@example.org").await.with_mode(Mode::Cookie);
    let out = rudo.post("/api/auth/logout", &json!({})).await;
    let cleared = out.set_cookie("access_token_cookie").unwrap();
    assert!(
        cleared.starts_with(';') && cleared.contains("Max-Age=0") && cleared.contains("Secure"),
        "{cleared}"
    );
    assert_eq!(out.header("strict-transport-security"), Some("max-age=31536000; includeSubDomains"));
    out.ok(200);
    rudo.get("/api/genealogy/family-tree").await.problem(401);
    rudo.as_nobody().post("/api/auth/logout", &json!({})).await.ok(200);
    server.stop().await;
}

#[tokio::test]
async fn metrics_are_for_neighbours_who_speak_for_themselves() {
    let server = Server::start().await;
    let nobody = Client::anonymous(&server);
    assert_eq!(nobody.get("/metrics").await.text(), "dzinza_up 1\n");
    for (name, value) in [("x-forwarded-for", "127.0.0.1"), ("forwarded", "for=127.0.0.1")] {
        nobody.send(nobody.request(Method::GET, "/metrics").header(name, value)).await.problem(404);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_proxy_that_names_the_client_in_its_own_way_is_no_neighbour_who_speaks_for_himself() {
    let server = Server::start().await;
    let nobody = Client::anonymous(&server);
    for (name, value) in [
        ("x-real-ip", "203.0.113.9"),
        ("x-forwarded-host", "dzinza.example"),
        ("x-forwarded-proto", "https"),
        ("via", "1.1 proxy"),
    ] {
        let answer = nobody.send(nobody.request(Method::GET, "/metrics").header(name, value)).await;
        assert_eq!(answer.status, 404, "{name}: {}", answer.text());
    }
    server.stop().await;
}

#[tokio::test]
async fn health_is_told_of_every_function() {
    let server = Server::start().await;
    let nobody = Client::anonymous(&server);
    let body = nobody.get("/health/detailed").await.ok(200);
    assert_eq!(body["status"], "healthy");
    for name in ["auth", "trees", "people", "stories", "notifications", "genealogy"] {
        assert_eq!(body["dependencies"][name]["status"], "healthy", "{name} in {body}");
    }
    for path in [
        "/health",
        "/health/live",
        "/api/health",
        "/api/auth/health",
        "/api/genealogy/health",
        "/v1/notifications/health/",
    ] {
        assert_eq!(nobody.get(path).await.ok(200)["status"], "healthy", "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_frontend_has_its_screens_and_the_api_its_addresses() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("assets")).unwrap();
    std::fs::write(folder.path().join("index.html"), "<title>Dzinza</title>").unwrap();
    std::fs::write(folder.path().join("assets/app-1a2b.js"), "1").unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    let server = Server::with(|settings| settings.frontend = path).await;
    let nobody = Client::anonymous(&server);
    for screen in [
        "/",
        "/welcome",
        "/login",
        "/register",
        "/forgot-password",
        "/reset-password/a.b.c",
        "/auth/oauth/callback/google",
        "/family-tree",
        "/privacy-policy",
        "/dashboard",
        "/app",
        "/avatar-test",
        "/auth/refresh",
        "/auth/refresh/",
    ] {
        let page = nobody.get(screen).await;
        assert_eq!((page.status, page.text().as_str()), (200, "<title>Dzinza</title>"), "{screen}");
        assert!(
            page.header("content-security-policy")
                .is_some_and(|policy| policy.contains("frame-ancestors 'none'"))
        );
    }
    assert_eq!(nobody.get("/assets/app-1a2b.js").await.text(), "1");
    for path in ["/assets/gone.js", "/api/nothing", "/v1/nothing"] {
        nobody.get(path).await.problem(404);
    }
    let rudo = Client::signed_up(&server, "rudo@example.org").await;
    rudo.post("/auth/refresh", &json!({ "refreshToken": rudo.refresh })).await.ok(200);
    nobody.post("/auth/refresh", &json!({})).await.problem(401);
    nobody.post("/login", &json!({})).await.problem(405);
    server.stop().await;
}

#[tokio::test]
async fn who_edits_an_old_version_is_told_so_and_nothing_is_lost() {
    let server = Server::start().await;
    let rudo = Client::signed_up(&server, "rudo@example.org").await;
    let id = rudo.new_member(&json!({ "firstName": "Rudo" })).await;
    for path in [format!("/api/persons/{id}"), format!("/api/genealogy/members/{id}")] {
        let seen = rudo.get(&path).await.header("etag").unwrap().to_owned();
        let put = async |version: &str, body: serde_json::Value| {
            rudo.send(rudo.request(Method::PUT, &path).header("if-match", version).json(&body)).await
        };
        let first = put(&seen, json!({ "occupation": "Nurse" })).await;
        let next = first.header("etag").unwrap().to_owned();
        first.ok(200);
        assert_ne!(seen, next);
        put(&seen, json!({ "occupation": "Farmer" })).await.problem(409);
        assert_eq!(rudo.get(&path).await.ok(200)["occupation"], "Nurse");
        put("*", json!({ "notes": "x" })).await.ok(200);
        put(&next, json!({ "notes": "y" })).await.problem(409);
        rudo.put(&path, &json!({ "notes": "z" })).await.ok(200);
    }
    server.stop().await;
}

#[tokio::test]
async fn settings_close_what_they_say_they_close() {
    let server = Server::with(|settings| {
        settings.allow_registration = false;
        settings.enable_swagger = false;
    })
    .await;
    let nobody = Client::anonymous(&server);
    let form = json!({ "name": "Eve", "email": "eve@example.org", "password": PASSWORD });
    nobody.post("/api/auth/register", &form).await.problem(403);
    for path in ["/api/docs", "/api/docs/openapi.json", "/api/openapi.json"] {
        nobody.get(path).await.problem(404);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_folder_has_one_server_and_keeps_everything_for_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::on(&data, |_| {}).await;
    let rudo = Client::signed_up(&server, "rudo@example.org").await;
    rudo.new_member(&json!({ "firstName": "Rudo" })).await;
    let tree = rudo.tree().await;
    let second = Serve { settings: Server::settings(&data), demo: false, metrics: Arc::new(String::new) };
    let error = second.bind().await.err().expect("a refusal").to_string();
    assert!(error.contains("already serving") && !error.contains('\n'), "{error}");
    server.stop().await;
    let server = Server::on(&data, |_| {}).await;
    let again = Client::anonymous(&server).with_token(&rudo.access);
    assert_eq!(again.tree().await, tree);
    server.stop().await;
}
