//! Tokens that were made for something else, by someone else, or some other time.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use dzinza_tests::{Client, Mode, Server};
use dzinza_wiring::Stores;
use jsonwebtoken::{Algorithm, EncodingKey, Header, decode_header, encode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use crate::support::{EMAIL, claims, shape};

/// The keys of a running server, as someone has them who can sign anything.
pub struct Keys {
    pub access: Vec<u8>,
    refresh: Vec<u8>,
}

impl Keys {
    pub fn of(server: &Server) -> Self {
        let secrets = Stores::open(server.data()).unwrap().secrets;
        let bytes = |secret: &SecretString| secret.expose_secret().as_bytes().to_vec();
        Self { access: bytes(&secrets.jwt), refresh: bytes(&secrets.jwt_refresh) }
    }
}

pub fn sign(header: &Header, claims: &Value, key: &[u8]) -> String {
    encode(header, claims, &EncodingKey::from_secret(key)).unwrap()
}

/// The claims with one of them changed; null takes it away.
pub fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    let fields = claims.as_object_mut().unwrap();
    match value {
        Value::Null => drop(fields.remove(name)),
        value => drop(fields.insert(name.to_owned(), value)),
    }
    claims
}

/// Changes that make a token of ours one that must not pass, though its signature is right.
fn changes(now: i64) -> Vec<(&'static str, Value)> {
    vec![
        ("iss", json!("dzinza")),
        ("iss", Value::Null),
        ("aud", json!("dzinza-mail")),
        ("aud", json!(["someone-else"])),
        ("aud", Value::Null),
        ("exp", json!(now - 3600)),
        ("exp", json!(0)),
        ("exp", json!("4102444800")),
        ("exp", Value::Null),
    ]
}

fn header_with(algorithm: Algorithm, real: &Header) -> Header {
    Header { alg: algorithm, ..real.clone() }
}

/// Unsigned, in the spellings that libraries have fallen for.
pub fn unsigned(claims: &Value) -> Vec<String> {
    let text = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let spellings = ["none", "None", "NONE", "nOnE", ""];
    let of = |alg: &str| format!("{}.{}.", text(&json!({ "alg": alg, "typ": "JWT" })), text(claims));
    spellings.iter().map(|alg| of(alg)).collect()
}

/// An address of each function that wants a caller.
pub async fn one_of_each(client: &Client) -> Vec<String> {
    let tree = client.tree().await["id"].as_str().unwrap().to_owned();
    vec![
        "/api/auth/me".to_owned(),
        "/api/users/me".to_owned(),
        "/api/family-trees".to_owned(),
        format!("/api/persons?familyTreeId={tree}"),
        format!("/api/family-trees/{tree}/sources"),
        "/api/events".to_owned(),
        "/api/notifications".to_owned(),
    ]
}

#[tokio::test]
async fn only_an_access_token_for_us_and_for_now_opens_any_function() {
    let server = Server::start().await;
    let rudo = Client::signed_up(&server, EMAIL).await;
    let keys = Keys::of(&server);
    let (access, header) = (claims(&rudo.access), decode_header(&rudo.access).unwrap());
    let (refresh, now) = (claims(&rudo.refresh), access["iat"].as_i64().unwrap());
    let paths = one_of_each(&rudo).await;
    // What is signed here is what the server signs: else nothing below would prove anything.
    let same = rudo.with_token(&sign(&header, &access, &keys.access));
    for path in &paths {
        assert!(same.get(path).await.status < 401, "{path}");
    }

    let mut forged: Vec<String> = changes(now)
        .into_iter()
        .chain([("type", json!("refresh")), ("type", json!("mfa")), ("type", json!(""))])
        .map(|(name, value)| sign(&header, &with(&access, name, value), &keys.access))
        .collect();
    forged.push(sign(&header, &access, &keys.refresh));
    forged.push(sign(&header, &refresh, &keys.access));
    forged.push(rudo.refresh.clone());
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        forged.push(sign(&header_with(algorithm, &header), &access, &keys.access));
    }
    let elsewhere = Header { jku: Some("https://evil.example/keys".to_owned()), ..header.clone() };
    forged.push(sign(&elsewhere, &access, &[7; 32]));
    forged.push(sign(
        &Header { kid: Some("../../dev/null".to_owned()), ..header.clone() },
        &access,
        &[0; 32],
    ));
    forged.push(sign(&header, &access, b""));
    let nobody =
        ["sub", "user_id", "userId"].iter().fold(access.clone(), |all, name| with(&all, name, Value::Null));
    forged.push(sign(&header, &nobody, &keys.access));
    forged.extend(unsigned(&access));

    for token in forged {
        let by_header = rudo.with_token(&token);
        for path in &paths {
            for caller in [&by_header, &by_header.with_mode(Mode::Cookie)] {
                let answer = caller.get(path).await;
                assert_eq!(answer.status, 401, "{path} with {}: {}", claims(&token), answer.text());
            }
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn only_a_refresh_token_that_was_given_out_is_exchanged_and_all_others_are_refused_alike() {
    let server = Server::start().await;
    let rudo = Client::signed_up(&server, EMAIL).await;
    let eve = Client::signed_up(&server, "eve@example.org").await;
    let keys = Keys::of(&server);
    let (real, header) = (claims(&rudo.refresh), decode_header(&rudo.refresh).unwrap());
    let now = real["iat"].as_i64().unwrap();
    let resigned = |claims: &Value| sign(&header, claims, &keys.refresh);
    let mut forged: Vec<String> =
        changes(now).into_iter().map(|(name, value)| resigned(&with(&real, name, value))).collect();
    for (name, value) in [
        ("type", json!("access")),
        ("type", Value::Null),
        ("jti", json!("01a20784-3d50-74f9-9661-553000000001")),
        ("jti", claims(&eve.refresh)["jti"].clone()),
        ("jti", Value::Null),
        // What is stored is a digest of the whole token: not even the same token a second later passes.
        ("iat", json!(now - 1)),
        ("sid", json!("another")),
    ] {
        forged.push(resigned(&with(&real, name, value)));
    }
    let mut of_eve = real.clone();
    for name in ["sub", "user_id"] {
        of_eve = with(&of_eve, name, json!(eve.user_id));
    }
    forged.push(resigned(&of_eve));
    forged.push(sign(&header, &real, &keys.access));
    forged.push(sign(&header_with(Algorithm::HS512, &header), &real, &keys.refresh));
    forged.push(rudo.access.clone());
    forged.extend(unsigned(&real));
    forged.extend(["undefined", "null", "", "a.b.c"].map(str::to_owned));

    let exchange =
        async |token: &str| rudo.as_nobody().post("/auth/refresh", &json!({ "refreshToken": token })).await;
    let refusal = shape(&exchange("garbage").await);
    assert_eq!(refusal.0, 401);
    for token in forged {
        assert_eq!(shape(&exchange(&token).await), refusal, "{token}");
        // Nor does one of them end a session that is not its bearer's.
        let out = rudo.as_nobody().post("/api/auth/logout", &json!({ "refreshToken": token })).await;
        assert_eq!(out.status, 200, "{}", out.text());
    }
    rudo.get("/api/auth/me").await.ok(200);
    let renewed = exchange(&rudo.refresh).await;
    assert_eq!(
        (renewed.status, claims(renewed.body["accessToken"].as_str().unwrap())["sid"].clone()),
        (200, real["sid"].clone())
    );
    // And what it was exchanged for leads to nobody else.
    assert_eq!(exchange(&eve.refresh).await.status, 200);
    server.stop().await;
}
