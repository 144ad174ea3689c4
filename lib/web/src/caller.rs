use axum::extract::FromRequestParts;
use cookie::Cookie;
use dzinza_ports::Role;
use http::{HeaderMap, Method, header, request::Parts};
use tracing::Span;

use crate::program::{self, Scope};
use crate::{ACCESS_COOKIE, AuthState, HasAuth, Problem, csrf, revocation_of, valid_after_of};

/// A signed-in caller. Naming one in a handler's arguments is what makes the route demand it. Programs count where the
/// state [admits them](HasAuth::admits_programs).
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account.
    pub user_id: String,
    /// Its platform role; of a program always that of an ordinary member, whatever its owner's is.
    pub role: Role,
    /// The session; tokens of older versions and of programs have none.
    pub session_id: Option<String>,
}

impl Caller {
    /// Whether this is an administrator of the platform.
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }
}

/// A caller, be it a person in a session or a program with a token, whatever the state admits.
#[derive(Debug, Clone)]
pub struct AnyCaller(pub Caller);

/// A caller where signing in is optional: a bad credential counts as none.
#[derive(Debug, Clone)]
pub struct MaybeCaller(pub Option<Caller>);

impl<S: HasAuth> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        caller(parts, state.auth(), state.admits_programs()).await
    }
}

impl<S: HasAuth> FromRequestParts<S> for AnyCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        caller(parts, state.auth(), true).await.map(Self)
    }
}

async fn caller(parts: &Parts, auth: &AuthState, admits_programs: bool) -> Result<Caller, Problem> {
    let caller = known(parts, auth, admits_programs).await?;
    // For the log: an id, which tells nothing to those who cannot look into the accounts.
    Span::current().record("user_id", &*caller.user_id);
    Ok(caller)
}

async fn known(parts: &Parts, auth: &AuthState, admits_programs: bool) -> Result<Caller, Problem> {
    let (token, by_cookie) =
        credential(&parts.headers).ok_or_else(|| Problem::unauthorized("Please sign in to continue"))?;
    if !by_cookie && program::is_program_token(&token) {
        return program_caller(&parts.method, auth, &token, admits_programs).await;
    }
    let claims = auth.keys.read_access(&token, auth.clock.now()).map_err(|_| expired())?;
    let issued_at = claims.issued_at.unwrap_or(0);
    if is_revoked(auth, &claims.user_id, claims.session_id.as_deref(), issued_at).await? {
        return Err(expired());
    }
    if by_cookie && !csrf::cookie_may(&parts.method, &parts.headers, &auth.allowed_origins) {
        return Err(Problem::new(
            http::StatusCode::FORBIDDEN,
            "CROSS_SITE_REQUEST",
            "This request did not come from a page that may make it",
        ));
    }
    Ok(Caller { user_id: claims.user_id, role: claims.role, session_id: claims.session_id })
}

fn expired() -> Problem {
    Problem::unauthorized("Your session has ended. Please sign in again.")
}

/// A program: it may what its owner may, within its scopes, but never what only persons and administrators may.
async fn program_caller(
    method: &Method,
    auth: &AuthState,
    token: &str,
    admitted: bool,
) -> Result<Caller, Problem> {
    let unknown = || Problem::unauthorized("This access token is not valid (any more)");
    // It ends by being removed. That sessions have ended, as with another role, is nothing to it.
    let (row, user) = program::known(auth, token).await?.ok_or_else(unknown)?;
    if !admitted {
        return Err(Problem::new(
            http::StatusCode::FORBIDDEN,
            "SESSION_REQUIRED",
            "Access tokens cannot do this; sign in instead",
        ));
    }
    let scopes = row.scopes.iter().filter_map(|scope| Scope::parse(scope)).collect::<Vec<_>>();
    let reads = matches!(*method, Method::GET | Method::HEAD);
    if scopes.contains(&Scope::Write) || (reads && scopes.contains(&Scope::Read)) {
        return Ok(Caller { user_id: user.id, role: Role::User, session_id: None });
    }
    Err(Problem::new(
        http::StatusCode::FORBIDDEN,
        "INSUFFICIENT_SCOPE",
        "The scopes of this access token do not cover this request",
    ))
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
    cookies(headers)
        .find(|cookie| cookie.name() == ACCESS_COOKIE && usable(&cookie.value()))
        .map(|cookie| (cookie.value().to_owned(), true))
}

/// The cookies of a request; what is no cookie is passed over.
pub fn cookies(headers: &HeaderMap) -> impl Iterator<Item = Cookie<'_>> {
    let texts = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(Cookie::split_parse).filter_map(Result::ok)
}

/// Sessions that were ended, and accounts whose earlier tokens all ended at once.
async fn is_revoked(
    auth: &AuthState,
    user_id: &str,
    session_id: Option<&str>,
    issued_at: i64,
) -> Result<bool, Problem> {
    let by_session = session_id.map(revocation_of);
    let by_user = valid_after_of(user_id);
    let mut keys = vec![by_user.as_str()];
    keys.extend(by_session.as_deref());
    let found = auth.limits.get(&keys).await?;
    let valid_after = found.first().cloned().flatten().and_then(|text| text.parse::<i64>().ok());
    let too_old = valid_after.is_some_and(|after| issued_at < after);
    Ok(too_old || found.get(1).is_some_and(Option::is_some))
}
