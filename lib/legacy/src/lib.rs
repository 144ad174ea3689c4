//! From the data of older programs to ours: trees, persons, relationships, events, notifications and histories of both
//! generations of MongoDB services and of the gateway's PostgreSQL tables.
//!
//! Ids are kept. What our documents have no place for is kept with them under [`KEPT`], and never shown. Every row is
//! looked at anew by every run, and a document that is there is left as it is: a run that was cut off is simply begun
//! again, and one after a complete one changes nothing.
#![warn(missing_docs)]

mod fields;
mod map;
mod report;
mod run;
mod ties;

pub use fields::KEPT;
pub use report::{Counts, Report};
pub use run::{Move, migrate};
