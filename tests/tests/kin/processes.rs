//! What another process writes into the same folder shows as well.

use std::fs;

use dzinza_tests::{Client, Process, run};
use serde_json::{Value, json};

use crate::family::{MOYO, gedcom};

#[tokio::test(flavor = "multi_thread")]
async fn an_import_of_another_process_shows_in_the_next_answer() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let process = Process::start(&data);
    let owner = Client::at(process.url()).sign_up("rudo@example.org").await;
    let tree = owner.new_tree("Moyo", "private").await;
    owner.upload_gedcom(&tree, gedcom(MOYO)).await.ok(200);
    let islands = async || {
        let told = owner.get(&format!("/api/family-trees/{tree}/kinship/islands")).await.ok(200);
        told["islands"].as_array().unwrap().iter().map(|one| one["size"].clone()).collect::<Vec<Value>>()
    };
    assert_eq!(islands().await, [33, 2]);
    let more = folder.path().join("more.ged");
    fs::write(
        &more,
        gedcom("Paradzai M 1960/2000\nMaidei F 1990/2005\nRuth F 1992/2005\nParadzai + - - > Maidei Ruth"),
    )
    .unwrap();
    for times in 1..=2 {
        let data = data.display().to_string();
        let arguments = [
            "import",
            "--data",
            &data,
            "--email",
            "rudo@example.org",
            "--tree",
            &tree,
            &more.display().to_string(),
        ]
        .map(str::to_owned);
        let said = tokio::task::spawn_blocking(move || run(arguments)).await.unwrap();
        assert!(said.status.success(), "{said:?}");
        assert_eq!(islands().await, [vec![33], vec![3; times], vec![2]].concat());
    }
    // And a change of this process after it.
    let listed = owner.get(&format!("/api/persons?familyTreeId={tree}&search=Maidei")).await.ok(200);
    let ids = [0, 1].map(|at| listed["persons"][at]["id"].as_str().unwrap().to_owned());
    let tie = json!({ "person1Id": ids[0], "person2Id": ids[1], "type": "Sibling", "familyTreeId": tree });
    owner.post("/api/relationships", &tie).await.ok(201);
    assert_eq!(islands().await, [33, 6, 2]);
    assert_eq!(process.terminate().code(), Some(0));
}
