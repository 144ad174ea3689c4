//! Files are kept for whoever may see what they belong to, and an address signed for one is signed for that one.

use dzinza_tests::Client;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn nobody_gets_a_signed_address_for_a_file_by_naming_it() {
    let world = World::new("private").await;
    let (tree, me) = &world.own;
    let key = format!("imports/{}.ged", world.ids.import);
    let names = [
        format!("blob:{key}"),
        format!("/blobs/{key}"),
        format!("blob:/{key}"),
        format!("blob:x/../{key}"),
        format!("BLOB:{key}"),
        format!(" blob:{key}"),
    ];
    for name in &names {
        for field in ["profileImageUrl", "profilePhotoUrl", "profilePhoto"] {
            let answer = world.stranger.put(&format!("/api/persons/{me}"), &json!({ field: name })).await;
            assert!(matches!(answer.status, 200 | 400), "{}", answer.text());
            nothing_signed(
                &world.stranger,
                &[format!("/api/persons/{me}"), "/api/genealogy/family-tree".into()],
            )
            .await;
        }
    }
    // The same by way of a file.
    for name in &names {
        let file = format!(
            "0 HEAD\n1 GEDC\n2 VERS 5.5.1\n0 @I1@ INDI\n1 NAME Eve //\n1 OBJE\n2 FILE {name}\n2 FORM ged\n0 TRLR\n"
        );
        world.stranger.upload_gedcom(tree, file).await.ok(200);
    }
    let lists = [format!("/api/persons?familyTreeId={tree}"), "/api/genealogy/family-tree".into()];
    nothing_signed(&world.stranger, &lists).await;
    for path in [format!("/blobs/{key}"), format!("/blobs/{key}?expires=9999999999&signature=00")] {
        for caller in [&world.stranger, &world.stranger.as_nobody(), &world.owner] {
            caller.get(&path).await.problem(404);
        }
    }
}

async fn nothing_signed(client: &Client, paths: &[String]) {
    for path in paths {
        let seen = client.get(path).await;
        assert!(!seen.text().contains("signature="), "{path}: {}", seen.text());
    }
}
