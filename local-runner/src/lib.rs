//! The local runner: API Gateway, SQS and EventBridge on one machine, as `template.yaml` says.
#![warn(missing_docs)]

pub mod aliases;
mod connections;
pub mod demo;
pub mod files;
pub mod gateway;
pub mod invoker;
pub mod matcher;
pub mod platform;
pub mod queues;
pub mod runtime_api;
mod seed;
pub mod serve;
pub mod template;
