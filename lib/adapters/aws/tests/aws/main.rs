//! Against servers that speak as AWS does: ministack, a process of its own, and s3s, which is part of the test and
//! looks at every signature.

#[cfg(feature = "s3")]
mod blobs;
mod ministack;
#[cfg(feature = "s3")]
mod s3;
#[cfg(feature = "s3")]
mod signatures;

use libtest_mimic::Arguments;

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    #[cfg(feature = "s3")]
    {
        trials.extend(blobs::trials());
        trials.extend(signatures::trials());
    }
    libtest_mimic::run(&arguments, trials).exit();
}
