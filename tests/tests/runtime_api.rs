//! Functions in processes of their own, called through the Lambda Runtime API: they answer as the linked ones do, share
//! the store, and one that dies or hangs is missed by nobody but its caller.
#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use dzinza_tests::{Answer, Client, Mode, Server, eventually};
use flate2::read::GzDecoder;
use futures::future::join_all;
use http::{HeaderMap, Method};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

const FAMILY: &str = "0 HEAD\n1 GEDC\n2 VERS 5.5.1\n1 CHAR UTF-8\n0 @I1@ INDI\n1 NAME Chaminuka /Pasipamire/\n1 SEX M\n\
    1 BIRT\n2 DATE 1808\n1 DEAT\n2 DATE 1883\n1 FAMS @F1@\n0 @I2@ INDI\n1 NAME Žofie /Chikwaka/\n1 SEX F\n1 FAMS @F1@\n\
    0 @F1@ FAM\n1 HUSB @I1@\n1 WIFE @I2@\n0 @S1@ SOUR\n1 TITL Kuverenga\n0 TRLR\n";
/// The smallest GIF.
const PICTURE: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

/// A server over this folder whose functions are linked, or are processes of their own.
async fn serve(data: &Path, apart: bool, replicas: usize) -> Server {
    Server::on(data, |settings| {
        *settings = Server::apart(settings.clone());
        settings.function_replicas = replicas;
        if !apart {
            settings.invoke = "in-process".to_owned();
        }
    })
    .await
}

/// Someone with a tree of some people, a notification, and a picture of themselves.
struct World {
    rudo: Client,
    ids: BTreeMap<&'static str, String>,
}

async fn world(server: &Server) -> World {
    let rudo = Client::signed_up(server, "rudo@example.org").await;
    let tree = rudo.new_tree("Pasipamire", "private").await;
    rudo.upload_gedcom(&tree, FAMILY).await.ok(200);
    rudo.tree().await;
    let form = Form::new().part("avatar", Part::bytes(PICTURE).file_name("me.gif"));
    rudo.send(rudo.request(Method::POST, "/api/auth/profile/avatar").multipart(form)).await.ok(200);
    let people = rudo.get(&format!("/api/family-trees/{tree}/persons")).await.ok(200);
    let person = people["persons"][0]["id"].as_str().expect("a person").to_owned();
    let unions = rudo.get(&format!("/api/persons/{person}/relationships")).await;
    let union = unions.body["relationships"][0]["id"].as_str().or(unions.body[0]["id"].as_str());
    let sources = rudo.get(&format!("/api/family-trees/{tree}/sources")).await.ok(200);
    let imports = rudo.get(&format!("/api/family-trees/{tree}/imports")).await.ok(200);
    let ids = BTreeMap::from([
        ("relationshipId", union.unwrap_or("none").to_owned()),
        ("recordId", first_id(&sources)),
        ("sourceId", first_id(&sources)),
        ("importId", first_id(&imports)),
        ("userId", rudo.user_id.clone()),
        ("treeId", tree.clone()),
        ("personId", person.clone()),
        ("id", person.clone()),
    ]);
    World { rudo, ids }
}

/// The first id in a list, whatever the list is called.
fn first_id(page: &Value) -> String {
    let lists = page.as_object().into_iter().flat_map(|page| page.values());
    let mut found = lists.filter_map(|list| list[0]["id"].as_str());
    found.next().unwrap_or("none").to_owned()
}

/// Of an answer, what must not depend on where it was made.
#[derive(PartialEq, Debug)]
struct Seen {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Seen {
    fn of(answer: &Answer) -> Self {
        Self { status: answer.status, headers: told(&answer.headers), body: hex(&answer.bytes) }
    }
}

/// Bytes as they are, readable where they are text; without the time of the last export, which is one of those reads.
fn hex(bytes: &[u8]) -> String {
    const FIELD: &str = "\"lastGedcomExport\":";
    let Ok(text) = std::str::from_utf8(bytes) else { return format!("{bytes:?}") };
    let mut parts = text.split(FIELD);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + FIELD + part.trim_start_matches(|c| c != ',' && c != '}'))
}

fn told(headers: &HeaderMap) -> BTreeMap<String, String> {
    // How long it took and how it came; and what is counted.
    let varies = ["date", "x-response-time", "content-length", "transfer-encoding"];
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers.iter().filter(|(name, _)| !varies.contains(&name.as_str())) {
        let value = String::from_utf8_lossy(value.as_bytes());
        let one = all.entry(name.to_string()).or_default();
        *one = if one.is_empty() { value.into_owned() } else { format!("{one}, {value}") };
    }
    all
}

/// Every address that can be read, and some that cannot.
async fn addresses(server: &Server, world: &World) -> Vec<String> {
    let described = Client::anonymous(server).get("/api/docs/openapi.json").await.ok(200);
    let mut all: Vec<String> = Vec::new();
    for (path, item) in described["paths"].as_object().expect("paths") {
        if item.get("get").is_none() {
            continue;
        }
        let known = |part: &str| {
            let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
            name.map_or(part.to_owned(), |name| {
                world.ids.get(name).cloned().unwrap_or_else(|| "x1".to_owned())
            })
        };
        all.push(path.split('/').map(known).collect::<Vec<_>>().join("/"));
    }
    let (tree, person) = (&world.ids["treeId"], &world.ids["personId"]);
    all.extend([
        format!("/api/family-trees/{tree}/export/gedcom?version=7.0"),
        format!("/api/family-trees/{tree}/persons?search=%C5%BDofie&page=1&limit=1"),
        format!("/api/family-trees/{tree}/persons?search=a%20b%26c&sortBy=%00&limit=0"),
        format!("/api/persons/{person}?a=1&a=2"),
        "/api/persons/%C5%BD%20%3F%23%25".to_owned(),
        "/api/persons/%ff".to_owned(),
        "/api/notifications?isRead=perhaps&page=-1".to_owned(),
        "/api/no/such/thing".to_owned(),
        format!("/api/v1/genealogy/trees/{tree}/"),
    ]);
    all
}

/// What of an answer is different each time it is given.
fn is_different_each_time(path: &str) -> bool {
    // Health, a state for the way to another site, what is recorded when it is read, or says when it was made.
    ["/oauth/", "health", "/export-data", "/export/archive"].iter().any(|word| path.contains(word))
}

async fn read_all(server: &Server, world: &World, addresses: &[String]) -> BTreeMap<String, Seen> {
    let rudo = Client::at(server.url()).with_token(&world.rudo.access);
    let callers =
        [("", rudo.clone()), ("cookie ", rudo.with_mode(Mode::Cookie)), ("nobody ", rudo.as_nobody())];
    let mut seen = BTreeMap::new();
    for (who, caller) in callers {
        for path in addresses {
            for method in [Method::GET, Method::HEAD] {
                let name = format!("{who}{method} {path}");
                let request = caller.request(method, path).header("x-request-id", "the-same-for-both");
                seen.insert(name, Seen::of(&caller.send(request).await));
            }
        }
    }
    for (name, body) in [
        ("no JSON", "{"),
        ("not UTF-8", "\u{fffd}"),
        ("wrong", "{\"email\":5,\"password\":null}"),
        ("nobody", "{\"email\":\"nobody@example.org\",\"password\":\"Mutupo-1891\"}"),
        ("empty", ""),
    ] {
        let bytes = if name == "not UTF-8" { b"\"\xff\"".to_vec() } else { body.as_bytes().to_vec() };
        let request = rudo.as_nobody().request(Method::POST, "/api/auth/login").body(bytes);
        let request =
            request.header("content-type", "application/json").header("x-request-id", "the-same-for-both");
        seen.insert(format!("login {name}"), Seen::of(&rudo.send(request).await));
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_the_same_byte_for_byte_wherever_functions_run() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let linked = serve(&data, false, 1).await;
    let world = world(&linked).await;
    let addresses: Vec<_> = addresses(&linked, &world).await;
    let addresses: Vec<_> = addresses.into_iter().filter(|path| !is_different_each_time(path)).collect();
    let here = read_all(&linked, &world, &addresses).await;
    linked.stop().await;
    let apart = serve(&data, true, 1).await;
    let there = read_all(&apart, &world, &addresses).await;
    // Decoded on its way, as by API Gateway; there is nothing at either address.
    let rudo = Client::at(apart.url()).with_token(&world.rudo.access);
    rudo.get("/api/persons/..%2f..%2fetc").await.problem(404);
    apart.stop().await;
    assert_eq!(here.keys().collect::<Vec<_>>(), there.keys().collect::<Vec<_>>());
    let statuses: BTreeSet<u16> = here.values().map(|seen| seen.status).collect();
    assert!(statuses.is_superset(&BTreeSet::from([200, 400, 401, 404])), "{statuses:?}");
    let differ = here.iter().filter(|(name, seen)| there[*name] != **seen);
    let differ: Vec<_> =
        differ.map(|(name, seen)| format!("{name}\n  {seen:?}\n  {:?}", there[name])).collect();
    assert!(differ.is_empty(), "{} of {} differ:\n{}", differ.len(), here.len(), differ.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_processes_of_a_function_share_one_store() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = serve(&data, true, 3).await;
    let rudo = Client::signed_up(&server, "rudo@example.org").await;
    let tree = rudo.new_tree("Pasipamire", "private").await;
    let made =
        join_all((0..30).map(|number| {
            let (rudo, tree) = (rudo.clone(), tree.clone());
            async move {
                rudo.new_member(&json!({ "firstName": format!("P{number}"), "familyTreeId": tree })).await
            }
        }));
    let made: BTreeSet<String> = made.await.into_iter().collect();
    assert_eq!(made.len(), 30);
    assert!(processes(&data, "people").len() > 1, "{:?}", processes(&data, "people"));
    let shown = rudo.get(&format!("/api/family-trees/{tree}/persons?limit=100")).await.ok(200);
    assert_eq!(shown["persons"].as_array().map(Vec::len), Some(30), "{shown}");
    server.stop().await;
    let gone = async || (processes(&data, "people").is_empty()).then_some(());
    eventually("processes end with the runner", gone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_is_missed_by_nobody_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = serve(&data, true, 1).await;
    let rudo = Client::signed_up(&server, "rudo@example.org").await;
    for _ in 0..3 {
        assert_eq!(rudo.get("/api/notifications").await.status, 200);
        let before = processes(&data, "notifications");
        assert_eq!(before.len(), 1);
        for id in &before {
            assert!(Command::new("kill").args(["-KILL", id]).status().unwrap().success());
        }
        // Whoever asks just then may be told that it went wrong, and no more than that.
        let answer = eventually("another process", async || {
            let answer = rudo.get("/api/notifications").await;
            assert!([200, 429, 502, 503].contains(&answer.status), "{}", answer.text());
            (answer.status == 200).then_some(answer)
        });
        answer.await;
        assert_ne!(processes(&data, "notifications"), before);
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_larger_than_lambda_takes_is_refused_and_pictures_pass() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(&folder.path().join("data"), true, 1).await;
    let rudo = Client::signed_up(&server, "rudo@example.org").await;
    let tree = rudo.new_tree("Pasipamire", "private").await;
    let large = rudo.upload_gedcom(&tree, vec![b' '; 6 * 1024 * 1024]).await;
    large.problem(413);
    let form = Form::new().part("avatar", Part::bytes(PICTURE).file_name("me.gif"));
    let set = rudo.send(rudo.request(Method::POST, "/api/auth/profile/avatar").multipart(form)).await.ok(200);
    let path = set["user"]["profileImageUrl"].as_str().expect("its address");
    let shown = rudo.get(path).await;
    assert!(
        shown.header("content-type").is_some_and(|kind| kind.starts_with("image/")),
        "{:?}",
        shown.headers
    );
    assert!(shown.bytes.len() > 20);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_too_large_for_lambda_as_it_is_goes_packed_to_who_takes_that() {
    const PEOPLE: usize = 7000;
    let folder = tempfile::tempdir().unwrap();
    let server = serve(&folder.path().join("data"), true, 1).await;
    let rudo = Client::signed_up(&server, "rudo@example.org").await;
    let tree = rudo.tree().await["id"].as_str().expect("an id").to_owned();
    let mut file = String::from("0 HEAD\n1 GEDC\n2 VERS 5.5.1\n1 CHAR UTF-8\n");
    for number in 0..PEOPLE {
        let _ = write!(
            file,
            "0 @I{number}@ INDI\n1 NAME Tendai{number} /Chirandu/\n1 SEX M\n1 BIRT\n2 DATE 1 JAN 1801\n2 PLAC Gutu\n1 OCCU Farmer\n"
        );
    }
    rudo.upload_gedcom(&tree, file + "0 TRLR\n").await;
    let count = format!("/api/family-trees/{tree}/persons?limit=1");
    eventually("everybody is there", async || (rudo.get(&count).await.body["total"] == PEOPLE).then_some(()))
        .await;
    let whole = "/api/genealogy/family-tree";
    let plain = rudo.get(whole).await;
    assert_eq!(plain.status, 502);
    assert!(plain.body.to_string().contains("ANSWER_TOO_LARGE"), "{}", plain.body);
    let packed = rudo.send(rudo.request(Method::GET, whole).header("accept-encoding", "gzip, br")).await;
    assert_eq!((packed.status, packed.header("content-encoding")), (200, Some("gzip")));
    assert!(
        packed.header("vary").is_some_and(|vary| vary.contains("Accept-Encoding")),
        "{:?}",
        packed.headers
    );
    let unpacked: Value = serde_json::from_reader(GzDecoder::new(&*packed.bytes)).unwrap();
    assert_eq!(unpacked["members"].as_array().map(Vec::len), Some(PEOPLE), "{}", packed.bytes.len());
    server.stop().await;
}

/// The processes of this function over this data folder.
fn processes(data: &Path, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        // Gone, or somebody else's: not ours.
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        let has = |wanted: &str| environment.split(|byte| *byte == 0).any(|pair| pair == wanted.as_bytes());
        let settings = format!("SHARED_CONFIG_PATH={}", data.join("functions.yaml").display());
        if has(&settings) && has(&format!("AWS_LAMBDA_FUNCTION_NAME={name}")) {
            found.push(entry.file_name().into_string().unwrap_or_default());
        }
    }
    found
}

/// A process whose runner has gone does not stay.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_ends_when_its_runner_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let runner = dzinza_tests::Process::with(&data, |command| {
        dzinza_tests::functions();
        // Or it does so anyway.
        if !dzinza_tests::apart() {
            command.args(["--spawn", "1"]).env("DZINZA_RUNTIME_API", "127.0.0.1:0");
        }
    });
    let nobody = Client::at(runner.url());
    assert_eq!(nobody.get("/api/notifications").await.status, 401);
    runner.kill();
    // It holds a lock of the folder for as long as it lives.
    let lock = fs::File::options().write(true).open(data.join("functions.lock")).unwrap();
    eventually("the process has gone", async || lock.try_lock().ok()).await;
}
