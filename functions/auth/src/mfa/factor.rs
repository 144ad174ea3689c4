//! Whether a code is right, and using it up.

use dzinza_ports::{Given, User, UserChange};
use dzinza_web::{ClientInfo, Problem};
use serde_json::json;

use super::backup;
use super::totp::OneTimeCodes;
use crate::passwords::Turn;
use crate::{AuthPorts, audit};

/// What a second factor was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Factor {
    /// Of an app.
    OneTimeCode,
    /// Of the list; so many are left.
    BackupCode(usize),
    /// Its owner was verified by the authenticator.
    Passkey,
}

impl Factor {
    /// What the audit calls signing in with it and the password.
    pub(crate) fn after_password(self) -> &'static str {
        match self {
            Self::OneTimeCode => "password+totp",
            Self::BackupCode(_) => "password+backup_code",
            Self::Passkey => "password+passkey",
        }
    }
}

/// Uses up a code of an account, if it is one. The turn is given back, so that the caller can count a wrong code
/// before anybody else gets it: see [`Passwords::turn`](crate::passwords::Passwords::turn).
pub(crate) async fn check(
    ports: &AuthPorts,
    client: &ClientInfo,
    turn: Turn,
    user: &User,
    code: &str,
) -> Result<(Turn, Option<Factor>), Problem> {
    let code: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let (turn, factor) = if code.len() == 6 && code.bytes().all(|c| c.is_ascii_digit()) {
        (turn, one_time_code(ports, user, &code).await?.then_some(Factor::OneTimeCode))
    } else {
        let (turn, left) = backup::use_up(ports, turn, user, &code).await?;
        (turn, left.map(Factor::BackupCode))
    };
    match factor {
        Some(Factor::OneTimeCode) => {
            audit::record(ports, "MFA_CODE_VERIFIED", Some(&user.id), client, json!({})).await;
        }
        Some(Factor::BackupCode(left)) => {
            let details = json!({ "left": left });
            audit::record(ports, "MFA_BACKUP_CODE_USED", Some(&user.id), client, details).await;
        }
        Some(Factor::Passkey) | None => {}
    }
    Ok((turn, factor))
}

/// Whether this is a code of the app whose time step no accepted code had. Secrets that lie open, or under a former
/// key, are sealed again.
async fn one_time_code(ports: &AuthPorts, user: &User, code: &str) -> Result<bool, Problem> {
    let Some(stored) = &user.mfa_secret else { return Ok(false) };
    let codes = OneTimeCodes::stored(&ports.sealer, &user.id, stored)?;
    let now = ports.clock.now();
    let Some(step) = codes.step_of(code, now) else { return Ok(false) };
    let sealed =
        if ports.sealer.is_present(stored) { None } else { Some(Some(codes.seal(&ports.sealer, &user.id)?)) };
    let change = UserChange {
        given: Given { mfa_enabled: Some(true), mfa_step_unused: Some(step), ..Given::default() },
        mfa_last_used_step: Some(Some(step)),
        mfa_secret: sealed,
        ..UserChange::default()
    };
    Ok(ports.users.update(&user.id, change, now).await?.is_some())
}
