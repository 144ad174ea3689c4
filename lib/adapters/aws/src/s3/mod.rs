//! [`Blobs`] on S3, or on anything that speaks as S3 does (Garage, MinIO).
//!
//! What fits into one part is put at once, with its checksum as metadata. Of what is larger the checksum is known only
//! at its end, when S3 takes no metadata any more: it is put beside, under a name that the upload was begun with, before
//! the upload is completed. So a blob that can be seen always has its checksum, whoever else puts at the same time.

mod get;
mod multipart;
mod pieces;
mod put;
mod signed;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{RequestChecksumCalculation, ResponseChecksumValidation};
use aws_sdk_s3::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration, ServerSideEncryption};
use dzinza_ports::{
    BlobInfo, BlobRead, Blobs, ByteRange, ByteStream, Clock, Ids, StoreError, StoreErrorKind, Upload,
    UploadUrl, check_blob_key,
};
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};

use crate::account::{Later, check_endpoint, later};
use crate::error::unavailable;
use crate::{Account, AccountError};

/// The metadata of a blob that has its checksum itself.
const SHA256: &str = "sha256";
/// The metadata of a blob that has it beside, in [`beside`].
const CHECKSUM: &str = "checksum";

/// The metadata of a blob that has no media type: S3 would make one up.
const UNTYPED: &str = "untyped";

/// How S3 encrypts what it keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// As the bucket says.
    OfTheBucket,
    /// With S3's own keys.
    Aes256,
    /// With a key of KMS, or its default key for S3.
    Kms(Option<String>),
}

/// The bucket.
#[derive(Debug, Clone)]
pub struct S3Settings {
    /// Its name.
    pub bucket: String,
    /// Its name in the path instead of the host, as Garage and MinIO want it.
    pub path_style: bool,
    /// Where browsers reach the store, if not where we do: signed addresses begin with it.
    pub public_endpoint: Option<String>,
    /// How it encrypts.
    pub encryption: Encryption,
}

/// [`Blobs`] in a bucket.
pub struct S3Blobs {
    client: Later<Client>,
    /// As browsers see it.
    public: Later<Client>,
    region: Option<String>,
    bucket: String,
    encryption: Encryption,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl S3Blobs {
    /// Makes everything ready without going anywhere.
    ///
    /// # Errors
    /// If the public address is none.
    pub fn new(
        account: &Account,
        settings: S3Settings,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Result<Arc<Self>, AccountError> {
        let config = aws_sdk_s3::config::Builder::from(account.sdk())
            .force_path_style(settings.path_style)
            // The signature covers the body already, and not every store knows the newer checksums.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        let mut public = config.clone();
        if let Some(endpoint) = settings.public_endpoint {
            check_endpoint(&endpoint)?;
            public.set_endpoint_url(Some(endpoint));
        }
        Ok(Arc::new(Self {
            client: later(move || Client::from_conf(config.build())),
            public: later(move || Client::from_conf(public.build())),
            region: account.sdk().region().map(ToString::to_string),
            bucket: settings.bucket,
            encryption: settings.encryption,
            clock,
            ids,
        }))
    }

    /// Looks whether the bucket is there and ours, and makes it if it is not and `make` says so.
    ///
    /// # Errors
    /// `Invalid` if there is none, or it is not ours; `Unavailable` if nobody answers.
    pub async fn prepare(&self, make: bool) -> Result<(), StoreError> {
        let invalid = |problem: &str| {
            Err(StoreError::new(StoreErrorKind::Invalid, format!("the bucket {} {problem}", self.bucket)))
        };
        let found = self.client.head_bucket().bucket(&self.bucket).send().await;
        match found.as_ref().err().and_then(status) {
            None => found.map(drop).map_err(|error| unavailable("S3: looking for the bucket", error)),
            Some(404) if make => self.make_bucket().await,
            Some(404) => invalid("does not exist"),
            Some(401 | 403) => invalid("is not ours, or the keys are wrong"),
            Some(301 | 307) => invalid("is in another region"),
            Some(_) => found.map(drop).map_err(|error| unavailable("S3: looking for the bucket", error)),
        }
    }

    async fn make_bucket(&self) -> Result<(), StoreError> {
        // Its home region is the only one that S3 does not want to be told.
        let elsewhere = self.region.as_deref().filter(|region| *region != "us-east-1");
        let place = elsewhere.map(|region| {
            CreateBucketConfiguration::builder()
                .location_constraint(BucketLocationConstraint::from(region))
                .build()
        });
        let made = self
            .client
            .create_bucket()
            .bucket(&self.bucket)
            .set_create_bucket_configuration(place)
            .send()
            .await;
        match made {
            Err(error) if error.code() == Some("BucketAlreadyOwnedByYou") => Ok(()),
            made => made.map(drop).map_err(|error| unavailable("S3: making the bucket", error)),
        }
    }

    /// The algorithm, and the key where it is not S3's own.
    fn encryption(&self) -> (Option<ServerSideEncryption>, Option<String>) {
        match &self.encryption {
            Encryption::OfTheBucket => (None, None),
            Encryption::Aes256 => (Some(ServerSideEncryption::Aes256), None),
            Encryption::Kms(key) => (Some(ServerSideEncryption::AwsKms), key.clone()),
        }
    }

    async fn remove(&self, key: &str) -> Result<(), StoreError> {
        let removed = self.client.delete_object().bucket(&self.bucket).key(key).send().await;
        match removed {
            Err(error) if error.code() == Some("NoSuchKey") => Ok(()),
            removed => removed.map(drop).map_err(|error| unavailable("S3: delete", error)),
        }
    }
}

/// Where the checksum of a large blob is. No key of a blob has a tilde in it.
fn beside(id: &str) -> String {
    format!("~checksums/{id}")
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

#[async_trait]
impl Blobs for S3Blobs {
    async fn put(&self, key: &str, content_type: &str, bytes: ByteStream) -> Result<BlobInfo, StoreError> {
        check_blob_key(key)?;
        self.store(key, content_type, bytes, false).await
    }

    async fn put_new(
        &self,
        key: &str,
        content_type: &str,
        bytes: ByteStream,
    ) -> Result<BlobInfo, StoreError> {
        check_blob_key(key)?;
        self.store(key, content_type, bytes, true).await
    }

    async fn get(&self, key: &str, range: Option<ByteRange>) -> Result<Option<BlobRead>, StoreError> {
        check_blob_key(key)?;
        self.read(key, range).await
    }

    async fn head(&self, key: &str) -> Result<Option<BlobInfo>, StoreError> {
        check_blob_key(key)?;
        match self.look(key).await? {
            Some(seen) => Ok(Some(self.facts(seen).await?)),
            None => Ok(None),
        }
    }

    fn list(&self) -> BoxStream<'static, Result<String, StoreError>> {
        let pages = self.client.list_objects_v2().bucket(&self.bucket).into_paginator().send();
        let next = |mut pages: aws_smithy_async::future::pagination_stream::PaginationStream<_>| async {
            Some((pages.next().await?, pages))
        };
        futures::stream::unfold(pages, next)
            .map(|page| match page {
                Ok(page) => Ok(keys(page)),
                Err(error) => Err(unavailable("S3: list", error)),
            })
            .map_ok(|keys| futures::stream::iter(keys.into_iter().map(Ok)))
            .try_flatten()
            .boxed()
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        check_blob_key(key)?;
        let Some(seen) = self.look(key).await? else { return Ok(()) };
        self.remove(key).await?;
        match seen.beside {
            Some(id) => self.remove(&beside(&id)).await,
            None => Ok(()),
        }
    }

    async fn get_url(&self, key: &str, lifetime: Duration) -> Result<String, StoreError> {
        check_blob_key(key)?;
        self.signed_get(key, lifetime).await
    }

    async fn put_url(&self, key: &str, upload: &Upload, lifetime: Duration) -> Result<UploadUrl, StoreError> {
        check_blob_key(key)?;
        self.signed_put(key, upload, lifetime).await
    }
}

/// Whatever else lies in the bucket is none of ours.
fn keys(page: aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output) -> Vec<String> {
    let keys = page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key);
    keys.filter(|key| check_blob_key(key).is_ok()).collect()
}
