//! Who has an account is not told: answers are the same to the last header.

use dzinza_tests::{Client, Server};
use serde_json::json;

use crate::support::{EMAIL, reset_token, shape};

/// Ends an account as its database says it.
fn deactivate(server: &Server, email: &str) {
    let of = |no: &str| format!("UPDATE users SET is_active = {no} WHERE email = '{email}'");
    assert_eq!(server.stores().change(&of("0"), &of("false")), 1);
}

#[tokio::test]
async fn wrong_passwords_and_forgotten_ones_are_answered_alike_for_everybody() {
    let server = Server::start().await;
    let rudo = Client::signed_up(&server, EMAIL).await;
    rudo.sign_up("left@example.org").await;
    deactivate(&server, "left@example.org");
    let nobody = rudo.as_nobody();
    for (path, status) in [("/api/auth/login", 401), ("/api/auth/forgot-password", 200)] {
        let ask = async |email: &str| {
            shape(&nobody.post(path, &json!({ "email": email, "password": "Wrong-1890" })).await)
        };
        let unknown = ask("nobody@example.org").await;
        assert_eq!(unknown.0, status);
        for email in [EMAIL, "RUDO@Example.org", "left@example.org", "a.longer.address+tag@sub.example.org"] {
            assert_eq!(ask(email).await, unknown, "{path} {email}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn of_a_mailed_token_nobody_learns_whether_there_was_one() {
    let server = Server::start().await;
    let rudo = Client::signed_up(&server, EMAIL).await;
    let nobody = rudo.as_nobody();
    let token = reset_token(&rudo, server.data(), EMAIL).await;
    let never = "0".repeat(64);
    // The page is the same for a token that is good and for one that never was.
    let page = async |token: &str| {
        let answer = nobody.get(&format!("/api/auth/reset-password/{token}")).await;
        (answer.status, answer.text().replace(token, "TOKEN"))
    };
    assert_eq!(page(&token).await, page(&never).await);
    let set = async |token: &str| {
        let body = json!({ "token": token, "newPassword": "Baobab-1897" });
        shape(&nobody.post("/api/auth/reset-password", &body).await)
    };
    assert_eq!(set(&token).await.0, 200);
    let refused = set(&never).await;
    assert_eq!(refused.0, 400);
    for other in [token.as_str(), "x", "' OR 1=1 --", &"f".repeat(5000), &token.to_uppercase()] {
        assert_eq!(set(other).await, refused, "{other}");
    }
    server.stop().await;
}
