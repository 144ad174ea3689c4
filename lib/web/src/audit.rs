use std::sync::Arc;

use dzinza_ports::{Audit, AuditEntry, Clock, Ids};
use serde_json::Value;

use crate::ClientInfo;

/// Writes the record of what happened to accounts.
#[derive(Clone)]
pub struct Recorder {
    /// The record.
    pub audit: Arc<dyn Audit>,
    /// The present moment.
    pub clock: Arc<dyn Clock>,
    /// New identifiers.
    pub ids: Arc<dyn Ids>,
}

impl Recorder {
    /// Records what happened to an account. The deed is done when this is called, so a record that cannot be
    /// written does not undo it, but cries out.
    pub async fn record(&self, action: &str, user_id: Option<&str>, client: &ClientInfo, details: Value) {
        let filled = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let entry = AuditEntry {
            id: self.ids.new_id(),
            user_id: user_id.map(str::to_owned),
            action: action.to_owned(),
            ip_address: filled(&client.ip).map(|ip| ip.chars().take(100).collect()),
            user_agent: filled(&client.user_agent),
            timestamp: self.clock.now(),
            details,
        };
        if let Err(error) = self.audit.append(entry).await {
            tracing::error!(%error, action, "an audit entry was lost");
        }
    }
}
