//! What `docker-compose.yml` describes, as plain processes of this machine: real PostgreSQL and Redis, servers that speak as
//! MongoDB, S3 and OpenSearch do, the gateway, and every function in processes of its own, as often and with the variables
//! as the file has it. Ignored where a server is not installed; in CI that is a failure.
#![expect(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod crowd;
mod family;
mod outages;
mod town;

use std::process::ExitCode;
use std::time::Duration;

use dzinza_contract::servers::{Ministack, Mongo, Redis, Search, programs};
use libtest_mimic::{Arguments, Failed, Trial};
use town::Town;

/// Far more than a case takes.
const PATIENCE: Duration = Duration::from_mins(4);

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::from_args();
    let installed = [
        ("apt-get install postgresql", programs().is_some()),
        ("apt-get install redis-server", Redis::is_installed()),
        ("pip install secantusdb, into a place of its own", Mongo::is_installed()),
        ("pip install ministack", Ministack::is_installed()),
        ("pip install osmem-server", Search::is_installed()),
    ];
    let missing: Vec<&str> = installed.iter().filter(|(_, there)| !there).map(|(how, _)| *how).collect();
    anyhow::ensure!(missing.is_empty() || !in_ci(), "{missing:?}");
    let sentence = "what Compose starts serves a family, and restarts of all its parts lose nothing";
    let trial = Trial::test(sentence, whole).with_ignored_flag(!missing.is_empty());
    Ok(libtest_mimic::run(&arguments, vec![trial]).exit_code())
}

#[expect(clippy::disallowed_methods, reason = "whether this is CI is no setting of the program")]
fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

fn whole() -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let case = async {
        let town = Town::start().await?;
        family::lives_here(&town).await;
        outages::come_and_go(&town).await;
        anyhow::Ok(())
    };
    let ended = runtime.block_on(async { tokio::time::timeout(PATIENCE, case).await });
    Ok(ended.map_err(|_| Failed::from("takes too long"))??)
}
