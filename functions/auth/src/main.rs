//! The auth function as AWS Lambda runs it.

use std::process::ExitCode;

fn main() -> ExitCode {
    dzinza_boot::http("auth", dzinza_auth::boot::api)
}
