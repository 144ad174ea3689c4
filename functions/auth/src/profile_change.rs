//! Reading what of a profile is to change (contract E7).

use dzinza_domain::FieldProblem;
use dzinza_domain::fields::{Input, text_value};
use dzinza_ports::{Body, User, UserChange};
use dzinza_web::Problem;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::Value;

use crate::input::{filled_line, language, last_name, line, note, owned_text, secret, timezone, username};
use crate::passwords::check_length;
use crate::{email, preferences};

/// Nobody sets these for himself.
const FORBIDDEN: &[&str] = &["role", "roles", "isActive", "is_active", "isSuperuser", "is_superuser"];
/// Longest text about oneself, in characters.
const BIO_MAX: usize = 2000;
/// Most bytes of a location as JSON.
const LOCATION_MAX: usize = 4000;

/// What is to change, and what the audit calls it.
pub(crate) struct ProfileChange {
    pub(crate) change: UserChange,
    pub(crate) fields: Vec<&'static str>,
    pub(crate) current_password: Option<String>,
}

impl ProfileChange {
    /// Reads a request.
    ///
    /// # Errors
    /// 403 if it wants what is not the caller's to set, 400 with all fields that break a rule.
    pub(crate) fn read(body: &Body, user: &User, now: Timestamp) -> Result<Self, Problem> {
        let input = Input(body);
        if input.has(FORBIDDEN) {
            return Err(Problem::forbidden("Roles and activity can be set by administrators only"));
        }
        let mut problems = Vec::new();
        let mut change = UserChange::default();
        read_identity(input, user, &mut change, &mut problems);
        read_details(input, now, &mut change, &mut problems);
        read_settings(input, user, &mut change, &mut problems);
        let current_password = note(current_password(input), &mut problems).flatten();
        if !problems.is_empty() {
            return Err(problems.into());
        }
        Ok(Self { fields: names_of(&change), change, current_password })
    }
}

fn read_identity(input: Input<'_>, user: &User, change: &mut UserChange, problems: &mut Vec<FieldProblem>) {
    let first = filled_line(input.get(&["firstName", "first_name"]), "firstName", 50);
    change.first_name = note(first, problems).flatten();
    change.last_name = note(last_name(input, user.last_name.as_deref()), problems).flatten();
    if input.has(&["username"]) {
        change.username =
            note(username(input), problems).flatten().filter(|name| user.username.as_ref() != Some(name));
    }
    if input.has(&["email"]) {
        change.email = note(email::read(input), problems).filter(|email| *email != user.email);
        change.email_verified = change.email.is_some().then_some(false);
    }
}

fn read_details(input: Input<'_>, now: Timestamp, change: &mut UserChange, problems: &mut Vec<FieldProblem>) {
    let text = |read: Option<Option<Value>>| read.flatten().map(owned_text);
    change.phone = text(note(line(input.get(&["phone"]), "phone", 20), problems));
    change.gender = text(note(line(input.get(&["gender"]), "gender", 20), problems));
    change.bio = text(note(text_value(input.get(&["bio"]), "bio", BIO_MAX), problems));
    let born = input.get(&["dateOfBirth", "date_of_birth"]);
    change.date_of_birth = note(birthday(born, now), problems).flatten();
    change.location = match input.get(&["location"]) {
        None => None,
        Some(Value::Null) => Some(None),
        Some(location @ Value::Object(_)) if location.to_string().len() <= LOCATION_MAX => {
            Some(Some(location.clone()))
        }
        Some(Value::Object(_)) => {
            let message = format!("location must have at most {LOCATION_MAX} bytes");
            problems.push(FieldProblem::new("location", "too_long", message));
            None
        }
        Some(_) => {
            problems.push(FieldProblem::new("location", "invalid_type", "location must be an object"));
            None
        }
    };
}

fn read_settings(input: Input<'_>, user: &User, change: &mut UserChange, problems: &mut Vec<FieldProblem>) {
    change.preferred_language = note(language(input), problems).flatten();
    if let Some(wanted) = input.get(&["preferences"]) {
        preferences::merge(wanted, user, change, problems);
    }
    let zone = note(timezone(input.get(&["timezone"]), "timezone"), problems).flatten();
    change.timezone = zone.or(change.timezone.take());
}

#[expect(clippy::option_option, reason = "leave, clear and set are three different wishes")]
fn birthday(value: Option<&Value>, now: Timestamp) -> Result<Option<Option<Date>>, FieldProblem> {
    let text = match line(value, "dateOfBirth", 40)? {
        None => return Ok(None),
        Some(Value::String(text)) => text,
        Some(_) => return Ok(Some(None)),
    };
    let invalid =
        || FieldProblem::new("dateOfBirth", "invalid_date", "dateOfBirth must be a date, such as 1985-11-30");
    let date = parse_day(&text).ok_or_else(invalid)?;
    if date > Zoned::new(now, TimeZone::UTC).date() {
        let message = "dateOfBirth must not be in the future";
        return Err(FieldProblem::new("dateOfBirth", "in_future", message));
    }
    Ok(Some(Some(date)))
}

/// The day of a date or an RFC 3339 time, as it is written: whoever sends midnight means that day.
fn parse_day(text: &str) -> Option<Date> {
    let day = match text.split_once(['T', 't', ' ']) {
        None => text,
        Some((day, _)) => text.parse::<Timestamp>().ok().map(|_| day)?,
    };
    let digits = |part: &str, len| part.len() == len && part.bytes().all(|c| c.is_ascii_digit());
    let parts: Vec<&str> = day.split('-').collect();
    let [year, month, date] = parts.as_slice() else { return None };
    if !(digits(year, 4) && digits(month, 2) && digits(date, 2)) {
        return None;
    }
    let day = Date::new(year.parse().ok()?, month.parse().ok()?, date.parse().ok()?).ok()?;
    (day.year() > 0).then_some(day)
}

fn current_password(input: Input<'_>) -> Result<Option<String>, FieldProblem> {
    let password = secret(input, &["currentPassword", "current_password"], "currentPassword")?;
    if let Some(password) = &password {
        check_length(password, "currentPassword")?;
    }
    Ok(password)
}

fn names_of(change: &UserChange) -> Vec<&'static str> {
    let set = [
        ("email", change.email.is_some()),
        ("username", change.username.is_some()),
        ("firstName", change.first_name.is_some()),
        ("lastName", change.last_name.is_some()),
        ("phone", change.phone.is_some()),
        ("gender", change.gender.is_some()),
        ("dateOfBirth", change.date_of_birth.is_some()),
        ("bio", change.bio.is_some()),
        ("location", change.location.is_some()),
        ("preferredLanguage", change.preferred_language.is_some()),
        ("timezone", change.timezone.is_some()),
        ("preferences.notifications", change.notification_preferences.is_some()),
        ("preferences.privacy", change.privacy_settings.is_some()),
        ("preferences.theme", change.ui_preferences.is_some()),
    ];
    set.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[expect(clippy::option_option, reason = "leave, clear and set are three different wishes")]
    fn born(value: &Value) -> Result<Option<Option<Date>>, FieldProblem> {
        let now: Timestamp = "2026-02-01T12:00:00Z".parse().unwrap();
        birthday(Some(value), now)
    }

    #[test]
    fn birthdays_are_dates_or_times_and_blank_clears() {
        let day = Some(Some(Date::constant(1985, 11, 30)));
        for text in ["1985-11-30", "1985-11-30T00:00:00.000Z", "1985-11-30T00:00:00+02:00"] {
            assert_eq!(born(&json!(text)).unwrap(), day, "{text}");
        }
        assert_eq!(born(&json!("")).unwrap(), Some(None));
        assert_eq!(born(&Value::Null).unwrap(), Some(None));
        assert_eq!(born(&json!("2026-02-01")).unwrap(), Some(Some(Date::constant(2026, 2, 1))));
    }

    #[test]
    fn days_that_do_not_exist_or_have_not_come_are_refused() {
        for bad in [
            "1985-02-30",
            "1985-1-1",
            "30/11/1985",
            "1985",
            "yesterday",
            "0000-01-01",
            "1985-11-30Tx",
            "2026-02-02",
        ] {
            assert!(born(&json!(bad)).is_err(), "{bad}");
        }
        assert!(born(&json!(19_851_130)).is_err());
    }
}
