//! Bringing a database to the layout of this program, and back.

mod scripts;
mod state;

use sqlx_core::connection::{ConnectOptions as _, Connection as _};
use sqlx_core::query::query;
use sqlx_core::raw_sql::raw_sql;
use sqlx_postgres::{PgConnectOptions, PgConnection, PgDatabaseError};

use crate::error::Fault;
use dzinza_ports::StoreError;
use scripts::{HELPERS, SCRIPTS, Script};

pub use state::{Found, MigrationStatus};

/// Of all programs, only two of ours wait for one another.
const LOCK: i64 = 0x647a_696e_7a61;
/// How long a step waits for another program, be it one that migrates or one that reads a table.
const PATIENCE: &str = "SET LOCAL lock_timeout = '30s'";

/// Why a migration was not made. Nothing is half done: each step is one transaction.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The server cannot be reached, or fails.
    #[error("the database cannot be migrated: {}", told(.0))]
    Store(#[from] StoreError),
    /// The step looked at the data, and somebody has to decide something first.
    #[error("{step}: {message}")]
    Refused {
        /// The step.
        step: String,
        /// What the server says, and what to do.
        message: String,
    },
    /// There is a table `users`, but of no layout that is known.
    #[error("the database holds tables that are of no known version of the platform; nothing was changed")]
    Unknown,
    /// A step was applied that is not the one of this program.
    #[error("{0} was applied to the database by another build of this program, with another content")]
    Changed(String),
    /// A newer program was here.
    #[error("the database is at version {0}, of a newer program than this one")]
    Newer(i32),
    /// It is not at the layout of this program.
    #[error("the database lacks {missing} of {all} migrations; run: dzinza migrate up")]
    Behind {
        /// How many.
        missing: usize,
        /// Of how many.
        all: usize,
    },
}

fn told(error: &StoreError) -> String {
    match std::error::Error::source(error) {
        Some(source) => source.to_string(),
        None => error.to_string(),
    }
}

impl From<sqlx_core::error::Error> for MigrateError {
    fn from(error: sqlx_core::error::Error) -> Self {
        Self::Store(Fault::from(error).into())
    }
}

/// The migrations of one database.
#[derive(Debug, Clone)]
pub struct Migrations {
    server: PgConnectOptions,
}

#[derive(Clone, Copy)]
enum Direction {
    Up,
    Down,
}

impl Migrations {
    /// Of the database that these options lead to.
    pub fn new(server: PgConnectOptions) -> Self {
        Self { server }
    }

    /// What is applied and what is not. Changes nothing.
    ///
    /// # Errors
    /// If the server fails, or the database is not one for this program.
    pub async fn status(&self) -> Result<MigrationStatus, MigrateError> {
        let mut conn = self.connect().await?;
        let status = state::read(&mut conn).await;
        // The answer is there; how the connection ends is no matter.
        let _ = conn.close().await;
        status
    }

    /// Whether the database has the layout of this program.
    ///
    /// # Errors
    /// [`MigrateError::Behind`] if not, and as [`Migrations::status`].
    pub async fn check(&self) -> Result<(), MigrateError> {
        let status = self.status().await?;
        match status.pending.len() {
            0 => Ok(()),
            missing => Err(MigrateError::Behind { missing, all: SCRIPTS.len() }),
        }
    }

    /// Makes the next steps, at most this many; says which. Several programs may do so at once.
    ///
    /// # Errors
    /// At the first step that fails; those before it stay made.
    pub async fn up(&self, at_most: usize) -> Result<Vec<String>, MigrateError> {
        self.steps(Direction::Up, at_most).await
    }

    /// Takes the last steps back, at most this many; says which. What the older layout has no place for is kept beside.
    ///
    /// # Errors
    /// As [`Migrations::up`].
    pub async fn down(&self, at_most: usize) -> Result<Vec<String>, MigrateError> {
        self.steps(Direction::Down, at_most).await
    }

    async fn steps(&self, direction: Direction, at_most: usize) -> Result<Vec<String>, MigrateError> {
        let mut conn = self.connect().await?;
        let mut made = Vec::new();
        while made.len() < at_most {
            match step(&mut conn, direction).await? {
                Some(title) => made.push(title),
                None => break,
            }
        }
        let _ = conn.close().await;
        Ok(made)
    }

    async fn connect(&self) -> Result<PgConnection, MigrateError> {
        let connecting = tokio::time::timeout(std::time::Duration::from_secs(5), self.server.connect());
        match connecting.await {
            Ok(connected) => Ok(connected?),
            Err(_) => Err(crate::error::unavailable("postgres did not answer in time").into()),
        }
    }
}

/// One step in one transaction, with the record of it. What comes next is looked at under the lock: another program may
/// just have made it.
async fn step(conn: &mut PgConnection, direction: Direction) -> Result<Option<String>, MigrateError> {
    let mut tx = conn.begin().await?;
    query(PATIENCE).execute(&mut *tx).await?;
    query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *tx).await?;
    let status = state::read(&mut tx).await?;
    let next = match direction {
        Direction::Up => SCRIPTS.get(status.applied.len()),
        Direction::Down => status.applied.len().checked_sub(1).and_then(|last| SCRIPTS.get(last)),
    };
    let Some(script) = next else { return Ok(None) };
    let (sql, record) = match direction {
        Direction::Up => {
            (script.up, "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)")
        }
        Direction::Down => {
            (script.down, "DELETE FROM schema_migrations WHERE version = $1 AND name = $2 AND checksum = $3")
        }
    };
    raw_sql(state::TABLE).execute(&mut *tx).await?;
    raw_sql(HELPERS).execute(&mut *tx).await?;
    raw_sql(sql).execute(&mut *tx).await.map_err(|error| refused(script, error))?;
    query(record).bind(script.version).bind(script.name).bind(script.checksum()).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(Some(script.title()))
}

/// What a script said, with its hint. Its detail quotes values, and is left out.
fn refused(script: &Script, error: sqlx_core::error::Error) -> MigrateError {
    let server = error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>());
    match server {
        // A connection that ended is no answer of the script.
        Some(server) if !server.code().starts_with("57") && !server.code().starts_with("08") => {
            let hint = server.hint().map(|hint| format!(". {hint}")).unwrap_or_default();
            MigrateError::Refused { step: script.title(), message: format!("{}{hint}", server.message()) }
        }
        _ => error.into(),
    }
}
