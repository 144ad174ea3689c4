//! The trees function as AWS Lambda runs it.

use std::process::ExitCode;

fn main() -> ExitCode {
    dzinza_boot::http("trees", dzinza_trees::boot::api)
}
