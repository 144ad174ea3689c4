//! What the driver's errors mean to callers.

use dzinza_ports::{StoreError, StoreErrorKind};
use mongodb::error::{
    Error, ErrorKind, TRANSIENT_TRANSACTION_ERROR, UNKNOWN_TRANSACTION_COMMIT_RESULT, WriteFailure,
};

use crate::table::Table;

const DUPLICATE_KEY: [i32; 2] = [11_000, 11_001];
const WRITE_CONFLICT: i32 = 112;
/// Too large, too deep, or a name that cannot stand there: the document's fault.
const BAD_DOCUMENT: [i32; 6] = [2, 15, 52, 56, 10_334, 17_280];

/// Why a step of a commit failed: the port's error, or the driver's, which may be worth another try.
#[derive(Debug)]
pub(crate) enum Fault {
    Store(StoreError),
    Driver(Error),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Driver(error)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Store(error) => error,
            Fault::Driver(error) => store_error(error),
        }
    }
}

impl Fault {
    /// Whether nothing was written and the same may succeed now.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Store(_) => false,
            Self::Driver(error) => {
                error.contains_label(TRANSIENT_TRANSACTION_ERROR) || code(error) == Some(WRITE_CONFLICT)
            }
        }
    }
}

/// Whether a commit may or may not have taken place, so that it has to be asked for again.
pub(crate) fn is_unknown_commit(error: &Error) -> bool {
    error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT)
}

/// The server's code, wherever the driver keeps it.
pub(crate) fn code(error: &Error) -> Option<i32> {
    match error.kind.as_ref() {
        ErrorKind::Command(error) => Some(error.code),
        ErrorKind::Write(WriteFailure::WriteError(error)) => Some(error.code),
        ErrorKind::Write(WriteFailure::WriteConcernError(error)) => Some(error.code),
        ErrorKind::InsertMany(many) => {
            many.write_errors.as_ref().and_then(|all| all.first()).map(|one| one.code)
        }
        _ => None,
    }
}

fn message(error: &Error) -> Option<&str> {
    match error.kind.as_ref() {
        ErrorKind::Command(error) => Some(&error.message),
        ErrorKind::Write(WriteFailure::WriteError(error)) => Some(&error.message),
        ErrorKind::InsertMany(many) => {
            many.write_errors.as_ref().and_then(|all| all.first()).map(|one| one.message.as_str())
        }
        _ => None,
    }
}

pub(crate) fn is_duplicate(error: &Error) -> bool {
    code(error).is_some_and(|code| DUPLICATE_KEY.contains(&code))
}

/// The error of a write to this collection: a uniqueness rule under the name it was declared by.
pub(crate) fn of_write(error: Error, table: &Table) -> Fault {
    if !is_duplicate(&error) {
        return Fault::Driver(error);
    }
    let rule = table.rule(message(&error).unwrap_or_default());
    Fault::Store(StoreError::with_source(StoreErrorKind::Conflict, rule, error))
}

pub(crate) fn store_error(error: Error) -> StoreError {
    let kind = match error.kind.as_ref() {
        ErrorKind::InvalidArgument { .. } | ErrorKind::Bson(_) => StoreErrorKind::Invalid,
        ErrorKind::InvalidResponse { .. } => StoreErrorKind::Corrupt,
        _ if code(&error).is_some_and(|code| BAD_DOCUMENT.contains(&code)) => StoreErrorKind::Invalid,
        // Gone, stepping down, overloaded, or it does not let us in: all of these pass, or an operator sees to them.
        _ => StoreErrorKind::Unavailable,
    };
    StoreError::with_source(kind, "mongodb", error)
}

pub(crate) fn invalid(context: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Invalid, context)
}
