use dzinza_ports::UserChange;
use http::Method;
use serde_json::{Value, json};

use crate::support::{House, PASSWORD, Reply};

const EMAIL: &str = "tendai@example.org";
const TOKENS: &str = "/api/auth/tokens";

async fn make(house: &House, access: &str, scopes: Value) -> Reply {
    let body = json!({ "name": "Backup", "scopes": scopes, "expiresInDays": 30 });
    let reply = house.call(Method::POST, TOKENS).bearer(access).json(&body).send().await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    reply
}

#[tokio::test]
async fn a_token_is_shown_once_listed_without_and_gone_when_removed() {
    let house = House::new();
    let session = house.register(EMAIL).await;
    let made = make(&house, session.access(), json!(["read"])).await;
    let token = made.body["token"].as_str().unwrap().to_owned();
    assert!(token.starts_with("dzp_") && made.header("cache-control") == "no-store");
    assert_eq!(house.me(&token).await, 200);
    let list = house.call(Method::GET, TOKENS).bearer(session.access()).send().await;
    let shown = &list.body["tokens"][0];
    assert!(!list.body.to_string().contains("dzp_"), "{}", list.body);
    assert_eq!((&shown["name"], &shown["scopes"]), (&json!("Backup"), &json!(["read"])));
    assert_eq!(shown["expiresAt"], json!("2026-03-31T12:00:00.000000Z"));
    assert_eq!(shown["lastUsedAt"], json!("2026-03-01T12:00:00.000000Z"));
    let letters = house.letters(1).await;
    assert!(letters[0].contains("access token for programs") && !letters[0].contains("dzp_"));

    let path = format!("{TOKENS}/{}", made.body["id"].as_str().unwrap());
    let other = house.register("eve@example.org").await;
    assert_eq!(house.call(Method::DELETE, &path).bearer(other.access()).send().await.status, 404);
    assert_eq!(house.call(Method::DELETE, &path).bearer(session.access()).send().await.status, 200);
    assert_eq!(house.me(&token).await, 401);
    assert_eq!(house.recorded()[1], "ACCESS_TOKEN_CREATED");
    assert_eq!(house.recorded().last().unwrap(), "ACCESS_TOKEN_REVOKED");
}

#[tokio::test]
async fn a_use_is_noted_at_most_once_an_hour() {
    let house = House::new();
    let session = house.register(EMAIL).await;
    let token =
        make(&house, session.access(), json!(["read"])).await.body["token"].as_str().unwrap().to_owned();
    let user_id = house.user(EMAIL).await.id;
    let mut seen = Vec::new();
    for _ in 0..5 {
        assert_eq!(house.me(&token).await, 200);
        seen.push(house.ports.access_tokens.of_user(&user_id).await.unwrap()[0].last_used_at.unwrap());
        house.advance_minutes(30);
    }
    assert!(seen[0] == seen[1] && seen[1] < seen[2] && seen[2] == seen[3] && seen[3] < seen[4], "{seen:?}");
}

#[tokio::test]
async fn no_token_comes_near_the_account_whatever_its_scopes() {
    let house = House::new();
    let session = house.register(EMAIL).await;
    let made = make(&house, session.access(), json!(["read", "write"])).await;
    let token = made.body["token"].as_str().unwrap();
    let own = format!("{TOKENS}/{}", made.body["id"].as_str().unwrap());
    for (method, path) in [
        (Method::PATCH, "/api/auth/profile"),
        (Method::PUT, "/api/users/me"),
        (Method::POST, "/api/auth/logout-all"),
        (Method::GET, TOKENS),
        (Method::POST, TOKENS),
        (Method::DELETE, own.as_str()),
        (Method::GET, "/api/auth/sessions"),
        (Method::DELETE, "/api/auth/sessions/x"),
        (Method::GET, "/api/auth/identities"),
        (Method::DELETE, "/api/auth/identities/x"),
    ] {
        let reply =
            house.call(method.clone(), path).bearer(token).json(&json!({ "firstName": "Eve" })).send().await;
        assert_eq!(
            (reply.status.as_u16(), &reply.body["error"]),
            (403, &json!("SESSION_REQUIRED")),
            "{method} {path}"
        );
    }
    for path in ["/api/auth/me", "/api/users/me"] {
        assert_eq!(house.call(Method::GET, path).bearer(token).send().await.status, 200);
    }
    // Signing out with it ends nothing.
    assert_eq!(house.call(Method::POST, "/api/auth/logout").bearer(token).send().await.status, 200);
    assert_eq!(
        (house.me(session.access()).await, house.me(token).await),
        (200.try_into().unwrap(), 200.try_into().unwrap())
    );
}

#[tokio::test]
async fn ended_unknown_and_forged_tokens_and_those_of_the_deactivated_open_nothing() {
    let house = House::new();
    let session = house.register(EMAIL).await;
    let token =
        make(&house, session.access(), json!(["read"])).await.body["token"].as_str().unwrap().to_owned();
    assert_eq!(house.me(&dzinza_web::new_program_token()).await, 401);
    let last = if token.ends_with('x') { 'y' } else { 'x' };
    assert_eq!(house.me(&format!("{}{last}", &token[..52])).await, 401);
    // Only in the header: a browser must not send one by itself.
    assert_eq!(house.call(Method::GET, "/api/auth/me").cookie(&token).send().await.status, 401);
    house.change(EMAIL, UserChange { is_active: Some(false), ..UserChange::default() }).await;
    assert_eq!(house.me(&token).await, 401);
    house.change(EMAIL, UserChange { is_active: Some(true), ..UserChange::default() }).await;
    assert_eq!(house.me(&token).await, 200);
    house.advance_minutes(30 * 24 * 60);
    assert_eq!(house.me(&token).await, 401);
}

#[tokio::test]
async fn whoever_signs_out_everywhere_ends_the_tokens_too() {
    let house = House::new();
    let session = house.register(EMAIL).await;
    let token =
        make(&house, session.access(), json!(["write"])).await.body["token"].as_str().unwrap().to_owned();
    house.call(Method::POST, "/api/auth/logout-all").bearer(session.access()).send().await;
    assert_eq!(house.me(&token).await, 401);
    house.advance_minutes(24 * 60);
    assert_eq!(house.me(&token).await, 401);
}

#[tokio::test]
async fn bad_wishes_answer_400_naming_the_fields() {
    let house = House::new();
    let session = house.register(EMAIL).await;
    for (body, fields) in [
        (json!({}), vec!["name", "scopes"]),
        (json!({ "name": " ", "scopes": [] }), vec!["name", "scopes"]),
        (json!({ "name": "x", "scopes": ["account"] }), vec!["scopes"]),
        (json!({ "name": "x", "scopes": "read" }), vec!["scopes"]),
        (json!({ "name": "x".repeat(101), "scopes": ["read"] }), vec!["name"]),
        (json!({ "name": "x", "scopes": ["read"], "expiresInDays": 366 }), vec!["expiresInDays"]),
        (json!({ "name": "x", "scopes": ["read"], "expiresInDays": 0 }), vec!["expiresInDays"]),
        (json!({ "name": "x", "scopes": ["read"], "expires_in_days": 1.5 }), vec!["expiresInDays"]),
    ] {
        let reply = house.call(Method::POST, TOKENS).bearer(session.access()).json(&body).send().await;
        assert_eq!(reply.fields(), fields, "{body}");
    }
}

#[tokio::test]
async fn there_are_at_most_fifty() {
    let house = House::new();
    let session = house.register(EMAIL).await;
    for _ in 0..50 {
        make(&house, session.access(), json!(["read", "read"])).await;
    }
    let body = json!({ "name": "one more", "scopes": ["read"] });
    let reply = house.call(Method::POST, TOKENS).bearer(session.access()).json(&body).send().await;
    assert_eq!(reply.status, 409);
}

/// Or whoever found an open browser could come back for a year.
#[tokio::test]
async fn making_one_takes_the_password_ten_minutes_after_signing_in() {
    let house = House::new();
    let session = house.register(EMAIL).await;
    let ask = async |password: Value| {
        let body = json!({ "name": "Backup", "scopes": ["read"], "password": password });
        house.call(Method::POST, TOKENS).bearer(session.access()).json(&body).send().await
    };
    assert_eq!(ask(Value::Null).await.status, 201);
    house.advance_minutes(11);
    assert_eq!(ask(Value::Null).await.fields(), ["password"]);
    // Renewing a session makes it no younger.
    let renewed = house.refresh(session.refresh()).await;
    let access = renewed.body["accessToken"].as_str().unwrap();
    let body = json!({ "name": "Backup", "scopes": ["read"] });
    let late = house.call(Method::POST, TOKENS).bearer(access).json(&body).send().await;
    assert_eq!(late.fields(), ["password"]);
    for _ in 0..5 {
        let wrong = ask(json!("Mutupo-1891")).await;
        assert_eq!(
            (wrong.fields(), &wrong.body["errors"][0]["type"]),
            (vec!["password"], &json!("wrong_password"))
        );
    }
    assert_eq!(house.last_entry().action, "ACCESS_TOKEN_REFUSED");
    assert_eq!(ask(json!(PASSWORD)).await.status, 423, "wrong ones count towards the lock");
    house.advance_minutes(16);
    assert_eq!(ask(json!(PASSWORD)).await.status, 201);
    let user = house.user(EMAIL).await;
    assert_eq!(house.ports.access_tokens.of_user(&user.id).await.unwrap().len(), 2);
}
