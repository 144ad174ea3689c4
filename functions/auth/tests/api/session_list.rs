use http::Method;
use serde_json::{Value, json};

use crate::support::{House, PASSWORD, Reply};

const EMAIL: &str = "tendai@example.org";
const FIREFOX: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0";
const NEWER_FIREFOX: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0";
const PHONE: &str = "Mozilla/5.0 (Linux; Android 14; SM-A145F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36";

async fn sign_in(house: &House, agent: &str, ip: &str) -> Reply {
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    let reply = house.from(Method::POST, "/api/auth/login", ip, agent).json(&body).send().await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply
}

async fn listed(house: &House, access: &str) -> Vec<Value> {
    let reply = house.call(Method::GET, "/api/auth/sessions").bearer(access).send().await;
    reply.body.as_array().unwrap().clone()
}

#[tokio::test]
async fn sessions_are_listed_with_their_devices_the_last_used_first() {
    let house = House::new();
    house.register(EMAIL).await;
    house.advance_minutes(1);
    let desk = sign_in(&house, FIREFOX, "192.0.2.7").await;
    house.advance_minutes(1);
    sign_in(&house, PHONE, "41.60.1.2").await;
    house.advance_minutes(1);
    house.refresh(desk.refresh()).await;
    let sessions = listed(&house, desk.access()).await;
    assert_eq!(sessions.len(), 3);
    // Refreshed by the test's own agent.
    assert_eq!((&sessions[0]["current"], &sessions[0]["browser"]), (&json!(true), &Value::Null));
    assert_eq!(
        (&sessions[0]["createdAt"], &sessions[0]["lastUsedAt"]),
        (&json!("2026-03-01T12:01:00.000000Z"), &json!("2026-03-01T12:03:00.000000Z"))
    );
    let phone = &sessions[1];
    assert_eq!((&phone["current"], &phone["device"]), (&json!(false), &json!("smartphone")));
    assert_eq!((&phone["browser"], &phone["os"]), (&json!("Chrome"), &json!("Android")));
    assert_eq!(phone["ip"], json!("41.60.1.2"));
    assert_eq!(phone["expiresAt"], json!("2026-03-08T12:02:00.000000Z"));
}

#[tokio::test]
async fn one_signs_out_there_or_here_and_nobody_elses_session() {
    let house = House::new();
    let here = house.register(EMAIL).await;
    house.advance_minutes(1);
    let there = sign_in(&house, PHONE, "41.60.1.2").await;
    let sessions = listed(&house, here.access()).await;
    let end = |access: &str, session: &Value| {
        let path = format!("/api/auth/sessions/{}", session["id"].as_str().unwrap());
        house.call(Method::DELETE, &path).bearer(access).send()
    };
    let other = house.register("eve@example.org").await;
    assert_eq!(end(other.access(), &sessions[0]).await.status, 404);
    assert_eq!(end(here.access(), &sessions[0]).await.cookies().len(), 0);
    assert_eq!(
        (house.me(there.access()).await, house.me(here.access()).await),
        (401.try_into().unwrap(), 200.try_into().unwrap())
    );
    assert_eq!(house.refresh(there.refresh()).await.status, 401);
    assert_eq!(end(here.access(), &sessions[0]).await.status, 404);
    end(here.access(), &sessions[1]).await.clears_cookies();
    assert_eq!(house.me(here.access()).await, 401);
    assert_eq!(house.recorded().last().unwrap(), "SESSION_REVOKED");
}

#[tokio::test]
async fn a_new_device_is_told_once_and_known_ones_and_new_versions_are_not() {
    let house = House::new();
    house.register(EMAIL).await;
    sign_in(&house, FIREFOX, "192.0.2.7").await;
    let letters = house.letters(1).await;
    assert!(letters[0].contains("Firefox on Windows 10, 192.0.2.7"), "{}", letters[0]);
    sign_in(&house, NEWER_FIREFOX, "192.0.99.99").await;
    sign_in(&house, "test", "192.0.2.7").await;
    sign_in(&house, FIREFOX, "41.60.1.2").await;
    let letters = house.letters(2).await;
    assert!(letters[1].contains("41.60.1.2"), "{}", letters[1]);
    sign_in(&house, NEWER_FIREFOX, "41.60.7.7").await;
    house.letters(2).await;
}
