//! Whether the answer of a passkey is right, and noting its use.

use dzinza_ports::Passkey;
use dzinza_web::{ClientInfo, Problem};
use serde_json::{Value, json};
use webauthn_rp::bin::Decode as _;
use webauthn_rp::request::auth::AuthenticationVerificationOptions;
use webauthn_rp::response::auth::error::AuthCeremonyErr;
use webauthn_rp::{
    AuthenticatedCredential, DiscoverableAuthentication16, DiscoverableAuthenticationServerState,
};

use super::ceremony::{self, unreadable};
use super::stored;
use crate::{AuthPorts, audit};

/// Whoever signs in may answer.
pub(super) const ANYBODY: &str = "login";
/// Two uses of one passkey at the same moment are looked at in turn, but not for ever.
const TRIES: usize = 5;

/// The passkey that answered, if its answer is right; of this account only, if one is given. A challenge is spent by
/// the first answer to it, right or wrong.
///
/// # Errors
/// 400 naming the field, if it is no answer of a passkey at all.
pub(crate) async fn check(
    ports: &AuthPorts,
    client: &ClientInfo,
    credential: &Value,
    field: &str,
    user_id: Option<&str>,
) -> Result<Option<Passkey>, Problem> {
    let text = credential.to_string();
    let answer =
        DiscoverableAuthentication16::from_json_relaxed(text.as_bytes()).map_err(|_| unreadable(field))?;
    let challenge = answer.challenge_relaxed().map_err(|_| unreadable(field))?;
    let Some(kept) = ceremony::take(ports, ANYBODY, challenge).await? else { return Ok(None) };
    let credential_id = ceremony::encode(answer.raw_id().as_ref());
    for _ in 0..TRIES {
        let Some(passkey) = ports.passkeys.find(&credential_id).await? else { return Ok(None) };
        if user_id.is_some_and(|id| id != passkey.user_id) {
            return Ok(None);
        }
        let data = match verify(ports, &kept, &answer, &passkey)? {
            Verdict::Right(data) => data,
            Verdict::Wrong => return Ok(None),
            Verdict::Copied => {
                let details = json!({ "passkeyId": passkey.id });
                audit::record(ports, "PASSKEY_COPY_SUSPECTED", Some(&passkey.user_id), client, details).await;
                tracing::warn!(passkey_id = passkey.id, "the counter of a passkey went back");
                return Ok(None);
            }
        };
        let now = ports.clock.now();
        if ports.passkeys.used(&passkey.id, data, passkey.last_used_at, now).await? {
            return Ok(Some(passkey));
        }
    }
    Err(Problem::unavailable())
}

/// What is to be said of an answer.
enum Verdict {
    /// It is right; what is to be stored.
    Right(Value),
    Wrong,
    /// It is, but for a counter that did not move on: there may be two of this authenticator.
    Copied,
}

fn verify(
    ports: &AuthPorts,
    kept: &[u8],
    answer: &DiscoverableAuthentication16,
    passkey: &Passkey,
) -> Result<Verdict, Problem> {
    let Ok(state) = DiscoverableAuthenticationServerState::decode(kept) else { return Ok(Verdict::Wrong) };
    let Some((key, counters)) = stored::read(passkey) else {
        return Err(ceremony::broken("a stored passkey cannot be read"));
    };
    let handle = ceremony::handle(&passkey.user_id)?;
    let Ok(mut credential) = AuthenticatedCredential::new(answer.raw_id(), &handle, key, counters) else {
        return Ok(Verdict::Wrong);
    };
    let options = AuthenticationVerificationOptions::<String, String> {
        allowed_origins: &ports.rules.relying_party.origins,
        error_on_unsolicited_extensions: false,
        ..AuthenticationVerificationOptions::default()
    };
    let domain = ceremony::domain(ports)?;
    Ok(match state.verify(&domain, answer, &mut credential, &options) {
        Ok(_) => Verdict::Right(stored::with_state(passkey.data.clone(), credential.dynamic_state())),
        Err(AuthCeremonyErr::SignatureCounter) => Verdict::Copied,
        Err(error) => {
            tracing::debug!(%error, passkey_id = passkey.id, "the answer of a passkey was refused");
            Verdict::Wrong
        }
    })
}
