//! Every file of the shared GEDCOM corpus (`<repository>/../shared/data/gedcom`, not part of the repository) goes in
//! and out over HTTP: the right people and families, and every line back. Then files that are broken on purpose.
//!
//! What is expected comes from the plain reading of lines in this file, which shares no code with the product.
//! Without the corpus its cases show as ignored.
#![expect(clippy::expect_used, reason = "tests fail by panicking")]

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use dzinza_tests::{Client, Process};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

type Outcome = Result<(), Failed>;

fn main() {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/gedcom");
    let site = Arc::new(Site::new());
    let mut trials: Vec<Trial> =
        corpus_files(&root).into_iter().map(|path| corpus_trial(&site, &root, path)).collect();
    if trials.is_empty() {
        trials.push(Trial::test("corpus (folder missing)", || Ok(())).with_ignored_flag(true));
    }
    for broken in broken_files() {
        let site = site.clone();
        let name = format!("broken: {}", broken.name);
        trials.push(Trial::test(name, move || site.run(async |owner| broken_file(owner, &broken).await)));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    site.close();
    conclusion.exit();
}

/// The real program, shared by all cases; each has an account of its own.
struct Site {
    runtime: Runtime,
    url: OnceLock<String>,
    running: Mutex<Option<(Process, TempDir)>>,
    accounts: AtomicU32,
}

impl Site {
    fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        Self { runtime, url: OnceLock::new(), running: Mutex::default(), accounts: AtomicU32::new(0) }
    }

    fn url(&self) -> &str {
        self.url.get_or_init(|| {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let process = Process::start(&folder.path().join("data"));
            let url = process.url().to_owned();
            *self.running.lock().expect("no panic") = Some((process, folder));
            url
        })
    }

    fn run(&self, case: impl AsyncFnOnce(&Client) -> Outcome) -> Outcome {
        let nobody = Client::at(self.url());
        let email = format!("case{}@example.org", self.accounts.fetch_add(1, Ordering::Relaxed));
        let within = Duration::from_mins(3);
        let done =
            async { tokio::time::timeout(within, async { case(&nobody.sign_up(&email).await).await }).await };
        let outcome =
            self.runtime.block_on(done).unwrap_or_else(|_| Err("it takes more than three minutes".into()));
        let complaints =
            self.running.lock().expect("no panic").as_ref().map(|(process, _)| process.complaints());
        match complaints.unwrap_or_default() {
            said if said.contains("panicked") => Err(format!("the program panicked: {said}").into()),
            _ => outcome,
        }
    }

    /// The conclusion exits, and statics are not dropped then.
    fn close(&self) {
        drop(self.running.lock().expect("no panic").take());
    }
}

fn corpus_files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in ["gedcom4j", "gedcom7/gedcom70", "gedcom7/gedcom71"] {
        let entries = std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
        let gedcom =
            |path: &PathBuf| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("ged"));
        files.extend(entries.map(|entry| entry.path()).filter(gedcom));
    }
    files.sort();
    files
}

fn corpus_trial(site: &Arc<Site>, root: &Path, path: PathBuf) -> Trial {
    let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
    let site = site.clone();
    // Its notes, all on one page, are more than Lambda sends at once.
    let too_large = dzinza_tests::apart() && name.ends_with("5.5.1 sample 3.ged");
    let case = move || site.run(async |owner| corpus_file(owner, &path).await);
    Trial::test(format!("in and out: {name}"), case).with_ignored_flag(too_large)
}

async fn corpus_file(owner: &Client, path: &Path) -> Outcome {
    let bytes = std::fs::read(path)?;
    let (text, exact) = decode(&bytes);
    let tree = owner.new_tree("Corpus", "private").await;
    let import = import(owner, &tree, bytes.clone()).await;
    if import["status"] != "completed" {
        return Err(format!("not imported: {import}").into());
    }
    counts_agree(owner, &tree, &import, &text, (0, 0)).await?;
    nothing_is_new(owner, &tree, bytes).await?;
    records_are_read(owner, &tree, &text).await?;
    let exported = export(owner, &tree).await?;
    lines_are_kept(&text, &exported, exact)
}

/// The same file again, as a newer version of itself, has nobody new and changes nothing.
async fn nothing_is_new(owner: &Client, tree: &str, bytes: Vec<u8>) -> Outcome {
    let part = reqwest::multipart::Part::bytes(bytes).file_name("family.ged");
    let form = reqwest::multipart::Form::new().part("gedcomFile", part);
    let path = format!("/api/family-trees/{tree}/import/gedcom?mode=update&removeMissing=true");
    let mut import = owner.send(owner.request(http::Method::POST, &path).multipart(form)).await.body;
    let id = import["importId"].as_str().unwrap_or_default().to_owned();
    while matches!(import["status"].as_str(), Some("queued" | "running")) {
        tokio::time::sleep(Duration::from_millis(50)).await;
        import = owner.get(&format!("/api/family-trees/{tree}/imports/{id}")).await.body;
    }
    let comparison = &import["preview"]["comparison"];
    let different: Vec<&Value> = ["persons", "families", "records", "links"]
        .iter()
        .flat_map(|kind| ["new", "changed", "missing"].map(|word| &comparison[*kind][word]))
        .filter(|count| **count != 0)
        .collect();
    if different.is_empty() { Ok(()) } else { Err(format!("not the same again: {import}").into()) }
}

/// Every record lists and reads, and sent back as it was shown it stays as it is.
async fn records_are_read(owner: &Client, tree: &str, text: &str) -> Outcome {
    let lines = Lines::of(text);
    for (kind, tags) in [
        ("sources", &["SOUR"][..]),
        ("repositories", &["REPO"]),
        ("notes", &["NOTE", "SNOTE"]),
        ("media-objects", &["OBJE"]),
        ("submitters", &["SUBM"]),
    ] {
        let path = format!("/api/family-trees/{tree}/{kind}");
        let expected: usize = tags.iter().map(|tag| lines.records(tag)).sum();
        let listed = owner.get(&format!("{path}?limit=200")).await.ok(200);
        if listed["total"] != json!(expected) {
            return Err(format!("{expected} {kind} in the file, {} listed", listed["total"]).into());
        }
        for item in listed["items"].as_array().into_iter().flatten() {
            let one = format!("{path}/{}", item["id"].as_str().unwrap_or_default());
            let shown = owner.get(&one).await.ok(200);
            let same = owner.put(&one, &shown).await;
            if same.status != 200 || same.header("etag") != Some("\"1\"") {
                return Err(format!("{kind} {shown} sent back: {} {}", same.status, same.text()).into());
            }
            owner.get(&format!("{one}/citations")).await.ok(200);
        }
    }
    let people = owner.get(&format!("/api/family-trees/{tree}/persons?limit=50")).await.ok(200);
    for person in people["items"].as_array().into_iter().flatten() {
        let path = format!("/api/persons/{}/citations", person["id"].as_str().unwrap_or_default());
        owner.get(&path).await.ok(200);
    }
    cited_for_a_while(owner, tree, &people["items"][0]["id"]).await;
    Ok(())
}

/// A citation that comes and goes leaves nothing behind.
async fn cited_for_a_while(owner: &Client, tree: &str, person: &Value) {
    let Some(person) = person.as_str() else { return };
    let sources = format!("/api/family-trees/{tree}/sources");
    let source = owner.post(&sources, &json!({ "title": "For a while" })).await.ok(201);
    let path = format!("/api/persons/{person}/citations");
    let made = owner.post(&path, &json!({ "sourceId": source["id"], "page": "1" })).await.ok(201);
    let id = |value: &Value| value["id"].as_str().unwrap_or_default().to_owned();
    assert_eq!(owner.delete(&format!("{path}/{}", id(&made))).await.status, 204);
    assert_eq!(owner.delete(&format!("{sources}/{}", id(&source))).await.status, 204);
}

/// Uploads a file and answers how the import ended, or the refusal.
async fn import(owner: &Client, tree: &str, bytes: Vec<u8>) -> Value {
    let answer = owner.upload_gedcom(tree, bytes).await;
    if answer.status != 202 {
        return answer.body;
    }
    let path = answer.header("location").expect("where to look").to_owned();
    loop {
        let import = owner.get(&path).await.ok(200);
        if !matches!(import["status"].as_str(), Some("queued" | "running")) {
            return import;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The import, the tree's statistics, its lists and the plain count agree. `before` is what was in the tree: persons
/// and relationships.
async fn counts_agree(
    owner: &Client,
    tree: &str,
    import: &Value,
    text: &str,
    before: (usize, usize),
) -> Outcome {
    let lines = Lines::of(text);
    let (people, families) = (lines.records("INDI"), lines.records("FAM"));
    let related = import["relationshipsCreated"].as_u64().unwrap_or(0) as usize;
    let said = json!([import["individualsImported"], import["familiesProcessed"]]);
    let shown = owner.get(&format!("/api/family-trees/{tree}")).await.ok(200);
    let members = shown["members"].as_array().map_or(people + before.0, Vec::len);
    let statistics = json!([shown["statistics"]["totalPersons"], shown["statistics"]["totalRelationships"]]);
    let listed = (all(owner, tree, "persons").await?, all(owner, tree, "relationships").await?);
    let total = (people + before.0, related + before.1);
    if said != json!([people, families])
        || statistics != json!([total.0, total.1])
        || listed != total
        || members != total.0
    {
        let counted =
            format!("{people} people and {families} families in the file, {before:?} in the tree before");
        let got = format!(
            "import {said} with {related} relationships, statistics {statistics}, lists {listed:?}, members {members}"
        );
        return Err(format!("{counted}; {got}").into());
    }
    Ok(())
}

/// How many different ones all pages of a list hold, which must be what each page says there are.
async fn all(owner: &Client, tree: &str, what: &str) -> Result<usize, Failed> {
    let mut ids = HashSet::new();
    for page in 1.. {
        let path = format!("/api/family-trees/{tree}/{what}?limit=200&page={page}");
        let body = owner.get(&path).await.ok(200);
        let items = body["items"].as_array().cloned().unwrap_or_default();
        ids.extend(items.iter().filter_map(|item| item["id"].as_str().map(str::to_owned)));
        if items.len() < 200 {
            if body["total"] != ids.len() {
                return Err(format!("{} {what} listed, {} said", ids.len(), body["total"]).into());
            }
            break;
        }
    }
    Ok(ids.len())
}

async fn export(owner: &Client, tree: &str) -> Result<String, Failed> {
    let answer = owner.get(&format!("/api/family-trees/{tree}/export/gedcom")).await;
    let text = String::from_utf8(answer.bytes.to_vec())?;
    let whole = text.starts_with("0 HEAD\n") && text.ends_with("\n0 TRLR\n");
    if answer.status != 200 || !whole { Err(format!("not a whole export: {text}").into()) } else { Ok(text) }
}

fn lines_are_kept(source: &str, exported: &str, exact: bool) -> Outcome {
    let (source, exported) = (Lines::of(source), Lines::of(exported));
    let lost = source.without(&exported, exact);
    let added = exported.without(&source, exact);
    if lost.is_empty() && added.is_empty() {
        return Ok(());
    }
    let total = source.kept().count();
    let sample = |lines: &[String]| lines.iter().take(10).cloned().collect::<Vec<_>>().join("\n  ");
    let (less, more) = (sample(&lost), sample(&added));
    Err(format!("{} of {total} lines are lost:\n  {less}\n{} are new:\n  {more}", lost.len(), added.len())
        .into())
}

/// Text, and whether every character is right: bytes of ANSEL and code pages come out as something else here.
fn decode(bytes: &[u8]) -> (String, bool) {
    let wide = |big: bool| {
        let units = bytes.chunks_exact(2).map(|pair| {
            let pair = [pair[0], pair[1]];
            if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
        });
        String::from_utf16_lossy(&units.collect::<Vec<_>>())
    };
    let (text, exact) = match bytes {
        [0xFF, 0xFE, ..] | [_, 0, ..] => (wide(false), true),
        [0xFE, 0xFF, ..] | [0, _, ..] => (wide(true), true),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => (text.to_owned(), true),
            Err(_) => (bytes.iter().copied().map(char::from).collect(), false),
        },
    };
    (text.trim_start_matches('\u{FEFF}').to_owned(), exact)
}

/// The lines of a file, each with the tags above it; `CONC` and `CONT` joined, pointers all alike.
#[derive(Default)]
struct Lines {
    lines: Vec<Line>,
}

struct Line {
    /// `None` for a continuation, and for what is below one.
    path: Option<String>,
    value: String,
}

/// What an export may have of its own.
const OURS: [&str; 4] = ["HEAD", "TRLR", "SUBM", "SUBN"];

impl Lines {
    fn of(text: &str) -> Self {
        let mut all = Self::default();
        let mut open: Vec<usize> = Vec::new();
        for raw in text.replace("\r\n", "\n").split(['\n', '\r']) {
            let Some((level, tag, value)) = parse(raw) else {
                if let (Some(last), false) = (open.last(), raw.trim().is_empty()) {
                    let _ = write!(all.lines[*last].value, "\n{raw}");
                }
                continue;
            };
            open.truncate(level);
            let above = open.last().copied();
            let path = match (tag.as_str(), above) {
                ("CONC" | "CONT", Some(above)) => {
                    let gap = if tag == "CONT" { "\n" } else { "" };
                    let _ = write!(all.lines[above].value, "{gap}{value}");
                    None
                }
                (_, None) => (level == 0).then(|| format!("/{tag}")),
                (_, Some(above)) => all.lines[above].path.as_ref().map(|path| format!("{path}/{tag}")),
            };
            open.push(all.lines.len());
            all.lines.push(Line { path, value: value.to_owned() });
        }
        all
    }

    fn records(&self, tag: &str) -> usize {
        self.lines.iter().filter(|line| line.path.as_deref().is_some_and(|path| path[1..] == *tag)).count()
    }

    /// Everything that must come back.
    fn kept(&self) -> impl Iterator<Item = (&str, String)> {
        let ours = |path: &&str| OURS.contains(&path.split('/').nth(1).unwrap_or_default());
        let with_path = self.lines.iter().filter_map(|line| Some((line.path.as_deref()?, &line.value)));
        with_path.filter(move |(path, _)| !ours(path)).map(|(path, value)| (path, normal(value)))
    }

    /// The lines that are here and not there, each as often as it is missing.
    fn without(&self, other: &Self, exact: bool) -> Vec<String> {
        let shown =
            |(path, value): (&str, String)| if exact { format!("{path} {value}") } else { path.to_owned() };
        let mut there: HashMap<String, usize> = HashMap::new();
        other.kept().map(shown).for_each(|line| *there.entry(line).or_default() += 1);
        let mut missing = Vec::new();
        for line in self.kept().map(shown) {
            match there.get_mut(&line) {
                Some(count @ 1..) => *count -= 1,
                _ => missing.push(line),
            }
        }
        missing
    }
}

/// Level, tag and value of a line.
fn parse(raw: &str) -> Option<(usize, String, &str)> {
    let line = raw.trim_start();
    let end = line.find(|c: char| !c.is_ascii_digit())?;
    let level = line[..end].parse().ok()?;
    let mut rest = line[end..].strip_prefix(char::is_whitespace)?.trim_start();
    if let Some((pointer, after)) = rest.strip_prefix('@').and_then(|inner| inner.split_once('@')) {
        let tagged = after.trim_start();
        if !pointer.is_empty() && tagged.len() < after.len() && !tagged.is_empty() {
            rest = tagged;
        }
    }
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let (tag, value) = rest.split_at(end);
    let value = if value.is_empty() { value } else { value.strip_prefix(' ')? };
    (!tag.is_empty()).then(|| (level, tag.to_uppercase(), value))
}

fn normal(value: &str) -> String {
    let words: Vec<&str> = value.split_whitespace().collect();
    let value = words.join(" ");
    let inner = value.strip_prefix('@').and_then(|rest| rest.strip_suffix('@'));
    if inner.is_some_and(|inner| !inner.is_empty() && !inner.contains('@')) {
        "@*@".to_owned()
    } else {
        value
    }
}

/// How a broken file must end.
#[derive(Clone, Copy, PartialEq)]
enum End {
    /// With a 400 that says why.
    Refused,
    /// Imported, with something in the report.
    Reported,
    /// Imported; there is nothing to complain about.
    Imported,
}

struct Broken {
    name: &'static str,
    bytes: Vec<u8>,
    end: End,
}

const HEAD: &str = "0 HEAD\n1 GEDC\n2 VERS 5.5.1\n2 FORM LINEAGE-LINKED\n1 CHAR UTF-8\n";
const COUPLE: &str =
    "0 @I1@ INDI\n1 NAME Tendai /Moyo/\n1 SEX M\n0 @I2@ INDI\n1 NAME Chipo /Moyo/\n1 SEX F\n";

fn broken_files() -> Vec<Broken> {
    [useless_files(), doubtful_files()].into_iter().flatten().collect()
}

/// Files that are not GEDCOM, or stop being it.
fn useless_files() -> Vec<Broken> {
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    let mut noise = |length: usize| -> Vec<u8> {
        let mut next = || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed as u8
        };
        (0..length).map(|_| next()).collect()
    };
    let page = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><p>Please sign in</p></body></html>\n";
    let mut endless = HEAD.to_owned();
    for n in 1..=3000 {
        let _ = write!(endless, "0 @I{n}@ INDI\n1 NAME Anesu{n} /Dube/\n1 SEX F\n");
    }
    let _ = write!(endless, "0 @N1@ NOTE {}\n0 TRLR\n", "x".repeat(2 << 20));
    let files = [
        ("an empty file is refused", Vec::new()),
        ("a file of white space is refused", b" \r\n\t\n \n".to_vec()),
        ("a web page is refused", page.into()),
        ("a letter is refused", b"Dear aunt,\n\nI have found your grandmother.\n".to_vec()),
        ("noise is refused", noise(5000)),
        ("a zip archive is refused", [b"PK\x03\x04".to_vec(), noise(2000)].concat()),
        ("a line without end after many good records leaves nothing behind", endless.into()),
    ];
    files.map(|(name, bytes)| Broken { name, bytes, end: End::Refused }).into()
}

/// Files with a couple and records that cannot be true.
fn doubtful_files() -> Vec<Broken> {
    let files = [
        (
            "a file cut off in the middle is reported",
            "0 @F1@ FAM\n1 HUSB @I1@\n1 WIFE @I2@\n1 MARR\n2 PLAC Har",
        ),
        (
            "unknown pointers are reported",
            "0 @F1@ FAM\n1 HUSB @I1@\n1 WIFE @I7@\n1 CHIL @I8@\n1 NOTE @N9@\n0 TRLR\n",
        ),
        (
            "people who descend from themselves are reported",
            "0 @F1@ FAM\n1 HUSB @I1@\n1 CHIL @I2@\n0 @F2@ FAM\n1 WIFE @I2@\n1 CHIL @I1@\n\
             0 @F3@ FAM\n1 HUSB @I1@\n1 CHIL @I1@\n0 TRLR\n",
        ),
        ("a marriage with oneself is reported", "0 @F1@ FAM\n1 HUSB @I1@\n1 WIFE @I1@\n1 MARR Y\n0 TRLR\n"),
        (
            "two families of one couple are imported",
            "0 @F1@ FAM\n1 HUSB @I1@\n1 WIFE @I2@\n1 MARR\n2 DATE 1950\n1 DIV Y\n\
             0 @F2@ FAM\n1 HUSB @I1@\n1 WIFE @I2@\n1 MARR\n2 DATE 1960\n0 TRLR\n",
        ),
        (
            "pointers given twice are reported",
            "0 @I1@ INDI\n1 NAME Farai /Ncube/\n0 @F1@ FAM\n1 HUSB @I1@\n1 WIFE @I2@\n0 @F1@ FAM\n1 CHIL @I2@\n0 TRLR\n",
        ),
        (
            "levels that jump are reported",
            "0 @I3@ INDI\n1 NAME Rudo /Dube/\n4 NOTE deep\n1 BIRT\n3 DATE 1901\n0 TRLR\n",
        ),
    ];
    let broken = |(name, records): (&'static str, &str)| {
        let end = if name.ends_with("reported") { End::Reported } else { End::Imported };
        Broken { name, bytes: format!("{HEAD}{COUPLE}{records}").into(), end }
    };
    files.map(broken).into()
}

/// What everyone can see of a tree.
async fn view(owner: &Client, tree: &str) -> Result<Value, Failed> {
    let mut shown = owner.get(&format!("/api/family-trees/{tree}")).await.ok(200);
    for changing in ["updatedAt", "updated_at", "lastGedcomExport"] {
        shown.as_object_mut().expect("a tree").remove(changing);
    }
    let listed = (all(owner, tree, "persons").await?, all(owner, tree, "relationships").await?);
    Ok(json!({ "tree": shown, "lists": listed, "export": export(owner, tree).await? }))
}

async fn broken_file(owner: &Client, broken: &Broken) -> Outcome {
    let tree = owner.new_tree("Broken", "private").await;
    let mother =
        owner.new_member(&json!({ "treeId": tree, "firstName": "Nyasha", "gender": "female" })).await;
    owner.new_member(&json!({ "treeId": tree, "firstName": "Tariro", "parentIds": [mother] })).await;
    let before = view(owner, &tree).await?;
    let import = import(owner, &tree, broken.bytes.clone()).await;
    let outcome = match broken.end {
        End::Refused => {
            let reason = &import["errors"][0];
            let told = reason["path"] == "gedcomFile"
                && reason["message"].as_str().is_some_and(|text| text.len() > 10);
            let failed =
                import["status"] == "failed" && import["error"].is_string() && import["report"].is_object();
            if !told && !failed {
                return Err(format!("no reason: {import}").into());
            }
            let after = view(owner, &tree).await?;
            if after == before { Ok(()) } else { Err(format!("the tree has changed: {after}").into()) }
        }
        End::Reported | End::Imported => {
            imported_with_report(owner, &tree, &import, broken, before["export"].as_str().unwrap_or_default())
                .await
        }
    };
    let imports = owner.get(&format!("/api/family-trees/{tree}/imports")).await.ok(200);
    let pending = |one: &Value| !matches!(one["status"].as_str(), Some("completed" | "failed"));
    match imports["items"].as_array().expect("a list").iter().find(|one| pending(one)) {
        Some(one) => Err(format!("still pending: {one}").into()),
        None => outcome,
    }
}

async fn imported_with_report(
    owner: &Client,
    tree: &str,
    import: &Value,
    broken: &Broken,
    before: &str,
) -> Outcome {
    if import["status"] != "completed" {
        return Err(format!("not imported: {import}").into());
    }
    let found = import["report"]["diagnostics"].as_array().map_or(&[][..], Vec::as_slice);
    let serious = found.iter().filter(|one| one["severity"] != "info");
    if broken.end == End::Reported && serious.filter(|one| one["message"].is_string()).count() == 0 {
        return Err(format!("nothing is reported: {import}").into());
    }
    let (text, _) = decode(&broken.bytes);
    counts_agree(owner, tree, import, &text, (2, 1)).await?;
    // Whoever descends from themselves must not keep a walk going for ever.
    let page = owner.get(&format!("/api/family-trees/{tree}/persons?limit=200")).await.ok(200);
    for person in page["items"].as_array().expect("a list") {
        let id = person["id"].as_str().expect("an id");
        owner.get(&format!("/api/persons/{id}/ancestors?generations=10")).await.ok(200);
        owner.get(&format!("/api/persons/{id}/descendants?generations=10")).await.ok(200);
    }
    let exported = export(owner, tree).await?;
    let lost = Lines::of(&format!("{text}\n{before}")).without(&Lines::of(&exported), true);
    // What was repaired cannot come back as it was.
    let repaired = broken.name.contains("jump");
    if lost.is_empty() || repaired {
        Ok(())
    } else {
        Err(format!("lines are lost: {lost:?}\n{exported}").into())
    }
}
