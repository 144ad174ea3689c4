//! Every process and every store ends once, in the middle of work, and is started again.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use dzinza_tests::{Supervised, eventually};

use crate::crowd::{Attempt, Crowd};
use crate::town::Town;

/// How long after all is well again somebody may still be told that it is not: health is asked of one process of a function,
/// and each of the others notices by itself, at its next request, that a store is back.
const GRACE: Duration = Duration::from_secs(3);
/// Good answers, one after the other, between two outages.
const CALM: usize = 60;
/// How long a store is away before somebody starts it again.
const AWAY: Duration = Duration::from_millis(700);
/// Nothing may take longer until all is well again, without help.
const LONGEST: Duration = Duration::from_secs(25);

/// From the end of something until [`GRACE`] after all was well again.
#[derive(Debug)]
struct Window {
    name: String,
    from: Instant,
    to: Instant,
}

impl Window {
    fn touches(&self, attempt: &Attempt) -> bool {
        attempt.from <= self.to && attempt.to >= self.from
    }
}

pub async fn come_and_go(town: &Town) {
    let (crowd, tasks) = Crowd::gather(&town.url).await;
    crowd.goes_on(CALM).await;
    let mut windows = Vec::new();
    for process in &town.processes {
        windows.push(window(town, process.name(), async || restarted(process).await).await);
        crowd.goes_on(CALM).await;
    }
    for (name, kill, run) in stores(town) {
        let outage = async || {
            kill().expect("it is there");
            tokio::time::sleep(AWAY).await;
            run().expect("it can start again");
        };
        windows.push(window(town, name, outage).await);
        crowd.goes_on(CALM).await;
    }
    let gone_home = crowd.disperse(tasks).await;
    judge(&crowd.attempts(), &windows);
    for member in gone_home {
        assert!(member.has_everything().await > 50, "the load was too light");
    }
    for process in &town.processes {
        assert!(!process.log().contains("panicked"), "{} panicked", process.name());
    }
}

type Act<'a> = Box<dyn Fn() -> anyhow::Result<()> + 'a>;

/// The stores by name, how each ends, and how it is started again.
fn stores(town: &Town) -> Vec<(&'static str, Act<'_>, Act<'_>)> {
    vec![
        ("postgres", Box::new(|| town.postgres.kill()), Box::new(|| town.postgres.resume())),
        ("mongodb", Box::new(|| town.mongo.kill()), Box::new(|| town.mongo.run())),
        ("redis", Box::new(|| town.redis.kill()), Box::new(|| town.redis.run())),
        ("garage", Box::new(|| town.files.kill()), Box::new(|| town.files.run())),
        ("opensearch", Box::new(|| town.search.kill()), Box::new(|| town.search.run())),
    ]
}

/// Kills a process and waits until whoever looks after it has started it again.
async fn restarted(process: &Supervised) {
    let before = process.starts();
    process.kill();
    eventually("another start", async || (process.starts() > before).then_some(())).await;
}

async fn window(town: &Town, name: &str, outage: impl AsyncFn()) -> Window {
    let from = Instant::now();
    outage().await;
    town.well().await;
    assert!(from.elapsed() < LONGEST, "{name} took {:?} to be well again", from.elapsed());
    tokio::time::sleep(GRACE).await;
    Window { name: name.to_owned(), from, to: Instant::now() }
}

/// Whoever was told "not now" was told so in an outage; and most were told nothing of the kind.
fn judge(attempts: &[Attempt], windows: &[Window]) {
    let bad: Vec<&Attempt> = attempts.iter().filter(|attempt| !attempt.is_good()).collect();
    let outside: Vec<String> = bad
        .iter()
        .filter(|attempt| !windows.iter().any(|window| window.touches(attempt)))
        .map(|attempt| {
            let after = windows.iter().rfind(|window| window.to < attempt.from);
            let after = after.map(|window| (&window.name, attempt.from - window.to));
            format!("{} {} {} after {after:?}", attempt.what, attempt.status, attempt.told)
        })
        .collect();
    assert!(outside.is_empty(), "{} of {} outside of outages: {outside:#?}", outside.len(), bad.len());
    let mut good: BTreeMap<&str, usize> = BTreeMap::new();
    for attempt in attempts.iter().filter(|attempt| attempt.is_good()) {
        *good.entry(attempt.what).or_default() += 1;
    }
    let kinds = [
        "add",
        "edit",
        "read",
        "tree",
        "account",
        "sources",
        "stories",
        "notifications",
        "import",
        "refresh",
    ];
    assert!(kinds.iter().all(|kind| good.get(kind).is_some_and(|count| *count >= 20)), "{good:?}");
    // Or nothing was shown by this. Who waits until it is back is not told of it.
    let noticed = |attempt: &&Attempt| !attempt.is_good() || attempt.to - attempt.from > AWAY / 2;
    for name in ["gateway-0", "postgres", "mongodb", "garage"] {
        let window = windows.iter().find(|window| window.name == name).expect("an outage");
        assert!(
            attempts.iter().filter(noticed).any(|attempt| window.touches(attempt)),
            "nobody noticed that {name} was away"
        );
    }
}
