//! What the end-to-end tests share: the platform in this process or as a child, and people who call it.
//!
//! ```no_run
//! # async fn example() {
//! use dzinza_tests::{Client, Server};
//! let server = Server::start().await;
//! let rudo = Client::signed_up(&server, "rudo@example.org").await;
//! let tree = rudo.get("/api/genealogy/family-tree").await.ok(200);
//! # }
//! ```
#![warn(missing_docs)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test harness stops the test"
)]

mod answer;
mod client;
mod compose;
mod issuer;
mod process;
mod server;
mod sink;
mod stores;
mod supervised;

pub use answer::{Answer, error_body_ok};
pub use client::{Client, Mode, PASSWORD};
pub use compose::{Compose, ROOT};
pub use issuer::Issuer;
pub use process::{Process, binary, clean, functions, run};
pub use server::Server;
pub use sink::{Received, Sink};
pub use stores::Stores;
pub use supervised::Supervised;

use std::time::Duration;

/// Whether functions run in processes of their own, because `DZINZA_TEST_INVOKER` is `runtime-api`.
#[expect(clippy::disallowed_methods, reason = "what a run of tests is given is no setting of the platform")]
pub fn apart() -> bool {
    std::env::var("DZINZA_TEST_INVOKER").is_ok_and(|invoker| invoker == "runtime-api")
}

/// Waits until every process has seen what an administrator has just set: each may keep it for five seconds.
pub async fn seen_by_all() {
    if apart() {
        tokio::time::sleep(Duration::from_millis(5_100)).await;
    }
}

/// Operations that take no caller, and nothing of anybody's: all of them, sorted.
pub const PUBLIC_OPERATIONS: &[&str] = &[
    "GET /api/auth/avatars/{userId}/{version}",
    "GET /api/auth/oauth/{provider}",
    "GET /api/auth/reset-password/{token}",
    "GET /api/auth/verify-email/{token}",
    "GET /api/genealogy/test",
    "POST /api/auth/forgot-password",
    "POST /api/auth/login",
    "POST /api/auth/logout",
    "POST /api/auth/oauth/{provider}/callback",
    "POST /api/auth/passkeys/login",
    "POST /api/auth/passkeys/login/options",
    "POST /api/auth/password/validate",
    "POST /api/auth/refresh",
    "POST /api/auth/register",
    "POST /api/auth/reset-password",
    "POST /api/auth/reset-password/{token}",
    "POST /api/auth/validate-password-reset-token",
    "POST /api/auth/verify-email",
];

/// Asks again and again until there is an answer, up to half a minute.
///
/// # Panics
/// If there is none in that time.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let patience = Duration::from_secs(30);
    tokio::time::timeout(patience, asking).await.unwrap_or_else(|_| panic!("gave up waiting: {what}"))
}
