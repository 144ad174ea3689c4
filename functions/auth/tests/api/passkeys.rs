//! Passkeys over HTTP, with an authenticator made of a P-256 key and CBOR by hand, as the standard has it
//! (WebAuthn Level 3, 6.1 and 6.5; CTAP 2 canonical CBOR).

use std::cell::Cell;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dzinza_auth::{AuthRules, RelyingParty};
use dzinza_ports::UserChange;
use http::Method;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{House, PASSWORD, Reply, rules};

const EMAIL: &str = "tendai@example.org";
const DOMAIN: &str = "example.org";
const PAGE: &str = "https://app.example.org";
const LOGIN: &str = "/api/auth/passkeys/login";
const REGISTER: &str = "/api/auth/passkeys/register";
const PASSKEYS: &str = "/api/auth/passkeys";

/// Rules of a site that has a domain for passkeys.
pub fn at_home() -> AuthRules {
    let relying_party = RelyingParty { id: DOMAIN.to_owned(), origins: vec![PAGE.to_owned()] };
    AuthRules { relying_party, ..rules() }
}

fn house() -> House {
    House::with(at_home())
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// One passkey of one account, and how the page and the authenticator behave.
pub struct Authenticator {
    key: SigningKey,
    id: Vec<u8>,
    user: Vec<u8>,
    page: &'static str,
    domain: &'static str,
    /// User present, user verified.
    flags: u8,
    counter: Cell<u32>,
}

impl Authenticator {
    /// One that has never counted answers with 0 for ever, as synced passkeys do.
    fn new(seed: u8) -> Self {
        Self {
            key: SigningKey::from_slice(&[seed; 32]).unwrap(),
            id: vec![seed; 16],
            user: Vec::new(),
            page: PAGE,
            domain: DOMAIN,
            flags: 0b101,
            counter: Cell::new(1),
        }
    }

    fn client_data(&self, kind: &str, challenge: &str) -> String {
        let page = self.page;
        format!(
            r#"{{"type":"webauthn.{kind}","challenge":"{challenge}","origin":"{page}","crossOrigin":false}}"#
        )
    }

    fn authenticator_data(&self, flags: u8) -> Vec<u8> {
        let mut data = Sha256::digest(self.domain).to_vec();
        data.push(flags);
        data.extend(self.counter.get().to_be_bytes());
        data
    }

    /// What `navigator.credentials.create` answers.
    fn create(&mut self, options: &Value) -> Value {
        let public = &options["publicKey"];
        self.user = URL_SAFE_NO_PAD.decode(public["user"]["id"].as_str().unwrap()).unwrap();
        let mut data = self.authenticator_data(self.flags | 0b100_0000);
        data.extend([0; 16]);
        data.extend([0, self.id.len() as u8]);
        data.extend(&self.id);
        let point = self.key.verifying_key().to_encoded_point(false);
        // {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}
        data.extend([0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32]);
        data.extend(point.x().unwrap());
        data.extend([0x22, 0x58, 32]);
        data.extend(point.y().unwrap());
        let mut object = vec![0xa3, 0x63];
        object.extend(b"fmt\x64none\x67attStmt\xa0\x68authData\x58");
        object.push(data.len() as u8);
        object.extend(&data);
        let client_data = self.client_data("create", public["challenge"].as_str().unwrap());
        json!({ "id": encode(&self.id), "rawId": encode(&self.id), "type": "public-key",
            "authenticatorAttachment": "platform", "clientExtensionResults": {},
            "response": { "clientDataJSON": encode(client_data.as_bytes()), "attestationObject": encode(&object),
                "transports": ["internal", "hybrid"] } })
    }

    /// What `navigator.credentials.get` answers.
    pub fn get(&self, options: &Value) -> Value {
        self.counter.set(if self.counter.get() == 0 { 0 } else { self.counter.get() + 1 });
        let client_data = self.client_data("get", options["publicKey"]["challenge"].as_str().unwrap());
        let data = self.authenticator_data(self.flags);
        let signed = [data.as_slice(), &Sha256::digest(&client_data)].concat();
        let signature: Signature = self.key.sign(&signed);
        json!({ "id": encode(&self.id), "rawId": encode(&self.id), "type": "public-key",
            "authenticatorAttachment": "platform", "clientExtensionResults": {},
            "response": { "clientDataJSON": encode(client_data.as_bytes()), "authenticatorData": encode(&data),
                "signature": encode(signature.to_der().as_bytes()), "userHandle": encode(&self.user) } })
    }
}

/// Makes an authenticator or a page behave as it must not.
type Spoil = fn(&mut Authenticator);

async fn call(house: &House, method: Method, access: &str, path: &str, body: Value) -> Reply {
    house.call(method, path).bearer(access).json(&body).send().await
}

async fn add(house: &House, access: &str, authenticator: &mut Authenticator) -> Reply {
    let options = call(house, Method::POST, access, &format!("{REGISTER}/options"), json!({})).await;
    assert_eq!(options.status, 200, "{}", options.body);
    let body = json!({ "name": "Phone", "credential": authenticator.create(&options.body) });
    call(house, Method::POST, access, REGISTER, body).await
}

/// A signed-up person with a passkey: the access token of the signing-up, and the authenticator.
pub async fn person(house: &House, email: &str, seed: u8) -> (String, Authenticator) {
    let access = house.register(email).await.access().to_owned();
    let mut authenticator = Authenticator::new(seed);
    let added = add(house, &access, &mut authenticator).await;
    assert_eq!(added.status, 201, "{}", added.body);
    (access, authenticator)
}

pub async fn challenge(house: &House) -> Value {
    house.post(&format!("{LOGIN}/options"), json!({})).await.body
}

async fn sign_in(house: &House, authenticator: &Authenticator) -> Reply {
    let answer = authenticator.get(&challenge(house).await);
    house.post(LOGIN, json!({ "credential": answer })).await
}

#[tokio::test]
async fn a_passkey_is_added_listed_renamed_and_signs_in_without_a_password() {
    let house = house();
    let (access, authenticator) = person(&house, EMAIL, 1).await;
    let listed = call(&house, Method::GET, &access, PASSKEYS, json!({})).await;
    let passkey = &listed.body["passkeys"][0];
    assert_eq!((&passkey["name"], &passkey["lastUsedAt"]), (&json!("Phone"), &Value::Null));
    assert_eq!(passkey.as_object().unwrap().len(), 4, "nothing of the key is shown: {passkey}");
    house.advance_minutes(1);
    let reply = sign_in(&house, &authenticator).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!((&reply.body["requireMfa"], &reply.body["user"]["email"]), (&json!(false), &json!(EMAIL)));
    assert!(reply.cookies()[0].starts_with(&format!("access_token_cookie={}; ", reply.access())));
    assert_eq!(house.me(reply.access()).await, 200);
    assert_eq!(house.recorded(), ["USER_REGISTERED", "PASSKEY_ADDED", "LOGIN_SUCCESS"]);
    assert_eq!(house.last_entry().details["method"], "passkey");
    let path = format!("{PASSKEYS}/{}", passkey["id"].as_str().unwrap());
    let renamed = call(&house, Method::PATCH, &access, &path, json!({ "name": "Old phone" })).await;
    assert_eq!(renamed.body["name"], json!("Old phone"));
    assert_eq!(renamed.body["lastUsedAt"], json!("2026-03-01T12:01:00.000000Z"));
    for bad in [json!({}), json!({ "name": " " }), json!({ "name": 5 }), json!({ "name": "x".repeat(101) })] {
        assert_eq!(call(&house, Method::PATCH, &access, &path, bad).await.fields(), ["name"]);
    }
}

#[tokio::test]
async fn options_name_the_domain_ask_for_verification_and_say_nothing_of_accounts() {
    let house = house();
    let (access, authenticator) = person(&house, EMAIL, 1).await;
    let path = format!("{LOGIN}/options");
    let mut seen = Vec::new();
    for body in [json!({}), json!({ "email": EMAIL }), json!({ "email": "nobody@example.org" })] {
        let mut options = house.post(&path, body).await.body["publicKey"].clone();
        assert!(options["challenge"].take().as_str().unwrap().len() >= 22);
        seen.push(options);
    }
    assert_eq!((&seen[0], &seen[0]), (&seen[1], &seen[2]));
    assert_eq!((&seen[0]["rpId"], &seen[0]["userVerification"]), (&json!(DOMAIN), &json!("required")));
    assert_eq!(seen[0]["allowCredentials"], json!([]));
    let options = call(&house, Method::POST, &access, &format!("{REGISTER}/options"), json!({})).await;
    let public = &options.body["publicKey"];
    assert_eq!(public["rp"], json!({ "id": DOMAIN, "name": "Dzinza" }));
    assert_eq!(
        (&public["user"]["name"], &public["user"]["displayName"]),
        (&json!(EMAIL), &json!("Tendai Moyo"))
    );
    assert_eq!(public["authenticatorSelection"]["residentKey"], json!("required"));
    assert_eq!(public["authenticatorSelection"]["userVerification"], json!("required"));
    assert_eq!(public["attestation"], json!("none"));
    // An authenticator that is known makes no second one.
    assert_eq!(public["excludeCredentials"][0]["id"], json!(encode(&authenticator.id)));
}

#[tokio::test]
async fn an_answer_passes_once_and_not_after_five_minutes() {
    let house = house();
    let (_, authenticator) = person(&house, EMAIL, 1).await;
    let answer = json!({ "credential": authenticator.get(&challenge(&house).await) });
    assert_eq!(house.post(LOGIN, answer.clone()).await.status, 200);
    let replayed = house.post(LOGIN, answer).await;
    assert_eq!((replayed.status.as_u16(), replayed.cookies().len()), (401, 0));
    assert_eq!(house.recorded().last().unwrap(), "LOGIN_FAILED_INVALID_PASSKEY");
    let late = json!({ "credential": authenticator.get(&challenge(&house).await) });
    house.advance_minutes(5);
    assert_eq!(house.post(LOGIN, late).await.status, 401);
    // A challenge that is not ours.
    let foreign = json!({ "publicKey": { "challenge": encode(&[7; 16]) } });
    let answer = json!({ "credential": authenticator.get(&foreign) });
    assert_eq!(house.post(LOGIN, answer).await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_parallel_uses_of_an_answer_one_passes() {
    let house = house();
    let (_, authenticator) = person(&house, EMAIL, 1).await;
    let answer = json!({ "credential": authenticator.get(&challenge(&house).await) });
    let attempts: Vec<_> = (0..50)
        .map(|_| {
            let (house, answer) = (house.clone(), answer.clone());
            tokio::spawn(async move { house.post(LOGIN, answer).await.status.as_u16() })
        })
        .collect();
    let mut passed = 0;
    for attempt in attempts {
        let status = attempt.await.unwrap();
        assert!(matches!(status, 200 | 401), "{status}");
        passed += usize::from(status == 200);
    }
    assert_eq!(passed, 1);
}

#[tokio::test]
async fn answers_for_other_pages_domains_and_users_or_without_verification_are_refused() {
    let house = house();
    let (_, mut right) = person(&house, EMAIL, 1).await;
    let spoil: [(&str, Spoil); 6] = [
        ("another page", |one| one.page = "https://app.example.org.evil.example"),
        ("the page without encryption", |one| one.page = "http://app.example.org"),
        ("another domain", |one| one.domain = "evil.example"),
        ("nobody verified", |one| one.flags = 0b001),
        ("another user", |one| one.user = vec![9; 16]),
        ("another key", |one| one.key = SigningKey::from_slice(&[9; 32]).unwrap()),
    ];
    for (what, change) in spoil {
        let mut wrong = Authenticator { user: right.user.clone(), ..Authenticator::new(1) };
        wrong.counter.set(right.counter.get());
        change(&mut wrong);
        let reply = sign_in(&house, &wrong).await;
        assert_eq!((reply.status.as_u16(), reply.cookies().len()), (401, 0), "{what}: {}", reply.body);
        right.counter.set(wrong.counter.get());
    }
    right.id = vec![8; 16];
    assert_eq!(sign_in(&house, &right).await.status, 401);
    right.id = vec![1; 16];
    assert_eq!(sign_in(&house, &right).await.status, 200);
}

#[tokio::test]
async fn a_counter_that_goes_back_is_refused_and_recorded() {
    let house = house();
    let (_, authenticator) = person(&house, EMAIL, 1).await;
    for _ in 0..3 {
        assert_eq!(sign_in(&house, &authenticator).await.status, 200);
    }
    authenticator.counter.set(2);
    assert_eq!(sign_in(&house, &authenticator).await.status, 401);
    assert!(house.recorded().contains(&"PASSKEY_COPY_SUSPECTED".to_owned()));
    // Those that do not count always say 0.
    let access = house.register("rudo@example.org").await.access().to_owned();
    let mut synced = Authenticator::new(2);
    synced.counter.set(0);
    assert_eq!(add(&house, &access, &mut synced).await.status, 201);
    for _ in 0..2 {
        assert_eq!(sign_in(&house, &synced).await.status, 200);
    }
}

#[tokio::test]
async fn registering_takes_an_answer_to_ones_own_challenge_from_our_page_with_verification() {
    let house = house();
    let mine = house.register(EMAIL).await.access().to_owned();
    let other = house.register("rudo@example.org").await.access().to_owned();
    let options = format!("{REGISTER}/options");
    let begin = async || call(&house, Method::POST, &mine, &options, json!({})).await.body;
    let finish = async |access: &str, credential: Value| {
        call(&house, Method::POST, access, REGISTER, json!({ "credential": credential })).await
    };
    let spoil: [Spoil; 3] =
        [|one| one.page = "https://evil.example", |one| one.domain = "evil.example", |one| one.flags = 0b001];
    for change in spoil {
        let mut wrong = Authenticator::new(1);
        change(&mut wrong);
        let answer = wrong.create(&begin().await);
        assert_eq!(finish(&mine, answer).await.fields(), ["credential"]);
    }
    let mut authenticator = Authenticator::new(1);
    let answer = authenticator.create(&begin().await);
    assert_eq!(finish(&other, answer.clone()).await.fields(), ["credential"]);
    assert_eq!(finish(&mine, answer.clone()).await.status, 201);
    assert_eq!(finish(&mine, answer).await.fields(), ["credential"]);
    // The same authenticator for somebody else, and again for the same.
    for access in [&other, &mine] {
        assert_eq!(add(&house, access, &mut authenticator).await.status, 409);
    }
    for bad in [json!({}), json!({ "id": 5 }), json!({ "response": {} })] {
        assert_eq!(finish(&mine, bad.clone()).await.fields(), ["credential"]);
        assert_eq!(house.post(LOGIN, json!({ "credential": bad })).await.fields(), ["credential"]);
    }
    for bad in [Value::Null, json!("text"), json!([])] {
        assert_eq!(finish(&mine, bad.clone()).await.fields(), ["credential"]);
        assert_eq!(house.post(LOGIN, json!({ "credential": bad })).await.fields(), ["credential"]);
    }
    let late = authenticator.create(&begin().await);
    house.advance_minutes(5);
    assert_eq!(finish(&mine, late).await.fields(), ["credential"]);
}

#[tokio::test]
async fn adding_and_removing_take_the_password_ten_minutes_after_signing_in() {
    let house = house();
    let (access, authenticator) = person(&house, EMAIL, 1).await;
    let listed = call(&house, Method::GET, &access, PASSKEYS, json!({})).await;
    let path = format!("{PASSKEYS}/{}", listed.body["passkeys"][0]["id"].as_str().unwrap());
    house.advance_minutes(11);
    let options = format!("{REGISTER}/options");
    for (method, path) in [(Method::POST, &options), (Method::DELETE, &path)] {
        let reply = call(&house, method.clone(), &access, path, json!({})).await;
        assert_eq!(reply.fields(), ["password"]);
        let wrong = json!({ "password": "Mutupo-1891" });
        assert_eq!(call(&house, method, &access, path, wrong).await.fields(), ["password"]);
    }
    let password = json!({ "password": PASSWORD });
    assert_eq!(call(&house, Method::POST, &access, &options, password.clone()).await.status, 200);
    assert_eq!(call(&house, Method::DELETE, &access, &path, password).await.status, 200);
    assert_eq!(house.recorded().last().unwrap(), "PASSKEY_REMOVED");
    assert_eq!(house.letters(2).await.len(), 2, "one when it came, one when it went");
    assert_eq!(sign_in(&house, &authenticator).await.status, 401);
    let again = call(&house, Method::DELETE, &access, &path, json!({})).await;
    assert_eq!(again.status, 404);
}

#[tokio::test]
async fn nobody_sees_renames_or_removes_the_passkey_of_another() {
    let house = house();
    let (mine, authenticator) = person(&house, EMAIL, 1).await;
    let other = house.register("rudo@example.org").await.access().to_owned();
    let listed = call(&house, Method::GET, &mine, PASSKEYS, json!({})).await;
    let path = format!("{PASSKEYS}/{}", listed.body["passkeys"][0]["id"].as_str().unwrap());
    assert_eq!(call(&house, Method::GET, &other, PASSKEYS, json!({})).await.body, json!({ "passkeys": [] }));
    assert_eq!(call(&house, Method::PATCH, &other, &path, json!({ "name": "Mine" })).await.status, 404);
    assert_eq!(call(&house, Method::DELETE, &other, &path, json!({})).await.status, 404);
    assert_eq!(sign_in(&house, &authenticator).await.status, 200);
}

#[tokio::test]
async fn an_account_has_at_most_twenty() {
    let house = house();
    let access = house.register(EMAIL).await.access().to_owned();
    for seed in 1..=20 {
        assert_eq!(add(&house, &access, &mut Authenticator::new(seed)).await.status, 201);
    }
    let options = call(&house, Method::POST, &access, &format!("{REGISTER}/options"), json!({})).await;
    assert_eq!(options.status, 409);
}

#[tokio::test]
async fn a_passkey_is_a_second_factor_beside_one_time_codes() {
    let house = house();
    let (_, authenticator) = person(&house, EMAIL, 1).await;
    let (_, others) = person(&house, "rudo@example.org", 2).await;
    assert_eq!(house.login(EMAIL, PASSWORD).await.body["requireMfa"], json!(false));
    for email in [EMAIL, "tariro@example.org"] {
        if email != EMAIL {
            house.register(email).await;
        }
        house.change(email, UserChange { mfa_enabled: Some(true), ..UserChange::default() }).await;
    }
    let pending = house.login(EMAIL, PASSWORD).await;
    assert_eq!((&pending.body["requireMfa"], pending.cookies().len()), (&json!(true), 0));
    assert_eq!(pending.body["mfaMethods"], json!(["totp", "passkey"]));
    assert_eq!(house.login("tariro@example.org", PASSWORD).await.body["mfaMethods"], json!(["totp"]));
    let login = async |password: &str, passkey: Value| {
        let body = json!({ "email": EMAIL, "password": password, "passkey": passkey });
        house.post("/api/auth/login", body).await
    };
    let foreign = login(PASSWORD, others.get(&challenge(&house).await)).await;
    assert_eq!((foreign.status.as_u16(), foreign.cookies().len()), (401, 0));
    assert!(house.recorded().contains(&"LOGIN_FAILED_INVALID_MFA".to_owned()));
    let answer = authenticator.get(&challenge(&house).await);
    assert_eq!(login("Mutupo-1891", answer.clone()).await.status, 401);
    let reply = login(PASSWORD, answer.clone()).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(house.last_entry().details["method"], "password+passkey");
    assert_eq!(login(PASSWORD, answer).await.status, 401);
    assert_eq!(login(PASSWORD, json!({})).await.fields(), ["passkey"]);
    assert_eq!(login(PASSWORD, json!("text")).await.fields(), ["passkey"]);
    // Alone it is two factors, whatever else the account has.
    assert_eq!(sign_in(&house, &authenticator).await.status, 200);
}

#[tokio::test]
async fn a_passkey_of_a_deactivated_account_answers_403_and_a_lock_by_passwords_does_not_hold_it() {
    let house = house();
    let (_, authenticator) = person(&house, EMAIL, 1).await;
    for _ in 0..5 {
        assert_eq!(house.login(EMAIL, "Mutupo-1891").await.status, 401);
    }
    assert_eq!(sign_in(&house, &authenticator).await.status, 200);
    assert_eq!(house.login(EMAIL, PASSWORD).await.status, 423, "nor does it lift the lock");
    house.change(EMAIL, UserChange { is_active: Some(false), ..UserChange::default() }).await;
    let reply = sign_in(&house, &authenticator).await;
    assert_eq!((reply.status.as_u16(), reply.cookies().len()), (403, 0));
    assert_eq!(house.recorded().last().unwrap(), "LOGIN_FAILED_ACCOUNT_INACTIVE");
}

#[tokio::test]
async fn without_counters_no_challenge_is_given_and_none_is_answered() {
    let house = house();
    let (access, authenticator) = person(&house, EMAIL, 1).await;
    let answer = authenticator.get(&challenge(&house).await);
    house.cut_counters_off();
    for path in [format!("{LOGIN}/options"), format!("{REGISTER}/options"), LOGIN.to_owned()] {
        let body = json!({ "credential": answer });
        assert_eq!(call(&house, Method::POST, &access, &path, body).await.status, 503, "{path}");
    }
}

#[tokio::test]
async fn a_passkey_brings_an_account_back_that_was_to_be_erased() {
    let house = house();
    let (access, authenticator) = person(&house, EMAIL, 1).await;
    let leaving = json!({ "password": PASSWORD });
    let left = call(&house, Method::POST, &access, "/api/auth/delete-account", leaving).await;
    assert_eq!(left.status, 200, "{}", left.body);
    assert_eq!(sign_in(&house, &authenticator).await.status, 200);
    assert!(house.user(EMAIL).await.is_active);
}
