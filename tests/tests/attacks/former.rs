//! Who worked in a tree and does not any more: the next request knows.

use dzinza_domain::collections::FAMILY_TREES;
use dzinza_domain::tree;
use dzinza_ports::Batch;
use dzinza_tests::{Client, Mode, Server};
use dzinza_wiring::Stores;
use http::Method;
use serde_json::{Value, json};

use crate::support::EMAIL;

/// Makes these the collaborators of a tree: there are no invitations yet.
async fn collaborators(stores: &Stores, tree: &str, all: Value) {
    let found = stores.documents.get(&FAMILY_TREES, tree).await.unwrap().unwrap();
    let mut body = found.body.clone();
    body.insert("collaborators".to_owned(), all);
    tree::index(&mut body);
    let mut batch = Batch::new();
    batch.replace(&FAMILY_TREES, &found, body);
    stores.documents.commit(batch).await.unwrap();
}

#[tokio::test]
async fn a_former_collaborator_is_a_stranger_from_the_next_request_on() {
    let server = Server::start().await;
    let stores = Stores::open(server.data()).unwrap();
    let rudo = Client::signed_up(&server, EMAIL).await;
    let tendai = Client::signed_up(&server, "tendai@example.org").await;
    let tree = rudo.new_tree("Moyo", "private").await;
    let child = rudo.new_member(&json!({ "firstName": "Ruvarashe", "familyTreeId": tree })).await;
    let entry = |role: &str| json!([{ "userId": tendai.user_id, "role": role, "acceptedAt": "2026-01-01T00:00:00.000000Z" }]);
    let reads = [
        format!("/api/family-trees/{tree}"),
        format!("/api/family-trees/{tree}/persons"),
        format!("/api/family-trees/{tree}/export/gedcom"),
        format!("/api/family-trees/{tree}/sources"),
        format!("/api/genealogy/family-tree?treeId={tree}"),
        format!("/api/persons/{child}"),
        format!("/api/persons/{child}/history"),
        format!("/api/persons/{child}/descendants"),
    ];
    let change = json!({ "nickName": "Ruva" });
    let edit = async || tendai.put(&format!("/api/persons/{child}"), &change).await.status;
    collaborators(&stores, &tree, entry("editor")).await;
    for path in &reads {
        assert_eq!(tendai.get(path).await.status, 200, "{path}");
    }
    assert_eq!(edit().await, 200);
    // Less than before: to look, and no more.
    collaborators(&stores, &tree, entry("viewer")).await;
    assert_eq!((edit().await, tendai.get(&reads[0]).await.status), (403, 200));
    // And no longer anything, with the very token that opened it.
    collaborators(&stores, &tree, json!([])).await;
    for caller in [&tendai, &tendai.with_mode(Mode::Cookie)] {
        for path in &reads {
            caller.get(path).await.problem(404);
        }
        let put = caller.request(Method::PUT, &format!("/api/persons/{child}")).json(&change);
        caller.send(put).await.problem(404);
    }
    let listed = tendai.get("/api/family-trees").await;
    assert!(listed.status == 200 && !listed.text().contains(&tree), "{}", listed.text());
    assert!(!tendai.get("/api/persons/search?name=Ruvarashe").await.text().contains(&child));
    server.stop().await;
}
