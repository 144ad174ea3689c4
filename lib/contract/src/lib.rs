//! One test suite per port, run over every adapter: what a port promises, case by case.
//!
//! An adapter's `tests/contract.rs` (`harness = false`) says how to make a fresh backend, and gets a list of
//! tests, one line each:
//!
//! ```ignore
//! let mut suite = Suite::new("documents", fresh_store);
//! dzinza_contract::documents(&mut suite);
//! libtest_mimic::run(&Arguments::from_args(), suite.into_trials()).exit()
//! ```
#![warn(missing_docs)]

mod accounts;
mod archives;
mod batches;
mod blobs;
mod clock;
mod directory;
mod documents;
mod erasure;
mod filters;
mod guards;
mod keys;
mod limits;
mod model;
mod outbox;
mod paging;
mod queue;
pub mod servers;
mod sessions;
mod site;
mod suite;
mod support;

use std::sync::Arc;

use dzinza_ports::{
    AccessTokens, Archives, Audit, Documents, Identities, Outbox, Passkeys, Queue, Sessions, SiteSettings,
    Users,
};

pub use blobs::blobs;
pub use clock::ManualClock;
pub use limits::limits;
pub use queue::{QueueLimits, queue, queue_within};
pub use suite::{Failed, Fresh, Outcome, Suite};
pub use support::collections;

/// A document store and the queue that its batches send to.
#[derive(Clone)]
pub struct DocumentPorts {
    /// The store.
    pub documents: Arc<dyn Documents>,
    /// Where its jobs appear.
    pub queue: Arc<dyn Queue>,
}

/// The accounts' tables, which refer to one another.
#[derive(Clone)]
pub struct AccountPorts {
    /// Table `users`.
    pub users: Arc<dyn Users>,
    /// Table `refresh_tokens`.
    pub sessions: Arc<dyn Sessions>,
    /// Table `audit_logs`.
    pub audit: Arc<dyn Audit>,
    /// Table `user_identities`.
    pub identities: Arc<dyn Identities>,
    /// Table `user_passkeys`.
    pub passkeys: Arc<dyn Passkeys>,
    /// Table `user_access_tokens`.
    pub access_tokens: Arc<dyn AccessTokens>,
    /// Table `site_settings`.
    pub site: Arc<dyn SiteSettings>,
    /// Table `mail_outbox`.
    pub outbox: Arc<dyn Outbox>,
}

/// Everything at one moment, and the ports that change it.
#[derive(Clone)]
pub struct ArchivePorts {
    /// The port itself.
    pub archives: Arc<dyn Archives>,
    /// The documents of the same store.
    pub documents: Arc<dyn Documents>,
    /// Its accounts.
    pub users: Arc<dyn Users>,
}

/// What [`Archives`] promises. The backend must know [`collections`].
pub fn archives(suite: &mut Suite<ArchivePorts>) {
    archives::cases(suite);
}

/// What [`Documents`] promises. The backend must know [`collections`].
pub fn documents(suite: &mut Suite<DocumentPorts>) {
    documents::cases(suite);
    batches::cases(suite);
    filters::cases(suite);
    paging::cases(suite);
}

/// What the ports of the accounts promise.
pub fn accounts(suite: &mut Suite<AccountPorts>) {
    accounts::cases(suite);
    guards::cases(suite);
    directory::cases(suite);
    erasure::cases(suite);
    sessions::cases(suite);
    keys::cases(suite);
    site::cases(suite);
    outbox::cases(suite);
}
