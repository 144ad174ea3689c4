//! Relationships: those that were written down, and those that persons name.

use dzinza_domain::relationship;
use dzinza_ports::Body;
use serde_json::{Value, json};

use crate::fields::Fields;
use crate::map::Mapped;

/// What has to be known of a person to relate it to others.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub tree: String,
    pub gender: String,
}

/// A relationship that a person's row names, under an id that is made of both.
pub(crate) struct Named {
    pub id: String,
    pub row: Body,
}

/// Relationships that the fields of a person's row speak of.
pub(crate) fn named(id: &str, row: &Body) -> Vec<Named> {
    let mut named = Vec::new();
    let mut add = |kind: &str, one: &str, two: &str, role: Option<&str>| {
        let mut row = Body::new();
        row.insert("type".into(), json!(kind));
        row.insert("person1Id".into(), json!(one));
        row.insert("person2Id".into(), json!(two));
        row.extend(role.map(|role| ("parentalRole".to_owned(), json!(role))));
        // Symmetric ones have one id, whoever names them.
        let (one, two) = if kind == "SPOUSE" && one > two { (two, one) } else { (one, two) };
        named.push(Named { id: format!("{}:{one}:{two}", kind.to_lowercase()), row });
    };
    let list =
        |name: &str| row.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    for parent in list("parent_ids").chain(list("parentIds")) {
        add("PARENT_CHILD", parent, id, None);
    }
    for child in list("child_ids").chain(list("childIds")) {
        add("PARENT_CHILD", id, child, None);
    }
    for spouse in list("spouse_ids").chain(list("spouseIds")) {
        add("SPOUSE", id, spouse, None);
    }
    for (name, role) in [
        ("biologicalMother", "BiologicalMother"),
        ("biologicalMotherId", "BiologicalMother"),
        ("biologicalFather", "BiologicalFather"),
        ("biologicalFatherId", "BiologicalFather"),
    ] {
        if let Some(parent) = row.get(name).and_then(Value::as_str) {
            add("PARENT_CHILD", parent, id, Some(role));
        }
    }
    named
}

/// A relationship. What it lacks is filled in as the simple API does.
pub(crate) fn relationship(
    row: Body,
    known: impl Fn(&str) -> Option<Known>,
    now: &str,
) -> Result<Mapped, &'static str> {
    let mut row = Fields::new(row);
    let user = row.text(&["userId", "user_id"]).unwrap_or_default();
    row.take(&["familyTreeId", "family_tree_id", "treeId", "tree_id"]);
    let created = row.moment(&["createdAt", "created_at"]).unwrap_or_else(|| now.to_owned());
    let updated = row.moment(&["updatedAt", "updated_at"]).unwrap_or_else(|| created.clone());
    let mut new = loop {
        match relationship::read_new(&row.rest) {
            Ok(new) => break new,
            Err(problems) => {
                for problem in problems {
                    match problem.field.as_str() {
                        "type" => return Err("an unknown type"),
                        "person2Id" if problem.code == "same_person" => return Err("a person with itself"),
                        "person1Id" | "person2Id" => return Err("a person is missing"),
                        field => {
                            let names = spellings(field);
                            let value = row.take(names).ok_or("fields that cannot be read")?;
                            row.keep(field, value);
                        }
                    }
                }
            }
        }
    };
    let (one, two) = (known(&new.person1), known(&new.person2));
    let (Some(one), Some(two)) = (one, two) else { return Err("a person is not there") };
    if one.tree != two.tree {
        return Err("persons of two trees");
    }
    new.simple = true;
    let mut parent = Body::new();
    parent.insert("gender".into(), json!(one.gender));
    new.complete(&parent).map_err(|_| "fields that are missing")?;
    let mut body = new.into_body(&one.tree, &user, &created);
    body.insert("updatedAt".into(), json!(updated));
    for field in READ {
        row.take(spellings(field));
    }
    let kept = row.leave(&mut body);
    Ok(Mapped { body, kept })
}

const READ: &[&str] = &[
    "person1Id",
    "person2Id",
    "type",
    "parentalRole",
    "status",
    "startDate",
    "endDate",
    "place",
    "notes",
    "events",
];

/// The names under which a field is read, in that order.
fn spellings(field: &str) -> &'static [&'static str] {
    match field {
        "person1Id" => &["person1Id", "person1_id"],
        "person2Id" => &["person2Id", "person2_id"],
        "type" => &["type", "relationship_type", "relationshipType"],
        "parentalRole" => &["parentalRole", "parental_role", "parental_role_person1"],
        "status" => &["status", "spousal_status"],
        "startDate" => &["startDate", "start_date", "start_date_string"],
        "endDate" => &["endDate", "end_date", "end_date_string"],
        "place" => &["place"],
        "notes" => &["notes"],
        "events" => &["events"],
        _ => &[],
    }
}

/// Of two biological fathers, as older programs allowed, the second is a parent of whom no more is known.
pub(crate) fn without_birth(body: &mut Body) -> bool {
    let biological = body.get("index").is_some_and(|index| index.get("birthParent").is_some());
    if biological {
        body.insert("parentalRole".into(), json!("Other"));
        relationship::refresh(body);
    }
    biological
}
