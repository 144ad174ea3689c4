//! The stories function as AWS Lambda runs it.

use std::process::ExitCode;

fn main() -> ExitCode {
    dzinza_boot::http("stories", dzinza_stories::boot::api)
}
