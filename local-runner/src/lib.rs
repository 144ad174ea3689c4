//! The local runner: API Gateway, SQS and EventBridge on one machine, as `template.yaml` says.
#![warn(missing_docs)]

pub mod aliases;
pub mod demo;
pub mod files;
pub mod gateway;
pub mod invoker;
pub mod matcher;
pub mod platform;
pub mod providers;
pub mod queues;
mod seed;
pub mod serve;
mod services;
pub mod template;
