use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use dzinza_tests::{Answer, Client, eventually};
use http::Method;
use serde_json::{Value, json};

pub const EMAIL: &str = "rudo@example.org";
pub const PAGE: &str = "https://app.example.org";

/// The letters so far, as they would be sent.
pub fn letters(data: &Path) -> Vec<String> {
    let Ok(folder) = std::fs::read_dir(data.join("mail")) else { return Vec::new() };
    let files = folder.map(|file| file.unwrap().path());
    let written = files.filter(|file| file.extension().is_some_and(|extension| extension == "eml"));
    written.map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

/// Asks for a new password and answers the mailed link's token. Once per test.
pub async fn reset_token(client: &Client, data: &Path, email: &str) -> String {
    let answer = client.as_nobody().post("/api/auth/forgot-password", &json!({ "email": email })).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    eventually("the mailed link", async || letters(data).iter().find_map(|letter| token_in(letter))).await
}

fn token_in(letter: &str) -> Option<String> {
    let (_, rest) = letter.split_once("/reset-password/")?;
    let token: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
    (token.len() == 64).then_some(token)
}

/// What a token says, unchecked.
pub fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a payload");
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// All that a caller can tell answers apart by: the status, the headers and the body, but for what differs
/// each time.
pub fn shape(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    let changes = ["date", "x-request-id", "x-response-time"];
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .filter(|(name, _)| !changes.contains(&name.as_str()))
        .collect();
    headers.sort();
    let mut body = answer.body.clone();
    if let Some(fields) = body.as_object_mut() {
        fields.remove("requestId");
    }
    (answer.status, headers, body)
}

/// Every operation of the served description: its method, its path, and whether it takes no caller.
pub async fn operations(client: &Client) -> Vec<(Method, String, bool)> {
    let document = client.as_nobody().get("/api/docs/openapi.json").await.ok(200);
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let Ok(method) = method.to_uppercase().parse() else { continue };
            if [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE].contains(&method) {
                found.push((method, path.clone(), operation.get("security").is_none()));
            }
        }
    }
    found
}

/// A new token of this caller's programs.
pub async fn program_token(client: &Client, scopes: &[&str]) -> String {
    let wanted = json!({ "name": "Backup", "scopes": scopes });
    let made = client.post("/api/auth/tokens", &wanted).await.ok(201);
    made["token"].as_str().expect("a token").to_owned()
}
