//! The archive of everything that is an account's own.

use std::io::{Cursor, Read as _};

use dzinza_domain::account_export;
use dzinza_domain::collections::{EVENTS, EXPORTS, NOTIFICATIONS};
use dzinza_gedcom::gedzip::Archive;
use dzinza_ports::{Batch, Message, NewUser, UserChange, Users as _};
use futures::StreamExt as _;
use serde_json::{Value, json};
use zip::ZipArchive;

use crate::world::{FAMILY, World, message, object};

fn export(attempts: u32) -> Message {
    let body = json!({ "job": "export", "exportId": "e" });
    Message { id: format!("m-{attempts}"), body, ..message("", "", attempts) }
}

/// The owner of a tree asks for an archive.
async fn asked() -> World {
    let world = World::new().await;
    world.import("i1", FAMILY).await;
    let now = dzinza_ports::Clock::now(&*world.clock);
    let owner =
        NewUser { id: "owner".into(), email: "o@example.org".into(), created_at: now, ..NewUser::default() };
    world.store.insert(owner).await.unwrap();
    let mut batch = Batch::new();
    for n in 0..450 {
        let story = json!({ "userId": "owner", "title": format!("Story {n}"), "index": { "x": 1 } });
        batch.insert(&EVENTS, format!("s{n:03}"), object(&story));
    }
    batch.insert(&EVENTS, "other", object(&json!({ "userId": "other", "title": "Other" })));
    batch.insert(&NOTIFICATIONS, "n", object(&json!({ "userId": "owner", "title": "Come" })));
    world.commit(batch).await;
    let known = bytes::Bytes::from_static(b"{\"account\":1}");
    let bytes = futures::stream::once(async { Ok(known) }).boxed();
    world.ports.blobs.put(&account_export::part_key("e"), "application/json", bytes).await.unwrap();
    world.commit(account_export::begin("e", "owner", &world.now(), "2999-01-01T00:00:00.000000Z")).await;
    world
}

async fn blob(world: &World, key: &str) -> Option<Vec<u8>> {
    let mut bytes = world.ports.blobs.get(key, None).await.unwrap()?.bytes;
    let mut all = Vec::new();
    while let Some(piece) = bytes.next().await {
        all.extend_from_slice(&piece.unwrap());
    }
    Some(all)
}

fn entry(zip: &mut ZipArchive<Cursor<Vec<u8>>>, name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    zip.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

fn titles(json: &[u8]) -> Vec<String> {
    let list: Value = serde_json::from_slice(json).unwrap();
    list.as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn the_archive_has_the_account_its_stories_and_its_trees() {
    let world = asked().await;
    assert!(world.handle(&export(1)).await);
    let done = world.get(&EXPORTS, "e").await.body;
    assert_eq!(done["status"], "completed", "{done:?}");
    let mut zip = ZipArchive::new(Cursor::new(blob(&world, "exports/e.zip").await.unwrap())).unwrap();
    let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    assert_eq!(
        names,
        ["README.txt", "account.json", "notifications.json", "stories.json", "trees/Moyo-tree.gdz"]
    );
    assert_eq!(entry(&mut zip, "account.json"), b"{\"account\":1}");
    let stories = titles(&entry(&mut zip, "stories.json"));
    assert_eq!((stories.len(), &*stories[449]), (450, "Story 449"));
    assert!(titles(&entry(&mut zip, "notifications.json")).contains(&"Come".to_owned()));
    let mut tree = Archive::open(Cursor::new(entry(&mut zip, "trees/Moyo-tree.gdz"))).unwrap();
    let mut gedcom = String::new();
    tree.gedcom().unwrap().read_to_string(&mut gedcom).unwrap();
    assert!(gedcom.contains("Tendai /Moyo/") && gedcom.contains("2 VERS 7.0"), "{gedcom}");
    // Told, and what was kept for it is gone.
    let told =
        world.all(&NOTIFICATIONS).await.into_iter().find(|one| one.body["type"] == "data_export").unwrap();
    assert_eq!(told.body["data"]["export"], "/api/auth/export-data/e");
    assert!(blob(&world, &account_export::part_key("e")).await.is_none());
}

#[tokio::test]
async fn cut_off_it_begins_again_and_a_closed_account_gets_none() {
    for nth in 1..=2 {
        let world = asked().await;
        world.handle_killed(&export(1), nth).await;
        world.clock.advance(std::time::Duration::from_mins(5));
        assert!(world.handle(&export(2)).await);
        let done = world.get(&EXPORTS, "e").await.body;
        assert_eq!(done["status"], "completed", "killed at {nth}: {done:?}");
        assert!(blob(&world, "exports/e.zip").await.is_some());
    }
    let world = asked().await;
    let closed = UserChange { is_active: Some(false), ..UserChange::default() };
    let now = dzinza_ports::Clock::now(&*world.clock);
    world.store.update("owner", closed, now).await.unwrap().unwrap();
    assert!(world.handle(&export(1)).await);
    let failed = world.get(&EXPORTS, "e").await.body;
    assert_eq!((&failed["status"], &failed["errorCode"]), (&json!("failed"), &json!("no_access")));
    for key in ["exports/e.zip", &account_export::part_key("e")] {
        assert!(blob(&world, key).await.is_none(), "{key}");
    }
}
