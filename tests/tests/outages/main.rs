//! PostgreSQL and Redis go away in the middle of load and come back, before the real program. Ignored where they are not
//! installed; in CI that is a failure.
#![expect(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod crowd;
mod database;
mod health;
mod house;
mod limits;

use std::process::ExitCode;
use std::time::Duration;

use dzinza_contract::servers::{Redis, programs};
use house::House;
use libtest_mimic::{Arguments, Failed, Trial};

/// Far more than a case takes.
const PATIENCE: Duration = Duration::from_mins(3);

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::from_args();
    let installed = programs().is_some() && Redis::is_installed();
    anyhow::ensure!(installed || !in_ci(), "apt-get install postgresql redis-server");
    let trials = vec![
        trial("PostgreSQL dies under load: clear answers, nothing lost, nothing given twice", database::dies),
        trial("Redis dies under load: everybody goes on", limits::dies),
        trial("Redis dies in the middle of guessing: no more guesses than before", limits::hold),
        trial("Redis is away: whoever is locked out or signed out stays so", limits::remembered),
        trial("health tells that a server is away, and that it is back", health::told),
    ];
    let trials = trials.into_iter().map(|trial| trial.with_ignored_flag(!installed)).collect();
    Ok(libtest_mimic::run(&arguments, trials).exit_code())
}

#[expect(clippy::disallowed_methods, reason = "whether this is CI is no setting of the program")]
fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

fn trial<Run>(sentence: &'static str, case: fn(House) -> Run) -> Trial
where
    Run: Future<Output = ()> + 'static,
{
    Trial::test(sentence, move || {
        let house = House::new().map_err(|error| format!("{error:#}"))?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let ended = runtime.block_on(async move { tokio::time::timeout(PATIENCE, case(house)).await });
        ended.map_err(|_| Failed::from("takes too long"))
    })
}
