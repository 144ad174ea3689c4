//! Large files in pieces, looks at files before they are imported, and newer versions of files that were: over HTTP,
//! across restarts and kills.
#![cfg(test)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use dzinza_domain::collections::IMPORTS;
use dzinza_ports::{Batch, Body};
use dzinza_runner::platform::Platform;
use dzinza_tests::{Answer, Client, PASSWORD, Process, Server, eventually};
use http::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

const EMAIL: &str = "rudo@example.org";
const OLDER: &str = "0 HEAD\n1 SOUR Test\n1 FILE moyo.ged\n1 GEDC\n2 VERS 5.5.1\n1 CHAR UTF-8\n\
    0 @I1@ INDI\n1 NAME Tendai /Moyo/\n1 SEX M\n1 BIRT\n2 DATE 1890\n2 PLAC Gutu\n1 OCCU Smith\n1 FAMS @F1@\n\
    0 @I2@ INDI\n1 NAME Sekai /Ncube/\n1 SEX F\n1 FAMS @F1@\n\
    0 @I3@ INDI\n1 NAME Rudo /Moyo/\n1 SEX F\n1 FAMC @F1@\n\
    0 @F1@ FAM\n1 HUSB @I1@\n1 WIFE @I2@\n1 CHIL @I3@\n0 TRLR\n";

fn newer() -> String {
    OLDER
        .replace("2 PLAC Gutu", "2 PLAC Masvingo")
        .replace("1 OCCU Smith", "1 OCCU Farmer")
        .replace("1 CHIL @I3@\n", "1 CHIL @I3@\n1 CHIL @I4@\n")
        .replace("0 @F1@ FAM", "0 @I4@ INDI\n1 NAME Chipo /Moyo/\n1 SEX F\n1 FAMC @F1@\n0 @F1@ FAM")
}

async fn upload(owner: &Client, tree: &str, query: &str, file: &str) -> Answer {
    let part = Part::bytes(file.as_bytes().to_vec()).file_name("moyo.ged");
    let path = format!("/api/family-trees/{tree}/import/gedcom{query}");
    let form = Form::new().part("gedcomFile", part);
    owner.send(owner.request(Method::POST, &path).multipart(form)).await
}

/// Everything of the tree that a caller can see.
async fn look(owner: &Client, tree: &str) -> BTreeMap<&'static str, Value> {
    let mut seen = BTreeMap::new();
    for what in ["persons", "relationships"] {
        let page = owner.get(&format!("/api/family-trees/{tree}/{what}?limit=200")).await.ok(200);
        let mut items = page["items"].clone();
        for item in items.as_array_mut().unwrap() {
            item.as_object_mut().unwrap().remove("updatedAt");
        }
        seen.insert(what, items);
    }
    let shown = owner.get(&format!("/api/family-trees/{tree}")).await.ok(200);
    seen.insert("statistics", shown["statistics"].clone());
    seen.insert("export", json!(owner.get(&format!("/api/family-trees/{tree}/export/gedcom")).await.text()));
    seen
}

async fn import_of(owner: &Client, tree: &str, id: &str) -> Value {
    owner.get(&format!("/api/family-trees/{tree}/imports/{id}")).await.ok(200)
}

async fn until(owner: &Client, tree: &str, id: &str, wanted: &str) -> Value {
    eventually(wanted, async || {
        let import = import_of(owner, tree, id).await;
        assert!(import["status"] != "failed" || wanted == "failed", "{import}");
        (import["status"] == wanted).then_some(import)
    })
    .await
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

async fn person(owner: &Client, tree: &str, name: &str) -> Value {
    let page = owner.get(&format!("/api/family-trees/{tree}/persons?limit=200")).await.ok(200);
    let found = page["items"].as_array().unwrap().iter().find(|one| one["firstName"] == name);
    found.unwrap_or_else(|| panic!("{name}: {page}")).clone()
}

/// Sends a piece as tus clients do.
async fn send(owner: &Client, address: &str, at: usize, piece: &str) -> Answer {
    let request = owner
        .request(Method::PATCH, address)
        .header("Tus-Resumable", "1.0.0")
        .header("Upload-Offset", at.to_string())
        .header("Content-Type", "application/offset+octet-stream")
        .body(piece.to_owned());
    owner.send(request).await
}

async fn announce(owner: &Client, tree: &str, size: usize, metadata: &str) -> Answer {
    let request = owner
        .request(Method::POST, &format!("/api/family-trees/{tree}/uploads"))
        .header("Tus-Resumable", "1.0.0")
        .header("Upload-Length", size.to_string())
        .header("Upload-Metadata", metadata);
    owner.send(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_comes_in_pieces_across_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::on(&data, |_| {}).await;
    let owner = Client::signed_up(&server, EMAIL).await;
    let tree = owner.new_tree("Moyo", "private").await;
    // "moyo.ged" in Base64.
    let made = announce(&owner, &tree, OLDER.len(), "filename bW95by5nZWQ=").await;
    assert_eq!((made.status, made.header("tus-resumable")), (201, Some("1.0.0")));
    let address = made.header("location").unwrap().to_owned();
    let (one, rest) = OLDER.split_at(100);
    let (two, three) = rest.split_at(50);
    let sent = send(&owner, &address, 0, one).await;
    assert_eq!((sent.status, sent.header("upload-offset")), (204, Some("100")));
    owner.post(&format!("{address}/import"), &json!({})).await.problem(409);
    server.stop().await;

    let server = Server::on(&data, |_| {}).await;
    let owner = Client::anonymous(&server).sign_in(EMAIL, PASSWORD).await;
    let head = owner.send(owner.request(Method::HEAD, &address).header("Tus-Resumable", "1.0.0")).await;
    assert_eq!((head.status, head.header("upload-offset")), (200, Some("100")));
    assert_eq!(head.header("upload-length").unwrap(), OLDER.len().to_string());
    assert_eq!(send(&owner, &address, 0, two).await.problem(409)["offset"], 100);
    assert_eq!(send(&owner, &address, 120, two).await.problem(409)["offset"], 100);
    for _ in 0..2 {
        // The second time the answer to the first was lost.
        let sent = send(&owner, &address, 100, two).await;
        assert_eq!((sent.status, sent.header("upload-offset")), (204, Some("150")));
    }
    send(&owner, &address, 150, &format!("{three}more")).await.field("body");
    let stranger = owner.as_nobody().sign_up("eve@example.org").await;
    send(&stranger, &address, 150, three).await.problem(404);
    assert_eq!(send(&owner, &address, 150, three).await.status, 204);
    let done = owner.post(&format!("{address}/import"), &json!({})).await.ok(200);
    assert_eq!((&done["status"], &done["fileName"]), (&json!("completed"), &json!("moyo.ged")));
    assert_eq!(done["individualsImported"], 3);
    owner.get(&address).await.problem(404);
}

#[tokio::test]
async fn uploads_are_bounded_and_checked() {
    let server = Server::start().await;
    let owner = Client::signed_up(&server, EMAIL).await;
    let tree = owner.new_tree("Moyo", "private").await;
    let uploads = format!("/api/family-trees/{tree}/uploads");
    owner.post(&uploads, &json!({ "size": 0 })).await.field("size");
    owner.post(&uploads, &json!({ "name": "a" })).await.field("size");
    owner.post(&uploads, &json!({ "size": (1_u64 << 30) + 1 })).await.problem(413);
    owner.post(&uploads, &json!({ "size": 9, "sha256": "x" })).await.field("sha256");
    announce(&owner, &tree, 9, "filename !!!").await.field("Upload-Metadata");
    let other_version = owner.request(Method::POST, &uploads).header("Tus-Resumable", "0.2.2");
    owner.send(other_version).await.problem(412);
    // Two gibibytes in all.
    let large = json!({ "size": 1_u64 << 30 });
    let first = text(&owner.post(&uploads, &large).await.ok(201)["id"]);
    owner.post(&uploads, &large).await.ok(201);
    assert_eq!(owner.post(&uploads, &large).await.problem(409)["error"], "TOO_MANY_UPLOADS");
    assert_eq!(owner.delete(&format!("{uploads}/{first}")).await.status, 204);
    let wrong = json!({ "size": OLDER.len(), "sha256": "0".repeat(64) });
    let id = text(&owner.post(&uploads, &wrong).await.ok(201)["id"]);
    let address = format!("{uploads}/{id}");
    let plain = owner.request(Method::PATCH, &address).header("Upload-Offset", "0").body("x");
    owner.send(plain).await.problem(415);
    assert_eq!(send(&owner, &address, 0, OLDER).await.status, 204);
    owner.post(&format!("{address}/import"), &json!({})).await.field("sha256");
    assert_eq!(look(&owner, &tree).await["persons"], json!([]));
}

fn sha256(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().fold(String::new(), |mut sum, byte| {
        write!(sum, "{byte:02x}").expect("a text takes it");
        sum
    })
}

/// What the sender of a file is told to do, done.
async fn send_directly(owner: &Client, offer: &Value, file: &str) -> Answer {
    assert_eq!(offer["method"], "PUT");
    let mut request = owner.as_nobody().request(Method::PUT, &text(&offer["url"])).body(file.to_owned());
    for (name, value) in offer["headers"].as_object().unwrap() {
        request = request.header(name, value.as_str().unwrap());
    }
    owner.send(request).await
}

#[tokio::test]
async fn a_file_of_any_size_is_sent_at_once_to_a_signed_address() {
    let server = Server::start().await;
    let owner = Client::signed_up(&server, EMAIL).await;
    let tree = owner.new_tree("Moyo", "private").await;
    let uploads = format!("/api/family-trees/{tree}/uploads");
    let file = newer();
    let sum = sha256(&file);
    let wanted = json!({ "name": "moyo.ged", "size": file.len(), "sha256": sum, "direct": true });
    owner.post(&uploads, &json!({ "size": 9, "direct": true })).await.field("sha256");
    owner.post(&uploads, &json!({ "size": 9, "sha256": sum, "direct": "yes" })).await.field("direct");
    let made = owner.post(&uploads, &wanted).await.ok(201);
    let address = format!("{uploads}/{}", text(&made["id"]));
    assert!(made["signedKey"].is_null(), "where it lies stays inside: {made}");
    assert_eq!(send_directly(&owner, &made["direct"], OLDER).await.status, 400, "another file");
    owner.post(&format!("{address}/import"), &json!({})).await.problem(409);
    assert_eq!(owner.get(&address).await.ok(200)["complete"], false);
    // Twice: the answer to the first was lost.
    for _ in 0..2 {
        assert_eq!(send_directly(&owner, &made["direct"], &file).await.status, 200);
    }
    let come = owner.get(&address).await.ok(200);
    assert_eq!((&come["complete"], &come["offset"]), (&json!(true), &json!(file.len())));
    let done = owner.post(&format!("{address}/import"), &json!({})).await.ok(200);
    assert_eq!((&done["status"], &done["fileName"]), (&json!("completed"), &json!("moyo.ged")));
    owner.get(&address).await.problem(404);
    owner.post(&format!("{address}/import"), &json!({})).await.problem(404);
}

#[tokio::test]
async fn nobody_fills_the_store_by_addresses_of_uploads_given_up() {
    let server = Server::start().await;
    let owner = Client::signed_up(&server, EMAIL).await;
    let tree = owner.new_tree("Moyo", "private").await;
    let uploads = format!("/api/family-trees/{tree}/uploads");
    let large = json!({ "size": 1_u64 << 30, "sha256": sha256("x"), "direct": true });
    for _ in 0..2 {
        let made = owner.post(&uploads, &large).await.ok(201);
        assert_eq!(owner.delete(&format!("{uploads}/{}", text(&made["id"]))).await.status, 204);
    }
    assert_eq!(owner.post(&uploads, &large).await.problem(409)["error"], "TOO_MANY_UPLOADS");
}

#[tokio::test]
async fn a_dry_run_changes_nothing_and_can_be_given_up_or_done() {
    let server = Server::start().await;
    let owner = Client::signed_up(&server, EMAIL).await;
    let tree = owner.new_tree("Moyo", "private").await;
    let before = look(&owner, &tree).await;
    let seen = upload(&owner, &tree, "?dryRun=true", OLDER).await.ok(200);
    assert_eq!((&seen["status"], &seen["preview"]["records"]["INDI"]), (&json!("previewed"), &json!(3)));
    assert_eq!(look(&owner, &tree).await, before);
    let id = text(&seen["importId"]);
    owner.delete(&format!("/api/family-trees/{tree}/imports/{id}")).await.ok(202);
    until(&owner, &tree, &id, "undone").await;
    owner.post(&format!("/api/family-trees/{tree}/imports/{id}/apply"), &json!({})).await.problem(409);
    let seen = upload(&owner, &tree, "?dryRun=1", OLDER).await.ok(200);
    let apply = format!("/api/family-trees/{tree}/imports/{}/apply", text(&seen["importId"]));
    assert_eq!(owner.post(&apply, &json!({})).await.ok(200)["status"], "completed");
    assert_eq!(look(&owner, &tree).await["statistics"]["totalPersons"], 3);
    upload(&owner, &tree, "?mode=replace", OLDER).await.field("mode");
    upload(&owner, &tree, "?removeMissing=true", OLDER).await.field("removeMissing");
    upload(&owner, &tree, "?mode=update&previousImportId=x", OLDER).await.field("previousImportId");
    // Added all the same, but it is said.
    let again = upload(&owner, &tree, "", OLDER).await.ok(200);
    assert_eq!(again["newerVersionOf"], seen["importId"]);
    let report = again["report"]["diagnostics"].as_array().unwrap();
    assert!(report.iter().any(|one| one["code"] == "looks_like_newer_version"));
}

#[tokio::test]
async fn a_newer_version_is_shown_then_applied_then_undone() {
    let server = Server::start().await;
    let owner = Client::signed_up(&server, EMAIL).await;
    let tree = owner.new_tree("Moyo", "private").await;
    upload(&owner, &tree, "", OLDER).await.ok(200);
    let tendai = text(&person(&owner, &tree, "Tendai").await["id"]);
    owner.put(&format!("/api/persons/{tendai}"), &json!({ "occupation": "Teacher" })).await.ok(200);
    let before = look(&owner, &tree).await;

    let same = upload(&owner, &tree, "?mode=update", OLDER).await.ok(200);
    let persons = &same["preview"]["comparison"]["persons"];
    assert_eq!((&persons["unchanged"], &persons["new"]), (&json!(3), &json!(0)));
    let imports = format!("/api/family-trees/{tree}/imports");
    owner.post(&format!("{imports}/{}/apply", text(&same["id"])), &json!({})).await.ok(200);
    assert_eq!(look(&owner, &tree).await, before);

    let seen = upload(&owner, &tree, "?mode=update", &newer()).await.ok(200);
    let id = text(&seen["importId"]);
    assert_eq!((&seen["status"], &seen["newerVersionOf"]), (&json!("previewed"), &same["id"]));
    assert_eq!(look(&owner, &tree).await, before);
    let changes = owner.get(&format!("{imports}/{id}/changes?kind=changed&limit=1")).await.ok(200);
    assert_eq!((&changes["total"], &changes["items"][0]["personId"]), (&json!(2), &json!(tendai)));
    let conflicts = owner.get(&format!("{imports}/{id}/changes?kind=conflict")).await.ok(200);
    assert_eq!(conflicts["items"][0]["conflicts"][0]["here"], "Teacher");
    owner.get(&format!("{imports}/{id}/changes?kind=odd")).await.field("kind");

    let done = owner.post(&format!("{imports}/{id}/apply"), &json!({})).await.ok(200);
    assert_eq!((&done["individualsImported"], &done["update"]["persons"]["changed"]), (&json!(1), &json!(1)));
    let now = person(&owner, &tree, "Tendai").await;
    assert_eq!((&now["placeOfBirth"], &now["occupation"]), (&json!("Masvingo"), &json!("Teacher")));
    let after = look(&owner, &tree).await;
    assert_eq!(
        (&after["statistics"]["totalPersons"], &after["statistics"]["totalRelationships"]),
        (&json!(4), &json!(5))
    );
    let exported = text(&after["export"]);
    for line in ["2 PLAC Masvingo\n", "1 OCCU Teacher\n", "1 NAME Chipo /Moyo/\n", "1 FAMC @F1@\n"] {
        assert!(exported.contains(line), "{line} in {exported}");
    }
    let history = owner.get(&format!("/api/persons/{tendai}/history")).await.ok(200);
    assert_eq!((&history[0]["changeType"], &history[0]["importId"]), (&json!("update"), &json!(id)));

    owner.delete(&format!("{imports}/{id}")).await.ok(202);
    until(&owner, &tree, &id, "undone").await;
    assert_eq!(look(&owner, &tree).await, before);
}

#[tokio::test]
async fn it_can_be_too_late_to_undo() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::on(&data, |_| {}).await;
    let owner = Client::signed_up(&server, EMAIL).await;
    let tree = owner.new_tree("Moyo", "private").await;
    let done = upload(&owner, &tree, "", OLDER).await.ok(200);
    assert!(done["undoUntil"].is_string());
    let id = text(&done["id"]);
    server.stop().await;
    let platform = Platform::open(&Server::settings(&data), &data).unwrap();
    let documents = platform.stores.documents.clone();
    let import = documents.get(&IMPORTS, &id).await.unwrap().unwrap();
    let mut body: Body = import.body.clone();
    body.insert("expiresAt".into(), json!("2020-01-01T00:00:00.000000Z"));
    let mut batch = Batch::new();
    batch.replace(&IMPORTS, &import, body);
    documents.commit(batch).await.unwrap();
    drop((platform, documents));
    let server = Server::on(&data, |_| {}).await;
    let owner = Client::anonymous(&server).sign_in(EMAIL, PASSWORD).await;
    let late = owner.delete(&format!("/api/family-trees/{tree}/imports/{id}")).await.problem(409);
    assert_eq!(late["error"], "UNDO_EXPIRED");
    assert_eq!(look(&owner, &tree).await["statistics"]["totalPersons"], 3);
}

/// Couples with a child each.
fn generated(families: usize, place: &str) -> String {
    let mut file = String::from("0 HEAD\n1 SOUR Test\n1 GEDC\n2 VERS 5.5.1\n1 CHAR UTF-8\n");
    for n in 0..families * 3 {
        let link = if n % 3 == 2 { "FAMC" } else { "FAMS" };
        let _ = write!(
            file,
            "0 @I{n}@ INDI\n1 NAME Anesu{n} /Chirandu/\n1 BIRT\n2 PLAC {place}\n1 {link} @F{}@\n",
            n / 3
        );
    }
    for n in 0..families {
        let first = n * 3;
        let _ = write!(
            file,
            "0 @F{n}@ FAM\n1 HUSB @I{first}@\n1 WIFE @I{}@\n1 CHIL @I{}@\n",
            first + 1,
            first + 2
        );
    }
    file + "0 TRLR\n"
}

fn start(data: &Path) -> Process {
    Process::with(data, |command| _ = command.env("IMPORT_WAIT_SECONDS", "0"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_is_killed_goes_on_and_can_be_undone() {
    // Where the export has to fit into what Lambda sends, fewer.
    let families = if dzinza_tests::apart() { 500 } else { 1500 };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut process = start(&data);
    let mut owner = Client::at(process.url()).sign_up(EMAIL).await;
    let tree = owner.new_tree("Chirandu", "private").await;
    let first = text(&upload(&owner, &tree, "", &generated(families, "Gutu")).await.ok(202)["id"]);
    until(&owner, &tree, &first, "completed").await;
    let before = text(&look(&owner, &tree).await["export"]);
    assert_eq!(before.matches("2 PLAC Gutu\n").count(), families * 3);

    let newer = generated(families + 1, "Masvingo");
    let id = text(&upload(&owner, &tree, "?mode=update", &newer).await.ok(202)["id"]);
    until(&owner, &tree, &id, "previewed").await;
    owner.post(&format!("/api/family-trees/{tree}/imports/{id}/apply"), &json!({})).await.ok(202);
    let mut in_the_middle = 0;
    for share in [20, 60] {
        let now = eventually("some progress", async || {
            let import = import_of(&owner, &tree, &id).await;
            let far =
                import["progress"]["percent"].as_u64().unwrap_or(0) >= share && import["status"] == "running";
            (far || import["status"] == "completed").then_some(import)
        })
        .await;
        in_the_middle += usize::from(now["status"] != "completed");
        process.kill();
        process = start(&data);
        owner = Client::at(process.url()).sign_in(EMAIL, PASSWORD).await;
    }
    assert!(in_the_middle > 0, "no kill was in the middle");
    let done = until(&owner, &tree, &id, "completed").await;
    let counts = &done["update"]["persons"];
    assert_eq!((&counts["changed"], &counts["new"]), (&json!(families * 3), &json!(3)), "{done}");
    let after = look(&owner, &tree).await;
    assert_eq!(text(&after["export"]).matches("2 PLAC Masvingo\n").count(), families * 3 + 3);
    assert_eq!(after["statistics"]["totalPersons"], families * 3 + 3);
    assert_eq!(after["statistics"]["totalRelationships"], (families + 1) * 3);

    owner.delete(&format!("/api/family-trees/{tree}/imports/{id}")).await.ok(202);
    let undone = until(&owner, &tree, &id, "undone").await;
    assert_eq!(undone["restored"], families * 3 + usize::from(undone["restored"] == families * 3 + 1));
    assert_eq!(text(&look(&owner, &tree).await["export"]), before);
    assert!(!process.complaints().contains("panicked"), "{}", process.complaints());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_cancelled_while_it_runs() {
    let server = Server::with(|settings| settings.import_wait_seconds = 0).await;
    let owner = Client::signed_up(&server, EMAIL).await;
    let tree = owner.new_tree("Chirandu", "private").await;
    let before = look(&owner, &tree).await;
    let id = text(&upload(&owner, &tree, "", &generated(5000, "Gutu")).await.ok(202)["id"]);
    eventually("a beginning", async || {
        let import = import_of(&owner, &tree, &id).await;
        assert_ne!(import["status"], "completed", "too quick to be cancelled");
        (import["progress"]["recordsDone"].as_u64().unwrap_or(0) > 0).then_some(())
    })
    .await;
    owner.delete(&format!("/api/family-trees/{tree}/imports/{id}")).await.ok(202);
    assert_eq!(look(&owner, &tree).await, before);
    until(&owner, &tree, &id, "undone").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(look(&owner, &tree).await, before);
    assert_eq!(import_of(&owner, &tree, &id).await["status"], "undone");
}
