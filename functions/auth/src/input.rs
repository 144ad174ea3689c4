//! Fields that more than one request has.

use dzinza_domain::FieldProblem;
use dzinza_domain::fields::Input;
use serde_json::Value;

pub(crate) use dzinza_domain::account::{
    DEFAULT_TIMEZONE, filled_line, language, last_name, line, note, owned_text, timezone, username,
};

/// A secret exactly as it was sent: nobody trims a password.
pub(crate) fn secret(input: Input<'_>, names: &[&str], field: &str) -> Result<Option<String>, FieldProblem> {
    match input.get(names) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(FieldProblem::new(field, "invalid_type", format!("{field} must be a text"))),
    }
}
