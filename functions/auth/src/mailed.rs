//! Tokens that are mailed: 256 random bits as 64 hexadecimal digits, of which a store sees the SHA-256. Whoever has one
//! can read the letters to an address.

use std::time::Duration;

use dzinza_domain::FieldProblem;
use dzinza_domain::fields::Input;
use dzinza_letters::{Letterhead, Proof, Reader, Written, new_token, token_hash};
use dzinza_ports::{TokenHash, User};
use dzinza_web::Problem;
use jiff::{SignedDuration, Timestamp};

use crate::input::secret;
use crate::{AuthPorts, AuthRules, letters};

/// Whether this has the form of a token.
pub(crate) fn is_token(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The token a request names.
pub(crate) fn read_token(input: Input<'_>) -> Result<String, FieldProblem> {
    let token = secret(input, &["token"], "token")?.map(|token| token.trim().to_owned());
    token.filter(|token| !token.is_empty()).ok_or_else(|| {
        let message = "The token is missing. Please open the link in the mail again.";
        FieldProblem::new("token", "required", message)
    })
}

/// One text for every reason why a token is not good.
pub(crate) fn spent() -> Problem {
    Problem::field(
        "token",
        "invalid_token",
        "This link is not valid (any more). Please ask for a new one and use the newest mail.",
    )
}

/// What is stored of a token, and until when it is good.
pub(crate) type Stored = (TokenHash, Timestamp);

/// Whether a stored token is still good.
pub(crate) fn is_good(stored: Option<&Stored>, now: Timestamp) -> bool {
    stored.is_some_and(|(_, until)| *until > now)
}

/// A new token that proves an address: what is stored of it, and the letter that brings it.
pub(crate) async fn proof_of_address(
    ports: &AuthPorts,
    reader: &Reader<'_>,
    write: impl FnOnce(&Letterhead, &Reader<'_>, &str, u64) -> Written,
) -> Result<Proof, Problem> {
    let proof = ports.post_office().proof_of_address(reader, write).await;
    proof.map_err(|error| letters::unposted(&error))
}

/// A new token that sets a new password: what is stored of it, and the letter that brings it. Without an account it is
/// a letter to nobody, which takes the same work.
pub(crate) async fn new_password(ports: &AuthPorts, user: Option<&User>) -> Result<Proof, Problem> {
    let (rules, token) = (&ports.rules, new_token());
    let nobody = Reader { address: "", name: "", language: "en" };
    let reader = user.map_or(nobody, Reader::of);
    let minutes = rules.reset_lifetime.as_secs() / 60;
    let office = ports.post_office();
    let written = office.head().await.reset(&reader, &reset_link(rules, &token), minutes);
    let letter = office.seal(written, signed(rules.reset_lifetime));
    let letter = letter.map_err(|error| letters::unposted(&error))?;
    Ok(((token_hash(&token), letter.expires_at), letter))
}

/// Where the letter leads: our own form, or a page elsewhere that was configured.
fn reset_link(rules: &AuthRules, token: &str) -> String {
    if rules.password_reset_url.is_empty() {
        return format!("{}/api/auth/reset-password/{token}", rules.public_url);
    }
    rules.password_reset_url.replace("{token}", token)
}

fn signed(lifetime: Duration) -> SignedDuration {
    SignedDuration::try_from(lifetime).unwrap_or(SignedDuration::MAX)
}
