use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;

/// Where a request comes from, as the gateway saw it.
#[derive(Debug, Clone, Default)]
pub struct ClientInfo {
    /// The client's address; the gateway has replaced whatever the client claimed.
    pub ip: String,
    /// `User-Agent`, cut to 500 characters.
    pub user_agent: String,
}

impl<S: Send + Sync> FromRequestParts<S> for ClientInfo {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let text =
            |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // The gateway overwrites X-Forwarded-For; API Gateway appends the peer to it. Either way the last
        // entry is the one a client could not choose.
        let ip = text("x-forwarded-for").rsplit(',').next().unwrap_or_default().trim().to_owned();
        Ok(Self { ip, user_agent: text("user-agent").chars().take(500).collect() })
    }
}
