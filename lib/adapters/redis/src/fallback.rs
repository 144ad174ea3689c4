//! The port on Redis, and in this process while Redis is away.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use dzinza_ports::{Clock, Hits, Limits, StoreError, StoreErrorKind};
use jiff::Timestamp;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use crate::limits::{Memory, RedisLimits, checked};
use crate::link::{AddressError, PATIENCE, RedisAddress};
use crate::local::Local;

/// How soon Redis is looked for again, and how seldom at most.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// So often Redis is asked whether it is there, so that its end is noticed without a request that waits for it.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// So much is brought to Redis in one go.
const BATCH: usize = 200;
/// Of takes of one value only one goes on at a time. Others that share its lane wait in vain, but not for long.
const LANES: usize = 64;

/// The port on Redis, and in this process while Redis is away. Connects at the first call, notices the end and connects
/// again by itself.
///
/// A call waits for a dead Redis for a quarter of a second at most, and not at all once it is known to be dead. No call
/// fails because of that. While Redis is away
///
/// - counters go on from where this process saw them last, and are added to those of Redis when it is back: a limit holds
///   within each process. Of several processes each lets through what the limit allows;
/// - values that this process put, before or meanwhile, are there, and are brought to Redis when it is back. Values that
///   others put are not: a session that was ended elsewhere goes on here until its access token is over, and whoever
///   began something with a one-time value in another process has to begin again;
/// - a value that is taken here is gone here, and in Redis when it is back. Another process that can still reach Redis, or
///   has put it there itself, may give it once more meanwhile. What must not happen twice on any account has its place in
///   the database.
///
/// A Redis that comes back empty is told again what this process counted and forbade. Memory is bounded: there are 50 000
/// counters and as many values, of which those that end first give way, and those that Redis does not know last.
///
/// Metrics: `redis_up` (0 or 1), `limits_fallback_total{operation}`, `limits_local_keys`, `limits_forgotten_total`. One line
/// of log for each change of state.
pub struct FallbackLimits {
    inner: Arc<Inner>,
    tending: OnceLock<Tending>,
}

/// What keeps the connection, for as long as the value lives.
struct Tending {
    task: AbortHandle,
    /// Whether Redis was looked for, be it in vain.
    looked: watch::Receiver<bool>,
}

impl Drop for Tending {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Inner {
    remote: RedisLimits,
    local: Mutex<Local>,
    clock: Arc<dyn Clock>,
    up: AtomicBool,
    wake: Notify,
    lanes: [tokio::sync::Mutex<()>; LANES],
    hasher: RandomState,
}

impl FallbackLimits {
    /// Asks nobody anything yet: a process that starts should not wait for a server that its first request may not need.
    ///
    /// # Errors
    /// If the address cannot be used.
    pub fn new(address: RedisAddress, clock: Arc<dyn Clock>) -> Result<Arc<Self>, AddressError> {
        let inner = Arc::new(Inner {
            remote: RedisLimits::new(address, clock.clone())?,
            local: Mutex::new(Local::new()),
            clock,
            up: AtomicBool::new(false),
            wake: Notify::new(),
            lanes: std::array::from_fn(|_| tokio::sync::Mutex::new(())),
            hasher: RandomState::new(),
        });
        Ok(Arc::new(Self { inner, tending: OnceLock::new() }))
    }

    /// The first call begins to connect, and it and those beside it wait for that, but no longer than for any answer.
    async fn connected(&self) -> &Inner {
        let tending = self.tending.get_or_init(|| {
            let (looking, looked) = watch::channel(false);
            Tending { task: tokio::spawn(tend(self.inner.clone(), looking)).abort_handle(), looked }
        });
        if !*tending.looked.borrow() {
            let mut looked = tending.looked.clone();
            // However it ends, the state says whether Redis is there.
            let _ended = tokio::time::timeout(PATIENCE, looked.wait_for(|looked| *looked)).await;
        }
        &self.inner
    }

    /// Whether Redis is there.
    ///
    /// # Errors
    /// [`StoreErrorKind::Unavailable`] if it is away, which costs no request anything.
    pub async fn check(&self) -> Result<(), StoreError> {
        let away = || StoreError::new(StoreErrorKind::Unavailable, "redis is away");
        self.latency().await.map(|_| ()).ok_or_else(away)
    }

    /// How long Redis takes to answer; `None` while it is away.
    pub async fn latency(&self) -> Option<Duration> {
        let inner = self.connected().await;
        let started = Instant::now();
        inner.ask("ping", inner.remote.ping()).await.ok().flatten()?;
        Some(started.elapsed())
    }
}

impl Inner {
    fn local(&self) -> MutexGuard<'_, Local> {
        self.local.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What Redis says; `None` if it is away.
    async fn ask<T>(
        &self,
        operation: &'static str,
        question: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<Option<T>, StoreError> {
        if self.up.load(Ordering::Acquire) {
            match question.await {
                Err(error) if error.kind() == StoreErrorKind::Unavailable => self.lost(&error),
                answer => return answer.map(Some),
            }
        }
        metrics::counter!("limits_fallback_total", "operation" => operation).increment(1);
        Ok(None)
    }

    /// Of many who notice one speaks of it. A connection that was made since is fine.
    fn lost(&self, error: &StoreError) {
        if !self.remote.is_connected() {
            if self.up.swap(false, Ordering::AcqRel) {
                away(error);
            }
            self.wake.notify_one();
        }
    }

    /// Something is to be told to Redis. While it is away it will be anyway.
    fn has_news(&self) {
        if self.up.load(Ordering::Acquire) {
            self.wake.notify_one();
        }
    }

    /// Tells Redis what it does not know, until there is nothing more.
    async fn bring(&self) -> Result<usize, StoreError> {
        let mut brought = 0;
        loop {
            let changes = self.local().changes(BATCH, self.now());
            if changes.is_empty() {
                return Ok(brought);
            }
            match self.remote.bring(&changes).await {
                Err(error) if error.kind() == StoreErrorKind::Unavailable => return Err(error),
                // Something else lies under one of the keys. It would be refused again and again.
                Err(error) => tracing::error!(%error, "Redis refused something that was brought to it"),
                Ok(()) => {}
            }
            brought += changes.len();
            self.local().told(&changes, self.now());
        }
    }

    /// Finds Redis again and tells it everything; only then others ask it.
    async fn find(&self) -> Result<usize, StoreError> {
        if self.remote.meet().await? == Memory::Lost {
            let now = self.now();
            self.local().redis_forgot(now);
        }
        self.bring().await
    }

    fn lane(&self, key: &str) -> Option<&tokio::sync::Mutex<()>> {
        self.lanes.get(self.hasher.hash_one(key) as usize % LANES)
    }

    fn measure(&self) {
        let (size, forgotten) = self.local().size();
        metrics::gauge!("limits_local_keys").set(size as f64);
        if forgotten > 0 {
            metrics::counter!("limits_forgotten_total").increment(forgotten);
        }
        metrics::gauge!("redis_up").set(f64::from(u8::from(self.up.load(Ordering::Acquire))));
    }
}

fn away(error: &StoreError) {
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    tracing::warn!(%cause, "Redis is away: limits are counted in this process");
}

/// Keeps the connection for as long as somebody wants it. Says so once Redis was looked for.
async fn tend(inner: Arc<Inner>, looking: watch::Sender<bool>) {
    let mut wait = FIRST_WAIT;
    let mut announced = false;
    loop {
        inner.measure();
        if inner.up.load(Ordering::Acquire) {
            tokio::select! {
                () = inner.wake.notified() => {}
                () = tokio::time::sleep(HEARTBEAT) => {}
            }
            if let Err(error) = keep(&inner).await {
                inner.lost(&error);
            }
            continue;
        }
        match inner.find().await {
            Ok(brought) => {
                inner.up.store(true, Ordering::Release);
                tracing::info!(brought, "Redis is there: limits are counted in it");
                (wait, announced) = (FIRST_WAIT, true);
                looking.send_replace(true);
            }
            Err(error) => {
                // After a start nobody has said so yet.
                if !std::mem::replace(&mut announced, true) {
                    away(&error);
                }
                looking.send_replace(true);
                tokio::time::sleep(wait).await;
                wait = LONGEST_WAIT.min(wait * 2);
            }
        }
    }
}

/// What another caller did not manage to tell, and whether Redis is there at all.
async fn keep(inner: &Inner) -> Result<(), StoreError> {
    let has_changes = inner.local().has_changes();
    if has_changes { inner.bring().await.map(|_| ()) } else { inner.remote.ping().await }
}

#[async_trait]
impl Limits for FallbackLimits {
    async fn hit(&self, key: &str, window: Duration) -> Result<Hits, StoreError> {
        checked(key)?;
        let inner = self.connected().await;
        let counted = inner.ask("hit", inner.remote.hit(key, window)).await?;
        let now = inner.now();
        if let Some(hits) = counted {
            return Ok(inner.local().saw(key, hits, now));
        }
        let hits = inner.local().hit(key, window, now);
        inner.has_news();
        Ok(hits)
    }

    async fn put(&self, key: &str, value: &str, lifetime: Duration) -> Result<(), StoreError> {
        checked(key)?;
        let inner = self.connected().await;
        let unsent = inner.ask("put", inner.remote.put(key, value, lifetime)).await?.is_none();
        inner.local().put(key, value, lifetime, unsent, inner.now());
        if unsent {
            inner.has_news();
        }
        Ok(())
    }

    async fn get(&self, keys: &[&str]) -> Result<Vec<Option<String>>, StoreError> {
        keys.iter().try_for_each(|key| checked(key))?;
        let inner = self.connected().await;
        let found = inner.ask("get", inner.remote.get(keys)).await?;
        let now = inner.now();
        let local = inner.local();
        let Some(found) = found else {
            return Ok(keys.iter().map(|key| local.get(key, now)).collect());
        };
        Ok(keys.iter().zip(found).map(|(key, value)| local.correct(key, value, now)).collect())
    }

    async fn take(&self, key: &str) -> Result<Option<String>, StoreError> {
        checked(key)?;
        let inner = self.connected().await;
        let _turn = match inner.lane(key) {
            Some(lane) => Some(lane.lock().await),
            None => None,
        };
        let known = inner.local().knows_better(key, inner.now());
        if !known && let Some(taken) = inner.ask("take", inner.remote.take(key)).await? {
            inner.local().given(key);
            return Ok(taken);
        }
        let taken = inner.local().take(key, inner.now());
        inner.has_news();
        Ok(taken)
    }

    async fn remove(&self, keys: &[&str]) -> Result<(), StoreError> {
        keys.iter().try_for_each(|key| checked(key))?;
        let inner = self.connected().await;
        let unsent = inner.ask("remove", inner.remote.remove(keys)).await?.is_none();
        {
            let now = inner.now();
            let mut local = inner.local();
            for key in keys {
                local.remove(key, unsent, now);
            }
        }
        if unsent {
            inner.has_news();
        }
        Ok(())
    }
}
