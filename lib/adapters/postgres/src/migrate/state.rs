//! What a database holds.

use sqlx_core::query::query;
use sqlx_core::row::Row as _;
use sqlx_postgres::PgConnection;

use super::MigrateError;
use super::scripts::SCRIPTS;

/// Where it is written down what was done.
pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)";

/// Whose tables were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// No accounts at all.
    Nothing,
    /// Those of the Node version (June 2025).
    Node,
    /// Those of the Python version (July 2025).
    Platform,
    /// Ours, at some version.
    Ours,
}

impl Found {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "no accounts",
            Self::Node => "the accounts of the Node version",
            Self::Platform => "the accounts of the Python version",
            Self::Ours => "the accounts of this version",
        }
    }
}

/// What is applied and what is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStatus {
    /// What is there.
    pub found: Found,
    /// The steps that were made, in their order, such as `0001_platform_layout`.
    pub applied: Vec<String>,
    /// The steps that are left.
    pub pending: Vec<String>,
}

pub(super) async fn read(conn: &mut PgConnection) -> Result<MigrationStatus, MigrateError> {
    let applied = applied(conn).await?;
    for (version, name, checksum) in &applied {
        let script = usize::try_from(*version - 1).ok().and_then(|index| SCRIPTS.get(index));
        let Some(script) = script else { return Err(MigrateError::Newer(*version)) };
        if (script.name, &script.checksum()) != (name, checksum) {
            return Err(MigrateError::Changed(script.title()));
        }
    }
    let found = if applied.is_empty() { layout(conn).await? } else { Found::Ours };
    let titles: Vec<String> = SCRIPTS.iter().map(super::Script::title).collect();
    let (made, left) = titles.split_at(applied.len().min(titles.len()));
    Ok(MigrationStatus { found, applied: made.to_vec(), pending: left.to_vec() })
}

/// The records, in order. That they begin with 1 and have no gaps is checked by their content.
async fn applied(conn: &mut PgConnection) -> Result<Vec<(i32, String, String)>, MigrateError> {
    let columns = columns(conn, "schema_migrations").await?;
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    if !columns.iter().any(|column| column == "checksum") {
        return Err(MigrateError::Unknown);
    }
    let rows = query("SELECT version, name, checksum FROM schema_migrations ORDER BY version")
        .fetch_all(conn)
        .await?;
    let read = |row: &sqlx_postgres::PgRow| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
    let applied: Vec<(i32, String, String)> =
        rows.iter().map(read).collect::<Result<_, _>>().map_err(fault)?;
    let whole = applied.iter().zip(1..).all(|((version, ..), expected)| *version == expected);
    if whole { Ok(applied) } else { Err(MigrateError::Unknown) }
}

fn fault(error: sqlx_core::error::Error) -> MigrateError {
    error.into()
}

async fn layout(conn: &mut PgConnection) -> Result<Found, MigrateError> {
    let users = columns(conn, "users").await?;
    let has = |name: &str| users.iter().any(|column| column == name);
    if users.is_empty() {
        Ok(Found::Nothing)
    } else if !has("id") || !has("email") || !has("password_hash") {
        Err(MigrateError::Unknown)
    } else if !has("role") {
        Ok(Found::Node)
    } else if columns(conn, "refresh_tokens").await?.iter().any(|column| column == "token_jti") {
        Ok(Found::Platform)
    } else {
        Err(MigrateError::Unknown)
    }
}

/// None if there is no such table.
async fn columns(conn: &mut PgConnection, table: &str) -> Result<Vec<String>, MigrateError> {
    let rows = query(
        "SELECT column_name::text FROM information_schema.columns
         WHERE table_schema = current_schema() AND table_name = $1",
    )
    .bind(table)
    .fetch_all(conn)
    .await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}
