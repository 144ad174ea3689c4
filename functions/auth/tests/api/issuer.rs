//! An identity provider in this process: an OpenID issuer that signs with ES256 and, at the same address, a Facebook. It says
//! what tests want it to say, true or not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use dzinza_auth::{AuthRules, OAuth, OAuthConfig, ProviderConfig, ProviderKind};
use http::Method;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{House, Reply};

pub const CLIENT: &str = "dzinza-client";
pub const SECRET: &str = "the client's secret";
pub const COOKIE: &str = "__Host-dzinza_oauth";

/// How a token differs from what it should be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Twist {
    #[default]
    None,
    Claim(&'static str, Value),
    Unsigned,
    SharedSecret,
    ForeignKey,
    OnlyInUserInfo,
    OtherUserInfo,
}

#[derive(Clone, Default)]
struct Waiting {
    nonce: String,
    challenge: String,
    person: Value,
}

struct Key {
    signs: EncodingKey,
    jwk: Value,
}

impl Key {
    fn new(id: &str) -> Self {
        let random = SystemRandom::new();
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.as_ref(), &random).unwrap();
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let jwk = json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": id,
            "x": BASE64.encode(x), "y": BASE64.encode(y) });
        Self { signs: EncodingKey::from_ec_der(der.as_ref()), jwk }
    }
}

struct Shared {
    url: String,
    keys: Vec<Key>,
    twist: Twist,
    now: i64,
    waiting: HashMap<String, Waiting>,
    asked_for_keys: usize,
}

/// The provider, and a house that knows it as `home` and `facebook`.
pub struct Issuer {
    pub house: House,
    shared: Arc<Mutex<Shared>>,
}

/// Somebody who is about to come back from the provider.
pub struct Visit {
    pub state: String,
    pub code: String,
    pub cookie: String,
}

type Here = State<Arc<Mutex<Shared>>>;

impl Issuer {
    pub async fn new(rules: AuthRules) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Mutex::new(Shared {
            url: url.clone(),
            keys: vec![Key::new("one")],
            twist: Twist::None,
            now: 0,
            waiting: HashMap::new(),
            asked_for_keys: 0,
        }));
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .route("/userinfo", get(user_info))
            .route("/oauth/access_token", post(facebook_token))
            .route("/me", get(facebook_me))
            .with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let provider = |name: &str, kind| ProviderConfig {
            name: name.to_owned(),
            kind,
            client_id: CLIENT.to_owned(),
            client_secret: SECRET.to_owned().into(),
        };
        let facebook = ProviderKind::Facebook { dialog: url.clone(), graph: url.clone() };
        let providers =
            vec![provider("home", ProviderKind::Oidc { issuer: url }), provider("facebook", facebook)];
        let redirect_base = "https://app.dzinza.org".to_owned();
        let oauth = OAuth::new(OAuthConfig { redirect_base, providers }).unwrap();
        let house = House::built(rules, |ports| ports.oauth = oauth);
        shared.lock().unwrap().now = house.now();
        Self { house, shared }
    }

    pub fn twist(&self, twist: Twist) {
        self.shared.lock().unwrap().twist = twist;
    }

    /// Sets its clock by that of the house.
    pub fn catch_up(&self) {
        self.shared.lock().unwrap().now = self.house.now();
    }

    /// Signs with a new key from now on.
    pub fn change_keys(&self) {
        self.shared.lock().unwrap().keys = vec![Key::new("two")];
    }

    pub fn asked_for_keys(&self) -> usize {
        self.shared.lock().unwrap().asked_for_keys
    }

    /// Begins with a provider and consents there as this person.
    pub async fn visit(&self, provider: &str, person: &Value) -> Visit {
        let begun = self.house.call(Method::GET, &format!("/api/auth/oauth/{provider}")).send().await;
        self.consent(&begun, person)
    }

    /// Consents as this person to what was begun.
    pub fn consent(&self, begun: &Reply, person: &Value) -> Visit {
        assert_eq!(begun.status, 200, "{}", begun.body);
        let query = query_of(begun.body["authUrl"].as_str().unwrap());
        let cookie = begun.cookies()[0].split(';').next().unwrap().to_owned();
        assert!(cookie.starts_with(COOKIE), "{cookie}");
        let code = format!("code-{}", query["state"]);
        let waiting = Waiting {
            nonce: query.get("nonce").cloned().unwrap_or_default(),
            challenge: query["code_challenge"].clone(),
            person: person.clone(),
        };
        self.shared.lock().unwrap().waiting.insert(code.clone(), waiting);
        Visit { state: query["state"].clone(), code, cookie }
    }

    /// Comes back, as the browser that began.
    pub async fn come_back(&self, provider: &str, visit: &Visit) -> Reply {
        let body = json!({ "state": visit.state, "code": visit.code });
        self.post(provider, &visit.cookie, &body).await
    }

    pub async fn post(&self, provider: &str, cookie: &str, body: &Value) -> Reply {
        let call = self.house.call(Method::POST, &format!("/api/auth/oauth/{provider}/callback"));
        call.header("cookie", cookie).json(body).send().await
    }

    /// All of it.
    pub async fn sign_in(&self, provider: &str, person: &Value) -> Reply {
        let visit = self.visit(provider, person).await;
        self.come_back(provider, &visit).await
    }
}

/// The parameters of an address.
pub fn query_of(url: &str) -> HashMap<String, String> {
    let url = openidconnect::url::Url::parse(url).unwrap();
    url.query_pairs().into_owned().collect()
}

async fn discovery(State(shared): Here) -> Json<Value> {
    let url = shared.lock().unwrap().url.clone();
    Json(json!({
        "issuer": url, "authorization_endpoint": format!("{url}/authorize"), "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/jwks"), "userinfo_endpoint": format!("{url}/userinfo"),
        "response_types_supported": ["code"], "subject_types_supported": ["public"],
        // An issuer that announces what must never be taken.
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
    }))
}

async fn jwks(State(shared): Here) -> Json<Value> {
    let mut shared = shared.lock().unwrap();
    shared.asked_for_keys += 1;
    Json(json!({ "keys": shared.keys.iter().map(|key| key.jwk.clone()).collect::<Vec<_>>() }))
}

/// Whoever waits with this code, if the verifier fits and the client is right.
fn redeem(shared: &mut Shared, form: &HashMap<String, String>) -> Option<Waiting> {
    let waiting = shared.waiting.remove(form.get("code")?)?;
    let challenge = BASE64.encode(Sha256::digest(form.get("code_verifier")?));
    (challenge == waiting.challenge).then_some(waiting)
}

async fn token(State(shared): Here, Form(form): Form<HashMap<String, String>>) -> Response {
    let mut shared = shared.lock().unwrap();
    let Some(waiting) = redeem(&mut shared, &form) else {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    };
    let mut claims = json!({ "iss": shared.url, "aud": CLIENT, "iat": shared.now, "exp": shared.now + 300,
        "nonce": waiting.nonce });
    let told = waiting.person.as_object().unwrap();
    let hidden = matches!(shared.twist, Twist::OnlyInUserInfo | Twist::OtherUserInfo);
    for (name, value) in told.iter().filter(|(name, _)| !hidden || *name == "sub") {
        claims[name] = value.clone();
    }
    if let Twist::Claim(name, value) = &shared.twist {
        claims[*name] = value.clone();
    }
    let mut header = Header::new(Algorithm::ES256);
    header.kid = shared.keys[0].jwk["kid"].as_str().map(str::to_owned);
    let id_token = match shared.twist {
        Twist::Unsigned => {
            format!("{}.{}.", BASE64.encode(r#"{"alg":"none"}"#), BASE64.encode(claims.to_string()))
        }
        Twist::SharedSecret => {
            encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(SECRET.as_bytes()))
                .unwrap()
        }
        Twist::ForeignKey => encode(&header, &claims, &Key::new("one").signs).unwrap(),
        _ => encode(&header, &claims, &shared.keys[0].signs).unwrap(),
    };
    let access = BASE64.encode(waiting.person.to_string());
    Json(json!({ "access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": id_token }))
        .into_response()
}

fn bearer(headers: &http::HeaderMap) -> Value {
    let token = headers["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap();
    serde_json::from_slice(&BASE64.decode(token).unwrap()).unwrap()
}

async fn user_info(State(shared): Here, headers: http::HeaderMap) -> Json<Value> {
    let mut person = bearer(&headers);
    if shared.lock().unwrap().twist == Twist::OtherUserInfo {
        person["sub"] = json!("somebody else");
    }
    Json(person)
}

async fn facebook_token(State(shared): Here, Form(form): Form<HashMap<String, String>>) -> Response {
    assert_eq!((form["client_id"].as_str(), form["client_secret"].as_str()), (CLIENT, SECRET));
    let Some(waiting) = redeem(&mut shared.lock().unwrap(), &form) else {
        let error = json!({ "error": { "message": "Invalid verification code", "code": 100 } });
        return (StatusCode::BAD_REQUEST, Json(error)).into_response();
    };
    let access = BASE64.encode(waiting.person.to_string());
    Json(json!({ "access_token": access, "token_type": "bearer", "expires_in": 300 })).into_response()
}

async fn facebook_me(headers: http::HeaderMap) -> Json<Value> {
    Json(bearer(&headers))
}
