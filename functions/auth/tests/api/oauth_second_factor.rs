//! A provider's word does not stand for the second factor of an account.

use dzinza_ports::UserChange;
use serde_json::json;

use crate::issuer::Issuer;
use crate::oauth::tendai;
use crate::support::rules;

const EMAIL: &str = "tendai@example.org";

#[tokio::test]
async fn an_account_with_a_second_factor_wants_it_and_is_not_linked_before() {
    let issuer = Issuer::new(rules()).await;
    issuer.house.register(EMAIL).await;
    let change = UserChange { email_verified: Some(true), mfa_enabled: Some(true), ..UserChange::default() };
    issuer.house.change(EMAIL, change).await;
    let visit = issuer.visit("home", &tendai()).await;
    let pending = issuer.come_back("home", &visit).await;
    assert_eq!((pending.status.as_u16(), pending.cookies().len()), (200, 0), "{}", pending.body);
    assert_eq!(pending.body["requireMfa"], json!(true));
    assert!(pending.body["user"].is_null() && pending.body["tokens"].is_null(), "{}", pending.body);
    let user = issuer.house.user(EMAIL).await;
    assert!(issuer.house.ports.identities.of_user(&user.id).await.unwrap().is_empty());

    let code = json!({ "state": visit.state, "mfaCode": "000000" });
    assert_eq!(issuer.post("home", "theme=dark", &code).await.status, 400, "another browser");
    assert_eq!(issuer.post("facebook", &visit.cookie, &code).await.status, 400, "another provider");
    for _ in 0..5 {
        assert_eq!(issuer.post("home", &visit.cookie, &code).await.status, 401);
    }
    assert_eq!(issuer.post("home", &visit.cookie, &code).await.status, 423);
    assert!(issuer.house.recorded().contains(&"LOGIN_FAILED_INVALID_MFA".to_owned()));
    issuer.house.advance_minutes(6);
    assert_eq!(issuer.post("home", &visit.cookie, &code).await.status, 400, "too late");
}
