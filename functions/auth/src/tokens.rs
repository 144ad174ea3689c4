//! Pairs of tokens and the cookie (contract 2.3 and 4.1).

use std::time::Duration;

use dzinza_ports::{RefreshToken, Role, User};
use dzinza_web::{ACCESS_COOKIE, ClientInfo, Problem, REFRESH_COOKIE, TokenSubject};
use http::{HeaderMap, HeaderValue, header};
use jiff::{SignedDuration, Timestamp};

use crate::AuthPorts;
use crate::limits::fingerprint;
use crate::wire::Tokens;

/// A session: the family that all tokens of one sign-in belong to.
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) started_at: Timestamp,
}

impl Session {
    /// When it ends, whatever is refreshed.
    pub(crate) fn ends_at(&self, ports: &AuthPorts) -> Timestamp {
        self.started_at + signed(ports.rules.session_lifetime)
    }
}

/// A pair of tokens that is not stored yet.
pub(crate) struct Pair {
    access: String,
    refresh: String,
    expires_in: u64,
    /// What is stored of the refresh token.
    pub(crate) row: RefreshToken,
}

impl Pair {
    /// Signs a pair for this session.
    pub(crate) fn sign(
        ports: &AuthPorts,
        user: &User,
        session: &Session,
        client: &ClientInfo,
    ) -> Result<Self, Problem> {
        let now = ports.clock.now();
        let rules = &ports.rules;
        let subject = TokenSubject {
            user_id: user.id.clone(),
            email: user.email.clone(),
            role: if user.is_superuser { Role::Admin } else { user.role },
            session_id: session.id.clone(),
        };
        let failed = |_| {
            tracing::error!("a token could not be signed");
            Problem::internal()
        };
        let keys = &ports.auth.keys;
        let access_jti = ports.ids.new_id();
        let access =
            keys.access_token(&subject, &access_jti, now, signed(rules.access_lifetime)).map_err(failed)?;
        let jti = ports.ids.new_id();
        let expires_at = (now + signed(rules.refresh_lifetime)).min(session.ends_at(ports));
        let refresh = keys.refresh_token(&subject, &jti, now, expires_at).map_err(failed)?;
        let row = RefreshToken {
            jti,
            user_id: user.id.clone(),
            session_id: session.id.clone(),
            token: fingerprint(&refresh),
            created_at: now,
            session_started_at: session.started_at,
            expires_at,
            revoked_at: None,
            revoked_reason: None,
            replaced_by_jti: None,
            ip_address: Some(client.ip.clone()).filter(|ip| !ip.is_empty()),
            user_agent: Some(client.user_agent.clone()).filter(|agent| !agent.is_empty()),
        };
        Ok(Self { access, refresh, expires_in: rules.access_lifetime.as_secs(), row })
    }

    /// What the caller gets.
    pub(crate) fn wire(&self) -> Tokens {
        Tokens {
            access_token: self.access.clone(),
            refresh_token: self.refresh.clone(),
            expires_in: self.expires_in,
        }
    }

    /// The headers of an answer with tokens: the cookie, and that nobody may keep a copy.
    pub(crate) fn headers(&self, ports: &AuthPorts) -> Result<HeaderMap, Problem> {
        let mut headers = HeaderMap::new();
        headers.append(header::SET_COOKIE, cookie(ports, ACCESS_COOKIE, &self.access, self.expires_in)?);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(headers)
    }
}

/// The headers that make a browser forget our cookies; one of them only older versions set.
pub(crate) fn cleared_cookies(ports: &AuthPorts) -> Result<HeaderMap, Problem> {
    let mut headers = HeaderMap::new();
    for name in [ACCESS_COOKIE, REFRESH_COOKIE] {
        headers.append(header::SET_COOKIE, cookie(ports, name, "", 0)?);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(headers)
}

fn cookie(ports: &AuthPorts, name: &str, value: &str, max_age: u64) -> Result<HeaderValue, Problem> {
    let secure = if ports.auth.secure_cookies { "; Secure" } else { "" };
    HeaderValue::try_from(format!(
        "{name}={value}; HttpOnly; SameSite=Lax; Path=/; Max-Age={max_age}{secure}"
    ))
    .map_err(|_| Problem::internal())
}

/// A duration of the rules as the calendar wants it.
pub(crate) fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
