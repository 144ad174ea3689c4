//! Batches as transactions, tried again as long as that may help.

use std::time::{Duration, Instant};

use dzinza_ports::{StoreError, StoreErrorKind};
use mongodb::ClientSession;
use mongodb::options::{ReadConcern, WriteConcern};

use crate::error::{Fault, is_unknown_commit, store_error};
use crate::outbox::{self, Outgoing};
use crate::plan::Plan;
use crate::store::Ready;
use crate::write::Place;

/// Until when a batch that others keep interfering with is tried again.
const PATIENCE: Duration = Duration::from_secs(20);
const FIRST_PAUSE_MS: u64 = 4;
const LONGEST_PAUSE_MS: u64 = 250;

/// Does all of the batch or nothing, durably.
pub(crate) async fn commit(ready: &Ready, plan: &Plan, jobs: &[Outgoing]) -> Result<Vec<u64>, StoreError> {
    let deadline = Instant::now() + PATIENCE;
    let mut pause = FIRST_PAUSE_MS;
    loop {
        let tried = match plan.single() {
            Some(one) if jobs.is_empty() => one.apply(&mut Place { ready, session: None }).await,
            _ => transaction(ready, plan, jobs).await,
        };
        match tried {
            Err(fault) if fault.is_transient() => {
                if Instant::now() > deadline {
                    return Err(match fault {
                        Fault::Driver(error) => {
                            StoreError::with_source(StoreErrorKind::Unavailable, "mongodb: too busy", error)
                        }
                        Fault::Store(error) => error,
                    });
                }
                // Apart from one another, or those that met meet again.
                tokio::time::sleep(Duration::from_millis(rand::random_range(0..=pause))).await;
                pause = (pause * 2).min(LONGEST_PAUSE_MS);
            }
            tried => return Ok(tried?),
        }
    }
}

async fn transaction(ready: &Ready, plan: &Plan, jobs: &[Outgoing]) -> Result<Vec<u64>, Fault> {
    let mut session = ready.client.start_session().await?;
    let begin = session.start_transaction().read_concern(ReadConcern::snapshot());
    begin.write_concern(WriteConcern::majority()).await?;
    match apply(ready, &mut session, plan, jobs).await {
        Ok(versions) => match end(&mut session).await {
            // One that was started again meanwhile may have done it and know nothing of it any more.
            Err(_) if is_in_place(ready, plan).await => Ok(versions),
            ended => ended.map(|()| versions),
        },
        Err(fault) => {
            // The server forgets it anyway, some time.
            if let Err(error) = session.abort_transaction().await {
                tracing::debug!(%error, "a transaction ends by itself");
            }
            Err(fault)
        }
    }
}

async fn apply(
    ready: &Ready,
    session: &mut ClientSession,
    plan: &Plan,
    jobs: &[Outgoing],
) -> Result<Vec<u64>, Fault> {
    let versions = plan.apply(&mut Place { ready, session: Some(session) }).await?;
    if !jobs.is_empty() {
        outbox::insert(ready, session, jobs).await?;
    }
    Ok(versions)
}

/// Whether everything is as a transaction left it whose end was not heard of. Documents that nobody else can have written
/// so have to tell; without any, or where it cannot be read now, it is not known, which is no.
async fn is_in_place(ready: &Ready, plan: &Plan) -> bool {
    let mut told = false;
    for work in plan.works() {
        match work.is_in_place(ready).await {
            Ok(None) => {}
            Ok(Some(true)) => told = true,
            Ok(Some(false)) | Err(_) => return false,
        }
    }
    told
}

/// Asks for the commit until it is known to have taken place: asking twice does nothing twice.
async fn end(session: &mut ClientSession) -> Result<(), Fault> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match session.commit_transaction().await {
            Err(error) if is_unknown_commit(&error) && Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(LONGEST_PAUSE_MS)).await;
            }
            Err(error) if is_unknown_commit(&error) => {
                let unknown =
                    format!("mongodb: whether this was written is not known ({})", store_error(error));
                return Err(StoreError::new(StoreErrorKind::Unavailable, unknown).into());
            }
            ended => return Ok(ended?),
        }
    }
}
