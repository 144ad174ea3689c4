use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use dzinza_tests::{Client, PASSWORD};
use serde_json::{Value, json};

use crate::crowd::{Crowd, Promised};
use crate::house::{House, well};

const OUTAGES: usize = 3;

pub async fn dies(house: House) {
    let process = house.serve(&[]);
    let nobody = Client::at(process.url());
    well(&nobody).await;
    let (crowd, tasks) = Crowd::gather(process.url()).await;
    for _ in 0..OUTAGES {
        crowd.go_on(120).await;
        house.postgres.kill().expect("it is there");
        crowd.are_refused(12).await;
        house.postgres.resume().expect("it can start again");
    }
    crowd.go_on(120).await;
    crowd.disperse(tasks).await;
    let promised = std::mem::take(&mut *crowd.promised());
    let kinds: BTreeSet<_> = promised.answers.keys().copied().collect();
    for seen in [("register", 201), ("register", 503), ("refresh", 200), ("refresh", 503), ("login", 503)] {
        assert!(kinds.contains(&seen), "the load was too light: {:?}", promised.answers);
    }
    kept(&house, &nobody, &promised).await;
    // The same process as at the beginning, and nothing it would hold against anybody.
    Client::at(process.url()).sign_up("rudo@example.org").await.tree().await;
    assert!(process.terminate().success());
}

/// What was promised holds.
async fn kept(house: &House, nobody: &Client, promised: &Promised) {
    assert_eq!(house.count("SELECT count(*) - count(DISTINCT lower(email)) FROM users"), 0);
    for email in &promised.accounts {
        nobody.sign_in(email, PASSWORD).await;
    }
    // Each exchange is on disk: the token of a lost one would be good again.
    let tokens: Vec<String> = promised.exchanged.iter().map(|token| format!("'{}'", jti(token))).collect();
    let all = tokens.join(",");
    let question = format!(
        "SELECT count(*) FROM refresh_tokens WHERE replaced_by_jti IS NOT NULL AND token_jti IN ({all})"
    );
    assert_eq!(house.count(&question), promised.exchanged.len());
    for token in &promised.held {
        nobody.post("/auth/refresh", &json!({ "refreshToken": token })).await.ok(200);
    }
    for gone in &promised.signed_out {
        gone.get("/api/auth/me").await.problem(401);
        nobody.post("/auth/refresh", &json!({ "refreshToken": gone.refresh })).await.problem(401);
    }
    // After the minute in which two tabs may come with one token.
    let later = "UPDATE refresh_tokens SET revoked_at = revoked_at - interval '61 seconds' \
                 WHERE revoked_at IS NOT NULL";
    house.postgres.ask("postgres", later).expect("a change");
    for token in &promised.exchanged {
        nobody.post("/auth/refresh", &json!({ "refreshToken": token })).await.problem(401);
    }
}

fn jti(token: &str) -> String {
    let payload = token.split('.').nth(1).expect("a payload");
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(payload).expect("base64");
    let claims: Value = serde_json::from_slice(&bytes).expect("JSON");
    claims["jti"].as_str().expect("an id").to_owned()
}
