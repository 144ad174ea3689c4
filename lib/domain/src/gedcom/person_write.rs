use dzinza_gedcom::Record;
use serde_json::{Value, json};

use super::person_read::{PRAISE, TOTEM, fact, read_person};
use crate::person::text;
use crate::store::Body;
use crate::text::join;

/// The `INDI` record of a person: the one it came as with what has changed since, or a new one. Family links
/// (`FAMC`, `FAMS`) are left as they were.
pub fn write_person(person: &Body, xref: &str) -> Record {
    let mut record = super::kept_record(person).unwrap_or_else(|| Record::new("INDI"));
    record.xref = Some(xref.to_owned());
    let before = read_person(&record);
    let mut patch = Patch { record: &mut record, before: &before, now: person };
    patch.name();
    patch.gender();
    patch.event("BIRT", "dateOfBirth", "placeOfBirth", None);
    patch.event("DEAT", "dateOfDeath", "placeOfDeath", Some("causeOfDeath"));
    patch.death_without_date();
    patch.fact("totem", TOTEM, "Totem");
    patch.fact("praiseName", PRAISE, "Praise name");
    patch.line("occupation", "OCCU");
    patch.line("clan", "_CLAN");
    patch.line("tribe", "_TRIBE");
    patch.titles();
    patch.identifiers();
    patch.contacts();
    patch.notes();
    patch.long_text("biography", "_BIOG");
    patch.alternate_names();
    patch.photo();
    record
}

struct Patch<'a> {
    record: &'a mut Record,
    before: &'a Body,
    now: &'a Body,
}

impl Patch<'_> {
    fn changed(&self, key: &str) -> bool {
        text(self.before, key).map(str::trim) != text(self.now, key).map(str::trim)
    }

    fn name(&mut self) {
        let keys = ["firstName", "middleName", "lastName", "nickName", "prefix", "suffix", "maidenName"];
        let display = text(self.now, "name").filter(|_| text(self.now, "firstName").is_none());
        let display = display.filter(|_| text(self.now, "lastName").is_none());
        if !keys.iter().any(|key| self.changed(key)) && (display.is_none() || self.record.child("NAME").is_some()) {
            return;
        }
        let now = self.now;
        let given = join([text(now, "firstName"), text(now, "middleName")]);
        let given = if given.is_empty() { display.unwrap_or_default().to_owned() } else { given };
        let surname = text(now, "lastName").map(|surname| format!("/{surname}/"));
        let full = join([Some(given.as_str()), surname.as_deref(), text(now, "suffix")]);
        let name = child_or_insert(self.record, "NAME");
        name.value = Some(full);
        let pieces = [
            ("NPFX", text(now, "prefix")),
            ("GIVN", Some(given.as_str()).filter(|given| !given.is_empty())),
            ("NICK", text(now, "nickName")),
            ("SURN", text(now, "lastName")),
            ("NSFX", text(now, "suffix")),
        ];
        for (tag, piece) in pieces {
            set_line(name, tag, piece);
        }
        if self.changed("maidenName") {
            if let Some(maiden) = text(now, "maidenName") {
                let mut other = Record::with("NAME", format!("{given} /{maiden}/"));
                other.push(Record::with("TYPE", "maiden"));
                self.record.push(other);
            }
        }
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

    fn event(&mut self, tag: &str, date: &str, place: &str, cause: Option<&str>) {
        for (key, line) in [(Some(date), "DATE"), (Some(place), "PLAC"), (cause, "CAUS")] {
            let Some(key) = key.filter(|key| self.changed(key)) else { continue };
            let value = text(self.now, key);
            if value.is_some() || self.record.child(tag).is_some() {
                set_line(child_or_insert(self.record, tag), line, value);
            }
        }
        // An event that lost its last fact is only kept if it says that it happened.
        let empty = self.record.child(tag).is_some_and(|event| event.children.is_empty() && event.value.is_none());
        if empty && self.changed(date) {
            self.record.children.retain(|child| child.tag != tag);
        }
    }

    fn death_without_date(&mut self) {
        let living = |body: &Body| body.get("isLiving") != Some(&json!(false));
        match (living(self.before), living(self.now)) {
            (true, false) if self.record.child("DEAT").is_none() => {
                self.record.push(Record::with("DEAT", "Y"));
            }
            (false, true) => self.record.children.retain(|child| child.tag != "DEAT"),
            _ => {}
        }
    }

    fn fact(&mut self, key: &str, types: &[&str], kind: &str) {
        if !self.changed(key) {
            return;
        }
        let line = fact(self.record, types).map(|fact| fact as *const Record);
        let place = line.and_then(|line| self.record.children.iter().position(|child| std::ptr::eq(child, line)));
        match (place, text(self.now, key)) {
            (Some(place), Some(value)) => {
                if let Some(fact) = self.record.children.get_mut(place) {
                    fact.value = Some(value.to_owned());
                }
            }
            (Some(place), None) => drop(self.record.children.remove(place)),
            (None, Some(value)) => {
                let mut fact = Record::with("FACT", value);
                fact.push(Record::with("TYPE", kind));
                self.record.push(fact);
            }
            (None, None) => {}
        }
    }

    fn line(&mut self, key: &str, tag: &str) {
        if self.changed(key) {
            set_line(self.record, tag, text(self.now, key));
        }
    }

    fn titles(&mut self) {
        let list = |body: &Body| body.get("traditionalTitles").cloned().unwrap_or_else(|| json!([]));
        let now = list(self.now);
        if list(self.before) == now {
            return;
        }
        self.record.children.retain(|child| child.tag != "TITL");
        for title in now.as_array().into_iter().flatten().filter_map(Value::as_str) {
            self.record.push(Record::with("TITL", title));
        }
    }

    fn identifiers(&mut self) {
        let list = |body: &Body| body.get("identifiers").and_then(Value::as_array).cloned().unwrap_or_default();
        let same = |one: &Value, two: &Value| one["type"] == two["type"] && one["value"] == two["value"];
        let (before, now) = (list(self.before), list(self.now));
        let gone: Vec<&Value> = before.iter().filter(|old| !now.iter().any(|new| same(old, new))).collect();
        self.record.children.retain(|child| {
            let tagged = matches!(child.tag.as_str(), "EMAIL" | "PHON" | "_UID" | "UID" | "IDNO" | "_IDNO");
            !tagged || !gone.iter().any(|old| old["value"].as_str() == child.value.as_deref().map(str::trim))
        });
        for new in now.iter().filter(|new| !before.iter().any(|old| same(old, new))) {
            let value = new["value"].as_str().unwrap_or_default();
            let mut line = match new["type"].as_str() {
                Some("Email") => Record::with("EMAIL", value),
                Some("Phone") => Record::with("PHON", value),
                kind => {
                    let mut line = Record::with("_IDNO", value);
                    line.push(Record::with("TYPE", kind.unwrap_or("Other")));
                    line
                }
            };
            for (key, tag) in [("verificationStatus", "STAT"), ("notes", "NOTE")] {
                if let (true, Some(text)) = (line.tag == "_IDNO", new[key].as_str()) {
                    line.push(Record::with(tag, text));
                }
            }
            self.record.push(line);
        }
    }

    /// Telephone numbers, mail and postal addresses of the simple API; a record never brings them.
    fn contacts(&mut self) {
        let list = |key: &str| self.now.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        let mut lines = Vec::new();
        for (key, value, tag) in [("phoneNumbers", "phoneNumber", "PHON"), ("emailAddresses", "emailAddress", "EMAIL")] {
            let values = list(key);
            lines.extend(values.iter().filter_map(|e| e[value].as_str()).map(|v| Record::with(tag, v)));
        }
        for address in list("addresses") {
            let part = |key: &str| address[key].as_str();
            let parts = ["streetAddress1", "streetAddress2", "city", "stateProvince", "postalCode", "country"];
            let named: Vec<&str> = parts.iter().filter_map(|key| part(key)).filter(|p| !p.trim().is_empty()).collect();
            let mut home = Record::new("RESI");
            let mut line = Record::new("ADDR");
            line.set_text(&named.join("\n"));
            home.push(line);
            lines.push(home);
        }
        let known: Vec<Option<String>> = self.record.children.iter().map(|child| child.value.clone()).collect();
        for line in lines {
            if line.tag == "RESI" || !known.contains(&line.value) {
                self.record.push(line);
            }
        }
    }

    fn notes(&mut self) {
        if !self.changed("notes") {
            return;
        }
        self.record.children.retain(|child| child.tag != "NOTE" || child.pointer().is_some());
        if let Some(notes) = text(self.now, "notes") {
            let mut line = Record::new("NOTE");
            line.set_text(notes);
            self.record.push(line);
        }
    }

    fn long_text(&mut self, key: &str, tag: &str) {
        if !self.changed(key) {
            return;
        }
        self.record.children.retain(|child| child.tag != tag);
        if let Some(value) = text(self.now, key) {
            let mut line = Record::new(tag);
            line.set_text(value);
            self.record.push(line);
        }
    }

    fn alternate_names(&mut self) {
        let list = |body: &Body| body.get("alternateNames").and_then(Value::as_array).cloned().unwrap_or_default();
        let now = list(self.now);
        if list(self.before) == now {
            return;
        }
        let mut first = true;
        self.record.children.retain(|child| child.tag != "NAME" || std::mem::take(&mut first));
        for name in now {
            let parts = [name["given_name"].as_str(), name["surname"].as_str()];
            let full = name["name"].as_str().map_or_else(|| join(parts), str::to_owned);
            let mut line = Record::with("NAME", full);
            if let Some(kind) = name["type"].as_str() {
                line.push(Record::with("TYPE", kind));
            }
            self.record.push(line);
        }
    }

    fn photo(&mut self) {
        // A photo of ours came from a shared media record that is still pointed to.
        if !self.changed("profilePhotoUrl") || text(self.now, "profilePhotoUrl").is_some_and(|url| url.starts_with("blob:")) {
            return;
        }
        let old = text(self.before, "profilePhotoUrl");
        self.record.children.retain(|child| child.tag != "OBJE" || old.is_none() || child.value_of(&["FILE"]) != old);
        if let Some(url) = text(self.now, "profilePhotoUrl") {
            let mut media = Record::new("OBJE");
            media.push(Record::with("FILE", url));
            self.record.push(media);
        }
    }
}

/// The first child with this tag, made if there is none.
fn child_or_insert<'a>(record: &'a mut Record, tag: &str) -> &'a mut Record {
    let place = record.children.iter().position(|child| child.tag == tag);
    let place = place.unwrap_or_else(|| {
        record.children.push(Record::new(tag));
        record.children.len() - 1
    });
    &mut record.children[place]
}

fn set_line(record: &mut Record, tag: &str, value: Option<&str>) {
    match value {
        Some(value) => child_or_insert(record, tag).value = Some(value.to_owned()),
        None => {
            if let Some(place) = record.children.iter().position(|child| child.tag == tag) {
                record.children.remove(place);
            }
        }
    }
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
        assert_eq!(write_person(&imported(), "@I1@").to_gedcom(), RAW);
    }

    #[test]
    fn one_changed_fact_changes_one_line() {
        let mut person = imported();
        person.insert("placeOfBirth".into(), json!("Masvingo"));
        assert_eq!(write_person(&person, "@I1@").to_gedcom(), RAW.replace("Gutu", "Masvingo"));
    }

    #[test]
    fn a_person_without_a_record_gets_one() {
        let person = json!({ "firstName": "Rudo", "lastName": "Moyo", "gender": "Female", "dateOfBirth": "1990",
            "totem": "Shumba", "notes": "one\ntwo", "isLiving": true });
        let text = write_person(person.as_object().unwrap(), "@P1@").to_gedcom();
        for line in ["0 @P1@ INDI", "1 NAME Rudo /Moyo/", "1 SEX F", "2 DATE 1990", "1 FACT Shumba", "2 TYPE Totem", "2 CONT two"] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
    }
}
