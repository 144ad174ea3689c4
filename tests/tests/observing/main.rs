//! What the real program tells of itself: traces to a collector that is a process, metrics to whoever comes for them and as
//! lines, and a log of JSON.
#![expect(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod collector;
mod lambda;
mod tracing;

use std::process::ExitCode;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};

/// Far more than a case takes; the programs may have to be built first.
const PATIENCE: Duration = Duration::from_mins(10);

fn main() -> anyhow::Result<ExitCode> {
    if std::env::args().nth(1).is_some_and(|role| role == collector::ROLE) {
        collector::be()?;
        return Ok(ExitCode::SUCCESS);
    }
    let arguments = Arguments::from_args();
    let trials = vec![
        trial(
            "a trace leads from the caller through gateway, function and store into the job",
            tracing::apart,
        ),
        trial("it does so where the functions are linked", tracing::linked),
        trial("without a collector everything else goes on", tracing::alone),
        trial("on AWS Lambda metrics and requests are lines", lambda::lines),
    ];
    Ok(libtest_mimic::run(&arguments, trials).exit_code())
}

fn trial<Run>(sentence: &'static str, case: fn() -> Run) -> Trial
where
    Run: Future<Output = ()> + 'static,
{
    Trial::test(sentence, move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let ended = runtime.block_on(async move { tokio::time::timeout(PATIENCE, case()).await });
        ended.map_err(|_| Failed::from("takes too long"))
    })
}
