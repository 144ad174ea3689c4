//! The fields of a person that a caller may write, and reading them from a request.

use serde_json::{Value, json};

use crate::FieldProblem;
use crate::fields::{
    FieldResult, Input, bool_value, date_value, enum_value, object_list, text_list, text_value, url_value,
};
use crate::store::Body;

/// Genders as they are stored.
pub const GENDERS: &[&str] = &["Male", "Female", "Non-binary", "Other", "Unknown"];

const SHOW: &[&str] = &["Public", "FamilyTreeOnly", "Private"];

/// How a field is checked.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    /// A text of at most so many characters.
    Text(usize),
    /// A place: one text of at most 255 characters, or `{city, state, country}`.
    Place,
    /// An address.
    Url,
    /// A date, stored as GEDCOM text.
    Date,
    /// Yes or no.
    Bool,
    /// One of some words.
    Word(&'static [&'static str]),
    /// Texts of at most so many characters.
    Texts(usize),
    /// Objects with texts of at most so many characters.
    Objects(usize),
}

/// A field of a person: the name it is stored under, the other spellings it is accepted under, its rule.
#[derive(Debug, Clone, Copy)]
pub struct PersonField {
    /// Canonical name (contract 1.3).
    pub name: &'static str,
    /// Further spellings, dotted into objects.
    pub aliases: &'static [&'static str],
    /// Its rule.
    pub rule: Rule,
}

const fn field(name: &'static str, aliases: &'static [&'static str], rule: Rule) -> PersonField {
    PersonField { name, aliases, rule }
}

/// Every field of a person that a caller may write.
pub static FIELDS: &[PersonField] = &[
    field("name", &["displayName"], Rule::Text(255)),
    field("firstName", &["first_name", "primary_name.given_name"], Rule::Text(100)),
    field("middleName", &["middle_name"], Rule::Text(100)),
    field("lastName", &["last_name", "primary_name.surname"], Rule::Text(100)),
    field("nickName", &["nickname", "primary_name.nickname"], Rule::Text(100)),
    field("prefix", &["primary_name.prefix"], Rule::Text(50)),
    field("suffix", &["primary_name.suffix"], Rule::Text(50)),
    field("maidenName", &["maiden_name"], Rule::Text(100)),
    field("alternateNames", &["alternate_names"], Rule::Objects(200)),
    field("gender", &[], Rule::Word(GENDERS)),
    field(
        "dateOfBirth",
        &["birthDate.date", "birthDate", "birth_date_string", "birth_date_exact"],
        Rule::Date,
    ),
    field(
        "dateOfDeath",
        &["deathDate.date", "deathDate", "death_date_string", "death_date_exact"],
        Rule::Date,
    ),
    field("isBirthDateEstimated", &["is_birth_date_estimated"], Rule::Bool),
    field("isDeathDateEstimated", &["is_death_date_estimated"], Rule::Bool),
    field("placeOfBirth", &["birthPlace", "birth_place", "place_of_birth"], Rule::Place),
    field("placeOfDeath", &["deathPlace", "death_place", "place_of_death"], Rule::Place),
    field("causeOfDeath", &["cause_of_death"], Rule::Text(255)),
    field("isLiving", &["is_living"], Rule::Bool),
    field("occupation", &[], Rule::Text(255)),
    field("biography", &[], Rule::Text(5000)),
    field("notes", &[], Rule::Text(5000)),
    field("profilePhotoUrl", &["profileImageUrl", "profile_image_url", "profilePhoto"], Rule::Url),
    field("clan", &[], Rule::Text(100)),
    field("tribe", &[], Rule::Text(100)),
    field("totem", &["mutupo"], Rule::Text(100)),
    field("praiseName", &["chidawo", "praise_name"], Rule::Text(100)),
    field("traditionalTitles", &["traditional_titles"], Rule::Texts(200)),
    field("identifiers", &[], Rule::Objects(500)),
    field("privacy", &[], Rule::Word(&["public", "family", "private"])),
    field("facts", &[], Rule::Objects(1000)),
    field("sources", &[], Rule::Objects(2000)),
    field("phoneNumbers", &["phone_numbers"], Rule::Objects(500)),
    field("emailAddresses", &["email_addresses"], Rule::Objects(500)),
    field("addresses", &[], Rule::Objects(1000)),
];

/// `name` is the spelling the caller used, which is the one a problem names.
fn read_field(field: &PersonField, name: &str, value: Option<&Value>) -> FieldResult {
    match field.rule {
        Rule::Text(max) => text_value(value, name, max),
        Rule::Url => url_value(value, name),
        Rule::Date => date_value(value, name),
        Rule::Bool => bool_value(value, name),
        Rule::Word(_) if value.is_some_and(|value| value.is_null() || value == "") => Ok(Some(Value::Null)),
        Rule::Word(words) => enum_value(value, name, words),
        Rule::Place => match value {
            Some(Value::Object(place)) => {
                let part = |key: &str| place.get(key).and_then(Value::as_str);
                let parts = ["name", "city", "state", "country"].iter().filter_map(|key| part(key));
                let named: Vec<&str> = parts.filter(|part| !part.trim().is_empty()).collect();
                text_value(Some(&json!(named.join(", "))), name, 255)
            }
            value => text_value(value, name, 255),
        },
        Rule::Texts(max) => text_list(value, name, max),
        Rule::Objects(max) => object_list(value, name, max),
    }
}

/// Reads the person fields of a request, under whichever spelling; unknown keys are passed over.
///
/// # Errors
/// Every field that breaks its rule.
pub fn read_input(input: &Body) -> Result<Body, Vec<FieldProblem>> {
    let given = Input(input);
    let (mut fields, mut problems) = (Body::new(), Vec::new());
    for field in FIELDS {
        let mut spellings = std::iter::once(field.name).chain(field.aliases.iter().copied());
        let name = spellings.find(|name| given.has(&[name])).unwrap_or(field.name);
        match read_field(field, name, given.get(&[name])) {
            Ok(Some(value)) => drop(fields.insert(field.name.to_owned(), value)),
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
    }
    match read_privacy_settings(given.get(&["privacySettings", "privacy_settings"])) {
        Ok(Some(settings)) => drop(fields.insert("privacySettings".into(), settings)),
        Ok(None) => {}
        Err(problem) => problems.push(problem),
    }
    problems.extend(identifier_problems(&fields));
    if problems.is_empty() { Ok(fields) } else { Err(problems) }
}

fn read_privacy_settings(value: Option<&Value>) -> FieldResult {
    let given = match value {
        None => return Ok(None),
        Some(Value::Null) => return Ok(Some(Value::Null)),
        Some(Value::Object(given)) => given,
        Some(_) => {
            return Err(FieldProblem::new(
                "privacySettings",
                "invalid_type",
                "privacySettings must be an object",
            ));
        }
    };
    let mut settings = Body::new();
    for (key, alias) in [
        ("showProfile", "show_profile"),
        ("showBirthDate", "show_birth_date"),
        ("showDeathDate", "show_death_date"),
    ] {
        let value = given.get(key).or_else(|| given.get(alias));
        if let Some(word) = enum_value(value, &format!("privacySettings.{key}"), SHOW)? {
            settings.insert(key.into(), word);
        }
    }
    Ok(Some(Value::Object(settings)))
}

fn identifier_problems(fields: &Body) -> Vec<FieldProblem> {
    let entries = fields.get("identifiers").and_then(Value::as_array).into_iter().flatten();
    let missing =
        entries.enumerate().filter(|(_, entry)| entry["value"].as_str().is_none_or(|v| v.trim().is_empty()));
    missing.map(|(place, _)| FieldProblem::required(&format!("identifiers.{place}.value"))).collect()
}
