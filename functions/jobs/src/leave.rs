//! Erasing accounts whose time has come: their trees are settled, their traces in the trees of others made nobody's, and
//! last of all the account is removed.
//!
//! The account is first marked so that nobody comes back to it. Every step after that finds what is left to do by
//! looking, so a run that was cut off is gone on with by the next, and the account itself stays until nothing is left.

use std::time::Duration;

use dzinza_domain::avatar;
use dzinza_domain::collections::{DEFAULT_TREES, EVENTS, FAMILY_TREES, NOTIFICATIONS, UPLOADS};
use dzinza_domain::import::JOBS_QUEUE;
use dzinza_domain::leaving::{self, Destiny};
use dzinza_domain::notification::NewNotification;
use dzinza_ports::{
    AuditEntry, Batch, Body, Collection, Document, ERASURE_BEGUN, Filter, Given, NewMessage, Query, Role,
    StoreErrorKind, User, UserChange, UserFilter, UserPage,
};
use serde_json::{Value, json};

use crate::{JobError, JobsPorts, clear, expire, export, leave_mail, now};

/// Documents a read.
const CHUNK: u32 = 100;
/// Accounts a run.
const ACCOUNTS: u32 = 1000;

/// Erases every account whose time has come. One that cannot be erased now does not hold up the others.
pub async fn erase_due(ports: &JobsPorts) -> Result<(), JobError> {
    let mut failure = None;
    for user in ports.users.to_erase(ports.clock.now(), ACCOUNTS).await? {
        let id = user.id.clone();
        if let Err(error) = erase(ports, user).await {
            tracing::error!(user_id = id, %error, "an account could not be erased");
            failure = Some(error);
        }
    }
    failure.map_or(Ok(()), Err)
}

async fn erase(ports: &JobsPorts, user: User) -> Result<(), JobError> {
    if user.erase_after != Some(ERASURE_BEGUN) {
        if let Some(tree) = without_heir(ports, &user.id).await? {
            // Its owner can still come back and decide.
            tracing::error!(
                user_id = user.id,
                tree,
                "an account waits for its erasure: its tree has no heir"
            );
            metrics::counter!("account_erasures_waiting_total").increment(1);
            return Ok(());
        }
        let mark = UserChange {
            // An administrator may have brought it back as well.
            given: Given { erase_after: user.erase_after, is_active: Some(false), ..Given::default() },
            erase_after: Some(Some(ERASURE_BEGUN)),
            ..UserChange::default()
        };
        if ports.users.update(&user.id, mark, ports.clock.now()).await?.is_none() {
            // Its owner came back, or another run is at it.
            return Ok(());
        }
    }
    settle_trees(ports, &user.id).await?;
    leave_trees(ports, &user.id).await?;
    leave_stories(ports, &user.id).await?;
    leave_notifications(ports, &user.id).await?;
    remove_files(ports, &user).await?;
    finish(ports, &user).await
}

/// A tree of this account that must stay and that nobody can take.
async fn without_heir(ports: &JobsPorts, user_id: &str) -> Result<Option<String>, JobError> {
    let mut owned = Query::new(Filter::eq("ownerId", user_id)).limit(CHUNK);
    loop {
        let trees = ports.documents.find(&FAMILY_TREES, owned.clone()).await?;
        for tree in &trees {
            if let Destiny::HandOver(heirs) = leaving::destiny(&tree.body)
                && heir(ports, user_id, &heirs).await?.is_none()
            {
                return Ok(Some(tree.id.clone()));
            }
        }
        let Some(last) = trees.last().filter(|_| trees.len() >= CHUNK as usize) else { return Ok(None) };
        owned.after = Some(dzinza_ports::cursor_of(last, &[]));
    }
}

/// The first of these who can sign in, or else the first who runs the platform.
async fn heir(ports: &JobsPorts, owner: &str, heirs: &[String]) -> Result<Option<String>, JobError> {
    for id in heirs {
        if ports.users.by_id(id).await?.is_some_and(|user| user.is_active) {
            return Ok(Some(id.clone()));
        }
    }
    let filter = UserFilter { role: Some(Role::Admin), is_active: Some(true), ..UserFilter::default() };
    let (admins, _) = ports.users.page(UserPage { filter, limit: 2, ..UserPage::default() }).await?;
    Ok(admins.into_iter().map(|admin| admin.id).find(|id| id != owner))
}

/// Hands over the trees that stay and deletes the others, until there is none left.
async fn settle_trees(ports: &JobsPorts, user_id: &str) -> Result<(), JobError> {
    loop {
        let owned = Query::new(Filter::eq("ownerId", user_id)).limit(CHUNK);
        let trees = ports.documents.find(&FAMILY_TREES, owned).await?;
        if trees.is_empty() {
            return Ok(());
        }
        for tree in trees {
            let batch = match leaving::destiny(&tree.body) {
                Destiny::Delete => deletion(&tree),
                Destiny::HandOver(heirs) => {
                    let missing = JobError::Malformed("a tree that others work in has lost its heir");
                    let heir = heir(ports, user_id, &heirs).await?.ok_or(missing)?;
                    handing_over(ports, &tree, &heir)
                }
            };
            commit(ports, batch).await?;
        }
    }
}

/// As if its owner deleted it: gone at once, cleared away by a job.
fn deletion(tree: &Document) -> Batch {
    let mut batch = Batch::new();
    batch.delete(&FAMILY_TREES, tree);
    let body = json!({ "job": "delete-tree", "treeId": tree.id });
    batch.job(NewMessage { queue: JOBS_QUEUE, body, delay: Duration::ZERO });
    batch
}

fn handing_over(ports: &JobsPorts, tree: &Document, heir: &str) -> Batch {
    let at = now(ports);
    let name = tree.body.get("name").and_then(Value::as_str).unwrap_or_default();
    let message = format!("The family tree {name} is yours now: its owner has left.");
    let news = NewNotification {
        user_id: heir,
        kind: "tree_handed_over",
        title: "A family tree is yours now",
        message: &message,
        link: "/family-tree",
        resource: ("FamilyTree", &tree.id),
        data: json!({ "familyTreeId": tree.id }),
    };
    let mut batch = Batch::new();
    batch.replace(&FAMILY_TREES, tree, leaving::handed_over(&tree.body, heir, &at));
    batch.insert(&NOTIFICATIONS, ports.ids.new_id(), news.into_body(&at));
    batch
}

/// Commits. What somebody changed at the same moment comes up again when the caller looks the next time.
async fn commit(ports: &JobsPorts, batch: Batch) -> Result<(), JobError> {
    match ports.documents.commit(batch).await {
        Err(error) if error.kind() == StoreErrorKind::Stale => Ok(()),
        result => Ok(result?),
    }
}

/// Rewrites all documents that a filter finds, one by one, until it finds none; `None` removes one.
async fn rewrite(
    ports: &JobsPorts,
    collection: &'static Collection,
    filter: Filter,
    next: impl Fn(&Body) -> Option<Body>,
) -> Result<(), JobError> {
    loop {
        let found = ports.documents.find(collection, Query::new(filter.clone()).limit(CHUNK)).await?;
        if found.is_empty() {
            return Ok(());
        }
        for document in found {
            let mut batch = Batch::new();
            match next(&document.body) {
                Some(body) => batch.replace(collection, &document, body),
                None => batch.delete(collection, &document),
            }
            commit(ports, batch).await?;
        }
    }
}

/// Takes the account off the lists of those who work in the trees of others, invitations included.
async fn leave_trees(ports: &JobsPorts, user_id: &str) -> Result<(), JobError> {
    let listed = Filter::Has("collaborators.userId", user_id.to_owned());
    rewrite(ports, &FAMILY_TREES, listed, |tree| Some(leaving::without_member(tree, user_id))).await
}

/// Stories that were told to a family which is still there stay, as nobody's. Others go.
async fn leave_stories(ports: &JobsPorts, user_id: &str) -> Result<(), JobError> {
    loop {
        let own = Query::new(Filter::eq("userId", user_id)).limit(CHUNK);
        let stories = ports.documents.find(&EVENTS, own).await?;
        if stories.is_empty() {
            return Ok(());
        }
        for story in stories {
            let text = |key: &str| story.body.get(key).and_then(Value::as_str).unwrap_or_default();
            let told = !text("privacy").eq_ignore_ascii_case("private");
            let family = match text("familyTreeId") {
                "" => None,
                id => ports.documents.get(&FAMILY_TREES, id).await?,
            };
            let mut batch = Batch::new();
            if told && family.is_some() {
                batch.replace(&EVENTS, &story, leaving::anonymous_story(&story.body));
            } else {
                batch.delete(&EVENTS, &story);
            }
            commit(ports, batch).await?;
        }
    }
}

/// What the account was told goes; what others were told of it names it no more.
async fn leave_notifications(ports: &JobsPorts, user_id: &str) -> Result<(), JobError> {
    clear::remove_all(ports, &NOTIFICATIONS, &Filter::eq("userId", user_id)).await?;
    let told = Filter::eq("actorId", user_id);
    rewrite(ports, &NOTIFICATIONS, told, |news| Some(leaving::anonymous_notification(news))).await
}

/// Files on their way in, files made for the account, its picture.
async fn remove_files(ports: &JobsPorts, user: &User) -> Result<(), JobError> {
    let own = Filter::eq("userId", user.id.as_str());
    expire::remove_uploads(ports, own.clone()).await?;
    export::remove(ports, &own).await?;
    let mut batch = Batch::new();
    batch.delete_any(&UPLOADS, format!("user:{}", user.id));
    batch.delete_any(&DEFAULT_TREES, user.id.as_str());
    ports.documents.commit(batch).await?;
    Ok(ports.blobs.delete(&avatar::key(&user.id)).await?)
}

/// The last word goes into the audit trail and to the address, then the account is removed, which makes the trail
/// nobody's. Cut off before that, both may be said twice; never not at all.
async fn finish(ports: &JobsPorts, user: &User) -> Result<(), JobError> {
    const ACTION: &str = "ACCOUNT_ERASED";
    let newest = ports.audit.of_user(&user.id, 1).await?;
    if newest.first().is_none_or(|entry| entry.action != ACTION) {
        let entry = AuditEntry {
            id: ports.ids.new_id(),
            user_id: Some(user.id.clone()),
            action: ACTION.to_owned(),
            ip_address: None,
            user_agent: None,
            timestamp: ports.clock.now(),
            details: json!({}),
        };
        ports.audit.append(entry).await?;
        leave_mail::erased(ports, user).await?;
    }
    // Drawn, not computed: nobody can find out whose it was.
    let pseudonym = format!("former-{}", ports.ids.new_id());
    if ports.users.erase(&user.id, &pseudonym, ports.clock.now()).await? {
        tracing::info!(subject = pseudonym, "an account has been erased");
        metrics::counter!("accounts_erased_total").increment(1);
    }
    Ok(())
}

/// Tells an owner who is leaving that the one who should take a tree over will not have it.
pub async fn tell_of_refusal(ports: &JobsPorts, tree_id: &str) -> Result<(), JobError> {
    let Some(tree) = ports.documents.get(&FAMILY_TREES, tree_id).await? else { return Ok(()) };
    let text = |key: &str| tree.body.get(key).and_then(Value::as_str).unwrap_or_default();
    let owner = ports.users.by_id(text("ownerId")).await?;
    match owner.and_then(|owner| owner.erase_after.filter(|at| *at != ERASURE_BEGUN).map(|_| owner)) {
        Some(owner) => leave_mail::refused(ports, &owner, text("name")).await,
        None => Ok(()),
    }
}
