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
#[cfg(feature = "opensearch")]
mod opensearch;
#[cfg(feature = "s3")]
mod s3;
#[cfg(feature = "secrets")]
mod secrets;
#[cfg(feature = "ses")]
mod ses;
#[cfg(feature = "sqs")]
mod sqs;

pub use account::{Account, AccountError, AccountSettings, Keys};
#[cfg(feature = "opensearch")]
pub use opensearch::domain_endpoint;
#[cfg(feature = "s3")]
pub use s3::{Encryption, S3Blobs, S3Settings};
#[cfg(feature = "secrets")]
pub use secrets::{Reference, ReferenceError, References};
#[cfg(feature = "ses")]
pub use ses::{SesMailer, SesSettings};
#[cfg(feature = "sqs")]
pub use sqs::{LARGEST_BODY as SQS_LARGEST_BODY, QueueUrls, SqsQueue, SqsSettings};
