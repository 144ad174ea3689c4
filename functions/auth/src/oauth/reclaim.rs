//! Taking an account from whoever made it without proving its address, for the owner of the address.
//!
//! Somebody may have signed up with another's address and wait until its owner comes: with the password, a session, an
//! identity, a passkey or a token of a program in hand that would go on to open the account ("pre-hijacking": the
//! classic-federated merge, unexpired session, trojan identifier and non-verifying IdP attacks of A. Sudhodanan and
//! A. Paverd, "Pre-hijacked accounts: An Empirical Study of Security Failures in User Account Creation on the Web", USENIX
//! Security 2022). Nobody can tell that from an owner who never opened the mail, so all of it ends, and the owner is
//! told how to choose a new password.

use dzinza_ports::{Given, User, UserChange};
use dzinza_web::{ClientInfo, Problem};
use serde_json::json;

use crate::passwords::NO_PASSWORD;
use crate::{AuthPorts, audit, notices, session};

/// Ends every way to sign in to an account whose address was never proved until now, and marks the address as proved.
/// `None` if the account has changed its address.
pub(crate) async fn reclaim(
    ports: &AuthPorts,
    client: &ClientInfo,
    user: &User,
) -> Result<Option<User>, Problem> {
    let had_password = user.password_hash != NO_PASSWORD;
    let change = UserChange {
        given: Given { email: Some(user.email.clone()), ..Given::default() },
        password_hash: Some(NO_PASSWORD.to_owned()),
        email_verified: Some(true),
        email_verification: Some(None),
        password_reset: Some(None),
        mfa_enabled: Some(false),
        mfa_secret: Some(None),
        pending_mfa: Some(None),
        mfa_backup_codes: Some(None),
        mfa_last_used_step: Some(None),
        failed_login_attempts: Some(0),
        locked_until: Some(None),
        ..UserChange::default()
    };
    // The password first and then what it opened: an interruption leaves an account that its owner can sign in to.
    let Some(user) = ports.users.update(&user.id, change, ports.clock.now()).await? else { return Ok(None) };
    session::end_all(ports, &user.id, None, "reclaimed").await?;
    remove_keys(ports, &user.id).await?;
    audit::record(ports, "ACCOUNT_RECLAIMED", Some(&user.id), client, json!({})).await;
    if had_password {
        notices::keys::post(ports, notices::keys::reclaimed(ports, &user).await).await;
    }
    Ok(Some(user))
}

/// Removes passkeys and identities. Whoever takes an account by proving its address, as with a mailed token that sets a
/// new password, must not share it with whoever made it or was in it.
pub(crate) async fn remove_keys(ports: &AuthPorts, user_id: &str) -> Result<(), Problem> {
    for passkey in ports.passkeys.of_user(user_id).await? {
        ports.passkeys.remove(user_id, &passkey.id).await?;
    }
    for identity in ports.identities.of_user(user_id).await? {
        ports.identities.unlink(user_id, &identity.id).await?;
    }
    Ok(())
}
