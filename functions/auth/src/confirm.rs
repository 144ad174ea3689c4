//! Asking for the password once more before something that cannot be taken back lightly.

use dzinza_domain::FieldProblem;
use dzinza_domain::fields::Input;
use dzinza_ports::{Body, User};
use dzinza_web::{Caller, ClientInfo, Problem};
use jiff::SignedDuration;
use serde_json::json;

use crate::input::secret;
use crate::lockout::Lockout;
use crate::passwords::{NO_PASSWORD, check_length};
use crate::{Service, audit};

/// Having signed in no longer ago than this is proof enough for some things.
const FRESH: SignedDuration = SignedDuration::from_mins(10);

/// The account of a caller, if it is active.
pub(crate) async fn own(service: &Service, caller: &Caller) -> Result<User, Problem> {
    let user = service.ports.users.by_id(&caller.user_id).await?.filter(|user| user.is_active);
    user.ok_or_else(|| Problem::unauthorized("Your session has ended. Please sign in again."))
}

/// 400 unless the caller gave the account's password, or signed in a moment ago if it has none. Wrong passwords count
/// towards the lock, or whoever found an open browser could try them all. They are no 401: on that the frontend would
/// refresh and repeat. `refused` is what the audit trail calls a wrong one.
pub(crate) async fn confirm(
    service: &Service,
    client: &ClientInfo,
    caller: &Caller,
    user: &User,
    body: &Body,
    refused: &str,
) -> Result<(), Problem> {
    if user.password_hash == NO_PASSWORD {
        return signed_in_lately(service, caller).await;
    }
    let password = secret(Input(body), &["password", "currentPassword", "current_password"], "password")?;
    let password = password.ok_or_else(|| FieldProblem::required("password"))?;
    check_length(&password, "password")?;
    let lockout = Lockout::of(&service.ports, &user.email);
    lockout.check(Some(user)).await?;
    let turn = service.passwords.turn().await?;
    // Others may have used up the attempts while this one waited.
    lockout.check(Some(user)).await?;
    let (turn, right) = turn.verify(password, Some(user.password_hash.clone())).await?;
    if right {
        return Ok(());
    }
    lockout.failed(Some(user)).await?;
    drop(turn);
    let details = json!({ "reason": "password" });
    audit::record(&service.ports, refused, Some(&user.id), client, details).await;
    Err(Problem::field("password", "wrong_password", "The password is not right"))
}

async fn signed_in_lately(service: &Service, caller: &Caller) -> Result<(), Problem> {
    if is_fresh(service, caller).await? {
        return Ok(());
    }
    let message =
        "This account has no password: please sign out, sign in again and repeat this within ten minutes";
    Err(Problem::field("password", "login_too_old", message))
}

/// Whether the caller's session began a moment ago. Renewing a session does not make it younger.
pub(crate) async fn is_fresh(service: &Service, caller: &Caller) -> Result<bool, Problem> {
    let ports = &service.ports;
    let now = ports.clock.now();
    let sessions = ports.sessions.active(&caller.user_id, now).await?;
    let present = sessions.iter().find(|row| Some(&row.session_id) == caller.session_id.as_ref());
    Ok(present.is_some_and(|row| row.session_started_at + FRESH >= now))
}
