//! The suites of the accounts over PostgreSQL, the migrations, and what happens when the server goes away. Where no server
//! is installed they show as ignored; in CI that is a failure.

mod legacy;
mod look;
mod migrations;
mod outages;
mod server;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use dzinza_contract::servers::programs;
use dzinza_contract::{AccountPorts, Failed, Fresh, ManualClock, Suite};
use dzinza_ports::SystemIds;
use dzinza_postgres::PgAccounts;
use libtest_mimic::{Arguments, Trial};
use server::PostgresServer;

/// Fewer than the crowds of the suites: somebody always waits.
const CONNECTIONS: u32 = 6;

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::from_args();
    let programs = programs();
    anyhow::ensure!(
        programs.is_some() || !in_ci(),
        "there is no PostgreSQL server on this machine: apt-get install postgresql"
    );
    // A listing needs no server.
    let needed = programs.as_deref().filter(|_| !arguments.list);
    let server = needed.map(started).transpose()?.map(Arc::new);
    let trials = trials(server.as_ref()).into_iter();
    let trials = trials.map(|trial| trial.with_ignored_flag(programs.is_none())).collect();
    let ended = libtest_mimic::run(&arguments, trials);
    drop(server);
    Ok(ended.exit_code())
}

#[expect(clippy::disallowed_methods, reason = "whether this is CI is no setting of the program")]
fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

fn started(programs: &Path) -> anyhow::Result<PostgresServer> {
    let server = PostgresServer::start(programs)?;
    block_on(server.prepare())?;
    Ok(server)
}

fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(work)
}

fn trials(server: Option<&Arc<PostgresServer>>) -> Vec<Trial> {
    let of_suite = server.cloned();
    let mut accounts = Suite::new("accounts", move || fresh(of_suite.clone()));
    dzinza_contract::accounts(&mut accounts);
    let mut trials = accounts.into_trials();
    migrations::cases(&mut trials, server);
    legacy::cases(&mut trials, server);
    outages::cases(&mut trials);
    trials
}

/// A case with the server of this process.
fn case<Run>(
    trials: &mut Vec<Trial>,
    server: Option<&Arc<PostgresServer>>,
    sentence: &str,
    case: impl FnOnce(Arc<PostgresServer>) -> Run + Send + 'static,
) where
    Run: Future<Output = anyhow::Result<()>> + Send,
{
    let server = server.cloned();
    trials.push(Trial::test(sentence, move || {
        let server = server.ok_or("there is no server")?;
        block_on(case(server)).map_err(|error| format!("{error:#}").into())
    }));
}

async fn fresh(server: Option<Arc<PostgresServer>>) -> Result<Fresh<AccountPorts>, Failed> {
    let server = server.ok_or("there is no server")?;
    let options = server.ours().await.map_err(|error| format!("{error:#}"))?;
    let accounts = Arc::new(PgAccounts::new(options, CONNECTIONS, Arc::new(SystemIds)));
    let port = AccountPorts {
        users: accounts.clone(),
        sessions: accounts.clone(),
        audit: accounts.clone(),
        identities: accounts.clone(),
        passkeys: accounts.clone(),
        access_tokens: accounts.clone(),
        site: accounts.clone(),
        outbox: accounts,
    };
    Ok(Fresh { port, clock: Arc::new(ManualClock::default()), guard: Box::new(server) })
}
