//! The trees of an account that goes: what its owner wants to become of each, told to those it is about.

use std::collections::BTreeMap;

use dzinza_domain::FieldProblem;
use dzinza_domain::collections::{FAMILY_TREES, NOTIFICATIONS};
use dzinza_domain::fields::Input;
use dzinza_domain::leaving::{self, Member, Wish};
use dzinza_domain::notification::NewNotification;
use dzinza_ports::{Batch, Body, Document, Filter, Query, StoreError, User, stream};
use dzinza_web::{FieldError, Problem, Retry, retry_stale, timestamp};
use futures::TryStreamExt as _;
use futures::stream::BoxStream;
use serde_json::{Value, json};

use crate::AuthPorts;
use crate::wire::LeavingTree;

/// Collaborators that a refusal names, a tree.
const NAMED: usize = 50;
/// Longer ids and addresses are nobody's.
const LONGEST_NAME: usize = 255;

/// A tree of which its owner said something.
pub(crate) struct Planned {
    tree: Document,
    /// `None` takes an earlier wish back.
    wish: Option<Wish>,
    heir: Option<User>,
}

/// What a request says of one tree.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Delete,
    To(String),
}

fn owned(ports: &AuthPorts, user_id: &str) -> BoxStream<'static, Result<Document, StoreError>> {
    let query = Query::new(Filter::eq("ownerId", user_id)).limit(100);
    stream(ports.documents.clone(), &FAMILY_TREES, query)
}

/// Reads what a request says of the trees of this account.
///
/// # Errors
/// 400 naming every tree in which others work and of which nothing is said, with those others in `trees`; and every wish
/// that cannot be: an unknown tree, or an heir who does not work in it.
pub(crate) async fn plan(ports: &AuthPorts, user: &User, body: &Body) -> Result<Vec<Planned>, Problem> {
    let mut asked = read(body)?;
    let (mut planned, mut problems, mut unsaid) = (Vec::new(), Vec::new(), Vec::new());
    let mut trees = owned(ports, &user.id);
    while let Some(tree) = trees.try_next().await? {
        let others = leaving::others(&tree.body);
        match asked.remove(&tree.id) {
            None if others.is_empty() => {
                if tree.body.contains_key("leaving") {
                    planned.push(Planned { tree, wish: None, heir: None });
                }
            }
            None => {
                problems.push(unsaid_of(&tree));
                unsaid.push(shown(ports, &tree, &others).await?);
            }
            Some(Asked::Delete) => planned.push(Planned { tree, wish: Some(Wish::Delete), heir: None }),
            Some(Asked::To(whom)) => {
                if let Some(heir) = heir(ports, &others, &whom).await? {
                    let wish = Some(Wish::HandOver(heir.id.clone()));
                    planned.push(Planned { tree, wish, heir: Some(heir) });
                } else {
                    let message = format!("{}: to must be somebody who works in it", name(&tree));
                    let field = format!("trees.{}.to", tree.id);
                    problems.push(FieldError::new(field, "not_a_collaborator", message));
                    unsaid.push(shown(ports, &tree, &others).await?);
                }
            }
        }
    }
    let unknown = asked.keys().map(|id| {
        let short: String = id.chars().take(100).collect();
        FieldError::new(format!("trees.{short}"), "unknown_tree", "This is no family tree of yours")
    });
    problems.extend(unknown);
    if problems.is_empty() { Ok(planned) } else { Err(Problem::validation(problems).with("trees", unsaid)) }
}

fn read(body: &Body) -> Result<BTreeMap<String, Asked>, Problem> {
    let wrong = |field: String| {
        let message = format!("{field} must be \"delete\" or an object with to");
        FieldProblem::new(field, "invalid", message)
    };
    let trees = match Input(body).get(&["trees"]) {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(Value::Object(trees)) => trees,
        Some(_) => {
            let message = "trees must be an object that says of each family tree what becomes of it";
            return Err(Problem::field("trees", "invalid_type", message));
        }
    };
    let mut asked = BTreeMap::new();
    for (id, value) in trees {
        let to = value.get("to").and_then(Value::as_str).map(str::trim);
        let wish = match (value, to) {
            (Value::String(word), _) if word.eq_ignore_ascii_case("delete") => Asked::Delete,
            (Value::Object(_), Some(to)) if !to.is_empty() && to.len() <= LONGEST_NAME => {
                Asked::To(to.to_owned())
            }
            _ => return Err(wrong(format!("trees.{}", id.chars().take(100).collect::<String>())).into()),
        };
        asked.insert(id.clone(), wish);
    }
    Ok(asked)
}

/// One of those who work in the tree, by id or address, if they still can sign in.
async fn heir(ports: &AuthPorts, others: &[Member], whom: &str) -> Result<Option<User>, Problem> {
    let found =
        if whom.contains('@') { ports.users.by_email(whom).await? } else { ports.users.by_id(whom).await? };
    Ok(found.filter(|user| user.is_active && others.iter().any(|other| other.user_id == user.id)))
}

fn unsaid_of(tree: &Document) -> FieldError {
    let message = format!(
        "Others work in the family tree {}: say who takes it over, or that it shall be deleted",
        name(tree)
    );
    FieldError::new(format!("trees.{}", tree.id), "required", message)
}

async fn shown(ports: &AuthPorts, tree: &Document, others: &[Member]) -> Result<Value, Problem> {
    let mut collaborators = Vec::new();
    for other in others.iter().take(NAMED) {
        if let Some(user) = ports.users.by_id(&other.user_id).await?.filter(|user| user.is_active) {
            collaborators.push(json!({ "userId": user.id, "role": other.role, "name": full_name(&user) }));
        }
    }
    Ok(json!({ "id": tree.id, "name": name(tree), "collaborators": collaborators }))
}

pub(crate) fn full_name(user: &User) -> String {
    let part = |name: &Option<String>| name.clone().unwrap_or_default();
    format!("{} {}", part(&user.first_name), part(&user.last_name)).trim().to_owned()
}

fn name(tree: &Document) -> &str {
    tree.body.get("name").and_then(Value::as_str).unwrap_or_default()
}

/// Writes the wishes into the trees. They do nothing until the account waits for its erasure.
pub(crate) async fn write(ports: &AuthPorts, user: &User, planned: &[Planned]) -> Result<(), Problem> {
    for Planned { tree, wish, .. } in planned {
        put(ports, user, &tree.id, wish.as_ref(), None).await?;
    }
    Ok(())
}

async fn put(
    ports: &AuthPorts,
    user: &User,
    tree_id: &str,
    wish: Option<&Wish>,
    news: Option<(&str, &Body)>,
) -> Result<(), Problem> {
    retry_stale(|| async move {
        let tree = ports.documents.get(&FAMILY_TREES, tree_id).await?;
        let Some(tree) = tree.filter(|tree| tree.body.get("ownerId") == Some(&json!(user.id))) else {
            return Ok(());
        };
        let mut batch = Batch::new();
        batch.replace(&FAMILY_TREES, &tree, leaving::with_wish(&tree.body, wish, &timestamp(&ports.clock)));
        if let Some((id, notification)) = news {
            batch.insert(&NOTIFICATIONS, id, notification.clone());
        }
        ports.documents.commit(batch).await.map_err(Retry::from)
    })
    .await
}

/// Those who shall take trees over, each with the names of the trees.
pub(crate) fn heirs(planned: &[Planned]) -> Vec<(&User, Vec<String>)> {
    let mut heirs: Vec<(&User, Vec<String>)> = Vec::new();
    for Planned { tree, heir, .. } in planned {
        let Some(heir) = heir else { continue };
        match heirs.iter_mut().find(|(known, _)| known.id == heir.id) {
            Some((_, trees)) => trees.push(name(tree).to_owned()),
            None => heirs.push((heir, vec![name(tree).to_owned()])),
        }
    }
    heirs
}

/// Tells those who shall take trees over. The deed is done: one who cannot be told here has a letter.
pub(crate) async fn tell(ports: &AuthPorts, planned: &[Planned]) {
    let mut batch = Batch::new();
    for Planned { tree, heir, .. } in planned {
        let Some(heir) = heir else { continue };
        let message = format!(
            "The owner of the family tree {} is leaving and wants you to take it over. If you do not want it, say so.",
            name(tree)
        );
        let news =
            news(ports, &heir.id, tree, ("tree_handover", "You are to take over a family tree", &message));
        batch.insert(&NOTIFICATIONS, ports.ids.new_id(), news);
    }
    if !batch.writes.is_empty()
        && let Err(error) = ports.documents.commit(batch).await
    {
        tracing::error!(%error, "notifications of a hand-over were lost");
    }
}

/// Takes every wish back, and tells those who were asked to take a tree over.
pub(crate) async fn withdraw(ports: &AuthPorts, user: &User) -> Result<(), Problem> {
    let mut trees = owned(ports, &user.id);
    while let Some(tree) = trees.try_next().await? {
        if !tree.body.contains_key("leaving") {
            continue;
        }
        let id = ports.ids.new_id();
        let told = match leaving::wish(&tree.body) {
            Some(Wish::HandOver(to)) => {
                let message =
                    format!("The owner of the family tree {} stays. It is not handed over.", name(&tree));
                Some(news(
                    ports,
                    &to,
                    &tree,
                    ("tree_handover_cancelled", "A family tree stays where it is", &message),
                ))
            }
            _ => None,
        };
        put(ports, user, &tree.id, None, told.as_ref().map(|body| (id.as_str(), body))).await?;
    }
    Ok(())
}

/// A notification about a tree. It names the tree and not its owner, who will be forgotten.
fn news(
    ports: &AuthPorts,
    user_id: &str,
    tree: &Document,
    (kind, title, message): (&str, &str, &str),
) -> Body {
    let refuse = format!("/api/family-trees/{}/handover/refuse", tree.id);
    let notification = NewNotification {
        user_id,
        kind,
        title,
        message,
        link: "/family-tree",
        resource: ("FamilyTree", &tree.id),
        data: json!({ "familyTreeId": tree.id, "refuse": refuse }),
    };
    notification.into_body(&timestamp(&ports.clock))
}

/// The plan on the wire.
pub(crate) fn wire(planned: &[Planned]) -> Vec<LeavingTree> {
    let said = planned.iter().filter_map(|planned| Some((planned, planned.wish.as_ref()?)));
    said.map(|(planned, wish)| {
        let (becomes, to) = match wish {
            Wish::Delete => ("deleted", None),
            Wish::HandOver(to) => ("handedOver", Some(to.clone())),
        };
        LeavingTree {
            id: planned.tree.id.clone(),
            name: name(&planned.tree).to_owned(),
            becomes: becomes.to_owned(),
            to,
        }
    })
    .collect()
}
