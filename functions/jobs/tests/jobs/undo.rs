use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dzinza_domain::collections::{FAMILY_TREES, IMPORTS, PEOPLE, PERSON_HISTORIES};
use dzinza_domain::history::{self, Change};
use dzinza_ports::{Batch, Documents as _};
use serde_json::json;

use crate::world::{COUPLE, FAMILY, TREE, World, meet, message, relate, touches};

#[tokio::test]
async fn undoing_leaves_the_tree_as_it_would_be_without_the_import() {
    let world = World::new().await;
    world.import("i1", COUPLE).await;
    let first = world.get(&IMPORTS, "i1").await.body["completedAt"].clone();
    world.clock.advance(std::time::Duration::from_mins(1));
    world.import("i2", FAMILY).await;
    let root = world.person("@I1-2@").await;
    let mut batch = Batch::new();
    let tree = world.get(&FAMILY_TREES, TREE).await;
    let mut body = tree.body.clone();
    body.insert("rootPersonId".into(), json!(root.id));
    batch.replace(&FAMILY_TREES, &tree, body);
    world.commit(batch).await;
    assert_eq!(world.totals().await, [6, 5, 3]);
    world.ask_to_undo("i2").await;
    assert!(world.handle(&message("undo-import", "i2", 1)).await);
    assert_eq!((world.status("i2").await.as_str(), world.stored().await), ("undone", [2, 1, 2]));
    assert_eq!(world.totals().await, [2, 1, 2]);
    let tree = world.get(&FAMILY_TREES, TREE).await.body;
    assert_eq!((&tree["rootPersonId"], &tree["lastGedcomImport"]), (&json!(null), &first));
    assert_eq!((&tree["pendingImports"], &tree["gedcomImports"]), (&json!([]), &json!(1)));
    world.ask_to_undo("i1").await;
    assert!(world.handle(&message("undo-import", "i1", 1)).await);
    let tree = world.get(&FAMILY_TREES, TREE).await.body;
    assert_eq!((world.totals().await, &tree["lastGedcomImport"]), ([0, 0, 0], &json!(null)));
}

#[tokio::test]
async fn totals_count_what_was_added_and_removed_since_by_hand() {
    let world = World::new().await;
    world.import("i1", FAMILY).await;
    let (child, grown) = (world.person("@I4@").await, world.person("@I1@").await);
    world.commit(meet("rudo")).await;
    world.commit(relate("r1", "rudo", &grown.id)).await;
    world.part(&child).await;
    assert_eq!(world.totals().await, [4, 4, 3]);
    world.ask_to_undo("i1").await;
    assert!(world.handle(&message("undo-import", "i1", 1)).await);
    assert_eq!((world.stored().await, world.totals().await), ([1, 0, 0], [1, 0, 1]));
}

#[tokio::test]
async fn totals_are_right_at_once_and_after_someone_removed_a_person_too_late_to_know() {
    let world = World::new().await;
    world.import("i1", FAMILY).await;
    world.commit(meet("rudo")).await;
    let child = world.person("@I4@").await;
    world.ask_to_undo("i1").await;
    assert_eq!((world.total("totalPersons").await, world.total("totalRelationships").await), (1, 0));
    world.part(&child).await;
    assert!(world.handle(&message("undo-import", "i1", 1)).await);
    assert_eq!((world.stored().await, world.totals().await), ([1, 0, 0], [1, 0, 1]));
}

#[tokio::test]
async fn a_relationship_made_while_its_person_is_being_removed_goes_too() {
    let world = Arc::new(World::new().await);
    world.import("i1", FAMILY).await;
    world.commit(meet("rudo")).await;
    let grown = world.person("@I1@").await.id;
    world.ask_to_undo("i1").await;
    let (relate, store, once) = (relate("r1", "rudo", &grown), world.store.clone(), AtomicBool::new(true));
    world.hook(move |batch| {
        let now = touches(batch, &PEOPLE) && once.swap(false, Ordering::SeqCst);
        let (relate, store) = (relate.clone(), store.clone());
        Box::pin(async move { if now { store.commit(relate).await } else { Ok(()) } })
    });
    assert!(world.handle(&message("undo-import", "i1", 1)).await);
    assert_eq!((world.stored().await, world.totals().await), ([1, 0, 0], [1, 0, 1]));
}

#[tokio::test]
async fn an_undo_that_is_killed_at_any_moment_is_finished_by_the_next() {
    for nth in 1..9 {
        let world = World::new().await;
        world.import("i1", FAMILY).await;
        world.ask_to_undo("i1").await;
        world.handle_killed(&message("undo-import", "i1", 1), nth).await;
        assert!(world.handle(&message("undo-import", "i1", 2)).await);
        assert_eq!((world.status("i1").await.as_str(), world.stored().await), ("undone", [0, 0, 0]));
        assert_eq!(world.totals().await, [0, 0, 0], "killed at commit {nth}");
    }
}

#[tokio::test]
async fn an_import_undone_while_it_runs_was_never_counted() {
    let world = World::new().await;
    world.upload("i1", FAMILY).await;
    world.handle_killed(&message("import", "i1", 1), 4).await;
    world.ask_to_undo("i1").await;
    assert!(world.handle(&message("undo-import", "i1", 1)).await);
    assert!(world.handle(&message("import", "i1", 2)).await);
    assert_eq!((world.stored().await, world.totals().await), ([0, 0, 0], [0, 0, 0]));
}

#[tokio::test]
async fn the_history_of_persons_outlives_an_undo() {
    let world = World::new().await;
    world.import("i1", FAMILY).await;
    let person = world.person("@I1@").await;
    let mut batch = Batch::new();
    let change = Change { kind: "update", by: "owner", at: &world.now() };
    history::record(&mut batch, &person.id, 0, Some(&person), &person.body, change);
    world.commit(batch).await;
    world.ask_to_undo("i1").await;
    assert!(world.handle(&message("undo-import", "i1", 1)).await);
    assert_eq!(world.all(&PERSON_HISTORIES).await.len(), 2);
}
