//! Answers that hold a token are kept by nobody on the way.

use dzinza_tests::{Answer, Client, PASSWORD, Server};
use serde_json::json;

use crate::support::{EMAIL, reset_token};

#[track_caller]
fn kept_by_nobody(what: &str, answer: &Answer) {
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}: {:?}", answer.headers);
}

#[tokio::test]
async fn answers_with_tokens_and_pages_with_tokens_are_kept_nowhere() {
    let server = Server::start().await;
    let nobody = Client::anonymous(&server);
    let form = json!({ "name": "Rudo", "email": EMAIL, "password": PASSWORD });
    let up = nobody.post("/api/auth/register", &form).await;
    kept_by_nobody("signing up", &up);
    let signed_in = nobody.post("/api/auth/login", &form).await;
    kept_by_nobody("signing in", &signed_in);
    let renewal = json!({ "refreshToken": up.body["tokens"]["refreshToken"] });
    for path in ["/auth/refresh", "/api/auth/refresh"] {
        kept_by_nobody(path, &nobody.post(path, &renewal).await);
    }
    kept_by_nobody("signing out", &nobody.post("/api/auth/logout", &renewal).await);
    let token = reset_token(&nobody, server.data(), EMAIL).await;
    let page = nobody.get(&format!("/api/auth/reset-password/{token}")).await;
    kept_by_nobody("the page", &page);
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    let body = json!({ "token": token, "newPassword": "Baobab-1897" });
    kept_by_nobody("a new password", &nobody.post("/api/auth/reset-password", &body).await);
    for answer in [&up, &signed_in] {
        assert!(answer.set_cookie("refresh_token_cookie").is_none(), "a cookie that lives for a week");
    }
    server.stop().await;
}
