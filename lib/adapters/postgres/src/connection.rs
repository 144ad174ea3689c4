//! Which database, and the connections to it.

use std::sync::Arc;
use std::time::Duration;

use dzinza_ports::{Ids, StoreError};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx_core::error::Error;
use sqlx_core::pool::Pool;
use sqlx_postgres::{PgConnectOptions, PgPoolOptions, Postgres};

use crate::error::{Outcome, unavailable};

/// How long a call waits for a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// How long a call may take in all: a server that answers nothing must not hold requests for longer.
const CALL: Duration = Duration::from_secs(5);
/// The same for the server: it need not finish what nobody waits for.
const STATEMENT: &str = "5s";
/// How long a connection that nobody needs is kept.
const IDLE: Duration = Duration::from_mins(5);

/// Which database.
#[derive(Debug, Clone)]
pub enum Server {
    /// `postgres://user:password@host:port/database?sslmode=verify-full`.
    Url(SecretString),
    /// Its parts.
    Parts {
        /// Name or address, or the folder of a socket.
        host: String,
        /// Usually 5432.
        port: u16,
        /// The database on it.
        database: String,
        /// Who connects.
        user: String,
        /// If one is asked for.
        password: Option<SecretString>,
    },
}

impl Server {
    /// How to connect to it.
    ///
    /// # Errors
    /// If the address cannot be read. Nothing of it is told: there may be a password in it.
    pub fn options(&self) -> Result<PgConnectOptions, StoreError> {
        let options = match self {
            Self::Url(url) => plain(url.expose_secret())
                .parse()
                .map_err(|_: Error| crate::error::invalid("DATABASE_URL is not an address of PostgreSQL"))?,
            Self::Parts { host, port, database, user, password } => {
                let options = PgConnectOptions::new_without_pgpass()
                    .host(host)
                    .port(*port)
                    .database(database)
                    .username(user);
                match password {
                    Some(password) => options.password(password.expose_secret()),
                    None => options,
                }
            }
        };
        Ok(options.application_name("dzinza"))
    }
}

/// Addresses of older versions name a driver as well: `postgresql+asyncpg://`.
fn plain(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => format!("{}://{rest}", scheme.split('+').next().unwrap_or_default()),
        None => url.to_owned(),
    }
}

/// The tables of the accounts on PostgreSQL. Several processes may use one database.
///
/// When the server cannot be reached or does not answer, every call fails as `Unavailable` within some 5 seconds; a write
/// that was under way then may or may not have been made. Once the server is back, calls succeed again.
#[derive(Clone)]
pub struct PgAccounts {
    pub(crate) pool: Pool<Postgres>,
    pub(crate) ids: Arc<dyn Ids>,
}

impl PgAccounts {
    /// With at most this many connections, which are made when they are needed. Needs a Tokio runtime.
    pub fn new(server: PgConnectOptions, connections: u32, ids: Arc<dyn Ids>) -> Self {
        let server = server.options([("statement_timeout", STATEMENT), ("lock_timeout", STATEMENT)]);
        let pool = PgPoolOptions::new()
            .max_connections(connections.max(1))
            .acquire_timeout(CONNECT)
            .idle_timeout(IDLE)
            .connect_lazy_with(server);
        Self { pool, ids }
    }

    /// Gives up on what takes too long.
    pub(crate) async fn within<T>(
        &self,
        work: impl Future<Output = Outcome<T>> + Send,
    ) -> Result<T, StoreError> {
        match tokio::time::timeout(CALL, work).await {
            Ok(outcome) => outcome.map_err(StoreError::from),
            Err(_) => Err(unavailable("postgres did not answer in time")),
        }
    }

    /// Whether the server answers.
    ///
    /// # Errors
    /// `Unavailable` if not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.within(async {
            sqlx_core::query::query("SELECT 1").execute(&self.pool).await?;
            Ok(())
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_names_a_driver_is_one_like_any_other() {
        let options = Server::Url("postgresql+asyncpg://u:p%40ss@db:5433/d".into()).options().unwrap();
        assert_eq!((options.get_host(), options.get_port()), ("db", 5433));
        assert_eq!((options.get_username(), options.get_database()), ("u", Some("d")));
    }

    #[test]
    fn an_address_that_cannot_be_read_is_not_told() {
        let error = Server::Url("secret".into()).options().unwrap_err();
        assert_eq!(error.context(), "DATABASE_URL is not an address of PostgreSQL");
        assert!(std::error::Error::source(&error).is_none());
    }
}
