//! Fields of records as callers write them.

use serde_json::{Value, json};

use super::RecordKind;
use super::list::{List, Payload, known_parts};
use super::place::named;
use super::shape::{Field, Rule};
use super::shapes::{self, CITATION};
use crate::FieldProblem;
use crate::fields::{FieldResult, date_value, text_value};
use crate::store::Body;

/// Entries of a list at most.
const ENTRIES: usize = 200;

/// A record that a request names: in which field, of what kind, which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Dotted path into the request.
    pub field: String,
    /// What it has to be.
    pub kind: RecordKind,
    /// Its id.
    pub id: String,
}

/// The changed fields of a request, `null` for those to be cleared, for a record of a kind or, without one, for a
/// citation. What is said as it was shown (`current`) is taken as it is, however a file came to say it.
///
/// # Errors
/// Every field that breaks a rule.
pub fn read_changes(
    kind: Option<RecordKind>,
    input: &Body,
    current: &Body,
) -> Result<Body, Vec<FieldProblem>> {
    let fields = kind.map_or(CITATION, shapes::of);
    let (mut changes, mut problems) = (Body::new(), Vec::new());
    for field in fields {
        let Some(value) = input.get(field.name).filter(|value| current.get(field.name) != Some(value)) else {
            continue;
        };
        match read_value(&field.rule, value, field.name, current.get(field.name)) {
            Ok(Some(value)) => drop(changes.insert(field.name.to_owned(), value)),
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(changes) } else { Err(problems) }
}

fn read_value(rule: &Rule, value: &Value, at: &str, current: Option<&Value>) -> FieldResult {
    match rule {
        Rule::Text(_, max) => text_value(Some(value), at, *max),
        Rule::Date(_) => date_value(Some(value), at),
        Rule::Number(_, most) => match value.as_u64() {
            Some(number) if number <= *most => Ok(Some(value.clone())),
            None if value.is_null() => Ok(Some(Value::Null)),
            _ => Err(FieldProblem::new(
                at,
                "out_of_range",
                format!("{at} must be a whole number from 0 to {most}"),
            )),
        },
        Rule::Place(_) => place_value(value, at),
        Rule::List(list) => list_value(list, value, at, current),
        // Sent back with the rest of what was shown.
        Rule::Shown(_) => Ok(None),
    }
}

fn list_value(list: &List, value: &Value, at: &str, current: Option<&Value>) -> FieldResult {
    let entries = match value {
        Value::Null => return Ok(Some(json!([]))),
        Value::Array(entries) if entries.len() <= ENTRIES => entries,
        Value::Array(_) => {
            let message = format!("{at} must have at most {ENTRIES} entries");
            return Err(FieldProblem::new(at, "too_many", message));
        }
        _ => return Err(FieldProblem::new(at, "invalid_type", format!("{at} must be a list"))),
    };
    let known = current.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut read = Vec::with_capacity(entries.len());
    for (place, entry) in entries.iter().enumerate() {
        let at = format!("{at}.{place}");
        read.push(if known.contains(entry) { entry.clone() } else { entry_value(list, entry, &at)? });
    }
    Ok(Some(Value::Array(read)))
}

fn entry_value(list: &List, entry: &Value, at: &str) -> Result<Value, FieldProblem> {
    if list.is_plain() {
        return payload_value(&list.payload, Some(entry), at);
    }
    let Value::Object(entry) = entry else {
        return Err(FieldProblem::new(at, "invalid_type", format!("{at} must be an object")));
    };
    let entry = known_parts(list, entry);
    let key = list.payload.key();
    let mut read = Body::new();
    read.insert(key.to_owned(), payload_value(&list.payload, entry.get(key), &format!("{at}.{key}"))?);
    if let Some(key) = list.tag_key {
        let tag = entry.get(key).and_then(Value::as_str).unwrap_or_default().to_uppercase();
        if !list.tags.contains(&tag.as_str()) {
            let (at, words) = (format!("{at}.{key}"), list.tags.join(", "));
            return Err(FieldProblem::new(&at, "invalid_choice", format!("{at} must be one of: {words}")));
        }
        read.insert(key.to_owned(), json!(tag));
    }
    for part in list.parts {
        let empty = matches!(part.rule, Rule::List(_)).then(|| json!([]));
        let value = entry.get(part.name).or(empty.as_ref());
        let at = format!("{at}.{}", part.name);
        let value = value.map(|value| read_value(&part.rule, value, &at, None)).transpose()?.flatten();
        if let Some(value) = value.filter(|value| !value.is_null()) {
            read.insert(part.name.to_owned(), value);
        }
    }
    Ok(Value::Object(read))
}

/// An entry without its payload says nothing.
fn payload_value(payload: &Payload, value: Option<&Value>, at: &str) -> Result<Value, FieldProblem> {
    let max = match payload {
        Payload::Text(_, max) => *max,
        Payload::Pointer(..) => 200,
    };
    let read = text_value(value, at, max)?.filter(|value| !value.is_null());
    let read = read.ok_or_else(|| FieldProblem::new(at, "required", format!("{at} must not be empty")))?;
    // How our own files are named inside is not for callers to say.
    if payload.key() == "file" && read.as_str().is_some_and(|text| text.starts_with("blob:")) {
        return Err(FieldProblem::new(at, "invalid_url", format!("{at} must not name a file of ours")));
    }
    Ok(read)
}

/// A name, or `{name, form, latitude, longitude}`.
fn place_value(value: &Value, at: &str) -> FieldResult {
    let Value::Object(place) = value else {
        let name = text_value(Some(value), at, 255)?;
        return Ok(name.map(|name| name.as_str().map_or(Value::Null, named)));
    };
    let part = |key: &str| -> Result<Option<String>, FieldProblem> {
        let read = text_value(place.get(key), &format!("{at}.{key}"), 255)?;
        Ok(read.and_then(|value| value.as_str().map(str::to_owned)))
    };
    let name = part("name")?.ok_or_else(|| FieldProblem::required(&format!("{at}.name")))?;
    let mut read = named(&name);
    if let Some(form) = part("form")? {
        read["form"] = json!(form);
    }
    for (key, most) in [("latitude", 90.0), ("longitude", 180.0)] {
        let Some(value) = place.get(key).filter(|value| !value.is_null()) else { continue };
        let degrees = value.as_f64().filter(|degrees| degrees.abs() <= most);
        let message = || format!("{at}.{key} must be a number from -{most} to {most}");
        let degrees =
            degrees.ok_or_else(|| FieldProblem::new(format!("{at}.{key}"), "out_of_range", message()))?;
        read[key] = json!(degrees);
    }
    if read.get("latitude").is_some() != read.get("longitude").is_some() {
        let message = format!("{at} needs both latitude and longitude, or neither");
        return Err(FieldProblem::new(at, "required", message));
    }
    Ok(Some(read))
}

/// The records that changed fields of a record of a kind, or of a citation, name.
pub fn named_records(kind: Option<RecordKind>, changes: &Body) -> Vec<Named> {
    let mut found = Vec::new();
    collect(kind.map_or(CITATION, shapes::of), changes, "", &mut found);
    found
}

fn collect(fields: &[Field], body: &Body, under: &str, found: &mut Vec<Named>) {
    for field in fields {
        let Rule::List(list) = &field.rule else { continue };
        let entries = body.get(field.name).and_then(Value::as_array).into_iter().flatten();
        for (place, entry) in entries.enumerate() {
            let at = format!("{under}{}.{place}", field.name);
            if let Payload::Pointer(key, kind) = list.payload {
                let (id, field) =
                    if list.is_plain() { (entry, at.clone()) } else { (&entry[key], format!("{at}.{key}")) };
                let id = id.as_str().unwrap_or_default().to_owned();
                found.push(Named { field, kind, id });
            }
            if let Some(entry) = entry.as_object() {
                collect(list.parts, entry, &format!("{at}."), found);
            }
        }
    }
}
