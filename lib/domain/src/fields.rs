//! Reading fields of a request: every spelling that older clients use, errors that name the field.

use dzinza_gedcom::date::DateValue;
use serde_json::{Value, json};

use crate::FieldProblem;
use crate::store::Body;

/// A request body, in which a field may have several spellings.
#[derive(Clone, Copy)]
pub struct Input<'a>(pub &'a Body);

impl<'a> Input<'a> {
    /// The value under the first of these keys that is there; `null` counts as there. A dot leads into an
    /// object (`primary_name.surname`).
    pub fn get(self, names: &[&str]) -> Option<&'a Value> {
        names.iter().find_map(|name| match name.split_once('.') {
            None => self.0.get(*name),
            Some((outer, inner)) => self.0.get(outer)?.get(inner),
        })
    }

    /// Whether one of these keys is there.
    pub fn has(self, names: &[&str]) -> bool {
        self.get(names).is_some()
    }
}

/// The outcome of reading one field: absent, or what to store (`Null` clears).
pub type FieldResult = Result<Option<Value>, FieldProblem>;

/// A text of at most `max` characters, trimmed; blank and `null` clear.
///
/// # Errors
/// If it is not a text, or is longer.
pub fn text_value(value: Option<&Value>, field: &str, max: usize) -> FieldResult {
    match value {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(Value::Null)),
        Some(Value::String(text)) => {
            let text = text.trim();
            if text.chars().count() > max {
                let message = format!("{field} must have at most {max} characters");
                return Err(FieldProblem::new(field, "too_long", message));
            }
            if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
                let message = format!("{field} must not contain control characters");
                return Err(FieldProblem::new(field, "invalid_characters", message));
            }
            Ok(Some(if text.is_empty() { Value::Null } else { json!(text) }))
        }
        Some(_) => Err(FieldProblem::new(field, "invalid_type", format!("{field} must be a text"))),
    }
}

/// One of some words, whatever its case and whether written `UNDER_SCORE`d; the word is stored as given here.
///
/// # Errors
/// If it is another word or not a text.
pub fn enum_value(value: Option<&Value>, field: &str, words: &[&str]) -> FieldResult {
    let squeeze = |text: &str| text.replace(['_', '-', ' '], "").to_lowercase();
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => {
            let known = words.iter().find(|word| squeeze(word) == squeeze(text));
            let message = || format!("{field} must be one of: {}", words.join(", "));
            known
                .map(|word| Some(json!(word)))
                .ok_or_else(|| FieldProblem::new(field, "invalid_choice", message()))
        }
        Some(_) => Err(FieldProblem::new(field, "invalid_type", format!("{field} must be a text"))),
    }
}

/// `true` or `false`; `null` clears.
///
/// # Errors
/// If it is anything else.
pub fn bool_value(value: Option<&Value>, field: &str) -> FieldResult {
    match value {
        None => Ok(None),
        Some(flag @ (Value::Bool(_) | Value::Null)) => Ok(Some(flag.clone())),
        Some(_) => Err(FieldProblem::new(field, "invalid_boolean", format!("{field} must be true or false"))),
    }
}

/// An http(s) address, or one of our own as we show it (`/api/...`, `/blobs/...`); blank and `null` clear. How files
/// are named inside (`blob:...`) is not for callers to say.
///
/// # Errors
/// If it is another kind of address, or longer than 2000 characters.
pub fn url_value(value: Option<&Value>, field: &str) -> FieldResult {
    let read = text_value(value, field, 2000)?;
    if let Some(Value::String(url)) = &read {
        let known = ["http://", "https://", "/api/", "/blobs/"].iter().any(|start| url.starts_with(start));
        if !known || url.contains(char::is_whitespace) || url.contains("..") {
            return Err(FieldProblem::new(
                field,
                "invalid_url",
                format!("{field} must be an http or https address"),
            ));
        }
    }
    Ok(read)
}

/// A date as people give it: ISO 8601 (`1890`, `1890-03`, `1890-03-12`, a timestamp) or GEDCOM (`ABT 1890`,
/// `BET 1890 AND 1895`); stored as GEDCOM text, which keeps what is not known unknown. Blank and `null` clear.
///
/// # Errors
/// If it is none of these, or no such day exists.
pub fn date_value(value: Option<&Value>, field: &str) -> FieldResult {
    let read = text_value(value, field, 200)?;
    let Some(Value::String(text)) = &read else { return Ok(read) };
    if let Some(gedcom) = iso_to_gedcom(text) {
        return Ok(Some(json!(gedcom)));
    }
    let date = DateValue::parse(text);
    if date.range().is_some()
        && !text.as_bytes().first().is_some_and(|c| c.is_ascii_digit() && text.contains('-'))
    {
        return Ok(Some(json!(text.to_uppercase())));
    }
    let message = format!("{field} is not a date; write 1890, 1890-03-12, ABT 1890 or BET 1890 AND 1895");
    Err(FieldProblem::new(field, "invalid_date", message))
}

/// An ISO date, or the date of a timestamp, as GEDCOM writes it; `None` if it is none or does not exist.
fn iso_to_gedcom(text: &str) -> Option<String> {
    let day = match text.split_once('T') {
        Some((day, _)) => {
            let valid =
                text.parse::<jiff::Timestamp>().is_ok() || text.parse::<jiff::civil::DateTime>().is_ok();
            valid.then_some(day)?
        }
        None => text,
    };
    let mut parts = day.split('-');
    let number = |part: Option<&str>, len: usize| match part {
        None => Some(None),
        Some(part) if part.len() == len && part.bytes().all(|c| c.is_ascii_digit()) => {
            part.parse::<i16>().ok().map(Some)
        }
        Some(_) => None,
    };
    let (year, month, date) = (number(parts.next(), 4)??, number(parts.next(), 2)?, number(parts.next(), 2)?);
    if parts.next().is_some() || year < 1 {
        return None;
    }
    let month_name =
        |month: i16| crate::person::MONTHS.get(usize::try_from(month).ok()?.checked_sub(1)?).copied();
    match (month, date) {
        (None, _) => Some(year.to_string()),
        (Some(month), None) => Some(format!("{} {year}", month_name(month)?)),
        (Some(month), Some(date)) => {
            jiff::civil::Date::new(year, i8::try_from(month).ok()?, i8::try_from(date).ok()?).ok()?;
            Some(format!("{date} {} {year}", month_name(month)?))
        }
    }
}

/// A list of objects takes at most this many bytes as JSON.
const MAX_LIST: usize = 64 * 1024;

/// A list of objects with known text fields, each of at most `max` characters; unknown keys are kept if they
/// are scalars. Used for what is stored and returned as it came (contract 1.1: phone numbers, addresses).
///
/// # Errors
/// If it is not a list of at most 100 objects, or a text in it is too long.
pub fn object_list(value: Option<&Value>, field: &str, max: usize) -> FieldResult {
    let entries = match value {
        None => return Ok(None),
        Some(Value::Null) => return Ok(Some(json!([]))),
        Some(Value::Array(entries)) if entries.len() <= 100 => entries,
        Some(Value::Array(_)) => {
            return Err(FieldProblem::new(
                field,
                "too_many",
                format!("{field} must have at most 100 entries"),
            ));
        }
        Some(_) => return Err(FieldProblem::new(field, "invalid_type", format!("{field} must be a list"))),
    };
    if serde_json::to_string(entries).is_ok_and(|text| text.len() > MAX_LIST) {
        let message = format!("{field} must have at most {MAX_LIST} bytes in all");
        return Err(FieldProblem::new(field, "too_long", message));
    }
    for (place, entry) in entries.iter().enumerate() {
        let at = format!("{field}.{place}");
        let Value::Object(entry) = entry else {
            return Err(FieldProblem::new(&at, "invalid_type", format!("{at} must be an object")));
        };
        if entry.len() > 40 {
            return Err(FieldProblem::new(&at, "too_many", format!("{at} has too many keys")));
        }
        for (key, value) in entry {
            if value.is_string() {
                text_value(Some(value), &format!("{at}.{key}"), max)?;
            }
        }
    }
    Ok(Some(Value::Array(entries.clone())))
}

/// A list of at most 200 texts, each of at most `max` characters and not blank; `null` clears.
///
/// # Errors
/// If it is not such a list.
pub fn text_list(value: Option<&Value>, field: &str, max: usize) -> FieldResult {
    let entries = match value {
        None => return Ok(None),
        Some(Value::Null) => return Ok(Some(json!([]))),
        Some(Value::Array(entries)) if entries.len() <= 200 => entries,
        Some(Value::Array(_)) => {
            return Err(FieldProblem::new(
                field,
                "too_many",
                format!("{field} must have at most 200 entries"),
            ));
        }
        Some(_) => return Err(FieldProblem::new(field, "invalid_type", format!("{field} must be a list"))),
    };
    let mut texts = Vec::with_capacity(entries.len());
    for (place, entry) in entries.iter().enumerate() {
        let at = format!("{field}.{place}");
        match text_value(Some(entry), &at, max)? {
            Some(Value::String(text)) => texts.push(json!(text)),
            _ => return Err(FieldProblem::new(&at, "required", format!("{at} must not be empty"))),
        }
    }
    Ok(Some(Value::Array(texts)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Option<String> {
        date_value(Some(&json!(text)), "birthDate").ok().flatten().and_then(|v| v.as_str().map(str::to_owned))
    }

    #[test]
    fn dates_come_in_as_iso_or_gedcom_and_uncertainty_stays() {
        assert_eq!(date("1890").as_deref(), Some("1890"));
        assert_eq!(date("1890-03").as_deref(), Some("MAR 1890"));
        assert_eq!(date("1890-03-12").as_deref(), Some("12 MAR 1890"));
        assert_eq!(date("1890-03-12T00:00:00.000Z").as_deref(), Some("12 MAR 1890"));
        assert_eq!(date("abt 1890").as_deref(), Some("ABT 1890"));
        for bad in
            ["1890-13-01", "1890-02-30", "yesterday", "12/03/1890", "1890-3-1", "0000-01-01", "2020-01-01Tx"]
        {
            assert_eq!(date(bad), None, "{bad}");
        }
    }

    #[test]
    fn words_match_without_regard_to_case_and_underscores() {
        let word = |text: &str| enum_value(Some(&json!(text)), "gender", &["Male", "Non-binary"]).unwrap();
        assert_eq!(word("NON_BINARY"), Some(json!("Non-binary")));
        assert!(enum_value(Some(&json!("x")), "gender", &["Male"]).is_err());
        assert!(enum_value(Some(&json!(1)), "gender", &["Male"]).is_err());
    }
}
