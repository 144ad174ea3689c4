//! Authority over trees as extractors: a handler that does not name one cannot name a tree.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use dzinza_domain::collections::{DEFAULT_TREES, FAMILY_TREES, PEOPLE};
use dzinza_domain::privacy::Viewer;
use dzinza_domain::tree::{self, TreeRole};
use dzinza_ports::{
    Clock, Direction, Document, Documents, Filter, Ids, Query, StoreErrorKind, visible_imports,
};
use http::request::Parts;
use serde_json::Value;

use crate::{Caller, HasDocuments, Problem, QueryParams, Retry, retry_stale};

/// Ids longer than this are nobody's.
const MAX_ID: usize = 200;

/// How much authority a handler asks for.
pub trait Level: Send + Sync + 'static {
    /// The weakest role that has it.
    const LEAST: TreeRole;
    /// What someone is told who may look but not do this.
    const REFUSAL: &'static str;
}

/// To look.
#[derive(Debug, Clone, Copy)]
pub struct View;
/// To change persons, relationships and the tree's texts.
#[derive(Debug, Clone, Copy)]
pub struct Edit;
/// To invite and to set roles.
#[derive(Debug, Clone, Copy)]
pub struct Manage;
/// To delete the tree.
#[derive(Debug, Clone, Copy)]
pub struct Own;

impl Level for View {
    const LEAST: TreeRole = TreeRole::Public;
    const REFUSAL: &'static str = "You may not see this family tree";
}
impl Level for Edit {
    const LEAST: TreeRole = TreeRole::Editor;
    const REFUSAL: &'static str = "You may look at this family tree but not change it";
}
impl Level for Manage {
    const LEAST: TreeRole = TreeRole::Admin;
    const REFUSAL: &'static str = "Only the owner and administrators of this family tree may do this";
}
impl Level for Own {
    const LEAST: TreeRole = TreeRole::Owner;
    const REFUSAL: &'static str = "Only the owner of this family tree may do this";
}

/// A tree that the caller has authority over. As an extractor it takes the tree from the path (`treeId`) or the
/// query (`familyTreeId`, `treeId`, `tree_id`).
#[derive(Debug, Clone)]
pub struct TreeAccess<L> {
    /// The tree as it was read.
    pub tree: Document,
    /// The caller's role in it.
    pub role: TreeRole,
    /// The caller.
    pub caller: Caller,
    /// What the caller's eyes may see of a person.
    pub viewer: Viewer,
    level: PhantomData<L>,
}

impl<L: Level> TreeAccess<L> {
    /// Looks up the tree and checks the caller's authority.
    ///
    /// # Errors
    /// 404 if there is no such tree or the caller may not see it; 403 if the caller may see it but not do this.
    pub async fn of(
        documents: &Arc<dyn Documents>,
        clock: &Arc<dyn Clock>,
        caller: &Caller,
        tree_id: &str,
    ) -> Result<Self, Problem> {
        let missing = || Problem::not_found("Family tree not found");
        if tree_id.is_empty() || tree_id.len() > MAX_ID {
            return Err(missing());
        }
        let tree = documents.get(&FAMILY_TREES, tree_id).await?.ok_or_else(missing)?;
        let role = tree::role_of(&tree.body, &caller.user_id, caller.is_admin()).ok_or_else(missing)?;
        if role < L::LEAST {
            return Err(Problem::forbidden(L::REFUSAL));
        }
        let year = clock.now().to_zoned(jiff::tz::TimeZone::UTC).year();
        let viewer = Viewer { role, shows_living: tree::shows_living(&tree.body), year: i64::from(year) };
        Ok(Self { tree, role, caller: caller.clone(), viewer, level: PhantomData })
    }

    /// The tree's id.
    pub fn id(&self) -> &str {
        &self.tree.id
    }

    /// The filter for what belongs to this tree and is not part of an unfinished import.
    pub fn filter(&self) -> Filter {
        Filter::eq("familyTreeId", self.id()).and(visible_imports(&self.tree.body))
    }
}

impl<L: Level, S: HasDocuments> FromRequestParts<S> for TreeAccess<L> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let id = match path_param(parts, state, "treeId").await {
            Some(id) => id,
            None => QueryParams::from_request_parts(parts, state)
                .await?
                .text(&["familyTreeId", "treeId", "tree_id"])
                .map(str::to_owned)
                .ok_or_else(|| Problem::field("familyTreeId", "required", "familyTreeId is required"))?,
        };
        Self::of(state.documents(), &state.auth().clock, &caller, &id).await
    }
}

/// A person in a tree that the caller has authority over. The person comes from the path (`personId`); where the
/// path or query also names a tree, the person must be in that one.
#[derive(Debug, Clone)]
pub struct PersonAccess<L> {
    /// The person as it was read, not redacted.
    pub person: Document,
    /// The authority over its tree.
    pub access: TreeAccess<L>,
}

impl<L: Level> PersonAccess<L> {
    /// Looks up the person and checks the caller's authority over its tree.
    ///
    /// # Errors
    /// 404 if there is no such person for this caller; 403 if the caller may see it but not do this.
    pub async fn of(
        documents: &Arc<dyn Documents>,
        clock: &Arc<dyn Clock>,
        caller: &Caller,
        person_id: &str,
    ) -> Result<Self, Problem> {
        let missing = || Problem::not_found("Person not found");
        if person_id.is_empty() || person_id.len() > MAX_ID {
            return Err(missing());
        }
        let person = documents.get(&PEOPLE, person_id).await?.ok_or_else(missing)?;
        let text = |key: &str| person.body.get(key).and_then(Value::as_str).unwrap_or_default();
        let access =
            TreeAccess::of(documents, clock, caller, text("familyTreeId")).await.map_err(|problem| {
                // Not even that there is a tree may be learnt from a person's id.
                if problem.status() == http::StatusCode::NOT_FOUND { missing() } else { problem }
            })?;
        let import = text("importId");
        if !import.is_empty()
            && tree::pending_imports(&access.tree.body).iter().any(|pending| pending == import)
        {
            return Err(missing());
        }
        Ok(Self { person, access })
    }
}

impl<L: Level, S: HasDocuments> FromRequestParts<S> for PersonAccess<L> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let missing = || Problem::not_found("Person not found");
        let id = path_param(parts, state, "personId").await.ok_or_else(missing)?;
        let found = Self::of(state.documents(), &state.auth().clock, &caller, &id).await?;
        let in_path = path_param(parts, state, "treeId").await;
        let query = QueryParams::from_request_parts(parts, state).await?;
        let named = in_path.as_deref().or_else(|| query.text(&["familyTreeId", "treeId", "tree_id"]));
        if named.is_some_and(|tree| tree != found.access.id()) {
            return Err(missing());
        }
        Ok(found)
    }
}

async fn path_param<S: Send + Sync>(parts: &mut Parts, state: &S, name: &str) -> Option<String> {
    let params = RawPathParams::from_request_parts(parts, state).await.ok()?;
    params.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

/// The tree that a caller means who names none: the one they made last, or a new default one. Two first requests
/// at once make one tree.
///
/// # Errors
/// Only what the store says.
pub async fn default_tree(
    documents: &Arc<dyn Documents>,
    clock: &Arc<dyn Clock>,
    ids: &Arc<dyn Ids>,
    caller: &Caller,
) -> Result<TreeAccess<Edit>, Problem> {
    retry_stale(|| async {
        // The note is read before the trees: whoever made a tree between the two has changed it.
        let guard = documents.get(&DEFAULT_TREES, &caller.user_id).await?;
        let own = Query::new(Filter::eq("ownerId", caller.user_id.as_str()));
        let newest = own.sort("createdAt", Direction::Descending).limit(1);
        if let Some(tree) = documents.find(&FAMILY_TREES, newest).await?.first() {
            return Ok(TreeAccess::of(documents, clock, caller, &tree.id).await?);
        }
        let (_, batch) =
            tree::create_default(&ids.new_id(), &caller.user_id, guard.as_ref(), &timestamp(clock));
        match documents.commit(batch).await {
            // Now it is there, made by us or by someone who was faster: look again.
            Ok(()) => Err(Retry::Stale),
            Err(error) if error.kind() == StoreErrorKind::Conflict => Err(Retry::Stale),
            Err(error) => Err(error.into()),
        }
    })
    .await
}

/// The present moment as documents and answers write it: RFC 3339, UTC, microseconds.
pub fn timestamp(clock: &Arc<dyn Clock>) -> String {
    format!("{:.6}", clock.now())
}
