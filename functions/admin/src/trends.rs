//! How many of something were made when (contract E33, E34). Days are those of UTC.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use dzinza_domain::collections::{EVENTS, FAMILY_TREES, PEOPLE};
use dzinza_domain::store::Collection;
use dzinza_ports::{Cursor, Filter, Query, UserFilter};
use dzinza_web::{Admin, Problem, QueryParams};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use crate::AdminPorts;
use crate::analytics::comments;

/// As many points as one answer has.
const MAX_POINTS: usize = 366;
/// Days that are shown to whoever names none.
const USUAL_DAYS: i32 = 7;
/// Documents looked at in one step.
const CHUNK: u32 = 5000;

/// Counts new accounts by day, week or month (contract E33).
#[utoipa::path(get, path = "/api/admin/analytics/user-trends", tag = "admin", operation_id = "userTrends", security(("bearer" = []), ("cookie" = [])),
    params(("period" = Option<String>, Query, description = "daily (default), weekly or monthly"), ("startDate" = Option<String>, Query, description = "First day, YYYY-MM-DD"), ("endDate" = Option<String>, Query, description = "Last day; by default the last seven days")),
    responses((status = 200, description = "A count for each day, week or month"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 403, description = "Not an administrator")))]
pub async fn users(
    State(ports): State<AdminPorts>,
    _: Admin,
    query: QueryParams,
) -> Result<Json<Value>, Problem> {
    let mut series = Series::read(&query, ports.clock.now())?;
    let (from, to) = series.bounds()?;
    let filter = UserFilter { created_since: Some(from), created_before: Some(to), ..UserFilter::default() };
    for (day, count) in ports.users.made_by_day(filter).await? {
        series.add(day, count);
    }
    Ok(Json(series.shown()))
}

/// Counts new events, comments, persons or trees by day, week or month (contract E34).
#[utoipa::path(get, path = "/api/admin/analytics/content-trends", tag = "admin", operation_id = "contentTrends", security(("bearer" = []), ("cookie" = [])),
    params(("contentType" = String, Query, description = "events, comments, persons or trees"), ("period" = Option<String>, Query, description = "daily (default), weekly or monthly"), ("startDate" = Option<String>, Query, description = "First day, YYYY-MM-DD"), ("endDate" = Option<String>, Query, description = "Last day; by default the last seven days")),
    responses((status = 200, description = "A count for each day, week or month"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 403, description = "Not an administrator")))]
pub async fn content(
    State(ports): State<AdminPorts>,
    _: Admin,
    query: QueryParams,
) -> Result<Json<Value>, Problem> {
    let words = ["events", "comments", "persons", "trees"];
    let kind = query.word(&["contentType", "content_type"], &words)?.ok_or_else(|| {
        let message = format!("contentType must be one of: {}", words.join(", "));
        Problem::field("contentType", "required", message)
    })?;
    let mut series = Series::read(&query, ports.clock.now())?;
    let collection = match kind {
        "events" => Some(&EVENTS),
        "persons" => Some(&PEOPLE),
        "trees" => Some(&FAMILY_TREES),
        _ => comments(),
    };
    if let Some(collection) = collection {
        count(&ports, collection, &mut series).await?;
    }
    let mut shown = series.shown();
    shown["contentType"] = json!(kind);
    Ok(Json(shown))
}

/// Walks once over what was made in these days. Times are texts that sort as the times do.
async fn count(
    ports: &AdminPorts,
    collection: &'static Collection,
    series: &mut Series,
) -> Result<(), Problem> {
    let bound = |day: Date| Some(Value::from(day.to_string()));
    let filter = Filter::Range("createdAt", bound(series.start), bound(series.after()?));
    let mut query = Query::new(filter).limit(CHUNK);
    loop {
        let rows = ports.documents.project(collection, query.clone(), &["createdAt"]).await?;
        for row in &rows {
            let day = row.text(0).and_then(|text| text.get(..10)).and_then(|day| day.parse().ok());
            if let Some(day) = day {
                series.add(day, 1);
            }
        }
        match rows.last() {
            Some(last) if rows.len() >= CHUNK as usize => {
                query.after = Some(Cursor { values: Vec::new(), id: last.id.clone() });
            }
            _ => return Ok(()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Period {
    Daily,
    Weekly,
    Monthly,
}

impl Period {
    fn word(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
        }
    }

    /// The first day of the one that this day is in; weeks begin on Monday.
    fn first_day(self, day: Date) -> Date {
        match self {
            Self::Daily => day,
            Self::Weekly => {
                let since_monday = i32::from(day.weekday().to_monday_zero_offset());
                day.checked_sub(since_monday.days()).unwrap_or(day)
            }
            Self::Monthly => day.first_of_month(),
        }
    }
}

/// Counts over some days; periods that begin before the first day are shown at it.
#[derive(Debug)]
struct Series {
    period: Period,
    start: Date,
    end: Date,
    counts: BTreeMap<Date, u64>,
}

impl Series {
    /// Reads `period`, `startDate` and `endDate`; all counts are 0.
    ///
    /// # Errors
    /// 400 naming the parameter that is no date, missing, before the other, or too far from it.
    fn read(query: &QueryParams, now: Timestamp) -> Result<Self, Problem> {
        let period = match query.word(&["period"], &["daily", "weekly", "monthly"])? {
            Some("weekly") => Period::Weekly,
            Some("monthly") => Period::Monthly,
            _ => Period::Daily,
        };
        let start = day_of(query, ["startDate", "start_date"])?;
        let end = day_of(query, ["endDate", "end_date"])?;
        let (start, end) = match (start, end) {
            (Some(start), Some(end)) => (start, end),
            (None, None) => {
                let today = now.to_zoned(TimeZone::UTC).date();
                let first = today.checked_sub((USUAL_DAYS - 1).days());
                (first.map_err(|_| Problem::internal())?, today)
            }
            (None, Some(_)) => return Err(missing("startDate", "endDate")),
            (Some(_), None) => return Err(missing("endDate", "startDate")),
        };
        if end < start {
            return Err(Problem::field("endDate", "out_of_range", "endDate must not be before startDate"));
        }
        Self::empty(period, start, end)
    }

    fn empty(period: Period, start: Date, end: Date) -> Result<Self, Problem> {
        let mut series = Self { period, start, end, counts: BTreeMap::new() };
        let mut day = start;
        while day <= end {
            series.counts.insert(series.point(day), 0);
            if series.counts.len() > MAX_POINTS {
                let message =
                    format!("There are more than {MAX_POINTS} points between startDate and endDate");
                return Err(Problem::field("endDate", "out_of_range", message));
            }
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
        Ok(series)
    }

    fn point(&self, day: Date) -> Date {
        self.period.first_day(day).max(self.start)
    }

    fn add(&mut self, day: Date, count: u64) {
        if let Some(sum) = self.counts.get_mut(&self.point(day)) {
            *sum = sum.saturating_add(count);
        }
    }

    /// The day after the last.
    fn after(&self) -> Result<Date, Problem> {
        self.end.tomorrow().map_err(|_| Problem::field("endDate", "out_of_range", "endDate is too late"))
    }

    fn bounds(&self) -> Result<(Timestamp, Timestamp), Problem> {
        let moment = |day: Date, field: &str| {
            let zoned = day.to_zoned(TimeZone::UTC);
            zoned
                .map(|zoned| zoned.timestamp())
                .map_err(|_| Problem::field(field, "out_of_range", format!("{field} is too far from today")))
        };
        Ok((moment(self.start, "startDate")?, moment(self.after()?, "endDate")?))
    }

    fn shown(&self) -> Value {
        let points =
            self.counts.iter().map(|(day, count)| json!({ "date": day.to_string(), "count": count }));
        json!({
            "period": self.period.word(),
            "startDate": self.start.to_string(),
            "endDate": self.end.to_string(),
            "dataPoints": points.collect::<Vec<_>>(),
        })
    }
}

fn missing(field: &str, other: &str) -> Problem {
    Problem::field(field, "required", format!("{field} is required together with {other}"))
}

/// A day, or the day of an RFC 3339 time as it is written. Years are from 1970 to 9998.
fn day_of(query: &QueryParams, names: [&str; 2]) -> Result<Option<Date>, Problem> {
    let Some(text) = query.text(&names) else { return Ok(None) };
    let [field, _] = names;
    let plain = text.len() == 10 && text.is_ascii();
    let timed = text.parse::<Timestamp>().is_ok();
    let day = text.get(..10).filter(|_| plain || timed).and_then(|day| day.parse::<Date>().ok());
    let day = day.filter(|day| (1970..=9998).contains(&day.year())).ok_or_else(|| {
        Problem::field(field, "invalid_date", format!("{field} must be a date, such as 2026-01-31"))
    });
    day.map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn points(period: Period, start: &str, end: &str) -> Vec<String> {
        let series = Series::empty(period, day(start), day(end)).unwrap();
        series.counts.keys().map(Date::to_string).collect()
    }

    #[test]
    fn weeks_begin_on_monday_and_months_on_the_first_but_none_before_the_start() {
        assert_eq!(points(Period::Daily, "2026-02-28", "2026-03-01"), ["2026-02-28", "2026-03-01"]);
        // 1 January 2026 was a Thursday.
        let weeks = ["2026-01-01", "2026-01-05", "2026-01-12"];
        assert_eq!(points(Period::Weekly, "2026-01-01", "2026-01-12"), weeks);
        let months = ["2026-01-15", "2026-02-01", "2026-03-01"];
        assert_eq!(points(Period::Monthly, "2026-01-15", "2026-03-31"), months);
    }

    #[test]
    fn counts_go_to_their_period_and_what_is_outside_to_none() {
        let mut series = Series::empty(Period::Weekly, day("2026-01-01"), day("2026-01-12")).unwrap();
        for (at, count) in [("2026-01-02", 2), ("2026-01-04", 1), ("2026-01-05", 4), ("2026-02-01", 8)] {
            series.add(day(at), count);
        }
        assert_eq!(series.counts.values().copied().collect::<Vec<_>>(), [3, 4, 0]);
    }

    #[test]
    fn more_points_than_a_page_can_show_are_refused_early() {
        assert!(Series::empty(Period::Daily, day("2024-01-01"), day("2024-12-31")).is_ok());
        assert!(Series::empty(Period::Daily, day("1970-01-01"), day("9998-12-31")).is_err());
        assert!(Series::empty(Period::Monthly, day("2000-01-01"), day("2026-12-31")).is_ok());
    }
}
