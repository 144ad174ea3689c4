//! Where the files of media objects are fetched.

use dzinza_domain::collections::{GEDCOM_RECORDS, IMPORTS};
use dzinza_domain::import;
use dzinza_ports::{Batch, Body};
use serde_json::{Value, json};

use crate::world::{FILE, World, body, world};

/// A file elsewhere, one that leads outside, and one whose name has an escape, beside the picture.
fn files() -> String {
    let more = "1 FILE https://example.org/a.jpg\n1 FILE ../a.jpg\n1 FILE old/b%20c.jpg\n";
    FILE.replace("2 TITL Picture\n", &format!("2 TITL Picture\n{more}"))
}

async fn import(world: &World, id: &str, tree: &str, status: &str, media: &[(&str, &str)]) {
    let media: Vec<Value> = media.iter().map(|(name, key)| import::kept_medium(name, key, key)).collect();
    let import = json!({ "familyTreeId": tree, "status": status, "media": media });
    let mut batch = Batch::new();
    batch.insert(&IMPORTS, id, body(&import));
    world.ports.documents.commit(batch).await.unwrap();
}

/// The keys in the addresses that somebody gets.
async fn keys(world: &World, user: &str) -> Vec<Option<String>> {
    let shown = world.get(user, &world.one("media-objects", "@M1@")).await.ok(200);
    assert_eq!(shown["fileUrls"].as_array().unwrap().len(), shown["files"].as_array().unwrap().len());
    let key = |url: &Value| {
        let (key, signature) = url.as_str()?.strip_prefix("/blobs/").unwrap().split_once('?').unwrap();
        assert!(signature.contains("signature="), "{url}");
        Some(key.to_owned())
    };
    shown["fileUrls"].as_array().unwrap().iter().map(key).collect()
}

#[tokio::test]
async fn a_media_object_has_addresses_of_the_files_that_a_complete_import_of_its_tree_brought() {
    let world = world("public", &files()).await;
    assert_eq!(keys(&world, "owner").await, [None, None, None, None]);
    let bad = [("a.jpg", "media/no/0-a.jpg"), ("../a.jpg", "media/no/1-a.jpg")];
    import(&world, "i1", "another", "completed", &bad).await;
    for (id, status) in [("i2", "running"), ("i3", "previewed"), ("i4", "undone")] {
        import(&world, id, &world.tree, status, &bad).await;
    }
    assert_eq!(keys(&world, "owner").await, [None, None, None, None]);
    import(&world, "i5", &world.tree, "completed", &[("a.jpg", "media/i5/0-a.jpg")]).await;
    let more = [("a.jpg", "media/i6/0-a.jpg"), ("old/b c.jpg", "media/i6/1-b_c.jpg")];
    import(&world, "i6", &world.tree, "completed", &more).await;
    let old = |key: &str| [Some(key.to_owned()), None, None, Some("media/i6/1-b_c.jpg".to_owned())];
    assert_eq!(keys(&world, "owner").await, old("media/i5/0-a.jpg"));
    // The record's own archive is meant first.
    let mut batch = Batch::new();
    batch.adjust(&GEDCOM_RECORDS, world.id("@M1@"), Vec::new(), body(&json!({ "importId": "i6" })));
    world.ports.documents.commit(batch).await.unwrap();
    for user in ["owner", "viewer", "stranger"] {
        assert_eq!(keys(&world, user).await, old("media/i6/0-a.jpg"), "{user}");
    }
    // Unless a newer version of its file says that it means another since.
    import(&world, "i7", &world.tree, "completed", &[("a.jpg", "media/i7/0-a.jpg")]).await;
    assert_eq!(keys(&world, "owner").await, old("media/i6/0-a.jpg"));
    let mut meant = Body::new();
    import::mean(&mut meant, "a.jpg", world.id("@M1@"));
    let mut batch = Batch::new();
    batch.adjust(&IMPORTS, "i7", Vec::new(), meant);
    world.ports.documents.commit(batch).await.unwrap();
    assert_eq!(keys(&world, "owner").await, old("media/i7/0-a.jpg"));
}

#[tokio::test]
async fn addresses_are_not_written_and_go_with_the_sight_of_their_object() {
    let world = world("public", &files()).await;
    import(&world, "i1", &world.tree, "completed", &[("a.jpg", "media/i1/0-a.jpg")]).await;
    let path = world.one("media-objects", "@M1@");
    let shown: Body = world.get("owner", &path).await.ok(200).as_object().unwrap().clone();
    let before = world.raw(&GEDCOM_RECORDS, world.id("@M1@")).await;
    assert_eq!(world.put(&path, Value::Object(shown)).await.etag(), "\"1\"");
    world.put(&path, json!({ "title": "Well", "fileUrls": ["/blobs/imports/i1.ged"] })).await.ok(200);
    assert_eq!(world.raw(&GEDCOM_RECORDS, world.id("@M1@")).await, before.replace("Picture", "Well"));
    // Of somebody who lives as well, it is no longer for those outside.
    assert_eq!(keys(&world, "stranger").await[0].as_deref(), Some("media/i1/0-a.jpg"));
    let cite = json!({ "sourceId": world.id("@S2@"), "fact": "birth", "mediaIds": [world.id("@M1@")] });
    world.post(&world.person("@I2@"), cite).await.ok(201);
    let hidden = world.get("stranger", &path).await;
    assert!(!hidden.body.to_string().contains("/blobs/"));
    hidden.ok(404);
    assert!(keys(&world, "viewer").await[0].is_some());
}
