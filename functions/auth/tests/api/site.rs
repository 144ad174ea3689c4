//! What administrators set, in force.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use dzinza_ports::{Clock as _, RefreshToken, Role, Sessions, StoreError, UserChange, Users};
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::{House, PASSWORD, rules};

async fn set(house: &House, data: Value) {
    let present = house.ports.site.read().await.unwrap().map_or(0, |record| record.version);
    assert!(house.ports.site.write(data, None, present, house.clock.now()).await.unwrap());
}

#[tokio::test]
async fn nobody_signs_up_while_administrators_do_not_want_it() {
    let house = House::new();
    let form = json!({ "email": "a@b.zw", "password": PASSWORD, "name": "Tendai" });
    set(&house, json!({ "allowNewRegistrations": false })).await;
    let refused = house.post("/api/auth/register", form.clone()).await;
    assert_eq!((refused.status.as_u16(), &refused.body["error"]), (403, &json!("FORBIDDEN")));
    assert!(house.ports.users.by_email("a@b.zw").await.unwrap().is_none());
    set(&house, json!({ "allowNewRegistrations": true })).await;
    assert_eq!(house.post("/api/auth/register", form).await.status, 201);
}

#[tokio::test]
async fn the_operators_no_stands_whatever_administrators_set() {
    let house = House::with(dzinza_auth::AuthRules { allow_registration: false, ..rules() });
    set(&house, json!({ "allowNewRegistrations": true })).await;
    let form = json!({ "email": "a@b.zw", "password": PASSWORD, "name": "Tendai" });
    assert_eq!(house.post("/api/auth/register", form).await.status, 403);
}

#[tokio::test]
async fn who_names_no_language_gets_that_of_the_platform() {
    let house = House::new();
    set(&house, json!({ "defaultLanguage": "nd" })).await;
    assert_eq!(house.register("a@b.zw").await.body["user"]["preferredLanguage"], "nd");
    let chosen =
        json!({ "email": "c@b.zw", "password": PASSWORD, "name": "Tendai", "preferredLanguage": "sn" });
    let chosen = house.post("/api/auth/register", chosen).await;
    assert_eq!(chosen.body["user"]["preferredLanguage"], "sn");
}

/// Sessions in which an administrator changes the account while it signs in.
struct Changed {
    sessions: Arc<dyn Sessions>,
    users: Arc<dyn Users>,
    change: UserChange,
    armed: Arc<AtomicBool>,
}

#[async_trait]
impl Sessions for Changed {
    async fn insert(&self, token: RefreshToken) -> Result<(), StoreError> {
        if self.armed.load(Ordering::SeqCst) {
            self.users.update(&token.user_id, self.change.clone(), token.created_at).await?;
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
    async fn recent(&self, user_id: &str, limit: u32) -> Result<Vec<RefreshToken>, StoreError> {
        self.sessions.recent(user_id, limit).await
    }
    async fn purge(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.sessions.purge(before).await
    }
}

#[tokio::test]
async fn who_is_deactivated_or_given_another_role_while_signing_in_is_not_signed_in() {
    for change in [
        UserChange { is_active: Some(false), ..UserChange::default() },
        UserChange { role: Some(Role::Moderator), ..UserChange::default() },
        UserChange { is_superuser: Some(true), ..UserChange::default() },
    ] {
        let armed = Arc::new(AtomicBool::new(false));
        let house = House::built(rules(), |ports| {
            let (sessions, users) = (ports.sessions.clone(), ports.users.clone());
            ports.sessions = Arc::new(Changed { sessions, users, change, armed: armed.clone() });
        });
        house.register("a@b.zw").await;
        armed.store(true, Ordering::SeqCst);
        let refused = house.login("a@b.zw", PASSWORD).await;
        assert_eq!(refused.status, 401, "{}", refused.body);
        let user = house.user("a@b.zw").await;
        let sessions = house.ports.sessions.active(&user.id, house.clock.now()).await.unwrap();
        assert_eq!(sessions.len(), 1, "that of signing up alone");
    }
}

#[tokio::test]
async fn letters_and_pages_are_in_the_name_of_the_platform() {
    let house = House::new();
    set(&house, json!({ "siteName": "Mhuri & Co" })).await;
    house.register("a@b.zw").await;
    assert!(house.proofs(1).await[0].contains("Subject: Welcome to Mhuri & Co: "));
    house.post("/api/auth/forgot-password", json!({ "email": "a@b.zw" })).await;
    let letter = house.letters(1).await.remove(0);
    assert!(letter.contains("a new Mhuri & Co password") && !letter.contains("Dzinza"), "{letter}");
    // A change is in the next letter.
    set(&house, json!({ "siteName": "Dzinza remaGumbo" })).await;
    house.post("/api/auth/forgot-password", json!({ "email": "a@b.zw" })).await;
    assert!(house.letters(2).await[1].contains("a new Dzinza remaGumbo password"));
    let path = format!("/api/auth/reset-password/{}", "0".repeat(64));
    let (_, _, page) = house.call(Method::GET, &path).page().await;
    assert!(page.contains("<p class=\"brand\">Dzinza remaGumbo</p>"), "{page}");
}
