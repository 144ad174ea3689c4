//! When the server goes away, calls fail soon and clearly; when it comes back, they succeed again.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dzinza_ports::{StoreErrorKind, SystemIds, Users as _};
use dzinza_postgres::PgAccounts;
use libtest_mimic::Trial;

use crate::server::PostgresServer;
use dzinza_contract::servers::programs;

pub fn cases(trials: &mut Vec<Trial>) {
    let mut case = |sentence: &str, run: fn(&Path) -> anyhow::Result<()>| {
        trials.push(Trial::test(sentence, move || {
            let programs = programs().ok_or("there is no server")?;
            run(&programs).map_err(|error| format!("{error:#}").into())
        }));
    };
    case("outages: a server that is killed is Unavailable, and used again once it is back", killed);
    case("outages: a server that does not answer is Unavailable within seconds", frozen);
}

fn killed(programs: &Path) -> anyhow::Result<()> {
    crate::block_on(async {
        let server = PostgresServer::start(programs)?;
        server.prepare().await?;
        let accounts = PgAccounts::new(server.ours().await?, 4, Arc::new(SystemIds));
        assert_eq!(accounts.count().await?, 0);
        server.process.kill()?;
        gone(&accounts).await?;
        server.process.resume()?;
        // No call fails any more: connections that broke are found out before they are used.
        for _ in 0..8 {
            assert_eq!(accounts.count().await?, 0);
        }
        Ok(())
    })
}

fn frozen(programs: &Path) -> anyhow::Result<()> {
    crate::block_on(async {
        let server = PostgresServer::start(programs)?;
        server.prepare().await?;
        let accounts = PgAccounts::new(server.ours().await?, 4, Arc::new(SystemIds));
        assert_eq!(accounts.count().await?, 0);
        server.process.freeze(true)?;
        gone(&accounts).await?;
        server.process.freeze(false)?;
        assert_eq!(accounts.count().await?, 0);
        Ok(())
    })
}

async fn gone(accounts: &PgAccounts) -> anyhow::Result<()> {
    let began = Instant::now();
    let Err(error) = accounts.count().await else { anyhow::bail!("there is no server") };
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
    // Generous: what is meant is that nothing waits for the minutes of a TCP connection.
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    Ok(())
}
