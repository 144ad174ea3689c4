//! Names: what changed is changed, the rest stays as it was written.

use dzinza_gedcom::Record;
use serde_json::{Value, json};

use super::payload::{line, put, read, set_line};
use super::person_read::{alternate, alternate_names, maiden_name, split_slashes};
use super::person_write::Patch;
use crate::person::text;
use crate::store::Body;
use crate::text::join;

/// First and middle name; the whole name of someone who has only that.
fn given(body: &Body) -> String {
    let given = join([text(body, "firstName"), text(body, "middleName")]);
    if given.is_empty() && text(body, "lastName").is_none() {
        return text(body, "name").unwrap_or_default().trim().to_owned();
    }
    given
}

/// A slash delimits the surname and cannot be part of anything.
fn plain(part: &str) -> String {
    part.replace('/', " ")
}

/// Puts a new part where the old one stands in a text that may hold more (`Dr. John`).
fn replaced(text: &str, old: &str, new: &str) -> String {
    if !old.is_empty() && text.contains(old) { text.replacen(old, &plain(new), 1) } else { plain(new) }
}

impl Patch<'_> {
    pub(super) fn names(&mut self) {
        match self.record.children.iter().position(|line| line.tag == "NAME") {
            Some(place) => self.name(place),
            None => self.first_name(),
        }
        self.alternates();
        self.maiden();
    }

    /// The name of someone whose record had none.
    fn first_name(&mut self) {
        let keys = ["nickName", "prefix", "suffix", "lastName"];
        let given = given(self.now);
        if given.is_empty() && !keys.iter().any(|key| text(self.now, key).is_some()) {
            return;
        }
        let surname = text(self.now, "lastName");
        let mut name = Record::new("NAME");
        let full = full_name(&given, surname, text(self.now, "suffix").unwrap_or_default());
        if !full.is_empty() {
            put(&mut name, &full, self.dialect);
        }
        let pieces = [
            ("NPFX", text(self.now, "prefix")),
            ("GIVN", Some(given.as_str()).filter(|given| !given.is_empty())),
            ("NICK", text(self.now, "nickName")),
            ("SURN", surname),
            ("NSFX", text(self.now, "suffix")),
        ];
        for (tag, piece) in pieces {
            name.children.extend(piece.map(|piece| line(tag, piece, self.dialect)));
        }
        self.record.children.insert(0, name);
    }

    fn name(&mut self, place: usize) {
        let (old, new) = (given(self.before), given(self.now));
        let (given_changed, last_changed) = (old != new, self.changed("lastName"));
        let suffix_changed = self.changed("suffix");
        let (before, now, dialect) = (self.before, self.now, self.dialect);
        let pieces =
            [("NICK", "nickName"), ("NPFX", "prefix")].map(|(tag, key)| (tag, key, self.changed(key)));
        let name = &mut self.record.children[place];
        if given_changed || last_changed || suffix_changed {
            let full = read(name).unwrap_or_default();
            let (head, surname, tail) = split_slashes(&full);
            let head = if given_changed { replaced(head, &old, &new) } else { head.to_owned() };
            let surname = if last_changed { text(now, "lastName") } else { surname };
            let tail = match (suffix_changed, text(now, "suffix")) {
                (false, _) => tail.to_owned(),
                (true, suffix) => {
                    replaced(tail, text(before, "suffix").unwrap_or_default(), suffix.unwrap_or_default())
                }
            };
            put(name, &full_name(&head, surname, &tail), dialect);
            name.value = name.value.take().filter(|full| !full.is_empty());
        }
        for (tag, key, changed) in pieces {
            if changed {
                set_line(name, tag, text(now, key), dialect);
            }
        }
        let has = |name: &Record, tag: &str| name.child(tag).is_some();
        if given_changed && has(name, "GIVN") {
            set_line(name, "GIVN", Some(new.as_str()).filter(|new| !new.is_empty()), dialect);
        }
        if suffix_changed && has(name, "NSFX") {
            set_line(name, "NSFX", text(now, "suffix"), dialect);
        }
        if last_changed && (has(name, "SURN") || has(name, "SPFX")) {
            // `van Beethoven` is SPFX `van` and SURN `Beethoven`.
            let last = text(now, "lastName");
            let prefix = name.child("SPFX").and_then(read).map(|prefix| format!("{prefix} "));
            let rest = last.zip(prefix).and_then(|(last, prefix)| last.strip_prefix(prefix.as_str()));
            if rest.is_none() {
                set_line(name, "SPFX", None, dialect);
            }
            set_line(name, "SURN", rest.or(last), dialect);
        }
    }

    /// A maiden name is a further name of that type.
    fn maiden(&mut self) {
        if !self.changed("maidenName") {
            return;
        }
        let known = maiden_name(self.record).map(std::ptr::from_ref);
        let place =
            known.and_then(|known| self.record.children.iter().position(|line| std::ptr::eq(line, known)));
        match (place, text(self.now, "maidenName")) {
            (Some(place), None) => drop(self.record.children.remove(place)),
            (Some(place), Some(maiden)) => {
                let dialect = self.dialect;
                let name = &mut self.record.children[place];
                let full = read(name).unwrap_or_default();
                let (head, _, tail) = split_slashes(&full);
                put(name, &full_name(head, Some(maiden), tail), dialect);
                if name.child("SURN").is_some() {
                    set_line(name, "SPFX", None, dialect);
                    set_line(name, "SURN", Some(maiden), dialect);
                }
            }
            (None, Some(maiden)) => {
                let mut name = line("NAME", &full_name(&given(self.now), Some(maiden), ""), self.dialect);
                name.push(Record::with("TYPE", "maiden"));
                self.push_name(name);
            }
            (None, None) => {}
        }
    }

    fn alternates(&mut self) {
        let list =
            |body: &Body| body.get("alternateNames").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut wanted = list(self.now);
        if list(self.before) == wanted {
            return;
        }
        let known: Vec<(usize, Value)> = alternate_names(self.record)
            .filter_map(|(place, name)| Some((place, alternate(name)?)))
            .collect();
        let mut gone = Vec::new();
        for (place, entry) in known {
            match wanted.iter().position(|wanted| alternate_key(wanted) == alternate_key(&entry)) {
                Some(same) => drop(wanted.remove(same)),
                None => gone.push(place),
            }
        }
        for place in gone.into_iter().rev() {
            self.record.children.remove(place);
        }
        for entry in wanted {
            let (given, surname) = (entry["given_name"].as_str(), entry["surname"].as_str());
            let full = entry["name"]
                .as_str()
                .map_or_else(|| full_name(given.unwrap_or_default(), surname, ""), str::to_owned);
            if full.trim().is_empty() {
                continue;
            }
            let mut name = line("NAME", &full, self.dialect);
            name.children.extend(entry["type"].as_str().map(|kind| line("TYPE", kind, self.dialect)));
            self.push_name(name);
        }
    }

    /// After the last name: the first is the one the person goes by.
    fn push_name(&mut self, name: Record) {
        let last = self.record.children.iter().rposition(|line| line.tag == "NAME");
        let place = last.map_or(0, |last| last + 1);
        // Without any name before it, the further one would be taken for the first.
        if last.is_none() {
            self.record.children.insert(0, Record::new("NAME"));
        }
        self.record.children.insert(place + usize::from(last.is_none()), name);
    }
}

/// What tells an alternate name from another: its words and its type, however it is cut up.
fn alternate_key(entry: &Value) -> (String, Value) {
    let parts = [entry["given_name"].as_str(), entry["surname"].as_str()];
    let full = entry["name"].as_str().map_or_else(|| join(parts), str::to_owned);
    let kind = entry.get("type").filter(|kind| !kind.is_null()).cloned().unwrap_or(json!(""));
    (join(full.replace('/', "").split_whitespace().map(Some)), kind)
}

/// `Given /Surname/ suffix`.
fn full_name(given: &str, surname: Option<&str>, suffix: &str) -> String {
    let surname = surname.map(|surname| format!("/{}/", plain(surname.trim())));
    // A suffix without a surname would be read as a given name.
    let surname = surname.or_else(|| (!suffix.trim().is_empty()).then(|| "//".to_owned()));
    join([Some(given), surname.as_deref(), Some(suffix)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gedcom::{Dialect, keep_record, read_person, write_person};

    /// The record after these fields were set; `null` clears.
    fn edited(raw: &str, fields: &Value) -> String {
        let record = Record::parse(raw).unwrap();
        let mut person = read_person(&record);
        keep_record(&mut person, &record);
        for (key, value) in fields.as_object().unwrap() {
            if value.is_null() {
                person.remove(key);
            } else {
                person.insert(key.clone(), value.clone());
            }
        }
        let written = write_person(&person, "@I1@", Dialect::Five);
        let read = read_person(&Record::parse(&written.to_gedcom()).unwrap());
        for (key, value) in fields.as_object().unwrap() {
            assert_eq!(read.get(key).unwrap_or(&Value::Null), value, "{key}");
        }
        written.to_gedcom()
    }

    const BEETHOVEN: &str = "0 @I1@ INDI\n1 NAME Dr. Ludwig /van  Beethoven/ Jr\n2 NPFX Dr.\n2 GIVN Ludwig\n2 SPFX van\n2 SURN Beethoven\n2 SOUR @S1@\n";

    #[test]
    fn one_piece_of_a_name_leaves_the_others_alone() {
        assert_eq!(edited(BEETHOVEN, &json!({ "nickName": "L" })), format!("{BEETHOVEN}2 NICK L\n"));
        assert_eq!(
            edited(BEETHOVEN, &json!({ "prefix": "Prof." })),
            BEETHOVEN.replace("NPFX Dr.", "NPFX Prof.")
        );
        let given = edited(BEETHOVEN, &json!({ "firstName": "Karl" }));
        assert_eq!(given, BEETHOVEN.replace("Ludwig", "Karl"));
        let last = edited(BEETHOVEN, &json!({ "lastName": "van Moyo" }));
        assert_eq!(
            last,
            BEETHOVEN.replace("van  Beethoven", "van Moyo").replace("SURN Beethoven", "SURN Moyo")
        );
        let other = edited(BEETHOVEN, &json!({ "lastName": "Moyo" }));
        assert!(!other.contains("SPFX") && other.contains("2 SURN Moyo\n"), "{other}");
        assert_eq!(edited(BEETHOVEN, &json!({ "suffix": null })), BEETHOVEN.replace(" Jr", ""));
    }

    #[test]
    fn a_suffix_needs_no_surname() {
        let raw = "0 @I1@ INDI\n1 NAME Nhamo\n";
        assert_eq!(edited(raw, &json!({ "suffix": "Jr" })), "0 @I1@ INDI\n1 NAME Nhamo // Jr\n");
    }

    const RUDO: &str = "0 @I1@ INDI\n1 NAME Rudo /Moyo/\n1 NAME Ruru\n2 TYPE aka\n2 SOUR @S1@\n1 NAME Rudo /Dube/\n1 SEX F\n";

    #[test]
    fn a_maiden_name_stands_after_the_other_names_and_comes_back() {
        let line = "1 NAME Rudo /Ncube/\n2 TYPE maiden\n";
        let named = edited(RUDO, &json!({ "maidenName": "Ncube" }));
        assert_eq!(named, RUDO.replace("1 SEX", &format!("{line}1 SEX")));
        assert_eq!(edited(&named, &json!({ "maidenName": "Sibanda" })), named.replace("Ncube", "Sibanda"));
        assert_eq!(edited(&named, &json!({ "maidenName": null })), RUDO);
        let both = json!({ "maidenName": "Ncube", "alternateNames": [{ "name": "Tete" }] });
        assert_eq!(
            edited("0 @I1@ INDI\n1 NAME Rudo\n", &both),
            format!("0 @I1@ INDI\n1 NAME Rudo\n1 NAME Tete\n{line}")
        );
    }

    #[test]
    fn only_alternate_names_that_differ_are_changed() {
        let names = json!([{ "name": "Ruru", "type": "aka" }, { "name": "Tete" }]);
        let expected = RUDO.replace("1 NAME Rudo /Dube/\n", "1 NAME Tete\n");
        assert_eq!(edited(RUDO, &json!({ "alternateNames": names })), expected);
    }
}
