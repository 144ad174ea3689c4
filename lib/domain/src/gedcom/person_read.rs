use dzinza_gedcom::Record;
use dzinza_gedcom::date::DateValue;
use serde_json::{Value, json};

use super::lists;
use super::payload::{notes, read, read_at};
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
    person.insert("isLiving".into(), json!(!is_dead(record)));
    let lines: [(&str, &[&str]); 6] = [
        ("placeOfBirth", &["BIRT", "PLAC"]),
        ("placeOfDeath", &["DEAT", "PLAC"]),
        ("causeOfDeath", &["DEAT", "CAUS"]),
        ("occupation", &["OCCU"]),
        ("clan", &["_CLAN"]),
        ("tribe", &["_TRIBE"]),
    ];
    for (key, path) in lines {
        set(&mut person, key, read_at(record, path));
    }
    set(&mut person, "totem", fact(record, TOTEM).and_then(read));
    set(&mut person, "praiseName", fact(record, PRAISE).and_then(read));
    set(&mut person, "biography", read_at(record, &["_BIOG"]));
    set(&mut person, "notes", notes(record));
    let titles: Vec<String> = record.children_named("TITL").filter_map(read).collect();
    if !titles.is_empty() {
        person.insert("traditionalTitles".into(), json!(titles));
    }
    let identifiers: Vec<Value> = record.children.iter().filter_map(identifier).collect();
    if !identifiers.is_empty() {
        person.insert("identifiers".into(), json!(identifiers));
    }
    let photo = record.children_named("OBJE").filter_map(|media| media.value_of(&["FILE"]));
    let photo = photo.into_iter().find(|file| file.starts_with("http://") || file.starts_with("https://"));
    set(&mut person, "profilePhotoUrl", photo.map(str::to_owned));
    lists::read_lists(record, &mut person);
    person
}

fn set(person: &mut Body, key: &str, value: Option<String>) {
    if let Some(value) = value {
        person.insert(key.to_owned(), json!(value));
    }
}

/// Whether the record tells of a death, or of what comes after one.
pub(super) fn is_dead(record: &Record) -> bool {
    record.children.iter().any(|event| AFTER_DEATH.contains(&event.tag.as_str()))
}

/// The first `NAME`, by its pieces where it has them, else by its slashes; further ones are the maiden name and
/// alternate names.
fn names(record: &Record, person: &mut Body) {
    let mut all = record.children_named("NAME");
    let Some(name) = all.next() else { return };
    let full = read(name).unwrap_or_default();
    let (before, surname, after) = split_slashes(&full);
    let piece = |tag: &str| read_at(name, &[tag]);
    let part = |part: &str| Some(part.trim().to_owned()).filter(|part| !part.is_empty());
    set(person, "firstName", piece("GIVN").or_else(|| part(before)));
    set(person, "lastName", surname.map_or_else(|| piece("SURN"), part));
    set(person, "nickName", piece("NICK"));
    set(person, "prefix", piece("NPFX"));
    set(person, "suffix", piece("NSFX").or_else(|| part(after)));
    let maiden = maiden_name(record);
    set(person, "maidenName", maiden.and_then(maiden_surname));
    let others: Vec<Value> = alternate_names(record).filter_map(|(_, name)| alternate(name)).collect();
    if !others.is_empty() {
        person.insert("alternateNames".into(), json!(others));
    }
}

/// The further name that gives a maiden name.
pub(super) fn maiden_name(record: &Record) -> Option<&Record> {
    record.children_named("NAME").skip(1).find(|name| maiden_surname(name).is_some())
}

fn maiden_surname(name: &Record) -> Option<String> {
    let kind = read_at(name, &["TYPE"])?;
    let full = read(name).unwrap_or_default();
    let surname = split_slashes(&full).1.map(str::trim).filter(|surname| !surname.is_empty());
    let surname = surname.map(str::to_owned).or_else(|| read_at(name, &["SURN"]));
    surname.filter(|_| kind.eq_ignore_ascii_case("maiden"))
}

/// The further names that are none, each with its place among the lines of the record.
pub(super) fn alternate_names(record: &Record) -> impl Iterator<Item = (usize, &Record)> {
    let maiden = maiden_name(record);
    let named = record.children.iter().enumerate().filter(|(_, line)| line.tag == "NAME");
    named.skip(1).filter(move |(_, name)| !maiden.is_some_and(|maiden| std::ptr::eq(*name, maiden)))
}

/// A name as an entry of `alternateNames`; `None` for one without words.
pub(super) fn alternate(name: &Record) -> Option<Value> {
    let words = read(name)?.replace('/', "");
    let mut entry = json!({ "name": crate::text::join(words.split(' ').map(Some)) });
    if let Some(kind) = read_at(name, &["TYPE"]) {
        entry["type"] = json!(kind);
    }
    Some(entry)
}

/// `Given /Surname/ suffix`; a name without slashes is all given name, as many families have no surname.
pub(super) fn split_slashes(full: &str) -> (&str, Option<&str>, &str) {
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
}

/// Types under which a totem is recorded.
pub(super) const TOTEM: &[&str] = &["totem", "mutupo", "isibongo"];
/// Types under which a praise name is recorded.
pub(super) const PRAISE: &[&str] = &["praise name", "chidawo", "isithakazelo"];

pub(super) fn fact<'a>(record: &'a Record, types: &[&str]) -> Option<&'a Record> {
    let facts = record.children.iter().filter(|child| matches!(child.tag.as_str(), "FACT" | "EVEN"));
    let facts = facts.filter(|fact| !lists::is_entry(fact));
    let mut typed = facts.filter_map(|fact| Some((fact, fact.value_of(&["TYPE"])?.trim().to_lowercase())));
    typed.find(|(_, kind)| types.contains(&kind.as_str())).map(|(fact, _)| fact)
}

fn identifier(child: &Record) -> Option<Value> {
    let kind = match child.tag.as_str() {
        "EMAIL" => "Email",
        "PHON" => "Phone",
        "_UID" | "UID" | "IDNO" | "_IDNO" => {
            let known = ["NationalID", "Passport", "DriverLicense", "BirthCertificate"];
            child.value_of(&["TYPE"]).filter(|kind| known.contains(kind)).unwrap_or("Other")
        }
        _ => return None,
    };
    if lists::is_entry(child) {
        return None;
    }
    read(child).map(|value| json!({ "type": kind, "value": value, "verificationStatus": "Unverified" }))
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
    fn continued_text_and_doubled_at_signs_are_read_as_they_are_meant() {
        let who = read(
            "0 @I1@ INDI\n1 NAME A\n1 OCCU Black\n2 CONC smith\n1 TITL Chief\n2 CONT of Gutu\n1 EMAIL me@@home\n1 DEAT\n2 CAUS un\n3 CONC known\n",
        );
        assert_eq!((&who["occupation"], &who["causeOfDeath"]), (&json!("Blacksmith"), &json!("unknown")));
        assert_eq!(who["traditionalTitles"], json!(["Chief\nof Gutu"]));
        assert_eq!(who["identifiers"][0]["value"], "me@home");
    }

    #[test]
    fn a_maiden_name_is_not_also_an_alternate_one() {
        let who = read(
            "0 @I1@ INDI\n1 NAME Rudo /Moyo/\n1 NAME Rudo /Ncube/\n2 TYPE maiden\n1 NAME Ruru\n2 TYPE aka\n",
        );
        assert_eq!(who["maidenName"], "Ncube");
        assert_eq!(who["alternateNames"], json!([{ "name": "Ruru", "type": "aka" }]));
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
