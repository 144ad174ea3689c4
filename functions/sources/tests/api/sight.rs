//! Who sees what of a public tree.

use serde_json::json;

use crate::world::{FILE, world};

#[tokio::test]
async fn outsiders_see_what_speaks_only_of_the_dead() {
    let world = world("public", FILE).await;
    // The living are cited in one, a family in another, nobody in the last.
    assert_eq!(world.listed("stranger", &world.at("sources")).await, ["Songs of the Rozvi"]);
    assert_eq!(world.listed("stranger", &world.at("repositories")).await, ["Great Zimbabwe"]);
    assert_eq!(world.listed("stranger", &world.at("notes")).await, ["Of the dead\nline two"]);
    assert_eq!(world.listed("stranger", &world.at("media-objects")).await, ["Picture"]);
    world.get("stranger", &world.at("submitters")).await.ok(403);
    for (kind, xref) in
        [("sources", "@S2@"), ("sources", "@S3@"), ("sources", "@S4@"), ("notes", "@N2@"), ("notes", "@N3@")]
    {
        for tail in ["", "/citations"] {
            world.get("stranger", &format!("{}{tail}", world.one(kind, xref))).await.ok(404);
        }
    }
    let source = world.get("stranger", &world.one("sources", "@S1@")).await.ok(200);
    assert!(source.get("notes").is_none() && source.get("citedBy").is_none(), "{source}");
    // As soon as a living person is cited from it as well, it is for those inside.
    let cite = json!({ "sourceId": world.id("@S1@"), "fact": "birth" });
    world.post(&world.person("@I2@"), cite).await.ok(201);
    world.get("stranger", &world.one("sources", "@S1@")).await.ok(404);
    assert!(world.listed("stranger", &world.at("repositories")).await.is_empty());
}

#[tokio::test]
async fn outsiders_see_citations_of_the_dead_and_none_of_the_living() {
    let world = world("public", FILE).await;
    let dead = world.get("stranger", &world.person("@I1@")).await.ok(200);
    assert_eq!(dead["total"], 2);
    assert!(dead["items"][0].get("noteIds").is_none());
    let living = world.get("stranger", &world.person("@I2@")).await.ok(200);
    assert_eq!((&living["total"], &living["items"]), (&json!(0), &json!([])));
    world.get("stranger", &world.of_union()).await.ok(403);
    let cited = world.get("stranger", &format!("{}/citations", world.one("sources", "@S1@"))).await.ok(200);
    assert_eq!((&cited["total"], &cited["items"][0]["name"]), (&json!(1), &json!("Chaminuka Pasipamire")));
    // A dead person's citation of a source that also speaks of the living is not shown either.
    let cite = json!({ "sourceId": world.id("@S2@"), "fact": "death" });
    world.post(&world.person("@I1@"), cite).await.ok(201);
    assert_eq!(world.get("stranger", &world.person("@I1@")).await.ok(200)["total"], 2);
    assert_eq!(world.get("owner", &world.person("@I1@")).await.ok(200)["total"], 3);
}

#[tokio::test]
async fn viewers_see_sources_and_the_notes_of_those_whom_they_see() {
    let world = world("private", FILE).await;
    assert_eq!(world.listed("viewer", &world.at("sources")).await.len(), 4);
    assert_eq!(world.listed("viewer", &world.at("notes")).await, ["Of the dead\nline two", "Of the living"]);
    world.get("viewer", &world.at("submitters")).await.ok(403);
    world.get("viewer", &world.one("notes", "@N3@")).await.ok(404);
    assert_eq!(world.get("viewer", &world.of_union()).await.ok(200)["total"], 1);
    assert_eq!(world.get("viewer", &world.person("@I2@")).await.ok(200)["total"], 1);
}
