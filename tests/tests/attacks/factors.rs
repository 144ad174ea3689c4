//! Ways around the second factor.

use dzinza_tests::{Client, PASSWORD, Server};
use serde_json::{Value, json};

use crate::support::{EMAIL, reset_token};

#[tokio::test]
async fn a_new_password_does_not_get_past_the_second_factor() {
    let server = Server::start().await;
    let rudo = Client::signed_up(&server, EMAIL).await;
    let of = |yes: &str| format!("UPDATE users SET mfa_enabled = {yes}");
    assert_eq!(server.stores().change(&of("1"), &of("true")), 1);
    let nobody = rudo.as_nobody();
    let wanted = async |password: &str| {
        let answer = nobody.post("/api/auth/login", &json!({ "email": EMAIL, "password": password })).await;
        assert_eq!(answer.set_cookie("access_token_cookie"), None);
        assert!(!answer.text().contains("eyJ") && !answer.text().contains("Moyo"), "{}", answer.text());
        let body = answer.ok(200);
        assert_eq!(
            (&body["requireMfa"], &body["tokens"], &body["user"]),
            (&json!(true), &Value::Null, &Value::Null)
        );
    };
    wanted(PASSWORD).await;
    let token = reset_token(&rudo, server.data(), EMAIL).await;
    let set = nobody
        .post("/api/auth/reset-password", &json!({ "token": token, "newPassword": "Baobab-1897" }))
        .await;
    assert_eq!((set.status, set.set_cookie("access_token_cookie")), (200, None));
    assert!(!set.text().contains("eyJ"), "{}", set.text());
    wanted("Baobab-1897").await;
    let code = json!({ "email": EMAIL, "password": "Baobab-1897", "mfaCode": "000000" });
    nobody.post("/api/auth/login", &code).await.problem(401);
    server.stop().await;
}
