//! Redis is killed, held still and started again under load: nobody who calls notices, and nothing is given twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use dzinza_contract::{Failed, Outcome};
use dzinza_ports::{Clock, Limits as _, StoreError, SystemClock};
use dzinza_redis::{FallbackLimits, RedisAddress, RedisLimits};
use libtest_mimic::Trial;
use tokio::runtime::Builder;

use crate::server::{Server, if_installed};

const HOUR: Duration = Duration::from_hours(1);

pub fn trials() -> Vec<Trial> {
    let trials = vec![
        trial("a process that starts asks nobody", nobody_is_asked),
        trial("the first call of a process knows what Redis knows", first_call),
        trial("a first caller who goes away keeps nobody from Redis", first_caller_leaves),
        trial("load goes on while Redis is killed and started again, and limits hold", load),
        trial("a call waits for a Redis that hangs once and briefly", hanging),
        trial("revocations put before an outage are known in it", known_in_outage),
        trial("what was put in an outage is in Redis afterwards", pushed_back),
        trial("what a Redis that forgot everything must know is told again", forgotten),
        trial("what was taken in an outage stays taken", taken_in_outage),
        trial("of 50 callers that take while Redis dies at most one gets it", taken_while_dying),
        trial("what was removed in an outage is gone afterwards", removed_in_outage),
        trial("hits of an outage are added to those in Redis", hits_are_added),
        trial("of two values put at both ends the later stays", later_value_stays),
        trial("a process that starts without Redis finds it later", found_later),
    ];
    if_installed(trials)
}

fn trial<Run>(sentence: &'static str, case: fn() -> Run) -> Trial
where
    Run: Future<Output = Outcome> + Send + 'static,
{
    Trial::test(sentence, move || {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(async move {
            let patience = Duration::from_mins(1);
            tokio::time::timeout(patience, case()).await.map_err(|_| Failed::from("takes too long"))?
        })
    })
}

/// One process of ours.
async fn process(server: &Server) -> Result<Arc<FallbackLimits>, Failed> {
    let limits = FallbackLimits::new(server.address()?, Arc::new(SystemClock))?;
    found(&limits).await;
    Ok(limits)
}

/// Another one that sees Redis and nothing else.
async fn outsider(server: &Server) -> Result<RedisLimits, Failed> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let limits = RedisLimits::new(server.address()?, clock)?;
    limits.connect().await?;
    Ok(limits)
}

async fn found(limits: &FallbackLimits) {
    while limits.latency().await.is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn lost(limits: &FallbackLimits) {
    while limits.latency().await.is_some() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// What requests do, again and again, until they are to stop.
struct Load {
    limits: Arc<FallbackLimits>,
    stop: AtomicBool,
    calls: AtomicU64,
    /// What a function that asks would have let through, of an allowance of 500.
    allowed: AtomicU64,
}

impl Load {
    async fn of_caller(&self, caller: usize) -> Result<u64, StoreError> {
        let limits = &self.limits;
        let mut round = 0_u64;
        while !self.stop.load(Ordering::Relaxed) {
            round += 1;
            let hits = limits.hit("rl:auth:one-client", HOUR).await?;
            self.allowed.fetch_add(u64::from(hits.count <= 500), Ordering::Relaxed);
            let key = format!("revoked_sid:{caller}-{round}");
            limits.put(&key, "logout", HOUR).await?;
            let found = limits.get(&[&key, "revoked_sid:nobody"]).await?;
            assert_eq!(found, [Some("logout".to_owned()), None], "{key}");
            limits.put(&format!("once:{caller}-{round}"), "v", HOUR).await?;
            limits.remove(&[&format!("login_fail:{caller}")]).await?;
            self.calls.fetch_add(5, Ordering::Relaxed);
            // Without Redis nothing here waits for anything, and others want a turn.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(round)
    }

    async fn go_on(&self, calls: u64) {
        let from = self.calls.load(Ordering::Relaxed);
        while self.calls.load(Ordering::Relaxed) < from + calls {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn load() -> Outcome {
    let server = Server::start()?;
    let limits = process(&server).await?;
    let load = Arc::new(Load {
        limits: limits.clone(),
        stop: AtomicBool::new(false),
        calls: AtomicU64::new(0),
        allowed: AtomicU64::new(0),
    });
    let caller = |caller| {
        let load = load.clone();
        tokio::spawn(async move { load.of_caller(caller).await })
    };
    let callers: Vec<_> = (0..16).map(caller).collect();
    for _ in 0..3 {
        load.go_on(1000).await;
        server.kill();
        load.go_on(1000).await;
        server.run()?;
        found(&limits).await;
    }
    load.go_on(1000).await;
    load.stop.store(true, Ordering::Relaxed);
    let mut rounds = Vec::new();
    for caller in callers {
        rounds.push(caller.await??);
    }
    let hits: u64 = rounds.iter().sum();
    // Of hits that Redis was counting when it died nobody knows; there is one for each caller.
    let allowed = load.allowed.load(Ordering::Relaxed);
    assert!(hits > 1000 && allowed <= 500 + 3 * 16, "{hits} hits, {allowed} let through");
    let outside = outsider(&server).await?;
    for (caller, rounds) in rounds.iter().enumerate() {
        for round in [1, rounds / 2, *rounds] {
            let key = format!("revoked_sid:{caller}-{}", round.max(1));
            assert_eq!(outside.get(&[&key]).await?, [Some("logout".to_owned())], "{key}");
        }
    }
    assert!(outside.hit("rl:auth:one-client", HOUR).await?.count > hits);
    Ok(())
}

async fn hanging() -> Outcome {
    let server = Server::start()?;
    let limits = process(&server).await?;
    limits.hit("k", HOUR).await?;
    server.signal("-STOP")?;
    let started = Instant::now();
    assert_eq!(limits.hit("k", HOUR).await?.count, 2);
    let first = started.elapsed();
    let started = Instant::now();
    for count in 3..=502 {
        assert_eq!(limits.hit("k", HOUR).await?.count, count);
    }
    let others = started.elapsed();
    server.signal("-CONT")?;
    assert!(first < Duration::from_secs(2), "{first:?}");
    assert!(others < Duration::from_secs(2), "none of 500 waits: {others:?}");
    found(&limits).await;
    assert!(limits.hit("k", HOUR).await?.count >= 503);
    Ok(())
}

async fn known_in_outage() -> Outcome {
    let server = Server::start()?;
    let limits = process(&server).await?;
    limits.put("revoked_sid:s", "logout", HOUR).await?;
    limits.put("once:o", "v", HOUR).await?;
    server.kill();
    assert_eq!(limits.get(&["revoked_sid:s", "revoked_sid:t"]).await?, [Some("logout".to_owned()), None]);
    assert_eq!(limits.take("once:o").await?, Some("v".to_owned()), "whoever began something can end it");
    Ok(())
}

async fn pushed_back() -> Outcome {
    let server = Server::durable()?;
    let limits = process(&server).await?;
    server.kill();
    lost(&limits).await;
    for number in 0..500 {
        limits.put(&format!("revoked_sid:{number}"), "logout", HOUR).await?;
    }
    limits.put("user_valid_after:u", "1700000000", HOUR).await?;
    limits.put("over", "v", Duration::from_millis(1)).await?;
    server.run()?;
    found(&limits).await;
    let outside = outsider(&server).await?;
    assert_eq!(
        outside.get(&["revoked_sid:0", "revoked_sid:499", "user_valid_after:u", "over"]).await?,
        [Some("logout".to_owned()), Some("logout".to_owned()), Some("1700000000".to_owned()), None]
    );
    Ok(())
}

async fn forgotten() -> Outcome {
    let server = Server::start()?;
    let limits = process(&server).await?;
    limits.put("revoked_sid:s", "logout", HOUR).await?;
    limits.put("user_valid_after:u", "1700000000", HOUR).await?;
    limits.put("once:o", "v", HOUR).await?;
    for _ in 0..4 {
        limits.hit("login_fail:f", HOUR).await?;
    }
    server.kill();
    server.run()?;
    lost_and_found(&limits).await;
    let outside = outsider(&server).await?;
    let keys = ["revoked_sid:s", "user_valid_after:u", "once:o"];
    assert_eq!(outside.get(&keys).await?, [Some("logout".to_owned()), Some("1700000000".to_owned()), None]);
    assert_eq!(limits.take("once:o").await?, None, "another process may have taken it before");
    assert_eq!(limits.hit("login_fail:f", HOUR).await?.count, 5);
    Ok(())
}

/// A Redis that was killed and is there again is noticed by the next call, or the one after.
async fn lost_and_found(limits: &FallbackLimits) {
    lost(limits).await;
    found(limits).await;
}

async fn taken_in_outage() -> Outcome {
    let server = Server::durable()?;
    let limits = process(&server).await?;
    limits.put("once:before", "v", HOUR).await?;
    server.kill();
    limits.put("once:during", "v", HOUR).await?;
    limits.put("once:kept", "v", HOUR).await?;
    for key in ["once:before", "once:during"] {
        assert_eq!((limits.take(key).await?, limits.take(key).await?), (Some("v".to_owned()), None), "{key}");
    }
    server.run()?;
    found(&limits).await;
    let outside = outsider(&server).await?;
    assert_eq!(
        outside.get(&["once:before", "once:during", "once:kept"]).await?,
        [None, None, Some("v".to_owned())]
    );
    for key in ["once:before", "once:during"] {
        assert_eq!(limits.take(key).await?, None, "{key}");
    }
    assert_eq!(
        (limits.take("once:kept").await?, limits.take("once:kept").await?),
        (Some("v".to_owned()), None)
    );
    Ok(())
}

async fn taken_while_dying() -> Outcome {
    let server = Server::durable()?;
    let limits = process(&server).await?;
    for round in 0..10 {
        let key = format!("once:{round}");
        limits.put(&key, "v", HOUR).await?;
        let callers: Vec<_> = (0..50)
            .map(|_| {
                let (limits, key) = (limits.clone(), key.clone());
                tokio::spawn(async move { limits.take(&key).await })
            })
            .collect();
        server.kill();
        server.run()?;
        let mut taken = Vec::new();
        for caller in callers {
            taken.extend(caller.await??);
        }
        found(&limits).await;
        taken.extend(limits.take(&key).await?);
        assert!(taken.len() <= 1, "round {round}: {} got it", taken.len());
    }
    Ok(())
}

async fn removed_in_outage() -> Outcome {
    let server = Server::durable()?;
    let limits = process(&server).await?;
    let outside = outsider(&server).await?;
    outside.put("login_lock:a", "1 1", HOUR).await?;
    for _ in 0..4 {
        outside.hit("login_fail:a", HOUR).await?;
        outside.hit("login_fail:b", HOUR).await?;
    }
    server.kill();
    limits.remove(&["login_lock:a", "login_fail:a", "login_fail:b"]).await?;
    assert_eq!(limits.hit("login_fail:b", HOUR).await?.count, 1);
    server.run()?;
    found(&limits).await;
    outside.connect().await?;
    assert_eq!(outside.get(&["login_lock:a"]).await?, [None]);
    assert_eq!(outside.hit("login_fail:a", HOUR).await?.count, 1);
    assert_eq!(outside.hit("login_fail:b", HOUR).await?.count, 2);
    Ok(())
}

async fn hits_are_added() -> Outcome {
    let server = Server::durable()?;
    let limits = process(&server).await?;
    let outside = outsider(&server).await?;
    for _ in 0..3 {
        limits.hit("rl:x", HOUR).await?;
        outside.hit("rl:x", HOUR).await?;
    }
    let before = limits.hit("rl:x", HOUR).await?;
    assert_eq!(before.count, 7);
    server.kill();
    assert_eq!(limits.hit("rl:x", HOUR).await?, dzinza_ports::Hits { count: 8, ..before });
    assert_eq!(limits.hit("rl:y", HOUR).await?.count, 1);
    server.run()?;
    found(&limits).await;
    outside.connect().await?;
    assert_eq!(outside.hit("rl:x", HOUR).await?, dzinza_ports::Hits { count: 9, ..before });
    assert_eq!(limits.hit("rl:y", HOUR).await?.count, 2);
    Ok(())
}

async fn later_value_stays() -> Outcome {
    let server = Server::durable()?;
    let limits = process(&server).await?;
    server.kill();
    lost(&limits).await;
    for key in ["user_valid_after:u", "user_valid_after:w"] {
        limits.put(key, "here", HOUR).await?;
    }
    server.run()?;
    let outside = loop {
        if let Ok(outside) = outsider(&server).await {
            break outside;
        }
    };
    // Perhaps before the other process brings its own, perhaps after: it makes no difference.
    outside.put("user_valid_after:u", "there", HOUR * 2).await?;
    found(&limits).await;
    let found = limits.get(&["user_valid_after:u", "user_valid_after:w"]).await?;
    assert_eq!(found, [Some("there".to_owned()), Some("here".to_owned())]);
    Ok(())
}

async fn found_later() -> Outcome {
    let server = Server::absent(false)?;
    let limits = FallbackLimits::new(server.address()?, Arc::new(SystemClock))?;
    assert_eq!(limits.hit("k", HOUR).await?.count, 1);
    limits.put("revoked_sid:s", "logout", HOUR).await?;
    assert_eq!(limits.latency().await, None);
    server.run()?;
    found(&limits).await;
    assert_eq!(limits.hit("k", HOUR).await?.count, 2);
    assert_eq!(outsider(&server).await?.get(&["revoked_sid:s"]).await?, [Some("logout".to_owned())]);
    Ok(())
}

async fn nobody_is_asked() -> Outcome {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = RedisAddress::of_host("127.0.0.1", listener.local_addr()?.port(), 0, None)?;
    let limits = FallbackLimits::new(address, Arc::new(SystemClock))?;
    let patience = Duration::from_millis(100);
    assert!(tokio::time::timeout(patience, listener.accept()).await.is_err(), "asked before anybody called");
    let (asked, counted) = tokio::join!(listener.accept(), limits.hit("k", HOUR));
    asked?;
    assert_eq!(counted?.count, 1);
    Ok(())
}

async fn first_call() -> Outcome {
    let server = Server::durable()?;
    let outside = loop {
        if let Ok(outside) = outsider(&server).await {
            break outside;
        }
    };
    outside.put("revoked_sid:s", "logout", HOUR).await?;
    // On a busy machine the first calls of some processes may have to go on without Redis.
    for _ in 0..20 {
        let limits = FallbackLimits::new(server.address()?, Arc::new(SystemClock))?;
        if limits.get(&["revoked_sid:s"]).await? == [Some("logout".to_owned())] {
            return Ok(());
        }
    }
    Err("no process knew of it at its first call".into())
}

async fn first_caller_leaves() -> Outcome {
    let server = Server::durable()?;
    while outsider(&server).await.is_err() {}
    let limits = FallbackLimits::new(server.address()?, Arc::new(SystemClock))?;
    // Gone before there can be an answer; whoever comes next finds what it began.
    let left = tokio::time::timeout(Duration::ZERO, limits.hit("k", HOUR)).await;
    assert!(left.is_err() || left.is_ok_and(|hits| hits.is_ok()));
    found(&limits).await;
    limits.hit("k", HOUR).await?;
    Ok(())
}
