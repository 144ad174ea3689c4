use dzinza_domain::collections::{GEDCOM_RECORDS, PEOPLE, PERSON_HISTORIES, RELATIONSHIPS};
use dzinza_domain::{person, relationship};
use dzinza_ports::{Batch, Filter};
use http::Method;
use serde_json::{Value, json};

use crate::world::{FILE, World, body, world};

async fn listed(world: &World, path: &str) -> Vec<Value> {
    world.get("owner", path).await.ok(200)["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn the_citations_of_a_person_are_those_of_its_record() {
    let world = world("private", FILE).await;
    let all = listed(&world, &world.person("@I1@")).await;
    let seen: Vec<(&Value, &Value)> = all.iter().map(|one| (&one["fact"], &one["page"])).collect();
    assert_eq!(seen, [(&json!("name"), &Value::Null), (&json!("birth"), &json!("12"))]);
    assert_eq!((&all[1]["sourceId"], &all[1]["quality"]), (&json!(world.id("@S1@")), &json!(2)));
    let one = format!("{}/{}", world.person("@I1@"), all[1]["id"].as_str().unwrap());
    assert_eq!(world.get("owner", &one).await.ok(200), all[1]);
    world.get("owner", &format!("{}/none", world.person("@I1@"))).await.ok(404);
}

#[tokio::test]
async fn citing_changing_and_removing_touch_their_lines_and_are_history() {
    let world = world("private", FILE).await;
    let (path, id) = (world.person("@I1@"), world.id("@I1@"));
    let before = world.raw(&PEOPLE, id).await;
    let new = json!({ "sourceId": world.id("@S2@"), "fact": "residence", "page": "3", "quality": 1,
        "noteIds": [world.id("@N3@")] });
    let made = world.post(&path, new).await;
    assert_eq!(made.etag(), "\"2\"");
    let made = made.ok(201);
    let line = "2 PLAC Chitungwiza\n2 SOUR @S2@\n3 PAGE 3\n3 QUAY 1\n3 NOTE @N3@\n";
    assert_eq!(world.raw(&PEOPLE, id).await, before.replace("2 PLAC Chitungwiza\n", line));
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    let changed = world.put(&one, json!({ "page": "4", "noteIds": [] })).await;
    let tag = changed.etag();
    let changed = changed.ok(200);
    assert_eq!(
        (&changed["id"], &changed["page"], &changed["noteIds"]),
        (&made["id"], &json!("4"), &json!([]))
    );
    let stale = world.call("owner", Method::DELETE, &one, None, "\"2\"").await;
    stale.ok(409);
    world.call("owner", Method::DELETE, &one, None, &tag).await.ok(204);
    assert_eq!(world.raw(&PEOPLE, id).await, before);
    world.delete(&one).await.ok(404);
    let entries = world.all(&PERSON_HISTORIES, Filter::eq("personId", id)).await;
    let kinds: Vec<&str> = entries.iter().map(|entry| entry.body["changeType"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["create", "update", "update", "update"]);
}

#[tokio::test]
async fn what_cannot_be_cited_is_refused_by_name() {
    let world = world("private", FILE).await;
    let (path, source) = (world.person("@I1@"), world.id("@S2@"));
    for (field, input) in [
        ("sourceId", json!({ "fact": "birth" })),
        ("sourceId", json!({ "sourceId": world.id("@N1@") })),
        ("sourceId", json!({ "sourceId": 1 })),
        ("fact", json!({ "sourceId": source, "fact": "burial" })),
        ("fact", json!({ "sourceId": source, "fact": "birth:2" })),
        ("fact", json!({ "sourceId": source, "fact": "a b" })),
        ("quality", json!({ "sourceId": source, "quality": 4 })),
        ("date", json!({ "sourceId": source, "date": "soon" })),
        ("mediaIds.0", json!({ "sourceId": source, "mediaIds": ["x"] })),
    ] {
        world.post(&path, input).await.field(field);
    }
    let id = listed(&world, &path).await[1]["id"].as_str().unwrap().to_owned();
    world.put(&format!("{path}/{id}"), json!({ "fact": "death" })).await.field("fact");
    world.put(&format!("{path}/{id}"), json!({ "nothing": 1 })).await.field("body");
    let same =
        world.put(&format!("{path}/{id}"), json!({ "fact": "birth", "sourceId": source })).await.ok(200);
    assert_eq!(same["sourceId"], source);
}

#[tokio::test]
async fn a_person_made_here_is_cited_like_one_from_a_file() {
    let world = world("private", FILE).await;
    let id = world.ports.ids.new_id();
    let mut rudo = body(
        &json!({ "familyTreeId": world.tree, "userId": "owner", "firstName": "Rudo", "lastName": "Moyo",
        "dateOfBirth": "1990", "gender": "Female", "isLiving": true, "totem": "Shumba" }),
    );
    person::refresh(&mut rudo);
    let mut batch = Batch::new();
    batch.insert(&PEOPLE, id.as_str(), rudo);
    world.ports.documents.commit(batch).await.unwrap();
    let path = format!("/api/persons/{id}/citations");
    assert_eq!(listed(&world, &path).await, Vec::<Value>::new());
    for (fact, said) in [("birth", "birth"), ("name", "name"), ("FACT", "fact"), ("person", "person")] {
        let made = world.post(&path, json!({ "sourceId": world.id("@S4@"), "fact": fact })).await.ok(201);
        assert_eq!(made["fact"], said);
    }
    assert_eq!(listed(&world, &path).await.len(), 4);
    let raw = world.raw(&PEOPLE, &id).await;
    assert!(raw.contains("1 BIRT\n2 DATE 1990\n2 SOUR @S4@\n"), "{raw}");
    let cited = world.get("owner", &format!("{}/citations", world.one("sources", "@S4@"))).await.ok(200);
    assert_eq!((&cited["total"], &cited["items"][0]["name"]), (&json!(1), &json!("Rudo Moyo")));
}

#[tokio::test]
async fn a_union_is_cited_in_its_family_or_on_its_own_row() {
    let world = world("private", FILE).await;
    let path = world.of_union();
    let before = world.raw(&GEDCOM_RECORDS, world.id("@F1@")).await;
    assert_eq!(listed(&world, &path).await[0]["fact"], "marriage");
    let new = json!({ "sourceId": world.id("@S1@"), "fact": "family", "page": "7" });
    assert_eq!(world.post(&path, new).await.ok(201)["fact"], "family");
    let after = world.raw(&GEDCOM_RECORDS, world.id("@F1@")).await;
    assert_eq!(after, format!("{before}1 SOUR @S1@\n2 PAGE 7\n"));
    let (one, row) = (world.ports.ids.new_id(), world.ports.ids.new_id());
    let mut batch = Batch::new();
    for (id, kind) in [(&one, "Sibling"), (&row, "Spousal")] {
        let mut made = body(
            &json!({ "familyTreeId": world.tree, "type": kind, "status": "Married", "startDate": "1950",
            "person1Id": world.id("@I1@"), "person2Id": id }),
        );
        relationship::refresh(&mut made);
        batch.insert(&RELATIONSHIPS, id.as_str(), made);
    }
    world.ports.documents.commit(batch).await.unwrap();
    let cite = json!({ "sourceId": world.id("@S1@"), "fact": "marriage" });
    world.post(&format!("/api/relationships/{one}/citations"), cite.clone()).await.field("relationshipId");
    let path = format!("/api/relationships/{row}/citations");
    world.post(&path, cite).await.ok(201);
    assert_eq!(world.raw(&RELATIONSHIPS, &row).await, "0 FAM\n1 MARR\n2 DATE 1950\n2 SOUR @S1@\n");
    let cited = world.get("owner", &format!("{}/citations", world.one("sources", "@S1@"))).await.ok(200);
    let owners: Vec<&Value> =
        cited["items"].as_array().unwrap().iter().map(|one| &one["ownerType"]).collect();
    assert_eq!(owners, ["person", "relationship", "family"]);
    assert_eq!(cited["items"][2]["citations"][0]["page"], "7");
    let second =
        world.get("owner", &format!("{}/citations?limit=1&page=3", world.one("sources", "@S1@"))).await;
    let second = second.ok(200);
    assert_eq!((&second["total"], &second["items"][0]["ownerType"]), (&json!(3), &json!("family")));
    world.get("stranger", &path).await.ok(404);
}
