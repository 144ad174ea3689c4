//! The real program dies as in a power cut, in the middle of imports and of edits. What a caller can see afterwards
//! is what was there before or all of what was asked for, and what was acknowledged stays.
#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use dzinza_tests::{Client, PASSWORD, Process};
use serde_json::{Value, json};

const EMAIL: &str = "rudo@example.org";
/// A surname that nobody has who is not imported.
const IMPORTED: &str = "Chirandu";
const PEOPLE: usize = 20_000;
/// How many where a whole tree in one answer has to fit into what Lambda sends.
const FEWER: usize = 2_000;

/// Couples with three children each, of whom the first two marry in the next family.
fn generated(people: usize) -> String {
    let mut file = String::from("0 HEAD\n1 GEDC\n2 VERS 5.5.1\n2 FORM LINEAGE-LINKED\n1 CHAR UTF-8\n");
    let families = people / 5;
    for n in 1..=people {
        let (sex, family) = (if n % 2 == 0 { 'F' } else { 'M' }, (n - 1) / 5 + 1);
        let _ = write!(
            file,
            "0 @I{n}@ INDI\n1 NAME Tendai{n} /{IMPORTED}/\n1 SEX {sex}\n1 BIRT\n2 DATE {} JAN {}\n2 PLAC Gutu\n1 DEAT\n2 DATE 1960\n\
             1 OCCU Farmer\n1 {} @F{family}@\n",
            n % 28 + 1,
            1700 + family % 250,
            if n % 5 == 1 || n % 5 == 2 { "FAMS" } else { "FAMC" },
        );
    }
    for family in 1..=families {
        let first = (family - 1) * 5 + 1;
        let _ = write!(
            file,
            "0 @F{family}@ FAM\n1 HUSB @I{first}@\n1 WIFE @I{}@\n1 MARR\n2 DATE 1800\n",
            first + 1
        );
        (2..5).for_each(|child| _ = writeln!(file, "1 CHIL @I{}@", first + child));
    }
    file + "0 TRLR\n"
}

/// Numbers from a seed (xorshift, Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Everything of a tree that a caller can see, on every path that shows it.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    statistics: Value,
    listed: (u64, BTreeSet<String>),
    related: (u64, BTreeSet<String>),
    whole: BTreeMap<&'static str, usize>,
    found: BTreeSet<String>,
    export: String,
}

async fn look(owner: &Client, tree: &str) -> Seen {
    let shown = owner.get(&format!("/api/family-trees/{tree}")).await.ok(200);
    let simple = owner.tree().await;
    assert_eq!(simple["id"], tree, "the only tree");
    let length = |key: &str| simple[key].as_array().expect("a list").len();
    let found =
        owner.get(&format!("/api/persons/search?name={IMPORTED}&tree_id={tree}&limit=100")).await.ok(200);
    let export = owner.get(&format!("/api/family-trees/{tree}/export/gedcom")).await;
    assert_eq!(export.status, 200, "{}", export.text());
    Seen {
        statistics: json!([shown["statistics"]["totalPersons"], shown["statistics"]["totalRelationships"]]),
        listed: first_page(owner, tree, "persons").await,
        related: first_page(owner, tree, "relationships").await,
        whole: ["members", "relationships"].map(|key| (key, length(key))).into(),
        found: ids(&found),
        export: export.text(),
    }
}

fn ids(list: &Value) -> BTreeSet<String> {
    list.as_array().expect("a list").iter().filter_map(|one| one["id"].as_str().map(str::to_owned)).collect()
}

async fn first_page(owner: &Client, tree: &str, what: &str) -> (u64, BTreeSet<String>) {
    let page = owner.get(&format!("/api/family-trees/{tree}/{what}?limit=200")).await.ok(200);
    (page["total"].as_u64().expect("a total"), ids(&page["items"]))
}

impl Seen {
    /// Asserts that this many people and relationships of an import came to what was there before, on every path.
    #[track_caller]
    fn is_before_and(&self, before: &Self, people: usize, relationships: usize) {
        let persons = before.listed.0 as usize + people;
        let related = before.related.0 as usize + relationships;
        assert_eq!(self.statistics, json!([persons, related]), "statistics");
        assert_eq!((self.listed.0, self.related.0), (persons as u64, related as u64), "lists");
        assert_eq!(self.whole, [("members", persons), ("relationships", related)].into(), "the family tree");
        assert_eq!(self.found.len(), people.min(100), "search");
        let named = self.export.matches(&format!("/{IMPORTED}/\n")).count();
        assert_eq!(named, people, "the export");
        assert!(self.listed.1.is_superset(&before.listed.1) || persons > 200, "those who were there are");
    }
}

async fn import_of(owner: &Client, tree: &str, id: &str) -> Value {
    owner.get(&format!("/api/family-trees/{tree}/imports/{id}")).await.ok(200)
}

fn settled(import: &Value) -> bool {
    !matches!(import["status"].as_str(), Some("queued" | "running" | "undoing"))
}

/// Asks again and again until the import is as wanted.
async fn wait_until(
    owner: &Client,
    tree: &str,
    id: &str,
    seconds: u64,
    wanted: impl Fn(&Value) -> bool,
) -> Value {
    let end = Instant::now() + Duration::from_secs(seconds);
    loop {
        let import = import_of(owner, tree, id).await;
        if wanted(&import) {
            return import;
        }
        assert!(Instant::now() < end, "gave up after {seconds} s: {import}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Uploads and comes back at once, with the id of the import.
async fn upload(owner: &Client, tree: &str, file: &str) -> String {
    let answer = owner.upload_gedcom(tree, file).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.body["importId"].as_str().expect("an id").to_owned()
}

/// A server that answers an upload without waiting for the import.
fn start(data: &Path) -> Process {
    Process::with(data, |command| _ = command.env("IMPORT_WAIT_SECONDS", "0"))
}

async fn again(data: &Path) -> (Process, Client) {
    let process = start(data);
    let owner = Client::at(process.url()).sign_in(EMAIL, PASSWORD).await;
    (process, owner)
}

/// A mother, a father and two children.
async fn small_family(owner: &Client) -> String {
    let tree = owner.tree().await["id"].as_str().expect("an id").to_owned();
    let mother =
        owner.new_member(&json!({ "firstName": "Chipo", "lastName": "Moyo", "gender": "female" })).await;
    let father =
        owner.new_member(&json!({ "firstName": "Tendai", "lastName": "Moyo", "gender": "male" })).await;
    for child in ["Rudo", "Farai"] {
        owner
            .new_member(&json!({ "firstName": child, "lastName": "Moyo", "parentIds": [mother, father] }))
            .await;
    }
    tree
}

#[track_caller]
fn intact(data: &Path) {
    let database = rusqlite::Connection::open(data.join("dzinza.db")).expect("the database");
    let state: String =
        database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("an answer");
    assert_eq!(state, "ok");
}

/// The relationships of a generated file: each family a couple and three children of two.
fn relationships(people: usize) -> usize {
    people / 5 * 7
}

fn people() -> usize {
    if dzinza_tests::apart() { FEWER } else { PEOPLE }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_moment_of_an_import_leaves_the_tree_as_before_or_complete() {
    const ROUNDS: usize = 10;
    /// The import of the last rounds is not given up: it goes on after each kill.
    const LAST: usize = 3;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = generated(people());
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);

    let mut process = start(&data);
    let mut owner = Client::at(process.url()).sign_up(EMAIL).await;
    let tree = small_family(&owner).await;
    let before = look(&owner, &tree).await;
    before.is_before_and(&before, 0, 0);
    let undisturbed = how_long(&owner, &tree, &file, &before).await;

    let (mut import, mut in_the_middle) = (String::new(), 0);
    for round in 0..ROUNDS {
        if import.is_empty() || settled(&import_of(&owner, &tree, &import).await) {
            import = upload(&owner, &tree, &file).await;
        } else {
            let seen = import_of(&owner, &tree, &import).await["updatedAt"].clone();
            wait_until(&owner, &tree, &import, 90, |now| settled(now) || now["updatedAt"] != seen).await;
        }
        tokio::time::sleep(Duration::from_micros(dice.below(undisturbed.as_micros() as u64))).await;
        process.kill();
        (process, owner) = again(&data).await;
        let complete = before_or_complete(&owner, &tree, &import, &before).await;
        in_the_middle += usize::from(!complete);
        if complete || round < ROUNDS - LAST {
            undo(&owner, &tree, &import, &before).await;
            import.clear();
        }
    }
    // So few people are soon imported.
    let enough = if dzinza_tests::apart() { 1 } else { ROUNDS / 2 };
    assert!(in_the_middle >= enough, "only {in_the_middle} kills were in the middle");

    if import.is_empty() {
        import = upload(&owner, &tree, &file).await;
    }
    it_ends_well(&owner, &tree, &import, &before).await;
    assert!(!process.complaints().contains("panicked"), "{}", process.complaints());
    assert!(process.terminate().success());
    intact(&data);
}

/// How long the import takes when nobody disturbs it; it is undone again.
async fn how_long(owner: &Client, tree: &str, file: &str, before: &Seen) -> Duration {
    let begun = Instant::now();
    let import = upload(owner, tree, file).await;
    let ended = wait_until(owner, tree, &import, 90, settled).await;
    let took = begun.elapsed();
    assert_eq!(ended["status"], "completed", "{ended}");
    undo(owner, tree, &import, before).await;
    took
}

/// Asserts that an import which was killed more than once is complete in the end, or has failed with a report.
async fn it_ends_well(owner: &Client, tree: &str, import: &str, before: &Seen) {
    let ended = wait_until(owner, tree, import, 90, settled).await;
    let seen = look(owner, tree).await;
    if ended["status"] == "completed" {
        let said =
            ["individualsImported", "familiesProcessed", "relationshipsCreated"].map(|key| &ended[key]);
        assert_eq!(json!(said), json!([people(), people() / 5, relationships(people())]));
        seen.is_before_and(before, people(), relationships(people()));
    } else {
        assert!(ended["status"] == "failed" && ended["error"].is_string(), "{ended}");
        assert!(ended["report"].is_object(), "{ended}");
        assert_eq!(&seen, before);
    }
}

/// Looks at once after a restart; says whether the import turned out to be complete.
async fn before_or_complete(owner: &Client, tree: &str, import: &str, before: &Seen) -> bool {
    loop {
        let was = import_of(owner, tree, import).await;
        let seen = look(owner, tree).await;
        let is = import_of(owner, tree, import).await;
        // It may end while we look.
        if was["status"] == "completed" {
            seen.is_before_and(before, people(), relationships(people()));
            return true;
        }
        if is["status"] != "completed" {
            assert_eq!(seen.statistics, before.statistics, "{is}");
            assert_eq!((&seen.listed, &seen.related), (&before.listed, &before.related), "{is}");
            assert_eq!((&seen.whole, &seen.found), (&before.whole, &before.found), "{is}");
            assert_eq!(seen.export, before.export, "{is}");
            return false;
        }
    }
}

/// Undoes an import in whatever state it is; what it brought is out of sight at once.
async fn undo(owner: &Client, tree: &str, import: &str, before: &Seen) {
    let answer = owner.delete(&format!("/api/family-trees/{tree}/imports/{import}")).await;
    if settled(&import_of(owner, tree, import).await) && answer.status == 409 {
        return;
    }
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(&look(owner, tree).await, before);
    let ended = wait_until(owner, tree, import, 90, settled).await;
    assert_eq!(ended["status"], "undone", "{ended}");
    assert_eq!(&look(owner, tree).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn undoing_an_import_takes_away_exactly_what_it_brought_even_across_a_kill() {
    const SOME: usize = 2000;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let process = start(&data);
    let owner = Client::at(process.url()).sign_up(EMAIL).await;
    let tree = small_family(&owner).await;
    let before = look(&owner, &tree).await;

    let other = generated(10).replace(IMPORTED, "Samanyanga");
    let kept = upload(&owner, &tree, &other).await;
    wait_until(&owner, &tree, &kept, 60, settled).await;
    let with_other = look(&owner, &tree).await;
    assert_eq!(with_other.statistics, json!([14, before.related.0 + 14]));

    let import = upload(&owner, &tree, &generated(SOME)).await;
    assert_eq!(wait_until(&owner, &tree, &import, 60, settled).await["status"], "completed");
    look(&owner, &tree).await.is_before_and(&with_other, SOME, relationships(SOME));

    // One of ours marries one of theirs, and one of theirs is edited: both go with the import.
    let found =
        owner.get(&format!("/api/persons/search?name=Tendai1&tree_id={tree}&limit=100")).await.ok(200);
    let theirs = found.as_array().unwrap().iter().find(|one| one["name"] == format!("Tendai1 {IMPORTED}"));
    let theirs = theirs.expect("the first imported one")["id"].as_str().unwrap().to_owned();
    let ours = before.listed.1.first().expect("someone").clone();
    let union = json!({ "person1Id": ours, "person2Id": theirs, "type": "SPOUSE" });
    owner.post("/api/genealogy/relationships", &union).await.ok(201);
    owner.put(&format!("/api/genealogy/members/{theirs}"), &json!({ "occupation": "Smith" })).await.ok(200);

    owner.delete(&format!("/api/family-trees/{tree}/imports/{import}")).await.ok(202);
    owner.get(&format!("/api/persons/{theirs}")).await.problem(404);
    let gone = first_page(&owner, &tree, "persons").await;
    assert_eq!((gone.0, &gone.1), (14, &with_other.listed.1));
    process.kill();

    let (process, owner) = again(&data).await;
    assert_eq!(first_page(&owner, &tree, "persons").await, gone);
    assert_eq!(wait_until(&owner, &tree, &import, 60, settled).await["status"], "undone");
    assert_eq!(look(&owner, &tree).await, with_other);
    owner.delete(&format!("/api/family-trees/{tree}/imports/{import}")).await.problem(409);
    owner.delete(&format!("/api/family-trees/{tree}/imports/{kept}")).await.ok(202);
    wait_until(&owner, &tree, &kept, 60, settled).await;
    assert_eq!(look(&owner, &tree).await, before);
    assert!(process.terminate().success());
    intact(&data);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_write_is_there_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let process = start(&data);
    let owner = Client::at(process.url()).sign_up(EMAIL).await;
    owner.tree().await;
    let edited = owner.new_member(&json!({ "firstName": "Rudo" })).await;
    let create = |n: usize| {
        let owner = owner.clone();
        async move { owner.new_member(&json!({ "firstName": format!("Anesu{n}"), "lastName": "Dube" })).await }
    };
    let made: BTreeSet<String> = futures::future::join_all((0..50).map(create)).await.into_iter().collect();
    owner.put(&format!("/api/genealogy/members/{edited}"), &json!({ "totem": "Shumba" })).await.ok(200);
    process.kill();

    let (process, owner) = again(&data).await;
    let tree = owner.tree().await;
    let there = ids(&tree["members"]);
    assert_eq!((made.len(), there.len()), (50, 51));
    assert!(there.is_superset(&made));
    let members = tree["members"].as_array().unwrap();
    assert_eq!(members.iter().find(|member| member["id"] == edited).unwrap()["totem"], "Shumba");
    let id = tree["id"].as_str().unwrap();
    let shown = owner.get(&format!("/api/family-trees/{id}")).await.ok(200);
    assert_eq!(shown["statistics"]["totalPersons"], 51);
    let history = owner.get(&format!("/api/persons/{edited}/history")).await.ok(200);
    let versions: Vec<u64> =
        history.as_array().unwrap().iter().filter_map(|entry| entry["version"].as_u64()).collect();
    assert_eq!(versions, [2, 1]);
    drop(process);
    intact(&data);
}
