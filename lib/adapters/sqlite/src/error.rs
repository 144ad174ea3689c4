//! From the driver's errors to the one error of the ports.

use dzinza_ports::{StoreError, StoreErrorKind};
use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY;

/// What may go wrong inside the adapter; becomes a [`StoreError`] at the port.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error(transparent)]
    Database(#[from] rusqlite::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

pub(crate) type Outcome<T> = Result<T, Fault>;

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Store(error) => error,
            Fault::Json(error) => Self::with_source(StoreErrorKind::Corrupt, "stored JSON", error),
            Fault::Database(error) => from_driver(error),
        }
    }
}

fn from_driver(error: rusqlite::Error) -> StoreError {
    let kind = match &error {
        rusqlite::Error::SqliteFailure(code, _) => match code.code {
            ErrorCode::ConstraintViolation if code.extended_code == SQLITE_CONSTRAINT_FOREIGNKEY => {
                StoreErrorKind::Invalid
            }
            ErrorCode::ConstraintViolation => StoreErrorKind::Conflict,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreErrorKind::Corrupt,
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::CannotOpen
            | ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory
            | ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::SchemaChanged => StoreErrorKind::Unavailable,
            _ => StoreErrorKind::Invalid,
        },
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::Utf8Error(..) => StoreErrorKind::Corrupt,
        _ => StoreErrorKind::Invalid,
    };
    let context = match violated(&error) {
        Some((table, columns)) => format!("{table}.{}", columns.join(",")),
        None => "sqlite".to_owned(),
    };
    StoreError::with_source(kind, context, error)
}

/// The table and columns of the uniqueness rule that was hit, as SQLite's message names them.
pub(crate) fn violated(error: &rusqlite::Error) -> Option<(&str, Vec<&str>)> {
    let rusqlite::Error::SqliteFailure(code, Some(message)) = error else { return None };
    if code.code != ErrorCode::ConstraintViolation {
        return None;
    }
    let mut table = None;
    let mut columns = Vec::new();
    for part in message.strip_prefix("UNIQUE constraint failed: ")?.split(", ") {
        let (name, column) = part.split_once('.')?;
        table = Some(name);
        columns.push(column);
    }
    Some((table?, columns))
}

pub(crate) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed)
    )
}

pub(crate) fn invalid(context: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Invalid, context)
}

pub(crate) fn corrupt(context: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt, context)
}

pub(crate) fn unavailable(context: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, context)
}
