//! Everything on servers: nothing is kept in a folder, so every server must be named.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use dzinza_config::{Secrets, Settings};
use dzinza_ports::{
    AccountTable, Archives, BlobInfo, BlobRead, Blobs, Body, ByteRange, ByteStream, Clock, Collection,
    Document, Ids, Mail, Mailer, Message, NewMessage, Query, Queue, QueueDepth, Snapshot, StoreError,
    StoreErrorKind, SystemClock, SystemIds, Upload, UploadUrl,
};
use dzinza_sqlite::BlobUrls;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use secrecy::ExposeSecret as _;

use crate::accounts::Accounts;
use crate::aws::Surroundings;
use crate::{OpenError, Stores, aws, database, mongo, redis};

impl Stores {
    /// What the settings name. Nothing is asked of the network; servers are connected to when they are needed, in the
    /// Tokio runtime of the caller.
    ///
    /// # Errors
    /// If a folder, a secret or a server cannot be used as it is named; if one is missing and `DZINZA_STORES` says that
    /// nothing may be kept in a folder; or if this program was built without the driver of one that is named.
    pub fn of(settings: &Settings) -> Result<Self, OpenError> {
        if settings.on_servers() {
            return Self::on_servers(settings);
        }
        if cfg!(not(feature = "embedded")) {
            let problem = "must be servers: this program was built without the store that keeps a folder";
            return Err(OpenError::Setting {
                variable: "DZINZA_STORES".to_owned(),
                problem: problem.to_owned(),
            });
        }
        Self::open(&settings.data)?
            .with_redis(settings)?
            .with_database(settings)?
            .with_aws(settings)?
            .with_mongodb(settings)
    }

    /// Nothing in a folder: every server that this program has a driver for must be named.
    fn on_servers(settings: &Settings) -> Result<Self, OpenError> {
        let secrets = Secrets::load(Path::new(""))?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids: Arc<dyn Ids> = Arc::new(SystemIds);
        let file_urls = BlobUrls::new(secrets.blob_key.expose_secret().as_bytes(), "/blobs", clock.clone());

        let named = settings.database()?.ok_or_else(|| missing("DATABASE_URL"))?;
        let (accounts, layout) = database::open(&named, settings, ids.clone(), None)?;
        let named = settings.mongodb()?.ok_or_else(|| missing("MONGODB_URL"))?;
        let redis = redis::open(settings, &secrets, &clock)?.ok_or_else(|| missing("REDIS_URL"))?;
        let around = Surroundings { secrets: &secrets, clock: &clock, ids: &ids, file_urls: &file_urls };
        let (blobs, bucket) = match settings.s3_bucket_name.as_str() {
            "" if cfg!(feature = "s3") => return Err(missing("S3_BUCKET_NAME")),
            "" => (Arc::new(Nowhere) as Arc<dyn Blobs>, None),
            _ => aws::files(settings, &around).map(|(blobs, ready)| (blobs, Some(ready)))?,
        };
        let queue = match settings.jobs_queue_url.as_str() {
            "" if cfg!(feature = "sqs") => return Err(missing("JOBS_QUEUE_URL")),
            "" => Arc::new(Nowhere),
            _ => aws::jobs(settings, &secrets, &clock, None)?,
        };
        let mongo = mongo::open(&named, (clock.clone(), ids.clone()), queue.clone(), Arc::new(Nowhere))?;

        let Accounts { users, sessions, audit, identities, passkeys, access_tokens, site, outbox } = accounts;
        Ok(Self {
            documents: mongo.documents,
            archives: mongo.archives,
            queue,
            limits: redis.limits,
            redis: Some(redis.health),
            users,
            sessions,
            audit,
            identities,
            passkeys,
            access_tokens,
            site,
            outbox,
            mongodb: Some(mongo.health),
            database: Some(layout),
            bucket,
            blobs,
            mail: Arc::new(Nowhere),
            clock,
            ids,
            // Queues on servers do not call; they are asked.
            wake_up: Arc::new(|| Box::pin(std::future::pending())),
            file_urls,
            secrets,
        })
    }
}

/// Whether this program can keep anything in a folder.
pub(crate) fn keeps_folders() -> Result<(), OpenError> {
    if cfg!(feature = "embedded") {
        return Ok(());
    }
    let problem = "must be servers: this program was built without the store that keeps a folder";
    Err(OpenError::Setting { variable: "DZINZA_STORES".to_owned(), problem: problem.to_owned() })
}

/// A server must be named and is not.
pub(crate) fn missing(variable: &str) -> OpenError {
    let problem = "must be set: nothing is kept in a folder (DZINZA_STORES)".to_owned();
    OpenError::Setting { variable: variable.to_owned(), problem }
}

/// Files, jobs and letters of a program that has none. Archives here hold trees, and no accounts: those of PostgreSQL are
/// saved by its own tools.
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

#[async_trait]
impl Snapshot for Nowhere {
    async fn find(&self, _: &'static Collection, _: Query) -> Result<Vec<Document>, StoreError> {
        Err(refused())
    }

    async fn accounts(&self, _: AccountTable, _: &str, _: u32) -> Result<Vec<Body>, StoreError> {
        Err(refused())
    }
}

#[async_trait]
impl Archives for Nowhere {
    async fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
        Ok(Arc::new(Self))
    }

    async fn is_empty(&self) -> Result<bool, StoreError> {
        Err(refused())
    }

    async fn put_documents(&self, _: &'static Collection, _: Vec<Document>) -> Result<(), StoreError> {
        Err(refused())
    }

    async fn put_accounts(&self, _: AccountTable, _: Vec<Body>) -> Result<(), StoreError> {
        Err(refused())
    }

    async fn settle(&self) -> Result<(), StoreError> {
        Err(refused())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_tree_can_be_archived_where_the_accounts_cannot() {
        let moment = Nowhere.snapshot().await.unwrap();
        let refused = moment.accounts(AccountTable::Users, "", 1).await.unwrap_err();
        assert_eq!(refused.kind(), StoreErrorKind::Unavailable);
        assert!(Nowhere.is_empty().await.is_err());
    }
}
