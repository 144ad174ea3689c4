//! Changing accounts, for administrators and for operators at the machine: one set of rules.

use dzinza_ports::{ERASURE_BEGUN, Role, StoreError, StoreErrorKind, User};
use dzinza_web::{Admin, ClientInfo, LoginLock, Problem, store_problem};
use serde_json::json;

use crate::AdminPorts;
use crate::change::Wanted;
use crate::letters;

/// Who changes an account.
pub(crate) enum By<'a> {
    /// Someone signed in.
    Admin(&'a Admin, &'a ClientInfo),
    /// Someone at the machine.
    Operator,
}

impl By<'_> {
    /// Whether an account is the caller's own.
    pub(crate) fn owns(&self, user: &User) -> bool {
        matches!(self, Self::Admin(admin, _) if admin.user.id == user.id)
    }

    async fn record(&self, ports: &AdminPorts, action: &str, user: &User, fields: &[&'static str]) {
        let (by, client) = match self {
            Self::Admin(admin, client) => (admin.user.id.as_str(), (*client).clone()),
            Self::Operator => ("operator", ClientInfo::default()),
        };
        let details = json!({ "by": by, "fields": fields });
        ports.recorder().record(action, Some(&user.id), &client, details).await;
    }
}

/// Gives an account a role, for an operator. Its sessions end.
///
/// # Errors
/// 409 if it is the last active administrator and would be one no more.
pub async fn give_role(ports: &AdminPorts, user: &User, role: Role) -> Result<User, Problem> {
    let mut wanted = Wanted::role(role, user);
    if role != Role::Admin && user.is_superuser {
        wanted.change.is_superuser = Some(false);
        wanted.fields = vec!["roles"];
    }
    apply(ports, user, wanted, &By::Operator).await
}

/// Deactivates an account, for an operator.
///
/// # Errors
/// 409 if it is the last active administrator.
pub async fn deactivate_by_operator(ports: &AdminPorts, user: &User) -> Result<User, Problem> {
    Ok(deactivate(ports, user, &By::Operator).await?.0)
}

/// Deactivates an account and ends what it can be used with. Says whether it was active.
pub(crate) async fn deactivate(
    ports: &AdminPorts,
    user: &User,
    by: &By<'_>,
) -> Result<(User, bool), Problem> {
    if by.owns(user) {
        return Err(Problem::bad_request("You cannot deactivate your own account here"));
    }
    let changed = change(ports, user, Wanted::inactive(user), by).await?;
    if user.is_active {
        by.record(ports, "ADMIN_USER_DEACTIVATED", user, &["isActive"]).await;
    } else {
        // It may have been cut off after the change.
        lock_out(ports, user, "deactivated").await?;
    }
    Ok((changed, user.is_active))
}

/// Changes an account, if there is anything to change.
pub(crate) async fn apply(
    ports: &AdminPorts,
    user: &User,
    wanted: Wanted,
    by: &By<'_>,
) -> Result<User, Problem> {
    if by.owns(user) && wanted.change.is_active == Some(false) {
        let message = "You cannot deactivate your own account here";
        return Err(Problem::field("isActive", "own_account", message));
    }
    if by.owns(user) && wanted.takes_admin(user) {
        let message = "You cannot take the role of administrator from yourself";
        return Err(Problem::field("roles", "own_account", message));
    }
    let fields = wanted.fields.clone();
    let changed = change(ports, user, wanted, by).await?;
    if !fields.is_empty() {
        by.record(ports, "ADMIN_USER_UPDATED", user, &fields).await;
    }
    Ok(changed)
}

/// What has to end is ended before, so that nothing is changed if it cannot be, and once more after for whoever signed in
/// in between.
async fn change(ports: &AdminPorts, user: &User, mut wanted: Wanted, by: &By<'_>) -> Result<User, Problem> {
    if wanted.fields.is_empty() {
        return Ok(user.clone());
    }
    if wanted.change.is_active == Some(true) && user.erase_after == Some(ERASURE_BEGUN) {
        return Err(Problem::conflict("This account is being erased; it cannot be opened again"));
    }
    let ending = wanted.ends_sessions();
    wanted.change.given.admin_remains = wanted.takes_admin(user) && !by.owns(user);
    if let Some(reason) = ending {
        ports.endings().end_all(&user.id, None, reason).await?;
    }
    if wanted.without_factors {
        for passkey in ports.passkeys.of_user(&user.id).await? {
            ports.passkeys.remove(&user.id, &passkey.id).await?;
        }
    }
    if wanted.unlock {
        let LoginLock { failures, lock } = LoginLock::of(&user.email);
        ports.limits.remove(&[&failures, &lock]).await?;
    }
    wanted.change.letters = letters::about(ports, user, &mut wanted).await?;
    let letters_wait = !wanted.change.letters.is_empty();
    let deactivates = wanted.change.is_active == Some(false);
    let guarded = wanted.change.given.admin_remains;
    let changed = ports.users.update(&user.id, wanted.change, ports.clock.now()).await;
    let Some(changed) = changed.map_err(|error| taken(&error))? else {
        let there = ports.users.by_id(&user.id).await?.is_some();
        return Err(match (there, guarded) {
            (false, _) => no_account(),
            (true, true) => last_admin(),
            (true, false) => {
                Problem::conflict("This account changed at the same moment. Please load it again.")
            }
        });
    };
    if letters_wait {
        ports.post.announce().await;
    }
    match ending {
        Some(reason) if deactivates => lock_out(ports, user, reason).await?,
        Some(reason) => drop(ports.endings().end_all(&user.id, None, reason).await?),
        None => {}
    }
    Ok(changed)
}

/// Ends all that an account can be used with: sessions, and tokens of programs.
async fn lock_out(ports: &AdminPorts, user: &User, reason: &str) -> Result<(), Problem> {
    ports.endings().end_all(&user.id, None, reason).await?;
    ports.access_tokens.remove_all(&user.id).await?;
    Ok(())
}

pub(crate) fn no_account() -> Problem {
    Problem::not_found("There is no such account")
}

fn last_admin() -> Problem {
    Problem::conflict("This is the last administrator. Make someone else one first.")
}

/// 409 in words for what is taken; other errors as everywhere.
fn taken(error: &StoreError) -> Problem {
    match error.kind() {
        StoreErrorKind::Conflict if error.context().ends_with("username") => {
            Problem::conflict("This user name is taken. Please choose another.")
        }
        StoreErrorKind::Conflict => Problem::conflict("There is an account with this e-mail address already"),
        _ => store_problem(error),
    }
}
