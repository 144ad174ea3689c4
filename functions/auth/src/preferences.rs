//! Preferences are kept in three columns and the time zone, and shown as one object (contract 2.4): changing them.

use dzinza_domain::FieldProblem;
use dzinza_domain::fields::{Input, bool_value, enum_value};
use dzinza_ports::{Body, User, UserChange};
use dzinza_web::user_view::{THEMES, VISIBILITIES, present_spelling};
use serde_json::{Value, json};

use crate::input::{note, timezone};

const NOTIFICATIONS: &[(&str, &str)] = &[("email", "email"), ("push", "push"), ("newsletter", "newsletter")];
const PRIVACY: &[(&str, &str)] =
    &[("allowMessages", "allow_messages"), ("showOnlineStatus", "show_online_status")];

/// Reads a partial object and lays it over what is stored. What it does not mention stays; `null` goes back
/// to the default.
pub(crate) fn merge(wanted: &Value, user: &User, change: &mut UserChange, problems: &mut Vec<FieldProblem>) {
    let Some(wanted) = part(Some(wanted), "preferences", problems) else { return };
    let input = Input(wanted);
    if let Some(told) = part(input.get(&["notifications"]), "preferences.notifications", problems) {
        let mut stored = object(&user.notification_preferences);
        merge_flags(told, &mut stored, ("preferences.notifications", NOTIFICATIONS), problems);
        change.notification_preferences = Some(Value::Object(stored));
    }
    if let Some(shown) = part(input.get(&["privacy"]), "preferences.privacy", problems) {
        let mut stored = object(&user.privacy_settings);
        merge_flags(shown, &mut stored, ("preferences.privacy", PRIVACY), problems);
        let value = Input(shown).get(&["profileVisibility", "profile_visibility"]);
        let field = "preferences.privacy.profileVisibility";
        merge_word(value, &mut stored, (field, "profileVisibility", VISIBILITIES), problems);
        change.privacy_settings = Some(Value::Object(stored));
    }
    if let Some(theme) = input.get(&["theme"]) {
        let mut stored = object(&user.ui_preferences);
        merge_word(Some(theme), &mut stored, ("preferences.theme", "theme", THEMES), problems);
        change.ui_preferences = Some(Value::Object(stored));
    }
    change.timezone = note(timezone(input.get(&["timezone"]), "preferences.timezone"), problems).flatten();
}

fn merge_flags(
    wanted: &Body,
    stored: &mut Body,
    (path, flags): (&str, &[(&str, &str)]),
    problems: &mut Vec<FieldProblem>,
) {
    for (key, older) in flags {
        let read = bool_value(Input(wanted).get(&[key, older]), &format!("{path}.{key}"));
        set(stored, key, note(read, problems).flatten());
    }
}

fn merge_word(
    value: Option<&Value>,
    stored: &mut Body,
    (field, key, words): (&str, &str, &[&str]),
    problems: &mut Vec<FieldProblem>,
) {
    let cleared = value.filter(|value| value.is_null()).cloned();
    let read = note(enum_value(value, field, words), problems).flatten();
    let read = read.as_ref().and_then(Value::as_str).map(|word| json!(present_spelling(word)));
    set(stored, key, read.or(cleared));
}

fn set(stored: &mut Body, key: &str, value: Option<Value>) {
    match value {
        None => {}
        Some(Value::Null) => drop(stored.remove(key)),
        Some(value) => drop(stored.insert(key.to_owned(), value)),
    }
}

fn part<'a>(value: Option<&'a Value>, field: &str, problems: &mut Vec<FieldProblem>) -> Option<&'a Body> {
    match value {
        None | Some(Value::Null) => None,
        Some(Value::Object(part)) => Some(part),
        Some(_) => {
            problems.push(FieldProblem::new(field, "invalid_type", format!("{field} must be an object")));
            None
        }
    }
}

fn object(stored: &Value) -> Body {
    stored.as_object().cloned().unwrap_or_default()
}
