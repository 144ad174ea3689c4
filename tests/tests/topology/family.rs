//! One family from the first day to an export, over every function and every store.

use std::fmt::Write as _;

use dzinza_tests::{Client, eventually};
use serde_json::{Value, json};

use crate::town::Town;

const FAMILY: &str = "0 HEAD\n1 SOUR Test\n1 GEDC\n2 VERS 5.5.1\n1 CHAR UTF-8\n\
    0 @I1@ INDI\n1 NAME Chaminuka /Pasipamire/\n1 SEX M\n1 BIRT\n2 DATE 1808\n1 DEAT\n2 DATE 1883\n1 _CLAN Moyo\n1 FAMS @F1@\n\
    0 @I2@ INDI\n1 NAME Nehanda /Charwe/\n1 SEX F\n1 BIRT\n2 DATE 1840\n1 DEAT Y\n1 FAMS @F1@\n\
    0 @F1@ FAM\n1 HUSB @I1@\n1 WIFE @I2@\n1 MARR\n2 PLAC Mazowe\n0 TRLR\n";
const LATER: &str =
    "0 HEAD\n1 GEDC\n2 VERS 5.5.1\n1 CHAR UTF-8\n0 @I1@ INDI\n1 NAME Sekuru /Kaguvi/\n1 SEX M\n0 TRLR\n";

pub async fn lives_here(town: &Town) {
    let rudo = Client::at(&town.url).sign_up("rudo@example.org").await;
    let tree = rudo.new_tree("Pasipamire", "private").await;
    let import = rudo.upload_gedcom(&tree, FAMILY).await;
    finished(&rudo, &tree, &import.body).await;
    let before = exported(&rudo, &tree).await;
    same_but(&before, FAMILY, &[]);

    let person = person(&rudo, &tree, "Nehanda").await;
    rudo.put(&format!("/api/persons/{person}"), &json!({ "firstName": "Mbuya" })).await.ok(200);
    let edited = exported(&rudo, &tree).await;
    same_but(&edited, FAMILY, &[("1 NAME Nehanda /Charwe/", "1 NAME Mbuya /Charwe/")]);

    let archive = rudo.get(&format!("/api/family-trees/{tree}/export/archive")).await;
    assert_eq!(archive.status, 200, "{}", archive.text());
    assert!(archive.bytes.starts_with(b"PK") && archive.bytes.len() > 500, "{}", archive.bytes.len());

    // The same by a job, fetched from a signed address by somebody who has nothing but that.
    let job = rudo.post(&format!("/api/family-trees/{tree}/exports"), &json!({})).await;
    let address = job.header("location").expect("where it is").to_owned();
    let made = eventually("the export", async || {
        let now = rudo.get(&address).await.ok(200);
        assert_ne!(now["status"], "failed", "{now}");
        (now["status"] == "completed").then_some(now)
    })
    .await;
    let url = made["url"].as_str().expect("its address");
    let file = rudo.as_nobody().get(url).await;
    assert_eq!((file.status, records(&file.text())), (200, records(&edited)));
    rudo.as_nobody().get(&url.replacen("signature=", "signature=0", 1)).await.problem(404);

    let tree = rudo.new_tree("Kaguvi", "private").await;
    let import = signed_upload(&rudo, &tree, LATER).await;
    finished(&rudo, &tree, &import).await;
    self::person(&rudo, &tree, "Sekuru").await;

    let letter = eventually("a letter", async || {
        town.letters.letters().into_iter().find(|letter| letter.to == "<rudo@example.org>")
    })
    .await;
    assert!(letter.data.contains("/api/auth/verify-email/"), "{}", letter.data);
    let admin = Client::at(&town.url).sign_in("admin@example.org", &town.secret("seed_admin_password")).await;
    let health = admin.get("/api/admin/system-health").await.ok(200);
    assert_eq!(health["overallStatus"], "UP", "{health}");
}

/// Sends a file to a signed address, without any other credential, and has it imported.
async fn signed_upload(owner: &Client, tree: &str, file: &str) -> Value {
    let digest = ring::digest::digest(&ring::digest::SHA256, file.as_bytes());
    let sum = digest.as_ref().iter().fold(String::new(), |mut sum, byte| {
        write!(sum, "{byte:02x}").expect("a text takes it");
        sum
    });
    let uploads = format!("/api/family-trees/{tree}/uploads");
    let announced = json!({ "name": "later.ged", "size": file.len(), "sha256": sum, "direct": true });
    let upload = owner.post(&uploads, &announced).await.ok(201);
    let offer = &upload["direct"];
    assert_eq!(sent(owner, offer, &file.replace("Sekuru", "Somebo")).await, 400, "another file");
    assert_eq!(sent(owner, offer, file).await, 200);
    let id = upload["id"].as_str().expect("an id");
    let import = owner.post(&format!("{uploads}/{id}/import"), &json!({})).await;
    assert!(matches!(import.status, 200 | 202), "{}: {}", import.status, import.text());
    import.body
}

/// What became of a file that was sent as an offer says.
async fn sent(owner: &Client, offer: &Value, file: &str) -> u16 {
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("no text: {offer}")).to_owned();
    let method = text(&offer["method"]).parse().expect("a method");
    let mut request = owner.as_nobody().request(method, &text(&offer["url"])).body(file.to_owned());
    for (name, value) in offer["headers"].as_object().expect("headers") {
        request = request.header(name, text(value));
    }
    owner.send(request).await.status
}

/// Waits for an import to be done.
pub async fn finished(owner: &Client, tree: &str, import: &Value) {
    let id = import["id"].as_str().unwrap_or_else(|| panic!("no import: {import}"));
    eventually("the import", async || {
        let now = owner.get(&format!("/api/family-trees/{tree}/imports/{id}")).await.ok(200);
        assert_ne!(now["status"], "failed", "{now}");
        (now["status"] == "completed").then_some(())
    })
    .await;
}

async fn exported(owner: &Client, tree: &str) -> String {
    let answer = owner.get(&format!("/api/family-trees/{tree}/export/gedcom")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text()
}

async fn person(owner: &Client, tree: &str, name: &str) -> String {
    let page = owner.get(&format!("/api/family-trees/{tree}/persons")).await.ok(200);
    let mut people = page["persons"].as_array().into_iter().flatten();
    let found = people.find(|person| person["firstName"] == name);
    found.and_then(|person| person["id"].as_str()).unwrap_or_else(|| panic!("no {name}: {page}")).to_owned()
}

/// The lines of a file but for its header, which says when it was made.
fn records(file: &str) -> Vec<String> {
    let lines = file.lines().map(str::to_owned);
    lines.skip_while(|line| !line.starts_with("0 @I")).collect()
}

/// Asserts that a file came back line by line but for some that were changed.
#[track_caller]
fn same_but(came: &str, went: &str, changed: &[(&str, &str)]) {
    let expected = changed.iter().fold(went.to_owned(), |text, (from, to)| text.replace(from, to));
    assert_eq!(records(came), records(&expected));
}
