use dzinza_domain::collections::{GEDCOM_RECORDS, PEOPLE, PERSON_HISTORIES};
use dzinza_domain::{gedcom, person};
use dzinza_ports::{Batch, Filter};
use serde_json::json;

use crate::world::{FILE, body, world};

#[tokio::test]
async fn what_nothing_points_to_goes_and_what_is_cited_stays() {
    let world = world("private", FILE).await;
    world.delete(&world.one("sources", "@S4@")).await.ok(204);
    world.get("owner", &world.one("sources", "@S4@")).await.ok(404);
    for (kind, xref, count) in
        [("sources", "@S1@", 1), ("repositories", "@R1@", 1), ("submitters", "@U1@", 1)]
    {
        let refused = world.delete(&world.one(kind, xref)).await.ok(409);
        assert_eq!(refused["citedBy"], count, "{refused}");
    }
    world.delete(&format!("{}?unlink=perhaps", world.one("sources", "@S1@"))).await.field("unlink");
}

#[tokio::test]
async fn unlinking_takes_the_pointers_along_and_is_history() {
    let world = world("private", FILE).await;
    let (who, family) = (world.id("@I1@"), world.id("@F1@"));
    let cite = json!({ "sourceId": world.id("@S1@") });
    world.post(&world.of_union(), cite).await.ok(201);
    let person = world.raw(&PEOPLE, who).await;
    world.delete(&format!("{}?unlink=true", world.one("sources", "@S1@"))).await.ok(204);
    let without = person.replace("2 SOUR @S1@\n3 PAGE 12\n3 QUAY 2\n", "").replace("2 SOUR @S1@\n", "");
    assert_eq!(world.raw(&PEOPLE, who).await, without);
    assert!(!world.raw(&GEDCOM_RECORDS, family).await.contains("@S1@"));
    assert_eq!(world.all(&PERSON_HISTORIES, Filter::eq("personId", who)).await.len(), 2);
    // The repository was only that source's.
    world.delete(&world.one("repositories", "@R1@")).await.ok(204);
    world.delete(&format!("{}?unlink=true", world.one("notes", "@N1@"))).await.ok(204);
    assert!(!world.raw(&PEOPLE, who).await.contains("@N1@"));
}

#[tokio::test]
async fn too_much_is_not_unlinked_at_once() {
    let world = world("private", FILE).await;
    let mut batch = Batch::new();
    for number in 0..301 {
        let raw = format!("0 @P{number}@ INDI\n1 NAME A\n1 SOUR @S4@\n");
        let mut who = body(
            &json!({ "familyTreeId": world.tree, "gedcom": { "xref": format!("@P{number}@"), "raw": raw } }),
        );
        who.append(&mut gedcom::read_person(&gedcom::kept_record(&who).unwrap()));
        person::refresh(&mut who);
        batch.insert(&PEOPLE, world.ports.ids.new_id(), who);
    }
    world.ports.documents.commit(batch).await.unwrap();
    let path = world.one("sources", "@S4@");
    let refused = world.delete(&format!("{path}?unlink=true")).await.ok(409);
    assert_eq!(refused["citedBy"], 301);
    let page = world.get("owner", &format!("{path}/citations?limit=100&page=4")).await.ok(200);
    assert_eq!((&page["total"], page["items"].as_array().unwrap().len()), (&json!(301), 1));
}

#[tokio::test]
async fn who_cites_and_who_removes_at_the_same_moment_notice_each_other() {
    let world = world("private", FILE).await;
    for round in 0..20 {
        let made = world.post(&world.at("sources"), json!({ "title": format!("{round}") })).await.ok(201);
        let source = made["id"].as_str().unwrap();
        let path = format!("{}/{source}", world.at("sources"));
        let (cites, who) = (json!({ "sourceId": source, "fact": "birth" }), world.person("@I1@"));
        let (cited, removed) = tokio::join!(world.post(&who, cites), world.delete(&path));
        match (cited.status, removed.status) {
            (201, 409) => {
                world.delete(&format!("{path}?unlink=true")).await.ok(204);
            }
            (400, 204) => cited.field("sourceId"),
            other => panic!("{other:?}"),
        }
        let raw = world.raw(&PEOPLE, world.id("@I1@")).await;
        assert!(!raw.contains(made["xref"].as_str().unwrap()), "{raw}");
    }
}
