//! Family trees: who may do what, what may be said about one, and how it looks on the wire.

use serde_json::{Value, json};

use crate::FieldProblem;
use crate::collections::{DEFAULT_TREES, FAMILY_TREES, TREE_STRUCTURES};
use crate::fields::{Input, enum_value, text_value};
use crate::store::{Batch, Body, Document};
use crate::text::fold;

/// What a person may do in a tree, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TreeRole {
    /// Sees a public tree, without its living members.
    Public,
    /// An accepted collaborator who looks on.
    Viewer,
    /// May change persons, relationships and the tree's texts.
    Editor,
    /// May also invite.
    Admin,
    /// May also delete the tree.
    Owner,
}

impl TreeRole {
    /// Every role, weakest first.
    pub const ALL: [Self; 5] = [Self::Public, Self::Viewer, Self::Editor, Self::Admin, Self::Owner];

    /// Lowercase, as `userRole` says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "none",
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// As the tree card of the frontend compares it.
    fn card(self) -> &'static str {
        match self {
            Self::Public => "None",
            Self::Viewer => "Viewer",
            Self::Editor => "Editor",
            Self::Admin => "Admin",
            Self::Owner => "Owner",
        }
    }
}

/// The three kinds of privacy; `family` and `private` let the same people in.
pub const PRIVACY: &[&str] = &["public", "family", "private"];

/// The role of a user in a tree; `None` means that the tree is invisible. A collaborator counts once the
/// invitation is accepted. A platform administrator sees what an administrator of the tree sees.
pub fn role_of(tree: &Body, user_id: &str, is_admin: bool) -> Option<TreeRole> {
    if text(tree, "ownerId") == user_id {
        return Some(TreeRole::Owner);
    }
    let collaborator =
        tree.get("collaborators").and_then(Value::as_array).into_iter().flatten().find(|entry| {
            entry["userId"] == user_id && entry.get("acceptedAt").is_some_and(|at| !at.is_null())
        });
    let role = collaborator.map(|entry| match entry["role"].as_str().unwrap_or_default() {
        role if role.eq_ignore_ascii_case("admin") => TreeRole::Admin,
        role if role.eq_ignore_ascii_case("editor") => TreeRole::Editor,
        _ => TreeRole::Viewer,
    });
    if is_admin {
        return Some(role.unwrap_or(TreeRole::Viewer).max(TreeRole::Viewer));
    }
    role.or_else(|| text(tree, "privacy").eq_ignore_ascii_case("public").then_some(TreeRole::Public))
}

/// The imports of a tree that are not complete, or are being undone: what they brought is invisible.
pub fn pending_imports(tree: &Body) -> Vec<String> {
    let pending = tree.get("pendingImports").and_then(Value::as_array);
    pending.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The same tree with an import begun or put out of sight (`true`), or ended one way or the other.
pub fn with_pending_import(tree: &Body, import_id: &str, pending: bool) -> Body {
    let mut imports = pending_imports(tree);
    imports.retain(|id| id != import_id);
    if pending {
        imports.push(import_id.to_owned());
    }
    let mut changed = tree.clone();
    changed.insert("pendingImports".into(), json!(imports));
    changed
}

/// Whether a tree shows its living members to those who merely see it.
pub fn shows_living(tree: &Body) -> bool {
    tree.get("settings").is_some_and(|settings| settings["showLivingPersons"] == true)
}

/// A new tree, and the batch that makes it.
pub fn create(id: &str, owner_id: &str, fields: Body, now: &str) -> (Body, Batch) {
    let mut tree = Body::new();
    tree.insert("description".into(), json!(""));
    tree.insert("privacy".into(), json!("family"));
    tree.insert("rootPersonId".into(), Value::Null);
    tree.insert("collaborators".into(), json!([]));
    tree.insert("settings".into(), default_settings());
    tree.insert("statistics".into(), json!({ "totalPersons": 0, "totalRelationships": 0 }));
    merge(&mut tree, fields);
    tree.insert("ownerId".into(), json!(owner_id));
    tree.insert("createdAt".into(), json!(now));
    tree.insert("updatedAt".into(), json!(now));
    index(&mut tree);
    let mut batch = Batch::new();
    batch.insert(&FAMILY_TREES, id, tree.clone());
    batch.insert(&TREE_STRUCTURES, id, Body::new());
    (tree, batch)
}

/// The tree that someone has who has none. `guard` is the document of an earlier one, which is gone by now.
pub fn create_default(id: &str, owner_id: &str, guard: Option<&Document>, now: &str) -> (Body, Batch) {
    let mut fields = Body::new();
    fields.insert("name".into(), json!("My Family Tree"));
    fields.insert("description".into(), json!("Default family tree"));
    fields.insert("privacy".into(), json!("private"));
    let (tree, mut batch) = create(id, owner_id, fields, now);
    let mut note = Body::new();
    note.insert("treeId".into(), json!(id));
    match guard {
        Some(guard) => batch.replace(&DEFAULT_TREES, guard, note),
        None => batch.insert(&DEFAULT_TREES, owner_id, note),
    }
    (tree, batch)
}

/// A tree with these changes. Settings are merged key by key.
pub fn update(tree: &Document, changes: Body, now: &str) -> Body {
    let mut body = tree.body.clone();
    merge(&mut body, changes);
    body.insert("updatedAt".into(), json!(now));
    index(&mut body);
    body
}

fn merge(tree: &mut Body, changes: Body) {
    for (key, value) in changes {
        match (tree.get_mut(&key), value) {
            (Some(Value::Object(settings)), Value::Object(changed)) if key == "settings" => {
                settings.extend(changed);
            }
            (_, value) => drop(tree.insert(key, value)),
        }
    }
}

/// Recomputes what a tree is found by.
pub fn index(tree: &mut Body) {
    let collaborators = tree.get("collaborators").and_then(Value::as_array);
    let members: Vec<Value> = collaborators
        .into_iter()
        .flatten()
        .filter(|entry| entry.get("acceptedAt").is_some_and(|at| !at.is_null()))
        .map(|entry| entry["userId"].clone())
        .collect();
    let name = fold(text(tree, "name"));
    tree.insert("index".into(), json!({ "name": name, "memberIds": members }));
}

fn default_settings() -> Value {
    json!({ "allowCollaboration": true, "showLivingPersons": false, "defaultPersonPrivacy": "family", "theme": "modern" })
}

/// Reads the fields of a create (`name` required) or update request.
///
/// # Errors
/// Every field that breaks a rule of contract 1.2.
pub fn read_input(input: &Body, creating: bool) -> Result<Body, Vec<FieldProblem>> {
    let input = Input(input);
    let (mut fields, mut problems) = (Body::new(), Vec::new());
    let mut take = |key: &str, read: Result<Option<Value>, FieldProblem>| match read {
        Ok(Some(value)) => drop(fields.insert(key.to_owned(), value)),
        Ok(None) => {}
        Err(problem) => problems.push(problem),
    };
    take(
        "name",
        text_value(input.get(&["name"]), "name", 100).and_then(|name| match name {
            Some(Value::Null) => Err(FieldProblem::required("name")),
            None if creating => Err(FieldProblem::required("name")),
            name => Ok(name),
        }),
    );
    take(
        "description",
        text_value(input.get(&["description"]), "description", 500)
            .map(|text| text.map(|text| if text.is_null() { json!("") } else { text })),
    );
    take("privacy", enum_value(input.get(&["privacy"]), "privacy", PRIVACY));
    take("rootPersonId", text_value(input.get(&["rootPersonId", "root_person_id"]), "rootPersonId", 100));
    take("settings", read_settings(input.get(&["settings"])));
    if problems.is_empty() { Ok(fields) } else { Err(problems) }
}

fn read_settings(value: Option<&Value>) -> Result<Option<Value>, FieldProblem> {
    let Some(value) = value else { return Ok(None) };
    let Value::Object(given) = value else {
        return Err(FieldProblem::new("settings", "invalid_type", "settings must be an object"));
    };
    let mut settings = Body::new();
    for key in ["allowCollaboration", "showLivingPersons"] {
        match given.get(key) {
            None => {}
            Some(flag @ Value::Bool(_)) => drop(settings.insert(key.into(), flag.clone())),
            Some(_) => {
                let field = format!("settings.{key}");
                return Err(FieldProblem::new(
                    field,
                    "invalid_boolean",
                    format!("{key} must be true or false"),
                ));
            }
        }
    }
    for (key, words) in [("defaultPersonPrivacy", PRIVACY), ("theme", &["modern", "classic", "minimal"][..])]
    {
        if let Some(word) = enum_value(given.get(key), &format!("settings.{key}"), words)? {
            settings.insert(key.into(), word);
        }
    }
    Ok(Some(Value::Object(settings)))
}

/// The tree on the wire (contract 1.2, **Tree**).
pub fn view(id: &str, tree: &Body, role: TreeRole) -> Body {
    let mut view = Body::new();
    for key in ["name", "description", "rootPersonId", "lastGedcomImport", "lastGedcomExport"] {
        view.insert(key.into(), tree.get(key).cloned().unwrap_or(Value::Null));
    }
    for key in ["id", "_id"] {
        view.insert(key.into(), json!(id));
    }
    for key in ["ownerId", "owner_id", "userId"] {
        view.insert(key.into(), json!(text(tree, "ownerId")));
    }
    for (key, twin) in [("createdAt", "created_at"), ("updatedAt", "updated_at")] {
        let at = tree.get(key).cloned().unwrap_or(Value::Null);
        view.insert(key.into(), at.clone());
        view.insert(twin.into(), at);
    }
    // Who collaborates is for those inside.
    let collaborators = if role >= TreeRole::Viewer { tree.get("collaborators").cloned() } else { None };
    view.insert("collaborators".into(), collaborators.unwrap_or_else(|| json!([])));
    let mut settings = default_settings();
    if let (Value::Object(all), Some(Value::Object(own))) = (&mut settings, tree.get("settings")) {
        all.extend(own.clone());
    }
    view.insert("settings".into(), settings);
    view.insert("statistics".into(), statistics(tree));
    view.insert("privacy".into(), json!(text(tree, "privacy").to_lowercase()));
    view.insert("role".into(), json!(role.card()));
    view.insert("userRole".into(), json!(role.as_str()));
    view
}

fn statistics(tree: &Body) -> Value {
    let mut all = json!({
        "totalPersons": 0, "totalRelationships": 0, "totalGenerations": 0, "completenessScore": 0,
        "oldestBirthYear": null, "newestBirthYear": null,
    });
    if let (Value::Object(all), Some(Value::Object(own))) = (&mut all, tree.get("statistics")) {
        all.extend(own.clone());
    }
    let number = |key: &str| all[key].as_i64().unwrap_or(0);
    let score = completeness(number("totalPersons"), number("totalGenerations"));
    all["completenessScore"] = json!(score);
    all
}

/// Contract 4.2.
fn completeness(persons: i64, generations: i64) -> i64 {
    let step = |reached: bool, points: i64| if reached { points } else { 0 };
    let score = 20
        + step(persons > 0, 20)
        + step(persons > 10, 10)
        + step(persons > 50, 10)
        + step(generations > 2, 15)
        + step(generations > 4, 15)
        + step(generations > 6, 10);
    score.min(100)
}

fn text<'a>(tree: &'a Body, key: &str) -> &'a str {
    tree.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(value: Value) -> Body {
        let Value::Object(body) = value else { panic!("an object") };
        body
    }

    #[test]
    fn strangers_see_public_trees_only_and_collaborators_count_once_accepted() {
        let mut tree = body(json!({ "ownerId": "o", "privacy": "family", "collaborators": [
            { "userId": "c", "role": "editor", "acceptedAt": "2026-01-01T00:00:00Z" }, { "userId": "p", "role": "admin" } ]}));
        assert_eq!(role_of(&tree, "o", false), Some(TreeRole::Owner));
        assert_eq!(role_of(&tree, "c", false), Some(TreeRole::Editor));
        assert_eq!(role_of(&tree, "p", false), None);
        assert_eq!(role_of(&tree, "s", false), None);
        tree.insert("privacy".into(), json!("PUBLIC"));
        assert_eq!(role_of(&tree, "s", false), Some(TreeRole::Public));
    }

    #[test]
    fn a_tree_needs_a_name_of_at_most_100_characters() {
        assert_eq!(read_input(&Body::new(), true).unwrap_err()[0].field, "name");
        assert!(read_input(&body(json!({ "name": "x".repeat(101) })), true).is_err());
        assert!(read_input(&body(json!({ "name": "  " })), true).is_err());
        assert!(read_input(&body(json!({ "privacy": "secret" })), false).is_err());
        assert_eq!(
            read_input(&body(json!({ "name": " Moyo ", "privacy": "PUBLIC" })), true).unwrap()["name"],
            "Moyo"
        );
    }
}
