//! How moments, dates and ids stand in a column.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use sqlx_core::decode::Decode;
use sqlx_core::encode::{Encode, IsNull};
use sqlx_core::error::BoxDynError;
use sqlx_core::types::Type;
use sqlx_postgres::types::Oid;
use sqlx_postgres::{PgArgumentBuffer, PgTypeInfo, PgValueRef, Postgres};
use uuid::Uuid;

/// Where PostgreSQL begins to count: 1 January 2000 UTC, in microseconds since 1970.
const EPOCH: i64 = 946_684_800_000_000;
/// The day of that moment.
const FIRST_DAY: Date = date(2000, 1, 1);

/// A moment in a column `timestamptz`: whole microseconds. Finer parts are cut off; `infinity` and what lies beyond the
/// years of [`Timestamp`] is read as its last or first moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Micros(pub Timestamp);

impl Micros {
    /// This long after, or the last moment there is.
    pub(crate) fn plus(self, span: Duration) -> Self {
        Self(self.0.checked_add(span).unwrap_or(Timestamp::MAX))
    }
}

impl From<Timestamp> for Micros {
    fn from(moment: Timestamp) -> Self {
        Self(moment)
    }
}

impl Type<Postgres> for Micros {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(1184))
    }
}

impl Encode<'_, Postgres> for Micros {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <i64 as Encode<Postgres>>::encode(self.0.as_microsecond() - EPOCH, buffer)
    }
}

impl<'r> Decode<'r, Postgres> for Micros {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        let micros = <i64 as Decode<Postgres>>::decode(value)?.saturating_add(EPOCH);
        let beyond = if micros < 0 { Timestamp::MIN } else { Timestamp::MAX };
        Ok(Self(Timestamp::from_microsecond(micros).unwrap_or(beyond)))
    }
}

/// A day in a column `date`.
pub(crate) struct Day(pub Date);

impl Type<Postgres> for Day {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(1082))
    }
}

impl Encode<'_, Postgres> for Day {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let days = self.0.since(FIRST_DAY)?.get_days();
        <i32 as Encode<Postgres>>::encode(days, buffer)
    }
}

impl<'r> Decode<'r, Postgres> for Day {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        let days = <i32 as Decode<Postgres>>::decode(value)?;
        let span = jiff::Span::new().try_days(days)?;
        Ok(Self(FIRST_DAY.checked_add(span)?))
    }
}

/// An id as the database has it. `None` for what is none: nothing is stored under it.
pub(crate) fn id(text: &str) -> Option<Uuid> {
    // Only the usual form: one row must not be found under several spellings.
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hyphenated_ids_are_ids() {
        assert!(id("00000000-0000-7000-8000-000000000001").is_some());
        for text in
            ["", "nobody", "00000000000070008000000000000001", "{00000000-0000-7000-8000-000000000001}"]
        {
            assert!(id(text).is_none(), "{text}");
        }
    }

    #[test]
    fn no_moment_is_too_late_to_add_to() {
        let last = Micros(Timestamp::MAX);
        assert_eq!(last.plus(Duration::from_secs(1)), last);
    }
}
