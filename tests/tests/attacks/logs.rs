//! The log of the real program, at its most talkative, tells nothing that opens an account or names a person.

use std::path::Path;

use dzinza_tests::{Client, Mode, PASSWORD, Process, eventually};
use http::Method;
use serde_json::json;

use crate::support::{EMAIL, reset_token};

const WRONG: &str = "Guessed-Wrongly-1890";
const NEXT: &str = "Baobab-1897";

#[tokio::test(flavor = "multi_thread")]
async fn the_log_holds_no_password_no_token_and_no_address() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let process = Process::with(&data, |command| {
        command.env("LOG_LEVEL", "trace");
    });
    let nobody = Client::at(process.url());
    let form = json!({ "name": "Ruvarashe Nyakudya", "email": EMAIL, "password": PASSWORD });
    let answer = nobody.post("/api/auth/register", &form).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let rudo = nobody.known_by(&answer, Mode::Header);
    nobody.post("/api/auth/register", &form).await.problem(409);
    nobody.post("/api/auth/login", &json!({ "email": EMAIL, "password": WRONG })).await.problem(401);
    nobody
        .post("/api/auth/login", &json!({ "email": "nobody@example.org", "password": WRONG }))
        .await
        .problem(401);
    let again = nobody.sign_in(EMAIL, PASSWORD).await;
    rudo.with_mode(Mode::Cookie).get("/api/auth/me").await.ok(200);
    rudo.new_member(&json!({ "firstName": "Chiedzamoyo", "birthDate": "1991-02-03" })).await;
    rudo.get("/api/persons/search?name=Chiedzamoyo").await;
    let renewed = nobody.post("/auth/refresh", &json!({ "refreshToken": rudo.refresh })).await.ok(200);
    nobody.post("/auth/refresh", &json!({ "refreshToken": "not.a.token" })).await.problem(401);
    rudo.with_token(&format!("{}x", rudo.access)).get("/api/auth/me").await.problem(401);
    let token = forget(&rudo, &data).await;

    let log = eventually("the requests in the log", async || {
        let log = process.complaints();
        (log.matches("answered").count() >= 17).then_some(log)
    })
    .await;
    let mut secrets: Vec<&str> = vec![
        PASSWORD,
        WRONG,
        NEXT,
        &token,
        EMAIL,
        "nobody@example.org",
        "Ruvarashe",
        "Nyakudya",
        "Chiedzamoyo",
        "1991-02-03",
        "eyJ",
        "$2b$",
        "$2a$",
        "access_token_cookie=",
    ];
    for pair in [&rudo, &again] {
        secrets.extend([pair.access.as_str(), pair.refresh.as_str()]);
    }
    secrets.extend(["accessToken", "refreshToken"].map(|key| renewed[key].as_str().unwrap()));
    for secret in secrets {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "the log holds {secret}");
    }
    assert!(process.terminate().success());
}

/// Sets a new password by a mailed link; answers its token.
async fn forget(rudo: &Client, data: &Path) -> String {
    let nobody = rudo.as_nobody();
    let token = reset_token(rudo, data, EMAIL).await;
    nobody.get(&format!("/api/auth/reset-password/{token}")).await;
    nobody
        .send(nobody.request(Method::GET, &format!("/api/auth/me?token={token}&email={EMAIL}")))
        .await
        .problem(401);
    let body = json!({ "token": token, "newPassword": NEXT });
    nobody.post("/api/auth/reset-password", &body).await.ok(200);
    nobody.post("/api/auth/reset-password", &body).await.problem(400);
    nobody.sign_in(EMAIL, NEXT).await;
    token
}
