//! Against a real Redis, in a process of its own for each case.

mod contract;
mod outage;
mod server;
mod tls;

use libtest_mimic::Arguments;

fn main() {
    let mut trials = contract::trials();
    trials.extend(outage::trials());
    trials.extend(tls::trials());
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}
