use dzinza_web::{ClientInfo, Recorder};
use serde_json::Value;

use crate::AuthPorts;

/// Records what happened to an account. The deed is done when this is called, so a record that cannot be
/// written does not undo it, but cries out.
pub(crate) async fn record(
    ports: &AuthPorts,
    action: &str,
    user_id: Option<&str>,
    client: &ClientInfo,
    details: Value,
) {
    let recorder =
        Recorder { audit: ports.audit.clone(), clock: ports.clock.clone(), ids: ports.ids.clone() };
    recorder.record(action, user_id, client, details).await;
}
