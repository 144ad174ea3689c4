//! Every port on one SQLite file and one folder of blobs: the embedded default.
//!
//! The file holds a table per document collection (made from the declarations when it is opened), the tables
//! of the accounts, the queue and the limits. Nothing else is kept anywhere.
#![warn(missing_docs)]

mod archives;
mod blob_urls;
mod blobs;
mod chosen;
mod connection;
mod documents;
mod error;
mod keys;
mod limits;
mod mail;
mod outbox;
#[cfg(test)]
mod plans;
mod query;
mod queue;
mod row;
mod schema;
mod sessions;
mod statistics;
mod store;
mod table;
mod types;
mod user_columns;
mod user_search;
mod users;
mod writer;

pub use blob_urls::BlobUrls;
pub use blobs::FileBlobs;
pub use mail::FileMailer;
pub use store::SqliteStore;
