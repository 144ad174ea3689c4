//! A process that is killed in the middle of its writes leaves whole batches only.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dzinza_contract::{Failed, Outcome};
use dzinza_ports::{
    Batch, Body, Collection, Documents as _, Field, Filter, Ids as _, Index, NewMessage, Queue as _,
    StoreError, SystemClock, SystemIds,
};
use dzinza_sqlite::SqliteStore;
use libtest_mimic::{Arguments, Trial};
use serde_json::json;

static PERSONS: Collection = Collection {
    name: "persons",
    fields: &[Field::text("name"), Field::array("tags")],
    indexes: &[Index::on(&["name"])],
};
static IMPORTS: Collection = Collection { name: "imports", fields: &[], indexes: &[] };

const BATCH: u64 = 200;
const CHILD: &str = "write-until-killed";

fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some(CHILD) {
        return write_until_killed(Path::new(&arguments.next().unwrap_or_default()));
    }
    let trial = Trial::test("a process killed in the middle of its writes leaves whole batches only", killed);
    libtest_mimic::run(&Arguments::from_args(), vec![trial]).exit()
}

fn open(path: &Path) -> Result<Arc<SqliteStore>, StoreError> {
    SqliteStore::open(path, Arc::new(SystemClock), Arc::new(SystemIds), &[&PERSONS, &IMPORTS])
}

#[tokio::main]
async fn write_until_killed(path: &Path) -> Outcome {
    let store = open(path)?;
    loop {
        let mut batch = Batch::new();
        for number in 0..BATCH {
            let mut body = Body::new();
            body.insert("name".to_owned(), json!(format!("name {number}")));
            body.insert("tags".to_owned(), json!(["imported"]));
            batch.insert(&PERSONS, SystemIds.new_id(), body);
        }
        batch.job(NewMessage { queue: "index", body: json!({}), delay: Duration::ZERO });
        batch.insert(&IMPORTS, SystemIds.new_id(), Body::new());
        store.commit(batch).await?;
    }
}

#[tokio::main]
async fn killed() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("store.db");
    let mut before = 0;
    for round in 0..5_u64 {
        let mut child = Command::new(std::env::current_exe()?).arg(CHILD).arg(&path).spawn()?;
        let store = open(&path)?;
        let patience = Instant::now() + Duration::from_mins(1);
        while store.count(&IMPORTS, Filter::All).await? < before + 3 {
            if Instant::now() > patience {
                child.kill()?;
                return Err(Failed::from("the child does not write"));
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(7 * round)).await;
        child.kill()?;
        child.wait()?;
        drop(store);
        before = check(&path).await?;
    }
    Ok(())
}

/// Says how many batches there are, all of them whole.
async fn check(path: &Path) -> Result<u64, Failed> {
    let store = open(path)?;
    let batches = store.count(&IMPORTS, Filter::All).await?;
    assert_eq!(store.count(&PERSONS, Filter::All).await?, batches * BATCH);
    assert_eq!(store.count(&PERSONS, Filter::Has("tags", "imported".to_owned())).await?, batches * BATCH);
    assert_eq!(store.depth("index").await?.waiting, batches);
    let conn = rusqlite::Connection::open(path)?;
    let state: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    assert_eq!(state, "ok");
    Ok(batches)
}
