//! What a process of functions is made of, whether one of them runs in it or all: settings, ports, keys, and what every
//! function has beside its own routes. With the feature `lambda` also the program around one of them.
//!
//! Nothing here asks the network for anything: stores connect when the first request needs them.
#![warn(missing_docs)]

mod house;
#[cfg(feature = "lambda")]
mod lambda;
mod services;

use async_trait::async_trait;
use dzinza_ports::Message;

pub use house::House;
#[cfg(feature = "lambda")]
pub use lambda::{http, jobs};

/// Does the jobs of a queue.
#[async_trait]
pub trait Jobs: Send + Sync + 'static {
    /// Works on a batch. Returns the ids of the messages that failed; the others are done.
    async fn handle(&self, messages: Vec<Message>) -> Vec<String>;
}
