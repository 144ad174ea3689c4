//! Preferences are kept in three columns and the time zone, and shown as one object (contract 2.4).

use dzinza_domain::FieldProblem;
use dzinza_domain::fields::{Input, bool_value, enum_value};
use dzinza_ports::{Body, User, UserChange};
use serde_json::{Value, json};

use crate::input::{note, timezone};
use crate::wire::{NotificationPreferences, Preferences, PrivacyPreferences};

const VISIBILITIES: &[&str] = &["public", "family", "private", "friends_only"];
const THEMES: &[&str] = &["light", "dark", "auto", "system"];
const DEFAULT_VISIBILITY: &str = "private";
const DEFAULT_THEME: &str = "light";

const NOTIFICATIONS: &[(&str, &str)] = &[("email", "email"), ("push", "push"), ("newsletter", "newsletter")];
const PRIVACY: &[(&str, &str)] =
    &[("allowMessages", "allow_messages"), ("showOnlineStatus", "show_online_status")];

/// What is stored, with the defaults where nothing is.
pub(crate) fn view(user: &User) -> Preferences {
    let flag = |part: &Value, key: &str| part.get(key).and_then(Value::as_bool).unwrap_or(false);
    let (told, shown) = (&user.notification_preferences, &user.privacy_settings);
    let word = |value: Option<&Value>, field, words| {
        enum_value(value, field, words).ok().flatten().and_then(|word| word.as_str().map(present_spelling))
    };
    Preferences {
        notifications: NotificationPreferences {
            email: flag(told, "email"),
            push: flag(told, "push"),
            newsletter: flag(told, "newsletter"),
        },
        privacy: PrivacyPreferences {
            profile_visibility: word(shown.get("profileVisibility"), "profileVisibility", VISIBILITIES)
                .unwrap_or(DEFAULT_VISIBILITY)
                .to_owned(),
            allow_messages: flag(shown, "allowMessages"),
            show_online_status: flag(shown, "showOnlineStatus"),
        },
        theme: word(user.ui_preferences.get("theme"), "theme", THEMES).unwrap_or(DEFAULT_THEME).to_owned(),
        timezone: user.timezone.clone(),
    }
}

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

/// The words of older versions under the names of today.
fn present_spelling(word: &str) -> &'static str {
    match word {
        "public" => "public",
        "family" | "friends_only" => "family",
        "dark" => "dark",
        "auto" | "system" => "auto",
        "light" => DEFAULT_THEME,
        _ => DEFAULT_VISIBILITY,
    }
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
