//! Exports over HTTP: parts, versions, archives, and the job with its signed address.
#![cfg(test)]

use std::io::{Cursor, Read as _};

use dzinza_gedcom::Reader;
use dzinza_gedcom::gedzip::Archive;
use dzinza_tests::{Client, Server, eventually};
use serde_json::{Value, json};

/// Sekuru and Ambuya are dead, their daughter and her son live.
const FAMILY: &str = "0 HEAD\n1 GEDC\n2 VERS 5.5.1\n2 FORM LINEAGE-LINKED\n1 CHAR UTF-8\n1 SUBM @U1@\n0 @U1@ SUBM\n1 NAME Secret Submitter\n\
    0 @I1@ INDI\n1 NAME Sekuru /Moyo/\n1 SEX M\n1 BIRT\n2 DATE 1890\n1 DEAT Y\n1 FAMS @F1@\n1 NOTE @N1@\n\
    0 @I2@ INDI\n1 NAME Ambuya /Dube/\n1 SEX F\n1 BIRT\n2 DATE INT 1895 (the comet)\n1 DEAT Y\n1 FAMS @F1@\n\
    0 @I3@ INDI\n1 NAME Rudo /Moyo/\n1 SEX F\n1 BIRT\n2 DATE 7 JUL 1981\n2 SOUR @S1@\n1 NOTE left handed\n1 FAMC @F1@\n1 FAMS @F2@\n\
    0 @I4@ INDI\n1 NAME Tawanda /Sibanda/\n1 SEX M\n1 BIRT\n2 DATE 8 AUG 2008\n1 FAMC @F2@\n\
    0 @F1@ FAM\n1 HUSB @I1@\n1 WIFE @I2@\n1 CHIL @I3@\n1 MARR\n2 DATE 1915\n0 @F2@ FAM\n1 WIFE @I3@\n1 CHIL @I4@\n\
    0 @S1@ SOUR\n1 TITL Hospital\n0 @N1@ NOTE He was a smith.\n0 TRLR\n";
const OF_THE_LIVING: [&str; 7] = ["Rudo", "Tawanda", "Sibanda", "1981", "2008", "left handed", "Hospital"];

struct World {
    server: Server,
    owner: Client,
    tree: String,
}

impl World {
    async fn new(privacy: &str) -> Self {
        let server = Server::start().await;
        let owner = Client::signed_up(&server, "owner@example.org").await;
        let tree = owner.new_tree("Moyo", privacy).await;
        owner.upload_gedcom(&tree, FAMILY).await.ok(200);
        Self { server, owner, tree }
    }

    fn download(&self, query: &str) -> String {
        format!("/api/family-trees/{}/export/gedcom?{query}", self.tree)
    }

    fn exports(&self) -> String {
        format!("/api/family-trees/{}/exports", self.tree)
    }

    async fn text(&self, client: &Client, query: &str) -> String {
        let answer = client.get(&self.download(query)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text()
    }

    async fn person(&self, name: &str) -> String {
        let list =
            self.owner.get(&format!("/api/persons?familyTreeId={}&limit=100", self.tree)).await.ok(200);
        let people = list["data"].as_array().or(list["persons"].as_array()).cloned().unwrap_or_default();
        let found = people.iter().find(|person| person["firstName"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {list}"))["id"].as_str().unwrap().to_owned()
    }

    /// An export by a job, when it is over.
    async fn made(&self, client: &Client, asked: &Value) -> Value {
        let answer = client.post(&self.exports(), asked).await;
        let location = answer.header("location").unwrap_or_default().to_owned();
        let begun = answer.ok(202);
        assert_eq!(location, format!("{}/{}", self.exports(), begun["id"].as_str().unwrap()));
        eventually("the export", async || {
            let now = client.get(&location).await.ok(200);
            matches!(now["status"].as_str(), Some("completed" | "failed")).then_some(now)
        })
        .await
    }
}

#[track_caller]
fn without_the_living(text: &str) {
    for word in OF_THE_LIVING {
        assert!(!text.contains(word), "{word} in {text}");
    }
}

#[tokio::test]
async fn the_living_do_not_leak_in_any_version_or_form() {
    let world = World::new("public").await;
    let stranger = Client::signed_up(&world.server, "eve@example.org").await;
    for client in [&world.owner, &stranger] {
        for living in ["omit", "reduce"] {
            for version in ["", "&version=5.5.1", "&version=7.0"] {
                let text = world.text(client, &format!("living={living}{version}")).await;
                without_the_living(&text);
                assert!(text.contains("Sekuru") && !text.contains("Secret Submitter"), "{text}");
                assert_eq!(text.matches(" INDI").count(), if living == "omit" { 2 } else { 4 }, "{text}");
            }
            let archive = client.get(&world.download(&format!("living={living}&format=gedzip"))).await;
            let mut archive = Archive::open(Cursor::new(archive.bytes.to_vec())).unwrap();
            let mut text = String::new();
            archive.gedcom().unwrap().read_to_string(&mut text).unwrap();
            without_the_living(&text);
        }
        let by_job = world.made(client, &json!({ "living": "omit" })).await;
        without_the_living(&client.get(by_job["url"].as_str().unwrap()).await.text());
    }
    // Whoever merely looks cannot ask for more than that.
    without_the_living(&world.text(&stranger, "living=show").await);
    assert!(world.text(&world.owner, "living=show").await.contains("Rudo"));
}

#[tokio::test]
async fn a_branch_has_its_people_only() {
    let world = World::new("private").await;
    let root = world.person("Rudo").await;
    let up = world.text(&world.owner, &format!("root={root}&branch=ancestors&generations=1")).await;
    assert!(up.contains("Sekuru") && up.contains("Hospital") && !up.contains("Tawanda"), "{up}");
    let down =
        world.text(&world.owner, &format!("root={root}&branch=descendants&includeSources=false")).await;
    assert!(down.contains("Tawanda") && !down.contains("Sekuru") && !down.contains("SOUR @"), "{down}");
    assert!(!down.contains("@F1@") && !down.contains("smith"), "{down}");
}

#[tokio::test]
async fn what_cannot_be_asked_is_a_400_that_names_it() {
    let world = World::new("private").await;
    let root = world.person("Rudo").await;
    let elsewhere = world.owner.new_tree("Other", "private").await;
    let other = world.owner.new_member(&json!({ "firstName": "Eve", "familyTreeId": elsewhere })).await;
    for (query, field) in [
        ("version=6".to_owned(), "version"),
        ("format=gedzip&version=5.5.1".to_owned(), "version"),
        ("format=xml".to_owned(), "format"),
        ("living=all".to_owned(), "living"),
        (format!("root={root}"), "branch"),
        ("branch=both".to_owned(), "root"),
        (format!("root={other}&branch=both"), "root"),
        ("root=nobody&branch=both".to_owned(), "root"),
        (format!("root={root}&branch=both&generations=0"), "generations"),
        ("generations=2".to_owned(), "generations"),
        ("includeNotes=perhaps".to_owned(), "includeNotes"),
    ] {
        world.owner.get(&world.download(&query)).await.field(field);
        let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap());
        let body: Value = pairs.map(|(key, value)| (key.to_owned(), json!(value))).collect();
        world.owner.post(&world.exports(), &body).await.field(field);
    }
}

#[tokio::test]
async fn another_version_says_what_it_cannot_say_and_comes_back() {
    let world = World::new("private").await;
    let answer = world.owner.get(&world.download("version=7.0")).await;
    let told: u64 = answer.header("x-export-losses").unwrap().parse().unwrap();
    let seven = answer.text();
    assert!(
        seven.contains("2 VERS 7.0") && seven.contains("1 SNOTE @N1@") && !seven.contains("CHAR"),
        "{seven}"
    );
    let losses = format!("/api/family-trees/{}/export/gedcom/losses?version=7.0", world.tree);
    let losses = world.owner.get(&losses).await.ok(200);
    assert_eq!(
        (losses["total"].as_u64(), losses["losses"].as_array().map(Vec::len)),
        (Some(told), Some(told as usize))
    );
    let again = world.owner.new_tree("Again", "private").await;
    world.owner.upload_gedcom(&again, seven.clone()).await.ok(200);
    let path = format!("/api/family-trees/{again}/export/gedcom");
    assert_eq!(world.owner.get(&path).await.text(), seven);
    let five = world.owner.get(&format!("{path}?version=5.5.1")).await.text();
    let people = |text: &str| {
        let records = Reader::new(text.as_bytes()).unwrap().map(Result::unwrap);
        records
            .filter(|record| matches!(record.tag.as_str(), "INDI" | "FAM" | "SOUR" | "NOTE"))
            .collect::<Vec<_>>()
    };
    assert_eq!(people(&five), people(FAMILY), "{five}");
    assert!(world.owner.get(&world.download("version=5.5.1")).await.header("x-export-losses").is_none());
}

#[tokio::test]
async fn a_job_makes_the_file_for_whoever_asked_and_nobody_else() {
    let world = World::new("public").await;
    let stranger = Client::signed_up(&world.server, "eve@example.org").await;
    let made = world.made(&world.owner, &json!({ "version": "7.0", "includeMedia": true })).await;
    assert_eq!((&made["status"], &made["progress"]["percent"]), (&json!("completed"), &json!(100)), "{made}");
    assert!(
        made["losses"]["total"].is_u64() && made["blobKey"].is_null() && made["role"].is_null(),
        "{made}"
    );
    let url = made["url"].as_str().unwrap();
    // The address is all that is needed, as long as nobody changes it.
    let file = world.owner.as_nobody().get(url).await;
    assert_eq!(file.text(), world.text(&world.owner, "version=7.0").await);
    let forged = url.replace("expires=", "expires=9");
    assert_ne!(forged, url);
    for refused in
        [forged, url.split('?').next().unwrap().to_owned(), url.replace("signature=", "signature=0")]
    {
        world.owner.get(&refused).await.problem(404);
    }
    let path = format!("{}/{}", world.exports(), made["id"].as_str().unwrap());
    stranger.get(&path).await.problem(404);
    stranger.delete(&path).await.problem(404);
    assert_eq!(stranger.get(&world.exports()).await.ok(200)["total"], 0);
    assert_eq!(world.owner.get(&world.exports()).await.ok(200)["exports"][0]["id"], made["id"]);
    let notices = world.owner.get("/api/notifications").await.ok(200);
    let kinds: Vec<&Value> =
        notices["data"].as_array().unwrap().iter().map(|notice| &notice["type"]).collect();
    assert!(kinds.contains(&&json!("gedcom_export")), "{notices}");
    assert_eq!(world.owner.delete(&path).await.status, 204);
    world.owner.get(&path).await.problem(404);
    world.owner.get(url).await.problem(404);
}

#[tokio::test]
async fn a_file_is_not_given_to_someone_who_has_lost_the_rights_it_was_made_with() {
    let world = World::new("public").await;
    let stranger = Client::signed_up(&world.server, "eve@example.org").await;
    let settings = |shown: bool| json!({ "settings": { "showLivingPersons": shown } });
    let tree = format!("/api/family-trees/{}", world.tree);
    world.owner.put(&tree, &settings(true)).await.ok(200);
    let made = world.made(&stranger, &json!({})).await;
    let path = format!("{}/{}", world.exports(), made["id"].as_str().unwrap());
    stranger.get(&path).await.ok(200);
    world.owner.put(&tree, &settings(false)).await.ok(200);
    stranger.get(&path).await.problem(403);
    world.owner.put(&tree, &json!({ "privacy": "private" })).await.ok(200);
    stranger.get(&path).await.problem(404);
}
