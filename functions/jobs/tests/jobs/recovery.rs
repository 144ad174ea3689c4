use std::time::Duration;

use dzinza_domain::collections::{FAMILY_TREES, IMPORTS};
use dzinza_jobs::recover;
use dzinza_ports::{Message, Queue as _};
use serde_json::json;

use crate::world::{FAMILY, TREE, World, message};

#[tokio::test]
async fn a_run_that_is_killed_at_any_moment_is_finished_by_the_next() {
    // However many commits a run has, there is a point where it gets through.
    for nth in 1..12 {
        let world = World::new().await;
        world.upload("i1", FAMILY).await;
        world.handle_killed(&message("import", "i1", 1), nth).await;
        world.clock.advance(Duration::from_secs(10));
        assert!(world.handle(&message("import", "i1", 2)).await);
        assert_eq!(world.status("i1").await, "completed", "killed at commit {nth}");
        assert_eq!(world.stored().await, [4, 4, 3], "killed at commit {nth}");
        assert_eq!(world.totals().await, [4, 4, 3], "killed at commit {nth}");
    }
}

#[tokio::test]
async fn ten_kills_are_survived_and_an_eleventh_is_the_end() {
    for (kills, expected) in [(10, "completed"), (11, "failed")] {
        let world = World::new().await;
        world.upload("i1", FAMILY).await;
        for attempt in 1..=kills {
            world.handle_killed(&message("import", "i1", attempt), 3).await;
            assert_eq!(world.status("i1").await, "running");
        }
        assert!(world.handle(&message("import", "i1", kills + 1)).await);
        assert_eq!(world.status("i1").await, expected);
        if expected == "failed" {
            world.assert_failed("i1", "interrupted").await;
        }
    }
}

#[tokio::test]
async fn being_told_to_stop_does_not_count() {
    let world = World::new().await;
    world.upload("i1", FAMILY).await;
    for _ in 0..20 {
        world.handle_killed(&message("import", "i1", 1), 2).await;
    }
    assert!(world.handle(&message("import", "i1", 1)).await);
    let import = world.get(&IMPORTS, "i1").await.body;
    assert_eq!((&import["status"], import.get("interruptions")), (&json!("completed"), None));
}

#[tokio::test]
async fn an_import_whose_message_was_buried_is_queued_again_once_it_is_silent() {
    let world = World::new().await;
    world.upload("i1", FAMILY).await;
    let first = world.waiting().await.remove(0);
    world.handle_killed(&first, 3).await;
    assert!(world.store.delete(&first.receipt).await.unwrap());
    assert_eq!(recover(&world.ports).await.unwrap(), 0, "it may be alive");
    world.clock.advance(Duration::from_secs(31));
    assert_eq!(recover(&world.ports).await.unwrap(), 1);
    assert_eq!(recover(&world.ports).await.unwrap(), 0, "once is enough");
    let again = world.waiting().await;
    assert_eq!(again.len(), 1);
    assert!(world.handle(&again[0]).await);
    let import = world.get(&IMPORTS, "i1").await.body;
    assert_eq!((&import["status"], &import["interruptions"]), (&json!("completed"), &json!(1)));
    assert_eq!(world.totals().await, [4, 4, 3]);
    world.clock.advance(Duration::from_hours(1));
    assert_eq!(recover(&world.ports).await.unwrap(), 0);
}

#[tokio::test]
async fn an_undo_whose_message_was_lost_is_queued_again() {
    let world = World::new().await;
    world.import("i1", FAMILY).await;
    world.ask_to_undo("i1").await;
    world.waiting().await;
    world.clock.advance(Duration::from_secs(31));
    assert_eq!(recover(&world.ports).await.unwrap(), 1);
    let again = world.waiting().await;
    let undo = again.iter().find(|message| message.body["job"] == "undo-import").unwrap();
    assert!(world.handle(undo).await);
    assert_eq!((world.status("i1").await.as_str(), world.stored().await), ("undone", [0, 0, 0]));
}

#[tokio::test]
async fn a_second_message_leaves_a_run_alone_that_is_alive() {
    let world = World::new().await;
    world.upload("i1", FAMILY).await;
    world.handle_killed(&message("import", "i1", 1), 3).await;
    let before = world.get(&IMPORTS, "i1").await;
    let other = Message { id: "other".into(), ..message("import", "i1", 1) };
    assert!(world.handle(&other).await);
    assert_eq!(world.get(&IMPORTS, "i1").await, before);
    world.clock.advance(Duration::from_secs(31));
    assert!(world.handle(&other).await);
    assert_eq!(world.status("i1").await, "completed");
}

#[tokio::test]
async fn of_two_runs_at_once_one_gives_way_and_nothing_is_doubled() {
    let world = World::new().await;
    world.upload("i1", FAMILY).await;
    let (one, two) = (message("import", "i1", 1), message("import", "i1", 2));
    tokio::join!(world.handle(&one), world.handle(&two));
    assert_eq!((world.stored().await, world.totals().await), ([4, 4, 3], [4, 4, 3]));
    assert_eq!(world.status("i1").await, "completed");
}

#[tokio::test]
async fn the_daily_clean_up_recovers_too() {
    let world = World::new().await;
    world.upload("i1", FAMILY).await;
    world.waiting().await;
    world.clock.advance(Duration::from_secs(31));
    let clean_up = Message { body: json!({ "job": "clean-up" }), ..message("", "", 1) };
    assert!(world.handle(&clean_up).await);
    assert_eq!(world.get(&IMPORTS, "i1").await.body["requeued"], 1);
}

#[tokio::test]
async fn an_import_into_a_tree_that_is_gone_fails_quietly() {
    let world = World::new().await;
    world.upload("i1", FAMILY).await;
    let mut batch = dzinza_ports::Batch::new();
    batch.delete_any(&FAMILY_TREES, TREE);
    world.commit(batch).await;
    assert!(world.handle(&message("import", "i1", 1)).await);
    let import = world.get(&IMPORTS, "i1").await.body;
    assert_eq!(import["errorCode"], "tree_deleted");
    assert_eq!(import["report"]["counts"]["error"], 1);
}
