//! The platform is not left without anybody who administers it.

use dzinza_ports::{Given, Role, User, UserChange};
use dzinza_web::Problem;

use crate::AuthPorts;

/// What must still be so when an account goes: it is as its owner proved it to be and, if it administers the platform,
/// another active one does too. Of administrators who leave at the same moment one stays.
pub(crate) fn staying(user: &User) -> Given {
    Given {
        is_active: Some(true),
        password_hash: Some(user.password_hash.clone()),
        admin_remains: user.role == Role::Admin || user.is_superuser,
        ..Given::default()
    }
}

/// Refuses to let the last administrator go, before anything is ended or written. To be demanded once more with the
/// change itself.
///
/// # Errors
/// 409 if there is no other, or the account has changed.
pub(crate) async fn check(ports: &AuthPorts, user: &User) -> Result<(), Problem> {
    let given = staying(user);
    if !given.admin_remains {
        return Ok(());
    }
    let nothing = UserChange { given, ..UserChange::default() };
    match ports.users.update(&user.id, nothing, ports.clock.now()).await? {
        Some(_) => Ok(()),
        None => Err(refusal(ports, user).await?),
    }
}

/// Why an account could not go.
pub(crate) async fn refusal(ports: &AuthPorts, user: &User) -> Result<Problem, Problem> {
    let present = ports.users.by_id(&user.id).await?;
    let as_it_was =
        present.is_some_and(|present| present.is_active && present.password_hash == user.password_hash);
    if as_it_was && staying(user).admin_remains {
        return Ok(Problem::conflict(
            "You are the only administrator of this platform. Make somebody else an administrator first, then try again.",
        ));
    }
    Ok(Problem::conflict("Your account changed at the same moment. Please sign in and try again."))
}
