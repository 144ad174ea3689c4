use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use dzinza_auth::{NewAccount, create_account};
use dzinza_domain::collections::{FAMILY_TREES, IMPORTS};
use dzinza_domain::gedcom;
use dzinza_domain::import::{self, JOBS_QUEUE};
use dzinza_ports::{Batch, Body, NewMessage, StoreError, StoreErrorKind, User};
use dzinza_runner::demo::{self, in_words, new_tree};
use dzinza_runner::platform::Platform;
use dzinza_runner::queues::{Pump, recovery};
use dzinza_runner::template::Template;
use dzinza_trees::{Upload, start_import};
use dzinza_web::{Caller, Edit, TreeAccess};
use futures::{StreamExt as _, TryStreamExt as _};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio_util::io::ReaderStream;
use tokio_util::sync::CancellationToken;

use super::{DataFolder, out};

/// The account that owns what is imported where nobody has signed up yet.
const LOCAL_OWNER: &str = "owner@dzinza.local";
/// So much of the file shows whether it is GEDCOM.
const BEGINNING: u64 = 1 << 16;
/// Findings shown on the console; the report in the tree has more.
const SHOWN: usize = 10;

#[derive(Args)]
pub struct Arguments {
    /// The GEDCOM file
    file: PathBuf,
    #[command(flatten)]
    folder: DataFolder,
    /// Whose tree it becomes [default: the only account, or a new local owner]
    #[arg(long, value_name = "OWNER")]
    email: Option<String>,
    /// Into which tree [default: a new one, named after the file]
    #[arg(long, value_name = "ID")]
    tree: Option<String>,
}

pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let settings = arguments.folder.settings()?;
    let file = tokio::fs::File::open(&arguments.file)
        .await
        .with_context(|| format!("cannot read {}", arguments.file.display()))?;
    let platform = Platform::open(&settings, &settings.data)?.ready().await?;
    check(&arguments.file).await?;
    let owner = owner(&platform, arguments.email.as_deref()).await?;
    let access = match &arguments.tree {
        Some(id) => {
            let caller = Caller { user_id: owner.id.clone(), role: owner.role, session_id: None };
            let stores = &platform.stores;
            TreeAccess::<Edit>::of(&stores.documents, &stores.clock, &caller, id).await.map_err(in_words)?
        }
        None => new_tree(&platform, &owner, &tree_name(&arguments.file)).await?,
    };
    let bytes = ReaderStream::with_capacity(file, 1 << 18)
        .map_err(|error| StoreError::with_source(StoreErrorKind::Invalid, "reading the file", error))
        .boxed();
    let name = arguments.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let upload = Upload { file_name: &name, bytes };
    let done = match start_import(&platform.trees_ports(), &access, upload).await.map_err(in_words) {
        Ok(id) => follow(&platform, &id).await?,
        Err(problem) if arguments.tree.is_some() => return Err(problem),
        Err(problem) => return forget(&platform, access.id()).await.and(Err(problem)),
    };
    if import::status(&done) != "completed" && arguments.tree.is_none() {
        forget(&platform, access.id()).await?;
    }
    tell(&done, access.id())
}

/// Before anything is made for it: whether the file is GEDCOM at all.
async fn check(path: &Path) -> anyhow::Result<()> {
    let shown = path.display();
    let read = async {
        let mut beginning = Vec::new();
        let file = tokio::fs::File::open(path).await?;
        file.take(BEGINNING).read_to_end(&mut beginning).await?;
        Ok::<_, std::io::Error>(beginning)
    };
    let beginning = read.await.with_context(|| format!("cannot read {shown}"))?;
    gedcom::check_beginning(&beginning)
        .map_err(|reason| anyhow::anyhow!("{shown} cannot be imported: {reason}"))
}

/// Takes a tree back that was made for a file which turned out not to be one; the rest is a job.
async fn forget(platform: &Platform, tree_id: &str) -> anyhow::Result<()> {
    let documents = &platform.stores.documents;
    let Some(tree) = documents.get(&FAMILY_TREES, tree_id).await? else { return Ok(()) };
    let mut batch = Batch::new();
    // As it was read: whoever has begun to work in it keeps it.
    batch.delete(&FAMILY_TREES, &tree);
    let persons = tree.body.get("statistics").and_then(|statistics| statistics["totalPersons"].as_i64());
    let body = json!({ "job": "delete-tree", "treeId": tree_id });
    batch.job(NewMessage { queue: JOBS_QUEUE, body, delay: Duration::ZERO });
    if persons.unwrap_or(0) == 0 { Ok(documents.commit(batch).await?) } else { Ok(()) }
}

/// The account that was named; else the only one there is; else a new local one.
async fn owner(platform: &Platform, email: Option<&str>) -> anyhow::Result<User> {
    let users = &platform.stores.users;
    if let Some(email) = email {
        let found = users.by_email(email.trim()).await?;
        return found.with_context(|| {
            format!("there is no account {email}; make one with: dzinza user create --email {email}")
        });
    }
    // Everyone knows the password of the demo account: nothing of one's own goes there.
    let mut own = users.oldest(3).await?;
    own.retain(|user| user.email != demo::EMAIL);
    if own.len() > 1 {
        let local = own.into_iter().find(|user| user.email == LOCAL_OWNER);
        return local.context("there are several accounts; say whose tree it becomes with --email");
    }
    if let Some(only) = own.pop() {
        return Ok(only);
    }
    let password = super::user::made_password();
    let account = NewAccount {
        email: LOCAL_OWNER.into(),
        password: Some(password.clone()),
        first_name: "Local".into(),
        last_name: "Owner".into(),
        ..NewAccount::default()
    };
    let user = create_account(&platform.auth_ports(), account).await.map_err(in_words)?;
    out::line(&format!("Made a local owner: sign in as {LOCAL_OWNER} with {password}"));
    Ok(user)
}

fn tree_name(file: &Path) -> String {
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let name: String = stem.trim().chars().take(100).collect();
    if name.is_empty() { "Imported tree".to_owned() } else { name }
}

/// Works the queue here, unless a server is quicker, and shows how the import fares.
///
/// # Errors
/// If it was interrupted. The import is then as after any stop: the next server or import command goes on with it.
async fn follow(platform: &Platform, id: &str) -> anyhow::Result<Body> {
    let stop = CancellationToken::new();
    let pump = Pump::new(&Template::load(None)?, platform.stores.queue.clone(), platform.jobs())
        .wake_by(platform.stores.wake_up.clone());
    let (stopping, jobs) = (stop.clone(), platform.jobs_ports());
    let pumping =
        tokio::spawn(async move { tokio::join!(pump.run(&stopping), recovery::run(&jobs, &stopping)) });
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} records, {elapsed}")?;
    let bar = ProgressBar::new(0).with_style(style);
    let settled = tokio::select! {
        settled = settled(platform, id, &bar) => settled,
        () = interrupted() => Err(anyhow::anyhow!(
            "interrupted; the import goes on with the next: dzinza serve, or dzinza import"
        )),
    };
    bar.finish_and_clear();
    stop.cancel();
    pumping.await?;
    settled
}

async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// The import, once nothing more happens to it.
async fn settled(platform: &Platform, id: &str, bar: &ProgressBar) -> anyhow::Result<Body> {
    loop {
        let import = platform.stores.documents.get(&IMPORTS, id).await?.context("the import is gone")?;
        let number = |key: &str| import.body.get("progress").and_then(|p| p[key].as_u64()).unwrap_or(0);
        bar.set_length(number("recordsTotal"));
        bar.set_position(number("recordsDone"));
        if import::is_settled(&import.body) {
            return Ok(import.body);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn tell(done: &Body, tree_id: &str) -> anyhow::Result<()> {
    let report = done.get("report").cloned().unwrap_or_default();
    let found = report["diagnostics"].as_array().cloned().unwrap_or_default();
    // Why it failed is said at the end, once.
    let said =
        |one: &serde_json::Value| one["severity"] == "info" || Some(&one["message"]) == done.get("error");
    for one in found.iter().filter(|one| !said(one)).take(SHOWN) {
        let message = one["message"].as_str().unwrap_or_default();
        out::error(&format!(
            "line {}: {}: {message}",
            one["line"],
            one["severity"].as_str().unwrap_or_default()
        ));
    }
    let counts = &report["counts"];
    let count = |key: &str| counts[key].as_u64().unwrap_or(0);
    if import::status(done) != "completed" {
        let reason = done.get("error").and_then(|error| error.as_str()).unwrap_or("unknown reason");
        anyhow::bail!("the import failed: {reason}");
    }
    let number = |key: &str| done.get(key).and_then(serde_json::Value::as_u64).unwrap_or(0);
    out::line(&format!(
        "Imported {} people, {} families and {} sources into tree {tree_id}.",
        number("individualsImported"),
        number("familiesProcessed"),
        number("sourcesImported"),
    ));
    out::line(&format!("The report has {} warnings and {} errors.", count("warning"), count("error")));
    Ok(())
}
