//! [`Documents`](dzinza_ports::Documents) on MongoDB.
//!
//! Documents are stored under the names and in the types that existing deployments have: a field is a field, a moment
//! is a date, and what the port compares stands where the declaration says, so that plain queries and plain indexes do.
//! Whatever plain BSON would compare otherwise than the port promises stands beside it, see `shape`. Needs MongoDB 6
//! with a replica set (transactions); no operator is used that Amazon DocumentDB 5 lacks.
#![warn(missing_docs)]

mod address;
mod archives;
mod commit;
mod documents;
mod error;
mod legacy;
mod outbox;
mod plan;
mod prepare;
mod query;
mod shape;
mod store;
mod table;
mod write;

pub use address::{AddressError, MongoAddress};
pub use archives::MongoArchives;
pub use legacy::MongoLegacy;
pub use store::MongoStore;
