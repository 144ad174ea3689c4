//! The jobs function: everything that follows from a request but need not keep its caller waiting.
//!
//! Messages come as a batch and fail one by one, as from Amazon SQS. A job may run twice, or begin again after
//! a crash: each is written so that the second run does no harm.
#![warn(missing_docs)]

mod account_export;
#[cfg(feature = "boot")]
pub mod boot;
mod clear;
mod expire;
mod export;
mod generations;
mod hold;
mod import;
mod leave;
mod leave_mail;
mod letters;
mod links;
mod reading;
mod recover;
mod report;
mod scan;
mod settle;
mod unpack;
mod update;
mod watched;

use std::sync::Arc;
use std::time::Duration;

use dzinza_letters::PostOffice;
use dzinza_ports::{
    Audit, Blobs, Clock, Documents, Ids, Mailer, Message, Outbox, Sessions, StoreError, Users,
};
use dzinza_sealing::Sealer;
use jiff::SignedDuration;
use serde_json::Value;

pub use recover::recover;

/// An import that fails so often is given up.
pub const MAX_FAILURES: u64 = 3;
/// An import may be cut off so often (a crash, a power cut) before it is given up. More than failures: it need not be
/// its own fault.
pub const MAX_INTERRUPTIONS: u64 = 10;
/// A run that has not been heard of for so long is dead.
pub const DEAD_AFTER: SignedDuration = SignedDuration::from_secs(30);

/// What this function needs of the outside world.
#[derive(Clone)]
pub struct JobsPorts {
    /// Trees and everything in them.
    pub documents: Arc<dyn Documents>,
    /// Uploaded files.
    pub blobs: Arc<dyn Blobs>,
    /// Sign-ins, for the clean-up.
    pub sessions: Arc<dyn Sessions>,
    /// Accounts, for those that go.
    pub users: Arc<dyn Users>,
    /// The record of what happened to accounts.
    pub audit: Arc<dyn Audit>,
    /// Letters that wait to be sent.
    pub outbox: Arc<dyn Outbox>,
    /// Sends them.
    pub mail: Arc<dyn Mailer>,
    /// Opens them.
    pub sealer: Arc<Sealer>,
    /// Where letters of jobs come from.
    pub post: PostOffice,
    /// The present moment.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn Ids>,
    /// How long an import can be undone once it is complete.
    pub undo_window: Duration,
}

/// Why a job did not end well.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The store said no; trying again may help.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something that trying again may mend: a full disk, a broken pipe.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The message is not one of ours, or lacks something.
    #[error("not a job: {0}")]
    Malformed(&'static str),
    /// Another run of the same job is ahead of this one.
    #[error("overtaken by another run")]
    Overtaken,
}

/// Does a batch of jobs; answers the ids of those that failed and should come again.
pub async fn handle(ports: &JobsPorts, messages: Vec<Message>) -> Vec<String> {
    let mut failed = Vec::new();
    for message in messages {
        if watched::run(ports, &message).await.is_err() {
            failed.push(message.id);
        }
    }
    failed
}

async fn run(ports: &JobsPorts, message: &Message) -> Result<(), JobError> {
    let text = |key: &str| message.body.get(key).and_then(Value::as_str);
    let import = || text("importId").ok_or(JobError::Malformed("importId is missing"));
    match text("job") {
        Some("import") => import::run(ports, import()?, message).await,
        Some("export") => {
            let id = text("exportId").ok_or(JobError::Malformed("exportId is missing"))?;
            export::run(ports, id, message).await
        }
        Some("undo-import") => clear::undo_import(ports, import()?).await,
        Some("delete-tree") => {
            clear::delete_tree(ports, text("treeId").ok_or(JobError::Malformed("treeId is missing"))?).await
        }
        Some("clear-restore") => {
            let tree = text("treeId").ok_or(JobError::Malformed("treeId is missing"))?;
            Ok(dzinza_archive::clear_tree(&ports.documents, &ports.blobs, tree)
                .await
                .map_err(StoreError::from)?)
        }
        Some("handover-refused") => {
            leave::tell_of_refusal(ports, text("treeId").ok_or(JobError::Malformed("treeId is missing"))?)
                .await
        }
        Some("letters") => letters::send(ports).await,
        Some("clean-up") => clean_up(ports).await,
        _ => Err(JobError::Malformed("unknown job")),
    }
}

/// Picks up what was left lying, and removes what has expired: sign-ins that ended more than 30 days ago (contract
/// 4.3), uploads that nobody goes on with, what was kept to undo imports; erases accounts whose time has come.
async fn clean_up(ports: &JobsPorts) -> Result<(), JobError> {
    recover(ports).await?;
    expire::uploads(ports).await?;
    expire::imports(ports).await?;
    export::remove_expired(ports).await?;
    let before = ports.clock.now() - SignedDuration::from_hours(30 * 24);
    let purged = ports.sessions.purge(before).await?;
    tracing::info!(purged, "old sign-ins removed");
    leave::erase_due(ports).await
}

/// The present moment as documents write it.
fn now(ports: &JobsPorts) -> String {
    format!("{:.6}", ports.clock.now())
}
