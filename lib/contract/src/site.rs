//! What [`SiteSettings`](dzinza_ports::SiteSettings) promises.

use dzinza_ports::{Clock as _, SiteRecord};
use jiff::SignedDuration;
use serde_json::json;

use crate::support::{crowd, there};
use crate::{AccountPorts, Fresh, Outcome, Suite};

pub(crate) fn cases(suite: &mut Suite<AccountPorts>) {
    suite.case("settings are written at the version that was read, and count up", versions);
    suite.case("of 20 parallel writes of settings at one version one is made", one_write_wins);
}

async fn versions(fresh: Fresh<AccountPorts>) -> Outcome {
    let site = &*fresh.port.site;
    let now = fresh.clock.now();
    let later = now + SignedDuration::from_secs(1);
    assert_eq!(site.read().await?, None);
    assert!(!site.write(json!({"a": 0}), None, 1, now).await?);
    assert!(site.write(json!({"a": 1}), Some("somebody"), 0, now).await?);
    assert!(!site.write(json!({"a": 2}), None, 0, later).await?);
    let first = SiteRecord {
        version: 1,
        data: json!({"a": 1}),
        updated_by: Some("somebody".to_owned()),
        created_at: now,
        updated_at: now,
    };
    assert_eq!(site.read().await?.as_ref(), Some(&first));
    assert!(site.write(json!({"b": [1]}), None, 1, later).await?);
    assert!(!site.write(json!({}), None, 1, later).await?);
    let second =
        SiteRecord { version: 2, data: json!({"b": [1]}), updated_by: None, updated_at: later, ..first };
    assert_eq!(site.read().await?, Some(second));
    Ok(())
}

async fn one_write_wins(fresh: Fresh<AccountPorts>) -> Outcome {
    let now = fresh.clock.now();
    for expected in [0, 1] {
        let results = crowd(20, |member| {
            let site = fresh.port.site.clone();
            async move { site.write(json!({"by": member}), None, expected, now).await }
        });
        let mut won = 0;
        for result in results.await? {
            won += usize::from(result?);
        }
        assert_eq!((won, there(fresh.port.site.read().await?)?.version), (1, expected + 1));
    }
    Ok(())
}
