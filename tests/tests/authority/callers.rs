use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use dzinza_ports::Role;
use dzinza_tests::{Client, Mode, PASSWORD, PUBLIC_OPERATIONS, Server};
use dzinza_web::{TokenKeys, TokenSubject};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::world::{Operation, World, operations};

#[tokio::test]
async fn the_public_operations_are_these_and_no_others() {
    let server = Server::start().await;
    let all = operations(&Client::anonymous(&server)).await;
    let mut public: Vec<String> = all.iter().filter(|one| one.public).map(Operation::name).collect();
    public.sort();
    assert_eq!(public, PUBLIC_OPERATIONS);
}

#[tokio::test]
async fn nobody_gets_past_any_operation_that_is_not_public() {
    let world = World::new("private").await;
    let before = world.picture().await;
    let nobody = world.owner.as_nobody();
    let claims = [
        ("x-user-id", world.owner.user_id.as_str()),
        ("x-user-roles", "admin"),
        ("x-user-email", "owner@example.org"),
    ];
    for operation in operations(&nobody).await.iter().filter(|one| !one.public) {
        for headers in [&[][..], &claims] {
            let answer = world.ids.call(&nobody, operation, headers).await;
            assert_eq!(answer.status, 401, "{}: {}", operation.name(), answer.text());
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{}", operation.name());
            assert_eq!(answer.problem(401)["error"], "UNAUTHORIZED");
        }
    }
    assert_eq!(world.picture().await, before);
}

/// Tokens that are nobody's, though some look like the owner's.
fn garbage(owner: &Client) -> Vec<String> {
    let parts: Vec<&str> = owner.access.split('.').collect();
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let claims = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    let admin =
        claims.replace("\"role\":\"user\"", "\"role\":\"admin\"").replace("[\"user\"]", "[\"admin\"]");
    assert_ne!(admin, claims);
    let none = encode(r#"{"alg":"none","typ":"JWT"}"#);
    let (user_id, email) = (owner.user_id.clone(), "owner@example.org".to_owned());
    let subject = TokenSubject { user_id, email, role: Role::Admin, session_id: "s".to_owned() };
    let keys = TokenKeys::new(&[7; 32], &[8; 32]).unwrap();
    // Any moment will do: the key is wrong.
    let foreign = keys
        .access_token(&subject, "j", Timestamp::UNIX_EPOCH, SignedDuration::from_hours(24 * 36_500))
        .unwrap();
    vec![
        "garbage".to_owned(),
        "a.b.c".to_owned(),
        "..".to_owned(),
        "x".repeat(5000),
        owner.refresh.clone(),
        foreign,
        format!("{}.{}.", parts[0], parts[1]),
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], encode(&admin), parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], parts[2].chars().rev().collect::<String>()),
        format!("{}x", owner.access),
    ]
}

#[tokio::test]
async fn a_token_that_is_not_ours_is_no_token() {
    let world = World::new("private").await;
    let before = world.picture().await;
    let all = operations(&world.owner).await;
    for token in garbage(&world.owner) {
        let header = world.stranger.with_token(&token);
        let cookie = header.with_mode(Mode::Cookie);
        for operation in all.iter().filter(|one| !one.public) {
            let answer = world.ids.call(&header, operation, &[]).await;
            assert_eq!(answer.status, 401, "{} with {token}: {}", operation.name(), answer.text());
        }
        for caller in [&header, &cookie] {
            caller.get("/api/genealogy/family-tree").await.problem(401);
            caller.post("/api/genealogy/members", &json!({ "firstName": "Eve" })).await.problem(401);
            caller.get("/api/genealogy/test").await.ok(200);
            caller.post("/api/auth/logout", &json!({})).await.ok(200);
        }
    }
    assert_eq!(world.picture().await, before);
}

#[tokio::test]
async fn a_session_that_was_ended_opens_nothing_more() {
    let world = World::new("private").await;
    let second = world.owner.sign_in("owner@example.org", PASSWORD).await;
    second.post("/api/auth/logout", &json!({ "refreshToken": second.refresh })).await.ok(200);
    for operation in operations(&second).await.iter().filter(|one| !one.public) {
        let answer = world.ids.call(&second, operation, &[]).await;
        assert_eq!(answer.status, 401, "{}: {}", operation.name(), answer.text());
    }
    second.post("/auth/refresh", &json!({ "refreshToken": second.refresh })).await.problem(401);
    world.owner.tree().await;
}

#[tokio::test]
async fn nobody_makes_themselves_an_administrator() {
    let server = Server::start().await;
    let nobody = Client::anonymous(&server);
    let power = json!({ "role": "admin", "roles": ["admin"], "isSuperuser": true, "is_superuser": true, "isActive": true });
    let mut form = power.clone();
    for (key, value) in [("name", "Eve"), ("email", "eve@example.org"), ("password", PASSWORD)] {
        form[key] = json!(value);
    }
    let answer = nobody.post("/api/auth/register", &form).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let eve = nobody.known_by(&answer, Mode::Header);
    for (method, path) in [("PATCH", "/api/auth/profile"), ("PUT", "/api/users/me")] {
        for (key, value) in power.as_object().unwrap() {
            let request = eve.request(method.parse().unwrap(), path).json(&json!({ key: value }));
            let status = eve.send(request).await.status;
            assert!(matches!(status, 200 | 400 | 403), "{path} {key}: {status}");
        }
    }
    let me = eve.get("/api/auth/me").await.ok(200);
    assert_eq!(
        (&me["user"]["roles"], &me["user"]["role"], &me["user"]["isSuperuser"]),
        (&json!(["user"]), &json!("user"), &json!(false))
    );
    server.stop().await;
}
