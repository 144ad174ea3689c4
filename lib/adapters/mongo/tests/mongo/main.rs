//! Against a server that speaks MongoDB's protocol, in a process of its own; each case has a database of its own.

mod cases;
mod existing;
mod legacy;
mod outage;
mod server;

use libtest_mimic::Arguments;

fn main() {
    let arguments = Arguments::from_args();
    let shared = server::Shared::default();
    let mut trials = cases::trials(&shared);
    trials.extend(existing::trials(&shared));
    trials.extend(legacy::trials(&shared));
    trials.extend(outage::trials());
    let conclusion = libtest_mimic::run(&arguments, server::if_installed(trials));
    // Before the process ends, and with it everything that would do this.
    drop(shared.stop());
    conclusion.exit();
}
