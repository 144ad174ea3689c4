use dzinza_domain::collections::GEDCOM_RECORDS;
use http::Method;
use serde_json::{Value, json};

use crate::world::{FILE, world};

#[tokio::test]
async fn every_kind_lists_and_reads_what_the_file_said() {
    let world = world("private", FILE).await;
    for (kind, xref, listed, key, value) in [
        (
            "sources",
            "@S1@",
            &["A register", "Banns", "Nobody's", "Songs of the Rozvi"][..],
            "author",
            "Anon.",
        ),
        ("repositories", "@R1@", &["Great Zimbabwe"], "name", "Great Zimbabwe"),
        (
            "notes",
            "@N1@",
            &["Of nobody", "Of the dead\nline two", "Of the living"],
            "text",
            "Of the dead\nline two",
        ),
        ("media-objects", "@M1@", &["Picture"], "title", "Picture"),
        ("submitters", "@U1@", &["Rev. Moyo"], "city", "Gutu"),
    ] {
        assert_eq!(world.listed("owner", &world.at(kind)).await, listed);
        let one = world.get("owner", &world.one(kind, xref)).await;
        assert_eq!(one.etag(), "\"1\"");
        let one = one.ok(200);
        assert_eq!(
            (&one[key], &one["xref"], &one["id"]),
            (&json!(value), &json!(xref), &json!(world.id(xref)))
        );
    }
    let source = world.get("owner", &world.one("sources", "@S1@")).await.ok(200);
    assert_eq!(
        source["repositories"],
        json!([{ "repositoryId": world.id("@R1@"), "callNumber": "9", "notes": [] }])
    );
    assert_eq!(source["citedBy"], 1);
}

#[tokio::test]
async fn lists_are_searched_sorted_and_paged() {
    let world = world("private", FILE).await;
    let sources = world.at("sources");
    assert_eq!(
        world.listed("owner", &format!("{sources}?search=ROZVI%20songs")).await,
        ["Songs of the Rozvi"]
    );
    assert_eq!(world.listed("owner", &format!("{sources}?page=2&limit=3")).await, ["Songs of the Rozvi"]);
    let backwards = world.listed("owner", &format!("{sources}?sortOrder=desc&limit=1")).await;
    assert_eq!(backwards, ["Songs of the Rozvi"]);
    let by_time = world.listed("owner", &format!("{sources}?sortBy=createdAt&limit=1")).await;
    assert_eq!(by_time, ["Songs of the Rozvi"]);
    for (query, field) in [("limit=201", "limit"), ("sortBy=x", "sortBy"), ("sortOrder=x", "sortOrder")] {
        world.get("owner", &format!("{sources}?{query}")).await.field(field);
    }
}

#[tokio::test]
async fn an_edit_changes_its_lines_and_nothing_else() {
    let world = world("private", FILE).await;
    let (path, id) = (world.one("sources", "@S1@"), world.id("@S1@"));
    let before = world.raw(&GEDCOM_RECORDS, id).await;
    let shown = world.get("owner", &path).await.ok(200);
    // Sent back whole, as forms do.
    assert_eq!(world.put(&path, shown.clone()).await.etag(), "\"1\"");
    let changed = world.put(&path, json!({ "title": "Songs" })).await;
    assert_eq!(changed.etag(), "\"2\"");
    assert_eq!(changed.ok(200)["title"], "Songs");
    assert_eq!(world.raw(&GEDCOM_RECORDS, id).await, before.replace("Songs of the Rozvi", "Songs"));
    assert_eq!(world.listed("owner", &format!("{}?search=songs", world.at("sources"))).await, ["Songs"]);
    let stale = world.call("owner", Method::PUT, &path, Some(&json!({ "title": "x" })), "\"1\"").await;
    stale.ok(409);
    world.put(&path, json!({})).await.field("body");
    world.put(&path, json!({ "title": ["x"] })).await.field("title");
    let bad = world.call("owner", Method::PUT, &path, Some(&json!({ "title": "x" })), "x").await;
    bad.field("If-Match");
}

#[tokio::test]
async fn a_new_record_has_a_pointer_and_points_only_within_its_tree() {
    let world = world("private", FILE).await;
    let new = json!({ "title": "Oral history", "repositories": [{ "repositoryId": world.id("@R1@"), "callNumber": "1" }],
        "noteIds": [world.id("@N3@")], "coverage": [{ "events": "BIRT", "date": "1890-03-12", "place": "Gutu, Masvingo" }] });
    let made = world.post(&world.at("sources"), new).await.ok(201);
    let id = made["id"].as_str().unwrap();
    let xref = made["xref"].as_str().unwrap();
    let raw = world.raw(&GEDCOM_RECORDS, id).await;
    assert_eq!(
        raw,
        format!(
            "0 {xref} SOUR\n1 TITL Oral history\n1 DATA\n2 EVEN BIRT\n3 DATE 12 MAR 1890\n3 PLAC Gutu, Masvingo\n1 REPO @R1@\n2 CALN 1\n1 NOTE @N3@\n"
        )
    );
    assert_eq!(
        world.get("owner", &format!("{}/{id}", world.at("sources"))).await.ok(200)["title"],
        "Oral history"
    );
    // What is pointed to has changed version, so that removing it notices.
    assert_eq!(world.get("owner", &world.one("notes", "@N3@")).await.etag(), "\"2\"");
    let other = crate::world::world("private", FILE).await;
    for (field, wrong) in [
        ("noteIds.0", json!({ "title": "x", "noteIds": [world.id("@S1@")] })),
        ("noteIds.0", json!({ "title": "x", "noteIds": [other.id("@N1@")] })),
        (
            "repositories.0.repositoryId",
            json!({ "title": "x", "repositories": [{ "repositoryId": "none" }] }),
        ),
        ("title", json!({ "author": "x" })),
    ] {
        world.post(&world.at("sources"), wrong).await.field(field);
    }
    for (kind, fields) in [
        ("repositories", json!({ "name": "Archive", "emails": ["a@b"] })),
        ("notes", json!({ "text": "one\ntwo" })),
        ("media-objects", json!({ "title": "T", "files": [{ "file": "https://x/y.jpg" }] })),
        ("submitters", json!({ "name": "Me", "languages": ["Shona"] })),
    ] {
        let made = world.post(&world.at(kind), fields.clone()).await.ok(201);
        for (key, value) in fields.as_object().unwrap() {
            if key == "files" {
                assert_eq!(made["files"][0]["file"], value[0]["file"]);
            } else {
                assert_eq!(&made[key], value, "{kind}");
            }
        }
    }
}

#[tokio::test]
async fn a_tree_of_gedcom_seven_has_shared_notes() {
    let seven =
        FILE.replace("VERS 5.5.1", "VERS 7.0").replace(" NOTE @", " SNOTE @").replace("@ NOTE ", "@ SNOTE ");
    let world = world("private", &seven).await;
    let note = world.post(&world.at("notes"), json!({ "text": "me@home" })).await.ok(201);
    let raw = world.raw(&GEDCOM_RECORDS, note["id"].as_str().unwrap()).await;
    assert!(raw.ends_with(" SNOTE me@home\n"), "{raw}");
    let linked = world.put(&world.one("sources", "@S2@"), json!({ "noteIds": [note["id"]] })).await.ok(200);
    assert_eq!(linked["noteIds"], json!([note["id"]]));
    let raw = world.raw(&GEDCOM_RECORDS, world.id("@S2@")).await;
    assert_eq!(raw, format!("0 @S2@ SOUR\n1 TITL A register\n1 SNOTE {}\n", note["xref"].as_str().unwrap()));
}

#[tokio::test]
async fn a_record_of_another_kind_or_tree_is_not_there() {
    let (world, other) = (world("private", FILE).await, crate::world::world("private", FILE).await);
    for path in [
        world.one("notes", "@S1@"),
        format!("{}/{}", world.at("sources"), other.id("@S1@")),
        format!("{}/none", world.at("sources")),
    ] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let answer =
                world.call("owner", method, &path, Some(&json!({ "title": "x", "text": "x" })), "").await;
            answer.ok(404);
        }
        world.get("owner", &format!("{path}/citations")).await.ok(404);
    }
    for (user, status) in [("viewer", 403), ("stranger", 404)] {
        for (method, path) in [
            (Method::POST, world.at("sources")),
            (Method::PUT, world.one("sources", "@S1@")),
            (Method::DELETE, world.one("sources", "@S1@")),
        ] {
            world.call(user, method, &path, Some(&json!({ "title": "x" })), "").await.ok(status);
        }
    }
    let seen: Value = world.get("viewer", &world.one("sources", "@S1@")).await.ok(200);
    assert_eq!(seen["title"], "Songs of the Rozvi");
}

#[tokio::test]
async fn what_an_unfinished_import_brought_is_not_there_yet() {
    let world = world("private", FILE).await;
    world.hide("@S1@").await;
    assert_eq!(world.listed("owner", &world.at("sources")).await.len(), 3);
    world.get("owner", &world.one("sources", "@S1@")).await.ok(404);
    let cited = world.get("owner", &world.person("@I1@")).await.ok(200);
    assert_eq!(cited["items"][0]["sourceId"], Value::Null);
    let cite = json!({ "sourceId": world.id("@S1@"), "fact": "birth" });
    world.post(&world.person("@I1@"), cite).await.field("sourceId");
}
