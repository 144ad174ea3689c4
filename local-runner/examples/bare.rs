//! What HTTP itself costs on a machine: one axum handler that answers a person's worth of JSON, and nothing else.
//! `cargo xtask bench` starts it beside the platform, so that each of its figures has something to stand against.

use std::io::Write as _;
use std::sync::LazyLock;

use axum::routing::get;
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// About 1 KB, as a person on the wire is. It is serialised for every answer, as a person has to be.
static ANSWER: LazyLock<Value> = LazyLock::new(|| {
    let lines: Vec<Value> = (0..8_u32)
        .map(|number| {
            json!({
                "id": format!("0198f7a0-0000-7000-8000-{number:012}"), "firstName": "Tendai", "lastName": "Moyo",
                "gender": "female", "birthDate": "1890-03-12", "isLiving": false,
            })
        })
        .collect();
    json!({ "persons": lines })
});

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(std::io::stdout(), "Bare is listening on http://{}", listener.local_addr()?)?;
    let listener = listener.tap_io(|socket| {
        let _ = socket.set_nodelay(true);
    });
    axum::serve(listener, Router::new().route("/health", get(|| async { Json(&*ANSWER) }))).await
}
