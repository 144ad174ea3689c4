//! The pages that links in letters open: whole without scripts, and with nothing from elsewhere.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use minijinja::context;
use sha2::{Digest as _, Sha256};

use crate::WriteError;
use crate::texts::{Said, language};
use crate::writing::ENVIRONMENT;

const STYLE: &str = include_str!("../templates/page.css");
const HTML: (&str, &str) = ("page.html", include_str!("../templates/page.html"));

/// The policy to send a page with: its own style, by its hash, and a form that leads back.
pub static CONTENT_SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; style-src 'sha256-{hash}'"
    )
});

/// What a page is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page<'a> {
    /// A form for a new password, which sends `token` and `newPassword` to `action`.
    NewPassword {
        /// Where to.
        action: &'a str,
        /// The token that was mailed.
        token: &'a str,
        /// The code of what was wrong with the last try, such as `too_short`; one that has no text of its own is told
        /// in general words.
        problem: Option<&'a str>,
    },
    /// The password is changed.
    PasswordChanged,
    /// The token does not set a password.
    PasswordLinkSpent,
    /// The address is proved.
    Verified,
    /// The token does not prove an address.
    VerificationLinkSpent,
}

/// A page in this language, or else in English, of a platform that calls itself `name`. `site` is where people sign in;
/// blank if there is no such page.
///
/// # Errors
/// As [`crate::Written`].
pub fn page(code: &str, page: Page<'_>, name: &str, site: &str) -> Result<String, WriteError> {
    let failed = |reason: String| WriteError { letter: "page", reason };
    let (code, language) = language(code).map_err(failed)?;
    let texts = &language.pages;
    let plain = |said: &Said, site: &str| context! { title => &*said.title, lead => &*said.lead, site };
    let values = match page {
        Page::NewPassword { action, token, problem } => {
            let told = |code| texts.problems.get(code).or_else(|| texts.problems.get("other"));
            let problem = problem.and_then(told).map(String::as_str);
            let form = &texts.form;
            context! {
                title => &*form.title,
                form => context! { label => &*form.label, rules => &*form.rules, button => &*form.button },
                action, token, problem,
            }
        }
        Page::PasswordChanged => plain(&texts.done, site),
        Page::PasswordLinkSpent => plain(&texts.spent, ""),
        Page::Verified => plain(&texts.verified, site),
        Page::VerificationLinkSpent => plain(&texts.unverified, site),
    };
    let none = context! { lead => "", form => (), problem => (), site => "" };
    let frame = context! { language => code, name, style => STYLE, sign_in => &*texts.frame.sign_in };
    let values = context! { ..values, ..context! { ..frame, ..none } };
    ENVIRONMENT.render_named_str(HTML.0, HTML.1, values).map_err(|error| failed(error.to_string()))
}
