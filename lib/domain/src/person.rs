//! Persons: their fields under every spelling, names, dates and what is derived from them.

mod input;

use dzinza_gedcom::date::{DateValue, Qualifier};
use serde_json::{Value, json};

use crate::FieldProblem;
use crate::gedcom::index_cites;
use crate::privacy;
use crate::store::Body;
use crate::text::{fold, join};
use crate::when::doubt;

pub use input::{FIELDS, GENDERS, PersonField, Rule, read_input};

/// GEDCOM's months.
pub const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// Applies changed fields to a person. `null` clears; the living rule of contract 4.3 is kept.
///
/// # Errors
/// If the person would have no name at all, or would die before being born.
pub fn apply(person: &mut Body, mut changes: Body) -> Result<(), Vec<FieldProblem>> {
    keep_what_was_shown(person, &mut changes)?;
    // Only a death that was known by its date is taken back by clearing the date.
    let back_to_life = text(person, "dateOfDeath").is_some()
        && changes.get("dateOfDeath").is_some_and(Value::is_null)
        && !changes.contains_key("isLiving");
    let dates = [("dateOfBirth", "isBirthDateEstimated"), ("dateOfDeath", "isDeathDateEstimated")];
    let judged = dates.map(|(date, flag)| changes.contains_key(date) && !changes.contains_key(flag));
    merge(person, changes);
    if text(person, "dateOfDeath").is_some() {
        person.insert("isLiving".into(), json!(false));
    } else if back_to_life {
        person.insert("isLiving".into(), json!(true));
    }
    for ((date, flag), judged) in dates.into_iter().zip(judged) {
        let uncertain = text(person, date).is_some_and(|text| !DateValue::parse(text).is_exact());
        if uncertain {
            person.insert(flag.into(), json!(true));
        } else if judged {
            person.remove(flag);
        }
    }
    if ["firstName", "middleName", "lastName"].iter().any(|part| text(person, part).is_some()) {
        // The parts are the name; a copy of their sum would outlive their next change.
        person.remove("name");
    }
    check(person)?;
    refresh(person);
    Ok(())
}

/// `null` clears; privacy settings change key by key.
fn merge(person: &mut Body, changes: Body) {
    for (key, value) in changes {
        match (person.get_mut(&key), value) {
            (_, Value::Null) => drop(person.remove(&key)),
            (Some(Value::Object(settings)), Value::Object(changed)) if key == "privacySettings" => {
                settings.extend(changed);
            }
            (_, value) => drop(person.insert(key, value)),
        }
    }
}

/// A form that was filled from what we showed sends back `1890` for `ABT 1890`, `other` for `Non-binary` and the
/// signed address of a photo: that is no change.
fn keep_what_was_shown(person: &Body, changes: &mut Body) -> Result<(), Vec<FieldProblem>> {
    if text(person, "gender") == Some("Non-binary") && text(changes, "gender") == Some("Other") {
        changes.remove("gender");
    }
    if let Some(shown) = text(changes, "profilePhotoUrl").and_then(|url| url.strip_prefix("/blobs/")) {
        let key = shown.split('?').next();
        if key.is_none() || text(person, "profilePhotoUrl").and_then(|url| url.strip_prefix("blob:")) != key {
            let message = "profilePhotoUrl must be an http or https address";
            return Err(vec![FieldProblem::new("profilePhotoUrl", "invalid_url", message)]);
        }
        changes.remove("profilePhotoUrl");
    }
    for key in ["dateOfBirth", "dateOfDeath"] {
        let (Some(old), Some(new)) = (text(person, key), text(changes, key)) else { continue };
        if shown_date(old).is_some() && shown_date(old) == shown_date(new) && is_plain(&DateValue::parse(new))
        {
            changes.remove(key);
        }
    }
    Ok(())
}

fn check(person: &Body) -> Result<(), Vec<FieldProblem>> {
    if display_name(person).is_empty() {
        let message = "Give at least one of name, firstName, lastName or nickname";
        return Err(vec![FieldProblem::new("name", "required", message)]);
    }
    let range = |key| text(person, key).and_then(|text| DateValue::parse(text).range());
    if let (Some((born, _)), Some((_, died))) = (range("dateOfBirth"), range("dateOfDeath"))
        && born > died
    {
        let message = "The date of death must not be before the date of birth";
        return Err(vec![FieldProblem::new("dateOfDeath", "death_before_birth", message)]);
    }
    Ok(())
}

/// Recomputes what a person is found and sorted by.
pub fn refresh(person: &mut Body) {
    let name = display_name(person);
    let surname = text(person, "lastName").unwrap_or_default();
    let given = join([text(person, "firstName"), text(person, "middleName")]);
    let rest = if given.is_empty() && surname.is_empty() { &name } else { &given };
    let mut names = fold(&name);
    for key in ["nickName", "maidenName", "name"] {
        if let Some(other) = text(person, key).map(fold).filter(|other| !names.contains(other.as_str())) {
            names.push(' ');
            names.push_str(&other);
        }
    }
    let birth = text(person, "dateOfBirth").map(DateValue::parse);
    // A birth date that only editors may see must not show in how a list is sorted either.
    let told = birth.as_ref().filter(|_| !birth_is_private(person));
    let estimated = person.get("isBirthDateEstimated") == Some(&json!(true));
    let mut index = json!({
        "sortName": format!("{}\u{1}{}", fold(surname), fold(rest)),
        "names": names,
        "birthDay": told.and_then(DateValue::sort_day),
        "livingUntil": privacy::living_until(person, birth.as_ref()),
    });
    if let Some(doubt) = told.and_then(|birth| doubt(birth, estimated)) {
        index["birthDoubt"] = json!(doubt);
    }
    person.insert("index".into(), index);
    index_cites(person);
}

fn birth_is_private(person: &Body) -> bool {
    let private = |value: &Value| value.as_str().is_some_and(|word| word.eq_ignore_ascii_case("private"));
    let settings = person.get("privacySettings");
    let group = |key: &str| settings.and_then(|settings| settings.get(key)).is_some_and(private);
    person.get("privacy").is_some_and(private) || group("showProfile") || group("showBirthDate")
}

/// First, middle and last name; else the nickname; else the name as it was given. Empty only if there is none.
pub fn display_name(person: &Body) -> String {
    let parts = join([text(person, "firstName"), text(person, "middleName"), text(person, "lastName")]);
    if !parts.is_empty() {
        return parts;
    }
    let other = text(person, "name").or_else(|| text(person, "nickName")).unwrap_or_default();
    other.trim().to_owned()
}

/// A date for the wire: the ISO day if it is one, else the ISO month or year that it names, so that nothing is
/// claimed which nobody knows. `None` for dates without a year.
pub fn shown_date(gedcom: &str) -> Option<String> {
    let date = DateValue::parse(gedcom);
    if let Some((year, month, day)) = date.exact_ymd() {
        return Some(format!("{year:04}-{month:02}-{day:02}"));
    }
    let year = date.year()?;
    let month = if is_plain(&date) { month_of(gedcom) } else { None };
    Some(month.map_or_else(|| format!("{year:04}"), |month| format!("{year:04}-{month:02}")))
}

/// A date without `ABT`, `BEF` and the like, though perhaps without day or month.
fn is_plain(date: &DateValue) -> bool {
    date.qualifier() == Qualifier::Exact
}

/// The month of `MAR 1890`.
fn month_of(gedcom: &str) -> Option<usize> {
    let (month, year) = gedcom.trim().split_once(' ')?;
    year.parse::<u16>().ok()?;
    MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month)).map(|place| place + 1)
}

/// A text field that is there and not blank.
pub fn text<'a>(person: &'a Body, key: &str) -> Option<&'a str> {
    person.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(value: Value) -> Body {
        let Value::Object(body) = value else { panic!("an object") };
        body
    }

    fn person(value: Value) -> Result<Body, Vec<FieldProblem>> {
        let mut person = Body::new();
        apply(&mut person, read_input(&body(value))?)?;
        Ok(person)
    }

    #[test]
    fn any_one_name_is_enough_and_none_is_too_few() {
        for key in ["name", "firstName", "lastName", "nickname"] {
            assert_eq!(display_name(&person(json!({ key: "Nhamo" })).unwrap()), "Nhamo", "{key}");
        }
        assert_eq!(person(json!({ "firstName": " " })).unwrap_err()[0].field, "name");
    }

    #[test]
    fn a_death_ends_the_life_and_clearing_it_restores_it() {
        let mut who = person(json!({ "name": "A", "deathDate": "1950" })).unwrap();
        assert_eq!(who["isLiving"], false);
        apply(&mut who, read_input(&body(json!({ "deathDate": "" }))).unwrap()).unwrap();
        assert_eq!(who["isLiving"], true);
        assert!(person(json!({ "name": "A", "birthDate": "1951", "deathDate": "1950" })).is_err());
        assert!(person(json!({ "name": "A", "birthDate": "ABT 1950", "deathDate": "1950" })).is_ok());
    }

    #[test]
    fn an_uncertain_date_stays_uncertain_when_the_form_sends_it_back() {
        let mut who = person(json!({ "name": "A", "birthDate": "ABT 1890" })).unwrap();
        assert_eq!(shown_date("ABT 1890").as_deref(), Some("1890"));
        apply(&mut who, read_input(&body(json!({ "birthDate": "1890", "occupation": "Smith" }))).unwrap())
            .unwrap();
        assert_eq!(who["dateOfBirth"], "ABT 1890");
        assert_eq!(who["isBirthDateEstimated"], true);
    }

    #[test]
    fn clearing_a_date_that_was_never_known_leaves_the_dead_dead() {
        let mut who = person(json!({ "name": "A", "isLiving": false })).unwrap();
        apply(&mut who, read_input(&body(json!({ "deathDate": null }))).unwrap()).unwrap();
        assert_eq!(who["isLiving"], false);
    }

    #[test]
    fn a_better_date_is_no_longer_estimated() {
        let mut who = person(json!({ "name": "A", "birthDate": "ABT 1890" })).unwrap();
        apply(&mut who, read_input(&body(json!({ "birthDate": "1890-03-12" }))).unwrap()).unwrap();
        assert!(!who.contains_key("isBirthDateEstimated"));
    }

    #[test]
    fn a_photo_of_ours_survives_the_form_and_cannot_be_named_by_callers() {
        let mut who = person(json!({ "name": "A" })).unwrap();
        who.insert("profilePhotoUrl".into(), json!("blob:demo/a.svg"));
        let echo = json!({ "profileImageUrl": "/blobs/demo/a.svg?expires=1&signature=x" });
        apply(&mut who, read_input(&body(echo)).unwrap()).unwrap();
        assert_eq!(who["profilePhotoUrl"], "blob:demo/a.svg");
        assert!(read_input(&body(json!({ "profileImageUrl": "blob:imports/x.ged" }))).is_err());
        let other = read_input(&body(json!({ "profileImageUrl": "/blobs/imports/x.ged" }))).unwrap();
        assert!(apply(&mut who, other).is_err());
    }

    #[test]
    fn privacy_settings_change_key_by_key() {
        let mut who =
            person(json!({ "name": "A", "privacySettings": { "showProfile": "Private" } })).unwrap();
        let more = json!({ "privacySettings": { "showBirthDate": "Private" } });
        apply(&mut who, read_input(&body(more)).unwrap()).unwrap();
        assert_eq!(who["privacySettings"]["showProfile"], "Private");
    }

    #[test]
    fn a_private_birth_leaves_no_trace_in_what_is_derived() {
        let mut who = person(json!({ "name": "A", "birthDate": "1890" })).unwrap();
        assert_eq!(who["index"]["birthDoubt"], "0 364");
        let private = json!({ "privacySettings": { "showBirthDate": "Private" } });
        apply(&mut who, read_input(&body(private)).unwrap()).unwrap();
        assert_eq!((&who["index"]["birthDay"], who["index"].get("birthDoubt")), (&Value::Null, None));
    }

    #[test]
    fn older_spellings_are_read() {
        let who = person(
            json!({ "primary_name": { "given_name": "Tendai", "surname": "Moyo" }, "is_living": false }),
        );
        let who = who.unwrap();
        assert_eq!((display_name(&who).as_str(), &who["isLiving"]), ("Tendai Moyo", &json!(false)));
    }
}
