//! A session that somebody else began is never taken over, and what a browser brings along decides nothing.

use dzinza_tests::{Answer, Client, Mode, PASSWORD, Server};
use http::Method;
use serde_json::{Value, json};

use crate::support::{EMAIL, claims};

fn session(access: &str) -> Value {
    claims(access)["sid"].clone()
}

/// Sends a body to an address with everything of Eve's that a browser or a form could carry.
async fn with_eves(eve: &Client, path: &str, mut body: Value) -> Answer {
    let of_eve = claims(&eve.access);
    for (name, value) in [
        ("refreshToken", json!(eve.refresh)),
        ("refresh_token", json!(eve.refresh)),
        ("accessToken", json!(eve.access)),
        ("sessionId", of_eve["sid"].clone()),
        ("sid", of_eve["sid"].clone()),
        ("id", json!(eve.user_id)),
        ("userId", json!(eve.user_id)),
    ] {
        body[name] = value;
    }
    let cookies = format!(
        "access_token_cookie={}; refresh_token_cookie={}; sid={}",
        eve.access,
        eve.refresh,
        of_eve["sid"].as_str().unwrap()
    );
    let request = eve.as_nobody().request(Method::POST, path).header("cookie", cookies);
    eve.send(request.header("sec-fetch-site", "same-origin").json(&body)).await
}

#[tokio::test]
async fn signing_up_and_in_begin_a_session_of_their_own_whatever_was_brought_along() {
    let server = Server::start().await;
    let eve = Client::signed_up(&server, "eve@example.org").await;
    let up = json!({ "name": "Rudo Moyo", "email": EMAIL, "password": PASSWORD });
    let signing_in = json!({ "email": EMAIL, "password": PASSWORD });
    let mut seen = vec![session(&eve.access)];
    for (path, body) in
        [("/api/auth/register", up), ("/api/auth/login", signing_in.clone()), ("/api/auth/login", signing_in)]
    {
        let answer = with_eves(&eve, path, body).await;
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
        let rudo = eve.known_by(&answer, Mode::Header);
        let cookie = eve.known_by(&answer, Mode::Cookie);
        for caller in [&rudo, &cookie] {
            assert_eq!(caller.get("/api/auth/me").await.ok(200)["user"]["email"], EMAIL);
        }
        assert!(!answer.text().contains(&eve.access) && !answer.text().contains(&eve.refresh));
        assert_ne!(rudo.user_id, eve.user_id);
        let begun = session(&rudo.access);
        assert_eq!(begun, session(&cookie.access));
        assert!(!seen.contains(&begun), "a session was taken over");
        seen.push(begun);
    }
    // Eve is who she was, and no more.
    assert_eq!(eve.get("/api/auth/me").await.ok(200)["user"]["email"], "eve@example.org");
    server.stop().await;
}

#[tokio::test]
async fn a_value_that_somebody_chose_is_never_set_as_a_cookie() {
    let server = Server::start().await;
    let nobody = Client::anonymous(&server);
    Client::signed_up(&server, EMAIL).await;
    for (password, status) in [(PASSWORD, 200), ("Wrong-1890", 401)] {
        let body = json!({ "email": EMAIL, "password": password });
        let request = nobody.request(Method::POST, "/api/auth/login?access_token_cookie=chosen");
        let request = request.header("cookie", "access_token_cookie=chosen; refresh_token_cookie=chosen");
        let answer = nobody.send(request.json(&body)).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        assert_eq!(answer.set_cookie("access_token_cookie").is_some(), status == 200);
        for value in answer.headers.get_all("set-cookie") {
            assert!(!value.to_str().unwrap().contains("chosen"));
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_refresh_token_in_a_cookie_or_a_header_renews_nothing() {
    let server = Server::start().await;
    let rudo = Client::signed_up(&server, EMAIL).await;
    for path in ["/auth/refresh", "/api/auth/refresh"] {
        let request = rudo.as_nobody().request(Method::POST, path).json(&json!({}));
        let cookie = format!("refresh_token_cookie={}; refreshToken={}", rudo.refresh, rudo.refresh);
        let request = request.header("cookie", cookie).header("sec-fetch-site", "same-origin");
        rudo.send(request.bearer_auth(&rudo.refresh)).await.problem(401);
        rudo.as_nobody()
            .post(&format!("{path}?refreshToken={}", rudo.refresh), &json!({}))
            .await
            .problem(401);
    }
    rudo.as_nobody().post("/auth/refresh", &json!({ "refreshToken": rudo.refresh })).await.ok(200);
    server.stop().await;
}
