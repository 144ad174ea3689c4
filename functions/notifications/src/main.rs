//! The notifications function as AWS Lambda runs it.

use std::process::ExitCode;

fn main() -> ExitCode {
    dzinza_boot::http("notifications", dzinza_notifications::boot::api)
}
