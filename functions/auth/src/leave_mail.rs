//! Letters about accounts that go.

use dzinza_ports::{Mail, User};
use jiff::Timestamp;

fn mail(to: &User, subject: &str, text: &str) -> Mail {
    let name = to.first_name.as_deref().filter(|name| !name.is_empty());
    let greeting = name.map_or_else(|| "Hello,".to_owned(), |name| format!("Dear {name},"));
    Mail {
        to: to.email.clone(),
        subject: subject.to_owned(),
        text: format!("{greeting}\n\n{text}\n\nDzinza\n"),
        html: None,
    }
}

/// The day of a moment, UTC.
fn day(moment: Timestamp) -> String {
    moment.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

pub(crate) fn deactivated(user: &User) -> Mail {
    mail(
        user,
        "Your Dzinza account is deactivated",
        "Your account has been deactivated as you asked, and you are signed out on all devices. Nothing has been \
         deleted.\n\nIf that was not you, or you want to come back, please write to the people who run this platform.",
    )
}

pub(crate) fn leaving(user: &User, erase_after: Timestamp) -> Mail {
    let day = day(erase_after);
    mail(
        user,
        "Your Dzinza account will be erased",
        &format!(
            "You asked to have your account erased. That will happen after {day}.\n\nIf you change your mind, or if \
             this was not you: sign in before that day, and nothing will be erased. Then please change your password."
        ),
    )
}

pub(crate) fn stayed(user: &User) -> Mail {
    mail(
        user,
        "Your Dzinza account stays",
        "You have signed in, so your account will not be erased, and your trees stay yours.\n\nIf that was not you, \
         please change your password now.",
    )
}

/// To someone who is to have these trees.
pub(crate) fn heir(heir: &User, owner: &str, trees: &[String], erase_after: Timestamp) -> Mail {
    let list = trees.join("\n  ");
    let day = day(erase_after);
    mail(
        heir,
        "You are to take over a family tree",
        &format!(
            "{owner} is leaving Dzinza and wants you to take over:\n\n  {list}\n\nAfter {day} it will be yours, and you \
             need not do anything for that. If you do not want it, sign in and say so before then."
        ),
    )
}
