//! Genealogy without IO: people, relationships, trees, privacy, and how GEDCOM maps onto them.
//!
//! Nothing here knows the time, the network or a database. What changes is computed as a
//! [`store::Batch`]; whoever calls commits it.
#![warn(missing_docs)]

pub mod account;
pub mod account_export;
pub mod avatar;
pub mod collections;
pub mod email;
pub mod event;
pub mod export;
pub mod fields;
pub mod gedcom;
pub mod history;
pub mod import;
pub mod kin;
pub mod leaving;
pub mod notification;
pub mod person;
pub mod privacy;
mod problem;
pub mod reimport;
pub mod relationship;
pub mod site;
pub mod store;
pub mod text;
pub mod tree;
pub mod upload;
pub mod view;
mod when;

pub use problem::FieldProblem;

/// Where documents keep what older programs said that they have no field for; never shown.
pub const LEGACY: &str = "legacy";
