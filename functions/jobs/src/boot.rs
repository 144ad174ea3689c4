//! This function from what a process of functions shares.

use async_trait::async_trait;
use dzinza_boot::{House, Jobs};
use dzinza_ports::Message;

use crate::JobsPorts;

/// What this function needs of the house.
///
/// # Errors
/// If the mail server cannot be used as it is named.
pub fn ports(house: &House) -> anyhow::Result<JobsPorts> {
    let stores = &house.stores;
    Ok(JobsPorts {
        documents: stores.documents.clone(),
        blobs: stores.blobs.clone(),
        sessions: stores.sessions.clone(),
        users: stores.users.clone(),
        audit: stores.audit.clone(),
        outbox: stores.outbox.clone(),
        mail: house.mailer()?,
        sealer: house.sealer.clone(),
        post: house.post_office(),
        clock: stores.clock.clone(),
        ids: stores.ids.clone(),
        undo_window: house.import_undo(),
    })
}

/// Does jobs over them.
///
/// # Errors
/// As [`ports`].
pub fn jobs(house: &House) -> anyhow::Result<JobsPorts> {
    ports(house)
}

#[async_trait]
impl Jobs for JobsPorts {
    async fn handle(&self, messages: Vec<Message>) -> Vec<String> {
        crate::handle(self, messages).await
    }
}
