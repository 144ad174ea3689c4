//! `cargo xtask bench --replicas`: the main reads with functions linked, and with each of them in 1, 4 and 16 processes.

use std::process::ExitCode;

use super::process::Server;
use super::scenes::Site;
use super::{Place, on_folder, prepare, report};
use crate::shell::say;

const PEOPLE: usize = 10_000;
const REPLICAS: [usize; 3] = [1, 4, 16];

pub fn run() -> anyhow::Result<ExitCode> {
    let place = super::build_apart()?;
    let failed = on_folder(&place, measure)?;
    say(&format!("bench: {failed} requests failed"));
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn measure(place: &Place) -> anyhow::Result<u64> {
    let made = prepare(place, PEOPLE, None)?;
    let data = made.data.display().to_string();
    let serve = ["serve", "--data", &data, "--listen", "127.0.0.1:0"];
    let mut failed = 0;
    for replicas in [0].into_iter().chain(REPLICAS) {
        let number = replicas.to_string();
        let apart = ["--spawn", &number];
        let more = if replicas == 0 { &[][..] } else { &apart };
        let server = Server::with(&place.dzinza, &[&serve[..], more].concat(), &[])?;
        let how = if replicas == 0 { "linked".to_owned() } else { format!("{replicas} processes each") };
        say(&format!("\n== {how}, {PEOPLE} people"));
        say(&report::head());
        let cells = Site::open(&server, &made.tree, PEOPLE, &made.deep, &[])?.main_reads();
        failed += cells.iter().map(|cell| cell.errors).sum::<u64>();
        for cell in cells.iter().filter(|cell| cell.errors > 0) {
            say(&format!("{}: {:?}", cell.name, cell.first_error));
        }
        let all = server.memory_of_all();
        say(&format!("memory of gateway and functions: {:.0} MB in {} processes", all.0, all.1));
    }
    Ok(failed)
}
