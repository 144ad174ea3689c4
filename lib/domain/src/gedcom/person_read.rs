use dzinza_gedcom::Record;
use dzinza_gedcom::date::DateValue;
use serde_json::{Value, json};

use crate::store::Body;

/// Events that nobody outlives.
const AFTER_DEATH: &[&str] = &["DEAT", "BURI", "CREM", "PROB"];

/// The fields of a person that an `INDI` record states. Pure reading: nothing is judged or cut to length, so
/// that the same record always gives the same fields.
pub fn read_person(record: &Record) -> Body {
    let mut person = Body::new();
    names(record, &mut person);
    let gender = match record.value_of(&["SEX"]).map(str::trim) {
        Some(sex) if sex.eq_ignore_ascii_case("M") => "Male",
        Some(sex) if sex.eq_ignore_ascii_case("F") => "Female",
        Some(sex) if sex.eq_ignore_ascii_case("X") => "Non-binary",
        _ => "Unknown",
    };
    person.insert("gender".into(), json!(gender));
    event(record, "BIRT", "Birth", &mut person);
    event(record, "DEAT", "Death", &mut person);
    set(&mut person, "causeOfDeath", record.value_of(&["DEAT", "CAUS"]));
    let died = AFTER_DEATH.iter().any(|tag| record.child(tag).is_some());
    person.insert("isLiving".into(), json!(!died));
    set(&mut person, "occupation", record.value_of(&["OCCU"]));
    set(&mut person, "clan", record.value_of(&["_CLAN"]));
    set(&mut person, "tribe", record.value_of(&["_TRIBE"]));
    set(&mut person, "totem", fact(record, TOTEM).and_then(|fact| fact.value.as_deref()));
    set(&mut person, "praiseName", fact(record, PRAISE).and_then(|fact| fact.value.as_deref()));
    let biography = record.child("_BIOG").map(Record::text);
    set(&mut person, "biography", biography.as_deref());
    notes(record, &mut person);
    let titles: Vec<&str> = record.children_named("TITL").filter_map(|title| title.value.as_deref()).collect();
    if !titles.is_empty() {
        person.insert("traditionalTitles".into(), json!(titles));
    }
    let identifiers: Vec<Value> = record.children.iter().filter_map(identifier).collect();
    if !identifiers.is_empty() {
        person.insert("identifiers".into(), json!(identifiers));
    }
    let photo = record.children_named("OBJE").filter_map(|media| media.value_of(&["FILE"]));
    let photo = photo.into_iter().find(|file| file.starts_with("http://") || file.starts_with("https://"));
    set(&mut person, "profilePhotoUrl", photo);
    person
}

fn set(person: &mut Body, key: &str, value: Option<&str>) {
    if let Some(value) = value.map(str::trim).filter(|value| !value.is_empty()) {
        person.insert(key.to_owned(), json!(value));
    }
}

/// The first `NAME`, by its pieces where it has them, else by its slashes; further ones are alternate names.
fn names(record: &Record, person: &mut Body) {
    let mut all = record.children_named("NAME");
    let Some(name) = all.next() else { return };
    let full = name.value.as_deref().unwrap_or_default();
    let (before, surname, after) = split_slashes(full);
    let piece = |tag: &str| name.value_of(&[tag]).map(str::trim).filter(|piece| !piece.is_empty());
    set(person, "firstName", piece("GIVN").or(Some(before)));
    set(person, "lastName", surname.or_else(|| piece("SURN")));
    set(person, "nickName", piece("NICK"));
    set(person, "prefix", piece("NPFX"));
    set(person, "suffix", piece("NSFX").or(Some(after)));
    let others: Vec<Value> = all
        .filter_map(|other| {
            let value = other.value.as_deref()?.replace('/', "");
            let mut entry = json!({ "name": crate::text::join([Some(value.as_str())]) });
            if let Some(kind) = other.value_of(&["TYPE"]) {
                entry["type"] = json!(kind);
            }
            Some(entry)
        })
        .collect();
    if !others.is_empty() {
        person.insert("alternateNames".into(), json!(others));
    }
}

/// `Given /Surname/ suffix`; a name without slashes is all given name, as many families have no surname.
fn split_slashes(full: &str) -> (&str, Option<&str>, &str) {
    let Some((before, rest)) = full.split_once('/') else { return (full, None, "") };
    let (surname, after) = rest.split_once('/').unwrap_or((rest, ""));
    (before, Some(surname), after)
}

fn event(record: &Record, tag: &str, word: &str, person: &mut Body) {
    let Some(event) = record.child(tag) else { return };
    if let Some(date) = event.value_of(&["DATE"]).map(str::trim).filter(|date| !date.is_empty()) {
        person.insert(format!("dateOf{word}"), json!(date));
        if !DateValue::parse(date).is_exact() {
            person.insert(format!("is{word}DateEstimated"), json!(true));
        }
    }
    set(person, &format!("placeOf{word}"), event.value_of(&["PLAC"]));
}

/// Types under which a totem is recorded.
pub(super) const TOTEM: &[&str] = &["totem", "mutupo", "isibongo"];
/// Types under which a praise name is recorded.
pub(super) const PRAISE: &[&str] = &["praise name", "chidawo", "isithakazelo"];

pub(super) fn fact<'a>(record: &'a Record, types: &[&str]) -> Option<&'a Record> {
    let facts = record.children.iter().filter(|child| matches!(child.tag.as_str(), "FACT" | "EVEN"));
    let mut typed = facts.filter_map(|fact| Some((fact, fact.value_of(&["TYPE"])?.trim().to_lowercase())));
    typed.find(|(_, kind)| types.contains(&kind.as_str())).map(|(fact, _)| fact)
}

/// Notes written in the record itself; shared ones are records of their own.
fn notes(record: &Record, person: &mut Body) {
    let texts: Vec<String> =
        record.children_named("NOTE").filter(|note| note.pointer().is_none()).map(Record::text).collect();
    let joined = texts.join("\n\n");
    if !joined.trim().is_empty() {
        person.insert("notes".into(), json!(joined));
    }
}

fn identifier(child: &Record) -> Option<Value> {
    let value = child.value.as_deref()?.trim();
    let kind = match child.tag.as_str() {
        "EMAIL" => "Email",
        "PHON" => "Phone",
        "_UID" | "UID" | "IDNO" | "_IDNO" => match child.value_of(&["TYPE"]) {
            Some(known @ ("NationalID" | "Passport" | "DriverLicense" | "BirthCertificate")) => known,
            _ => "Other",
        },
        _ => return None,
    };
    (!value.is_empty()).then(|| json!({ "type": kind, "value": value, "verificationStatus": "Unverified" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Body {
        read_person(&Record::parse(text).unwrap())
    }

    #[test]
    fn names_come_from_pieces_or_slashes_or_are_all_given() {
        let who = read("0 @I1@ INDI\n1 NAME Tendai John /Moyo/ Jr\n2 NICK TJ\n");
        assert_eq!((&who["firstName"], &who["lastName"]), (&json!("Tendai John"), &json!("Moyo")));
        assert_eq!((&who["suffix"], &who["nickName"]), (&json!("Jr"), &json!("TJ")));
        let only = read("0 @I1@ INDI\n1 NAME Nhamo\n");
        assert_eq!(only["firstName"], "Nhamo");
        assert!(!only.contains_key("lastName"));
    }

    #[test]
    fn dates_keep_their_words_and_a_burial_is_a_death() {
        let who = read("0 @I1@ INDI\n1 NAME A //\n1 BIRT\n2 DATE ABT 1890\n2 PLAC Gutu\n1 BURI\n");
        assert_eq!((&who["dateOfBirth"], &who["placeOfBirth"]), (&json!("ABT 1890"), &json!("Gutu")));
        assert_eq!((&who["isBirthDateEstimated"], &who["isLiving"]), (&json!(true), &json!(false)));
    }

    #[test]
    fn totems_and_praise_names_are_facts_of_that_type() {
        let who = read("0 @I1@ INDI\n1 FACT Shumba\n2 TYPE Totem\n1 FACT Murambwi\n2 TYPE Praise name\n");
        assert_eq!((&who["totem"], &who["praiseName"]), (&json!("Shumba"), &json!("Murambwi")));
    }
}
