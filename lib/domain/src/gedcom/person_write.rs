//! Persons to `INDI` records.

use dzinza_gedcom::{DateValue, Record};
use serde_json::{Value, json};

use super::lists::{is_entry, write_lists};
use super::payload::{Dialect, child_or_insert, line, put, read, set_line, set_notes};
use super::person_read::{PRAISE, TOTEM, fact, is_dead, read_person};
use crate::person::text;
use crate::store::Body;

/// The `INDI` record of a person: the one it came as with what has changed since, or a new one. Family links
/// (`FAMC`, `FAMS`) are left as they were.
pub fn write_person(person: &Body, xref: &str, dialect: Dialect) -> Record {
    let mut record = super::kept_record(person).unwrap_or_else(|| Record::new("INDI"));
    record.xref = Some(xref.to_owned());
    let before = read_person(&record);
    let mut patch = Patch { record: &mut record, before: &before, now: person, dialect };
    patch.names();
    patch.gender();
    patch.event("BIRT", ("dateOfBirth", "isBirthDateEstimated"), "placeOfBirth", None);
    patch.event("DEAT", ("dateOfDeath", "isDeathDateEstimated"), "placeOfDeath", Some("causeOfDeath"));
    patch.death_without_date();
    patch.fact("totem", TOTEM, "Totem");
    patch.fact("praiseName", PRAISE, "Praise name");
    for (key, tag) in [("occupation", "OCCU"), ("clan", "_CLAN"), ("tribe", "_TRIBE"), ("biography", "_BIOG")]
    {
        if patch.changed(key) {
            set_line(patch.record, tag, text(person, key), dialect);
        }
    }
    patch.titles();
    patch.identifiers();
    if patch.changed("notes") {
        set_notes(patch.record, text(person, "notes"), dialect);
    }
    patch.photo();
    write_lists(&mut record, person, dialect);
    record
}

/// A record that is being changed from what it said to what the person is now.
pub(super) struct Patch<'a> {
    pub(super) record: &'a mut Record,
    pub(super) before: &'a Body,
    pub(super) now: &'a Body,
    pub(super) dialect: Dialect,
}

impl Patch<'_> {
    pub(super) fn changed(&self, key: &str) -> bool {
        text(self.before, key).map(str::trim) != text(self.now, key).map(str::trim)
    }

    fn gender(&mut self) {
        let word = |body: &Body| text(body, "gender").unwrap_or("Unknown").to_owned();
        let now = word(self.now);
        if word(self.before) == now && (self.record.child("SEX").is_some() || now == "Unknown") {
            return;
        }
        let sex = match now.as_str() {
            "Male" => "M",
            "Female" => "F",
            "Non-binary" | "Other" => "X",
            _ => "U",
        };
        child_or_insert(self.record, "SEX").value = Some(sex.to_owned());
    }

    fn event(&mut self, tag: &str, date: (&str, &str), place: &str, cause: Option<&str>) {
        let (then, now) = (event_date(self.before, date), event_date(self.now, date));
        if then != now && (now.is_some() || self.record.child(tag).is_some()) {
            set_line(child_or_insert(self.record, tag), "DATE", now.as_deref(), self.dialect);
        }
        for (key, line) in [(Some(place), "PLAC"), (cause, "CAUS")] {
            let Some(key) = key.filter(|key| self.changed(key)) else { continue };
            let value = text(self.now, key);
            if value.is_some() || self.record.child(tag).is_some() {
                set_line(child_or_insert(self.record, tag), line, value, self.dialect);
            }
        }
        // An event that lost its last fact is only kept if it says that it happened.
        let place = self.record.children.iter().position(|child| child.tag == tag);
        let empty = place.filter(|place| self.record.children[*place].children.is_empty());
        if let Some(place) = empty.filter(|place| then != now && self.record.children[*place].value.is_none())
        {
            self.record.children.remove(place);
        }
    }

    /// A death of which nothing is known but that it happened. One that has facts stays, whatever the flag says.
    fn death_without_date(&mut self) {
        let living = |body: &Body| body.get("isLiving") != Some(&json!(false));
        if living(self.now) {
            let bare = |event: &Record| {
                event.children.is_empty()
                    && event.value.as_deref().is_none_or(|value| matches!(value.trim(), "" | "Y"))
            };
            if !living(self.before) {
                self.record.children.retain(|child| child.tag != "DEAT" || !bare(child));
            }
        } else if !is_dead(self.record) {
            self.record.push(Record::with("DEAT", "Y"));
        }
    }

    fn fact(&mut self, key: &str, types: &[&str], kind: &str) {
        if !self.changed(key) {
            return;
        }
        let known = fact(self.record, types).map(std::ptr::from_ref);
        let place =
            known.and_then(|known| self.record.children.iter().position(|line| std::ptr::eq(line, known)));
        match (place, text(self.now, key)) {
            (Some(place), Some(value)) => put(&mut self.record.children[place], value, self.dialect),
            (Some(place), None) => drop(self.record.children.remove(place)),
            (None, Some(value)) => {
                let mut fact = line("FACT", value, self.dialect);
                fact.push(Record::with("TYPE", kind));
                self.record.push(fact);
            }
            (None, None) => {}
        }
    }

    fn titles(&mut self) {
        let list = |body: &Body| {
            body.get("traditionalTitles").and_then(Value::as_array).cloned().unwrap_or_default()
        };
        let (before, mut now) = (list(self.before), list(self.now));
        if before == now {
            return;
        }
        self.record.children.retain(|child| {
            let title = (child.tag == "TITL").then(|| json!(read(child)));
            let Some(title) = title.filter(|title| !title.is_null()) else { return true };
            let place = now.iter().position(|wanted| *wanted == title);
            place.map(|place| now.remove(place)).is_some()
        });
        let dialect = self.dialect;
        self.record
            .children
            .extend(now.iter().filter_map(Value::as_str).map(|title| line("TITL", title, dialect)));
    }

    fn identifiers(&mut self) {
        let list =
            |body: &Body| body.get("identifiers").and_then(Value::as_array).cloned().unwrap_or_default();
        let same = |one: &Value, two: &Value| one["type"] == two["type"] && one["value"] == two["value"];
        let (before, now) = (list(self.before), list(self.now));
        let gone: Vec<&Value> = before.iter().filter(|old| !now.iter().any(|new| same(old, new))).collect();
        if !gone.is_empty() {
            self.record.children.retain(|child| {
                let tagged =
                    matches!(child.tag.as_str(), "EMAIL" | "PHON" | "_UID" | "UID" | "IDNO" | "_IDNO");
                !tagged
                    || is_entry(child)
                    || !gone.iter().any(|old| old["value"].as_str() == read(child).as_deref())
            });
        }
        for new in now.iter().filter(|new| !before.iter().any(|old| same(old, new))) {
            self.record.push(identifier(new, self.dialect));
        }
    }

    fn photo(&mut self) {
        // A photo of ours came from a shared media record that is still pointed to.
        if !self.changed("profilePhotoUrl")
            || text(self.now, "profilePhotoUrl").is_some_and(|url| url.starts_with("blob:"))
        {
            return;
        }
        let old = text(self.before, "profilePhotoUrl");
        self.record
            .children
            .retain(|child| child.tag != "OBJE" || old.is_none() || child.value_of(&["FILE"]) != old);
        if let Some(url) = text(self.now, "profilePhotoUrl") {
            let mut media = Record::new("OBJE");
            media.push(Record::with("FILE", url));
            self.record.push(media);
        }
    }
}

/// The date of an event as a line says it: one that is a day but only estimated is `ABT` (contract 4.9).
fn event_date(body: &Body, (date, flag): (&str, &str)) -> Option<String> {
    let date = text(body, date)?.trim();
    let about = body.get(flag) == Some(&json!(true)) && DateValue::parse(date).is_exact();
    Some(if about { format!("ABT {date}") } else { date.to_owned() })
}

fn identifier(entry: &Value, dialect: Dialect) -> Record {
    let value = entry["value"].as_str().unwrap_or_default();
    let kind = match entry["type"].as_str() {
        Some("Email") => return line("EMAIL", value, dialect),
        Some("Phone") => return line("PHON", value, dialect),
        kind => kind.unwrap_or("Other"),
    };
    let mut made = line("_IDNO", value, dialect);
    made.push(line("TYPE", kind, dialect));
    for (key, tag) in [("verificationStatus", "STAT"), ("notes", "NOTE")] {
        made.children.extend(entry[key].as_str().map(|text| line(tag, text, dialect)));
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gedcom::keep_record;

    const RAW: &str = "0 @I1@ INDI\n1 NAME Tendai  /Moyo/\n2 SOUR @S1@\n1 SEX M\n1 BIRT\n2 DATE ABT 1890\n2 PLAC Gutu\n3 MAP\n1 _ODD kept\n1 FAMS @F1@\n";

    fn imported() -> Body {
        let record = Record::parse(RAW).unwrap();
        let mut person = read_person(&record);
        keep_record(&mut person, &record);
        person
    }

    #[test]
    fn an_untouched_person_comes_back_line_for_line() {
        assert_eq!(write_person(&imported(), "@I1@", Dialect::Five).to_gedcom(), RAW);
    }

    #[test]
    fn one_changed_fact_changes_one_line() {
        let mut person = imported();
        person.insert("placeOfBirth".into(), json!("Masvingo"));
        assert_eq!(write_person(&person, "@I1@", Dialect::Five).to_gedcom(), RAW.replace("Gutu", "Masvingo"));
    }

    #[test]
    fn a_person_without_a_record_gets_one() {
        let person = json!({ "firstName": "Rudo", "lastName": "Moyo", "gender": "Female", "dateOfBirth": "1990",
            "totem": "Shumba", "notes": "one\ntwo", "isLiving": true });
        let text = write_person(person.as_object().unwrap(), "@P1@", Dialect::Five).to_gedcom();
        for line in [
            "0 @P1@ INDI",
            "1 NAME Rudo /Moyo/",
            "1 SEX F",
            "2 DATE 1990",
            "1 FACT Shumba",
            "2 TYPE Totem",
            "2 CONT two",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
    }
}
