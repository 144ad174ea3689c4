//! An OpenID Connect issuer that says whatever an attacker could have it say. A real one is in `tests/oauth.rs`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Form, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use dzinza_tests::{Answer, Client, Process};
use http::{Method, StatusCode};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use percent_encoding::percent_decode_str;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Whom issuers know the platform as.
pub const CLIENT: [&str; 2] = ["dzinza", "a secret of the tests"];
/// Where the pages are.
pub const PAGES: &str = "https://app.example.org";

pub struct Issuer {
    pub url: String,
    signs: EncodingKey,
    /// The token of identity that each code is exchanged for.
    tokens: Arc<Mutex<HashMap<String, String>>>,
}

#[derive(Clone)]
struct Shared {
    url: String,
    jwk: Value,
    tokens: Arc<Mutex<HashMap<String, String>>>,
}

impl Issuer {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let random = SystemRandom::new();
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.as_ref(), &random).unwrap();
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let [x, y] = [x, y].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
        let jwk = json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "one", "x": x, "y": y });
        let tokens = Arc::<Mutex<HashMap<String, String>>>::default();
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(async |State(shared): State<Shared>| Json(json!({ "keys": [shared.jwk] }))))
            .route("/token", post(token))
            .with_state(Shared { url: url.clone(), jwk, tokens: tokens.clone() });
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, signs: EncodingKey::from_ec_der(der.as_ref()), tokens }
    }

    /// Serves the platform with this issuer as `home`, and with Google configured, but never reached.
    pub fn platform(&self) -> (Process, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let process = Process::with(&folder.path().join("data"), |command| {
            command.env("OIDC_NAME", "home").env("OIDC_ISSUER", &self.url).env("FRONTEND_URL", PAGES);
            for (id, secret) in
                [("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"), ("GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET")]
            {
                command.env(id, CLIENT[0]).env(secret, CLIENT[1]);
            }
        });
        (process, folder)
    }

    /// What it would say of somebody in this attempt.
    pub fn claims(&self, attempt: &Attempt, email: &str) -> Value {
        let now = get_current_timestamp();
        json!({ "iss": self.url, "aud": CLIENT[0], "iat": now, "exp": now + 300, "nonce": attempt.nonce,
            "sub": email, "email": email, "email_verified": true, "given_name": "Rudo", "family_name": "Moyo" })
    }

    /// A token of identity with its signature.
    pub fn signed(&self, claims: &Value) -> String {
        let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::ES256) };
        encode(&header, claims, &self.signs).unwrap()
    }

    /// A code that is good once for this token, whoever comes with it: here is nobody who checks the verifier.
    pub fn code(&self, token: String) -> String {
        let mut tokens = self.tokens.lock().unwrap();
        let code = format!("{}/code/{}", self.url, tokens.len());
        tokens.insert(code.clone(), token);
        code
    }

    /// A code for somebody who consented to this attempt.
    pub fn consent(&self, attempt: &Attempt, email: &str) -> String {
        self.code(self.signed(&self.claims(attempt, email)))
    }
}

async fn discovery(State(Shared { url, .. }): State<Shared>) -> Json<Value> {
    Json(json!({
        "issuer": url, "authorization_endpoint": format!("{url}/authorize"), "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/jwks"), "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
    }))
}

async fn token(State(shared): State<Shared>, Form(form): Form<HashMap<String, String>>) -> Response {
    // Not removed: that a code is good once is the platform's to see to as well.
    let known = form.get("code").and_then(|code| shared.tokens.lock().unwrap().get(code).cloned());
    let Some(token) = known else {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    };
    Json(json!({ "access_token": "x", "token_type": "Bearer", "expires_in": 300, "id_token": token }))
        .into_response()
}

/// A browser that has been sent to an issuer.
pub struct Attempt {
    /// `dzinza_oauth=..`
    pub cookie: String,
    pub state: String,
    pub nonce: String,
    pub url: String,
}

impl Attempt {
    pub async fn begin(client: &Client) -> Self {
        Self::of(client.get("/api/auth/oauth/home").await)
    }

    pub fn of(begun: Answer) -> Self {
        let cookie = begun.set_cookie("dzinza_oauth").expect("the cookie of the attempt");
        let url = begun.ok(200)["authUrl"].as_str().unwrap().to_owned();
        let value = |name: &str| parameter(&url, name).unwrap_or_else(|| panic!("no {name}: {url}"));
        let cookie = format!("dzinza_oauth={}", cookie.split(';').next().unwrap());
        Self { cookie, state: value("state"), nonce: value("nonce"), url }
    }

    /// Comes back with a code, by this browser.
    pub async fn come_back(&self, client: &Client, code: &str) -> Answer {
        send(client, "home", &self.cookie, &json!({ "state": self.state, "code": code })).await
    }
}

/// A parameter of an address.
pub fn parameter(url: &str, name: &str) -> Option<String> {
    let query = url.split_once('?')?.1;
    let raw = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    Some(percent_decode_str(raw).decode_utf8().unwrap().into_owned())
}

/// Sends what a page that was come back to sends.
pub async fn send(client: &Client, provider: &str, cookie: &str, body: &Value) -> Answer {
    let request = client.request(Method::POST, &format!("/api/auth/oauth/{provider}/callback"));
    client.send(request.header("cookie", cookie).json(body)).await
}
