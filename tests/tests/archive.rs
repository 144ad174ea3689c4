//! Archives with the real program: everything of an installation or a tree comes back, or nothing does.
#![cfg(test)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use dzinza_domain::collections;
use dzinza_tests::{Client, Mode, PASSWORD, Process, binary, eventually, run};
use dzinza_wiring::Stores;
use futures::StreamExt as _;
use reqwest::multipart::{Form, Part};
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

const FAMILY: &str = "0 HEAD\n1 GEDC\n2 VERS 5.5.1\n1 CHAR UTF-8\n1 SUBM @U1@\n0 @U1@ SUBM\n1 NAME Rudo\n\
    0 @I1@ INDI\n1 NAME Nehanda /Nyakasikana/\n1 SEX F\n1 BIRT\n2 DATE ABT 1840\n2 SOUR @S1@\n3 PAGE 12\n1 _TOTEM Hungwe\n\
    0 @I2@ INDI\n1 NAME Tichafa /Nyakasikana/\n1 SEX M\n1 NOTE Tall\n2 CONT and quiet\n0 @I3@ INDI\n1 NAME Chaminuka //\n\
    0 @F1@ FAM\n1 HUSB @I3@\n1 WIFE @I1@\n1 CHIL @I2@\n0 @S1@ SOUR\n1 TITL Songs\n0 TRLR\n";

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs a command on one of the data folders here.
    fn run(&self, data: &str, words: &[&str]) -> Output {
        let (command, rest) = words.split_first().unwrap();
        let data = self.path(data).display().to_string();
        let mut all = vec![*command, "--data", &data];
        all.extend(rest);
        run(all)
    }

    #[track_caller]
    fn well(&self, data: &str, words: &[&str]) -> String {
        let output = self.run(data, words);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn fails(&self, data: &str, words: &[&str], because: &str) {
        let output = self.run(data, words);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(because), "{because:?} is not in {said:?}");
    }

    fn file(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }
}

/// The sample family with its photo, two accounts, an imported file, and edits. Answers the tree of the import.
async fn lived_in(data: &Path) -> String {
    let process = Process::with(data, |command| {
        command.arg("--demo");
    });
    let rudo = Client::at(process.url()).sign_up("rudo@example.org").await;
    rudo.sign_up("tendai@example.org").await;
    let tree = rudo.new_tree("Nyakasikana", "family").await;
    rudo.upload_gedcom(&tree, FAMILY).await.ok(200);
    let members = rudo.get(&format!("/api/family-trees/{tree}")).await.ok(200)["members"].clone();
    let person = members[0]["id"].as_str().unwrap().to_owned();
    rudo.put(&format!("/api/persons/{person}"), &json!({ "occupation": "Medium" })).await.ok(200);
    rudo.put(&format!("/api/persons/{person}"), &json!({ "occupation": "Svikiro", "notes": "Remembered" }))
        .await
        .ok(200);
    let other = rudo.new_member(&json!({ "firstName": "Ambuya", "familyTreeId": tree })).await;
    let pair = json!({ "person1Id": other, "person2Id": person, "type": "PARENT_CHILD" });
    rudo.post("/api/relationships", &pair).await.ok(201);
    rudo.put(&format!("/api/family-trees/{tree}"), &json!({ "rootPersonId": person })).await.ok(200);
    eventually("the portrait", async || data.join("blobs").join("unfinished").exists().then_some(())).await;
    eventually("its file", async || (files(&data.join("blobs")).len() >= 3).then_some(())).await;
    assert_eq!(process.terminate().code(), Some(0));
    tree
}

/// Every row of what an archive keeps.
fn rows(data: &Path) -> BTreeMap<String, Vec<String>> {
    let conn = Connection::open(data.join("dzinza.db")).unwrap();
    let documents = collections::ALL.iter().map(|collection| (collection.name, "id, version, body"));
    let tables = documents.chain([("users", "*"), ("audit_logs", "*")]);
    tables
        .map(|(table, columns)| {
            let mut statement = conn.prepare(&format!("SELECT {columns} FROM {table} ORDER BY id")).unwrap();
            let width = statement.column_count();
            let read = statement.query_map([], |row| {
                let cells: Vec<rusqlite::types::Value> = (0..width).map(|at| row.get(at).unwrap()).collect();
                Ok(format!("{cells:?}"))
            });
            (table.to_owned(), read.unwrap().map(Result::unwrap).collect())
        })
        .collect()
}

/// Every file below a folder, with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).into_iter().flatten().map(Result::unwrap) {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if let Ok(bytes) = fs::read(entry.path()) {
                found.insert(entry.path().strip_prefix(folder).unwrap().to_owned(), bytes);
            }
        }
    }
    found
}

#[tokio::test]
async fn an_installation_comes_back_exactly_and_once() {
    let place = Place::new();
    lived_in(&place.path("old")).await;
    let archive = place.file("all.zip");
    let said = place.well("old", &["archive", &archive]);
    assert!(said.contains("3 accounts") && said.contains("password hashes"), "{said}");
    assert_eq!(fs::metadata(&archive).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(place.well("none", &["archive", "--verify", &archive]).contains("whole"));

    let said = place.well("new", &["restore", &archive]);
    assert!(said.contains("3 accounts"), "{said}");
    let (before, after) = (rows(&place.path("old")), rows(&place.path("new")));
    for (table, rows) in &before {
        assert_eq!(Some(rows), after.get(table), "{table}");
    }
    for table in
        ["people", "personhistories", "relationships", "gedcomrecords", "imports", "users", "audit_logs"]
    {
        assert!(before[table].len() > 1, "{table}");
    }
    let of = |data: &str| files(&place.path(data).join("blobs"));
    assert!(of("old").len() >= 3);
    assert_eq!(of("old"), of("new"));
    let secrets = |data: &str| fs::read_dir(place.path(data).join("secrets")).map_or(0, Iterator::count);
    assert_eq!(secrets("new"), 0, "no secrets come with an archive");
    let conn = Connection::open(place.path("new").join("dzinza.db")).unwrap();
    for table in ["refresh_tokens", "queue_messages"] {
        let count: i64 =
            conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        assert_eq!(count, 0, "{table}");
    }
    drop(conn);

    place.fails("new", &["restore", &archive], "is not empty");
    let process = Process::start(&place.path("new"));
    place.fails("new", &["restore", &archive], "already serving");
    let rudo = Client::at(process.url()).sign_in("rudo@example.org", PASSWORD).await;
    let trees = rudo.get("/api/family-trees?search=nyaka").await.ok(200);
    let tree = trees["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        rudo.get(&format!("/api/family-trees/{tree}")).await.ok(200)["members"].as_array().unwrap().len(),
        4
    );
    rudo.new_member(&json!({ "firstName": "Still alive", "familyTreeId": tree })).await;
}

#[tokio::test]
async fn an_empty_installation_that_has_been_started_can_be_restored_into() {
    let place = Place::new();
    lived_in(&place.path("old")).await;
    let archive = place.file("all.zip");
    place.well("old", &["archive", &archive]);
    Process::start(&place.path("new")).terminate();
    let secrets = files(&place.path("new").join("secrets"));
    place.well("new", &["restore", &archive]);
    assert_eq!(files(&place.path("new").join("secrets")), secrets);
    assert_eq!(rows(&place.path("old")), rows(&place.path("new")));
}

#[tokio::test]
async fn an_archive_made_while_others_write_is_of_one_moment() {
    let place = Place::new();
    let process = Process::start(&place.path("old"));
    let rudo = Client::at(process.url()).sign_up("rudo@example.org").await;
    let tree = rudo.new_tree("Busy", "private").await;
    let writing = async {
        for number in 0..150 {
            let one = json!({ "firstName": format!("N{number}"), "familyTreeId": tree });
            rudo.new_member(&one).await;
        }
    };
    let (old, file) = (place.file("old"), place.file("all.zip"));
    let archiving = tokio::task::spawn_blocking(move || {
        std::thread::sleep(Duration::from_millis(150));
        run(["archive", "--data", old.as_str(), file.as_str()])
    });
    let ((), output) = tokio::join!(writing, archiving);
    assert!(output.unwrap().status.success());
    place.well("new", &["restore", &place.file("all.zip")]);
    let rows = rows(&place.path("new"));
    let tree = rows["familytrees"].iter().find(|row| row.contains("Busy")).unwrap();
    // A person, its first history and the tree's count are one commit each time.
    let counted = format!("\\\"totalPersons\\\":{}", rows["people"].len());
    assert!(tree.contains(&counted), "{counted} is not in {tree}");
    assert_eq!(rows["people"].len(), rows["personhistories"].len());
}

#[tokio::test]
async fn a_changed_byte_anywhere_is_noticed_before_anything_is_written() {
    let place = Place::new();
    lived_in(&place.path("old")).await;
    let archive = place.file("all.zip");
    place.well("old", &["archive", &archive]);
    let whole = fs::read(&archive).unwrap();
    let bad = place.file("bad.zip");
    let mut places: Vec<usize> = (0..8).map(|part| part * whole.len() / 8 + 7).collect();
    places.extend([2, 10, whole.len() - 1, whole.len() - 90]);
    for at in places {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        fs::write(&bad, changed).unwrap();
        place.fails("new", &["restore", &bad], "cannot be used");
        place.fails("new", &["archive", "--verify", &bad], "cannot be used");
    }
    fs::write(&bad, &whole[..whole.len() / 2]).unwrap();
    place.fails("new", &["restore", &bad], "incomplete or damaged");
    fs::write(&bad, "not an archive at all").unwrap();
    place.fails("new", &["restore", &bad], "not an archive");
    place.fails("new", &["restore", &place.file("nothing.zip")], "nothing.zip");
    assert!(!place.path("new").exists());
}

/// An installation with one large file in it.
async fn bulky(data: &Path) {
    let process = Process::start(data);
    Client::at(process.url()).sign_up("rudo@example.org").await;
    process.terminate();
    let stores = Stores::open(data).unwrap();
    let piece = bytes::Bytes::from((0..1u32 << 18).flat_map(u32::to_be_bytes).collect::<Vec<_>>());
    let pieces = futures::stream::iter(vec![piece; 32]).map(Ok).boxed();
    stores.blobs.put("photos/large.tiff", "image/tiff", pieces).await.unwrap();
}

#[tokio::test]
async fn a_restore_that_is_killed_leaves_nothing_and_can_be_done_again() {
    let place = Place::new();
    bulky(&place.path("old")).await;
    let archive = place.file("all.zip");
    place.well("old", &["archive", &archive]);
    let mut child =
        Command::new(binary()).args(["restore", "--data", &place.file("new"), &archive]).spawn().unwrap();
    let restoring = place.path("new").join("restoring");
    let end = Instant::now() + Duration::from_secs(30);
    while !restoring.join("blobs").exists() {
        assert!(Instant::now() < end && child.try_wait().unwrap().is_none(), "it was never seen to restore");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(restoring.exists() && !place.path("new").join("dzinza.db").exists());
    let output = place.run("new", &["export"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("interrupted restore") && said.contains("removed") && said.contains("there is no data"),
        "{said}"
    );
    assert!(!restoring.exists());
    place.well("new", &["restore", &archive]);
    assert_eq!(rows(&place.path("old")), rows(&place.path("new")));
}

/// The tree as GEDCOM.
async fn gedcom(client: &Client, tree: &str) -> String {
    let answer = client.get(&format!("/api/family-trees/{tree}/export/gedcom")).await;
    assert_eq!(answer.status, 200);
    answer.text()
}

async fn download(client: &Client, tree: &str) -> Vec<u8> {
    let answer = client.get(&format!("/api/family-trees/{tree}/export/archive")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/zip")));
    answer.bytes.to_vec()
}

async fn restore(client: &Client, archive: Vec<u8>) -> dzinza_tests::Answer {
    let part = Part::bytes(archive).file_name("tree.zip");
    let request = client.request(http::Method::POST, "/api/family-trees/restore");
    client.send(request.multipart(Form::new().part("archive", part))).await
}

#[tokio::test]
async fn a_tree_becomes_a_new_one_beside_it_and_elsewhere() {
    let place = Place::new();
    let tree = lived_in(&place.path("old")).await;
    let process = Process::start(&place.path("old"));
    let rudo = Client::at(process.url()).sign_in("rudo@example.org", PASSWORD).await;
    let tendai = Client::at(process.url()).sign_in("tendai@example.org", PASSWORD).await;
    let original = gedcom(&rudo, &tree).await;
    let archive = download(&rudo, &tree).await;
    tendai.get(&format!("/api/family-trees/{tree}/export/archive")).await.problem(404);

    let made = restore(&tendai, archive.clone()).await.ok(201);
    let copy = made["id"].as_str().unwrap();
    assert_ne!(copy, tree);
    assert_eq!((&made["name"], &made["statistics"]["totalPersons"]), (&json!("Nyakasikana"), &json!(4)));
    assert_eq!(gedcom(&tendai, copy).await, original);
    rudo.get(&format!("/api/family-trees/{copy}")).await.problem(404);
    let shown = tendai.get(&format!("/api/family-trees/{copy}")).await.ok(200);
    let root = shown["rootPersonId"].as_str().unwrap();
    let history = tendai.get(&format!("/api/persons/{root}/history")).await.ok(200);
    assert!(history.to_string().contains("Svikiro") && history.to_string().contains("Medium"), "{history}");
    let imports = tendai.get(&format!("/api/family-trees/{copy}/imports")).await.ok(200);
    assert_eq!(imports["total"], 1);
    let import = imports["items"][0]["id"].as_str().unwrap();
    tendai.delete(&format!("/api/family-trees/{copy}/imports/{import}")).await.problem(409);
    assert_eq!(gedcom(&rudo, &tree).await, original);
    process.terminate();

    fs::write(place.path("tree.zip"), archive).unwrap();
    Process::start(&place.path("new")).terminate();
    let file = place.file("tree.zip");
    place.fails("new", &["restore", &file], "--tree-into");
    place.fails("new", &["restore", &file, "--tree-into", "sekuru@example.org"], "sekuru@example.org");
    let process = Process::start(&place.path("new"));
    let sekuru = Client::at(process.url()).sign_up("sekuru@example.org").await;
    let said = place.well("new", &["restore", &file, "--tree-into", "sekuru@example.org"]);
    assert!(said.contains("4 people"), "{said}");
    let there = sekuru.get("/api/family-trees?search=nyaka").await.ok(200)["items"][0]["id"].clone();
    assert_eq!(gedcom(&sekuru, there.as_str().unwrap()).await, original);
}

#[tokio::test]
async fn a_trees_photo_comes_along_under_a_key_of_its_own() {
    let place = Place::new();
    let process = Process::with(&place.path("data"), |command| {
        command.arg("--demo");
    });
    let demo = eventually("the sample family", async || {
        let demo = Client::at(process.url());
        let request = demo.request(http::Method::POST, "/api/auth/login");
        let answer = demo
            .send(request.json(&json!({ "email": "demo@dzinza.example", "password": "Demo-2026!" })))
            .await;
        (answer.status == 200).then(|| demo.known_by(&answer, Mode::Header))
    })
    .await;
    let photo = |tree: Value| {
        let members = tree["members"].as_array().cloned().unwrap_or_default();
        members.iter().find_map(|member| Some(member["profilePhotoUrl"].as_str()?.to_owned()))
    };
    let (tree, picture) = eventually("the portrait", async || {
        let tree =
            demo.get("/api/family-trees?search=mhizha").await.ok(200)["items"][0]["id"].as_str()?.to_owned();
        let picture = photo(demo.get(&format!("/api/family-trees/{tree}")).await.ok(200))?;
        Some((tree, picture))
    })
    .await;
    let made = restore(&demo, download(&demo, &tree).await).await.ok(201);
    let copy = made["id"].as_str().unwrap();
    let other = photo(demo.get(&format!("/api/family-trees/{copy}")).await.ok(200)).unwrap();
    assert!(other.starts_with(&format!("/blobs/restored/{copy}/")), "{other}");
    let (one, two) = (demo.get(&picture).await, demo.get(&other).await);
    assert!(one.status == 200 && one.bytes == two.bytes && !one.bytes.is_empty());
}

#[tokio::test]
async fn what_is_no_archive_of_a_tree_is_refused_and_leaves_nothing() {
    let place = Place::new();
    let tree = lived_in(&place.path("data")).await;
    place.well("data", &["archive", &place.file("all.zip")]);
    let process = Process::start(&place.path("data"));
    let rudo = Client::at(process.url()).sign_in("rudo@example.org", PASSWORD).await;
    let mut archive = download(&rudo, &tree).await;
    let before = rudo.get("/api/family-trees").await.ok(200)["total"].clone();
    let whole = fs::read(place.path("all.zip")).unwrap();
    restore(&rudo, whole).await.field("archive");
    restore(&rudo, b"0 HEAD".to_vec()).await.field("archive");
    restore(&rudo, Vec::new()).await.field("archive");
    let middle = archive.len() / 2;
    archive[middle] ^= 1;
    restore(&rudo, archive.clone()).await.field("archive");
    archive[middle] ^= 1;
    let raw = |kind: &'static str| {
        let request = rudo.request(http::Method::POST, "/api/family-trees/restore");
        rudo.send(request.header("content-type", kind).body(archive.clone()))
    };
    raw("text/plain").await.problem(415);
    Client::at(process.url()).post("/api/family-trees/restore", &json!({})).await.problem(401);
    assert_eq!(rudo.get("/api/family-trees").await.ok(200)["total"], before);
    raw("application/zip").await.ok(201);
}
