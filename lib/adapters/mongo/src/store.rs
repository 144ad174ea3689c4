//! The store: a client that is made when it is first needed, and everything that belongs to it.

use std::collections::HashSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use dzinza_ports::{Clock, Collection, Ids, Queue, StoreError, StoreErrorKind};
use futures::future::BoxFuture;
use mongodb::bson::Document as Bsons;
use mongodb::{Client, Database};
use tokio::sync::OnceCell;

use crate::address::{MongoAddress, ping};
use crate::error::{Fault, store_error};
use crate::prepare::{is_lasting, prepare};
use crate::table::{Catalog, Table};

/// How often what other processes left in the outbox is looked for.
const SWEEP: Duration = Duration::from_secs(5);
/// Connecting, and making what is missing.
const FIRST_PATIENCE: Duration = Duration::from_secs(30);

/// What is there once the database has been reached.
pub(crate) struct Ready {
    pub client: Client,
    pub database: Database,
    foreign: HashSet<&'static str>,
}

impl Ready {
    pub(crate) fn collection(&self, table: &Table) -> mongodb::Collection<Bsons> {
        self.database.collection(table.name())
    }

    /// Whether the collection had ids of MongoDB's own type when it was opened.
    pub(crate) fn has_foreign_ids(&self, table: &Table) -> bool {
        self.foreign.contains(table.name())
    }
}

/// Documents on MongoDB; the jobs of batches go to a queue elsewhere, through an outbox in the same transaction.
pub struct MongoStore {
    pub(crate) catalog: Catalog,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) queues: &'static [&'static str],
    address: MongoAddress,
    ready: OnceCell<Ready>,
    own: Weak<Self>,
}

impl MongoStore {
    /// A store that connects when it is first asked for something, in the Tokio runtime of whoever asks. `queues` are
    /// those that batches send to.
    ///
    /// # Errors
    /// If a declaration is no good.
    pub fn open(
        address: MongoAddress,
        (clock, ids): (Arc<dyn Clock>, Arc<dyn Ids>),
        collections: &[&'static Collection],
        (queue, queues): (Arc<dyn Queue>, &'static [&'static str]),
    ) -> Result<Arc<Self>, StoreError> {
        let catalog = Catalog::new(collections, Table::new)?;
        let ready = OnceCell::new();
        let make =
            |own: &Weak<Self>| Self { catalog, clock, ids, queue, queues, address, ready, own: own.clone() };
        Ok(Arc::new_cyclic(make))
    }

    /// The database, reached and up to date. Whoever comes while it is away hears so, and the next one tries again.
    pub(crate) async fn ready(&self) -> Result<&Ready, StoreError> {
        self.ready.get_or_try_init(|| self.connect()).await
    }

    async fn connect(&self) -> Result<Ready, StoreError> {
        let connecting = async {
            let client = Client::with_options(self.address.options().await?)?;
            let database = client.database(self.address.database());
            let foreign = prepare(&database, &self.catalog).await?;
            Ok::<_, Fault>(Ready { client, database, foreign })
        };
        let connected = tokio::time::timeout(FIRST_PATIENCE, connecting).await;
        let ready = match connected {
            Ok(Ok(ready)) => ready,
            Ok(Err(fault)) if is_lasting(&fault) => {
                let broken = StoreError::from(fault);
                tracing::error!(
                    rule = broken.context(),
                    "the database holds documents that break a uniqueness rule"
                );
                return Err(StoreError::with_source(
                    StoreErrorKind::Corrupt,
                    "mongodb: a rule is broken",
                    broken,
                ));
            }
            Ok(Err(fault)) => return Err(fault.into()),
            Err(_) => return Err(StoreError::new(StoreErrorKind::Unavailable, "mongodb: no answer in time")),
        };
        tokio::spawn(sweep(self.own.clone()));
        Ok(ready)
    }

    /// Whether it answers.
    ///
    /// # Errors
    /// `Unavailable` if it does not.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.ready().await?.database.run_command(ping()).await.map(drop).map_err(store_error)
    }
}

/// Sends what processes that ended left behind, as long as somebody has the store.
fn sweep(store: Weak<MongoStore>) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        while let Some(store) = store.upgrade() {
            if let Err(error) = store.relay().await {
                tracing::warn!(%error, "jobs wait in the outbox");
            }
            drop(store);
            tokio::time::sleep(SWEEP).await;
        }
    })
}
