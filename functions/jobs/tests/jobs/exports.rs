//! Exports by a job: once, whatever happens meanwhile, and with no more than the rights there are.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::io::{Cursor, Read as _};

use bytes::Bytes;
use dzinza_domain::collections::{EXPORTS, FAMILY_TREES, NOTIFICATIONS, PEOPLE};
use dzinza_domain::export::{ExportRequest, NewExport};
use dzinza_domain::privacy::Viewer;
use dzinza_domain::tree::TreeRole;
use dzinza_gedcom::gedzip::Archive;
use dzinza_ports::{Batch, Document, Message, StoreError, StoreErrorKind};
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};

use crate::world::{FAMILY, TREE, World};

const DAY: std::time::Duration = std::time::Duration::from_hours(24);

fn message(attempts: u32) -> Message {
    let body = json!({ "job": "export", "exportId": "e" });
    Message { id: "m-e".into(), receipt: format!("r-{attempts}"), body, attempts }
}

/// Asks for an export as the owner.
async fn ask(world: &World, asked: &Value) {
    let request = ExportRequest::read(asked.as_object().unwrap()).unwrap();
    let viewer = Viewer { role: TreeRole::Owner, shows_living: false, year: 2026 };
    let new = NewExport { tree_id: TREE, user_id: "owner", is_admin: false, viewer, request: &request };
    let expires = format!("{:.6}", world.ports.clock.now() + DAY);
    world.commit(new.begin("e", &world.now(), &expires)).await;
}

pub async fn file(world: &World) -> Option<Vec<u8>> {
    let export = world.get(&EXPORTS, "e").await;
    let read = world.ports.blobs.get(export.body["blobKey"].as_str().unwrap(), None).await.unwrap()?;
    Some(read.bytes.try_collect::<Vec<Bytes>>().await.unwrap().concat())
}

async fn export(world: &World) -> Document {
    world.get(&EXPORTS, "e").await
}

async fn told(world: &World, kind: &str) -> usize {
    world.all(&NOTIFICATIONS).await.iter().filter(|notice| notice.body["type"] == kind).count()
}

#[tokio::test]
async fn a_job_that_comes_twice_makes_one_file_and_tells_once() {
    let world = World::new().await;
    world.import("i", FAMILY).await;
    ask(&world, &json!({})).await;
    assert!(world.handle(&message(1)).await);
    let done = export(&world).await;
    assert_eq!(
        (&done.body["status"], &done.body["progress"]["personsDone"]),
        (&json!("completed"), &json!(4))
    );
    let text = String::from_utf8(file(&world).await.unwrap()).unwrap();
    assert!(text.contains("1 NAME Tendai /Moyo/") && text.ends_with("0 TRLR\n"), "{text}");
    assert!(world.handle(&message(2)).await);
    assert_eq!((export(&world).await, told(&world, "gedcom_export").await), (done, 1));
}

#[tokio::test]
async fn a_run_that_was_cut_off_begins_again_and_a_lost_message_is_sent_again() {
    let world = World::new().await;
    world.import("i", FAMILY).await;
    ask(&world, &json!({})).await;
    world.handle_killed(&message(1), 2).await;
    assert_eq!(export(&world).await.body["status"], "running");
    world.clock.advance(DAY / 24);
    world.waiting().await;
    assert_eq!(dzinza_jobs::recover(&world.ports).await.unwrap(), 1);
    let sent = world.waiting().await;
    assert!(sent.iter().any(|message| message.body["exportId"] == "e"), "{sent:?}");
    assert!(world.handle(&message(2)).await);
    assert_eq!(export(&world).await.body["status"], "completed");
}

#[tokio::test]
async fn what_fails_again_and_again_is_given_up_with_a_word() {
    let world = World::new().await;
    world.import("i", FAMILY).await;
    ask(&world, &json!({})).await;
    for attempt in 1..=3 {
        // The batch that would complete it.
        world.hook(|batch: &Batch| {
            let ends = format!("{batch:?}").contains("gedcom_export\"");
            async move {
                if ends { Err(StoreError::new(StoreErrorKind::Unavailable, "test")) } else { Ok(()) }
            }
            .boxed()
        });
        assert_eq!(world.handle(&message(attempt)).await, attempt == 3);
        world.unhook();
    }
    let failed = export(&world).await.body;
    assert_eq!((&failed["status"], &failed["errorCode"]), (&json!("failed"), &json!("gave_up")));
    assert_eq!((told(&world, "gedcom_export_failed").await, file(&world).await), (1, None));
}

#[tokio::test]
async fn one_that_is_deleted_while_it_runs_leaves_no_file() {
    let world = World::new().await;
    world.import("i", FAMILY).await;
    ask(&world, &json!({})).await;
    let key = export(&world).await.body["blobKey"].as_str().unwrap().to_owned();
    let store = world.store.clone();
    world.hook(move |batch: &Batch| {
        let (ends, store) = (format!("{batch:?}").contains("gedcom_export\""), store.clone());
        async move {
            if ends {
                let mut batch = Batch::new();
                batch.delete_any(&EXPORTS, "e");
                dzinza_ports::Documents::commit(&*store, batch).await?;
            }
            Ok(())
        }
        .boxed()
    });
    assert!(world.handle(&message(1)).await);
    assert!(world.ports.blobs.head(&key).await.unwrap().is_none());
}

#[tokio::test]
async fn rights_that_were_lost_meanwhile_count() {
    let world = World::new().await;
    world.import("i", FAMILY).await;
    ask(&world, &json!({})).await;
    let tree = world.get(&FAMILY_TREES, TREE).await;
    let mut body = tree.body.clone();
    body.insert("ownerId".into(), json!("another"));
    body.insert("privacy".into(), json!("public"));
    let mut batch = Batch::new();
    batch.replace(&FAMILY_TREES, &tree, body.clone());
    world.commit(batch).await;
    assert!(world.handle(&message(1)).await);
    let text = String::from_utf8(file(&world).await.unwrap()).unwrap();
    assert!(text.contains("Living") && !text.contains("Tendai"), "{text}");
    ask_again(&world).await;
    let tree = world.get(&FAMILY_TREES, TREE).await;
    body.insert("privacy".into(), json!("private"));
    let mut batch = Batch::new();
    batch.replace(&FAMILY_TREES, &tree, body);
    world.commit(batch).await;
    assert!(world.handle(&message(2)).await);
    assert_eq!((&export(&world).await.body["errorCode"], file(&world).await), (&json!("no_access"), None));
}

/// Asks for an export, whatever was asked for before, and has it made.
pub async fn ask_anew(world: &World, asked: &Value) {
    let mut batch = Batch::new();
    batch.delete_any(&EXPORTS, "e");
    world.commit(batch).await;
    ask(world, asked).await;
    assert!(world.handle(&message(1)).await);
}

async fn ask_again(world: &World) {
    let mut batch = Batch::new();
    batch.delete_any(&EXPORTS, "e");
    world.commit(batch).await;
    ask(world, &json!({})).await;
}

#[tokio::test]
async fn an_archive_brings_the_photos_of_the_platform_and_no_file_that_a_tree_merely_names() {
    let world = World::new().await;
    let named = FAMILY.replace("1 SEX M\n", "1 SEX M\n1 OBJE\n2 FILE blob:imports/i.ged\n2 FORM ged\n");
    for version in ["5.5.1", "7.0"] {
        let id = format!("i{}", &version[..1]);
        world.import(&id, &named.replace("5.5.1", version)).await;
    }
    let key = "photos/tendai.jpg";
    let bytes = futures::stream::once(async { Ok(Bytes::from_static(b"a photo")) }).boxed();
    world.ports.blobs.put(key, "image/jpeg", bytes).await.unwrap();
    let person = world.person("@I1@").await;
    let mut body = person.body.clone();
    body.insert("profilePhotoUrl".into(), json!(format!("blob:{key}")));
    let mut batch = Batch::new();
    batch.replace(&PEOPLE, &person, body);
    world.commit(batch).await;
    ask(&world, &json!({ "format": "gedzip" })).await;
    assert!(world.handle(&message(1)).await);
    let mut archive = Archive::open(Cursor::new(file(&world).await.unwrap())).unwrap();
    let mut text = String::new();
    archive.gedcom().unwrap().read_to_string(&mut text).unwrap();
    assert!(
        text.contains("2 VERS 7.0") && text.contains("1 FILE media/1-tendai.jpg\n2 FORM image/jpeg\n"),
        "{text}"
    );
    let media: Vec<String> = archive.list().map(|medium| medium.name).collect();
    assert_eq!(media, ["media/1-tendai.jpg"]);
    let mut photo = String::new();
    archive.media("media/1-tendai.jpg").unwrap().unwrap().read_to_string(&mut photo).unwrap();
    assert_eq!(photo, "a photo");
}

#[tokio::test]
async fn files_are_removed_when_their_time_is_over_or_their_tree_is_gone() {
    let world = World::new().await;
    world.import("i", FAMILY).await;
    let clean_up = Message { body: json!({ "job": "clean-up" }), ..message(1) };
    ask(&world, &json!({})).await;
    assert!(world.handle(&message(1)).await);
    let key = export(&world).await.body["blobKey"].as_str().unwrap().to_owned();
    world.clock.advance(DAY * 6);
    assert!(world.handle(&clean_up).await);
    assert!(file(&world).await.is_some());
    world.clock.advance(DAY * 2);
    assert!(world.handle(&clean_up).await);
    assert!(world.all(&EXPORTS).await.is_empty());
    assert!(world.ports.blobs.head(&key).await.unwrap().is_none());
    ask(&world, &json!({})).await;
    assert!(world.handle(&message(1)).await);
    let mut batch = Batch::new();
    batch.delete_any(&FAMILY_TREES, TREE);
    world.commit(batch).await;
    let delete = Message { body: json!({ "job": "delete-tree", "treeId": TREE }), ..message(1) };
    assert!(world.handle(&delete).await);
    assert!(world.all(&EXPORTS).await.is_empty());
    assert!(world.ports.blobs.head(&key).await.unwrap().is_none());
}
