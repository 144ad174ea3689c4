//! What somebody left behind in an account with another's address does not outlast a new password by mail.

use dzinza_ports::Passkey;
use http::Method;
use serde_json::json;

use crate::issuer::Issuer;
use crate::oauth::tendai;
use crate::oauth_linking::prepare;
use crate::support::{House, PASSWORD, rules};

const EMAIL: &str = "tendai@example.org";
const NEW: &str = "Baobab-1897";

fn token_in(letter: &str, path: &str) -> String {
    letter.split(path).nth(1).unwrap().get(..64).unwrap().to_owned()
}

/// Sets a new password as whoever reads the mail of the address, with the letter of this number.
async fn reset(house: &House, number: usize) {
    house.post("/api/auth/forgot-password", json!({ "email": EMAIL })).await;
    let letter = house.letters(number).await.remove(number - 1);
    let body = json!({ "token": token_in(&letter, "/api/auth/reset-password/"), "newPassword": NEW });
    let reply = house.post("/api/auth/reset-password", body).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
}

#[tokio::test]
async fn an_owner_who_confirmed_the_address_first_still_gets_the_account_alone() {
    let issuer = Issuer::new(rules()).await;
    let house = &issuer.house;
    let (eve, program) = prepare(&issuer).await;
    let proof = token_in(&house.proofs(1).await[0], "/api/auth/verify-email/");
    assert_eq!(house.post("/api/auth/verify-email", json!({ "token": proof })).await.status, 200);
    // Whoever clicked need not know the password, and whoever signed up may be at another device.
    assert_eq!((house.me(eve.access()).await.as_u16(), house.me(&program).await.as_u16()), (200, 200));
    house.advance_minutes(1);
    let user = house.user(EMAIL).await;
    let later = Passkey {
        id: "q".to_owned(),
        user_id: user.id.clone(),
        credential_id: "d".to_owned(),
        name: "x".to_owned(),
        data: json!({}),
        created_at: house.ports.clock.now(),
        last_used_at: None,
    };
    house.ports.passkeys.add(later).await.unwrap();
    reset(house, 1).await;
    assert_eq!((house.me(eve.access()).await.as_u16(), house.me(&program).await.as_u16()), (401, 401));
    assert_eq!(house.refresh(eve.refresh()).await.status, 401);
    assert_eq!(house.login(EMAIL, PASSWORD).await.status, 401);
    assert!(house.ports.passkeys.of_user(&user.id).await.unwrap().is_empty());
    assert!(house.ports.identities.of_user(&user.id).await.unwrap().is_empty());
    assert!(house.ports.access_tokens.of_user(&user.id).await.unwrap().is_empty());
    assert!(house.user(EMAIL).await.mfa_enabled, "a mailbox alone does not switch off one-time codes");
    let told = house.letters(2).await.remove(1);
    assert!(told.contains("passkeys") && told.contains("access tokens"), "{told}");
}

#[tokio::test]
async fn a_new_password_by_mail_proves_the_address() {
    let issuer = Issuer::new(rules()).await;
    let house = &issuer.house;
    house.register(EMAIL).await;
    let proof = token_in(&house.proofs(1).await[0], "/api/auth/verify-email/");
    reset(house, 1).await;
    let user = house.user(EMAIL).await;
    assert!(user.email_verified && user.email_verified_at == Some(house.ports.clock.now()));
    assert_eq!(house.post("/api/auth/verify-email", json!({ "token": proof })).await.fields(), ["token"]);
    let signed_in = house.login(EMAIL, NEW).await;
    let again = house.call(Method::POST, "/api/auth/resend-verification").bearer(signed_in.access());
    assert_eq!(again.send().await.status, 400, "there is nothing to prove any more");
    // Both have proved it, so the identity joins and the password stays.
    let linked = issuer.sign_in("home", &tendai()).await;
    assert_eq!((linked.status.as_u16(), &linked.body["user"]["id"]), (200, &json!(user.id)));
    assert_eq!(house.login(EMAIL, NEW).await.status, 200);
}

#[tokio::test]
async fn the_letter_that_asks_for_the_proof_warns_whoever_did_not_sign_up() {
    let house = House::new();
    house.register(EMAIL).await;
    let letter = house.proofs(1).await.remove(0);
    assert!(letter.contains("If you did not sign up, do not confirm"), "{letter}");
}
