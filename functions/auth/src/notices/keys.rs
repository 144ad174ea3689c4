//! Letters about new and lost ways to sign in.

use dzinza_ports::{Mail, User};

use crate::{AuthPorts, letters};

/// Posts after the answer, which it must not delay or fail.
pub(crate) fn send(ports: &AuthPorts, mail: Mail) {
    let ports = ports.clone();
    tokio::spawn(async move {
        let Ok(letter) = letters::seal(&ports, &mail, letters::NEWS) else { return };
        match ports.outbox.post(vec![letter]).await {
            Ok(()) => letters::announce(&ports),
            Err(error) => tracing::error!(%error, "a letter was lost"),
        }
    });
}

/// An identity was linked.
pub(crate) fn identity_linked(user: &User, provider: &str) -> Mail {
    let text = format!(
        "Hello{},\n\n\
         one can now sign in to your Dzinza account with {provider}.\n\n\
         If it was not you, sign in, remove it from the linked identities and choose a new password.\n",
        name(user)
    );
    mail(user, "A new way to sign in to Dzinza", text)
}

/// An account was taken from whoever made it.
pub(crate) fn reclaimed(user: &User) -> Mail {
    let text = format!(
        "Hello{},\n\n\
         you have just proved that this address is yours. Until then nobody had, and somebody else may have made the \
         Dzinza account with it. To be safe, its old password, sessions and other ways to sign in have ended.\n\n\
         If you want to sign in with a password again, ask for a new one with \"forgot password\".\n",
        name(user)
    );
    mail(user, "Your old Dzinza password has ended", text)
}

/// A token for programs was made.
pub(crate) fn token_made(user: &User) -> Mail {
    let text = format!(
        "Hello{},\n\n\
         an access token for programs has just been made for your Dzinza account.\n\n\
         If it was not you, sign in, remove it from the access tokens and choose a new password.\n",
        name(user)
    );
    mail(user, "A new access token for your Dzinza account", text)
}

pub(super) fn mail(user: &User, subject: &str, text: String) -> Mail {
    Mail { to: user.email.clone(), subject: subject.to_owned(), text, html: None }
}

pub(super) fn name(user: &User) -> String {
    let first = user.first_name.as_deref().unwrap_or_default();
    if first.is_empty() { String::new() } else { format!(" {first}") }
}
