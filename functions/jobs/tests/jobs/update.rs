use std::time::Duration;

use dzinza_domain::collections::{
    IMPORT_BACKUPS, IMPORT_CHANGES, IMPORTS, PEOPLE, PERSON_HISTORIES, RELATIONSHIPS, UPLOADS,
};
use dzinza_domain::history::{self, Change};
use dzinza_domain::import;
use dzinza_domain::upload::{Chunk, NewUpload, Signed, with_chunk};
use dzinza_ports::{Batch, Clock as _, Message};
use serde_json::json;

use crate::world::{BORN, COUPLE, FAMILY, TREE, World, message, stepfamily};

/// [`FAMILY`] with names, so that pointers can be believed.
const OLDER: &str = "0 HEAD\n1 SOUR Test\n1 DATE 1 JAN 2024\n1 GEDC\n2 VERS 5.5.1\n\
    0 @I1@ INDI\n1 NAME Tendai /Moyo/\n1 SEX M\n1 BIRT\n2 DATE 1890\n2 PLAC Gutu\n1 OCCU Smith\n1 FAMS @F1@\n\
    0 @I2@ INDI\n1 NAME Sekai /Ncube/\n1 SEX F\n1 FAMS @F1@\n\
    0 @I3@ INDI\n1 NAME Rudo /Moyo/\n1 SEX F\n1 FAMC @F1@\n1 FAMS @F2@\n\
    0 @I4@ INDI\n1 NAME Farai /Dube/\n1 FAMC @F2@\n\
    0 @F1@ FAM\n1 HUSB @I1@\n1 WIFE @I2@\n1 CHIL @I3@\n1 MARR\n2 DATE 1910\n\
    0 @F2@ FAM\n1 WIFE @I3@\n1 CHIL @I4@\n0 @S1@ SOUR\n1 TITL Songs\n0 TRLR\n";

/// One fact changed, one added, one lost; a child more, a marriage corrected, another title.
fn newer() -> String {
    OLDER
        .replace("1 JAN 2024", "1 JAN 2025")
        .replace("2 PLAC Gutu", "2 PLAC Masvingo")
        .replace("1 OCCU Smith\n", "")
        .replace("1 NAME Sekai /Ncube/\n1 SEX F\n", "1 NAME Sekai /Ncube/\n1 SEX F\n1 DEAT\n2 DATE 1950\n")
        .replace("2 DATE 1910\n", "2 DATE 1911\n")
        .replace("1 CHIL @I4@\n", "1 CHIL @I4@\n1 CHIL @I5@\n")
        .replace("0 @F1@ FAM", "0 @I5@ INDI\n1 NAME Chipo /Dube/\n1 SEX F\n1 FAMC @F2@\n0 @F1@ FAM")
        .replace("1 TITL Songs\n", "1 TITL Songs of the Rozvi\n")
}

async fn with_older() -> World {
    let world = World::new().await;
    world.import("i1", OLDER).await;
    world.clock.advance(Duration::from_mins(1));
    world
}

#[tokio::test]
async fn a_dry_run_changes_nothing_and_says_what_would_happen() {
    let world = World::new().await;
    let odd = FAMILY
        .replace("0 @I4@ INDI\n", "0 @I4@ INDI\n1 BIRT\n2 DATE the year of the locusts\n1 FAMC @F9@\n")
        .replace("1 CHIL @I4@\n", "1 CHIL @I4@\n1 CHIL @I9@\n");
    let seen = world.look_at("i1", &odd, "add", None, false).await;
    assert_eq!((world.stored().await, world.totals().await), ([0, 0, 0], [0, 0, 0]));
    let preview = &seen["preview"];
    assert_eq!((&preview["records"]["INDI"], &preview["records"]["FAM"]), (&json!(4), &json!(2)));
    assert_eq!((&preview["datesNotUnderstood"], &preview["comparison"]), (&json!(1), &json!(null)));
    assert_eq!((&seen["gedcomVersion"], &seen["encoding"]), (&json!("5.5.1"), &json!("Utf8")));
    let report = seen["report"]["diagnostics"].as_array().unwrap();
    for code in ["dangling_pointer", "date_not_understood"] {
        assert!(report.iter().any(|one| one["code"] == code), "{code}");
    }
    world.apply("i1").await;
    assert_eq!((world.stored().await, world.totals().await), ([4, 4, 3], [4, 4, 3]));
}

#[tokio::test]
async fn the_same_file_again_changes_nothing_and_doubles_nobody() {
    let world = with_older().await;
    let before = (world.picture().await, world.totals().await);
    let seen = world.look_at("i2", OLDER, "update", Some("i1"), true).await;
    let comparison = &seen["preview"]["comparison"];
    assert_eq!(
        comparison["persons"],
        json!({ "new": 0, "changed": 0, "unchanged": 4, "missing": 0, "deleted": 0 })
    );
    assert_eq!(comparison["families"]["unchanged"], 2);
    assert_eq!(world.all(&IMPORT_CHANGES).await, []);
    let done = world.apply("i2").await;
    assert_eq!((world.picture().await, world.totals().await), before);
    assert_eq!((&done["update"]["links"]["unchanged"], &done["individualsImported"]), (&json!(4), &json!(0)));
    assert_eq!(world.all(&PERSON_HISTORIES).await, []);
}

#[tokio::test]
async fn a_second_file_of_a_tree_is_known_again_by_its_own_pointers() {
    let world = World::new().await;
    world.import("other", COUPLE).await;
    world.import("i1", OLDER).await;
    let before = world.picture().await;
    world.look_at("i2", OLDER, "update", Some("i1"), true).await;
    world.apply("i2").await;
    assert_eq!(world.picture().await, before);
    world.look_at("i3", &newer(), "update", Some("i2"), false).await;
    world.apply("i3").await;
    assert_eq!(world.stored().await, [7, 6, 6]);
    // Who came with the update is known in the next.
    let after = world.picture().await;
    let seen = world.look_at("i4", &newer(), "update", Some("i3"), false).await;
    assert_eq!(seen["preview"]["matchedBy"], json!({ "uid": 0, "xref": 5, "facts": 0 }));
    world.apply("i4").await;
    assert_eq!(world.picture().await, after);
}

#[tokio::test]
async fn a_newer_version_changes_what_changed_and_undoing_it_restores_everything() {
    let world = with_older().await;
    let (before, totals) = (world.picture().await, world.totals().await);
    let seen = world.look_at("i2", &newer(), "update", Some("i1"), false).await;
    assert_eq!((world.picture().await, world.totals().await), (before.clone(), totals));
    let comparison = &seen["preview"]["comparison"];
    assert_eq!(
        comparison["persons"],
        json!({ "new": 1, "changed": 2, "unchanged": 2, "missing": 0, "deleted": 0 })
    );
    let told = world.all(&IMPORT_CHANGES).await;
    let sekai = told.iter().find(|one| one.body.get("name") == Some(&json!("Sekai Ncube"))).unwrap();
    assert_eq!(
        sekai.body["facts"][0],
        json!({ "fact": "DEAT", "action": "added", "before": null, "after": "1 DEAT\n2 DATE 1950\n" })
    );
    let done = world.apply("i2").await;
    assert_eq!(done["individualsImported"], 1);
    let (tendai, sekai) = (world.person("@I1@").await, world.person("@I2@").await);
    assert_eq!(
        (&tendai.body["placeOfBirth"], &tendai.body["occupation"]),
        (&json!("Masvingo"), &json!("Smith"))
    );
    assert_eq!(sekai.body["isLiving"], false);
    let unions = world.all(&RELATIONSHIPS).await;
    assert!(unions.iter().any(|one| one.body.get("startDate") == Some(&json!("1911"))));
    assert_eq!((world.stored().await, world.totals().await), ([5, 5, 4], [5, 5, 3]));
    let entries = world.all(&PERSON_HISTORIES).await;
    assert_eq!(entries.len(), 4);
    let update = entries.iter().find(|entry| entry.id == format!("{}:2", tendai.id)).unwrap();
    assert_eq!(
        (&update.body["changeType"], &update.body["changedBy"], &update.body["importId"]),
        (&json!("update"), &json!("owner"), &json!("i2"))
    );
    world.undo("i2").await;
    assert_eq!((world.picture().await, world.totals().await), (before, totals));
    assert_eq!(world.all(&IMPORT_BACKUPS).await, []);
}

#[tokio::test]
async fn what_was_edited_deleted_or_parted_here_stays_so() {
    let world = with_older().await;
    world.edit(&world.person("@I1@").await, &json!({ "placeOfBirth": "Harare", "clan": "Gumbo" })).await;
    // Rudo's child is deleted, and the couple's marriage ended as if it had never been.
    let child = world.person("@I4@").await;
    let mut batch = Batch::new();
    let change = Change { kind: "delete", by: "owner", at: &world.now() };
    history::record(&mut batch, &child.id, 0, Some(&child), &child.body, change);
    world.commit(batch).await;
    world.part(&child).await;
    let union =
        world.all(&RELATIONSHIPS).await.into_iter().find(|one| one.body["type"] == "Spousal").unwrap();
    let mut batch = Batch::new();
    batch.delete(&RELATIONSHIPS, &union);
    world.commit(batch).await;

    let seen = world.look_at("i2", &newer(), "update", Some("i1"), true).await;
    let comparison = &seen["preview"]["comparison"];
    assert_eq!((&comparison["persons"]["deleted"], &comparison["conflicts"]), (&json!(1), &json!(1)));
    let told = world.all(&IMPORT_CHANGES).await;
    let conflict = told.iter().find(|one| one.body["kind"] == "conflict").unwrap();
    assert_eq!(
        conflict.body["conflicts"][0],
        json!({ "field": "placeOfBirth", "here": "Harare", "file": "Masvingo" })
    );
    let done = world.apply("i2").await;
    let tendai = world.person("@I1@").await;
    assert_eq!((&tendai.body["placeOfBirth"], &tendai.body["clan"]), (&json!("Harare"), &json!("Gumbo")));
    assert!(!tendai.body.contains_key("occupation"), "lost by the file, and nobody's edit");
    let report = done["report"]["diagnostics"].as_array().unwrap();
    assert!(report.iter().any(|one| one["code"] == "edit_kept"));
    let people = world.all(&PEOPLE).await;
    assert!(people.len() == 4 && people.iter().all(|person| person.id != child.id));
    assert!(world.all(&RELATIONSHIPS).await.iter().all(|one| one.body["type"] != "Spousal"));
}

#[tokio::test]
async fn what_the_file_no_longer_states_goes_only_if_asked_for_and_comes_back() {
    let moved = OLDER
        .replace("1 CHIL @I4@\n", "")
        .replace("1 NAME Farai /Dube/\n1 FAMC @F2@\n", "1 NAME Farai /Dube/\n");
    for (remove, left) in [(false, 4), (true, 3)] {
        let world = with_older().await;
        let (before, totals) = (world.picture().await, world.totals().await);
        world.look_at("i2", &moved, "update", Some("i1"), remove).await;
        world.apply("i2").await;
        assert_eq!(world.stored().await, [4, left, 4], "{remove}");
        assert_eq!(world.total("totalRelationships").await, left as i64);
        world.undo("i2").await;
        assert_eq!((world.picture().await, world.totals().await), (before, totals), "{remove}");
    }
}

#[tokio::test]
async fn a_mother_stays_or_becomes_the_mother_whichever_of_her_families_comes_first() {
    let birth = "0 @F1@ FAM\n1 HUSB @I1@\n1 WIFE @I2@\n1 CHIL @I4@\n";
    for birth_first in [true, false] {
        let whole = stepfamily(birth_first);
        let later = whole.replace("1 CHIL @I4@\n", "").replace("1 FAMC @F1@\n1 FAMC @F2@\n2 PEDI step\n", "");
        let step = whole.replace(birth, "").replace("1 FAMC @F1@\n", "").replace("1 FAMS @F1@\n", "");
        for older in [whole.clone(), later, step] {
            let world = World::new().await;
            world.import("i1", &older).await;
            world.clock.advance(Duration::from_mins(1));
            let (before, known) = (world.picture().await, world.parents().await);
            world.look_at("i2", &whole, "update", Some("i1"), false).await;
            world.apply("i2").await;
            assert_eq!(world.parents().await, BORN, "{older}");
            assert_eq!(world.totals().await, [4, 5, 2], "{older}");
            // Nothing is left to be done.
            let seen = world.look_at("i3", &whole, "update", Some("i2"), false).await;
            assert_eq!(seen["preview"]["comparison"]["links"]["unchanged"], 5, "{older}");
            world.undo("i2").await;
            assert_eq!((world.picture().await, world.parents().await), (before, known), "{older}");
        }
    }
}

#[tokio::test]
async fn a_file_with_other_pointers_is_matched_by_identifiers_and_facts() {
    let world = World::new().await;
    let uids = OLDER
        .replace("1 NAME Tendai /Moyo/\n", "1 NAME Tendai /Moyo/\n1 _UID 0190A6B27C3D7E4F8A5B0C1D2E3F4A5B\n");
    world.import("i1", &uids).await;
    let others = uids.replace("@I", "@P").replace("@F", "@H").replace("Gutu", "Masvingo");
    let seen = world.look_at("i2", &others, "update", None, false).await;
    assert_eq!(seen["preview"]["matchedBy"]["uid"], 1);
    world.apply("i2").await;
    let tendai = world.person("@I1@").await;
    assert_eq!(tendai.body["placeOfBirth"], "Masvingo");
    assert!(
        dzinza_domain::gedcom::kept_text(&tendai.body).unwrap().contains("1 FAMS @F1@\n"),
        "by its own pointers"
    );
}

#[tokio::test]
async fn an_update_that_is_killed_at_any_moment_is_finished_by_the_next_run_or_taken_back() {
    let undisturbed = {
        let world = with_older().await;
        world.look_at("i2", &newer(), "update", Some("i1"), true).await;
        world.apply("i2").await;
        (shape(&world).await, world.totals().await)
    };
    for nth in 1..7 {
        for finish in [true, false] {
            let world = with_older().await;
            let (before, totals) = (world.picture().await, world.totals().await);
            world.look_at("i2", &newer(), "update", Some("i1"), true).await;
            world.confirm("i2").await;
            world.handle_killed(&message("import", "i2", 2), nth).await;
            if finish {
                assert!(world.handle(&message("import", "i2", 3)).await);
                assert_eq!(world.status("i2").await, "completed", "killed at commit {nth}");
                assert_eq!(
                    (shape(&world).await, world.totals().await),
                    undisturbed,
                    "killed at commit {nth}"
                );
                assert_eq!(world.all(&PERSON_HISTORIES).await.len(), 4, "killed at commit {nth}");
            } else if world.status("i2").await != "completed" {
                world.undo("i2").await;
                assert_eq!(
                    (world.picture().await, world.totals().await),
                    (before, totals),
                    "killed at {nth}"
                );
            }
        }
    }
}

/// What is stored, without ids and times.
async fn shape(world: &World) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for (_, body) in world.picture().await {
        let raw = dzinza_domain::gedcom::kept_text(&body).unwrap_or_default();
        let word = |key: &str| body.get(key).map(ToString::to_string).unwrap_or_default();
        all.push(
            [raw, &word("type"), &word("parentalRole"), &word("startDate"), &word("placeOfBirth")].concat(),
        );
    }
    all.sort();
    all
}

#[tokio::test]
async fn undoing_leaves_alone_what_was_edited_after_the_update_and_can_be_cut_off() {
    for nth in 1..7 {
        let world = with_older().await;
        world.look_at("i2", &newer(), "update", Some("i1"), false).await;
        world.apply("i2").await;
        let tendai = world.person("@I1@").await;
        let mut batch = Batch::new();
        let mut body = tendai.body.clone();
        body.insert("clan".into(), json!("Gumbo"));
        batch.replace(&PEOPLE, &tendai, body);
        world.commit(batch).await;
        world.ask_to_undo("i2").await;
        world.handle_killed(&message("undo-import", "i2", 1), nth).await;
        assert!(world.handle(&message("undo-import", "i2", 2)).await);
        let import = world.get(&IMPORTS, "i2").await.body;
        assert_eq!((&import["status"], &import["notRestored"]), (&json!("undone"), &json!(1)), "{nth}");
        assert_eq!(import["notRestoredIds"], json!([tendai.id]));
        assert_eq!(world.person("@I1@").await.body["placeOfBirth"], "Masvingo");
        assert_eq!(world.person("@I2@").await.body["isLiving"], true);
        assert_eq!((world.stored().await, world.totals().await), ([4, 4, 4], [4, 4, 3]), "{nth}");
    }
}

#[tokio::test]
async fn somebody_who_edits_in_between_is_seen() {
    let world = with_older().await;
    world.look_at("i2", &newer(), "update", Some("i1"), false).await;
    let (store, once) = (world.store.clone(), std::sync::atomic::AtomicBool::new(true));
    let tendai = world.person("@I1@").await;
    world.confirm("i2").await;
    world.hook(move |batch| {
        let is_it = batch.writes.iter().any(
            |write| matches!(write, dzinza_ports::Write::Replace { collection, .. } if collection.name == PEOPLE.name),
        );
        let now = is_it && once.swap(false, std::sync::atomic::Ordering::SeqCst);
        let (store, tendai) = (store.clone(), tendai.clone());
        Box::pin(async move {
            if now {
                let mut batch = Batch::new();
                let mut body = tendai.body.clone();
                body.insert("placeOfBirth".into(), json!("Harare"));
                batch.replace(&PEOPLE, &tendai, body);
                dzinza_ports::Documents::commit(&*store, batch).await?;
            }
            Ok(())
        })
    });
    assert!(world.handle(&message("import", "i2", 2)).await);
    let done = world.get(&IMPORTS, "i2").await.body;
    assert_eq!((&done["status"], &done["update"]["conflicts"]), (&json!("completed"), &json!(1)));
    assert_eq!(world.person("@I1@").await.body["placeOfBirth"], "Harare");
}

#[tokio::test]
async fn what_was_kept_for_a_time_goes_when_it_is_over() {
    let world = with_older().await;
    world.look_at("i2", &newer(), "update", Some("i1"), false).await;
    world.apply("i2").await;
    world.look_at("i3", OLDER, "update", Some("i2"), false).await;
    let key = "uploads/u1/0";
    let bytes = futures::StreamExt::boxed(futures::stream::once(async { Ok("0".into()) }));
    world.ports.blobs.put(key, "application/octet-stream", bytes).await.unwrap();
    let sent = "uploads/u1/whole";
    let bytes = futures::StreamExt::boxed(futures::stream::once(async { Ok("012345678".into()) }));
    world.ports.blobs.put(sent, "application/octet-stream", bytes).await.unwrap();
    let signed = Some(Signed { key: sent.into(), until: world.now() });
    let new =
        NewUpload { tree_id: TREE, user_id: "owner", file_name: "a.ged", size: 9, sha256: None, signed };
    let expires = format!("{:.6}", world.clock.now() + jiff::SignedDuration::from_hours(24));
    let body = new.into_body(&world.now(), &expires);
    let chunk = Chunk { key: key.into(), size: 1, sha256: String::new() };
    let mut batch = Batch::new();
    batch.insert(&UPLOADS, "u1", with_chunk(&body, &chunk, &world.now(), &expires));
    world.commit(batch).await;
    let clean_up = Message { body: json!({ "job": "clean-up" }), ..message("", "", 1) };

    assert!(world.handle(&clean_up).await);
    assert_eq!((world.all(&UPLOADS).await.len(), world.status("i3").await.as_str()), (1, "previewed"));
    world.clock.advance(Duration::from_hours(8 * 24));
    assert!(world.handle(&clean_up).await);
    assert_eq!((world.all(&UPLOADS).await.len(), world.status("i3").await.as_str()), (0, "undone"));
    for key in [key, sent] {
        assert!(world.ports.blobs.head(key).await.unwrap().is_none(), "{key}");
    }
    assert!(!import::is_undo_over(&world.get(&IMPORTS, "i2").await.body, world.clock.now()));
    assert!(!world.all(&IMPORT_BACKUPS).await.is_empty());

    world.clock.advance(Duration::from_hours(22 * 24 + 1));
    assert!(world.handle(&clean_up).await);
    let done = world.get(&IMPORTS, "i2").await.body;
    assert!(import::is_undo_over(&done, world.clock.now()) && done["status"] == "completed");
    assert!(world.ports.blobs.get("imports/i2.ged", None).await.unwrap().is_none());
    assert_eq!((world.all(&IMPORT_BACKUPS).await, world.all(&IMPORT_CHANGES).await), (vec![], vec![]));
    assert_eq!(world.stored().await, [5, 5, 4]);
}
