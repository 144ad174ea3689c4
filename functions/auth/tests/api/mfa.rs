//! One-time codes and backup codes over HTTP, with an app made of a library that others use.

use dzinza_ports::{Clock as _, UserChange};
use dzinza_sealing::Sealer;
use http::Method;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::support::{House, PASSWORD, Reply, rules};

const EMAIL: &str = "tendai@example.org";
const SETUP: &str = "/api/auth/mfa/setup";
const VERIFY: &str = "/api/auth/mfa/verify";
const DISABLE: &str = "/api/auth/mfa/disable";
const REGENERATE: &str = "/api/auth/mfa/backup-codes/regenerate";

/// The code an app shows now, or some seconds from now.
fn code(house: &House, secret: &str, offset: i64) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    let moment = house.clock.now().as_second() + offset;
    Builder::new().with_secret(secret).build().unwrap().generate(moment as u64).to_string()
}

/// Six digits that are no code of now.
fn wrong_code(house: &House, secret: &str) -> String {
    let right: Vec<String> = [-30, 0, 30].iter().map(|offset| code(house, secret, *offset)).collect();
    (0..4).map(|n| format!("00000{n}")).find(|code| !right.contains(code)).unwrap()
}

async fn call(house: &House, access: &str, path: &str, body: Value) -> Reply {
    house.call(Method::POST, path).bearer(access).json(&body).send().await
}

/// Someone with a second factor: access token, secret, backup codes. A minute has passed since.
struct Enrolled {
    access: String,
    secret: String,
    codes: Vec<String>,
}

async fn enrolled(house: &House, email: &str) -> Enrolled {
    let access = house.register(email).await.access().to_owned();
    let begun = call(house, &access, SETUP, json!({})).await;
    assert_eq!(begun.status, 200, "{}", begun.body);
    let secret = begun.body["secret"].as_str().unwrap().to_owned();
    let done = call(house, &access, VERIFY, json!({ "code": code(house, &secret, 0) })).await;
    assert_eq!(done.status, 200, "{}", done.body);
    let codes = texts(&done.body["backupCodes"]);
    house.advance_minutes(1);
    Enrolled { access, secret, codes }
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

async fn login(house: &House, code: &str) -> Reply {
    let body = json!({ "email": EMAIL, "password": PASSWORD, "mfaCode": code });
    house.post("/api/auth/login", body).await
}

#[tokio::test]
async fn setting_up_gives_a_secret_a_picture_and_an_address_in_all_spellings() {
    let house = House::new();
    let access = house.register(EMAIL).await.access().to_owned();
    let reply = call(&house, &access, SETUP, json!({})).await;
    let body = &reply.body;
    let secret = body["secret"].as_str().unwrap();
    assert_eq!(Secret::try_from_base32(secret).unwrap().as_bytes().len(), 20);
    assert!(body["qrCode"].as_str().unwrap().starts_with("data:image/png;base64,iVBOR"));
    let url = format!(
        "otpauth://totp/Dzinza:tendai%40example%2Eorg?secret={secret}&issuer=Dzinza&algorithm=SHA1&digits=6&period=30"
    );
    assert_eq!((&body["otp_auth_url"], &body["otpAuthUrl"]), (&json!(url), &json!(url)));
    assert_eq!((&body["otp_secret"], &body["backupCodes"]), (&json!(secret), &json!([])));
    assert_eq!(reply.header("cache-control"), "no-store");
    // Nothing is asked for before a code has shown that it works, and the secret lies nowhere open.
    assert_eq!(house.login(EMAIL, PASSWORD).await.body["requireMfa"], json!(false));
    let (sealed, _) = house.user(EMAIL).await.pending_mfa.unwrap();
    assert!(Sealer::is_sealed(&sealed) && !sealed.contains(secret));
    assert!(house.call(Method::POST, SETUP).send().await.status == 401);
}

#[tokio::test]
async fn verifying_switches_on_shows_ten_codes_once_and_tells_the_owner() {
    let house = House::new();
    let signed_up = house.register(EMAIL).await;
    let begun = call(&house, signed_up.access(), SETUP, json!({})).await;
    let secret = begun.body["secret"].as_str().unwrap();
    let wrong = json!({ "token": wrong_code(&house, secret) });
    assert_eq!(call(&house, signed_up.access(), VERIFY, wrong).await.fields(), ["code"]);
    let body = json!({ "mfa_code": code(&house, secret, 0) });
    let done = call(&house, signed_up.access(), VERIFY, body).await;
    assert_eq!((done.status.as_u16(), done.header("cache-control")), (200, "no-store"));
    let codes = texts(&done.body["backupCodes"]);
    assert_eq!((&done.body["backup_codes"], &done.body["recovery_codes"]), (&json!(codes), &json!(codes)));
    assert_eq!(codes.len(), 10);
    assert!(codes.iter().all(|code| code.len() == 10 && !code.contains(['I', 'O', '0', '1'])), "{codes:?}");
    let user = house.user(EMAIL).await;
    assert!(user.mfa_enabled && user.pending_mfa.is_none() && user.mfa_last_used_step.is_some());
    let column = user.mfa_backup_codes.unwrap();
    assert!(codes.iter().all(|code| !column.contains(code)));
    let hashes: Vec<String> = serde_json::from_str(&column).unwrap();
    assert!(hashes.len() == 10 && hashes.iter().all(|hash| hash.starts_with("$2b$")));
    assert_eq!(house.recorded(), ["USER_REGISTERED", "MFA_CHANGE_REFUSED", "MFA_ENABLED"]);
    let letters = house.letters(1).await;
    assert!(letters[0].starts_with("To: tendai@example.org"), "{}", letters[0]);
    // Once is enough.
    assert_eq!(call(&house, signed_up.access(), SETUP, json!({})).await.status, 400);
    let again = json!({ "code": code(&house, secret, 30) });
    assert_eq!(call(&house, signed_up.access(), VERIFY, again).await.status, 400);
}

#[tokio::test]
async fn a_set_up_ends_after_ten_minutes_or_five_wrong_codes_and_the_newest_counts() {
    let house = House::new();
    let access = house.register(EMAIL).await.access().to_owned();
    let nothing = json!({ "code": "123456" });
    assert_eq!(call(&house, &access, VERIFY, nothing).await.status, 400);
    assert_eq!(call(&house, &access, VERIFY, json!({})).await.fields(), ["code"]);
    let begin = async || {
        let begun = call(&house, &access, SETUP, json!({ "password": PASSWORD })).await;
        begun.body["secret"].as_str().unwrap().to_owned()
    };
    let old = begin().await;
    house.advance_minutes(10);
    assert_eq!(call(&house, &access, VERIFY, json!({ "code": code(&house, &old, 0) })).await.status, 400);
    let guessed = begin().await;
    for _ in 0..5 {
        let wrong = json!({ "code": wrong_code(&house, &guessed) });
        assert_eq!(call(&house, &access, VERIFY, wrong).await.fields(), ["code"]);
    }
    let right = json!({ "code": code(&house, &guessed, 0) });
    assert_eq!(call(&house, &access, VERIFY, right.clone()).await.status, 400);
    let newest = begin().await;
    assert_eq!(call(&house, &access, VERIFY, right).await.status, 400);
    assert_eq!(call(&house, &access, VERIFY, json!({ "code": code(&house, &newest, 0) })).await.status, 200);
}

#[tokio::test]
async fn ten_minutes_after_signing_in_setting_up_takes_the_password() {
    let house = House::new();
    let signed_up = house.register(EMAIL).await;
    house.advance_minutes(10);
    assert_eq!(call(&house, signed_up.access(), SETUP, json!({})).await.status, 200);
    house.advance_minutes(1);
    // A new token is no new sign-in.
    let refreshed = house.refresh(signed_up.refresh()).await;
    let access = refreshed.access();
    assert_eq!(call(&house, access, SETUP, json!({})).await.fields(), ["password"]);
    let wrong = json!({ "password": "Mutupo-1891" });
    for _ in 0..5 {
        assert_eq!(call(&house, access, SETUP, wrong.clone()).await.fields(), ["password"]);
    }
    assert_eq!(call(&house, access, SETUP, json!({ "password": PASSWORD })).await.status, 423);
    assert_eq!(house.login(EMAIL, PASSWORD).await.status, 423);
    house.advance_minutes(15);
    assert_eq!(call(&house, access, SETUP, json!({ "password": PASSWORD })).await.status, 200);
}

#[tokio::test]
async fn signing_in_takes_the_password_and_a_code_and_nothing_is_told_before() {
    let house = House::new();
    let Enrolled { secret, .. } = enrolled(&house, EMAIL).await;
    let pending = house.login(EMAIL, PASSWORD).await;
    assert_eq!((pending.status.as_u16(), pending.cookies().len()), (200, 0));
    assert_eq!(pending.body["requireMfa"], json!(true));
    assert!(pending.body["user"].is_null() && pending.body["tokens"].is_null(), "{}", pending.body);
    // Without the password a right code and a wrong one, and no account at all, look the same.
    let ask = async |email: &str, code: &str| {
        let body = json!({ "email": email, "password": "Mutupo-1891", "mfaCode": code });
        house.post("/api/auth/login", body).await.body
    };
    let right = ask(EMAIL, &code(&house, &secret, 0)).await;
    assert_eq!(right, ask(EMAIL, &wrong_code(&house, &secret)).await);
    assert_eq!(right, ask("nobody@example.org", "123456").await);
    // The code was not used up by that.
    let spaced = code(&house, &secret, 0);
    let reply = login(&house, &format!(" {} {} ", &spaced[..3], &spaced[3..])).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!((&reply.body["requireMfa"], reply.cookies().len()), (&json!(false), 1));
    assert_eq!(house.me(reply.access()).await, 200);
    let recorded = house.recorded();
    assert_eq!(recorded[recorded.len() - 2..], ["MFA_CODE_VERIFIED", "LOGIN_SUCCESS"]);
    assert_eq!(house.last_entry().details["method"], "password+totp");
    let deactivated = UserChange { is_active: Some(false), ..UserChange::default() };
    house.change(EMAIL, deactivated).await;
    assert_eq!(login(&house, &code(&house, &secret, 30)).await.status, 403);
}

#[tokio::test]
async fn no_code_passes_twice_and_none_from_before_the_last_one() {
    let house = House::new();
    let Enrolled { secret, .. } = enrolled(&house, EMAIL).await;
    let (before, now, after) =
        (code(&house, &secret, -30), code(&house, &secret, 0), code(&house, &secret, 30));
    assert_eq!(login(&house, &now).await.status, 200);
    assert_eq!(login(&house, &now).await.status, 401);
    assert_eq!(login(&house, &before).await.status, 401);
    assert_eq!(login(&house, &after).await.status, 200);
    assert_eq!(login(&house, &code(&house, &secret, 60)).await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_parallel_uses_of_a_code_one_passes() {
    let house = House::new();
    let Enrolled { secret, codes, .. } = enrolled(&house, EMAIL).await;
    for code in [code(&house, &secret, 0), codes[3].clone()] {
        let attempts: Vec<_> = (0..50)
            .map(|_| {
                let (house, code) = (house.clone(), code.clone());
                tokio::spawn(async move { login(&house, &code).await.status.as_u16() })
            })
            .collect();
        let mut passed = 0;
        for attempt in attempts {
            let status = attempt.await.unwrap();
            assert!(matches!(status, 200 | 401 | 423), "{status}");
            passed += usize::from(status == 200);
        }
        assert_eq!(passed, 1, "{code}");
        house.advance_minutes(60 * 24);
    }
    let left: Vec<String> = serde_json::from_str(&house.user(EMAIL).await.mfa_backup_codes.unwrap()).unwrap();
    assert_eq!(left.len(), 9);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn different_backup_codes_at_the_same_moment_all_pass() {
    let house = House::new();
    let Enrolled { codes, .. } = enrolled(&house, EMAIL).await;
    let attempts: Vec<_> = codes
        .into_iter()
        .map(|code| {
            let house = house.clone();
            tokio::spawn(async move { login(&house, &code).await.status.as_u16() })
        })
        .collect();
    for attempt in attempts {
        assert_eq!(attempt.await.unwrap(), 200);
    }
    assert_eq!(house.user(EMAIL).await.mfa_backup_codes.as_deref(), Some("[]"));
}

#[tokio::test]
async fn a_backup_code_is_good_once_however_it_is_written() {
    let house = House::new();
    let Enrolled { codes, .. } = enrolled(&house, EMAIL).await;
    let written = format!("{}-{} ", &codes[0][..5].to_lowercase(), &codes[0][5..]);
    assert_eq!(login(&house, &written).await.status, 200);
    assert_eq!(house.last_entry().details["method"], "password+backup_code");
    let recorded = house.recorded();
    assert_eq!(recorded[recorded.len() - 2], "MFA_BACKUP_CODE_USED");
    assert_eq!(login(&house, &codes[0]).await.status, 401);
    assert_eq!(login(&house, &codes[9]).await.status, 200);
}

#[tokio::test]
async fn five_wrong_codes_lock_the_address() {
    let house = House::new();
    let Enrolled { secret, codes, .. } = enrolled(&house, EMAIL).await;
    for wrong in [&wrong_code(&house, &secret), "AAAAAAAAAA", "A", "------", "００００００"] {
        let reply = login(&house, wrong).await;
        assert_eq!((reply.status.as_u16(), reply.cookies().len()), (401, 0), "{wrong}");
    }
    assert_eq!(login(&house, &codes[0]).await.status, 423);
    assert!(house.recorded().contains(&"LOGIN_FAILED_INVALID_MFA".to_owned()));
    house.advance_minutes(15);
    assert_eq!(login(&house, &codes[0]).await.status, 200);
}

#[tokio::test]
async fn what_older_versions_stored_is_good_and_is_sealed_when_it_is_used() {
    let house = House::new();
    house.register(EMAIL).await;
    let secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    let hashes: Vec<String> =
        ["aB3dE5gH7jK9", "ZZTOP1"].iter().map(|code| bcrypt::hash(code, 4).unwrap()).collect();
    let change = UserChange {
        mfa_enabled: Some(true),
        mfa_secret: Some(Some(secret.to_owned())),
        mfa_backup_codes: Some(Some(json!(hashes).to_string())),
        ..UserChange::default()
    };
    house.change(EMAIL, change).await;
    for code in [code(&house, secret, 0), "aB3dE5gH7jK9".to_owned(), "zztop1".to_owned()] {
        let reply = login(&house, &code).await;
        assert_eq!(reply.status, 200, "{code}: {}", reply.body);
    }
    let sealed = house.user(EMAIL).await.mfa_secret.unwrap();
    assert!(Sealer::is_sealed(&sealed) && !sealed.contains(secret));
    assert_eq!(login(&house, &code(&house, secret, 30)).await.status, 200);
    // One who has a second factor by a column alone has no right code, and is not let in without.
    let nothing =
        UserChange { mfa_secret: Some(None), mfa_backup_codes: Some(None), ..UserChange::default() };
    house.change(EMAIL, nothing).await;
    house.advance_minutes(2);
    assert_eq!(login(&house, &code(&house, secret, 0)).await.status, 401);
    assert_eq!(login(&house, "ZZTOP1").await.status, 401);
}

#[tokio::test]
async fn a_secret_under_a_former_key_is_sealed_with_the_present_one_when_it_is_used() {
    let former: &[u8] = b"the former data key of the tests";
    let house = House::built(rules(), |ports| {
        ports.sealer = std::sync::Arc::new(Sealer::new(b"the data key of the tests", Some(former)));
    });
    house.register(EMAIL).await;
    let secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    let purpose = format!("mfa:{}", house.user(EMAIL).await.id);
    let sealed = Sealer::new(former, None).seal(&purpose, secret).unwrap();
    let change =
        UserChange { mfa_enabled: Some(true), mfa_secret: Some(Some(sealed)), ..UserChange::default() };
    house.change(EMAIL, change).await;
    assert_eq!(login(&house, &code(&house, secret, 0)).await.status, 200);
    let now = house.user(EMAIL).await.mfa_secret.unwrap();
    assert!(house.ports.sealer.is_present(&now));
    let present = Sealer::new(b"the data key of the tests", None);
    assert_eq!(present.open(&purpose, &now).unwrap(), secret);
}

#[tokio::test]
async fn switching_off_takes_the_password_and_later_a_code_too() {
    let house = House::new();
    let Enrolled { access, secret, codes } = enrolled(&house, EMAIL).await;
    let right = || code(&house, &secret, 0);
    // A minute after signing in.
    assert_eq!(call(&house, &access, DISABLE, json!({ "code": right() })).await.fields(), ["password"]);
    let wrong = json!({ "password": "Mutupo-1891" });
    assert_eq!(call(&house, &access, DISABLE, wrong).await.fields(), ["password"]);
    // A code that is given is looked at, even if none were needed.
    let guess = json!({ "password": PASSWORD, "code": wrong_code(&house, &secret) });
    assert_eq!(call(&house, &access, DISABLE, guess).await.fields(), ["code"]);
    house.advance_minutes(10);
    let password = json!({ "password": PASSWORD });
    assert_eq!(call(&house, &access, DISABLE, password.clone()).await.fields(), ["code"]);
    let both = json!({ "password": PASSWORD, "mfa_code": right() });
    let done = call(&house, &access, DISABLE, both).await;
    assert_eq!(done.status, 200, "{}", done.body);
    let user = house.user(EMAIL).await;
    assert!(!user.mfa_enabled && user.mfa_secret.is_none() && user.mfa_backup_codes.is_none());
    assert_eq!(house.login(EMAIL, PASSWORD).await.body["requireMfa"], json!(false));
    assert!(house.recorded().contains(&"MFA_DISABLED".to_owned()));
    let letters = house.letters(2).await;
    assert_ne!(letters[0], letters[1]);
    assert_eq!(call(&house, &access, DISABLE, password).await.status, 400);
    assert_eq!(login(&house, &codes[0]).await.status, 200, "a code is not asked for, nor in the way");
}

#[tokio::test]
async fn a_password_alone_switches_off_right_after_signing_in() {
    let house = House::new();
    let Enrolled { secret, .. } = enrolled(&house, EMAIL).await;
    house.advance_minutes(60);
    let again = login(&house, &code(&house, &secret, 0)).await;
    let reply = call(&house, again.access(), DISABLE, json!({ "password": PASSWORD })).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
}

#[tokio::test]
async fn an_account_without_a_password_switches_off_by_a_code_right_after_signing_in() {
    let house = House::new();
    let Enrolled { access, codes, .. } = enrolled(&house, EMAIL).await;
    house.change(EMAIL, UserChange { password_hash: Some("!".to_owned()), ..UserChange::default() }).await;
    assert_eq!(call(&house, &access, DISABLE, json!({})).await.fields(), ["code"]);
    let by_code = |index: usize| json!({ "code": codes[index] });
    assert_eq!(call(&house, &access, DISABLE, json!({ "code": "AAAAAAAAAA" })).await.fields(), ["code"]);
    house.advance_minutes(10);
    assert_eq!(call(&house, &access, DISABLE, by_code(0)).await.status, 400);
    assert!(house.user(EMAIL).await.mfa_enabled);
    let fresh = house.register("rudo@example.org").await;
    assert_eq!(call(&house, fresh.access(), DISABLE, by_code(0)).await.status, 400);
}

#[tokio::test]
async fn wrong_codes_of_someone_at_an_open_browser_lock_too() {
    let house = House::new();
    let Enrolled { access, secret, .. } = enrolled(&house, EMAIL).await;
    for _ in 0..5 {
        let guess = json!({ "password": PASSWORD, "code": wrong_code(&house, &secret) });
        assert_eq!(call(&house, &access, DISABLE, guess).await.fields(), ["code"]);
    }
    let right = json!({ "password": PASSWORD, "code": code(&house, &secret, 0) });
    assert_eq!(call(&house, &access, DISABLE, right).await.status, 423);
    assert_eq!(call(&house, &access, REGENERATE, json!({ "code": "123456" })).await.status, 423);
    assert!(house.user(EMAIL).await.mfa_enabled);
}

#[tokio::test]
async fn new_backup_codes_void_the_old_and_take_a_code_later() {
    let house = House::new();
    let Enrolled { access, secret, codes } = enrolled(&house, EMAIL).await;
    let first = call(&house, &access, REGENERATE, json!({})).await;
    assert_eq!((first.status.as_u16(), first.header("cache-control")), (200, "no-store"));
    assert_eq!(first.body["recovery_codes"], first.body["backupCodes"]);
    assert_eq!(house.recorded().last().unwrap(), "MFA_BACKUP_CODES_REGENERATED");
    assert_eq!(login(&house, &codes[0]).await.status, 401);
    house.advance_minutes(10);
    assert_eq!(call(&house, &access, REGENERATE, json!({})).await.fields(), ["code"]);
    let wrong = json!({ "code": wrong_code(&house, &secret) });
    assert_eq!(call(&house, &access, REGENERATE, wrong).await.fields(), ["code"]);
    let by_code = json!({ "code": code(&house, &secret, 0) });
    let second = call(&house, &access, REGENERATE, by_code).await;
    let fresh = texts(&second.body["backup_codes"]);
    assert_eq!(login(&house, &texts(&first.body["backupCodes"])[0]).await.status, 401);
    assert_eq!(login(&house, &fresh[0]).await.status, 200);
    let other = house.register("rudo@example.org").await;
    assert_eq!(call(&house, other.access(), REGENERATE, json!({})).await.status, 400);
}

#[tokio::test]
async fn fields_of_the_wrong_kind_answer_400_and_attempts_of_a_client_are_limited() {
    let house = House::with(dzinza_auth::AuthRules { credential_limit: 12, ..rules() });
    let access = house.register(EMAIL).await.access().to_owned();
    for path in [SETUP, VERIFY, DISABLE, REGENERATE] {
        let wrong = json!({ "password": 5, "code": 123_456 });
        assert_eq!(call(&house, &access, path, wrong).await.fields(), ["password", "code"]);
        let long = json!({ "password": "x".repeat(73), "token": "1".repeat(21) });
        assert_eq!(call(&house, &access, path, long).await.fields(), ["password", "code"]);
    }
    for _ in 0..3 {
        call(&house, &access, VERIFY, json!({ "code": "123456" })).await;
    }
    assert_eq!(call(&house, &access, VERIFY, json!({ "code": "123456" })).await.status, 429);
}
