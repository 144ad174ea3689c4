use dzinza_ports::{Mail, User};

use crate::{AuthPorts, AuthRules, letters};

/// The letter with the token.
pub(crate) fn link(rules: &AuthRules, user: &User, token: &str) -> Mail {
    let url = &rules.public_url;
    let minutes = rules.reset_lifetime.as_secs() / 60;
    let text = format!(
        "Hello{},\n\n\
         someone, hopefully you, asked for a new password for your Dzinza account. To choose one, open:\n\n\
         {url}/api/auth/reset-password/{token}\n\n\
         The link is good for {minutes} minutes and for one use; a newer mail replaces it. Programs send the \
         token,\n{token}\nto POST {url}/api/auth/reset-password as \"token\", with \"newPassword\".\n\n\
         If it was not you, nothing needs to be done: your password stays as it is.\n",
        name(user)
    );
    Mail { to: user.email.clone(), subject: "Choose a new Dzinza password".to_owned(), text, html: None }
}

/// The letter after it was used.
pub(crate) fn notice(user: &User) -> Mail {
    let text = format!(
        "Hello{},\n\n\
         the password of your Dzinza account has just been changed, and all devices are signed out.\n\n\
         If it was not you, ask for a new password at once: someone else can read your mail.\n",
        name(user)
    );
    Mail {
        to: user.email.clone(),
        subject: "Your Dzinza password has been changed".to_owned(),
        text,
        html: None,
    }
}

/// Posts after the answer: how long it takes must not tell that there is an account, nor fail the request.
pub(crate) fn send(ports: &AuthPorts, mail: Mail) {
    let ports = ports.clone();
    tokio::spawn(async move {
        let posted = match letters::seal(&ports, &mail, letters::NEWS) {
            Ok(letter) => ports.outbox.post(vec![letter]).await,
            Err(_) => return,
        };
        match posted {
            Ok(()) => letters::announce(&ports),
            Err(error) => tracing::error!(%error, "a letter was lost"),
        }
    });
}

fn name(user: &User) -> String {
    let first = user.first_name.as_deref().unwrap_or_default();
    if first.is_empty() { String::new() } else { format!(" {first}") }
}
