//! The least that a function can be. `cargo xtask bench --cold` starts it beside ours, so that their starts have something to
//! stand against.

use std::convert::Infallible;

use lambda_http::{Error, Request, service_fn};

#[tokio::main]
async fn main() -> Result<(), Error> {
    lambda_http::run(service_fn(|_: Request| async { Ok::<_, Infallible>("hello") })).await
}
