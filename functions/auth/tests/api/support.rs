//! A house: the route group with everything behind it. Whatever it answers or records is searched for secrets.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use dzinza_auth::{AuthPorts, AuthRules, OAuth, api};
use dzinza_contract::ManualClock;
use dzinza_domain::collections;
use dzinza_ports::{
    Audit, AuditEntry, Clock, Hits, Ids, Limits, Mail, StoreError, StoreErrorKind, SystemIds, User,
    UserChange,
};
use dzinza_sealing::{LETTERS, Sealer};
use dzinza_sqlite::{FileBlobs, SqliteStore};
use dzinza_web::{AuthState, TokenKeys};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// Everybody's password.
pub const PASSWORD: &str = "Mutupo-1890";
pub const ORIGIN: &str = "https://app.dzinza.org";
pub const ACCESS_KEY: [u8; 32] = [1; 32];
pub const REFRESH_KEY: [u8; 32] = [2; 32];

/// The audit log, remembered, as entries without a user cannot be asked for.
pub struct Trail {
    store: Arc<SqliteStore>,
    seen: Mutex<Vec<AuditEntry>>,
}

#[async_trait]
impl Audit for Trail {
    async fn append(&self, entry: AuditEntry) -> Result<(), StoreError> {
        let text = entry.details.to_string();
        for secret in [PASSWORD, "$2", "eyJ", "@"] {
            assert!(!text.contains(secret), "{} holds {secret}: {text}", entry.action);
        }
        self.seen.lock().unwrap().push(entry.clone());
        self.store.append(entry).await
    }

    async fn of_user(&self, user_id: &str, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        self.store.of_user(user_id, limit).await
    }
}

/// Counters that can be cut off, as a cache server can.
pub struct Counters {
    store: Arc<SqliteStore>,
    down: AtomicBool,
}

impl Counters {
    fn reach(&self, key: &str) -> Result<&SqliteStore, StoreError> {
        assert!(!key.contains('@') && !key.contains("192.0.2."), "a key holds an address: {key}");
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreError::new(StoreErrorKind::Unavailable, "cut off"));
        }
        Ok(&self.store)
    }
}

#[async_trait]
impl Limits for Counters {
    async fn hit(&self, key: &str, window: Duration) -> Result<Hits, StoreError> {
        self.reach(key)?.hit(key, window).await
    }
    async fn put(&self, key: &str, value: &str, lifetime: Duration) -> Result<(), StoreError> {
        self.reach(key)?.put(key, value, lifetime).await
    }
    async fn get(&self, keys: &[&str]) -> Result<Vec<Option<String>>, StoreError> {
        self.reach(&keys.concat())?.get(keys).await
    }
    async fn take(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.reach(key)?.take(key).await
    }
    async fn remove(&self, keys: &[&str]) -> Result<(), StoreError> {
        self.reach(&keys.concat())?.remove(keys).await
    }
}

#[derive(Clone)]
pub struct House {
    pub ports: AuthPorts,
    pub clock: Arc<ManualClock>,
    trail: Arc<Trail>,
    counters: Arc<Counters>,
    letters: Arc<Mutex<Vec<String>>>,
    proofs: Arc<Mutex<Vec<String>>>,
    router: Router,
    _folder: Arc<tempfile::TempDir>,
}

/// Cheap hashes and no limits, which the tests about limits switch on.
pub fn rules() -> AuthRules {
    AuthRules {
        bcrypt_cost: 4,
        credential_limit: 0,
        email_limit: 0,
        user_limit: 0,
        refresh_limit: 0,
        ..AuthRules::default()
    }
}

impl House {
    pub fn new() -> Self {
        Self::with(rules())
    }

    pub fn with(rules: AuthRules) -> Self {
        Self::built(rules, |_| ())
    }

    pub fn built(rules: AuthRules, adjust: impl FnOnce(&mut AuthPorts)) -> Self {
        let clock = Arc::new(ManualClock::default());
        let ids: Arc<dyn Ids> = Arc::new(SystemIds);
        let time: Arc<dyn Clock> = clock.clone();
        let store = SqliteStore::in_memory(time.clone(), ids.clone(), collections::ALL).unwrap();
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let blobs = FileBlobs::open(folder.path(), &[7; 32], "/blobs", time.clone()).unwrap();
        let trail = Arc::new(Trail { store: store.clone(), seen: Mutex::default() });
        let counters = Arc::new(Counters { store: store.clone(), down: AtomicBool::new(false) });
        let auth = AuthState {
            keys: TokenKeys::new(&ACCESS_KEY, &REFRESH_KEY).unwrap(),
            limits: counters.clone(),
            clock: time.clone(),
            allowed_origins: Arc::from([ORIGIN.to_owned()]),
            secure_cookies: true,
            access_tokens: Some(store.clone()),
        };
        let mut ports = AuthPorts {
            users: store.clone(),
            sessions: store.clone(),
            audit: trail.clone(),
            limits: counters.clone(),
            identities: store.clone(),
            passkeys: store.clone(),
            access_tokens: store.clone(),
            site: store.clone(),
            outbox: store.clone(),
            queue: store.clone(),
            sealer: Arc::new(Sealer::new(b"the data key of the tests", None)),
            clock: time,
            ids,
            auth,
            oauth: OAuth::default(),
            rules,
            documents: store.clone(),
            blobs,
        };
        adjust(&mut ports);
        let router = api(ports.clone()).router;
        let (letters, proofs) = (Arc::default(), Arc::default());
        Self { ports, clock, trail, counters, letters, proofs, router, _folder: folder }
    }

    pub fn cut_counters_off(&self) {
        self.counters.down.store(true, Ordering::SeqCst);
    }

    /// Seconds since 1970.
    pub fn now(&self) -> i64 {
        self.clock.now().as_second()
    }

    pub fn advance_minutes(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(minutes * 60));
    }

    /// The names of all that was recorded, oldest first.
    pub fn recorded(&self) -> Vec<String> {
        self.trail.seen.lock().unwrap().iter().map(|entry| entry.action.clone()).collect()
    }

    pub fn last_entry(&self) -> AuditEntry {
        self.trail.seen.lock().unwrap().last().cloned().unwrap()
    }

    /// The letters so far, oldest first, once there are this many, without those that prove an address. Some are
    /// posted after the answer.
    pub async fn letters(&self, count: usize) -> Vec<String> {
        self.posted(&self.letters, count).await
    }

    /// The letters with a link that proves an address; signing up is followed by one.
    pub async fn proofs(&self, count: usize) -> Vec<String> {
        self.posted(&self.proofs, count).await
    }

    async fn posted(&self, box_of: &Mutex<Vec<String>>, count: usize) -> Vec<String> {
        for _ in 0..500 {
            self.collect().await;
            let letters = box_of.lock().unwrap().clone();
            if letters.len() >= count {
                assert_eq!(letters.len(), count, "more letters than there should be");
                return letters;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the letters were never written");
    }

    async fn collect(&self) {
        let lease = Duration::from_hours(10_000);
        for outgoing in self.ports.outbox.lease(100, lease, self.clock.now()).await.unwrap() {
            let sealed = outgoing.letter.sealed;
            assert!(!sealed.contains('@') && !sealed.contains("token"), "a letter lies open: {sealed}");
            let text = self.ports.sealer.open(LETTERS, &sealed).unwrap();
            let mail: Mail = serde_json::from_str(&text).unwrap();
            assert!(mail.html.as_ref().is_some_and(|html| !html.contains("{{")), "{mail:?}");
            let proves = mail.text.contains("/api/auth/verify-email/");
            let letter = format!("To: {}\nSubject: {}\n\n{}", mail.to, mail.subject, mail.text);
            // A letter to nobody is what an unknown address gets.
            if !mail.to.is_empty() {
                (if proves { &self.proofs } else { &self.letters }).lock().unwrap().push(letter);
            }
        }
    }

    pub fn call(&self, method: Method, path: &str) -> Call {
        self.from(method, path, "192.0.2.7", "test")
    }

    /// A call from this address with this program.
    pub fn from(&self, method: Method, path: &str, ip: &str, agent: &str) -> Call {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-forwarded-for", format!("203.0.113.9, {ip}"))
            .header("user-agent", agent);
        Call { router: self.router.clone(), request, body: Body::empty() }
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.call(Method::POST, path).json(&body).send().await
    }

    pub async fn register(&self, email: &str) -> Reply {
        let body = json!({ "email": email, "password": PASSWORD, "name": "Tendai Moyo" });
        let reply = self.post("/api/auth/register", body).await;
        assert_eq!(reply.status, 201, "{}", reply.body);
        reply
    }

    pub async fn login(&self, email: &str, password: &str) -> Reply {
        self.post("/api/auth/login", json!({ "email": email, "password": password })).await
    }

    pub async fn refresh(&self, token: &str) -> Reply {
        self.post("/api/auth/refresh", json!({ "refreshToken": token })).await
    }

    /// The status of asking who one is.
    pub async fn me(&self, access: &str) -> StatusCode {
        self.call(Method::GET, "/api/auth/me").bearer(access).send().await.status
    }

    pub async fn user(&self, email: &str) -> User {
        self.ports.users.by_email(email).await.unwrap().unwrap()
    }

    pub async fn change(&self, email: &str, change: UserChange) {
        let id = self.user(email).await.id;
        self.ports.users.update(&id, change, self.clock.now()).await.unwrap();
    }
}

pub struct Call {
    router: Router,
    request: http::request::Builder,
    body: Body,
}

impl Call {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }
    pub fn cookie(self, token: &str) -> Self {
        self.header("cookie", &format!("theme=dark; access_token_cookie={token}"))
    }
    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").raw(&body.to_string())
    }
    pub fn raw(mut self, body: &str) -> Self {
        self.body = Body::from(body.to_owned());
        self
    }

    pub fn bytes(mut self, body: Vec<u8>) -> Self {
        self.body = Body::from(body);
        self
    }

    /// The answer as a file: status, headers, bytes.
    pub async fn file(self) -> (u16, HeaderMap, Vec<u8>) {
        let response = self.router.oneshot(self.request.body(self.body).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        (head.status.as_u16(), head.headers, body.collect().await.unwrap().to_bytes().to_vec())
    }

    /// The answer as a page: status, headers, text.
    pub async fn page(self) -> (u16, HeaderMap, String) {
        let response = self.router.oneshot(self.request.body(self.body).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        assert!(!text.contains(PASSWORD) && !text.contains("$2b$"), "a page holds a secret: {text}");
        (head.status.as_u16(), head.headers, text)
    }

    pub async fn send(self) -> Reply {
        let response = self.router.oneshot(self.request.body(self.body).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        for secret in [PASSWORD, "$2a$", "$2b$", "password_hash", "passwordHash"] {
            assert!(!text.contains(secret), "an answer holds {secret}: {text}");
        }
        let body: Value = serde_json::from_str(&text).unwrap();
        if !head.status.is_success() {
            assert!(!text.contains("eyJ"), "an error holds a token: {text}");
            assert_eq!(
                (&body["message"], &body["statusCode"]),
                (&body["detail"], &json!(head.status.as_u16()))
            );
        }
        Reply { status: head.status, headers: head.headers, body }
    }
}

#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Reply {
    pub fn access(&self) -> &str {
        self.body["tokens"]["accessToken"].as_str().unwrap()
    }
    pub fn refresh(&self) -> &str {
        self.body["tokens"]["refreshToken"].as_str().unwrap()
    }
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
    pub fn number(&self, name: &str) -> u64 {
        self.header(name).parse().unwrap()
    }
    pub fn cookies(&self) -> Vec<&str> {
        self.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect()
    }
    /// The fields that a validation error names.
    pub fn fields(&self) -> Vec<&str> {
        assert_eq!(
            (self.status.as_u16(), &self.body["error"]),
            (400, &json!("VALIDATION_ERROR")),
            "{}",
            self.body
        );
        assert_eq!(self.body["errors"], self.body["details"]);
        self.body["errors"].as_array().unwrap().iter().map(|error| error["path"].as_str().unwrap()).collect()
    }
    pub fn clears_cookies(&self) {
        let cookies = self.cookies();
        for name in ["access_token_cookie", "refresh_token_cookie"] {
            let cleared = format!("{name}=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0; Secure");
            assert!(cookies.contains(&&*cleared), "{cookies:?}");
        }
    }
}
