use std::sync::atomic::{AtomicUsize, Ordering};

use dzinza_domain::collections::{
    FAMILY_TREES, GEDCOM_RECORDS, IMPORTS, PEOPLE, PERSON_HISTORIES, RELATIONSHIPS, TREE_STRUCTURES,
};
use dzinza_domain::history::{self, Change};
use dzinza_jobs::JobsPorts;
use dzinza_ports::{Batch, Documents as _};

use crate::world::{FAMILY, TREE, World, message};

async fn assert_nothing_left(world: &World) {
    for collection in [
        &PEOPLE,
        &RELATIONSHIPS,
        &GEDCOM_RECORDS,
        &IMPORTS,
        &PERSON_HISTORIES,
        &TREE_STRUCTURES,
        &FAMILY_TREES,
    ] {
        assert_eq!(world.all(collection).await, [], "{}", collection.name);
    }
}

async fn delete(world: &World) {
    let mut batch = Batch::new();
    batch.delete_any(&FAMILY_TREES, TREE);
    world.commit(batch).await;
}

#[tokio::test]
async fn a_deleted_tree_takes_the_history_of_everyone_ever_in_it_along() {
    let world = World::new().await;
    world.import("i1", FAMILY).await;
    for xref in ["@I1@", "@I2@"] {
        let person = world.person(xref).await;
        let mut batch = Batch::new();
        let change = Change { kind: "delete", by: "owner", at: &world.now() };
        history::record(&mut batch, &person.id, 0, Some(&person), &person.body, change);
        if xref == "@I2@" {
            batch.delete(&PEOPLE, &person);
        }
        world.commit(batch).await;
    }
    delete(&world).await;
    assert!(world.handle(&message("delete-tree", TREE, 1)).await);
    assert_nothing_left(&world).await;
    assert!(world.ports.blobs.get("imports/i1.ged", None).await.unwrap().is_none());
}

#[tokio::test]
async fn a_tree_deleted_during_an_import_stays_deleted() {
    // It writes four times: begun, scanned, read, complete.
    for nth in 2..=4 {
        let world = World::new().await;
        world.upload("i1", FAMILY).await;
        // The tree is deleted, and cleared away, just before the run writes for the nth time.
        let ports = JobsPorts { documents: world.store.clone(), ..world.ports.clone() };
        let store = world.store.clone();
        let count = AtomicUsize::new(0);
        world.hook(move |_| {
            let now = count.fetch_add(1, Ordering::SeqCst) + 1 == nth;
            let (ports, store) = (ports.clone(), store.clone());
            Box::pin(async move {
                if now {
                    let mut batch = Batch::new();
                    batch.delete_any(&FAMILY_TREES, TREE);
                    store.commit(batch).await?;
                    assert!(
                        dzinza_jobs::handle(&ports, vec![message("delete-tree", TREE, 1)]).await.is_empty()
                    );
                }
                Ok(())
            })
        });
        assert!(world.handle(&message("import", "i1", 1)).await);
        world.unhook();
        assert!(
            world.store.get(&FAMILY_TREES, TREE).await.unwrap().is_none(),
            "not deleted before write {nth}"
        );
        assert_nothing_left(&world).await;
    }
}

#[tokio::test]
async fn a_tree_that_is_still_there_is_not_cleared_away() {
    let world = World::new().await;
    world.import("i1", FAMILY).await;
    assert!(!world.handle(&message("delete-tree", TREE, 1)).await);
    assert_eq!(world.stored().await, [4, 4, 3]);
}

#[tokio::test]
async fn what_a_restore_left_is_cleared_unless_its_tree_is_there() {
    let world = World::new().await;
    world.import("i1", FAMILY).await;
    let before = world.stored().await;
    let clear = message("clear-restore", TREE, 1);
    assert!(world.handle(&clear).await);
    assert_eq!(world.stored().await, before);
    delete(&world).await;
    assert!(world.handle(&clear).await);
    assert_nothing_left(&world).await;
}
