use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use dzinza_ports::{Clock as _, Limits, RefreshToken, Sessions, StoreError, UserChange};
use jiff::Timestamp;
use serde_json::json;

use crate::support::{House, Reply, rules};

const EMAIL: &str = "tendai@example.org";
const DAY: u64 = 24 * 60;

async fn house_with_session() -> (House, Reply) {
    let house = House::new();
    let reply = house.register(EMAIL).await;
    (house, reply)
}

fn seconds(house: &House, seconds: u64) {
    house.clock.advance(Duration::from_secs(seconds));
}

#[tokio::test]
async fn an_exchange_answers_a_new_pair_at_the_top_and_below_and_renews_the_cookie() {
    let (house, first) = house_with_session().await;
    seconds(&house, 30);
    let reply = house.post("/api/auth/refresh", json!({ "refresh_token": first.refresh() })).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    for key in ["accessToken", "refreshToken", "expiresIn"] {
        assert_eq!(reply.body[key], reply.body["tokens"][key]);
        assert!(!reply.body[key].is_null());
    }
    assert!(reply.body["message"].is_string());
    assert_ne!((reply.access(), reply.refresh()), (first.access(), first.refresh()));
    assert!(reply.cookies()[0].starts_with(&format!("access_token_cookie={}; ", reply.access())));
    assert_eq!(house.me(reply.access()).await, 200);
    assert_eq!(house.recorded(), ["USER_REGISTERED", "TOKEN_REFRESHED"]);
}

#[tokio::test]
async fn the_store_holds_a_digest_and_the_chain_of_rotation() {
    let (house, first) = house_with_session().await;
    let id = house.user(EMAIL).await.id;
    let row = house.ports.sessions.active(&id, house.clock.now()).await.unwrap().remove(0);
    assert!(row.token.len() == 64 && row.token.bytes().all(|c| c.is_ascii_hexdigit()), "{}", row.token);
    house.refresh(first.refresh()).await;
    let old = house.ports.sessions.find(&row.jti).await.unwrap().unwrap();
    let new = house.ports.sessions.active(&id, house.clock.now()).await.unwrap().remove(0);
    assert_eq!((old.revoked_reason.as_deref(), old.replaced_by_jti), (Some("rotated"), Some(new.jti)));
    assert_eq!((new.session_id, new.session_started_at), (row.session_id, row.session_started_at));
}

#[tokio::test]
async fn missing_invalid_and_foreign_tokens_answer_401_in_words_for_people() {
    let (house, first) = house_with_session().await;
    for body in [
        json!({}),
        json!({ "refreshToken": null }),
        json!({ "refreshToken": "" }),
        json!({ "refreshToken": 7 }),
    ] {
        assert_eq!(house.post("/api/auth/refresh", body).await.status, 401);
    }
    for token in ["undefined", "null", "x.y.z", first.access()] {
        let reply = house.refresh(token).await;
        assert_eq!(reply.status, 401, "{token}");
        assert!(reply.body["message"].as_str().unwrap().contains("sign in"), "{}", reply.body);
        assert_eq!((reply.header("www-authenticate"), reply.cookies().len()), ("Bearer", 0));
    }
    assert_eq!(house.refresh(first.refresh()).await.status, 200, "the session is unharmed");
}

#[tokio::test]
async fn a_token_that_comes_again_within_a_minute_gets_another_pair_of_the_same_session() {
    let (house, first) = house_with_session().await;
    let second = house.refresh(first.refresh()).await;
    seconds(&house, 60);
    let sibling = house.refresh(first.refresh()).await;
    assert_eq!(sibling.status, 200);
    assert_ne!(sibling.refresh(), second.refresh());
    for reply in [&second, &sibling] {
        assert_eq!(house.me(reply.access()).await, 200);
    }
    seconds(&house, 600);
    for reply in [&second, &sibling] {
        assert_eq!(house.refresh(reply.refresh()).await.status, 200, "both tabs go on");
    }
    let active = house.ports.sessions.active(&house.user(EMAIL).await.id, house.clock.now()).await.unwrap();
    assert_eq!(active.len(), 1, "one session");
    assert!(!house.recorded().contains(&"REFRESH_TOKEN_REUSE".to_owned()));
}

#[tokio::test]
async fn a_token_that_comes_again_later_ends_the_whole_session_at_once() {
    let (house, first) = house_with_session().await;
    let other = house.login(EMAIL, crate::support::PASSWORD).await;
    let second = house.refresh(first.refresh()).await;
    seconds(&house, 61);
    assert_eq!(house.refresh(first.refresh()).await.status, 401);
    assert_eq!(house.last_entry().action, "REFRESH_TOKEN_REUSE");
    assert_eq!(house.refresh(second.refresh()).await.status, 401);
    for reply in [&first, &second] {
        assert_eq!(house.me(reply.access()).await, 401);
    }
    assert_eq!(house.me(other.access()).await, 200, "other sessions go on");
    assert_eq!(house.refresh(other.refresh()).await.status, 200);
}

#[tokio::test]
async fn an_exchanged_token_does_not_come_again_after_signing_out() {
    let (house, first) = house_with_session().await;
    let second = house.refresh(first.refresh()).await;
    house.post("/api/auth/logout", json!({ "refreshToken": second.refresh() })).await;
    for token in [first.refresh(), second.refresh()] {
        assert_eq!(house.refresh(token).await.status, 401);
    }
    let active = house.ports.sessions.active(&house.user(EMAIL).await.id, house.clock.now()).await.unwrap();
    assert!(active.is_empty());
}

#[tokio::test]
async fn a_token_waits_seven_days_and_a_session_lasts_thirty() {
    let (house, first) = house_with_session().await;
    let mut last = first;
    for _ in 0..4 {
        house.advance_minutes(7 * DAY - 1);
        last = house.refresh(last.refresh()).await;
        assert_eq!(last.status, 200);
    }
    house.advance_minutes(2 * DAY + 3);
    last = house.refresh(last.refresh()).await;
    assert_eq!(last.status, 200, "29 days, 23 hours and 59 minutes old");
    house.advance_minutes(1);
    assert_eq!(house.refresh(last.refresh()).await.status, 401);
    let (house, idle) = house_with_session().await;
    house.advance_minutes(7 * DAY);
    assert_eq!(house.refresh(idle.refresh()).await.status, 401);
}

#[tokio::test]
async fn a_deactivated_account_gets_no_tokens() {
    let (house, first) = house_with_session().await;
    house.change(EMAIL, UserChange { is_active: Some(false), ..UserChange::default() }).await;
    assert_eq!(house.refresh(first.refresh()).await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_parallel_exchanges_of_one_token_all_succeed_with_one_rotation() {
    let (house, first) = house_with_session().await;
    let user = house.user(EMAIL).await.id;
    let row = house.ports.sessions.active(&user, house.clock.now()).await.unwrap().remove(0);
    let attempts: Vec<_> = (0..50)
        .map(|_| {
            let (house, token) = (house.clone(), first.refresh().to_owned());
            tokio::spawn(async move { house.refresh(&token).await })
        })
        .collect();
    let mut tokens = std::collections::BTreeSet::new();
    for attempt in attempts {
        let reply = attempt.await.unwrap();
        assert_eq!(reply.status, 200, "{}", reply.body);
        assert_eq!(house.me(reply.access()).await, 200);
        tokens.insert(reply.refresh().to_owned());
    }
    assert_eq!(tokens.len(), 50);
    let old = house.ports.sessions.find(&row.jti).await.unwrap().unwrap();
    assert_eq!(old.revoked_reason.as_deref(), Some("rotated"));
    let replacement = house.ports.sessions.find(&old.replaced_by_jti.unwrap()).await.unwrap().unwrap();
    assert_eq!(replacement.revoked_at, None);
    let ended =
        house.ports.sessions.revoke_session(&row.session_id, "count", house.clock.now()).await.unwrap();
    assert_eq!(ended, 50, "one replacement and 49 siblings");
    assert!(!house.recorded().contains(&"REFRESH_TOKEN_REUSE".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn signing_out_amid_parallel_exchanges_leaves_no_token_alive() {
    for _ in 0..10 {
        let (house, first) = house_with_session().await;
        let attempts: Vec<_> = (0..16)
            .map(|place| {
                let (house, token) = (house.clone(), first.refresh().to_owned());
                tokio::spawn(async move {
                    let path = if place == 8 { "/api/auth/logout" } else { "/api/auth/refresh" };
                    house.post(path, json!({ "refreshToken": token })).await.status.as_u16()
                })
            })
            .collect();
        for attempt in attempts {
            assert!(matches!(attempt.await.unwrap(), 200 | 401));
        }
        let active =
            house.ports.sessions.active(&house.user(EMAIL).await.id, house.clock.now()).await.unwrap();
        assert!(active.is_empty(), "{active:?}");
        assert_eq!(house.me(first.access()).await, 401);
    }
}

/// Sessions in which signing out comes between the look at a session and the next insert.
struct EndedInBetween {
    sessions: Arc<dyn Sessions>,
    limits: Arc<dyn Limits>,
    armed: Arc<AtomicBool>,
}

#[async_trait]
impl Sessions for EndedInBetween {
    async fn insert(&self, token: RefreshToken) -> Result<(), StoreError> {
        if self.armed.load(Ordering::SeqCst) {
            let key = format!("revoked_sid:{}", token.session_id);
            self.limits.put(&key, "logout", Duration::from_mins(31)).await?;
            self.sessions.revoke_session(&token.session_id, "logout", token.created_at).await?;
        }
        self.sessions.insert(token).await
    }
    async fn find(&self, jti: &str) -> Result<Option<RefreshToken>, StoreError> {
        self.sessions.find(jti).await
    }
    async fn rotate(&self, old: &str, new: RefreshToken, now: Timestamp) -> Result<bool, StoreError> {
        self.sessions.rotate(old, new, now).await
    }
    async fn revoke_session(&self, id: &str, reason: &str, now: Timestamp) -> Result<u64, StoreError> {
        self.sessions.revoke_session(id, reason, now).await
    }
    async fn active(&self, user_id: &str, now: Timestamp) -> Result<Vec<RefreshToken>, StoreError> {
        self.sessions.active(user_id, now).await
    }
    async fn purge(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.sessions.purge(before).await
    }
}

#[tokio::test]
async fn a_session_that_ends_while_a_token_comes_again_stays_ended() {
    let armed = Arc::new(AtomicBool::new(false));
    let house = House::built(rules(), |ports| {
        let (sessions, limits) = (ports.sessions.clone(), ports.limits.clone());
        ports.sessions = Arc::new(EndedInBetween { sessions, limits, armed: armed.clone() });
    });
    let first = house.register(EMAIL).await;
    house.refresh(first.refresh()).await;
    armed.store(true, Ordering::SeqCst);
    assert_eq!(house.refresh(first.refresh()).await.status, 401);
    let active = house.ports.sessions.active(&house.user(EMAIL).await.id, house.clock.now()).await.unwrap();
    assert!(active.is_empty(), "{active:?}");
}

#[tokio::test]
async fn the_owner_is_told_once_that_a_token_was_used_again() {
    let house = House::new();
    let first = house.register("tendai@example.org").await;
    assert_eq!(house.refresh(first.refresh()).await.status, 200);
    house.advance_minutes(2);
    for _ in 0..3 {
        assert_eq!(house.refresh(first.refresh()).await.status, 401);
    }
    let letter = house.letters(1).await.remove(0);
    assert!(
        letter.starts_with("To: tendai@example.org\n") && letter.contains("signed a device out"),
        "{letter}"
    );
}
