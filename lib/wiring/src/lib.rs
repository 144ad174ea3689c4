//! From settings to ports: the only library that names adapters.
#![warn(missing_docs)]

mod accounts;
mod aws;
mod database;
#[cfg(feature = "s3")]
mod gateway;
#[cfg(any(feature = "mongo", feature = "postgres"))]
mod legacy;
mod mail;
mod mongo;
mod places;
mod redis;
#[cfg(any(feature = "sqs", test))]
mod relay;
mod restoring;
mod servers;
mod watched;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dzinza_config::{Secrets, SecretsError, Settings};
use dzinza_domain::collections;
use dzinza_ports::{
    AccessTokens, Archives, Audit, Blobs, Clock, Documents, Identities, Ids, Limits, Mailer, Outbox,
    Passkeys, Queue, Sessions, SiteSettings, StoreError, SystemClock, SystemIds, Users,
};
use dzinza_sqlite::{FileBlobs, FileMailer, SqliteStore};
use futures::future::BoxFuture;
use secrecy::ExposeSecret as _;

use accounts::Accounts;

#[cfg(feature = "opensearch")]
pub use aws::search_domain;
#[cfg(feature = "postgres")]
pub use database::{Found, MigrateError, MigrationStatus, Migrations, migrations};
pub use dzinza_sqlite::BlobUrls;
#[cfg(any(feature = "mongo", feature = "postgres"))]
pub use legacy::{LegacyPlace, legacy};
pub use mail::{mail_folder, mailer};
pub use places::look_up;
pub use restoring::{Leftover, Restoring, RestoringPorts, settle};

/// Resolves when this process has put something into a queue.
pub type WakeUp = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;
/// Whether a server that the stores rest on answers.
pub type Health = Arc<dyn Fn() -> BoxFuture<'static, Result<(), StoreError>> + Send + Sync>;

/// Looks whether a database can be used, and says why not.
pub type Ready = Arc<dyn Fn() -> BoxFuture<'static, Result<(), OpenError>> + Send + Sync>;

/// Every port, on a folder (a SQLite file, a folder of files, generated secrets) or on the servers that settings name.
#[derive(Clone)]
pub struct Stores {
    /// Documents.
    pub documents: Arc<dyn Documents>,
    /// All of it at one moment.
    pub archives: Arc<dyn Archives>,
    /// Queues.
    pub queue: Arc<dyn Queue>,
    /// Counters and short-lived values.
    pub limits: Arc<dyn Limits>,
    /// Whether Redis answers, if there is one.
    pub redis: Option<Health>,
    /// Accounts.
    pub users: Arc<dyn Users>,
    /// Refresh tokens.
    pub sessions: Arc<dyn Sessions>,
    /// Audit log.
    pub audit: Arc<dyn Audit>,
    /// Who people are elsewhere.
    pub identities: Arc<dyn Identities>,
    /// Passkeys.
    pub passkeys: Arc<dyn Passkeys>,
    /// Tokens of programs.
    pub access_tokens: Arc<dyn AccessTokens>,
    /// What administrators set.
    pub site: Arc<dyn SiteSettings>,
    /// Letters that wait to be sent.
    pub outbox: Arc<dyn Outbox>,
    /// Whether MongoDB answers, if the documents are there.
    pub mongodb: Option<Health>,
    /// If the accounts are on PostgreSQL: whether it has their layout.
    pub database: Option<Ready>,
    /// If the files are in a bucket: whether it is there.
    pub bucket: Option<Ready>,
    /// Files.
    pub blobs: Arc<dyn Blobs>,
    /// Letters, in [`mail_folder`] unless a [`mailer`] is put here.
    pub mail: Arc<dyn Mailer>,
    /// The present moment.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn Ids>,
    /// See [`WakeUp`].
    pub wake_up: WakeUp,
    /// The gateway's own addresses of files.
    pub file_urls: BlobUrls,
    /// The signing keys.
    pub secrets: Secrets,
}

/// Why a data folder cannot be used, in one line.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made or read.
    #[error("the data folder {path} cannot be used: {source}", path = path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another server has it.
    #[error("another dzinza is already serving the data folder {path}", path = .0.display())]
    InUse(PathBuf),
    /// There is something in a folder that should be empty.
    #[error("the data folder {path} is not empty: it has accounts, trees or files in it", path = .0.display())]
    NotEmpty(PathBuf),
    /// A restore goes on in it.
    #[error("an archive is being restored into the data folder {path}", path = .0.display())]
    Restoring(PathBuf),
    /// A secret cannot be used.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The database of the accounts cannot be used.
    #[error("{0}")]
    Database(String),
    /// The settings of the mail server do not fit together.
    #[error("letters cannot be sent: {0}")]
    Mail(String),
    /// A setting cannot be used.
    #[error("{variable} {problem}")]
    Setting {
        /// The variable.
        variable: String,
        /// What is wrong with it.
        problem: String,
    },
    /// It cannot be told where values are to be looked up.
    #[error("settings cannot be looked up: {0}")]
    Places(String),
    /// Redis cannot be used as it is named.
    #[error("{variable} {problem}")]
    Redis {
        /// The variable.
        variable: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// MongoDB cannot be used as it is named.
    #[error("{variable} {problem}")]
    Mongodb {
        /// The variable.
        variable: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// It is named twice.
    #[error("REDIS_URL and REDIS_HOST are both set; use one of them")]
    TwoRedis,
    /// The database or the files cannot be opened.
    #[error("the data folder cannot be opened: {0}")]
    Store(#[from] StoreError),
}

impl Stores {
    /// Opens a data folder, making what is missing and settling what an interrupted restore left. Several processes may have it open.
    ///
    /// # Errors
    /// If the folder, a secret or the database cannot be used.
    pub fn open(data: &Path) -> Result<Self, OpenError> {
        make_folder(data)?;
        if let Some(leftover) = settle(data)? {
            tracing::warn!(?leftover, "a restore into this data folder had been interrupted");
        }
        let secrets_folder = data.join("secrets");
        make_folder(&secrets_folder)?;
        let secrets = Secrets::load(&secrets_folder)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids: Arc<dyn Ids> = Arc::new(SystemIds);
        let store = SqliteStore::open(&data.join("dzinza.db"), clock.clone(), ids.clone(), collections::ALL)?;
        let key = secrets.blob_key.expose_secret().as_bytes();
        let blobs = FileBlobs::open(data.join("blobs"), key, "/blobs", clock.clone())?;
        let file_urls = blobs.urls().clone();
        make_folder(&mail_folder(data))?;
        let mail = FileMailer::open(mail_folder(data), clock.clone(), ids.clone())?;
        let Accounts { users, sessions, audit, identities, passkeys, access_tokens, site, outbox } =
            Accounts::of(&store);
        Ok(Self {
            documents: store.clone(),
            archives: store.clone(),
            queue: store.clone(),
            limits: store.clone(),
            redis: None,
            users,
            sessions,
            audit,
            identities,
            passkeys,
            access_tokens,
            site,
            outbox,
            mongodb: None,
            database: None,
            bucket: None,
            blobs,
            mail,
            clock,
            ids,
            wake_up: Arc::new(move || {
                let store = store.clone();
                Box::pin(async move { store.notified().await })
            }),
            file_urls,
            secrets,
        })
    }

    /// The same with limits on the Redis that the settings name, if they name one. It need not be there yet.
    ///
    /// # Errors
    /// If it cannot be used as it is named, or this program was built without Redis.
    pub fn with_redis(mut self, settings: &Settings) -> Result<Self, OpenError> {
        if let Some(redis) = redis::open(settings, &self.secrets, &self.clock)? {
            (self.limits, self.redis) = (redis.limits, Some(redis.health));
        }
        Ok(self)
    }

    /// The same with the accounts on the PostgreSQL that the settings name, if they name one. Connects when it is needed, in
    /// the Tokio runtime of the caller.
    ///
    /// # Errors
    /// If it cannot be used as it is named, or this program was built without PostgreSQL.
    pub fn with_database(mut self, settings: &Settings) -> Result<Self, OpenError> {
        if let Some(named) = settings.database()? {
            let left_behind = Some(self.users.clone());
            let (accounts, ready) = database::open(&named, settings, self.ids.clone(), left_behind)?;
            self.database = Some(ready);
            Accounts {
                users: self.users,
                sessions: self.sessions,
                audit: self.audit,
                identities: self.identities,
                passkeys: self.passkeys,
                access_tokens: self.access_tokens,
                site: self.site,
                outbox: self.outbox,
            } = accounts;
        }
        Ok(self)
    }

    /// The same with the documents on the MongoDB that the settings name, if they name one. Connects when it is needed, in
    /// the Tokio runtime of the caller; jobs go to the queue that these stores have by now.
    ///
    /// # Errors
    /// If it cannot be used as it is named, or this program was built without MongoDB.
    pub fn with_mongodb(mut self, settings: &Settings) -> Result<Self, OpenError> {
        if let Some(named) = settings.mongodb()? {
            let given = (self.clock.clone(), self.ids.clone());
            let mongo = mongo::open(&named, given, self.queue.clone(), self.archives.clone())?;
            (self.documents, self.archives, self.mongodb) =
                (mongo.documents, mongo.archives, Some(mongo.health));
        }
        Ok(self)
    }

    /// Looks whether everything that was opened can be used: the database of the accounts must be there and have their
    /// layout, which `AUTO_MIGRATE` gives it; so must the bucket of the files, if somebody answers for it.
    ///
    /// # Errors
    /// In one line, with what to do.
    pub async fn ready(&self) -> Result<(), OpenError> {
        for ready in [&self.database, &self.bucket].into_iter().flatten() {
            ready().await?;
        }
        Ok(())
    }
}

/// Marks a data folder as being served, for as long as the value lives.
///
/// # Errors
/// [`OpenError::InUse`] if another process has done so.
pub fn lock(data: &Path) -> Result<File, OpenError> {
    locked(data, "serve.lock", File::try_lock)
}

/// Marks a data folder as being used by a process of one function, for as long as the value lives. Any number of them may
/// share it, with whoever serves it; but nothing is restored under their feet.
///
/// # Errors
/// [`OpenError::InUse`] while something is; or if this program keeps nothing in folders.
pub fn share(data: &Path) -> Result<File, OpenError> {
    servers::keeps_folders()?;
    locked(data, SHARED, File::try_lock_shared)
}

const SHARED: &str = "functions.lock";

fn locked(
    data: &Path,
    name: &str,
    take: impl FnOnce(&File) -> Result<(), TryLockError>,
) -> Result<File, OpenError> {
    make_folder(data)?;
    let path = data.join(name);
    let failed = |source| OpenError::Folder { path: path.clone(), source };
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match take(&file) {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(data.to_owned())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// A folder that only its owner can look into.
fn make_folder(path: &Path) -> Result<(), OpenError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| OpenError::Folder { path: path.to_owned(), source })
}
