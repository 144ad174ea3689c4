//! Everything on servers: nothing is kept in a folder, so every server must be named.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use dzinza_config::{Secrets, Settings};
use dzinza_domain::collections;
use dzinza_ports::{
    BlobInfo, BlobRead, Blobs, ByteRange, ByteStream, Clock, Ids, Mail, Mailer, Message, NewMessage, Queue,
    QueueDepth, StoreError, StoreErrorKind, SystemClock, SystemIds, Upload, UploadUrl,
};
use dzinza_sqlite::{BlobUrls, SqliteStore};
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use secrecy::ExposeSecret as _;

use crate::{Embedded, OpenError, Rest};

impl Embedded {
    /// What the settings name. Nothing is asked of the network; servers are connected to when they are needed, in the
    /// Tokio runtime of the caller.
    ///
    /// # Errors
    /// If a folder, a secret or a server cannot be used as it is named; if one is missing and `DZINZA_STORES` says that
    /// nothing may be kept in a folder; or if this program was built without the driver of one that is named.
    pub fn of(settings: &Settings) -> Result<Self, OpenError> {
        let stores = if settings.on_servers() { Self::nowhere()? } else { Self::open(&settings.data)? };
        let stores = stores
            .with_redis(settings)?
            .with_database(settings)?
            .with_aws(settings)?
            .with_mongodb(settings)?;
        if settings.on_servers() {
            stores.all_named(settings)?;
        }
        Ok(stores)
    }

    /// Stores that keep nothing, each to be replaced by a server, which [`Embedded::all_named`] makes sure of. What this
    /// program has no driver for it does not use, and is told so if it does.
    fn nowhere() -> Result<Self, OpenError> {
        let secrets = Secrets::load(Path::new(""))?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids: Arc<dyn Ids> = Arc::new(SystemIds);
        let store = SqliteStore::in_memory(clock.clone(), ids.clone(), collections::ALL)?;
        let file_urls = BlobUrls::new(secrets.blob_key.expose_secret().as_bytes(), "/blobs", clock.clone());
        let (queue, blobs, mail) = (Arc::new(Nowhere), Arc::new(Nowhere), Arc::new(Nowhere));
        Ok(Self::on(&store, Rest { queue, blobs, file_urls, mail, clock, ids, secrets }))
    }

    fn all_named(&self, settings: &Settings) -> Result<(), OpenError> {
        let named = [
            ("DATABASE_URL", self.database.is_some()),
            ("MONGODB_URL", self.mongodb.is_some()),
            ("REDIS_URL", self.redis.is_some()),
            ("S3_BUCKET_NAME", !settings.s3_bucket_name.is_empty() || cfg!(not(feature = "s3"))),
            ("JOBS_QUEUE_URL", !settings.jobs_queue_url.is_empty() || cfg!(not(feature = "sqs"))),
        ];
        match named.into_iter().find(|(_, named)| !named) {
            None => Ok(()),
            Some((variable, _)) => Err(missing(variable)),
        }
    }
}

/// A server must be named and is not.
pub(crate) fn missing(variable: &str) -> OpenError {
    let problem = "must be set: nothing is kept in a folder (DZINZA_STORES)".to_owned();
    OpenError::Setting { variable: variable.to_owned(), problem }
}

/// Files, jobs and letters of a program that has none.
struct Nowhere;

fn refused() -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, "this program was built without a server for that")
}

#[async_trait]
impl Mailer for Nowhere {
    async fn send(&self, _: Mail) -> Result<(), StoreError> {
        Err(refused())
    }
}

#[async_trait]
impl Queue for Nowhere {
    async fn send(&self, _: NewMessage) -> Result<(), StoreError> {
        Err(refused())
    }

    async fn receive(&self, _: &str, _: u32, _: Duration, _: u32) -> Result<Vec<Message>, StoreError> {
        Err(refused())
    }

    async fn extend(&self, _: &str, _: Duration) -> Result<bool, StoreError> {
        Err(refused())
    }

    async fn delete(&self, _: &str) -> Result<bool, StoreError> {
        Err(refused())
    }

    async fn give_back(&self, _: &str, _: Duration) -> Result<bool, StoreError> {
        Err(refused())
    }

    async fn release(&self, _: &str) -> Result<bool, StoreError> {
        Err(refused())
    }

    async fn depth(&self, _: &str) -> Result<QueueDepth, StoreError> {
        Err(refused())
    }
}

#[async_trait]
impl Blobs for Nowhere {
    async fn put(&self, _: &str, _: &str, _: ByteStream) -> Result<BlobInfo, StoreError> {
        Err(refused())
    }

    async fn put_new(&self, _: &str, _: &str, _: ByteStream) -> Result<BlobInfo, StoreError> {
        Err(refused())
    }

    async fn get(&self, _: &str, _: Option<ByteRange>) -> Result<Option<BlobRead>, StoreError> {
        Err(refused())
    }

    async fn head(&self, _: &str) -> Result<Option<BlobInfo>, StoreError> {
        Err(refused())
    }

    fn list(&self) -> BoxStream<'static, Result<String, StoreError>> {
        stream::iter([Err(refused())]).boxed()
    }

    async fn delete(&self, _: &str) -> Result<(), StoreError> {
        Err(refused())
    }

    async fn get_url(&self, _: &str, _: Duration) -> Result<String, StoreError> {
        Err(refused())
    }

    async fn put_url(&self, _: &str, _: &Upload, _: Duration) -> Result<UploadUrl, StoreError> {
        Err(refused())
    }
}
