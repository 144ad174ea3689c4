use std::sync::Arc;

use axum::extract::FromRequestParts;
use dzinza_ports::{Role, User, Users};
use http::request::Parts;

use crate::{Caller, HasAuth, Problem};

/// State that can look accounts up.
pub trait HasUsers: HasAuth {
    /// The accounts.
    fn users(&self) -> &Arc<dyn Users>;
}

/// An administrator of the platform. Both the token and the account as it is now must say so: who has lost the role
/// has lost it at once, whatever an older token says, and a token that claims less is taken at its word.
#[derive(Debug, Clone)]
pub struct Admin {
    /// The account.
    pub user: User,
    /// The caller, as the token has it.
    pub caller: Caller,
}

impl<S: HasUsers> FromRequestParts<S> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        Self::of(&**state.users(), caller).await
    }
}

impl Admin {
    /// The caller as an administrator.
    ///
    /// # Errors
    /// 401 if the account is gone or deactivated, 403 if it is no administrator, 503 if that cannot be found out.
    pub async fn of(users: &dyn Users, caller: Caller) -> Result<Self, Problem> {
        let refused = || Problem::forbidden("Only administrators may do this");
        if !caller.is_admin() {
            return Err(refused());
        }
        let found = users.by_id(&caller.user_id).await?.filter(|user| user.is_active);
        let user =
            found.ok_or_else(|| Problem::unauthorized("Your session has ended. Please sign in again."))?;
        if is_admin(&user) { Ok(Self { user, caller }) } else { Err(refused()) }
    }
}

/// Whether an account administers the platform.
pub fn is_admin(user: &User) -> bool {
    user.role == Role::Admin || user.is_superuser
}
