//! Persons on the wire: one object with the keys of every generation of clients (contract 1.1, 1.3).

use serde_json::{Value, json};

use crate::kin::Kin;
use crate::person::{display_name, shown_date, text};
use crate::store::Body;

/// Stored keys that are nobody's business, or are given under other names.
const INTERNAL: &[&str] =
    &["index", "importId", "gedcom", "dateOfBirth", "dateOfDeath", "redacted", crate::LEGACY];

/// The **Member** of the simple API: all its keys always there, `null` when empty.
pub fn member(id: &str, person: &Body, kin: &Kin) -> Body {
    let mut view = Body::new();
    for key in [
        "firstName",
        "middleName",
        "lastName",
        "placeOfBirth",
        "placeOfDeath",
        "occupation",
        "biography",
        "notes",
        "totem",
        "praiseName",
        "clan",
    ] {
        view.insert(key.into(), person.get(key).cloned().unwrap_or(Value::Null));
    }
    common(&mut view, id, person);
    kin.add_ids(&mut view);
    for key in ["phoneNumbers", "emailAddresses", "addresses"] {
        view.insert(key.into(), person.get(key).cloned().unwrap_or_else(|| json!([])));
    }
    view
}

/// The **Person** of the full API, with the keys of the simple one. `gender` is the stored word.
pub fn person(id: &str, stored: &Body, kin: &Kin) -> Body {
    let mut view: Body = stored
        .iter()
        .filter(|(key, _)| !INTERNAL.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    common(&mut view, id, stored);
    let name = display_name(stored);
    view.insert("fullName".into(), json!(name));
    view.insert("primary_name".into(), json!({
        "given_name": text(stored, "firstName"), "surname": text(stored, "lastName"), "nickname": text(stored, "nickName"),
    }));
    view.insert("gender".into(), json!(text(stored, "gender").unwrap_or("Unknown")));
    for (from, to) in [("birthDate", "dateOfBirth"), ("deathDate", "dateOfDeath")] {
        let date = view.get(from).cloned().unwrap_or(Value::Null);
        view.insert(to.into(), date);
    }
    let tree = stored.get("familyTreeId").cloned().unwrap_or(Value::Null);
    view.insert("tree_ids".into(), json!([tree]));
    for key in ["alternateNames", "identifiers", "traditionalTitles", "facts", "sources"] {
        view.entry(key).or_insert_with(|| json!([]));
    }
    view.entry("uniqueId").or_insert_with(|| json!(id));
    kin.add_ids(&mut view);
    kin.add_links(&mut view);
    view
}

/// A person among many, as pedigrees and charts show one: who, when and where.
pub fn summary(id: &str, person: &Body) -> Body {
    let mut view = Body::new();
    for key in
        ["firstName", "middleName", "lastName", "placeOfBirth", "placeOfDeath", "occupation", "totem", "clan"]
    {
        view.insert(key.into(), person.get(key).cloned().unwrap_or(Value::Null));
    }
    common(&mut view, id, person);
    for key in ["createdAt", "updatedAt", "userId", "treeId", "nickName", "profilePhoto"] {
        view.remove(key);
    }
    view
}

/// A person in a long list of kin: just enough for a line of it.
pub fn brief(id: &str, person: &Body) -> Body {
    let mut view = Body::new();
    for key in ["firstName", "lastName", "totem"] {
        view.insert(key.into(), person.get(key).cloned().unwrap_or(Value::Null));
    }
    let shown = |key: &str| json!(text(person, key).and_then(shown_date));
    for (key, value) in [
        ("id", json!(id)),
        ("name", json!(display_name(person))),
        ("gender", json!(simple_gender(person))),
        ("birthDate", shown("dateOfBirth")),
        ("deathDate", shown("dateOfDeath")),
        ("isLiving", person.get("isLiving").cloned().unwrap_or(json!(true))),
    ] {
        view.insert(key.to_owned(), value);
    }
    view
}

/// What a search for persons answers (contract 1.3).
pub fn found(id: &str, person: &Body) -> Body {
    let date = |key| text(person, key);
    let living = person.get("isLiving").cloned().unwrap_or(json!(true));
    let name = json!({ "given_name": text(person, "firstName"), "surname": text(person, "lastName") });
    let fields = [
        ("id", json!(id)),
        ("_id", json!(id)),
        ("name", json!(display_name(person))),
        ("primary_name", name.clone()),
        ("primaryName", name),
        ("gender", json!(simple_gender(person))),
        ("is_living", living.clone()),
        ("isLiving", living),
        ("birth_date_string", json!(date("dateOfBirth"))),
        ("birthDateString", json!(date("dateOfBirth"))),
        ("death_date_string", json!(date("dateOfDeath"))),
        ("deathDateString", json!(date("dateOfDeath"))),
        ("familyTreeId", person.get("familyTreeId").cloned().unwrap_or(Value::Null)),
    ];
    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn common(view: &mut Body, id: &str, person: &Body) {
    let get = |key: &str| person.get(key).cloned().unwrap_or(Value::Null);
    let shown = |key: &str| json!(text(person, key).and_then(shown_date));
    let photo = get("profilePhotoUrl");
    let tree = get("familyTreeId");
    let fields = [
        ("id", json!(id)),
        ("_id", json!(id)),
        ("name", json!(display_name(person))),
        ("nickname", get("nickName")),
        ("nickName", get("nickName")),
        ("gender", json!(simple_gender(person))),
        ("birthDate", shown("dateOfBirth")),
        ("deathDate", shown("dateOfDeath")),
        ("birthDateText", get("dateOfBirth")),
        ("deathDateText", get("dateOfDeath")),
        ("isLiving", person.get("isLiving").cloned().unwrap_or(json!(true))),
        ("profileImageUrl", photo.clone()),
        ("profilePhotoUrl", photo.clone()),
        ("profilePhoto", photo),
        ("treeId", tree.clone()),
        ("familyTreeId", tree),
        ("userId", get("userId")),
        ("createdAt", get("createdAt")),
        ("updatedAt", get("updatedAt")),
    ];
    for (key, value) in fields {
        view.insert(key.to_owned(), value);
    }
}

/// `male`, `female`, `other` or `unknown`: the four words that the tree page knows.
fn simple_gender(person: &Body) -> &'static str {
    match text(person, "gender") {
        Some(word) if word.eq_ignore_ascii_case("male") => "male",
        Some(word) if word.eq_ignore_ascii_case("female") => "female",
        Some(word) if word.eq_ignore_ascii_case("unknown") => "unknown",
        None => "unknown",
        Some(_) => "other",
    }
}
