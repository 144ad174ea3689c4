//! The accounts on PostgreSQL: every port of the tables that refer to `users`, on the layout that earlier versions of the
//! platform left, and the migrations that bring an older database there and back.
//!
//! Rules live above the ports: this adapter stores what the one on SQLite stores.
#![warn(missing_docs)]

mod connection;
mod error;
mod keys;
mod legacy;
mod migrate;
mod outbox;
mod sessions;
mod types;
mod user_columns;
mod user_search;
mod users;

pub use connection::{PgAccounts, Server};
pub use migrate::{Found, MigrateError, MigrationStatus, Migrations};
pub use sqlx_postgres::PgConnectOptions;
