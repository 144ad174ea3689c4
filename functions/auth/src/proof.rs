//! The password again, before something is done that whoever found an open browser must not do.

use dzinza_ports::User;
use dzinza_web::{ClientInfo, Problem};
use serde_json::json;

use crate::lockout::Lockout;
use crate::{Service, audit};

/// Whether this is the account's password. Wrong ones count towards the lock, or whoever found an open browser could
/// try them all. They are answered with 400: on 401 the frontend would refresh and repeat. `refused` is what the audit
/// calls it.
///
/// # Errors
/// 400 naming `currentPassword`, 423 while the address is locked.
pub(crate) async fn by_password(
    service: &Service,
    client: &ClientInfo,
    user: &User,
    password: String,
    refused: &str,
) -> Result<(), Problem> {
    let lockout = Lockout::of(&service.ports, &user.email);
    lockout.check(Some(user)).await?;
    let turn = service.passwords.turn().await?;
    lockout.check(Some(user)).await?;
    let (turn, right) = turn.verify(password, Some(user.password_hash.clone())).await?;
    if right {
        return Ok(());
    }
    lockout.failed(Some(user)).await?;
    drop(turn);
    let details = json!({ "reason": "current_password" });
    audit::record(&service.ports, refused, Some(&user.id), client, details).await;
    Err(Problem::field("currentPassword", "wrong_password", "The current password is not right"))
}
