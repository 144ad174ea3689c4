//! What passes as a token and what does not, whatever its header says.
#![cfg(test)]

use dzinza_ports::Role;
use dzinza_web::{KeyError, TokenKeys, TokenSubject};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

const ACCESS: [u8; 32] = [1; 32];
const REFRESH: [u8; 32] = [2; 32];
const NEW_ACCESS: [u8; 32] = [3; 32];
const NEW_REFRESH: [u8; 32] = [4; 32];
const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn keys() -> TokenKeys {
    TokenKeys::new(&ACCESS, &REFRESH).unwrap()
}

/// After a change of both keys.
fn rotated() -> TokenKeys {
    let keys = TokenKeys::new(&NEW_ACCESS, &NEW_REFRESH).unwrap();
    keys.with_previous(Some(&ACCESS), Some(&REFRESH)).unwrap()
}

fn subject() -> TokenSubject {
    TokenSubject { user_id: "u".into(), email: "a@b.zw".into(), role: Role::User, session_id: "s".into() }
}

fn pair(keys: &TokenKeys) -> (String, String) {
    let access = keys.access_token(&subject(), "j", NOW, HOUR).unwrap();
    (access, keys.refresh_token(&subject(), "j", NOW, NOW + HOUR).unwrap())
}

fn accepted(keys: &TokenKeys, access: &str, refresh: &str) -> (bool, bool) {
    (keys.read_access(access, NOW).is_ok(), keys.read_refresh(refresh, NOW).is_ok())
}

fn claims(kind: Option<&str>) -> Value {
    let mut claims = json!({
        "user_id": "u", "jti": "j", "exp": 3600, "iss": "dzinza-auth", "aud": "dzinza-app",
        "sub": "{'user_id': 'u'}"
    });
    if let Some(kind) = kind {
        claims["type"] = json!(kind);
    }
    claims
}

/// A token whose header says anything, with a signature of HS256 that fits it.
fn forged(header: &Value, claims: &Value, key: &[u8]) -> String {
    // The library writes what it signs; so another token is signed and taken apart.
    let part = |value: &Value| {
        let plain = Header::new(Algorithm::HS256);
        let token = jsonwebtoken::encode(&plain, value, &EncodingKey::from_secret(key)).unwrap();
        token.split('.').nth(1).unwrap().to_owned()
    };
    let message = format!("{}.{}", part(header), part(claims));
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), &EncodingKey::from_secret(key), Algorithm::HS256);
    format!("{message}.{}", signature.unwrap())
}

fn header(token: &str) -> Header {
    jsonwebtoken::decode_header(token).unwrap()
}

#[test]
fn a_change_of_keys_signs_nobody_out_and_new_tokens_name_the_new_key() {
    let (access, refresh) = pair(&keys());
    let after = rotated();
    assert_eq!(accepted(&after, &access, &refresh), (true, true));
    let (new_access, new_refresh) = pair(&after);
    assert_eq!(accepted(&after, &new_access, &new_refresh), (true, true));
    assert_eq!(accepted(&keys(), &new_access, &new_refresh), (false, false), "signed by the new ones");
    let kids = [&access, &refresh, &new_access, &new_refresh].map(|token| header(token).kid.unwrap());
    assert!(kids.iter().all(|kid| kid.len() == 8 && kid.chars().all(|c| c.is_ascii_hexdigit())), "{kids:?}");
    assert!((1..4).all(|place| !kids[..place].contains(&kids[place])), "{kids:?}");
    let without = TokenKeys::new(&NEW_ACCESS, &NEW_REFRESH).unwrap();
    assert_eq!(accepted(&without, &access, &refresh), (false, false), "once the former keys are gone");
}

#[test]
fn tokens_of_earlier_versions_name_no_key_and_are_tried_with_both() {
    for key in [ACCESS, NEW_ACCESS] {
        let token = forged(&json!({ "alg": "HS256", "typ": "JWT" }), &claims(None), &key);
        assert_eq!(rotated().read_access(&token, NOW).unwrap().user_id, "u");
    }
    for key in [REFRESH, NEW_REFRESH] {
        let token = forged(&json!({ "alg": "HS256" }), &claims(Some("refresh")), &key);
        assert_eq!(rotated().read_refresh(&token, NOW).unwrap().jti, "j");
    }
    let token = forged(&json!({ "alg": "HS256" }), &claims(None), &[9; 32]);
    assert!(rotated().read_access(&token, NOW).is_err());
}

#[test]
fn no_key_stands_for_another_and_no_two_are_the_same() {
    for key in [ACCESS, NEW_ACCESS, REFRESH, NEW_REFRESH] {
        for kid in [None, Some(header(&pair(&rotated()).0).kid.unwrap())] {
            let head = json!({ "alg": "HS256", "typ": "JWT", "kid": kid });
            let refresh = forged(&head, &claims(Some("refresh")), &key);
            assert!(rotated().read_access(&refresh, NOW).is_err(), "a refresh token as access token");
            let access = forged(&head, &claims(Some("access")), &key);
            assert!(rotated().read_refresh(&access, NOW).is_err(), "an access token as refresh token");
        }
    }
    let equal =
        |access: Option<&[u8]>, refresh: Option<&[u8]>| keys().with_previous(access, refresh).unwrap_err();
    assert_eq!(equal(Some(&REFRESH), None), KeyError::Equal);
    assert_eq!(equal(None, Some(&ACCESS)), KeyError::Equal);
    assert_eq!(equal(Some(&ACCESS), None), KeyError::Equal);
    assert_eq!(equal(Some(&NEW_ACCESS), Some(&NEW_ACCESS)), KeyError::Equal);
    assert_eq!(equal(Some(&[3; 31]), None), KeyError::TooShort);
}

#[test]
fn headers_that_speak_of_other_algorithms_keys_or_types_are_refused() {
    let kid = header(&pair(&keys()).0).kid.unwrap();
    let fine = json!({ "alg": "HS256", "typ": "JWT", "kid": kid });
    assert!(keys().read_access(&forged(&fine, &claims(None), &ACCESS), NOW).is_ok());
    let changed = |name: &str, value: Value| {
        let mut header = fine.clone();
        header[name] = value;
        header
    };
    let mut headers =
        vec![changed("typ", json!("at+jwt")), changed("typ", json!("JWE")), changed("typ", json!(""))];
    for alg in ["none", "None", "NONE", "", "RS256", "PS256", "ES256", "EdDSA", "HS384", "HS512", "hs256"] {
        headers.push(changed("alg", json!(alg)));
    }
    let injections = ["../../../../dev/null", "/etc/passwd", "' OR '1'='1", "", "00000000", "x\u{0}y"];
    headers.extend(injections.map(|kid| changed("kid", json!(kid))));
    headers.push(changed("kid", json!(kid.to_uppercase() + " ")));
    headers.push(changed("kid", json!(7)));
    headers.push(changed("crit", json!(["exp"])));
    for header in headers {
        let token = forged(&header, &claims(None), &ACCESS);
        assert!(keys().read_access(&token, NOW).is_err(), "{header}");
        let token = forged(&header, &claims(Some("refresh")), &REFRESH);
        assert!(keys().read_refresh(&token, NOW).is_err(), "{header}");
    }
}

#[test]
fn a_key_that_a_header_brings_along_is_not_used() {
    let theirs = [9; 32];
    let jwk = json!({ "kty": "oct", "alg": "HS256", "k": "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk" });
    for header in [
        json!({ "alg": "HS256", "jwk": jwk }),
        json!({ "alg": "HS256", "jku": "https://evil.example/keys.json" }),
        json!({ "alg": "HS256", "x5u": "https://evil.example/cert.pem" }),
    ] {
        assert!(keys().read_access(&forged(&header, &claims(None), &theirs), NOW).is_err(), "{header}");
    }
}

#[test]
fn an_unsigned_token_is_refused_whatever_stands_in_place_of_the_signature() {
    let token = forged(&json!({ "alg": "none" }), &claims(None), &ACCESS);
    let unsigned = token.rsplit_once('.').unwrap().0;
    for token in [unsigned.to_owned(), format!("{unsigned}."), format!("{unsigned}.AA"), token.clone()] {
        assert!(keys().read_access(&token, NOW).is_err(), "{token}");
    }
    for token in ["", ".", "..", "...", "a.b.c", "\u{0}", &"x".repeat(100_000)] {
        assert!(keys().read_access(token, NOW).is_err());
    }
}
