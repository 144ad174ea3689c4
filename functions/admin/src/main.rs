//! The admin function as AWS Lambda runs it.

use std::process::ExitCode;

fn main() -> ExitCode {
    dzinza_boot::http("admin", dzinza_admin::boot::api)
}
