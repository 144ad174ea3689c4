//! The port on Redis alone.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use dzinza_ports::{Clock, Hits, Limits, StoreError, StoreErrorKind};
use jiff::Timestamp;
use redis::{Pipeline, RedisResult, cmd};

use crate::link::{AddressError, BACKGROUND_PATIENCE, Link, PATIENCE, RedisAddress};
use crate::local::{Change, Counter};

const LONGEST_KEY: usize = 200;
/// What all our keys begin with.
const PREFIX: &str = "dzinza:";
/// Redis forgets this much later than we do: what is over is told by our clock alone, and clocks of two machines differ.
const MARGIN: Duration = Duration::from_mins(1);
/// Scripts count in floating point, so milliseconds must stay well below 2^53.
const FOREVER: Duration = Duration::from_hours(24 * 36_525);

/// KEYS: counter. ARGV: now, the end of a window that begins now, milliseconds to keep it.
const HIT: &str = r"
local found = redis.call('HMGET', KEYS[1], 'n', 'end')
if found[1] and tonumber(found[2]) > tonumber(ARGV[1]) then
  return {redis.call('HINCRBY', KEYS[1], 'n', 1), tonumber(found[2])}
end
redis.call('HSET', KEYS[1], 'n', 1, 'end', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {1, tonumber(ARGV[2])}";

/// KEYS: counter. ARGV: now, whether what is there is void, hits in all, hits that are news, end, milliseconds to keep it.
/// A count never gets lower than what either side knows.
const BRING_COUNTER: &str = r"
local found = redis.call('HMGET', KEYS[1], 'n', 'end')
local n = tonumber(ARGV[3])
if ARGV[2] == '0' and found[1] and tonumber(found[2]) > tonumber(ARGV[1]) then
  n = math.max(n, tonumber(found[1]) + tonumber(ARGV[4]))
  if tonumber(found[2]) > tonumber(ARGV[5]) then
    redis.call('HSET', KEYS[1], 'n', n)
    return n
  end
end
if n == 0 then return redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], 'n', n, 'end', ARGV[5])
redis.call('PEXPIRE', KEYS[1], ARGV[6])
return n";

/// KEYS: value. ARGV: when ours ends, the value, milliseconds to keep it. Of two values the one that lasts longer was put
/// later, or says more.
const BRING_VALUE: &str = r"
local found = redis.call('GET', KEYS[1])
if found and (tonumber(string.match(found, '^%d+')) or 0) > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1";

/// KEYS: value. ARGV: when the value that was taken ends. One that was put since stays.
const BRING_GONE: &str = r"
local found = redis.call('GET', KEYS[1])
if found and (tonumber(string.match(found, '^%d+')) or 0) > tonumber(ARGV[1]) then return 0 end
return redis.call('DEL', KEYS[1])";

/// KEYS: mark. As long as it is the same, so is what Redis knew before.
const MARK: &str = r"
local time = redis.call('TIME')
redis.call('SET', KEYS[1], time[1] .. '.' .. time[2], 'NX')
return redis.call('GET', KEYS[1])";

/// The port on Redis alone. It has to be told to connect ([`RedisLimits::connect`]) and does not do so again by itself.
///
/// Times are those of the process's clock, as everywhere: the clocks of processes that share a Redis must agree as well as
/// windows and lifetimes are to be kept, which are minutes. Resolution is a millisecond.
pub struct RedisLimits {
    link: Link,
    mark: Mutex<Option<String>>,
    clock: Arc<dyn Clock>,
}

/// What was found on connecting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    /// Nothing was forgotten since the last time, or there was none.
    Kept,
    /// It is empty, or another one.
    Lost,
}

impl RedisLimits {
    /// Without a connection yet.
    ///
    /// # Errors
    /// If the address cannot be used.
    pub fn new(address: RedisAddress, clock: Arc<dyn Clock>) -> Result<Self, AddressError> {
        Ok(Self { link: Link::new(address)?, mark: Mutex::default(), clock })
    }

    /// Connects, and makes sure that Redis takes what is written to it.
    ///
    /// # Errors
    /// [`StoreErrorKind::Unavailable`].
    pub async fn connect(&self) -> Result<(), StoreError> {
        self.meet().await.map(|_| ())
    }

    pub(crate) async fn meet(&self) -> Result<Memory, StoreError> {
        let greet = |mut connection| async move {
            let mut greeting = Pipeline::new();
            let probe = format!("{PREFIX}probe");
            greeting.cmd("SET").arg(&probe).arg(1).arg("PX").arg(1000).ignore();
            greeting.cmd("GETDEL").arg(&probe).ignore();
            greeting.cmd("EVAL").arg(MARK).arg(1).arg(format!("{PREFIX}mark"));
            let (mark,): (String,) = greeting.query_async(&mut connection).await?;
            Ok(mark)
        };
        let mark = self.link.connect(greet).await?;
        let before = self.mark.lock().unwrap_or_else(PoisonError::into_inner).replace(mark.clone());
        Ok(if before.is_some_and(|before| before != mark) { Memory::Lost } else { Memory::Kept })
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.link.is_up()
    }

    /// Whether it answers.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        let question = |mut connection| async move { cmd("PING").query_async(&mut connection).await };
        self.link.ask(PATIENCE, question).await
    }

    /// Brings what was counted and put without Redis.
    pub(crate) async fn bring(&self, changes: &[Change]) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut news = Pipeline::new();
        for change in changes {
            match change {
                Change::Counter { key, counter, ends, .. } => {
                    let Counter { count, unsent, void } = counter;
                    let script = news.cmd("EVAL").arg(BRING_COUNTER).arg(1).arg(counter_key(key));
                    script.arg(now.as_millisecond()).arg(u8::from(*void)).arg(count).arg(unsent);
                    script.arg(*ends).arg(kept_for(*ends, now)).ignore();
                }
                Change::Value { key, text: Some(text), ends, .. } => {
                    let script = news.cmd("EVAL").arg(BRING_VALUE).arg(1).arg(value_key(key));
                    script.arg(*ends).arg(format!("{ends}:{text}")).arg(kept_for(*ends, now)).ignore();
                }
                Change::Value { key, text: None, ends, .. } => {
                    let script = news.cmd("EVAL").arg(BRING_GONE).arg(1).arg(value_key(key));
                    script.arg(*ends).ignore();
                }
            }
        }
        let question = |mut connection| async move { news.query_async::<()>(&mut connection).await };
        self.link.ask(BACKGROUND_PATIENCE, question).await
    }

    async fn asked<T: redis::FromRedisValue + Send>(&self, command: redis::Cmd) -> Result<T, StoreError> {
        let question = |mut connection| async move {
            let answer: RedisResult<T> = command.query_async(&mut connection).await;
            answer
        };
        self.link.ask(PATIENCE, question).await
    }

    fn living(&self, stored: Option<String>) -> Result<Option<String>, StoreError> {
        let Some(stored) = stored else { return Ok(None) };
        let broken = || StoreError::new(StoreErrorKind::Corrupt, "redis: a value without its end");
        let (ends, text) = stored.split_once(':').ok_or_else(broken)?;
        let ends: i64 = ends.parse().map_err(|_| broken())?;
        Ok((ends > self.clock.now().as_millisecond()).then(|| text.to_owned()))
    }
}

#[async_trait]
impl Limits for RedisLimits {
    async fn hit(&self, key: &str, window: Duration) -> Result<Hits, StoreError> {
        checked(key)?;
        let now = self.clock.now();
        let ends = end_of(now, window);
        let mut command = cmd("EVAL");
        command.arg(HIT).arg(1).arg(counter_key(key));
        command.arg(now.as_millisecond()).arg(ends).arg(kept_for(ends, now));
        let (count, ends): (u64, i64) = self.asked(command).await?;
        Ok(Hits { count, resets_at: moment(ends) })
    }

    async fn put(&self, key: &str, value: &str, lifetime: Duration) -> Result<(), StoreError> {
        checked(key)?;
        let now = self.clock.now();
        let ends = end_of(now, lifetime);
        let mut command = cmd("SET");
        command.arg(value_key(key)).arg(format!("{ends}:{value}")).arg("PX").arg(kept_for(ends, now));
        self.asked(command).await
    }

    async fn get(&self, keys: &[&str]) -> Result<Vec<Option<String>>, StoreError> {
        keys.iter().try_for_each(|key| checked(key))?;
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut command = cmd("MGET");
        for key in keys {
            command.arg(value_key(key));
        }
        let found: Vec<Option<String>> = self.asked(command).await?;
        found.into_iter().map(|stored| self.living(stored)).collect()
    }

    async fn take(&self, key: &str) -> Result<Option<String>, StoreError> {
        checked(key)?;
        let mut command = cmd("GETDEL");
        command.arg(value_key(key));
        let stored = self.asked(command).await?;
        self.living(stored)
    }

    async fn remove(&self, keys: &[&str]) -> Result<(), StoreError> {
        keys.iter().try_for_each(|key| checked(key))?;
        if keys.is_empty() {
            return Ok(());
        }
        let mut command = cmd("DEL");
        for key in keys {
            command.arg(value_key(key)).arg(counter_key(key));
        }
        self.asked(command).await
    }
}

/// Refuses a key that is longer than the port promises to take.
pub(crate) fn checked(key: &str) -> Result<(), StoreError> {
    if key.len() > LONGEST_KEY {
        return Err(StoreError::new(StoreErrorKind::Invalid, format!("a key of {} bytes", key.len())));
    }
    Ok(())
}

/// The millisecond in which something that begins now is over.
pub(crate) fn end_of(now: Timestamp, lifetime: Duration) -> i64 {
    let lifetime = lifetime.min(FOREVER);
    now.as_millisecond().saturating_add(i64::try_from(lifetime.as_millis()).unwrap_or(0))
}

pub(crate) fn moment(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}

/// How long Redis keeps what ends then.
fn kept_for(ends: i64, now: Timestamp) -> i64 {
    let margin = i64::try_from(MARGIN.as_millis()).unwrap_or(i64::MAX);
    ends.saturating_sub(now.as_millisecond()).max(0).saturating_add(margin)
}

fn value_key(key: &str) -> String {
    format!("{PREFIX}v:{key}")
}

fn counter_key(key: &str) -> String {
    format!("{PREFIX}n:{key}")
}
