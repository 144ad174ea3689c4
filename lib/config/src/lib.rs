//! The only reader of the environment, of settings files and of secrets.
//!
//! Precedence: environment, then the file that `SHARED_CONFIG_PATH` names, then the defaults compiled in. A key
//! that is not known is an error, in the file as in the defaults. Secrets come from `NAME` or `NAME_FILE`, never
//! both; where neither is given, the embedded platform makes its own and keeps them in its data folder, but not in
//! production (`APP_ENV`), where settings that are fine at home are refused too.
#![warn(missing_docs)]

mod aws;
mod database;
mod environment;
mod files;
mod functions;
mod mail;
mod mongodb;
mod observing;
mod production;
mod providers;
mod reference;
mod secrets;
mod settings;
mod stores;
mod strength;
mod variables;

pub use aws::AwsKeys;
pub use database::Database;
pub use environment::{Places, PlacesError, resolve};
pub use mongodb::Mongodb;
pub use observing::{MetricsForm, on_aws_lambda, runtime_api};
pub use providers::ProviderSecrets;
pub use reference::{reference, reference_markdown};
pub use secrets::{Secrets, SecretsError};
pub use settings::{Settings, SettingsError};
pub use variables::Variable;
