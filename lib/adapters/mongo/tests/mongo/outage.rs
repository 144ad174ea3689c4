//! A database that is away, and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dzinza_domain::collections::PEOPLE;
use dzinza_mongo::MongoStore;
use dzinza_ports::{Batch, Documents as _, StoreErrorKind};
use libtest_mimic::{Failed, Trial};
use serde_json::Map;

use crate::server::Server;

/// How long a caller is kept waiting at most.
const PATIENCE: Duration = Duration::from_secs(10);

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "mongo: while it is away callers hear so soon, and it is used again once it is back",
            || runtime()?.block_on(comes_and_goes()),
        ),
        Trial::test(
            "mongo: who is cut off in a commit is told that it was done, or that nobody knows",
            || runtime()?.block_on(cut_off()),
        ),
    ]
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}

async fn comes_and_goes() -> Result<(), Failed> {
    let server = Server::absent(true)?;
    let case = server.store("case", &[&PEOPLE])?;
    let away = || async {
        let asked = Instant::now();
        let answer = case.store.get(&PEOPLE, "a").await;
        assert!(asked.elapsed() < PATIENCE, "{:?}", asked.elapsed());
        assert_eq!(answer.map_err(|error| error.kind()), Err(StoreErrorKind::Unavailable));
    };
    away().await;
    server.run()?;
    let mut batch = Batch::new();
    batch.insert(&PEOPLE, "a", Map::new());
    batch.insert(&PEOPLE, "b", Map::new());
    case.store.commit(batch).await?;
    server.kill();
    away().await;
    server.run()?;
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        match case.store.get(&PEOPLE, "b").await {
            Ok(found) => {
                assert!(found.is_some(), "what was acknowledged is there");
                return Ok(());
            }
            Err(error) if Instant::now() > deadline => return Err(error.to_string().into()),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// Cuts while eight write.
const CUTS: usize = 6;

async fn cut_off() -> Result<(), Failed> {
    let server = Server::absent(true)?;
    server.run()?;
    let case = server.store("case", &[&PEOPLE])?;
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> =
        (0..8).map(|writer| tokio::spawn(writes(case.store.clone(), writer, stop.clone()))).collect();
    for _ in 0..CUTS {
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.kill();
        server.run()?;
    }
    stop.store(true, Ordering::Relaxed);
    let mut done = 0;
    for writer in writers {
        done += writer.await??;
    }
    assert!(done > 8, "{done}");
    Ok(())
}

/// Adds two documents again and again, and says how often it was told that they are there.
async fn writes(store: Arc<MongoStore>, writer: usize, stop: Arc<AtomicBool>) -> Result<usize, Failed> {
    let mut done = 0;
    for round in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let mut batch = Batch::new();
        for half in ["a", "b"] {
            batch.insert(&PEOPLE, format!("{writer}-{round}-{half}"), Map::new());
        }
        match store.commit(batch).await {
            Ok(()) => done += 1,
            Err(error) => assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}"),
        }
    }
    Ok(done)
}
