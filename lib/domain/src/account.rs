//! Fields of accounts, by the rules of everyone who writes them.

use serde_json::Value;

use crate::FieldProblem;
use crate::fields::{FieldResult, Input, enum_value, text_value};

/// The languages the platform speaks.
pub const LANGUAGES: &[&str] = &["en", "sn", "nd"];
/// The time zone of those who named none.
pub const DEFAULT_TIMEZONE: &str = "UTC";

/// A text on one line; otherwise as [`text_value`].
///
/// # Errors
/// If it is no text, is longer, or holds control characters.
pub fn line(value: Option<&Value>, field: &str, max: usize) -> FieldResult {
    let read = text_value(value, field, max)?;
    if read.as_ref().and_then(Value::as_str).is_some_and(|text| text.contains(char::is_control)) {
        let message = format!("{field} must not contain control characters");
        return Err(FieldProblem::new(field, "invalid_characters", message));
    }
    Ok(read)
}

/// A text on one line that must not be blank if it is there.
///
/// # Errors
/// As for [`line()`]; also if it is blank.
pub fn filled_line(value: Option<&Value>, field: &str, max: usize) -> Result<Option<String>, FieldProblem> {
    match line(value, field, max)? {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(FieldProblem::new(field, "required", format!("{field} must not be empty"))),
    }
}

/// A last name must not become empty; one that is (people with a single name) may stay so. `present` is the one there is.
///
/// # Errors
/// As for [`filled_line`].
pub fn last_name(input: Input<'_>, present: Option<&str>) -> Result<Option<String>, FieldProblem> {
    let value = input.get(&["lastName", "last_name"]);
    let blank = value.and_then(Value::as_str).is_some_and(|text| text.trim().is_empty());
    if blank && present.unwrap_or_default().is_empty() {
        return Ok(None);
    }
    filled_line(value, "lastName", 50)
}

/// `en`, `sn` or `nd`; blank and `null` say nothing.
///
/// # Errors
/// If it is another word.
pub fn language(input: Input<'_>) -> Result<Option<String>, FieldProblem> {
    let value = input.get(&["preferredLanguage", "preferred_language"]);
    Ok(enum_value(value, "preferredLanguage", LANGUAGES)?.and_then(owned_text))
}

/// The name of a time zone. Whether it exists depends on whose tables one asks, so only its form is checked.
///
/// # Errors
/// If it has another form, or more than 50 characters.
pub fn timezone(value: Option<&Value>, field: &str) -> Result<Option<String>, FieldProblem> {
    match line(value, field, 50)? {
        None => Ok(None),
        Some(Value::String(zone)) => {
            let form = |c: char| c.is_ascii_alphanumeric() || "_+-/:".contains(c);
            if zone.chars().all(form) {
                return Ok(Some(zone));
            }
            let message = format!("{field} must be the name of a time zone, such as Africa/Harare");
            Err(FieldProblem::new(field, "invalid_timezone", message))
        }
        Some(_) => Ok(Some(DEFAULT_TIMEZONE.to_owned())),
    }
}

/// 3 to 50 letters, digits and underscores; blank and `null` say nothing.
///
/// # Errors
/// If it has another form.
pub fn username(input: Input<'_>) -> Result<Option<String>, FieldProblem> {
    let Some(Value::String(name)) = line(input.get(&["username"]), "username", 50)? else { return Ok(None) };
    if name.len() >= 3 && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_') {
        return Ok(Some(name));
    }
    let message = "username must have 3 to 50 letters, digits or underscores";
    Err(FieldProblem::new("username", "invalid_username", message))
}

/// The text of a value that is one.
pub fn owned_text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// Takes what was read, or notes what is wrong with it, so that a request learns of all its faults at once.
pub fn note<T>(read: Result<T, FieldProblem>, problems: &mut Vec<FieldProblem>) -> Option<T> {
    read.map_err(|problem| problems.push(problem)).ok()
}
