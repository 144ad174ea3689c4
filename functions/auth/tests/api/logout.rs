use http::Method;
use serde_json::json;

use crate::support::{House, ORIGIN, PASSWORD};

const EMAIL: &str = "tendai@example.org";
const LOGOUT: &str = "/api/auth/logout";
const LOGOUT_ALL: &str = "/api/auth/logout-all";

#[tokio::test]
async fn the_refresh_token_names_the_session_that_ends_and_others_go_on() {
    let house = House::new();
    let first = house.register(EMAIL).await;
    let other = house.login(EMAIL, PASSWORD).await;
    // The access token belongs to the other session; the refresh token wins.
    let body = json!({ "refresh_token": first.refresh() });
    let reply = house.call(Method::POST, LOGOUT).bearer(other.access()).json(&body).send().await;
    assert_eq!(reply.status, 200);
    reply.clears_cookies();
    assert!(reply.body["message"].is_string());
    assert_eq!(
        (house.me(first.access()).await.as_u16(), house.refresh(first.refresh()).await.status.as_u16()),
        (401, 401)
    );
    assert_eq!(house.me(other.access()).await, 200);
    assert_eq!(house.recorded().iter().filter(|action| *action == "LOGOUT").count(), 1);
}

#[tokio::test]
async fn without_a_refresh_token_the_access_token_names_the_session() {
    let house = House::new();
    let by_header = house.register(EMAIL).await;
    let by_cookie = house.login(EMAIL, PASSWORD).await;
    let reply = house.call(Method::POST, LOGOUT).bearer(by_header.access()).send().await;
    assert_eq!(reply.status, 200);
    let reply =
        house.call(Method::POST, LOGOUT).cookie(by_cookie.access()).header("origin", ORIGIN).send().await;
    assert_eq!(reply.status, 200);
    for session in [by_header, by_cookie] {
        assert_eq!(house.me(session.access()).await, 401);
        assert_eq!(house.refresh(session.refresh()).await.status, 401);
    }
}

#[tokio::test]
async fn signing_out_never_fails_whatever_is_sent() {
    let house = House::new();
    let session = house.register(EMAIL).await;
    let post = || house.call(Method::POST, LOGOUT);
    let mut replies = vec![
        post().send().await,
        post().raw("{").send().await,
        post().raw("[1]").send().await,
        post().header("content-type", "text/plain").raw("x").send().await,
        post().json(&json!({ "refreshToken": 7 })).send().await,
        post().json(&json!({ "refreshToken": "undefined" })).bearer("undefined").send().await,
        post().json(&json!({ "refreshToken": "x.y.z" })).bearer("x.y.z").send().await,
    ];
    assert_eq!(house.me(session.access()).await, 200, "none of these named a session");
    house.advance_minutes(60 * 24 * 8);
    let expired = json!({ "refreshToken": session.refresh() });
    replies.push(post().json(&expired).bearer(session.access()).send().await);
    for reply in replies {
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.clears_cookies();
    }
    assert_eq!(house.recorded(), ["USER_REGISTERED"]);
}

#[tokio::test]
async fn a_page_of_somebody_else_cannot_end_a_session_with_the_cookie() {
    let house = House::new();
    let session = house.register(EMAIL).await;
    let forged =
        house.call(Method::POST, LOGOUT).cookie(session.access()).header("origin", "https://evil.example");
    assert_eq!(forged.send().await.status, 200);
    assert_eq!(house.me(session.access()).await, 200);
    let forged = house.call(Method::POST, LOGOUT_ALL).cookie(session.access());
    assert_eq!(forged.send().await.status, 403);
    assert_eq!(house.me(session.access()).await, 200);
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session_within_the_same_second() {
    let house = House::new();
    let first = house.register(EMAIL).await;
    let second = house.login(EMAIL, PASSWORD).await;
    let neighbour = house.register("rudo@example.org").await;
    let reply = house.call(Method::POST, LOGOUT_ALL).bearer(second.access()).send().await;
    assert_eq!((reply.status.as_u16(), &reply.body["revokedTokens"]), (200, &json!(2)));
    assert!(reply.body["message"].is_string());
    reply.clears_cookies();
    assert_eq!(house.last_entry().action, "LOGOUT_ALL");
    for session in [&first, &second] {
        assert_eq!(house.me(session.access()).await, 401);
        assert_eq!(house.refresh(session.refresh()).await.status, 401);
    }
    assert_eq!(house.me(neighbour.access()).await, 200);
    let again = house.login(EMAIL, PASSWORD).await;
    assert_eq!(house.me(again.access()).await, 200, "signing in again works at once");
}

#[tokio::test]
async fn signing_out_everywhere_ends_tokens_that_have_no_session() {
    use jsonwebtoken::{EncodingKey, Header, encode};
    let house = House::new();
    let session = house.register(EMAIL).await;
    let user_id = house.user(EMAIL).await.id;
    // As version P wrote them: neither session nor time of issue, and a printed dictionary as subject.
    let claims = json!({ "user_id": user_id, "email": EMAIL, "role": "USER", "sub": "{'user_id': 1}",
        "iss": "dzinza-auth", "aud": "dzinza-app", "exp": 1_772_366_400 + 1800 });
    let older =
        encode(&Header::default(), &claims, &EncodingKey::from_secret(&crate::support::ACCESS_KEY)).unwrap();
    assert_eq!(house.me(&older).await, 200);
    house.call(Method::POST, LOGOUT_ALL).bearer(session.access()).send().await;
    assert_eq!(house.me(&older).await, 401);
}

#[tokio::test]
async fn signing_out_everywhere_needs_a_caller() {
    let house = House::new();
    assert_eq!(house.post(LOGOUT_ALL, json!({})).await.status, 401);
}
