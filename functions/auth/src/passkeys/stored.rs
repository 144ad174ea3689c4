//! What a store keeps of a passkey: its public key, its counter and how it is reached, as the library encodes them.

use dzinza_ports::Passkey;
use serde_json::{Value, json};
use webauthn_rp::bin::{Decode as _, Encode as _};
use webauthn_rp::request::PublicKeyCredentialDescriptor;
use webauthn_rp::response::register::{CompressedPubKey, DynamicState, StaticState, UncompressedPubKey};
use webauthn_rp::response::{AuthTransports, CredentialId};

use super::ceremony::{decode, encode};

/// A public key of any of the kinds we take.
pub(super) type Key = CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>;

/// What is stored of a new one.
pub(super) fn data(
    key: StaticState<UncompressedPubKey<'_>>,
    state: DynamicState,
    transports: AuthTransports,
) -> Value {
    let Ok(key) = key.encode();
    let Ok(transports) = transports.encode();
    json!({ "key": encode(&key), "state": state_text(state), "transports": transports })
}

/// The same after a use.
pub(super) fn with_state(mut data: Value, state: DynamicState) -> Value {
    if let Some(data) = data.as_object_mut() {
        data.insert("state".to_owned(), state_text(state).into());
    }
    data
}

fn state_text(state: DynamicState) -> String {
    let Ok(state) = state.encode();
    encode(&state)
}

/// Its public key and what may change of it; nothing if it was not stored by us.
pub(super) fn read(passkey: &Passkey) -> Option<(StaticState<Key>, DynamicState)> {
    let part = |name: &str| passkey.data.get(name).and_then(Value::as_str).and_then(decode);
    let key = StaticState::<Key>::decode(&part("key")?).ok()?;
    let state = DynamicState::decode(part("state")?.try_into().ok()?).ok()?;
    Some((key, state))
}

/// How a browser is told of it, so that no authenticator makes a second one for the same account.
pub(super) fn descriptor(passkey: &Passkey) -> Option<PublicKeyCredentialDescriptor<Vec<u8>>> {
    let id = CredentialId::<Vec<u8>>::decode(decode(&passkey.credential_id)?).ok()?;
    let transports = passkey.data.get("transports").and_then(Value::as_u64).unwrap_or(0);
    let transports = AuthTransports::decode(u8::try_from(transports).ok()?).ok()?;
    Some(PublicKeyCredentialDescriptor { id, transports })
}
