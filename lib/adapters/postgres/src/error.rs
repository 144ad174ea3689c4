//! From the driver's errors to the one error of the ports.

use dzinza_ports::{StoreError, StoreErrorKind};
use sqlx_core::error::Error;
use sqlx_postgres::PgDatabaseError;

/// What may go wrong inside the adapter; becomes a [`StoreError`] at the port.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error(transparent)]
    Database(#[from] Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(crate) type Outcome<T> = Result<T, Fault>;

/// What is kept of a driver's error for the log. Not its detail: that quotes values, addresses among them.
#[derive(Debug, thiserror::Error)]
#[error("{message} ({code})")]
struct Reported {
    code: String,
    message: String,
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Store(error) => error,
            Fault::Database(Error::Database(error)) => match error.try_downcast_ref::<PgDatabaseError>() {
                Some(error) => from_server(error),
                None => Self::new(StoreErrorKind::Unavailable, "postgres"),
            },
            Fault::Database(error) => Self::with_source(kind(&error), "postgres", error),
        }
    }
}

fn kind(error: &Error) -> StoreErrorKind {
    match error {
        Error::ColumnDecode { .. }
        | Error::Decode(_)
        | Error::TypeNotFound { .. }
        | Error::ColumnNotFound(_)
        | Error::RowNotFound => StoreErrorKind::Corrupt,
        Error::Encode(_) | Error::InvalidArgument(_) | Error::ColumnIndexOutOfBounds { .. } => {
            StoreErrorKind::Invalid
        }
        // Input and output, the pool, a connection that broke in the middle of a message.
        _ => StoreErrorKind::Unavailable,
    }
}

fn from_server(error: &PgDatabaseError) -> StoreError {
    let reported = Reported { code: error.code().to_owned(), message: error.message().to_owned() };
    let context = match error.code() {
        "23505" => rule(error).unwrap_or_else(|| "postgres".to_owned()),
        _ => "postgres".to_owned(),
    };
    StoreError::with_source(kind_of(error.code()), context, reported)
}

/// By SQLSTATE (PostgreSQL's documentation, appendix A).
fn kind_of(code: &str) -> StoreErrorKind {
    match code {
        "23505" => StoreErrorKind::Conflict,
        // A standby, or one that became one; a lock or a deadlock in which somebody else was faster.
        "25006" | "55P03" | "40001" | "40P01" => StoreErrorKind::Unavailable,
        // A table or a column that is not there: not the schema of this program.
        "42P01" | "42703" | "42704" => StoreErrorKind::Corrupt,
        _ => match code.get(..2) {
            // Connections, who may connect, databases, resources, operators, the system.
            Some("08" | "28" | "3D" | "53" | "57" | "58") => StoreErrorKind::Unavailable,
            Some("XX" | "F0") => StoreErrorKind::Corrupt,
            _ => StoreErrorKind::Invalid,
        },
    }
}

/// The rule that was hit as `table.column[,column]`, whatever the index that enforces it is called: older databases
/// have several for one rule. Detail is `Key (provider, provider_user_id)=(..) already exists.`, in any language.
fn rule(error: &PgDatabaseError) -> Option<String> {
    let table = error.table()?;
    let detail = error.detail()?;
    let (_, rest) = detail.split_once('(')?;
    let (columns, _) = rest.split_once(")=(")?;
    Some(format!("{table}.{}", columns.split(", ").map(column).collect::<Vec<_>>().join(",")))
}

/// `email` of `lower((email)::text)`.
fn column(expression: &str) -> &str {
    let name = expression.strip_prefix("lower(").unwrap_or(expression).trim_start_matches('(');
    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
    name.get(..end).unwrap_or(name)
}

pub(crate) fn invalid(context: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Invalid, context)
}

pub(crate) fn unavailable(context: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_on_an_expression_is_named_by_its_column() {
        for expression in ["email", "lower(email::text)", "lower((email)::text"] {
            assert_eq!(column(expression), "email");
        }
    }

    #[test]
    fn a_server_that_goes_away_is_unavailable_and_nothing_else() {
        for code in ["57P01", "57P03", "53300", "08006", "28P01", "3D000", "57014"] {
            assert_eq!(kind_of(code), StoreErrorKind::Unavailable, "{code}");
        }
        assert_eq!(kind_of("23505"), StoreErrorKind::Conflict);
        assert_eq!(kind_of("22001"), StoreErrorKind::Invalid);
        assert_eq!(kind_of("23503"), StoreErrorKind::Invalid);
        assert_eq!(kind_of("42P01"), StoreErrorKind::Corrupt);
    }
}
