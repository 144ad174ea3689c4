//! The letter about a sign-in from a device that this account was never used on.

use dzinza_ports::{RefreshToken, User};
use dzinza_web::ClientInfo;

use super::keys;
use crate::devices::{Device, network};
use crate::{AuthPorts, letters};

/// So many of an account's newest tokens are looked at. Sessions end after 30 days, so older ones tell little.
const LOOKED_AT: u32 = 200;

/// Posts a letter if no such device in such a network was seen in the account's tokens, of which there are some: the
/// first sign-in is nothing new. Call it before the session of this sign-in is added.
pub(crate) async fn watch(ports: &AuthPorts, user: &User, client: &ClientInfo) {
    // Not worth failing a sign-in for.
    let seen = match ports.sessions.recent(&user.id, LOOKED_AT).await {
        Ok(seen) => seen,
        Err(error) => return tracing::warn!(%error, "a new device may have gone unnoticed"),
    };
    if seen.is_empty() || seen.iter().any(|token| is_same(token, client)) {
        return;
    }
    let device = describe(client);
    let now = ports.clock.now();
    let letter = letters::news(ports, user, |head, reader| head.new_device(reader, &device, now)).await;
    keys::post(ports, letter).await;
}

/// `Firefox on Windows 10, 192.0.2.7`.
fn describe(client: &ClientInfo) -> String {
    let device = Device::of(&client.user_agent).describe();
    if client.ip.is_empty() { device } else { format!("{device}, {}", client.ip) }
}

fn is_same(token: &RefreshToken, client: &ClientInfo) -> bool {
    if network(token.ip_address.as_deref().unwrap_or_default()) != network(&client.ip) {
        return false;
    }
    let agent = token.user_agent.as_deref().unwrap_or_default();
    if agent == client.user_agent {
        return true;
    }
    // Compared by what it is, as a browser's version changes every month.
    let device = Device::of(&client.user_agent);
    device != Device::default() && Device::of(agent) == device
}
