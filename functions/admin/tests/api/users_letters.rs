//! Whoever's account somebody else changes is told.

use dzinza_letters::token_hash;
use dzinza_ports::{Clock as _, Role, User, UserChange};
use serde_json::{Value, json};

use crate::support::House;

async fn with_tendai() -> (House, User) {
    let house = House::new().await;
    let user = house.add("tendai@example.org", Role::User).await;
    (house, user)
}

async fn put(house: &House, user: &User, body: Value) {
    house.put(&format!("/api/admin/users/{}", user.id), body).await.ok();
}

#[tokio::test]
async fn another_address_is_told_to_the_old_one_and_to_be_proved_at_the_new_one() {
    let (house, user) = with_tendai().await;
    put(&house, &user, json!({ "email": "new@b.zw" })).await;
    let letters = house.letters().await;
    let to: Vec<&str> = letters.iter().map(|letter| letter.to.as_str()).collect();
    assert_eq!(to, ["new@b.zw", "tendai@example.org"]);
    assert!(!letters[1].text.contains("new@b.zw") && letters[1].text.contains("another address"));
    let (_, link) = letters[0].text.split_once("https://api.dzinza.org/api/auth/verify-email/").unwrap();
    let stored = house.user(&user.id).await;
    assert!(!stored.email_verified);
    let (hash, until) = stored.email_verification.unwrap();
    let day = jiff::SignedDuration::from_hours(24);
    assert_eq!((hash, until), (token_hash(&link[..64]), house.clock.now() + day));
}

#[tokio::test]
async fn an_address_that_the_administrator_vouches_for_is_told_and_not_to_be_proved() {
    let (house, user) = with_tendai().await;
    put(&house, &user, json!({ "email": "new@b.zw", "emailVerified": true })).await;
    let letters = house.letters().await;
    assert_eq!((letters.len(), letters[0].to.as_str()), (2, "new@b.zw"));
    assert!(letters[0].text.contains("An administrator") && !letters[0].text.contains("/verify-email/"));
    let stored = house.user(&user.id).await;
    assert!(stored.email_verified && stored.email_verification.is_none());
}

#[tokio::test]
async fn that_two_step_sign_in_is_off_is_told_and_what_is_refused_or_harmless_is_not() {
    let (house, user) = with_tendai().await;
    house.add("taken@b.zw", Role::User).await;
    house.change(&user, UserChange { mfa_enabled: Some(true), ..UserChange::default() }).await;
    put(&house, &user, json!({ "firstName": "Tatenda", "emailVerified": true })).await;
    let path = format!("/api/admin/users/{}", user.id);
    assert_eq!(house.put(&path, json!({ "email": "taken@b.zw" })).await.status, 409);
    assert!(house.letters().await.is_empty());
    put(&house, &user, json!({ "mfaEnabled": false })).await;
    let letters = house.letters().await;
    assert_eq!((letters.len(), letters[0].to.as_str()), (1, "tendai@example.org"));
    assert!(letters[0].text.contains("second step was switched off"), "{}", letters[0].text);
}
