//! Real servers for tests: each in a temporary folder, on a free port of 127.0.0.1, gone with its value.

mod daemon;
mod ministack;
mod mongo;
mod postgres;
mod redis;
mod search;

use std::io::Error;
use std::path::Path;
use std::process::{Command, Stdio};

pub use ministack::Ministack;
pub use mongo::Mongo;
pub use postgres::{Postgres, programs};
pub use redis::Redis;
pub use search::Search;

/// Ends a server and removes its folder when this process has ended, however it ended: values that live as long as the
/// process are never dropped. The server ends at once on `signal`.
fn end_with_this_process(server: u32, signal: &str, folder: &Path) -> Result<(), Error> {
    const WATCH: &str = r#"trap '' INT TERM HUP
read -r _
kill "$1" "$2"
for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$2" && sleep 0.1; done
rm -rf "$3""#;
    let mut watcher = Command::new("sh")
        .args(["-c", WATCH, "sh", signal, &server.to_string()])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // Open until the end of this process, which the watcher waits for.
    std::mem::forget(watcher.stdin.take());
    Ok(())
}
