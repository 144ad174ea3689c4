//! What both ceremonies need: the domain, the challenge that waits, and reading what an authenticator answered.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dzinza_domain::FieldProblem;
use dzinza_domain::fields::Input;
use dzinza_web::Problem;
use serde_json::Value;
use webauthn_rp::bin::Decode as _;
use webauthn_rp::request::register::UserHandle16;
use webauthn_rp::request::{AsciiDomain, RpId};
use webauthn_rp::response::SentChallenge;

use crate::AuthPorts;

/// How long a challenge waits for its answer.
const LIFETIME: Duration = Duration::from_mins(5);

/// The object a request has under this name.
pub(crate) fn credential(input: Input<'_>, field: &str) -> Result<Option<Value>, FieldProblem> {
    match input.get(&[field]) {
        None | Some(Value::Null) => Ok(None),
        Some(credential @ Value::Object(_)) => Ok(Some(credential.clone())),
        Some(_) => Err(FieldProblem::new(field, "invalid_type", format!("{field} must be an object"))),
    }
}

/// The answer to what no authenticator of ours could have sent. Why, is nobody's business.
pub(super) fn unreadable(field: &str) -> Problem {
    let message = "This is no answer of a passkey to a challenge that waits. Please begin anew";
    Problem::field(field, "invalid_credential", message)
}

/// Our domain.
pub(super) fn domain(ports: &AuthPorts) -> Result<RpId, Problem> {
    let id = ports.rules.relying_party.id.clone();
    AsciiDomain::try_from(id).map(RpId::Domain).map_err(|_| broken("the domain of passkeys is none"))
}

/// What authenticators call an account: the bytes of its id, which say nothing of the person.
pub(super) fn handle(user_id: &str) -> Result<UserHandle16, Problem> {
    let digits: String = user_id.chars().filter(|c| *c != '-').collect();
    let number = Some(digits).filter(|digits| digits.len() == 32);
    let number = number.and_then(|digits| u128::from_str_radix(&digits, 16).ok());
    let number = number.ok_or_else(|| broken("the id of an account is no UUID"))?;
    UserHandle16::decode(number.to_be_bytes()).map_err(|_| broken("an id was refused"))
}

/// Remembers a challenge; `who` says who alone may answer.
pub(super) async fn keep(
    ports: &AuthPorts,
    who: &str,
    challenge: SentChallenge,
    state: &[u8],
) -> Result<(), Problem> {
    Ok(ports.limits.put(&key(who, challenge), &encode(state), LIFETIME).await?)
}

/// A challenge that waits, which is gone afterwards.
pub(super) async fn take(
    ports: &AuthPorts,
    who: &str,
    challenge: SentChallenge,
) -> Result<Option<Vec<u8>>, Problem> {
    let kept = ports.limits.take(&key(who, challenge)).await?;
    Ok(kept.and_then(|text| decode(&text)))
}

fn key(who: &str, challenge: SentChallenge) -> String {
    format!("passkey:{who}:{:032x}", challenge.0)
}

/// Bytes as stores and authenticators write them.
pub(super) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Something of ours is not as it should be.
pub(super) fn broken(what: &str) -> Problem {
    tracing::error!(what, "passkeys cannot be used");
    Problem::internal()
}
