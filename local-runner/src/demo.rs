//! The sample family that `--demo` loads: invented people, written for this purpose.

use bytes::Bytes;
use dzinza_auth::{NewAccount, create_account};
use dzinza_domain::collections::PEOPLE;
use dzinza_domain::gedcom::kept_xref;
use dzinza_domain::{person, tree};
use dzinza_ports::{Batch, Filter, Query, User};
use dzinza_web::{Caller, Edit, TreeAccess, timestamp};
use futures::StreamExt as _;
use serde_json::json;

use crate::platform::Platform;

/// Who signs in to look at it.
pub const EMAIL: &str = "demo@dzinza.example";
/// With what. Known to everyone, so only for looking.
pub const PASSWORD: &str = "Demo-2026!";

const FAMILY: &[u8] = include_bytes!("../demo/family.ged");
const PORTRAIT: &[u8] = include_bytes!("../demo/portrait.svg");
/// Whose portrait that is.
const SITTER: &str = "@I20@";

/// Makes the demo account and its tree, once; the import itself is a job like any other. Says whether it was new.
///
/// # Errors
/// If the store cannot be written.
pub async fn prepare(platform: &Platform) -> anyhow::Result<bool> {
    if platform.stores.users.by_email(EMAIL).await?.is_some() {
        return Ok(false);
    }
    let account = NewAccount {
        email: EMAIL.into(),
        password: Some(PASSWORD.into()),
        first_name: "Demo".into(),
        last_name: "Account".into(),
        ..NewAccount::default()
    };
    let user = create_account(&platform.auth_ports(), account).await.map_err(in_words)?;
    let access = new_tree(platform, &user, "The Mhizha and Moyo families (sample)").await?;
    let upload = dzinza_trees::Upload {
        file_name: "family.ged",
        bytes: futures::stream::once(async { Ok(Bytes::from_static(FAMILY)) }).boxed(),
    };
    dzinza_trees::start_import(&platform.trees_ports(), &access, upload).await.map_err(in_words)?;
    Ok(true)
}

/// A new tree of this user.
///
/// # Errors
/// If the store cannot be written.
pub async fn new_tree(platform: &Platform, user: &User, name: &str) -> anyhow::Result<TreeAccess<Edit>> {
    let stores = &platform.stores;
    let id = stores.ids.new_id();
    let fields = json!({ "name": name, "privacy": "private" }).as_object().cloned().unwrap_or_default();
    let (_, batch) = tree::create(&id, &user.id, fields, &timestamp(&stores.clock));
    stores.documents.commit(batch).await?;
    let caller = Caller { user_id: user.id.clone(), role: user.role, session_id: None };
    TreeAccess::of(&stores.documents, &stores.clock, &caller, &id).await.map_err(in_words)
}

/// A problem as a line for the console.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub fn in_words(problem: dzinza_web::Problem) -> anyhow::Error {
    anyhow::anyhow!("{}", problem.message())
}

/// Gives the sitter her portrait, once the import is in. Does nothing if she has one, or is not there.
///
/// # Errors
/// If the store cannot be written.
pub async fn hang_portrait(platform: &Platform) -> anyhow::Result<()> {
    let stores = &platform.stores;
    let Some(user) = stores.users.by_email(EMAIL).await? else { return Ok(()) };
    let people = Query::new(Filter::eq("familyTreeId", newest_tree(platform, &user).await?)).limit(1000);
    let people = stores.documents.find(&PEOPLE, people).await?;
    let Some(sitter) = people.iter().find(|person| kept_xref(&person.body) == Some(SITTER)) else {
        return Ok(());
    };
    if person::text(&sitter.body, "profilePhotoUrl").is_some() {
        return Ok(());
    }
    let bytes = futures::stream::once(async { Ok(Bytes::from_static(PORTRAIT)) }).boxed();
    stores.blobs.put("demo/portrait.svg", "image/svg+xml", bytes).await?;
    let mut body = sitter.body.clone();
    body.insert("profilePhotoUrl".into(), json!("blob:demo/portrait.svg"));
    let mut batch = Batch::new();
    batch.replace(&PEOPLE, sitter, body);
    Ok(stores.documents.commit(batch).await?)
}

async fn newest_tree(platform: &Platform, user: &User) -> anyhow::Result<String> {
    let newest = Query::new(Filter::eq("ownerId", user.id.as_str()))
        .sort("createdAt", dzinza_ports::Direction::Descending)
        .limit(1);
    let trees = platform.stores.documents.find(&dzinza_domain::collections::FAMILY_TREES, newest).await?;
    Ok(trees.first().map(|tree| tree.id.clone()).unwrap_or_default())
}
