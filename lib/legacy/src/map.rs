//! One row, one document: whichever program wrote it.

use dzinza_domain::person::FIELDS;
use dzinza_domain::{person, tree};
use dzinza_ports::Body;
use serde_json::{Value, json};

use crate::fields::{Fields, camels};

/// A document that came of a row, and the names of what it keeps beside.
pub(crate) struct Mapped {
    pub body: Body,
    pub kept: Vec<String>,
}

/// Or why none came of it.
pub(crate) type Outcome = Result<Mapped, &'static str>;

const OWNER: &[&str] = &["ownerId", "owner_id", "userId", "user_id"];
const USER: &[&str] = &["userId", "user_id"];
const TREE: &[&str] = &["familyTreeId", "family_tree_id", "treeId", "tree_id"];
const CREATED: &[&str] = &["createdAt", "created_at"];
const UPDATED: &[&str] = &["updatedAt", "updated_at"];

/// A tree, with these collaborators beside those in the row.
pub(crate) fn tree(id: &str, row: Body, others: &[Value], now: &str) -> Outcome {
    let mut row = Fields::new(row);
    let owner = row.text(OWNER).ok_or("no owner")?;
    let mut fields = Body::new();
    for (name, names) in [
        ("name", &["name"][..]),
        ("description", &["description"]),
        ("rootPersonId", &["rootPersonId", "root_person_id"]),
        ("lastGedcomImport", &["lastGedcomImport", "last_gedcom_import"]),
        ("lastGedcomExport", &["lastGedcomExport", "last_gedcom_export"]),
    ] {
        fields.extend(row.take(names).map(|value| (name.to_owned(), value)));
    }
    fields.entry("name").or_insert_with(|| json!("Family tree"));
    let privacy = row.text(&["privacy"]).unwrap_or_default();
    let word = match privacy.to_lowercase().as_str() {
        "public" => "public",
        "family" | "shared" => "family",
        _ => "private",
    };
    fields.insert("privacy".into(), json!(word));
    if !privacy.eq_ignore_ascii_case(word) && !privacy.is_empty() {
        row.keep("privacy", json!(privacy));
    }
    if let Some(Value::Object(settings)) = row.take(&["settings"]).map(camels) {
        fields.insert("settings".into(), settings.into());
    }
    // Counted anew at the end.
    row.take(&["statistics"]);
    let mut collaborators: Vec<Value> = Vec::new();
    let own = row.take(&["collaborators"]).map(camels);
    let own = own.as_ref().and_then(Value::as_array).into_iter().flatten();
    for entry in own.chain(others).filter_map(|entry| collaborator(entry, &owner)) {
        if collaborators.iter().all(|there| there["userId"] != entry["userId"]) {
            collaborators.push(entry);
        }
    }
    fields.insert("collaborators".into(), collaborators.into());
    let created = row.moment(CREATED).unwrap_or_else(|| now.to_owned());
    let updated = row.moment(UPDATED).unwrap_or_else(|| created.clone());
    let (mut body, _) = tree::create(id, &owner, fields, &created);
    body.insert("updatedAt".into(), json!(updated));
    let kept = row.leave(&mut body);
    Ok(Mapped { body, kept })
}

fn collaborator(entry: &Value, owner: &str) -> Option<Value> {
    let user = entry["userId"].as_str().filter(|user| *user != owner)?;
    let role =
        entry["role"].as_str().or(entry["permissionLevel"].as_str()).unwrap_or("viewer").to_lowercase();
    let role = match role.as_str() {
        "admin" => "admin",
        "editor" | "edit" => "editor",
        _ => "viewer",
    };
    let moment = |names: &[&str]| names.iter().find_map(|name| crate::fields::moment(entry[*name].as_str()?));
    let added = moment(&["addedAt", "invitedAt", "createdAt"]);
    // In a table of members there are only those who have accepted.
    let accepted =
        moment(&["acceptedAt"]).or_else(|| added.clone().filter(|_| entry.get("treeId").is_some()));
    Some(json!({ "userId": user, "role": role, "addedAt": added, "acceptedAt": accepted }))
}

/// The tree of a person; older programs could have one in several.
fn trees(row: &mut Fields) -> Option<String> {
    if let Some(tree) = row.text(TREE) {
        return Some(tree);
    }
    let Some(Value::Array(trees)) = row.take(&["tree_ids", "treeIds"]) else { return None };
    let first = trees.first().and_then(Value::as_str).map(str::to_owned);
    if trees.len() > 1 {
        row.keep("treeIds", trees.into());
    }
    first
}

/// A person. Fields that break our rules are kept beside, so that no person is lost over them.
pub(crate) fn person(row: Body, now: &str) -> Outcome {
    let mut row = Fields::new(row);
    let tree = trees(&mut row).ok_or("no tree")?;
    let user = row.text(USER);
    let created = row.moment(CREATED).unwrap_or_else(|| now.to_owned());
    let updated = row.moment(UPDATED).unwrap_or_else(|| created.clone());
    // Derived: from the parts of the name, and from relationships.
    row.take(&["fullName"]);
    for (column, name) in [("birth_date", "birthDate"), ("death_date", "deathDate")] {
        if let Some(date) = row.take(&[column]) {
            row.rest.insert(name.into(), date);
        }
    }
    approximate(&mut row);
    let fields = loop {
        match person::read_input(&row.rest) {
            Ok(fields) => break fields,
            Err(problems) => {
                for problem in problems {
                    let name = problem.field.split('.').next().unwrap_or_default();
                    let value = row.take(&[name]).ok_or("fields that cannot be read")?;
                    row.keep(name, value);
                }
            }
        }
    };
    consume(&mut row);
    let mut body = Body::new();
    apply(&mut body, fields, &mut row)?;
    body.insert("familyTreeId".into(), json!(tree));
    body.extend(user.map(|user| ("userId".to_owned(), json!(user))));
    body.insert("createdAt".into(), json!(created));
    body.insert("updatedAt".into(), json!(updated));
    let kept = row.leave(&mut body);
    Ok(Mapped { body, kept })
}

fn apply(body: &mut Body, mut fields: Body, row: &mut Fields) -> Result<(), &'static str> {
    fields.retain(|_, value| !value.is_null());
    for _ in 0..3 {
        let mut tried = Body::new();
        let Err(problems) = person::apply(&mut tried, fields.clone()) else {
            *body = tried;
            return Ok(());
        };
        for problem in problems {
            if problem.field == "name" {
                fields.insert("name".into(), json!("Unknown"));
            } else if let Some(value) = fields.remove(&problem.field) {
                row.keep(&problem.field, value);
            }
        }
    }
    Err("fields that contradict one another")
}

/// `{date, approximate, accuracy}` as GEDCOM says it.
fn approximate(row: &mut Fields) {
    for name in ["birthDate", "deathDate"] {
        let Some(Value::Object(date)) = row.rest.get(name) else { continue };
        let accuracy = date.get("accuracy").and_then(Value::as_str).unwrap_or_default();
        let qualifier = match accuracy {
            "before" => "BEF",
            "after" => "AFT",
            "estimated" => "EST",
            "circa" => "ABT",
            _ if date.get("approximate") == Some(&json!(true)) => "ABT",
            _ => continue,
        };
        let mut asked = Body::new();
        asked.insert("birthDate".into(), date.get("date").cloned().unwrap_or(Value::Null));
        let read = person::read_input(&asked).ok();
        let read = read.and_then(|fields| Some(fields.get("dateOfBirth")?.as_str()?.to_owned()));
        if let Some(exact) = read {
            row.rest.insert(name.into(), json!(format!("{qualifier} {exact}")));
        }
    }
}

/// Takes away what reading a person has read: of each field the first spelling that is there.
fn consume(row: &mut Fields) {
    for field in FIELDS {
        let mut names = std::iter::once(field.name).chain(field.aliases.iter().copied());
        let used = names.find(|name| match name.split_once('.') {
            None => row.rest.contains_key(*name),
            Some((outer, inner)) => row.rest.get(outer).is_some_and(|outer| outer.get(inner).is_some()),
        });
        match used.map(|name| (name, name.split_once('.'))) {
            None => {}
            Some((name, None)) => drop(row.rest.remove(name)),
            Some((_, Some((outer, inner)))) => {
                if let Some(Value::Object(fields)) = row.rest.get_mut(outer) {
                    fields.remove(inner);
                    fields.retain(|_, value| !value.is_null());
                    if fields.is_empty() {
                        row.rest.remove(outer);
                    }
                }
            }
        }
    }
    row.take(&["privacySettings", "privacy_settings"]);
}

/// An event, as of whoever has the tree if nobody signed it.
pub(crate) fn event(row: Body, owner_of: impl Fn(&str) -> Option<String>, now: &str) -> Outcome {
    let mut row = Fields::new(row);
    let tree = row.text(TREE);
    let user = row.text(USER).or_else(|| owner_of(tree.as_deref()?)).ok_or("nobody's")?;
    let mut body = Body::new();
    for (name, names) in [
        ("title", &["title", "custom_event_type_name", "event_type"][..]),
        ("content", &["content", "description"]),
        ("date", &["date", "date_exact", "start_date", "date_string"]),
        ("endDate", &["endDate", "end_date"]),
        ("place", &["place"]),
        ("relatedPersons", &["relatedPersons", "related_person_ids"]),
        ("associatedMediaIds", &["associatedMediaIds"]),
        ("tags", &["tags"]),
        ("category", &["category"]),
        ("moderationStatus", &["moderationStatus"]),
        ("eventType", &["eventType"]),
    ] {
        body.extend(row.take(names).map(|value| (name.to_owned(), value)));
    }
    body.entry("title").or_insert_with(|| json!("Event"));
    body.entry("content").or_insert_with(|| json!(""));
    if let Some(place) = row.text(&["placeName", "place_name"]) {
        body.entry("place").or_insert_with(|| json!({ "name": place }));
    }
    let mut people: Vec<Value> =
        body.get("relatedPersons").and_then(Value::as_array).cloned().unwrap_or_default();
    for (name, names) in [
        ("primaryPersonId", ["primaryPersonId", "primary_person_id"]),
        ("secondaryPersonId", ["secondaryPersonId", "secondary_person_id"]),
    ] {
        if let Some(person) = row.text(&names) {
            if people.iter().all(|there| *there != json!(person)) {
                people.push(json!(person));
            }
            body.insert(name.into(), json!(person));
        }
    }
    body.insert("relatedPersons".into(), people.into());
    let privacy = row.text(&["privacy"]).unwrap_or_else(|| "private".to_owned()).to_lowercase();
    body.insert("privacy".into(), json!(privacy));
    body.insert("userId".into(), json!(user));
    body.extend(tree.map(|tree| ("familyTreeId".to_owned(), json!(tree))));
    stamp(&mut body, &mut row, now);
    let kept = row.leave(&mut body);
    Ok(Mapped { body, kept })
}

pub(crate) fn notification(row: Body, now: &str) -> Outcome {
    let mut row = Fields::new(row);
    let user = row.text(USER).ok_or("nobody's")?;
    let mut body = Body::new();
    for name in ["type", "title", "message", "link", "data", "metadata"] {
        body.extend(row.take(&[name]).map(|value| (name.to_owned(), value)));
    }
    for (name, names) in [
        ("resourceId", ["resourceId", "related_entity_id"]),
        ("resourceType", ["resourceType", "related_entity_type"]),
        ("actorId", ["actorId", "actor_id"]),
        ("actorName", ["actorName", "actor_name"]),
    ] {
        body.extend(row.take(&names).map(|value| (name.to_owned(), value)));
    }
    let read = row.take(&["isRead", "is_read", "read"]) == Some(json!(true));
    body.insert("isRead".into(), json!(read));
    body.insert("userId".into(), json!(user));
    stamp(&mut body, &mut row, now);
    let kept = row.leave(&mut body);
    Ok(Mapped { body, kept })
}

/// An entry of a history; what the person was is made like a person is.
pub(crate) fn history(row: Body, tree_of: impl Fn(&str) -> Option<String>, now: &str) -> Outcome {
    let mut row = Fields::new(row);
    let person_id = row.text(&["personId", "person_id"]).ok_or("nobody's")?;
    let tree = tree_of(&person_id);
    let version = row.take(&["version"]).filter(Value::is_i64).ok_or("no version")?;
    let Some(Value::Object(mut data)) = row.take(&["data", "data_snapshot"]) else { return Err("no data") };
    if let (Some(tree), false) = (tree, TREE.iter().any(|name| data.contains_key(*name))) {
        data.insert("familyTreeId".into(), json!(tree));
    }
    let then = person(data, now)?;
    let mut body = Body::new();
    body.insert("personId".into(), json!(person_id));
    body.insert("version".into(), version);
    body.insert("data".into(), then.body.into());
    let by = row.take(&["changedBy", "changed_by_user_id"]).unwrap_or(Value::Null);
    body.insert("changedBy".into(), by);
    let kind = row.text(&["changeType", "change_type"]).unwrap_or_else(|| "update".to_owned());
    body.insert("changeType".into(), json!(kind.to_lowercase()));
    body.insert("createdAt".into(), json!(row.moment(CREATED).unwrap_or_else(|| now.to_owned())));
    row.take(UPDATED);
    let kept = row.leave(&mut body);
    Ok(Mapped { body, kept })
}

fn stamp(body: &mut Body, row: &mut Fields, now: &str) {
    let created = row.moment(CREATED).unwrap_or_else(|| now.to_owned());
    let updated = row.moment(UPDATED).unwrap_or_else(|| created.clone());
    body.insert("createdAt".into(), json!(created));
    body.insert("updatedAt".into(), json!(updated));
}
