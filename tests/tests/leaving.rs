//! Leaving over HTTP, with the database inspected.
#![cfg(test)]

use std::io::{Cursor, Read as _};
use std::time::Duration;

use dzinza_domain::collections::{EVENTS, FAMILY_TREES, PEOPLE};
use dzinza_domain::tree;
use dzinza_ports::{Batch, Body, Filter, NewMessage, UserChange};
use dzinza_tests::{Answer, Client, Mode, PASSWORD, Server, eventually};
use dzinza_wiring::Stores;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

const RUDO: &str = "rudo@example.org";
const FAMILY: &str = "0 HEAD\n1 GEDC\n2 VERS 5.5.1\n1 CHAR UTF-8\n0 @I1@ INDI\n1 NAME Chaminuka /Pasipamire/\n1 SEX M\n0 TRLR\n";
/// The smallest GIF.
const PICTURE: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

/// Rudo owns a tree alone and one in which Tendai and Farai work, and works in Tendai's.
struct World {
    server: Server,
    stores: Stores,
    rudo: Client,
    tendai: Client,
    farai: Client,
    alone: String,
    shared: String,
    tendais: String,
}

impl World {
    async fn new() -> Self {
        let server = Server::start().await;
        let stores = server.stores().open();
        let rudo = Client::signed_up(&server, RUDO).await;
        let tendai = Client::signed_up(&server, "tendai@example.org").await;
        let farai = Client::signed_up(&server, "farai@example.org").await;
        let named = json!({ "firstName": "Hiddenrudo", "lastName": "Hiddensibanda", "bio": "Hiddenlife" });
        rudo.patch("/api/auth/profile", &named).await.ok(200);
        let alone = rudo.new_tree("Alone", "private").await;
        let shared = rudo.new_tree("Shared", "private").await;
        let tendais = tendai.new_tree("Tendai's", "private").await;
        for tree in [&alone, &shared] {
            rudo.upload_gedcom(tree, FAMILY).await.ok(200);
        }
        let world = Self { server, stores, rudo, tendai, farai, alone, shared, tendais };
        world.join(&world.shared, &world.farai, "viewer").await;
        world.join(&world.shared, &world.tendai, "editor").await;
        world.join(&world.tendais, &world.rudo, "editor").await;
        let member = json!({ "firstName": "Nehanda", "familyTreeId": world.tendais });
        world.rudo.new_member(&member).await;
        let mut batch = Batch::new();
        let story = json!({ "userId": world.rudo.user_id, "userName": "Hiddenrudo Hiddensibanda", "title": "Roora",
            "familyTreeId": world.tendais, "privacy": "family", "createdAt": "2026-01-01T00:00:00.000000Z" });
        batch.insert(&EVENTS, "story", object(&story));
        world.stores.documents.commit(batch).await.unwrap();
        let form = Form::new().part("avatar", Part::bytes(PICTURE).file_name("me.gif"));
        let avatar = world.rudo.request(http::Method::POST, "/api/auth/profile/avatar").multipart(form);
        world.rudo.send(avatar).await.ok(200);
        world
    }

    /// Makes somebody a collaborator: there are no invitations yet.
    async fn join(&self, tree: &str, who: &Client, role: &str) {
        let found = self.stores.documents.get(&FAMILY_TREES, tree).await.unwrap().unwrap();
        let mut body = found.body.clone();
        let entry =
            json!({ "userId": who.user_id, "role": role, "acceptedAt": "2026-01-01T00:00:00.000000Z" });
        let Some(Value::Array(all)) = body.get_mut("collaborators") else { panic!("a list") };
        all.push(entry);
        tree::index(&mut body);
        let mut batch = Batch::new();
        batch.replace(&FAMILY_TREES, &found, body);
        self.stores.documents.commit(batch).await.unwrap();
    }

    async fn leave(&self, client: &Client) -> Answer {
        let trees = json!({ &self.shared: { "to": "farai@example.org" } });
        client.post("/api/auth/delete-account", &json!({ "password": PASSWORD, "trees": trees })).await
    }

    /// The days of grace go by, and the daily clean-up runs.
    async fn time_passes(&self) {
        let now = self.stores.clock.now();
        let over =
            UserChange { erase_after: Some(Some(now - Duration::from_secs(1))), ..UserChange::default() };
        self.stores.users.update(&self.rudo.user_id, over, now).await.unwrap().unwrap();
        let body = json!({ "job": "clean-up" });
        self.stores.queue.send(NewMessage { queue: "jobs", body, delay: Duration::ZERO }).await.unwrap();
        eventually("the erasure", async || {
            self.stores.users.by_id(&self.rudo.user_id).await.unwrap().is_none().then_some(())
        })
        .await;
    }

    async fn people(&self, tree: &str) -> u64 {
        self.stores.documents.count(&PEOPLE, Filter::eq("familyTreeId", tree)).await.unwrap()
    }

    /// Every row of the databases that holds one of these words.
    fn rows_with(&self, words: &[&str]) -> Vec<String> {
        let mut found = self.server.stores().rows();
        found.retain(|row| words.iter().any(|word| row.contains(word)));
        found
    }
}

fn object(value: &Value) -> Body {
    value.as_object().unwrap().clone()
}

async fn told(client: &Client) -> Vec<String> {
    let list = client.get("/api/notifications").await.ok(200);
    list["data"].as_array().unwrap().iter().map(|one| one["type"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_owner_goes_and_the_family_keeps_its_tree() {
    let world = World::new().await;
    let World { rudo, tendai, farai, .. } = &world;
    let unsaid = rudo.post("/api/auth/delete-account", &json!({ "password": PASSWORD })).await;
    let unsaid = unsaid.field(&format!("trees.{}", world.shared));
    assert_eq!(unsaid["trees"][0]["name"], "Shared");
    assert_eq!(unsaid["trees"][0]["collaborators"].as_array().unwrap().len(), 2);
    let said = world.leave(rudo).await.ok(200);
    assert_eq!(said["trees"][0]["to"], farai.user_id);
    // Closed at once, and the trees stay where they are.
    rudo.get("/api/auth/me").await.problem(401);
    rudo.get(&format!("/api/family-trees/{}", world.shared)).await.problem(401);
    assert_eq!(told(farai).await, ["tree_handover"]);
    let refuse = format!("/api/family-trees/{}/handover/refuse", world.shared);
    tendai.post(&refuse, &json!({})).await.problem(409);
    farai.post(&refuse, &json!({})).await.ok(200);
    farai.post(&refuse, &json!({})).await.problem(409);
    world.time_passes().await;
    let shared = tendai.get(&format!("/api/family-trees/{}", world.shared)).await.ok(200);
    assert_eq!((&shared["ownerId"], &shared["userRole"]), (&json!(tendai.user_id), &json!("owner")));
    assert_eq!(shared["members"].as_array().unwrap().len(), 1);
    farai.get(&format!("/api/family-trees/{}", world.shared)).await.ok(200);
    assert!(told(tendai).await.contains(&"tree_handed_over".to_owned()));
    let own = tendai.get(&format!("/api/family-trees/{}", world.tendais)).await.ok(200);
    assert_eq!((&own["collaborators"], own["members"].as_array().unwrap().len()), (&json!([]), 1));
    let stories = tendai.get(&format!("/api/events?familyTreeId={}", world.tendais)).await.ok(200);
    assert_eq!(
        (&stories["data"][0]["title"], &stories["data"][0]["userId"]),
        (&json!("Roora"), &json!("former-member"))
    );
    eventually("the tree cleared away", async || (world.people(&world.alone).await == 0).then_some(())).await;
    assert!(world.stores.documents.get(&FAMILY_TREES, &world.alone).await.unwrap().is_none());
    // Letters are sealed, and sent by now or soon.
    eventually("the last letter", async || (world.stores.outbox.waiting().await.unwrap() == 0).then_some(()))
        .await;
    let left = world.rows_with(&[RUDO, "hidden"]);
    assert!(left.is_empty(), "{left:?}");
    let trail = world.rows_with(&["account_erased"]);
    assert_eq!(trail.len(), 1, "the trail survives");
    let avatar = format!("avatars/{}", rudo.user_id);
    assert!(world.stores.blobs.head(&avatar).await.unwrap().is_none());
    // The address is free again, and whoever takes it finds nothing.
    rudo.as_nobody()
        .post("/api/auth/login", &json!({ "email": RUDO, "password": PASSWORD }))
        .await
        .problem(401);
    let again = Client::signed_up(&world.server, RUDO).await;
    assert_ne!(again.user_id, rudo.user_id);
    again.get(&format!("/api/family-trees/{}", world.shared)).await.problem(404);
    world.server.stop().await;
}

#[tokio::test]
async fn signing_in_in_time_takes_everything_back() {
    let world = World::new().await;
    world.leave(&world.rudo).await.ok(200);
    // Tokens tell their age in seconds.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let login = json!({ "email": RUDO, "password": PASSWORD });
    let answer = world.rudo.as_nobody().post("/api/auth/login", &login).await;
    let back = world.rudo.known_by(&answer, Mode::Header);
    assert_eq!(back.get("/api/auth/me").await.ok(200)["user"]["isActive"], true);
    let user = world.stores.users.by_id(&world.rudo.user_id).await.unwrap().unwrap();
    assert_eq!((user.erase_after, user.deleted_at), (None, None));
    let shared = back.get(&format!("/api/family-trees/{}", world.shared)).await.ok(200);
    assert_eq!(shared["userRole"], "owner");
    assert!(told(&world.farai).await.contains(&"tree_handover_cancelled".to_owned()));
    let refuse = format!("/api/family-trees/{}/handover/refuse", world.shared);
    world.farai.post(&refuse, &json!({})).await.problem(409);
    world.server.stop().await;
}

#[tokio::test]
async fn what_is_one_s_own_comes_as_one_archive() {
    let world = World::new().await;
    let begun = world.rudo.get("/api/auth/export-data?format=zip").await;
    let location = begun.header("location").unwrap().to_owned();
    begun.ok(202);
    let made = eventually("the archive", async || {
        let now = world.rudo.get(&location).await.ok(200);
        (now["status"] != "queued" && now["status"] != "running").then_some(now)
    })
    .await;
    assert_eq!(made["status"], "completed", "{made}");
    assert!(told(&world.rudo).await.contains(&"data_export".to_owned()));
    let file = world.rudo.as_nobody().get(made["url"].as_str().unwrap()).await;
    assert_eq!(file.status, 200, "{}", file.text());
    let mut zip = zip::ZipArchive::new(Cursor::new(file.bytes.to_vec())).unwrap();
    let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    for tree in [("Alone", &world.alone), ("Shared", &world.shared)] {
        assert!(names.contains(&format!("trees/{}-{}.gdz", tree.0, tree.1)), "{names:?}");
    }
    assert!(!names.iter().any(|name| name.contains("Tendai")), "{names:?}");
    let mut text = String::new();
    for name in ["account.json", "stories.json"] {
        zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    }
    assert!(text.contains(RUDO) && text.contains("Roora") && text.contains("USER_REGISTERED"), "{text}");
    for secret in ["$2b$", "eyJ", PASSWORD] {
        assert!(!text.contains(secret), "{secret}");
    }
    // Erased, the archive goes too.
    world.leave(&world.rudo).await.ok(200);
    world.time_passes().await;
    world.rudo.as_nobody().get(made["url"].as_str().unwrap()).await.problem(404);
    world.server.stop().await;
}
