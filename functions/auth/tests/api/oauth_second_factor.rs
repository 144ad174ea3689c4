//! A provider's word does not stand for the second factor of an account.

use dzinza_ports::UserChange;
use serde_json::json;

use crate::issuer::{Issuer, Visit};
use crate::mfa::{code, enrolled, wrong_code};
use crate::oauth::tendai;
use crate::passkeys::{at_home, challenge, person};
use crate::support::rules;

const EMAIL: &str = "tendai@example.org";

/// Somebody with a second factor, half signed in with a provider; and the secret.
async fn half(issuer: &Issuer) -> (Visit, String) {
    let secret = enrolled(&issuer.house, EMAIL).await.secret;
    issuer.house.change(EMAIL, UserChange { email_verified: Some(true), ..UserChange::default() }).await;
    let visit = issuer.visit("home", &tendai()).await;
    let pending = issuer.come_back("home", &visit).await;
    assert_eq!((pending.status.as_u16(), pending.cookies().len()), (200, 0), "{}", pending.body);
    assert_eq!((&pending.body["requireMfa"], &pending.body["mfaMethods"]), (&json!(true), &json!(["totp"])));
    assert!(pending.body["user"].is_null() && pending.body["tokens"].is_null(), "{}", pending.body);
    (visit, secret)
}

async fn linked(issuer: &Issuer) -> usize {
    let user = issuer.house.user(EMAIL).await;
    issuer.house.ports.identities.of_user(&user.id).await.unwrap().len()
}

#[tokio::test]
async fn an_account_with_a_second_factor_is_linked_and_opened_when_that_is_right_too() {
    let issuer = Issuer::new(rules()).await;
    let (visit, secret) = half(&issuer).await;
    assert_eq!(linked(&issuer).await, 0);
    let body = json!({ "state": visit.state, "mfaCode": code(&issuer.house, &secret, 0) });
    assert_eq!(issuer.post("home", "theme=dark", &body).await.status, 400, "another browser");
    assert_eq!(issuer.post("facebook", &visit.cookie, &body).await.status, 400, "another provider");
    let reply = issuer.post("home", &visit.cookie, &body).await;
    assert_eq!((reply.status.as_u16(), &reply.body["requireMfa"]), (200, &json!(false)), "{}", reply.body);
    assert_eq!((issuer.house.me(reply.access()).await.as_u16(), linked(&issuer).await), (200, 1));
    issuer.house.advance_minutes(1);
    let again = json!({ "state": visit.state, "mfaCode": code(&issuer.house, &secret, 0) });
    assert_eq!(issuer.post("home", &visit.cookie, &again).await.status, 400, "it is used up");
}

#[tokio::test]
async fn wrong_codes_lock_and_open_and_link_nothing() {
    let issuer = Issuer::new(rules()).await;
    let (visit, secret) = half(&issuer).await;
    let body = json!({ "state": visit.state, "mfaCode": wrong_code(&issuer.house, &secret) });
    for _ in 0..5 {
        assert_eq!(issuer.post("home", &visit.cookie, &body).await.status, 401);
    }
    let right = json!({ "state": visit.state, "mfaCode": code(&issuer.house, &secret, 0) });
    assert_eq!(issuer.post("home", &visit.cookie, &right).await.status, 423);
    assert_eq!(linked(&issuer).await, 0);
    assert!(issuer.house.recorded().contains(&"LOGIN_FAILED_INVALID_MFA".to_owned()));
    issuer.house.advance_minutes(6);
    assert_eq!(issuer.post("home", &visit.cookie, &right).await.status, 400, "too late");
}

#[tokio::test]
async fn a_passkey_does_as_well_as_a_code_and_anothers_does_not() {
    let issuer = Issuer::new(at_home()).await;
    let house = &issuer.house;
    let (_, passkey) = person(house, EMAIL, 1).await;
    let (_, others) = person(house, "rudo@example.org", 2).await;
    let settled = UserChange { email_verified: Some(true), mfa_enabled: Some(true), ..UserChange::default() };
    house.change(EMAIL, settled).await;
    let visit = issuer.visit("home", &tendai()).await;
    let pending = issuer.come_back("home", &visit).await;
    assert_eq!(pending.body["mfaMethods"], json!(["totp", "passkey"]), "{}", pending.body);
    let answer = async |passkey| {
        let body = json!({ "state": visit.state, "passkey": passkey });
        issuer.post("home", &visit.cookie, &body).await
    };
    assert_eq!(answer(json!("text")).await.fields()[0], "passkey");
    assert_eq!(answer(json!({})).await.fields(), ["passkey"]);
    assert_eq!(answer(others.get(&challenge(house).await)).await.status, 401);
    assert_eq!(linked(&issuer).await, 0);
    let right = passkey.get(&challenge(house).await);
    let reply = answer(right.clone()).await;
    assert_eq!((reply.status.as_u16(), &reply.body["requireMfa"]), (200, &json!(false)), "{}", reply.body);
    assert_eq!((house.me(reply.access()).await.as_u16(), linked(&issuer).await), (200, 1));
    assert_eq!(answer(right).await.status, 400, "it is used up");
}
