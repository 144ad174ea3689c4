use axum::extract::FromRequestParts;
use cookie::Cookie;
use dzinza_ports::Role;
use http::{HeaderMap, header, request::Parts};

use crate::{ACCESS_COOKIE, AccessClaims, AuthState, HasAuth, Problem, csrf, revocation_of, valid_after_of};

/// A signed-in caller. Naming one in a handler's arguments is what makes the route demand it.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account.
    pub user_id: String,
    /// Its platform role.
    pub role: Role,
    /// The session; tokens of older versions have none.
    pub session_id: Option<String>,
}

impl Caller {
    /// Whether this is an administrator of the platform.
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }
}

/// A caller where signing in is optional: a bad credential counts as none.
#[derive(Debug, Clone)]
pub struct MaybeCaller(pub Option<Caller>);

impl<S: HasAuth> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let auth = state.auth();
        let (token, by_cookie) =
            credential(&parts.headers).ok_or_else(|| Problem::unauthorized("Please sign in to continue"))?;
        let expired = || Problem::unauthorized("Your session has ended. Please sign in again.");
        let claims = auth.keys.read_access(&token, auth.clock.now()).map_err(|_| expired())?;
        if is_revoked(auth, &claims).await? {
            return Err(expired());
        }
        if by_cookie && !csrf::cookie_may(&parts.method, &parts.headers, &auth.allowed_origins) {
            return Err(Problem::new(
                http::StatusCode::FORBIDDEN,
                "CROSS_SITE_REQUEST",
                "This request did not come from a page that may make it",
            ));
        }
        Ok(Self { user_id: claims.user_id, role: claims.role, session_id: claims.session_id })
    }
}

impl<S: HasAuth> FromRequestParts<S> for MaybeCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Caller::from_request_parts(parts, state).await {
            Ok(caller) => Ok(Self(Some(caller))),
            Err(problem) if problem.status() == http::StatusCode::UNAUTHORIZED => Ok(Self(None)),
            Err(problem) => Err(problem),
        }
    }
}

/// The token and whether it came by cookie. The frontend may send the words `undefined` and `null`.
fn credential(headers: &HeaderMap) -> Option<(String, bool)> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let usable = |token: &&str| !matches!(*token, "" | "undefined" | "null");
    if let Some(token) = header.filter(usable) {
        return Some((token.to_owned(), false));
    }
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == ACCESS_COOKIE && usable(&cookie.value()))
        .map(|cookie| (cookie.value().to_owned(), true))
}

/// Sessions that were ended, and accounts whose earlier tokens all ended at once.
async fn is_revoked(auth: &AuthState, claims: &AccessClaims) -> Result<bool, Problem> {
    let by_session = claims.session_id.as_deref().map(revocation_of);
    let by_user = valid_after_of(&claims.user_id);
    let mut keys = vec![by_user.as_str()];
    keys.extend(by_session.as_deref());
    let found = auth.limits.get(&keys).await?;
    let valid_after = found.first().cloned().flatten().and_then(|text| text.parse::<i64>().ok());
    let too_old = valid_after.is_some_and(|after| claims.issued_at.unwrap_or(0) < after);
    Ok(too_old || found.get(1).is_some_and(Option::is_some))
}
