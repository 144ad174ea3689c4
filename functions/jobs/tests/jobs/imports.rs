use dzinza_domain::collections::{FAMILY_TREES, IMPORTS, NOTIFICATIONS, PEOPLE};
use dzinza_domain::gedcom::kept_xref;
use dzinza_ports::{Batch, Write};
use serde_json::json;

use crate::world::{BORN, COUPLE, FAMILY, TREE, World, broken, meet, message, relate, stepfamily, touches};

#[tokio::test]
async fn an_import_shows_everything_at_once_and_counts_it() {
    let world = World::new().await;
    world.import("i1", FAMILY).await;
    assert_eq!(world.stored().await, [4, 4, 3]);
    assert_eq!(world.totals().await, [4, 4, 3]);
    let (tree, import) = (world.get(&FAMILY_TREES, TREE).await.body, world.get(&IMPORTS, "i1").await.body);
    assert_eq!((&tree["pendingImports"], &tree["lastGedcomImport"]), (&json!([]), &import["completedAt"]));
    assert_eq!((&import["number"], &import["progress"]["percent"]), (&json!(1), &json!(100)));
    assert_eq!(world.all(&NOTIFICATIONS).await[0].body["type"], "gedcom_import");
}

#[tokio::test]
async fn generations_are_those_of_the_whole_tree() {
    let world = World::new().await;
    world.import("i1", FAMILY).await;
    let root = world.person("@I1@").await.id;
    world.commit(meet("old")).await;
    world.commit(relate("r", "old", &root)).await;
    world.import("i2", COUPLE).await;
    assert_eq!(world.totals().await, [7, 6, 4]);
}

#[tokio::test]
async fn of_two_files_at_once_each_has_pointers_of_its_own() {
    let world = World::new().await;
    world.upload("i1", FAMILY).await;
    world.upload("i2", COUPLE).await;
    for id in ["i2", "i1"] {
        assert!(world.handle(&message("import", id, 1)).await);
    }
    let people = world.all(&PEOPLE).await;
    let mut xrefs: Vec<_> = people.iter().filter_map(|person| kept_xref(&person.body)).collect();
    xrefs.sort_unstable();
    assert_eq!(xrefs, ["@I1-2@", "@I1@", "@I2-2@", "@I2@", "@I3@", "@I4@"]);
}

#[tokio::test]
async fn a_file_that_breaks_off_into_something_else_fails_with_a_report_and_leaves_nothing() {
    let world = World::new().await;
    let long = "x".repeat(2 << 20);
    world.upload("i1", &format!("{}0 @N@ NOTE {long}\n", FAMILY.replace("0 TRLR\n", ""))).await;
    assert!(world.handle(&message("import", "i1", 1)).await);
    world.assert_failed("i1", "unreadable").await;
    world.import("i2", FAMILY).await;
    assert_eq!(world.get(&IMPORTS, "i2").await.body["number"], 1);
}

#[tokio::test]
async fn a_mother_is_the_mother_whichever_of_her_families_comes_first() {
    for birth_first in [true, false] {
        let world = World::new().await;
        world.import("i1", &stepfamily(birth_first)).await;
        assert_eq!(world.parents().await, BORN, "{birth_first}");
        assert_eq!(world.totals().await, [4, 5, 2]);
    }
}

#[tokio::test]
async fn a_file_that_is_gone_fails_the_import() {
    let world = World::new().await;
    world.upload("i1", FAMILY).await;
    world.ports.blobs.delete("imports/i1.ged").await.unwrap();
    assert!(world.handle(&message("import", "i1", 1)).await);
    world.assert_failed("i1", "file_missing").await;
}

#[tokio::test]
async fn whatever_goes_wrong_the_third_error_fails_the_import() {
    let world = World::new().await;
    world.upload("i1", FAMILY).await;
    world.hook(|batch| {
        let people = adds_people(batch);
        Box::pin(async move { if people { Err(broken()) } else { Ok(()) } })
    });
    for attempt in [1, 2] {
        assert!(!world.handle(&message("import", "i1", attempt)).await);
        assert_eq!(world.status("i1").await, "queued");
    }
    assert!(world.handle(&message("import", "i1", 3)).await);
    world.assert_failed("i1", "gave_up").await;
}

#[tokio::test]
async fn a_panic_is_an_error_like_any_other() {
    let world = World::new().await;
    world.upload("i1", FAMILY).await;
    world.hook(|batch| {
        assert!(!adds_people(batch), "as told");
        Box::pin(async { Ok(()) })
    });
    let mut ends = Vec::new();
    for attempt in [1, 2, 3] {
        ends.push(world.handle(&message("import", "i1", attempt)).await);
    }
    assert_eq!(ends, [false, false, true]);
    world.assert_failed("i1", "gave_up").await;
}

#[tokio::test]
async fn a_failure_that_cannot_be_cleared_up_after_is_finished_once_it_can() {
    let world = World::new().await;
    world.upload("i1", FAMILY).await;
    world.handle_killed(&message("import", "i1", 1), 4).await;
    assert_eq!(world.stored().await, [4, 4, 3]);
    world.hook(|batch| {
        let deletes = batch.writes.iter().any(|write| matches!(write, Write::Delete { .. }));
        Box::pin(async move { if deletes { Err(broken()) } else { Ok(()) } })
    });
    for attempt in 2..=6 {
        assert!(!world.handle(&message("import", "i1", attempt)).await);
    }
    assert_ne!(world.status("i1").await, "failed");
    world.unhook();
    assert!(world.handle(&message("import", "i1", 7)).await);
    world.assert_failed("i1", "gave_up").await;
}

fn adds_people(batch: &Batch) -> bool {
    batch.writes.iter().any(|write| matches!(write, Write::Insert { .. })) && touches(batch, &PEOPLE)
}
