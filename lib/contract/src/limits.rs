//! What [`Limits`] promises.

use std::sync::Arc;
use std::time::Duration;

use dzinza_ports::{Clock as _, Limits, StoreErrorKind};
use jiff::SignedDuration;

use crate::support::{crowd, fails};
use crate::{Fresh, Outcome, Suite};

type Port = Arc<dyn Limits>;

const WINDOW: Duration = Duration::from_mins(1);
const MOMENT: Duration = Duration::from_millis(1);

/// What [`Limits`] promises.
pub fn limits(suite: &mut Suite<Port>) {
    suite.case("hits count up within a window and start again after it", hits);
    suite.case("100 concurrent hits are all counted", concurrent_hits);
    suite.case("a value is there until its time is over", values_end);
    suite.case("a value put again takes the place of the other, time included", put_again);
    suite.case("get answers in the order of its keys", order_of_keys);
    suite.case("take gives the value once, to one of 50 callers", taken_once);
    suite.case("take of a value whose time is over gives nothing", taken_late);
    suite.case("remove forgets values and counters", removed);
    suite.case("a counter and a value of one key do not disturb each other", counter_and_value);
    suite.case("a key of 200 bytes is fine, a longer one Invalid", long_keys);
    suite.case("thousands of ended keys do not disturb the living", many_keys);
}

async fn hits(fresh: Fresh<Port>) -> Outcome {
    let limits = &*fresh.port;
    let end = fresh.clock.now() + SignedDuration::from_mins(1);
    for count in 1..=3 {
        let hits = limits.hit("a", WINDOW).await?;
        assert_eq!((hits.count, hits.resets_at), (count, end));
        fresh.clock.advance(Duration::from_secs(10));
    }
    assert_eq!(limits.hit("b", WINDOW).await?.count, 1);
    fresh.clock.advance(Duration::from_secs(30).saturating_sub(MOMENT));
    assert_eq!(limits.hit("a", WINDOW).await?.count, 4);
    fresh.clock.advance(MOMENT);
    let hits = limits.hit("a", WINDOW).await?;
    assert_eq!((hits.count, hits.resets_at), (1, end + SignedDuration::from_mins(1)));
    Ok(())
}

async fn concurrent_hits(fresh: Fresh<Port>) -> Outcome {
    let results = crowd(100, |_| {
        let limits = fresh.port.clone();
        async move { limits.hit("a", WINDOW).await }
    });
    let mut counts = Vec::new();
    for result in results.await? {
        counts.push(result?.count);
    }
    counts.sort_unstable();
    assert_eq!(counts, (1..=100).collect::<Vec<_>>());
    Ok(())
}

async fn values_end(fresh: Fresh<Port>) -> Outcome {
    let limits = &*fresh.port;
    assert_eq!(limits.get(&["k"]).await?, [None]);
    limits.put("k", "v \u{0} é", WINDOW).await?;
    fresh.clock.advance(WINDOW.saturating_sub(MOMENT));
    assert_eq!(limits.get(&["k"]).await?, [Some("v \u{0} é".to_owned())]);
    fresh.clock.advance(MOMENT);
    assert_eq!(limits.get(&["k"]).await?, [None]);
    Ok(())
}

async fn put_again(fresh: Fresh<Port>) -> Outcome {
    let limits = &*fresh.port;
    limits.put("k", "one", WINDOW).await?;
    limits.put("k", "two", WINDOW * 3).await?;
    fresh.clock.advance(WINDOW);
    assert_eq!(limits.get(&["k"]).await?, [Some("two".to_owned())]);
    limits.put("k", "three", WINDOW).await?;
    fresh.clock.advance(WINDOW);
    assert_eq!(limits.get(&["k"]).await?, [None]);
    Ok(())
}

async fn order_of_keys(fresh: Fresh<Port>) -> Outcome {
    let limits = &*fresh.port;
    for key in ["a", "b", "c"] {
        limits.put(key, &key.to_uppercase(), WINDOW).await?;
    }
    let some = |text: &str| Some(text.to_owned());
    let values = limits.get(&["c", "x", "a", "c"]).await?;
    assert_eq!(values, [some("C"), None, some("A"), some("C")]);
    assert!(limits.get(&[]).await?.is_empty());
    Ok(())
}

async fn taken_once(fresh: Fresh<Port>) -> Outcome {
    fresh.port.put("once", "v", WINDOW).await?;
    let results = crowd(50, |_| {
        let limits = fresh.port.clone();
        async move { limits.take("once").await }
    });
    let mut taken = Vec::new();
    for result in results.await? {
        taken.extend(result?);
    }
    assert_eq!(taken, ["v"]);
    assert_eq!(fresh.port.get(&["once"]).await?, [None]);
    Ok(())
}

async fn taken_late(fresh: Fresh<Port>) -> Outcome {
    fresh.port.put("k", "v", WINDOW).await?;
    fresh.clock.advance(WINDOW);
    assert_eq!(fresh.port.take("k").await?, None);
    Ok(())
}

async fn removed(fresh: Fresh<Port>) -> Outcome {
    let limits = &*fresh.port;
    limits.put("a", "v", WINDOW).await?;
    limits.put("b", "v", WINDOW).await?;
    limits.hit("a", WINDOW).await?;
    limits.remove(&["a", "nothing"]).await?;
    assert_eq!(limits.get(&["a", "b"]).await?, [None, Some("v".to_owned())]);
    assert_eq!(limits.hit("a", WINDOW).await?.count, 1);
    Ok(())
}

async fn counter_and_value(fresh: Fresh<Port>) -> Outcome {
    let limits = &*fresh.port;
    limits.hit("k", WINDOW).await?;
    limits.put("k", "v", WINDOW).await?;
    assert_eq!(limits.hit("k", WINDOW).await?.count, 2);
    assert_eq!(limits.take("k").await?, Some("v".to_owned()));
    assert_eq!(limits.hit("k", WINDOW).await?.count, 3);
    Ok(())
}

async fn long_keys(fresh: Fresh<Port>) -> Outcome {
    let limits = &*fresh.port;
    let (long, longer) = ("k".repeat(200), "k".repeat(201));
    limits.put(&long, "v", WINDOW).await?;
    assert_eq!(limits.get(&[&long]).await?, [Some("v".to_owned())]);
    fails(limits.put(&longer, "v", WINDOW).await, StoreErrorKind::Invalid)?;
    fails(limits.hit(&longer, WINDOW).await, StoreErrorKind::Invalid)?;
    fails(limits.get(&[&longer]).await, StoreErrorKind::Invalid)?;
    Ok(())
}

async fn many_keys(fresh: Fresh<Port>) -> Outcome {
    let limits = fresh.port;
    limits.put("living", "v", WINDOW * 1000).await?;
    limits.hit("living", WINDOW * 1000).await?;
    for round in 0..3 {
        let results = crowd(600, |member| {
            let limits = limits.clone();
            async move { limits.hit(&format!("{round}-{member}"), WINDOW).await }
        });
        for result in results.await? {
            assert_eq!(result?.count, 1);
        }
        fresh.clock.advance(WINDOW);
    }
    assert_eq!(limits.get(&["living"]).await?, [Some("v".to_owned())]);
    assert_eq!(limits.hit("living", WINDOW).await?.count, 2);
    Ok(())
}
