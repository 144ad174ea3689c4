//! A tree as an import leaves it, to be edited and exported. Persons go by their given names.

use std::collections::{BTreeSet, HashMap, HashSet};

use dzinza_domain::gedcom::{
    Export, ExportOptions, Link, keep_record, pedigree_word, read_family, read_person,
};
use dzinza_domain::privacy::Viewer;
use dzinza_domain::store::{Body, Document};
use dzinza_domain::tree::TreeRole;
use dzinza_gedcom::Record;
use serde_json::{Value, json};

#[derive(Default)]
pub struct Tree {
    people: Vec<Document>,
    relationships: Vec<Document>,
    records: Vec<Document>,
}

/// Kind, the two persons, role or state.
type Relation = (String, String, String, String);

fn body(value: &Value) -> Body {
    value.as_object().unwrap().clone()
}

fn merge(body: &mut Body, fields: &Value) {
    for (key, value) in fields.as_object().unwrap().clone() {
        if value.is_null() { drop(body.remove(&key)) } else { drop(body.insert(key, value)) }
    }
}

/// A family record being linked.
struct Family<'a> {
    id: &'a str,
    record: &'a Record,
    people: &'a HashMap<String, (String, &'a Record)>,
}

impl Family<'_> {
    fn rows(&self, kept: &mut Body, seen: &mut HashSet<String>) -> Vec<Body> {
        let family = read_family(self.record);
        let known = |links: &[Link]| -> Vec<(String, Link)> {
            links
                .iter()
                .filter_map(|link| Some((self.people.get(&link.xref)?.0.clone(), link.clone())))
                .collect()
        };
        let (partners, children) = (known(&family.partners), known(&family.children));
        for (name, link) in partners.iter().chain(&children) {
            kept["links"][&link.xref] = json!(name);
        }
        let mut rows = Vec::new();
        for (number, (one, link)) in partners.iter().enumerate() {
            for (two, _) in partners.iter().skip(number + 1) {
                let pair = if one < two { (one, two) } else { (two, one) };
                if seen.insert(format!("{pair:?}")) {
                    let mut row = family.union.clone();
                    merge(
                        &mut row,
                        &json!({ "type": "Spousal", "person1Id": one, "person2Id": two, "familyRecordId": self.id }),
                    );
                    rows.push(row);
                }
            }
            for (child, child_link) in &children {
                if seen.insert(format!("{one} over {child}")) {
                    let role = self.role(link, child_link, seen);
                    rows.push(body(&json!({ "type": "ParentChild", "person1Id": one, "person2Id": child, "parentalRole": role, "familyRecordId": self.id })));
                }
            }
        }
        rows
    }

    fn role(&self, parent: &Link, child: &Link, seen: &mut HashSet<String>) -> &'static str {
        let word = pedigree_word(self.people[&child.xref].1, self.record.xref.as_deref().unwrap());
        let male = self.people[&parent.xref].1.value_of(&["SEX"]) == Some("M");
        match (word, male) {
            (Some("adopted"), true) => "AdoptiveFather",
            (Some("adopted"), false) => "AdoptiveMother",
            (Some("step"), true) => "StepFather",
            (Some("step"), false) => "StepMother",
            (Some("foster"), _) => "FosterParent",
            (None, male) if !seen.insert(format!("{} born to {male}", child.xref)) => "Other",
            (None, true) => "BiologicalFather",
            (None, false) => "BiologicalMother",
            _ => "Other",
        }
    }
}

impl Tree {
    /// What `functions/jobs` makes of a file: a document for each record, a row for each couple and each parent.
    pub fn import(text: &str) -> Self {
        let whole = format!("\n{}", text.trim_end());
        let records = whole.split("\n0 ").filter(|record| !record.is_empty());
        let records: Vec<Record> =
            records.map(|record| Record::parse(&format!("0 {record}\n")).unwrap()).collect();
        let mut tree = Self::default();
        let mut by_xref = HashMap::new();
        for record in records.iter().filter(|record| record.tag == "INDI") {
            let mut person = read_person(record);
            keep_record(&mut person, record);
            let id = person["firstName"].as_str().unwrap().to_owned();
            by_xref.insert(record.xref.clone().unwrap(), (id.clone(), record));
            tree.people.push(Document { id, version: 1, body: person });
        }
        let mut seen = HashSet::new();
        for (place, record) in records.iter().enumerate().filter(|(_, record)| record.tag != "INDI") {
            let id = format!("record{place}");
            let mut kept = body(&json!({ "tag": record.tag, "links": {} }));
            keep_record(&mut kept, record);
            if record.tag == "FAM" {
                let rows = Family { id: &id, record, people: &by_xref }.rows(&mut kept, &mut seen);
                for row in rows {
                    tree.row(row);
                }
            }
            tree.records.push(Document { id, version: 1, body: kept });
        }
        tree
    }

    fn row(&mut self, body: Body) {
        let id = format!("row{}", self.relationships.len());
        self.relationships.push(Document { id, version: 1, body });
    }

    /// A person made by hand.
    pub fn person(&mut self, name: &str, gender: &str) -> &mut Self {
        let body = body(&json!({ "firstName": name, "gender": gender, "isLiving": true }));
        self.people.push(Document { id: name.to_owned(), version: 1, body });
        self
    }

    /// A parent by a role, made by hand.
    pub fn parent(&mut self, parent: &str, child: &str, role: &str) -> &mut Self {
        self.relate(
            &json!({ "type": "ParentChild", "person1Id": parent, "person2Id": child, "parentalRole": role }),
        )
    }

    pub fn relate(&mut self, fields: &Value) -> &mut Self {
        self.row(body(fields));
        self
    }

    fn is(row: &Document, one: &str, two: &str) -> bool {
        row.body["person1Id"] == one && row.body["person2Id"] == two
    }

    pub fn unrelate(&mut self, one: &str, two: &str) -> &mut Self {
        let before = self.relationships.len();
        self.relationships.retain(|row| !Self::is(row, one, two));
        assert_eq!(self.relationships.len() + 1, before, "{one} {two}");
        self
    }

    /// Changes the row of two persons.
    pub fn change(&mut self, one: &str, two: &str, fields: &Value) -> &mut Self {
        let row = self.relationships.iter_mut().find(|row| Self::is(row, one, two)).unwrap();
        merge(&mut row.body, fields);
        row.version += 1;
        self
    }

    /// Changes a person.
    pub fn edit(&mut self, name: &str, fields: &Value) -> &mut Self {
        let person = self.people.iter_mut().find(|person| person.id == name).unwrap();
        merge(&mut person.body, fields);
        person.version += 1;
        self
    }

    /// The file for an editor.
    pub fn export(&self) -> String {
        self.export_for(TreeRole::Owner)
    }

    pub fn export_for(&self, role: TreeRole) -> String {
        self.export_part(role, ExportOptions::default())
    }

    /// A part of the file.
    pub fn export_part(&self, role: TreeRole, options: ExportOptions) -> String {
        let mut export = Export::of(Viewer { role, shows_living: false, year: 2026 }, options);
        self.people.iter().for_each(|person| export.take_person(person));
        self.relationships.iter().for_each(|row| export.take_relationship(row));
        export.sort();
        export.select().unwrap();
        self.records.iter().for_each(|record| export.take_record(record));
        export.plan();
        self.people.iter().for_each(|person| export.collect_person(person));
        self.records.iter().for_each(|record| export.collect_record(record));
        export.close();
        let mut out = Vec::new();
        self.people.iter().for_each(|person| export.write_person(person, &mut out).unwrap());
        self.records.iter().for_each(|record| export.write_record(record, &mut out).unwrap());
        export.write_made_families(0, usize::MAX, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// Every relationship that has a line in GEDCOM.
    pub fn relations(&self) -> BTreeSet<Relation> {
        let text = |row: &Document, key: &str| {
            row.body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let rows = self.relationships.iter().map(|row| {
            let (mut one, mut two) = (text(row, "person1Id"), text(row, "person2Id"));
            if row.body["type"] == "Spousal" && one > two {
                std::mem::swap(&mut one, &mut two);
            }
            (text(row, "type"), one, two, text(row, "parentalRole") + &text(row, "status"))
        });
        rows.collect()
    }

    /// The file, which must give the same relationships when it is read again and stay the same when it is then
    /// written again. `Extra` couples are those of parents who have a child but no row.
    pub fn export_same(&self, extra: &[(&str, &str)]) -> String {
        let text = self.export();
        let again = Self::import(&text);
        let couples =
            extra.iter().map(|(one, two)| ("Spousal".into(), (*one).into(), (*two).into(), "Other".into()));
        let expected: BTreeSet<Relation> = self.relations().into_iter().chain(couples).collect();
        assert_eq!(again.relations(), expected, "{text}");
        assert_eq!(again.export(), text);
        text
    }
}

/// The record with this pointer.
pub fn record(text: &str, xref: &str) -> String {
    let whole = format!("\n{text}");
    let found = whole.split("\n0 ").find(|record| record.starts_with(xref)).unwrap_or_default();
    if found.is_empty() { String::new() } else { format!("0 {}\n", found.trim_end()) }
}
