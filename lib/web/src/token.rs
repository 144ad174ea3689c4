//! Access and refresh tokens: JWT (RFC 7519), HS256, each with its own key, and the key before (contract 4.1).

use std::sync::Arc;

use dzinza_ports::Role;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::keys::KeyRing;

/// `iss` of our tokens.
const ISSUER: &str = "dzinza-auth";
/// `aud` of our tokens.
const AUDIENCE: &str = "dzinza-app";
/// Clocks of two machines may differ by this much.
const LEEWAY: SignedDuration = SignedDuration::from_secs(30);

/// Whom a token speaks of.
#[derive(Debug, Clone)]
pub struct TokenSubject {
    /// The account.
    pub user_id: String,
    /// Its address.
    pub email: String,
    /// Its platform role.
    pub role: Role,
    /// The session.
    pub session_id: String,
}

/// What a valid access token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessClaims {
    /// The account.
    pub user_id: String,
    /// Its platform role.
    pub role: Role,
    /// The session; tokens of older versions have none.
    pub session_id: Option<String>,
    /// When it was issued, in seconds; older versions do not say.
    pub issued_at: Option<i64>,
}

/// What a valid refresh token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshClaims {
    /// The account.
    pub user_id: String,
    /// The token's id.
    pub jti: String,
}

/// A key that must not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// HS256 wants as many bits as its digest has (RFC 7518, 3.2).
    #[error("a token key must have at least 32 bytes")]
    TooShort,
    /// With equal keys a refresh token would pass as an access token.
    #[error("no two token keys may be the same, former ones included")]
    Equal,
}

/// A token that is not accepted. Why is nobody's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token is not valid")]
pub struct TokenError;

/// The two keys, and those before them: tokens that these signed are still accepted, so that a change of keys signs nobody
/// out. New tokens are signed by the present ones and name them (`kid`).
#[derive(Clone)]
pub struct TokenKeys {
    access: KeyRing,
    refresh: KeyRing,
    /// Which of ours are which, to see that no two are the same.
    known: Arc<[[u8; 32]]>,
}

impl std::fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenKeys(***)")
    }
}

#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    user_id: &'a str,
    #[serde(rename = "userId", skip_serializing_if = "Option::is_none")]
    user_id_camel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<[&'a str; 1]>,
    sid: &'a str,
    jti: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    iat: i64,
    exp: i64,
    iss: &'a str,
    aud: &'a str,
}

/// Every spelling that earlier versions used (contract, genealogy 0.2).
#[derive(Deserialize)]
struct AnyClaims {
    sub: Option<serde_json::Value>,
    user_id: Option<String>,
    #[serde(rename = "userId")]
    user_id_camel: Option<String>,
    id: Option<String>,
    role: Option<String>,
    roles: Option<Vec<String>>,
    sid: Option<String>,
    jti: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    iat: Option<i64>,
    exp: i64,
}

impl AnyClaims {
    fn user(&self) -> Option<String> {
        let named = [&self.user_id, &self.user_id_camel, &self.id].into_iter().flatten().next().cloned();
        // One version wrote a printed dictionary into `sub`; that is nobody's id.
        named.or_else(|| self.sub.as_ref()?.as_str().filter(|sub| !sub.contains('{')).map(str::to_owned))
    }

    fn role(&self) -> Role {
        let named = self.roles.iter().flatten().chain(&self.role);
        let is = |wanted: Role| named.clone().any(|name| Role::parse(name) == Some(wanted));
        if is(Role::Admin) {
            Role::Admin
        } else if is(Role::Moderator) {
            Role::Moderator
        } else {
            Role::User
        }
    }
}

impl TokenKeys {
    /// Takes the two keys.
    ///
    /// # Errors
    /// If one is short, or both are the same.
    pub fn new(access: &[u8], refresh: &[u8]) -> Result<Self, KeyError> {
        let keys =
            Self { access: KeyRing::new(access)?, refresh: KeyRing::new(refresh)?, known: Arc::default() };
        keys.knowing([Some(access), Some(refresh)])
    }

    /// The same, with the keys that were used before. They are of use for as long as what they signed lives.
    ///
    /// # Errors
    /// If one is short, or is the same as another.
    pub fn with_previous(self, access: Option<&[u8]>, refresh: Option<&[u8]>) -> Result<Self, KeyError> {
        let keys = Self {
            access: self.access.with_previous(access)?,
            refresh: self.refresh.with_previous(refresh)?,
            known: self.known,
        };
        keys.knowing([access, refresh])
    }

    fn knowing(mut self, keys: [Option<&[u8]>; 2]) -> Result<Self, KeyError> {
        let mut known = self.known.to_vec();
        for key in keys.into_iter().flatten() {
            let digest = Sha256::digest(key).into();
            if known.contains(&digest) {
                return Err(KeyError::Equal);
            }
            known.push(digest);
        }
        self.known = known.into();
        Ok(self)
    }

    /// A signed access token.
    ///
    /// # Errors
    /// Only if the signer fails, which it has no reason to.
    pub fn access_token(
        &self,
        subject: &TokenSubject,
        jti: &str,
        now: Timestamp,
        lifetime: SignedDuration,
    ) -> Result<String, TokenError> {
        let claims = Claims {
            sub: &subject.user_id,
            user_id: &subject.user_id,
            user_id_camel: Some(&subject.user_id),
            email: Some(&subject.email),
            role: Some(subject.role.as_str()),
            roles: Some([subject.role.as_str()]),
            sid: &subject.session_id,
            jti,
            kind: "access",
            iat: now.as_second(),
            exp: (now + lifetime).as_second(),
            iss: ISSUER,
            aud: AUDIENCE,
        };
        self.access.sign(&claims)
    }

    /// A signed refresh token.
    ///
    /// # Errors
    /// Only if the signer fails, which it has no reason to.
    pub fn refresh_token(
        &self,
        subject: &TokenSubject,
        jti: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<String, TokenError> {
        let claims = Claims {
            sub: &subject.user_id,
            user_id: &subject.user_id,
            user_id_camel: None,
            email: None,
            role: None,
            roles: None,
            sid: &subject.session_id,
            jti,
            kind: "refresh",
            iat: now.as_second(),
            exp: expires_at.as_second(),
            iss: ISSUER,
            aud: AUDIENCE,
        };
        self.refresh.sign(&claims)
    }

    /// Checks signature, algorithm, issuer, audience, type and time of an access token. Tokens of version P
    /// carry no type; its refresh tokens do, and are refused.
    ///
    /// # Errors
    /// If anything is wrong with it.
    pub fn read_access(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenError> {
        let claims = decode(token, &self.access, now)?;
        if claims.kind.as_deref().is_some_and(|kind| kind != "access") {
            return Err(TokenError);
        }
        Ok(AccessClaims {
            user_id: claims.user().ok_or(TokenError)?,
            role: claims.role(),
            session_id: claims.sid,
            issued_at: claims.iat,
        })
    }

    /// The same for a refresh token, which must say that it is one.
    ///
    /// # Errors
    /// If anything is wrong with it.
    pub fn read_refresh(&self, token: &str, now: Timestamp) -> Result<RefreshClaims, TokenError> {
        let claims = decode(token, &self.refresh, now)?;
        if claims.kind.as_deref() != Some("refresh") {
            return Err(TokenError);
        }
        Ok(RefreshClaims { user_id: claims.user().ok_or(TokenError)?, jti: claims.jti.ok_or(TokenError)? })
    }
}

fn decode(token: &str, keys: &KeyRing, now: Timestamp) -> Result<AnyClaims, TokenError> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    // Time is compared with our own clock below, so that it can be held still in tests.
    validation.validate_exp = false;
    let claims: AnyClaims = keys.verify(token, &validation)?;
    if now.as_second() > claims.exp.saturating_add(LEEWAY.as_secs()) {
        return Err(TokenError);
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> TokenKeys {
        TokenKeys::new(&[1; 32], &[2; 32]).unwrap()
    }

    fn subject() -> TokenSubject {
        TokenSubject {
            user_id: "u1".into(),
            email: "a@b.zw".into(),
            role: Role::Admin,
            session_id: "s1".into(),
        }
    }

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn short_or_equal_keys_are_refused() {
        assert_eq!(TokenKeys::new(&[1; 31], &[2; 32]).unwrap_err(), KeyError::TooShort);
        assert_eq!(TokenKeys::new(&[1; 32], &[1; 32]).unwrap_err(), KeyError::Equal);
    }

    #[test]
    fn an_access_token_reads_back_until_it_expires() {
        let token = keys().access_token(&subject(), "j", NOW, SignedDuration::from_mins(30)).unwrap();
        let claims = keys().read_access(&token, NOW + SignedDuration::from_mins(30)).unwrap();
        assert_eq!((claims.user_id.as_str(), claims.role), ("u1", Role::Admin));
        assert!(keys().read_access(&token, NOW + SignedDuration::from_mins(31)).is_err());
    }

    #[test]
    fn a_refresh_token_never_passes_as_an_access_token_even_with_equal_keys() {
        let end = NOW + SignedDuration::from_hours(1);
        let token = keys().refresh_token(&subject(), "j", NOW, end).unwrap();
        let swapped = TokenKeys::new(&[2; 32], &[1; 32]).unwrap();
        assert!(keys().read_access(&token, NOW).is_err());
        assert!(swapped.read_access(&token, NOW).is_err());
        assert_eq!(keys().read_refresh(&token, NOW).unwrap().jti, "j");
    }

    #[test]
    fn unsigned_and_foreign_tokens_are_refused() {
        let header = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
        let token = keys().access_token(&subject(), "j", NOW, SignedDuration::from_mins(30)).unwrap();
        let payload = token.split('.').nth(1).unwrap();
        assert!(keys().read_access(&format!("{header}.{payload}."), NOW).is_err());
        let other = TokenKeys::new(&[3; 32], &[4; 32]).unwrap();
        assert!(other.read_access(&token, NOW).is_err());
    }
}
