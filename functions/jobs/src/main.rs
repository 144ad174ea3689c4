//! The jobs function as AWS Lambda runs it.

use std::process::ExitCode;

fn main() -> ExitCode {
    dzinza_boot::jobs("jobs", dzinza_jobs::boot::jobs)
}
