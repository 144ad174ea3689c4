//! A database that is away, and comes back.

use std::time::{Duration, Instant};

use dzinza_domain::collections::PEOPLE;
use dzinza_ports::{Batch, Documents as _, StoreErrorKind};
use libtest_mimic::{Failed, Trial};
use serde_json::Map;

use crate::server::Server;

/// How long a caller is kept waiting at most.
const PATIENCE: Duration = Duration::from_secs(10);

pub fn trials() -> Vec<Trial> {
    vec![Trial::test(
        "mongo: while it is away callers hear so soon, and it is used again once it is back",
        || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            runtime.block_on(comes_and_goes())
        },
    )]
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
