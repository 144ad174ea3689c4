//! Against servers that speak as AWS does: ministack, a process of its own, and s3s, which is part of the test and
//! looks at every signature.

mod blobs;
mod domains;
mod letters;
mod ministack;
mod queues;
mod references;
mod s3;
mod signatures;

use libtest_mimic::Arguments;

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = blobs::trials();
    trials.extend(signatures::trials());
    trials.extend(queues::trials());
    trials.extend(letters::trials());
    trials.extend(references::trials());
    trials.extend(domains::trials());
    libtest_mimic::run(&arguments, trials).exit();
}
