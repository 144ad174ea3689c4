use dzinza_auth::AuthRules;
use http::Method;
use serde_json::{Value, json};

use crate::support::{House, PASSWORD, Reply, rules};

const EMAIL: &str = "tendai@example.org";
const NEW: &str = "Baobab-1897";

async fn change(house: &House, session: &Reply, body: Value) -> Reply {
    house.call(Method::POST, "/api/auth/change-password").bearer(session.access()).json(&body).send().await
}

fn to_new() -> Value {
    json!({ "currentPassword": PASSWORD, "newPassword": NEW })
}

#[tokio::test]
async fn the_password_changes_and_all_other_sessions_end() {
    let house = House::new();
    let here = house.register(EMAIL).await;
    let there = house.login(EMAIL, PASSWORD).await;
    let neighbour = house.register("rudo@example.org").await;
    let reply = change(&house, &here, json!({ "current_password": PASSWORD, "new_password": NEW })).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(house.me(here.access()).await, 200);
    assert_eq!(house.refresh(here.refresh()).await.status, 200);
    assert_eq!(house.me(there.access()).await, 401);
    assert_eq!(house.refresh(there.refresh()).await.status, 401);
    assert_eq!(house.me(neighbour.access()).await, 200);
    assert_eq!(house.login(EMAIL, PASSWORD).await.status, 401);
    assert_eq!(house.login(EMAIL, NEW).await.status, 200);
    let letter = house.letters(1).await.remove(0);
    assert!(letter.starts_with(&format!("To: {EMAIL}\n")) && letter.contains("changed"), "{letter}");
    assert!(house.recorded().contains(&"PASSWORD_CHANGED".to_owned()));
}

#[tokio::test]
async fn a_link_that_was_mailed_before_is_void() {
    let house = House::new();
    let session = house.register(EMAIL).await;
    house.post("/api/auth/forgot-password", json!({ "email": EMAIL })).await;
    assert_eq!(change(&house, &session, to_new()).await.status, 200);
    let letter = house.letters(2).await.remove(0);
    let (_, rest) = letter.split_once("/api/auth/reset-password/").unwrap();
    let reset = json!({ "token": &rest[..64], "newPassword": "Another-1900" });
    assert_eq!(house.post("/api/auth/reset-password", reset).await.fields(), ["token"]);
}

#[tokio::test]
async fn what_is_wrong_is_named_and_changes_nothing() {
    let house = House::new();
    let session = house.register(EMAIL).await;
    for (body, fields) in [
        (json!({}), &["currentPassword", "newPassword"][..]),
        (json!({ "currentPassword": PASSWORD, "newPassword": "weak" }), &["newPassword"]),
        (json!({ "currentPassword": PASSWORD, "newPassword": 7 }), &["newPassword"]),
        (json!({ "currentPassword": PASSWORD, "newPassword": PASSWORD }), &["newPassword"]),
        (json!({ "currentPassword": "Mutupo-1891", "newPassword": NEW }), &["currentPassword"]),
        (json!({ "currentPassword": "x".repeat(73), "newPassword": NEW }), &["currentPassword"]),
        // Whether it is the present one is not told to who does not know it.
        (json!({ "currentPassword": NEW, "newPassword": NEW }), &["currentPassword"]),
    ] {
        assert_eq!(change(&house, &session, body.clone()).await.fields(), fields, "{body}");
    }
    assert_eq!(house.login(EMAIL, PASSWORD).await.status, 200);
    house.letters(0).await;
    let call = house.call(Method::POST, "/api/auth/change-password").json(&to_new());
    assert_eq!(call.send().await.status, 401);
    let call = house.call(Method::POST, "/api/auth/change-password").cookie(session.access()).json(&to_new());
    assert_eq!(call.send().await.status, 403, "a page of somebody else's");
}

#[tokio::test]
async fn wrong_current_passwords_count_towards_the_lock() {
    let house = House::new();
    let session = house.register(EMAIL).await;
    let wrong = json!({ "currentPassword": "Mutupo-1891", "newPassword": NEW });
    for _ in 0..5 {
        assert_eq!(change(&house, &session, wrong.clone()).await.status, 400);
    }
    assert_eq!(change(&house, &session, to_new()).await.status, 423);
    assert_eq!(house.login(EMAIL, PASSWORD).await.status, 423);
}

#[tokio::test]
async fn an_account_has_an_allowance_of_tries() {
    let house = House::with(AuthRules { user_limit: 1, max_login_attempts: 0, ..rules() });
    let session = house.register(EMAIL).await;
    let wrong = json!({ "currentPassword": "Mutupo-1891", "newPassword": NEW });
    assert_eq!(change(&house, &session, wrong).await.status, 400);
    let refused = change(&house, &session, to_new()).await;
    assert_eq!((refused.status.as_u16(), refused.number("ratelimit-limit")), (429, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_changes_at_once_one_wins() {
    let house = House::new();
    let session = house.register(EMAIL).await;
    let access = session.access().to_owned();
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            let (house, access) = (house.clone(), access.clone());
            tokio::spawn(async move {
                let new = format!("Baobab-{n}");
                let body = json!({ "currentPassword": PASSWORD, "newPassword": new });
                let call = house.call(Method::POST, "/api/auth/change-password").bearer(&access).json(&body);
                (call.send().await.status.as_u16(), new)
            })
        })
        .collect();
    let mut won = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            (200, new) => won.push(new),
            // Too late by a moment; told that the old password is no longer right; or locked by then.
            (status, _) => assert!(matches!(status, 400 | 409 | 423), "{status}"),
        }
    }
    assert_eq!(won.len(), 1, "{won:?}");
}

#[tokio::test]
async fn a_password_can_be_judged_before_it_is_used() {
    let house = House::new();
    let judge = async |password: &str| {
        let reply = house.post("/api/auth/password/validate", json!({ "password": password })).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.body
    };
    assert_eq!(
        judge("Baobab-1897").await,
        json!({ "isValid": true, "strength": "strong", "score": 5, "validation": { "minLength": true,
            "hasUppercase": true, "hasLowercase": true, "hasNumber": true, "hasSpecialChar": true } })
    );
    assert_eq!(
        judge("baobab77").await,
        json!({ "isValid": false, "strength": "medium", "score": 3, "validation": { "minLength": true,
            "hasUppercase": false, "hasLowercase": true, "hasNumber": true, "hasSpecialChar": false } })
    );
    for (password, strength, score) in [("a", "weak", 1), ("aB", "weak", 2), ("aB3-", "medium", 4)] {
        let verdict = judge(password).await;
        assert_eq!(
            (&verdict["strength"], &verdict["score"]),
            (&json!(strength), &json!(score)),
            "{password}"
        );
    }
    let common = judge("P@ssw0rd1").await;
    assert_eq!((&common["isValid"], &common["strength"]), (&json!(false), &json!("weak")));
    let long = format!("aB3-{}", "x".repeat(69));
    let verdict = judge(&long).await;
    assert_eq!(
        (&verdict["isValid"], &verdict["score"]),
        (&json!(false), &json!(5)),
        "it could not be kept whole"
    );
    for body in [json!({}), json!({ "password": "" }), json!({ "password": [] })] {
        assert_eq!(house.post("/api/auth/password/validate", body).await.fields(), ["password"]);
    }
}
