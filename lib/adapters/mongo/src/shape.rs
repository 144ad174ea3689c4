//! Bodies as BSON, and back.
//!
//! Three things stand between JSON and BSON. Names that BSON or MongoDB give a meaning are written with `%` escapes.
//! Declared fields stand at their paths only in the kind that the declaration names, so that MongoDB compares like with
//! like; where a body has something else there, the whole top-level field is kept beside it, in [`ODD`], and read from
//! there. And moments are dates, as in existing deployments, with their exact text in [`ODD`] where a date cannot say it.

use dzinza_ports::{Body, Document, StoreError, StoreErrorKind};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use mongodb::bson::{Bson, DateTime, Decimal128, Document as Bsons};
use serde_json::{Number, Value};

use crate::table::{Kind, Table, TableField};

/// Our version of a document. One without it was written by somebody else, and is at version 1.
pub(crate) const VERSION: &str = "_version";
/// Top-level fields as they are, where what stands at their place is for comparing only.
pub(crate) const ODD: &str = "_odd";
/// The version that Mongoose keeps, which means nothing to us.
const MONGOOSE_VERSION: &str = "__v";

/// A body as it is stored, without id.
pub(crate) fn encode(table: &Table, body: &Body, version: u64) -> Bsons {
    let mut stored = Bsons::new();
    let mut odd = Bsons::new();
    for (name, value) in body {
        stored.insert(escaped(name, true), bson(value));
    }
    for field in &table.fields {
        let Some(first) = field.parts.first() else { continue };
        let Some(value) = body.get(*first) else { continue };
        match seen(field, value) {
            Seen::AsItIs => continue,
            Seen::As { stand_in, exact } => {
                put(&mut stored, &field.parts, stand_in);
                if exact {
                    continue;
                }
            }
            Seen::Absent => remove(&mut stored, &field.parts),
        }
        odd.insert(*first, bson(value));
    }
    if !odd.is_empty() {
        stored.insert(ODD, odd);
    }
    stored.insert(VERSION, i64::try_from(version).unwrap_or(i64::MAX));
    stored
}

/// How a declared field is to stand at its path.
enum Seen {
    AsItIs,
    /// As this. Whether reading it gives the value back exactly.
    As {
        stand_in: Bson,
        exact: bool,
    },
    Absent,
}

fn seen(field: &TableField, top: &Value) -> Seen {
    let rest = field.parts.get(1..).unwrap_or_default();
    if field.kind == Kind::TextArray {
        return if matches_outside_arrays(top, rest) { Seen::Absent } else { Seen::AsItIs };
    }
    let mut value = Some(top);
    for part in rest {
        match value {
            // MongoDB would look into it.
            Some(Value::Array(_)) => return Seen::Absent,
            Some(object) => value = object.get(*part),
            None => return Seen::AsItIs,
        }
    }
    match (field.kind, value) {
        (_, None | Some(Value::Null)) | (Kind::Text, Some(Value::String(_))) => Seen::AsItIs,
        (Kind::Moment, Some(Value::String(text))) => match moment(text) {
            Some(date) => Seen::As { stand_in: Bson::DateTime(date), exact: text_of(date) == *text },
            None => Seen::Absent,
        },
        (Kind::Integer, Some(Value::Number(number))) if number.is_i64() => Seen::AsItIs,
        (Kind::Integer, Some(Value::Bool(flag))) => {
            Seen::As { stand_in: Bson::Int64(i64::from(*flag)), exact: false }
        }
        _ => Seen::Absent,
    }
}

/// Whether MongoDB would find a text at the path without any array on the way.
fn matches_outside_arrays(value: &Value, parts: &[&str]) -> bool {
    match (value, parts.split_first()) {
        (Value::Object(fields), Some((first, rest))) => {
            fields.get(*first).is_some_and(|value| matches_outside_arrays(value, rest))
        }
        (Value::String(_), None) => true,
        _ => false,
    }
}

fn put(stored: &mut Bsons, parts: &[&str], value: Bson) {
    match parts {
        [] => {}
        [last] => drop(stored.insert(*last, value)),
        [first, rest @ ..] => {
            if let Some(Bson::Document(inner)) = stored.get_mut(*first) {
                put(inner, rest, value);
            }
        }
    }
}

fn remove(stored: &mut Bsons, parts: &[&str]) {
    let Some((first, rest)) = parts.split_first() else { return };
    if let (Some(Bson::Document(inner)), false) = (stored.get_mut(*first), rest.is_empty()) {
        remove(inner, rest);
        return;
    }
    stored.remove(*first);
}

/// A document as it was stored, by us or by others.
pub(crate) fn decode(table: &Table, mut stored: Bsons) -> Result<Document, StoreError> {
    let corrupt =
        |what: &str| StoreError::new(StoreErrorKind::Corrupt, format!("{what} in {}", table.name()));
    let id = match stored.remove("_id") {
        Some(Bson::String(id)) => id,
        Some(Bson::Document(_) | Bson::Array(_)) | None => return Err(corrupt("an id")),
        Some(other) => match value(other, true) {
            Value::String(id) => id,
            other => other.to_string(),
        },
    };
    let foreign = !stored.contains_key(VERSION);
    let version = match stored.remove(VERSION) {
        None => 1,
        Some(version) => whole(&version)
            .and_then(|version| u64::try_from(version).ok())
            .ok_or_else(|| corrupt("a version"))?,
    };
    if foreign {
        stored.remove(MONGOOSE_VERSION);
    }
    let odd = stored.remove(ODD);
    let mut body: Body =
        stored.into_iter().map(|(name, bson)| (plain(name, foreign), value(bson, foreign))).collect();
    if let Some(Bson::Document(odd)) = odd {
        body.extend(odd.into_iter().map(|(name, bson)| (name, value(bson, foreign))));
    }
    Ok(Document { id, version, body })
}

fn whole(bson: &Bson) -> Option<i64> {
    match bson {
        Bson::Int32(number) => Some(i64::from(*number)),
        Bson::Int64(number) => Some(*number),
        Bson::Double(number) if number.fract() == 0.0 && number.abs() < 9e15 => Some(*number as i64),
        _ => None,
    }
}

/// JSON as BSON.
pub(crate) fn bson(value: &Value) -> Bson {
    match value {
        Value::Null => Bson::Null,
        Value::Bool(flag) => Bson::Boolean(*flag),
        Value::String(text) => Bson::String(text.clone()),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Bson::Int64(number),
            (None, Some(number)) => {
                number.to_string().parse::<Decimal128>().map_or(Bson::Double(number as f64), Bson::Decimal128)
            }
            (None, None) => number.as_f64().map_or(Bson::Null, Bson::Double),
        },
        Value::Array(elements) => Bson::Array(elements.iter().map(bson).collect()),
        Value::Object(fields) => {
            Bson::Document(fields.iter().map(|(name, value)| (escaped(name, false), bson(value))).collect())
        }
    }
}

/// BSON as JSON. `foreign` is what others wrote: their whole numbers may be doubles.
pub(crate) fn value(bson: Bson, foreign: bool) -> Value {
    match bson {
        Bson::Null | Bson::Undefined | Bson::MinKey | Bson::MaxKey => Value::Null,
        Bson::Boolean(flag) => Value::Bool(flag),
        Bson::String(text) | Bson::Symbol(text) | Bson::JavaScriptCode(text) => Value::String(text),
        Bson::Int32(number) => Value::from(number),
        Bson::Int64(number) => Value::from(number),
        Bson::Double(number) => match whole(&Bson::Double(number)).filter(|_| foreign) {
            Some(number) => Value::from(number),
            None => Number::from_f64(number).map_or(Value::Null, Value::Number),
        },
        Bson::Decimal128(number) => decimal(&number.to_string()),
        Bson::ObjectId(id) => Value::String(id.to_hex()),
        Bson::DateTime(date) => Value::String(text_of(date)),
        Bson::Array(elements) => elements.into_iter().map(|element| value(element, foreign)).collect(),
        Bson::Document(fields) => Value::Object(
            fields.into_iter().map(|(name, bson)| (plain(name, foreign), value(bson, foreign))).collect(),
        ),
        Bson::Binary(binary) => match binary.to_uuid() {
            Ok(uuid) => Value::String(uuid.to_string()),
            Err(_) => Value::String(Bson::Binary(binary).to_string()),
        },
        other => Value::String(other.to_string()),
    }
}

fn decimal(text: &str) -> Value {
    if let Ok(number) = text.parse::<u64>() {
        return Value::from(number);
    }
    let number = text.parse::<f64>().ok().and_then(Number::from_f64);
    number.map_or_else(|| Value::from(text), Value::Number)
}

/// The moment that a text tells, to the millisecond; of a date or a part of one, its beginning in UTC.
pub(crate) fn moment(text: &str) -> Option<DateTime> {
    let begins = |date: &str| {
        let date: Date = date.parse().ok()?;
        date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    };
    let stamp = match text.len() {
        4 => begins(&format!("{text}-01-01")),
        7 => begins(&format!("{text}-01")),
        10 => begins(text),
        _ => text.parse::<Timestamp>().ok(),
    }?;
    // Towards the past, as nanoseconds are counted from there too.
    Some(DateTime::from_millis(stamp.as_nanosecond().div_euclid(1_000_000) as i64))
}

/// A moment as bodies have it: RFC 3339, UTC, microseconds.
pub(crate) fn text_of(date: DateTime) -> String {
    match Timestamp::from_millisecond(date.timestamp_millis()) {
        Ok(stamp) => format!("{stamp:.6}"),
        Err(_) => date.timestamp_millis().to_string(),
    }
}

const RESERVED: [&str; 3] = ["_id", VERSION, ODD];

/// A name as it can stand in a document.
pub(crate) fn escaped(name: &str, top: bool) -> String {
    let meant = name.is_empty() || name.starts_with(['$', '%']) || name.contains(['.', '\0']);
    if !(meant || top && RESERVED.contains(&name)) {
        return name.to_owned();
    }
    let mut escaped = String::from("%");
    for c in name.chars() {
        match c {
            '%' => escaped.push_str("%25"),
            '$' => escaped.push_str("%24"),
            '.' => escaped.push_str("%2E"),
            '\0' => escaped.push_str("%00"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A name as it was before [`escaped`]. What others wrote stays as it is.
fn plain(name: String, foreign: bool) -> String {
    let Some(rest) = name.strip_prefix('%').filter(|_| !foreign) else { return name };
    let codes = [("%2E", "."), ("%24", "$"), ("%00", "\0"), ("%25", "%")];
    codes.iter().fold(rest.to_owned(), |name, (code, c)| name.replace(code, c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Catalog;
    use dzinza_ports::{Collection, Field};
    use serde_json::json;

    static THINGS: Collection = Collection {
        name: "things",
        fields: &[
            Field::text("title"),
            Field::text("createdAt"),
            Field::integer("isRead"),
            Field::text("index.name"),
            Field::array("tags"),
        ],
        indexes: &[],
    };

    fn both_ways(value: &Value) -> Bsons {
        let catalog = Catalog::new(&[&THINGS], Table::new).unwrap();
        let table = catalog.table(&THINGS).unwrap();
        let body = value.as_object().unwrap().clone();
        let mut stored = encode(table, &body, 3);
        let kept = stored.clone();
        stored.insert("_id", "x");
        assert_eq!(decode(table, stored).unwrap(), Document { id: "x".into(), version: 3, body });
        kept
    }

    #[test]
    fn bodies_come_back_whatever_they_hold() {
        both_ways(
            &json!({"": 1, "$where": {"a.b": {"%41": [{"": null}]}}, "%": 2, "_id": 3, "_odd": {"x": 1},
            "_version": "x", "%2E": 1, "a%2E.": 2, "big": u64::MAX, "small": i64::MIN, "half": 0.5, "one": 1.0}),
        );
        both_ways(
            &json!({"title": 5, "createdAt": ["x"], "isRead": true, "index": [{"name": "x"}], "tags": "x"}),
        );
    }

    #[test]
    fn what_is_of_another_kind_stands_beside() {
        let stored =
            both_ways(&json!({"title": 5, "isRead": true, "index": {"name": 3, "more": 1}, "tags": "x"}));
        assert!(!stored.contains_key("title") && !stored.contains_key("tags"));
        assert_eq!(stored.get_i64("isRead").unwrap(), 1);
        assert_eq!(stored.get_document("index").unwrap().len(), 1);
    }

    #[test]
    fn moments_are_dates_and_keep_their_text() {
        for text in ["2026-11-23T18:00:00.123456Z", "2026-11-23T18:00:00.123000Z", "1890", "1890-05-01"] {
            let stored = both_ways(&json!({"createdAt": text}));
            let date = stored.get_datetime("createdAt").unwrap();
            assert_eq!(stored.contains_key(ODD), text_of(*date) != text, "{text}");
        }
        assert!(!both_ways(&json!({"createdAt": "about 1890"})).contains_key("createdAt"));
        assert!(moment("1969-12-31T23:59:59.9999Z").unwrap().timestamp_millis() == -1);
    }
}
