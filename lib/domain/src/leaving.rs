//! An account that goes: what becomes of the trees it owns, and of what it leaves in those of others.
//!
//! What the owner said stands in the tree, in `leaving`: `{by, askedAt, to | delete, refusedBy}`. It counts only while
//! `by` owns the tree and is being erased, so that what is left of a wish that was taken back does no harm.

use serde_json::{Value, json};

use crate::store::Body;
use crate::tree;

/// Who wrote what nobody's account stands behind any more.
pub const FORMER_MEMBER: &str = "former-member";
/// The same for people.
pub const FORMER_MEMBER_NAME: &str = "A former member";

/// What an owner wants to become of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// It shall belong to this user.
    HandOver(String),
    /// It shall go, whoever works in it.
    Delete,
}

/// What becomes of a tree when its owner goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destiny {
    /// It goes with its owner.
    Delete,
    /// It goes to the first of these who can take it; if none can, to whoever runs the platform. Never deleted.
    HandOver(Vec<String>),
}

/// Someone who works in a tree that is another's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user_id: String,
    /// `admin`, `editor` or `viewer`.
    pub role: String,
}

/// Those who work in a tree beside its owner: the invitation is accepted. The most powerful first, then those who have
/// been there longest.
pub fn others(tree: &Body) -> Vec<Member> {
    let owner = text(tree, "ownerId");
    let entries = tree.get("collaborators").and_then(Value::as_array).into_iter().flatten();
    let mut found: Vec<(u8, &str, Member)> = entries
        .filter(|entry| entry.get("acceptedAt").is_some_and(|at| !at.is_null()))
        .filter_map(|entry| {
            let user_id = entry["userId"].as_str().filter(|id| !id.is_empty() && *id != owner)?;
            let (rank, role) = rank(entry["role"].as_str().unwrap_or_default());
            let member = Member { user_id: user_id.to_owned(), role: role.to_owned() };
            Some((rank, entry["acceptedAt"].as_str().unwrap_or_default(), member))
        })
        .collect();
    found.sort_by(|one, two| (one.0, one.1).cmp(&(two.0, two.1)));
    let mut members: Vec<Member> = Vec::with_capacity(found.len());
    for (.., member) in found {
        if members.iter().all(|known| known.user_id != member.user_id) {
            members.push(member);
        }
    }
    members
}

fn rank(role: &str) -> (u8, &'static str) {
    match role {
        role if role.eq_ignore_ascii_case("admin") => (0, "admin"),
        role if role.eq_ignore_ascii_case("editor") => (1, "editor"),
        _ => (2, "viewer"),
    }
}

/// The tree with its owner's wish in it, or without any.
pub fn with_wish(tree: &Body, wish: Option<&Wish>, now: &str) -> Body {
    let mut changed = tree.clone();
    let mut leaving = json!({ "by": text(tree, "ownerId"), "askedAt": now, "refusedBy": [] });
    match wish {
        Some(Wish::HandOver(to)) => leaving["to"] = json!(to),
        Some(Wish::Delete) => leaving["delete"] = json!(true),
        None => {
            changed.remove("leaving");
            return changed;
        }
    }
    changed.insert("leaving".into(), leaving);
    changed
}

/// What the present owner wished.
pub fn wish(tree: &Body) -> Option<Wish> {
    let leaving = tree.get("leaving").filter(|leaving| leaving["by"] == text(tree, "ownerId"))?;
    if leaving["delete"] == true {
        return Some(Wish::Delete);
    }
    leaving["to"].as_str().map(|to| Wish::HandOver(to.to_owned()))
}

/// The tree after this user has said that they will not have it; `None` if nobody asked them.
pub fn refused(tree: &Body, user_id: &str) -> Option<Body> {
    let asked = matches!(wish(tree), Some(Wish::HandOver(to)) if to == user_id);
    if !asked || refusals(tree).any(|refusal| refusal == user_id) {
        return None;
    }
    let mut changed = tree.clone();
    let refusing: Vec<&str> = refusals(tree).chain([user_id]).collect();
    let refusing = json!(refusing);
    changed.get_mut("leaving")?.as_object_mut()?.insert("refusedBy".into(), refusing);
    Some(changed)
}

fn refusals(tree: &Body) -> impl Iterator<Item = &str> {
    let refused = tree.get("leaving").and_then(|leaving| leaving["refusedBy"].as_array());
    refused.into_iter().flatten().filter_map(Value::as_str)
}

/// What becomes of the tree when its owner goes. A tree in which others work is never deleted without the owner's word.
pub fn destiny(tree: &Body) -> Destiny {
    let (wish, others) = (wish(tree), others(tree));
    if wish == Some(Wish::Delete) || others.is_empty() {
        return Destiny::Delete;
    }
    let chosen = match wish {
        Some(Wish::HandOver(to)) => Some(to).filter(|to| others.iter().any(|other| other.user_id == *to)),
        _ => None,
    };
    // Who may only look on is not made an owner without having been chosen.
    let next = others.into_iter().filter(|other| other.role != "viewer").map(|other| other.user_id);
    let mut heirs: Vec<String> = Vec::new();
    for heir in chosen.into_iter().chain(next) {
        if !heirs.contains(&heir) && refusals(tree).all(|refusal| refusal != heir) {
            heirs.push(heir);
        }
    }
    Destiny::HandOver(heirs)
}

/// The tree as the new owner's.
pub fn handed_over(tree: &Body, to: &str, now: &str) -> Body {
    let former = text(tree, "ownerId").to_owned();
    let mut changed = without_members(tree, &[to, &former]);
    changed.remove("leaving");
    changed.insert("ownerId".into(), json!(to));
    changed.insert("updatedAt".into(), json!(now));
    tree::index(&mut changed);
    changed
}

/// The tree without a collaborator, invited or accepted, and without what was wished of them.
pub fn without_member(tree: &Body, user_id: &str) -> Body {
    let mut changed = without_members(tree, &[user_id]);
    if matches!(wish(tree), Some(Wish::HandOver(to)) if to == user_id) {
        changed.remove("leaving");
    }
    tree::index(&mut changed);
    changed
}

fn without_members(tree: &Body, gone: &[&str]) -> Body {
    let mut changed = tree.clone();
    if let Some(Value::Array(entries)) = changed.get_mut("collaborators") {
        entries.retain(|entry| !gone.iter().any(|id| entry["userId"] == *id));
        for entry in entries {
            // Who invited somebody is of no use once they are gone.
            for key in ["invitedBy", "addedBy"] {
                if gone.iter().any(|id| entry[key] == *id) {
                    entry[key] = json!(FORMER_MEMBER);
                }
            }
        }
    }
    changed
}

/// A story as nobody's: it stays for the family it was told to.
pub fn anonymous_story(story: &Body) -> Body {
    let mut changed = story.clone();
    changed.insert("userId".into(), json!(FORMER_MEMBER));
    changed.insert("authorName".into(), json!(FORMER_MEMBER_NAME));
    for key in ["user", "author", "userName", "authorEmail", "createdBy"] {
        changed.remove(key);
    }
    changed
}

/// A notification of something that a person did, without that person.
pub fn anonymous_notification(notification: &Body) -> Body {
    let mut changed = notification.clone();
    if let Some(Value::String(name)) = changed.insert("actorName".into(), json!(FORMER_MEMBER_NAME)) {
        for key in ["title", "message"] {
            if let Some(text) = changed.get(key).and_then(Value::as_str).filter(|_| !name.is_empty()) {
                let text = text.replace(&name, FORMER_MEMBER_NAME);
                changed.insert(key.to_owned(), json!(text));
            }
        }
    }
    changed.insert("actorId".into(), json!(FORMER_MEMBER));
    changed
}

fn text<'a>(body: &'a Body, key: &str) -> &'a str {
    body.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(value: Value) -> Body {
        let Value::Object(body) = value else { panic!("an object") };
        body
    }

    fn shared() -> Body {
        body(json!({ "ownerId": "o", "collaborators": [
            { "userId": "v", "role": "viewer", "acceptedAt": "2026-01-01T00:00:00Z" },
            { "userId": "e2", "role": "editor", "acceptedAt": "2026-01-03T00:00:00Z" },
            { "userId": "e1", "role": "Editor", "acceptedAt": "2026-01-02T00:00:00Z", "invitedBy": "o" },
            { "userId": "o", "role": "admin", "acceptedAt": "2026-01-01T00:00:00Z" },
            { "userId": "p", "role": "admin", "acceptedAt": null } ]}))
    }

    fn heirs(tree: &Body) -> Vec<String> {
        match destiny(tree) {
            Destiny::HandOver(heirs) => heirs,
            Destiny::Delete => panic!("deleted"),
        }
    }

    #[test]
    fn a_tree_nobody_else_works_in_goes_with_its_owner_and_no_other_does() {
        let alone = body(json!({ "ownerId": "o", "collaborators": [{ "userId": "p", "role": "admin" }] }));
        assert_eq!(destiny(&alone), Destiny::Delete);
        assert_eq!(destiny(&with_wish(&alone, Some(&Wish::HandOver("p".into())), "t")), Destiny::Delete);
        assert_eq!(heirs(&shared()), ["e1", "e2"]);
        assert_eq!(destiny(&with_wish(&shared(), Some(&Wish::Delete), "t")), Destiny::Delete);
        let viewers = body(json!({ "ownerId": "o", "collaborators": [
            { "userId": "v", "role": "viewer", "acceptedAt": "2026-01-01T00:00:00Z" } ]}));
        assert_eq!(heirs(&viewers), Vec::<String>::new());
    }

    #[test]
    fn the_chosen_heir_comes_first_and_who_refuses_is_passed_over() {
        let asked = with_wish(&shared(), Some(&Wish::HandOver("v".into())), "t");
        assert_eq!(heirs(&asked), ["v", "e1", "e2"]);
        assert_eq!(refused(&asked, "e1"), None);
        let refused_once = refused(&asked, "v").unwrap();
        assert_eq!(heirs(&refused_once), ["e1", "e2"]);
        assert_eq!(refused(&refused_once, "v"), None);
        let stranger = with_wish(&shared(), Some(&Wish::HandOver("x".into())), "t");
        assert_eq!(heirs(&stranger), ["e1", "e2"]);
    }

    #[test]
    fn a_wish_is_the_present_owner_s_or_none() {
        let mut tree = with_wish(&shared(), Some(&Wish::Delete), "t");
        tree.insert("ownerId".into(), json!("e1"));
        assert_eq!(wish(&tree), None);
        assert_eq!(wish(&with_wish(&with_wish(&shared(), Some(&Wish::Delete), "t"), None, "t")), None);
    }

    #[test]
    fn a_new_owner_is_no_collaborator_and_the_old_one_is_nobody() {
        let tree = handed_over(&with_wish(&shared(), Some(&Wish::HandOver("e2".into())), "t"), "e2", "now");
        assert_eq!(tree["ownerId"], "e2");
        assert!(!tree.contains_key("leaving"));
        assert_eq!(tree["index"]["memberIds"], json!(["v", "e1"]));
        assert!(!json!(tree).to_string().contains("\"o\""));
        let left = without_member(&tree, "e1");
        assert_eq!(left["index"]["memberIds"], json!(["v"]));
        assert_eq!(without_member(&left, "p")["collaborators"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn stories_and_notifications_stay_without_a_name() {
        let story = body(json!({ "userId": "u", "title": "Roora", "author": { "name": "Rudo" } }));
        let anonymous = anonymous_story(&story);
        assert_eq!((&anonymous["userId"], &anonymous["title"]), (&json!(FORMER_MEMBER), &json!("Roora")));
        assert!(!json!(anonymous).to_string().contains("Rudo"));
        let told = body(json!({ "userId": "x", "actorId": "u", "actorName": "Rudo Moyo",
            "message": "Rudo Moyo has written a comment" }));
        let told = anonymous_notification(&told);
        assert_eq!(told["message"], "A former member has written a comment");
        assert!(!json!(told).to_string().contains("Rudo"));
    }
}
