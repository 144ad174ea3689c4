//! The letters to account owners, as text and as HTML, and the pages that their links open, in the languages of
//! `texts/*.toml`.
//!
//! A letter is whole as text alone. The HTML shows the same, with nothing that has to be fetched; whatever is filled in
//! is escaped there. Who is told of what, and when, is decided elsewhere.
#![warn(missing_docs)]

mod office;
mod pages;
mod texts;
mod writing;

use dzinza_ports::{Mail, User};
use jiff::Timestamp;
use jiff::civil::Date;
use minijinja::context;

pub use office::{PostError, PostOffice, Proof, new_token, token_hash};
pub use pages::{CONTENT_SECURITY_POLICY, Page, page};

/// Who gets a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader<'a> {
    /// The address.
    pub address: &'a str,
    /// How to greet; blank for a greeting without a name.
    pub name: &'a str,
    /// `en`, `sn` or `nd`; anything else is read in English.
    pub language: &'a str,
}

impl<'a> Reader<'a> {
    /// The owner of an account, in the language of the account.
    pub fn of(user: &'a User) -> Self {
        let name = user.first_name.as_deref().unwrap_or_default();
        Self { address: &user.email, name, language: &user.preferred_language }
    }

    /// The same person at another address.
    pub fn at(self, address: &'a str) -> Self {
        Self { address, ..self }
    }
}

/// Who writes: what stands in and below every letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letterhead {
    /// What the platform calls itself.
    pub name: String,
    /// Where people get help; blank for nowhere.
    pub support: String,
    /// The address of the site; blank if there is none to show.
    pub site: String,
}

/// A letter could not be written: a text or a template is broken, which the tests of this crate rule out.
#[derive(Debug, thiserror::Error)]
#[error("the letter {letter} cannot be written: {reason}")]
pub struct WriteError {
    letter: &'static str,
    reason: String,
}

/// A letter, or why there is none.
pub type Written = Result<Mail, WriteError>;

impl Letterhead {
    /// To whom has signed up: welcome, and a link that proves the address, good for so many hours.
    pub fn welcome(&self, reader: &Reader<'_>, link: &str, hours: u64) -> Written {
        self.write(reader, "welcome", Some(link), context! { hours })
    }

    /// A link that proves the address, good for so many hours.
    pub fn verify(&self, reader: &Reader<'_>, link: &str, hours: u64) -> Written {
        self.write(reader, "verify", Some(link), context! { hours })
    }

    /// A link to set a new password, good for so many minutes.
    pub fn reset(&self, reader: &Reader<'_>, link: &str, minutes: u64) -> Written {
        self.write(reader, "reset", Some(link), context! { minutes })
    }

    /// The password was changed by someone who knew it.
    pub fn password_changed(&self, reader: &Reader<'_>) -> Written {
        self.write(reader, "password_changed", None, context! {})
    }

    /// The password was set anew with a mailed link.
    pub fn password_reset(&self, reader: &Reader<'_>) -> Written {
        self.write(reader, "password_reset", None, context! {})
    }

    /// A second factor was switched on.
    pub fn mfa_on(&self, reader: &Reader<'_>) -> Written {
        self.write(reader, "mfa_on", None, context! {})
    }

    /// The second factor was switched off.
    pub fn mfa_off(&self, reader: &Reader<'_>) -> Written {
        self.write(reader, "mfa_off", None, context! {})
    }

    /// To the address that an account has left. The new one is not told: who reads this may be somebody else.
    pub fn email_left(&self, reader: &Reader<'_>) -> Written {
        self.write(reader, "email_left", None, context! {})
    }

    /// To the new address of an account, with a link that proves it, good for so many hours.
    pub fn email_arrived(&self, reader: &Reader<'_>, link: &str, hours: u64) -> Written {
        self.write(reader, "email_arrived", Some(link), context! { hours })
    }

    /// To the new address of an account, which an administrator has given it and vouches for.
    pub fn email_given(&self, reader: &Reader<'_>) -> Written {
        self.write(reader, "email_given", None, context! {})
    }

    /// Signed in on a device that was not seen before; `device` in words, without an address.
    pub fn new_device(&self, reader: &Reader<'_>, device: &str, moment: Timestamp) -> Written {
        let moment = moment.strftime("%Y-%m-%d %H:%M UTC").to_string();
        self.write(reader, "new_device", None, context! { device, moment })
    }

    /// The account will be erased after this day (UTC).
    pub fn erasure_planned(&self, reader: &Reader<'_>, day: Date) -> Written {
        self.write(reader, "erasure_planned", None, context! { day => day.to_string() })
    }

    /// The account is erased.
    pub fn erased(&self, reader: &Reader<'_>) -> Written {
        self.write(reader, "erased", None, context! {})
    }

    /// The account is deactivated by its owner.
    pub fn deactivated(&self, reader: &Reader<'_>) -> Written {
        self.write(reader, "deactivated", None, context! {})
    }

    /// The owner has signed in before the account was erased, which takes that back.
    pub fn erasure_taken_back(&self, reader: &Reader<'_>) -> Written {
        self.write(reader, "erasure_taken_back", None, context! {})
    }

    /// To whoever is to have the trees of these names from an owner who leaves, after this day (UTC).
    pub fn heir(&self, reader: &Reader<'_>, owner: &str, trees: &[String], day: Date) -> Written {
        let values = context! { owner, trees => trees.join(", "), day => day.to_string() };
        self.write(reader, "heir", None, values)
    }

    /// To an owner who leaves: the heir does not want this tree.
    pub fn heir_refused(&self, reader: &Reader<'_>, tree: &str) -> Written {
        self.write(reader, "heir_refused", None, context! { tree })
    }

    /// The account can be opened with an identity elsewhere, such as `Google`.
    pub fn identity_linked(&self, reader: &Reader<'_>, provider: &str) -> Written {
        self.write(reader, "identity_linked", None, context! { provider })
    }

    /// An account whose address nobody had proved went to whom it belongs.
    pub fn reclaimed(&self, reader: &Reader<'_>) -> Written {
        self.write(reader, "reclaimed", None, context! {})
    }

    /// A token for programs was made.
    pub fn access_token_made(&self, reader: &Reader<'_>) -> Written {
        self.write(reader, "access_token_made", None, context! {})
    }

    /// A passkey was added.
    pub fn passkey_added(&self, reader: &Reader<'_>) -> Written {
        self.write(reader, "passkey_added", None, context! {})
    }

    /// A passkey was removed.
    pub fn passkey_removed(&self, reader: &Reader<'_>) -> Written {
        self.write(reader, "passkey_removed", None, context! {})
    }

    /// A refresh token came again, and its session was ended.
    pub fn token_reuse(&self, reader: &Reader<'_>) -> Written {
        self.write(reader, "token_reuse", None, context! {})
    }
}
