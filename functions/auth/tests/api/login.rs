use dzinza_ports::UserChange;
use serde_json::json;

use crate::support::{House, PASSWORD};

const EMAIL: &str = "tendai@example.org";

#[tokio::test]
async fn signing_in_answers_200_with_user_tokens_and_cookie_and_notes_when_and_whence() {
    let house = House::new();
    house.register(EMAIL).await;
    house.advance_minutes(5);
    let reply = house.login(" TENDAI@example.org ", PASSWORD).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.body["user"]["lastLoginAt"], json!("2026-03-01T12:05:00.000000Z"));
    assert_eq!(reply.body["user"]["lastLogin"], reply.body["user"]["lastLoginAt"]);
    assert_eq!(
        (&reply.body["requireMfa"], &reply.body["tokens"]["expiresIn"]),
        (&json!(false), &json!(1800))
    );
    assert!(reply.cookies()[0].starts_with(&format!("access_token_cookie={}; ", reply.access())));
    assert_eq!(house.me(reply.access()).await, 200);
    assert_eq!(house.recorded(), ["USER_REGISTERED", "LOGIN_SUCCESS"]);
    assert_eq!(house.last_entry().ip_address.as_deref(), Some("192.0.2.7"));
}

#[tokio::test]
async fn an_unknown_address_and_a_wrong_password_get_the_same_401() {
    let house = House::new();
    house.register(EMAIL).await;
    let wrong = house.login(EMAIL, "Mutupo-1891").await;
    let unknown = house.login("nobody@example.org", "Mutupo-1891").await;
    assert_eq!((wrong.status.as_u16(), unknown.status.as_u16()), (401, 401));
    assert_eq!(wrong.body, unknown.body);
    assert_eq!((wrong.header("www-authenticate"), wrong.cookies().len()), ("Bearer", 0));
    let recorded = house.recorded();
    assert_eq!(recorded[1..], ["LOGIN_FAILED_INVALID_PASSWORD", "LOGIN_FAILED_USER_NOT_FOUND"]);
    assert_eq!(house.last_entry().user_id, None);
}

#[tokio::test]
async fn a_deactivated_account_answers_403_but_only_to_its_password() {
    let house = House::new();
    let signed_up = house.register(EMAIL).await;
    house.change(EMAIL, UserChange { is_active: Some(false), ..UserChange::default() }).await;
    assert_eq!(house.login(EMAIL, "Mutupo-1891").await.status, 401);
    let reply = house.login(EMAIL, PASSWORD).await;
    assert_eq!((reply.status.as_u16(), reply.cookies().len()), (403, 0));
    assert_eq!(house.me(signed_up.access()).await, 401);
    assert_eq!(house.recorded().last().unwrap(), "LOGIN_FAILED_ACCOUNT_INACTIVE");
}

#[tokio::test]
async fn missing_and_malformed_fields_answer_400() {
    let house = House::new();
    for (body, fields) in [
        (json!({}), vec!["email", "password"]),
        (json!({ "email": EMAIL, "password": "" }), vec!["password"]),
        (json!({ "email": EMAIL, "password": 5 }), vec!["password"]),
        (json!({ "email": "nobody", "password": "x" }), vec!["email"]),
        (json!({ "email": EMAIL, "password": "x", "mfaCode": 123_456 }), vec!["mfaCode"]),
        (json!({ "email": EMAIL, "password": "x", "mfa_code": "1".repeat(21) }), vec!["mfaCode"]),
    ] {
        assert_eq!(house.post("/api/auth/login", body).await.fields(), fields);
    }
}

#[tokio::test]
async fn a_hash_of_an_older_version_still_signs_in() {
    let house = House::new();
    house.register(EMAIL).await;
    let hash = bcrypt::hash(PASSWORD, 4).unwrap();
    for prefix in ["$2a$", "$2y$", "$2b$"] {
        let legacy = hash.replacen("$2b$", prefix, 1);
        house.change(EMAIL, UserChange { password_hash: Some(legacy), ..UserChange::default() }).await;
        assert_eq!(house.login(EMAIL, PASSWORD).await.status, 200, "{prefix}");
        assert_eq!(house.login(EMAIL, "Mutupo-1891").await.status, 401, "{prefix}");
    }
    for broken in ["", "!", "plain", "$2b$04$tooshort"] {
        let change = UserChange { password_hash: Some(broken.to_owned()), ..UserChange::default() };
        house.change(EMAIL, change).await;
        assert_eq!(house.login(EMAIL, if broken.is_empty() { PASSWORD } else { broken }).await.status, 401);
    }
}

#[tokio::test]
async fn a_sixth_session_ends_the_oldest_with_its_refresh_and_access_tokens() {
    let house = House::new();
    let first = house.register(EMAIL).await;
    let mut others = Vec::new();
    for _ in 0..4 {
        house.advance_minutes(1);
        others.push(house.login(EMAIL, PASSWORD).await);
    }
    assert_eq!(house.me(first.access()).await, 200);
    house.advance_minutes(1);
    let sixth = house.login(EMAIL, PASSWORD).await;
    assert_eq!(house.me(first.access()).await, 401);
    assert_eq!(house.refresh(first.refresh()).await.status, 401);
    for reply in others.iter().chain([&sixth]) {
        assert_eq!(house.me(reply.access()).await, 200);
        assert_eq!(house.refresh(reply.refresh()).await.status, 200);
    }
    let active =
        house.ports.sessions.active(&house.user(EMAIL).await.id, house.ports.clock.now()).await.unwrap();
    assert_eq!(active.len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_sign_ins_never_leave_more_sessions_than_allowed() {
    let house = House::new();
    house.register(EMAIL).await;
    let attempts: Vec<_> = (0..20)
        .map(|_| {
            let house = house.clone();
            tokio::spawn(async move { house.login(EMAIL, PASSWORD).await.status.as_u16() })
        })
        .collect();
    for attempt in attempts {
        assert_eq!(attempt.await.unwrap(), 200);
    }
    let active =
        house.ports.sessions.active(&house.user(EMAIL).await.id, house.ports.clock.now()).await.unwrap();
    assert_eq!(active.len(), 5);
}

#[tokio::test]
async fn a_password_alone_does_not_do_for_an_account_with_a_second_factor() {
    let house = House::new();
    house.register(EMAIL).await;
    house.change(EMAIL, UserChange { mfa_enabled: Some(true), ..UserChange::default() }).await;
    let pending = house.login(EMAIL, PASSWORD).await;
    assert_eq!((pending.status.as_u16(), pending.cookies().len()), (200, 0));
    assert_eq!(pending.body["requireMfa"], json!(true));
    assert!(pending.body["user"].is_null() && pending.body["tokens"].is_null(), "{}", pending.body);
    let body = json!({ "email": EMAIL, "password": PASSWORD, "mfaCode": "123456" });
    for _ in 0..5 {
        assert_eq!(house.post("/api/auth/login", body.clone()).await.status, 401);
    }
    assert_eq!(house.post("/api/auth/login", body).await.status, 423);
    assert!(house.recorded().contains(&"LOGIN_FAILED_INVALID_MFA".to_owned()));
}
