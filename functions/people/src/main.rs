//! The people function as AWS Lambda runs it.

use std::process::ExitCode;

fn main() -> ExitCode {
    dzinza_boot::http("people", dzinza_people::boot::api)
}
