//! How often credentials may be tried (contract 3.7). A counter that cannot be reached lets nobody through.

use std::net::{IpAddr, Ipv6Addr};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use dzinza_ports::Hits;
use dzinza_web::{ClientInfo, Problem};
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::AuthPorts;

/// Endpoints that draw on one allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Whatever takes a password, per client.
    Credentials,
    /// Signing up, per address.
    Email,
    /// Asking for a new password, per address.
    Reset,
    /// Exchanging tokens, per client: clients do that by themselves, so it has its own allowance.
    Refresh,
}

impl Scope {
    fn name(self) -> &'static str {
        match self {
            Self::Credentials => "auth",
            Self::Email => "email",
            Self::Reset => "reset",
            Self::Refresh => "refresh",
        }
    }

    fn limit(self, ports: &AuthPorts) -> u64 {
        match self {
            Self::Credentials => ports.rules.credential_limit,
            Self::Email | Self::Reset => ports.rules.email_limit,
            Self::Refresh => ports.rules.refresh_limit,
        }
    }
}

/// What is left of an allowance.
pub(crate) struct Allowance {
    limit: u64,
    used: u64,
    resets_in: u64,
}

impl Allowance {
    /// Draws on the allowance of this key; `None` if there is no limit.
    pub(crate) async fn draw(ports: &AuthPorts, scope: Scope, key: &str) -> Result<Option<Self>, Problem> {
        let limit = scope.limit(ports);
        if limit == 0 {
            return Ok(None);
        }
        Self::count(ports, scope.name(), limit, key).await.map(Some)
    }

    async fn count(ports: &AuthPorts, scope: &'static str, limit: u64, key: &str) -> Result<Self, Problem> {
        let key = format!("rl:{scope}:{}", fingerprint(key));
        let Hits { count, resets_at } = ports.limits.hit(&key, ports.rules.window).await?;
        if count > limit {
            metrics::counter!("rate_limited_total", "scope" => scope).increment(1);
        }
        Ok(Self { limit, used: count, resets_in: seconds_until(resets_at, ports.clock.now()) })
    }

    /// The answer to whoever has used it up.
    pub(crate) fn refusal(&self) -> Option<Response> {
        (self.used > self.limit).then(|| {
            let mut response = Problem::rate_limited(self.resets_in).into_response();
            self.describe(response.headers_mut());
            response
        })
    }

    /// Tells in headers what is left, unless a narrower allowance has spoken already.
    fn describe(&self, headers: &mut HeaderMap) {
        if headers.contains_key("ratelimit-limit") {
            return;
        }
        headers.insert("ratelimit-limit", HeaderValue::from(self.limit));
        headers.insert("ratelimit-remaining", HeaderValue::from(self.limit.saturating_sub(self.used)));
        headers.insert("ratelimit-reset", HeaderValue::from(self.resets_in));
    }
}

/// Lets through what the client's allowance covers, before anything of the request is read.
pub(crate) async fn per_client(
    State((ports, scope)): State<(AuthPorts, Scope)>,
    client: ClientInfo,
    request: Request,
    next: Next,
) -> Response {
    let allowance = match Allowance::draw(&ports, scope, &client_key(&client.ip)).await {
        Ok(Some(allowance)) => allowance,
        Ok(None) => return next.run(request).await,
        Err(problem) => return problem.into_response(),
    };
    if let Some(refusal) = allowance.refusal() {
        return refusal;
    }
    let mut response = next.run(request).await;
    allowance.describe(response.headers_mut());
    response
}

/// Draws on what someone signed in may do of one kind (`scope`, which also is the metric's label) in a window, such as
/// trying the present password to change it: whoever holds a stolen token must not guess on without end.
///
/// # Errors
/// 429 with `Retry-After` and `RateLimit-*` when the allowance is used up, 503 when it cannot be counted.
pub(crate) async fn per_user(ports: &AuthPorts, scope: &'static str, user_id: &str) -> Result<(), Problem> {
    let limit = ports.rules.user_limit;
    if limit == 0 {
        return Ok(());
    }
    let allowance = Allowance::count(ports, scope, limit, user_id).await?;
    if allowance.used > limit {
        return Err(Problem::rate_limited(allowance.resets_in).of_allowance(limit));
    }
    Ok(())
}

/// Who counts as one client: an IPv4 address, or a /64, which is what one IPv6 subscriber has at least.
fn client_key(ip: &str) -> String {
    match ip.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(IpAddr::V6(ip)) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).to_string(),
        Ok(ip) => ip.to_string(),
        Err(_) => ip.to_owned(),
    }
}

/// SHA-256, lowercase hex: what counters and stores see of addresses and tokens.
pub(crate) fn fingerprint(text: &str) -> String {
    format!("{:x}", Sha256::digest(text.as_bytes()))
}

/// Whole seconds until a moment, at least one.
pub(crate) fn seconds_until(moment: Timestamp, now: Timestamp) -> u64 {
    let millis = moment.as_millisecond() - now.as_millisecond();
    u64::try_from(millis).unwrap_or(0).div_ceil(1000).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_subscriber_is_one_client_and_mapped_addresses_are_ipv4() {
        assert_eq!(client_key("2001:db8:1:2:aaaa::1"), client_key("2001:db8:1:2:bbbb::2"));
        assert_ne!(client_key("2001:db8:1:2::1"), client_key("2001:db8:1:3::1"));
        assert_eq!(client_key("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(client_key("unknown"), "unknown");
    }

    #[test]
    fn a_fingerprint_is_sha_256_in_lowercase_hex() {
        assert_eq!(fingerprint("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
