//! The sources function as AWS Lambda runs it.

use std::process::ExitCode;

fn main() -> ExitCode {
    dzinza_boot::http("sources", dzinza_sources::boot::api)
}
