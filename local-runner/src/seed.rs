//! The first administrator, for installations that nobody signs in to by hand.

use dzinza_auth::{NewAccount, create_account};
use dzinza_config::Settings;
use dzinza_ports::{Role, UserFilter, UserPage};
use secrecy::ExposeSecret as _;

use crate::demo::in_words;
use crate::platform::Platform;

/// Passwords that keep the rule and that everyone tries first: in lowercase.
const KNOWN: &[&str] = &[
    "admin123!",
    "admin@123",
    "admin@1234",
    "adminpass123!",
    "adminpassword123!",
    "change-me-123",
    "changeme1!",
    "changeme123!",
    "dzinza123!",
    "dzinza@123",
    "dzinzaadmin123!",
    "p@ssw0rd",
    "p@ssw0rd1",
    "p@ssw0rd123",
    "passw0rd!",
    "password1!",
    "password123!",
    "password@123",
    "qwerty123!",
    "securepassword123!",
    "strongpassword123!",
    "test123!",
    "testpassword123!",
    "welcome1!",
    "welcome123!",
];

/// Makes the administrator that `SEED_ADMIN_EMAIL` and `SEED_ADMIN_PASSWORD` name, if there is no administrator at all.
/// An account that is there is left as it is, whoever it belongs to: nobody becomes an administrator by having signed up
/// with that address first, and a deactivated one does not come back.
///
/// # Errors
/// In one line, if the password is weak or known to everyone, or comes without an address.
pub(crate) async fn first_admin(platform: &Platform, settings: &Settings) -> anyhow::Result<()> {
    let Some(password) = &platform.stores.secrets.seed_admin_password else { return Ok(()) };
    let (password, email) = (password.expose_secret(), settings.seed_admin_email.trim());
    if email.is_empty() {
        anyhow::bail!("SEED_ADMIN_PASSWORD is set without SEED_ADMIN_EMAIL");
    }
    if KNOWN.contains(&password.to_lowercase().as_str()) {
        anyhow::bail!("SEED_ADMIN_PASSWORD is a password that everyone knows; make your own");
    }
    let users = &platform.stores.users;
    let filter = UserFilter { role: Some(Role::Admin), ..UserFilter::default() };
    let (_, admins) = users.page(UserPage { filter, limit: 1, ..UserPage::default() }).await?;
    if admins > 0 {
        return Ok(());
    }
    let account = NewAccount {
        email: email.to_owned(),
        password: Some(password.to_owned()),
        first_name: "Administrator".to_owned(),
        role: Role::Admin,
        ..NewAccount::default()
    };
    match create_account(&platform.auth_ports(), account).await {
        Ok(_) => tracing::info!("made the first administrator"),
        Err(problem) if problem.status() == http::StatusCode::CONFLICT => tracing::warn!(
            "there is an account with the address of SEED_ADMIN_EMAIL, and no administrator: use `dzinza user promote`"
        ),
        Err(problem) => return Err(in_words(problem).context("SEED_ADMIN_EMAIL and SEED_ADMIN_PASSWORD")),
    }
    Ok(())
}
