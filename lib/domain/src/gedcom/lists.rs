//! Lists of objects that GEDCOM has no full place for: facts, sources, telephone numbers, addresses.
//!
//! What other programs can understand goes to standard lines. `_DZ` below such a line says which list the entry
//! is from, and below that `_F key=json` holds what no line does, so that an entry comes back as it went.

use dzinza_gedcom::{DateValue, Record};
use serde_json::{Value, json};

use super::payload::{Dialect, child_or_insert, line, put, read, read_at};
use crate::store::Body;
use crate::text::join;

const MARK: &str = "_DZ";
const FIELD: &str = "_F";

/// How the entries of a list are written.
struct List {
    name: &'static str,
    tag: &'static str,
    /// The key and path of each text with a line of its own; an empty path is the payload.
    lines: &'static [(&'static str, &'static [&'static str])],
}

static LISTS: &[List] = &[
    List {
        name: "facts",
        tag: "FACT",
        lines: &[
            ("value", &[]),
            ("type", &["TYPE"]),
            ("date_string", &["DATE"]),
            ("place", &["PLAC"]),
            ("description", &["NOTE"]),
        ],
    },
    List {
        name: "sources",
        tag: "SOUR",
        lines: &[("title", &[]), ("url", &["_URL"]), ("description", &["NOTE"])],
    },
    List { name: "phoneNumbers", tag: "PHON", lines: &[("phoneNumber", &[]), ("phoneType", &["TYPE"])] },
    List { name: "emailAddresses", tag: "EMAIL", lines: &[("emailAddress", &[]), ("emailType", &["TYPE"])] },
    List {
        name: "addresses",
        tag: "RESI",
        lines: &[
            ("streetAddress1", &["ADDR", "ADR1"]),
            ("streetAddress2", &["ADDR", "ADR2"]),
            ("city", &["ADDR", "CITY"]),
            ("stateProvince", &["ADDR", "STAE"]),
            ("postalCode", &["ADDR", "POST"]),
            ("country", &["ADDR", "CTRY"]),
        ],
    },
];

/// Whether a line is an entry of such a list, and so nothing else.
pub(super) fn is_entry(line: &Record) -> bool {
    list_of(line).is_some()
}

fn list_of(line: &Record) -> Option<&'static List> {
    let name = line.child(MARK)?.value.as_deref()?;
    LISTS.iter().find(|list| list.name == name)
}

/// Reads the entries that are marked as ours.
pub(super) fn read_lists(record: &Record, person: &mut Body) {
    for line in &record.children {
        let Some(list) = list_of(line) else { continue };
        let entries = person.entry(list.name).or_insert_with(|| json!([]));
        if let Value::Array(entries) = entries {
            entries.push(Value::Object(entry_of(list, line)));
        }
    }
}

fn entry_of(list: &List, line: &Record) -> Body {
    let fields = line.child(MARK).into_iter().flat_map(|mark| mark.children_named(FIELD));
    let fields = fields.filter_map(|field| {
        let text = read(field)?;
        let (key, value) = text.split_once('=')?;
        Some((key.to_owned(), serde_json::from_str(value).ok()?))
    });
    let mut entry: Body = fields.collect();
    for (key, path) in list.lines {
        // A line that was only derived from a field is not a second one.
        let derived = entry.contains_key(*key) || (*key == "date_string" && entry.contains_key("date"));
        let text =
            if *key == "date_string" { line.value_of(path).map(str::to_owned) } else { read_at(line, path) };
        if let (false, Some(text)) = (derived, text) {
            entry.insert((*key).to_owned(), json!(text));
        }
    }
    entry
}

/// Makes the marked lines of a record those of the person; entries that are there stay as they are.
pub(super) fn write_lists(record: &mut Record, person: &Body, dialect: Dialect) {
    for list in LISTS {
        let entries = person.get(list.name).and_then(Value::as_array).into_iter().flatten();
        let mut wanted: Vec<Body> = entries.filter_map(Value::as_object).map(without_null).collect();
        record.children.retain(|line| {
            if list_of(line).is_none_or(|found| found.name != list.name) {
                return true;
            }
            let known = entry_of(list, line);
            let place = wanted.iter().position(|entry| *entry == known);
            place.map(|place| wanted.remove(place)).is_some()
        });
        for entry in wanted {
            let line = line_of(list, &entry, dialect);
            // A number that the file brought as one of its own lines is not to be there twice.
            let known = matches!(list.tag, "PHON" | "EMAIL")
                && record
                    .children_named(list.tag)
                    .any(|known| !is_entry(known) && read(known) == read(&line));
            if !known {
                record.push(line);
            }
        }
    }
}

fn without_null(entry: &Body) -> Body {
    entry
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn line_of(list: &List, entry: &Body, dialect: Dialect) -> Record {
    // GEDCOM 7 has no sources without a record of their own.
    let inline = list.tag == "SOUR" && dialect == Dialect::Seven;
    let mut made = Record::new(if inline { "_SOUR" } else { list.tag });
    let mut mark = Record::with(MARK, list.name);
    for (key, value) in entry {
        let path = list.lines.iter().find(|(known, _)| known == key).map(|(_, path)| *path);
        match (path, value.as_str().filter(|text| fits_line(key, text))) {
            (Some(path), Some(text)) => set_at(&mut made, path, text, dialect),
            _ => drop(mark.push(line(FIELD, &format!("{key}={value}"), dialect))),
        }
    }
    for (path, text) in derived(list, entry) {
        let known =
            path.iter().try_fold(&made, |at, tag| at.child(tag)).is_some_and(|line| line.value.is_some());
        if !known {
            set_at(&mut made, path, &text, dialect);
        }
    }
    made.push(mark);
    made
}

/// Whether a text comes back from a line of its own as it is.
fn fits_line(key: &str, text: &str) -> bool {
    let plain = !text.is_empty() && text.trim() == text && !text.contains('\r');
    let date = DateValue::parse(text);
    plain
        && (key != "date_string"
            || (date.range().is_some() && DateValue::from_iso(text).is_none_or(|iso| iso.text() == text)))
}

fn set_at(line: &mut Record, path: &[&str], text: &str, dialect: Dialect) {
    let at = path.iter().fold(line, |at, tag| child_or_insert(at, tag));
    if path.last() == Some(&"DATE") { at.value = Some(text.to_owned()) } else { put(at, text, dialect) }
}

/// Lines that say in GEDCOM's way what an entry says in its own.
fn derived(list: &List, entry: &Body) -> Vec<(&'static [&'static str], String)> {
    let part = |value: &Value, keys: &[&str]| {
        keys.iter()
            .filter_map(|key| value[*key].as_str())
            .map(str::trim)
            .filter(|p| !p.is_empty())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let whole = Value::Object(entry.clone());
    let mut lines: Vec<(&'static [&'static str], String)> = Vec::new();
    match list.name {
        "facts" => {
            let date = whole["date_string"]
                .as_str()
                .or_else(|| whole["date"].as_str())
                .or_else(|| whole["date"]["date"].as_str());
            let about = if whole["date"]["approximate"] == json!(true) { "ABT" } else { "" };
            lines.extend(
                date.and_then(gedcom_date)
                    .map(|date| (&["DATE"][..], join([Some(about), Some(date.as_str())]))),
            );
            lines.push((&["PLAC"], part(&whole["place"], &["city", "state", "country"]).join(", ")));
        }
        "addresses" => {
            let keys = ["streetAddress1", "streetAddress2", "city", "stateProvince", "postalCode", "country"];
            let mut text = part(&whole, &keys);
            if text.is_empty() {
                text = part(
                    &whole,
                    &["traditionalAddress", "landmark", "ward", "district", "region", "description"],
                );
            }
            lines.push((&["ADDR"], text.join("\n")));
        }
        _ => {}
    }
    lines.retain(|(_, text)| !text.is_empty());
    lines
}

fn gedcom_date(text: &str) -> Option<String> {
    let day = text.split('T').next().unwrap_or_default();
    let date = DateValue::from_iso(day)
        .or_else(|| Some(DateValue::parse(text)).filter(|date| date.range().is_some()));
    date.map(|date| date.text().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person() -> Body {
        let person = json!({
            "facts": [
                { "type": "education", "date": { "date": "1950-03-12", "approximate": true }, "place": { "city": "Gutu" }, "description": "x" },
                { "type": "Military", "value": "Private", "date_string": "ABT 1943", "place": "Burma", "sources": ["a"] },
            ],
            "sources": [{ "title": "@S1@", "url": "https://x.zw", "description": "two\nlines" }, { "url": "https://y.zw" }],
            "phoneNumbers": [{ "phoneNumber": "077", "phoneType": "mobile", "countryCode": "+263", "isPrimary": true }],
            "emailAddresses": [{ "emailAddress": "me@home.zw", "emailType": "personal" }],
            "addresses": [{ "traditionalAddress": "Under Chief Gutu" }, { "city": "Harare", "country": "Zimbabwe", "latitude": -17.8 }],
        });
        person.as_object().unwrap().clone()
    }

    #[test]
    fn entries_come_back_as_they_went_and_are_not_doubled() {
        for dialect in [Dialect::Five, Dialect::Seven] {
            let mut record = Record::new("INDI");
            write_lists(&mut record, &person(), dialect);
            let mut again = Record::parse(&record.to_gedcom()).unwrap();
            let mut read = Body::new();
            read_lists(&again, &mut read);
            assert_eq!(read, person());
            write_lists(&mut again, &read, dialect);
            assert_eq!(again.to_gedcom(), record.to_gedcom());
        }
    }

    #[test]
    fn others_can_read_them_too() {
        let mut record = Record::new("INDI");
        write_lists(&mut record, &person(), Dialect::Five);
        let text = record.to_gedcom();
        for line in [
            "2 DATE ABT 12 MAR 1950",
            "2 PLAC Gutu",
            "1 SOUR @@S1@@",
            "1 EMAIL me@@home.zw",
            "2 ADDR Under Chief Gutu",
            "3 CITY Harare",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
    }

    #[test]
    fn an_entry_that_is_gone_takes_its_line_along() {
        let mut record = Record::new("INDI");
        write_lists(&mut record, &person(), Dialect::Five);
        write_lists(&mut record, &Body::new(), Dialect::Five);
        assert_eq!(record.to_gedcom(), "0 INDI\n");
    }
}
