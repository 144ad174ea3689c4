//! A house with an administrator, and others whose accounts are looked after.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use dzinza_admin::{AdminPorts, api};
use dzinza_contract::ManualClock;
use dzinza_domain::collections;
use dzinza_letters::PostOffice;
use dzinza_ports::{
    AccessToken, AuditEntry, Clock, Ids, Mail, NewUser, Passkey, RefreshToken, Role, SystemIds, User,
    UserChange,
};
use dzinza_sealing::{LETTERS, Sealer};
use dzinza_sqlite::SqliteStore;
use dzinza_web::{AuthState, LoginLock, SiteWatch, TokenKeys, TokenSubject};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tower::ServiceExt as _;

pub const ORIGIN: &str = "https://app.dzinza.org";

#[derive(Clone)]
pub struct House {
    pub ports: AdminPorts,
    pub clock: Arc<ManualClock>,
    /// The administrator who calls.
    pub admin: User,
    router: Router,
}

impl House {
    pub async fn new() -> Self {
        Self::built(|_| ()).await
    }

    pub async fn built(adjust: impl FnOnce(&mut AdminPorts)) -> Self {
        let clock = Arc::new(ManualClock::default());
        let time: Arc<dyn Clock> = clock.clone();
        let ids: Arc<dyn Ids> = Arc::new(SystemIds);
        let store = SqliteStore::in_memory(time.clone(), ids.clone(), collections::ALL).unwrap();
        let auth = AuthState {
            keys: TokenKeys::new(&[1; 32], &[2; 32]).unwrap(),
            limits: store.clone(),
            clock: time.clone(),
            allowed_origins: Arc::from([ORIGIN.to_owned()]),
            secure_cookies: true,
            access_tokens: None,
        };
        let mut ports = AdminPorts {
            users: store.clone(),
            sessions: store.clone(),
            audit: store.clone(),
            passkeys: store.clone(),
            access_tokens: store.clone(),
            site: SiteWatch::new(store.clone(), time.clone()),
            documents: store.clone(),
            limits: store.clone(),
            post: PostOffice {
                outbox: store.clone(),
                queue: store.clone(),
                sealer: Arc::new(Sealer::new(b"the data key of the tests", None)),
                site: store.clone(),
                clock: time.clone(),
                ids: ids.clone(),
                support: String::new(),
                home: String::new(),
                public_url: "https://api.dzinza.org".to_owned(),
                proof_lifetime: Duration::from_hours(24),
            },
            clock: time,
            ids,
            auth,
            revocation_memory: Duration::from_mins(31),
            services: Vec::new(),
        };
        adjust(&mut ports);
        let router = api(ports.clone()).router;
        let admin = add(&ports, "admin@dzinza.org", Role::Admin).await;
        Self { ports, clock, admin, router }
    }

    pub async fn add(&self, email: &str, role: Role) -> User {
        self.clock.advance(Duration::from_secs(1));
        add(&self.ports, email, role).await
    }

    /// The letters that were posted since the last time, by address.
    pub async fn letters(&self) -> Vec<Mail> {
        let post = &self.ports.post;
        let leased = post.outbox.lease(100, Duration::from_hours(10_000), self.clock.now()).await.unwrap();
        let open = |sealed: &str| post.sealer.open(LETTERS, sealed).unwrap();
        let mut letters: Vec<Mail> = leased
            .iter()
            .map(|outgoing| serde_json::from_str(&open(&outgoing.letter.sealed)).unwrap())
            .collect();
        letters.sort_by(|one, other| one.to.cmp(&other.to));
        letters
    }

    pub async fn user(&self, id: &str) -> User {
        self.ports.users.by_id(id).await.unwrap().unwrap()
    }

    pub async fn change(&self, user: &User, change: UserChange) -> User {
        self.ports.users.update(&user.id, change, self.clock.now()).await.unwrap().unwrap()
    }

    /// An access token of a session, as it was issued to the account as it is in `user`.
    pub fn token(&self, user: &User, session: &str) -> String {
        let subject = TokenSubject {
            user_id: user.id.clone(),
            email: user.email.clone(),
            role: user.role,
            session_id: session.to_owned(),
        };
        let life = SignedDuration::from_mins(30);
        self.ports.auth.keys.access_token(&subject, "j", self.clock.now(), life).unwrap()
    }

    /// A session with a refresh token, a passkey, a token of a program and a locked address.
    pub async fn furnish(&self, user: &User) {
        let now = self.clock.now();
        let later = now + SignedDuration::from_hours(1);
        let row = RefreshToken {
            jti: format!("jti-{}", user.id),
            user_id: user.id.clone(),
            session_id: format!("session-{}", user.id),
            token: "0".repeat(64),
            created_at: now,
            session_started_at: now,
            expires_at: later,
            revoked_at: None,
            revoked_reason: None,
            replaced_by_jti: None,
            ip_address: None,
            user_agent: None,
        };
        self.ports.sessions.insert(row).await.unwrap();
        let passkey = Passkey {
            id: format!("passkey-{}", user.id),
            user_id: user.id.clone(),
            credential_id: format!("credential-{}", user.id),
            name: "phone".to_owned(),
            data: json!({}),
            created_at: now,
            last_used_at: None,
        };
        self.ports.passkeys.add(passkey).await.unwrap();
        let token = AccessToken {
            id: format!("token-{}", user.id),
            user_id: user.id.clone(),
            name: "script".to_owned(),
            token: format!("hash-{}", user.id),
            scopes: Vec::new(),
            created_at: now,
            expires_at: later,
            last_used_at: None,
        };
        self.ports.access_tokens.add(token).await.unwrap();
        let lock = LoginLock::of(&user.email);
        self.ports.limits.put(&lock.lock, "1 1", Duration::from_mins(15)).await.unwrap();
    }

    /// What is left of that: sessions, passkeys, tokens of programs, whether the address is locked.
    pub async fn left(&self, user: &User) -> (usize, usize, usize, bool) {
        let lock = LoginLock::of(&user.email);
        (
            self.ports.sessions.active(&user.id, self.clock.now()).await.unwrap().len(),
            self.ports.passkeys.of_user(&user.id).await.unwrap().len(),
            self.ports.access_tokens.of_user(&user.id).await.unwrap().len(),
            self.ports.limits.get(&[&lock.lock]).await.unwrap()[0].is_some(),
        )
    }

    /// An hour from now.
    pub fn clock_later(&self) -> Timestamp {
        self.clock.now() + SignedDuration::from_hours(1)
    }

    /// What was recorded of an account, newest first.
    pub async fn recorded(&self, user: &User) -> Vec<AuditEntry> {
        self.ports.audit.of_user(&user.id, 100).await.unwrap()
    }

    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        let token = self.token(&self.admin, "s");
        self.call_with(&token, method, path, body).await
    }

    pub async fn call_with(&self, token: &str, method: Method, path: &str, body: Option<&Value>) -> Reply {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-forwarded-for", "192.0.2.7")
            .header("user-agent", "test");
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.send(request.body(body).unwrap()).await
    }

    pub async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        for secret in ["$2b$", "password_hash", "passwordHash", "seed-of-codes", "hashed-code"] {
            assert!(!text.contains(secret), "an answer holds {secret}: {text}");
        }
        let body: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"));
        if status.is_client_error() {
            assert!(body["message"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
            assert_eq!((&body["detail"], &body["statusCode"]), (&body["message"], &json!(status.as_u16())));
        }
        Reply { status, body }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path, None).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.call(Method::PUT, path, Some(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.call(Method::DELETE, path, None).await
    }
}

async fn add(ports: &AdminPorts, email: &str, role: Role) -> User {
    let user = NewUser {
        id: ports.ids.new_id(),
        email: email.to_owned(),
        username: email.split('@').next().map(str::to_owned),
        password_hash: "$2b$04$abc".to_owned(),
        first_name: Some("Tendai".to_owned()),
        last_name: Some("Moyo".to_owned()),
        preferred_language: "en".to_owned(),
        timezone: "UTC".to_owned(),
        role,
        created_at: ports.clock.now(),
        ..NewUser::default()
    };
    ports.users.insert(user).await.unwrap()
}

#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub body: Value,
}

impl Reply {
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    #[track_caller]
    pub fn refused(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// The field that a validation error names first.
    #[track_caller]
    pub fn field(self) -> String {
        assert_eq!(
            (self.status.as_u16(), &self.body["error"]),
            (400, &json!("VALIDATION_ERROR")),
            "{}",
            self.body
        );
        assert_eq!(self.body["errors"], self.body["details"]);
        self.body["errors"][0]["path"].as_str().unwrap().to_owned()
    }
}
