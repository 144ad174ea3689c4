//! What the owner of an account is told when its second factor changes.

use dzinza_ports::{Letter, Mail, User};
use dzinza_web::Problem;

use crate::AuthPorts;
use crate::letters::{NEWS, seal};

/// One-time codes are asked for from now on.
pub(crate) fn switched_on(ports: &AuthPorts, user: &User) -> Result<Letter, Problem> {
    let what = "Signing in to your Dzinza account now takes a one-time code of your app.";
    letter(ports, user, "Two-step sign-in is on", what)
}

/// No more.
pub(crate) fn switched_off(ports: &AuthPorts, user: &User) -> Result<Letter, Problem> {
    let what = "Signing in to your Dzinza account no longer takes a one-time code.";
    letter(ports, user, "Two-step sign-in is off", what)
}

fn letter(ports: &AuthPorts, user: &User, subject: &str, what: &str) -> Result<Letter, Problem> {
    let text = format!(
        "Hello,\n\n{what}\n\nIf it was not you, choose a new password at once: someone else can sign in.\n"
    );
    let mail = Mail { to: user.email.clone(), subject: subject.to_owned(), text, html: None };
    seal(ports, &mail, NEWS)
}
