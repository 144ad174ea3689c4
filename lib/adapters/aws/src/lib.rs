//! The services of AWS behind our ports, each behind a feature, so that a program links only what it uses: blobs on
//! S3 (`s3`), queues on SQS (`sqs`), letters by SES (`ses`), settings from Secrets Manager and SSM (`secrets`), the
//! address of an OpenSearch domain (`opensearch`).
//!
//! All of them go to an [`Account`]. Nothing is sent before it is needed, and nothing that a service says is passed on
//! but the name of its error, as messages repeat names and values.
#![warn(missing_docs)]

mod account;
#[cfg(any(feature = "s3", feature = "sqs", feature = "ses", feature = "secrets", feature = "opensearch"))]
mod error;
#[cfg(feature = "s3")]
mod s3;

pub use account::{Account, AccountError, AccountSettings, Keys};
#[cfg(feature = "s3")]
pub use s3::{Encryption, S3Blobs, S3Settings};
