//! The suite over the plain adapter, and over the one that goes round an absent Redis, with and without it.

use std::sync::Arc;
use std::time::Duration;

use dzinza_contract::{Failed, Fresh, ManualClock, Suite};
use dzinza_ports::{Clock, Limits};
use dzinza_redis::{FallbackLimits, RedisLimits};
use libtest_mimic::Trial;

use crate::server::{Server, if_installed};

pub fn trials() -> Vec<Trial> {
    let mut plain = Suite::new("limits", plain);
    dzinza_contract::limits(&mut plain);
    let mut connected = Suite::new("limits with something to fall back on", connected);
    dzinza_contract::limits(&mut connected);
    let mut trials = plain.into_trials();
    trials.extend(connected.into_trials());
    let mut trials = if_installed(trials);

    let mut alone = Suite::new("limits without Redis", alone);
    dzinza_contract::limits(&mut alone);
    trials.extend(alone.into_trials());
    trials
}

type Port = Arc<dyn Limits>;

async fn plain() -> Result<Fresh<Port>, Failed> {
    let server = Server::start()?;
    let clock = Arc::new(ManualClock::default());
    let limits = RedisLimits::new(server.address()?, clock.clone() as Arc<dyn Clock>)?;
    limits.connect().await?;
    Ok(Fresh { port: Arc::new(limits), clock, guard: Box::new(server) })
}

async fn connected() -> Result<Fresh<Port>, Failed> {
    let server = Server::durable()?;
    let clock = Arc::new(ManualClock::default());
    let limits = FallbackLimits::new(server.address()?, clock.clone())?;
    while limits.latency().await.is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(Fresh { port: limits, clock, guard: Box::new(server) })
}

async fn alone() -> Result<Fresh<Port>, Failed> {
    let server = Server::absent(false)?;
    let clock = Arc::new(ManualClock::default());
    let limits = FallbackLimits::new(server.address()?, clock.clone())?;
    Ok(Fresh { port: limits, clock, guard: Box::new(server) })
}
