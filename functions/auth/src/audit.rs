use dzinza_ports::AuditEntry;
use dzinza_web::ClientInfo;
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
    let filled = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let entry = AuditEntry {
        id: ports.ids.new_id(),
        user_id: user_id.map(str::to_owned),
        action: action.to_owned(),
        ip_address: filled(&client.ip).map(|ip| ip.chars().take(100).collect()),
        user_agent: filled(&client.user_agent),
        timestamp: ports.clock.now(),
        details,
    };
    if let Err(error) = ports.audit.append(entry).await {
        tracing::error!(%error, action, "an audit entry was lost");
    }
}
