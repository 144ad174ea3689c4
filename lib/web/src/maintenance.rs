//! While the platform is being worked on, only administrators change anything.

use std::sync::Arc;

use axum::extract::{FromRequestParts as _, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use dzinza_ports::Users;
use http::{Method, StatusCode};

use crate::tongues::translated;
use crate::{Admin, AuthState, HasAuth, HasUsers, Language, Problem, SiteWatch};

/// What goes on below `/api/auth/` meanwhile: signing in, which administrators have to, and out.
const GOES_ON: &[&str] = &[
    "forgot-password",
    "login",
    "logout",
    "logout-all",
    "mfa",
    "oauth",
    "passkeys",
    "refresh",
    "reset-password",
    "sessions",
];
/// After so many seconds clients may try again.
const RETRY_AFTER: u64 = 300;

/// Guards a route group; see [`under_maintenance`].
#[derive(Clone)]
pub struct Maintenance {
    /// Whether there is any.
    pub site: SiteWatch,
    /// Who is an administrator.
    pub users: Arc<dyn Users>,
    /// Who calls.
    pub auth: AuthState,
}

impl HasAuth for Maintenance {
    fn auth(&self) -> &AuthState {
        &self.auth
    }
}

impl HasUsers for Maintenance {
    fn users(&self) -> &Arc<dyn Users> {
        &self.users
    }
}

/// A layer around a route group: while `maintenanceMode` is set, what would change something is answered with 503 unless
/// an administrator asks, or it is about signing in and out.
pub async fn under_maintenance(State(guard): State<Maintenance>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if reads || goes_on(request.uri().path()) || !guard.site.settings().await.maintenance {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    match Admin::from_request_parts(&mut parts, &guard).await {
        Ok(_) => next.run(Request::from_parts(parts, body)).await,
        Err(problem) => {
            let problem = if problem.status().is_server_error() { problem } else { closed() };
            translated(problem.into_response(), Language::of(&parts.headers))
        }
    }
}

fn goes_on(path: &str) -> bool {
    let word = path.strip_prefix("/api/auth/").and_then(|rest| rest.split('/').next());
    word.is_some_and(|word| GOES_ON.contains(&word))
}

fn closed() -> Problem {
    let message =
        "Dzinza is being worked on. Everything can be looked at, but nothing can be changed just now.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "MAINTENANCE", message).retry_after(RETRY_AFTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_and_out_goes_on_and_signing_up_does_not() {
        for path in ["/api/auth/login", "/api/auth/refresh", "/api/auth/oauth/google/callback"] {
            assert!(goes_on(path), "{path}");
        }
        for path in ["/api/auth/register", "/api/auth/login-anything", "/api/persons", "/api/auth/", "/login"]
        {
            assert!(!goes_on(path), "{path}");
        }
    }
}
