//! The command line, with the real program.
#![cfg(test)]

use std::fs;
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dzinza_tests::{Client, PASSWORD, Process, Stores, binary, eventually};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

const FAMILY: &str = "0 HEAD\n1 GEDC\n2 VERS 5.5.1\n1 CHAR UTF-8\n0 @I1@ INDI\n1 NAME Nehanda /Nyakasikana/\n1 SEX F\n\
    0 @I2@ INDI\n1 NAME Tichafa /Nyakasikana/\n1 SEX M\n0 @F1@ FAM\n1 WIFE @I1@\n1 CHIL @I2@\n0 TRLR\n";
const EMAIL: &str = "rudo@example.org";

/// A folder with a data folder to come, and files to import.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        fs::write(place.path("family.ged"), FAMILY).unwrap();
        fs::write(place.path("page.ged"), "<!DOCTYPE html><html><body>Sign in</body></html>").unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Runs the program here, on the data folder.
    fn run(&self, arguments: &[&str]) -> Said {
        self.run_with(arguments, "", &[])
    }

    fn run_with(&self, arguments: &[&str], input: &str, environment: &[(&str, &str)]) -> Said {
        let (command, rest) =
            arguments.split_at(arguments.iter().take_while(|word| is_command(word)).count());
        let (mut out, mut err) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
        let mut program = Command::new(binary());
        program.args(command).arg("--data").arg(self.data()).args(rest).current_dir(self.folder.path());
        for variable in dzinza_config::reference() {
            let names = std::iter::once(&variable.name).chain(variable.aliases);
            for name in names {
                program.env_remove(name).env_remove(format!("{name}_FILE"));
            }
        }
        program.envs(Stores::of(&self.data()).variables());
        program.env("BCRYPT_ROUNDS", "4").envs(environment.iter().copied()).stdin(Stdio::piped());
        program.stdout(out.try_clone().unwrap()).stderr(err.try_clone().unwrap());
        let mut child = program.spawn().unwrap();
        // It may end without reading.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let end = Instant::now() + Duration::from_mins(1);
        let code = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status.code();
            }
            if Instant::now() > end {
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let mut said = Said { code, out: String::new(), err: String::new() };
        for (file, text) in [(&mut out, &mut said.out), (&mut err, &mut said.err)] {
            file.rewind().unwrap();
            file.read_to_string(text).unwrap();
        }
        said
    }
}

fn is_command(word: &str) -> bool {
    ["serve", "import", "export", "user", "create", "config", "check"].contains(&word)
}

/// How a run ended and what it said.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    /// Its standard output, after asserting that all went well.
    #[track_caller]
    fn well(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    /// Asserts that it failed with exit code 1 and one line that contains all of these.
    #[track_caller]
    fn fails_with(self, words: &[&str]) {
        assert_eq!((self.code, self.out.as_str()), (Some(1), ""), "{self:?}");
        self.complains(words);
    }

    #[track_caller]
    fn complains(&self, words: &[&str]) {
        assert!(
            self.err.lines().count() == 1 && self.err.starts_with("dzinza: "),
            "not one clear line: {self:?}"
        );
        for word in words {
            assert!(self.err.contains(word), "{word:?} is not in {self:?}");
        }
    }

    /// The tree that an import names.
    #[track_caller]
    fn tree(&self) -> String {
        let after = self.out.split("into tree ").nth(1).unwrap_or_else(|| panic!("no tree: {self:?}"));
        after.split_whitespace().next().unwrap().trim_end_matches('.').to_owned()
    }
}

/// What follows these words in a line.
#[track_caller]
fn after<'t>(text: &'t str, words: &str) -> &'t str {
    let rest = text.split(words).nth(1).unwrap_or_else(|| panic!("{words:?} is not in {text:?}"));
    rest.lines().next().unwrap().trim()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).permissions().mode()
        & 0o777
}

#[tokio::test]
async fn a_first_start_makes_the_folder_with_its_secrets_and_says_where_everything_is() {
    let place = Place::new();
    let mut process = Process::start(&place.data());
    for file in ["dzinza.db", "blobs", "secrets"] {
        assert!(place.data().join(file).exists(), "{file}");
    }
    assert_eq!((mode(&place.data()), mode(&place.data().join("secrets"))), (0o700, 0o700));
    let secrets: Vec<PathBuf> =
        fs::read_dir(place.data().join("secrets")).unwrap().map(|one| one.unwrap().path()).collect();
    assert!(secrets.len() >= 2, "{secrets:?}");
    for secret in &secrets {
        assert_eq!(mode(secret), 0o600, "{}", secret.display());
    }
    assert!(process.wait_for("data").contains(&place.data().display().to_string()));
    let url = process.url().to_owned();
    assert!(process.wait_for("mail").contains(&place.data().join("mail").display().to_string()));
    assert!(process.wait_for("API").contains(&url));
    process.wait_for("next");
    let nobody = Client::at(&url);
    nobody.get("/health").await.ok(200);
    nobody.sign_up(EMAIL).await;
    let kept: Vec<Vec<u8>> = secrets.iter().map(|secret| fs::read(secret).unwrap()).collect();
    assert_eq!(process.terminate().code(), Some(0));

    let process = Process::start(&place.data());
    Client::at(process.url()).sign_in(EMAIL, PASSWORD).await;
    assert_eq!(secrets.iter().map(|secret| fs::read(secret).unwrap()).collect::<Vec<_>>(), kept);
}

#[test]
fn a_second_start_on_the_same_folder_or_port_fails_with_one_clear_line() {
    let (place, other) = (Place::new(), Place::new());
    let process = Process::start(&place.data());
    let folder = place.data().display().to_string();
    place.run(&["serve", "--listen", "127.0.0.1:0"]).fails_with(&[&folder]);
    let host = process.url().trim_start_matches("http://").to_owned();
    other.run(&["serve", "--listen", &host]).fails_with(&[&host]);
    other.run(&["serve", "--listen", "nowhere"]).fails_with(&["DZINZA_LISTEN"]);
    assert_eq!(process.terminate().code(), Some(0));
    drop(Process::start(&place.data()));
    std::net::TcpListener::bind(&host).expect("the port is free again");
}

#[tokio::test]
async fn a_first_import_makes_a_local_owner_who_can_sign_in() {
    let place = Place::new();
    let said = place.run(&["import", "family.ged"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    for words in ["2 people", "1 famil", "0 warnings", "0 errors"] {
        assert!(said.out.contains(words), "{words:?} is not in {said:?}");
    }
    let (email, password) = after(&said.out, "sign in as ").split_once(" with ").expect("with a password");
    let again = place.run(&["import", "family.ged"]);
    assert!(!again.out.contains("sign in as") && again.tree() != said.tree(), "{again:?}");

    let process = Process::start(&place.data());
    let owner = Client::at(process.url()).sign_in(email, password).await;
    let trees = owner.get("/api/family-trees").await.ok(200);
    assert_eq!((&trees["total"], &trees["items"][0]["name"]), (&json!(2), &json!("family")));
    let tree = owner.get(&format!("/api/family-trees/{}", said.tree())).await.ok(200);
    assert_eq!((people(&tree), &tree["statistics"]["totalRelationships"]), (2, &json!(1)));
}

fn people(tree: &Value) -> usize {
    let members = tree["members"].as_array().expect("members").len();
    assert_eq!(tree["statistics"]["totalPersons"], members);
    members
}

#[test]
fn a_file_that_cannot_be_imported_is_told_in_one_line_and_leaves_no_tree() {
    let place = Place::new();
    // This one only turns out to be useless when much of it has been read.
    let endless = format!("{}0 @N1@ NOTE {}\n", FAMILY.replace("0 TRLR\n", ""), "x".repeat(2 << 20));
    fs::write(place.path("endless.ged"), endless).unwrap();
    place.run(&["import", "missing.ged"]).fails_with(&["missing.ged"]);
    place.run(&["import", "page.ged"]).fails_with(&["GEDCOM"]);
    let said = place.run(&["import", "endless.ged"]);
    let last = said.err.lines().last().unwrap_or_default();
    assert!(said.code == Some(1) && last.starts_with("dzinza: ") && last.contains("line 14"), "{said:?}");
    for line in said.err.lines() {
        assert!(line.len() < 200, "{said:?}");
    }
    place.run(&["export"]).fails_with(&["there is no tree"]);
}

#[tokio::test]
async fn an_import_joins_an_existing_tree_while_the_server_runs() {
    let place = Place::new();
    let process = Process::start(&place.data());
    let owner = Client::at(process.url()).sign_up(EMAIL).await;
    let other = owner.sign_up("stranger@example.org").await;
    let tree = owner.tree().await["id"].as_str().unwrap().to_owned();
    owner.new_member(&json!({ "firstName": "Rudo" })).await;

    let said = place.run(&["import", "--email", EMAIL, "--tree", &tree, "family.ged"]);
    assert_eq!((said.code, said.tree()), (Some(0), tree.clone()), "{said:?}");
    assert_eq!(people(&owner.get(&format!("/api/family-trees/{tree}")).await.ok(200)), 3);

    let said = place.run(&["import", "--email", EMAIL, "family.ged"]);
    assert_ne!(said.tree(), tree);
    let made = owner.get(&format!("/api/family-trees/{}", said.tree())).await.ok(200);
    assert_eq!((people(&made), &made["name"]), (2, &json!("family")));
    other.get(&format!("/api/family-trees/{}", said.tree())).await.problem(404);

    place.run(&["import", "family.ged"]).fails_with(&["--email"]);
    place.run(&["import", "--email", "nobody@example.org", "family.ged"]).fails_with(&["nobody@example.org"]);
    place
        .run(&["import", "--email", EMAIL, "--tree", "no-such-tree", "family.ged"])
        .fails_with(&["not found"]);
    place
        .run(&["import", "--email", "stranger@example.org", "--tree", &tree, "family.ged"])
        .fails_with(&["not found"]);
    assert_eq!(people(&owner.get(&format!("/api/family-trees/{tree}")).await.ok(200)), 3);
}

#[test]
fn a_part_of_a_tree_is_exported_as_it_is_asked_for() {
    let place = Place::new();
    place.run(&["import", "family.ged"]).well();
    let part = place.run(&["export", "--living", "omit", "--version", "7.0"]).well();
    assert!(part.contains("2 VERS 7.0") && !part.contains("INDI"), "{part}");
    let part = place.run(&["export", "--living", "reduce"]).well();
    assert!(part.contains("1 NAME Living") && !part.contains("Nehanda"), "{part}");
    place.run(&["export", "--format", "gedzip", "--output", "out.gdz"]).well();
    assert!(fs::read(place.path("out.gdz")).unwrap().starts_with(b"PK"));
    for (arguments, word) in [
        (&["export", "--living", "all"][..], "living"),
        (&["export", "--branch", "both"], "root"),
        (&["export", "--root", "nobody", "--branch", "both"], "not a person"),
        (&["export", "--version", "5.5.1", "--format", "gedzip"], "7.0"),
    ] {
        place.run(arguments).fails_with(&[word]);
    }
}

#[tokio::test]
async fn an_export_is_the_newest_tree_unless_another_is_named() {
    let place = Place::new();
    place.run(&["export"]).fails_with(&["no data", &place.data().display().to_string()]);
    assert!(!place.data().exists());
    let old = place.run(&["import", "family.ged"]);
    fs::write(place.path("newer.ged"), FAMILY.replace("Nehanda", "Kaguvi")).unwrap();
    let new = place.run(&["import", "newer.ged"]);
    let process = Process::start(&place.data());
    let newest = place.run(&["export"]).well();
    assert!(
        newest.starts_with("0 HEAD\n") && newest.ends_with("0 TRLR\n") && newest.contains("Kaguvi"),
        "{newest}"
    );
    assert_eq!(place.run(&["export", "--tree", &new.tree()]).well(), newest);
    assert!(place.run(&["export", "--tree", &old.tree()]).well().contains("Nehanda"));

    assert_eq!(place.run(&["export", "--output", "out.ged"]).well(), "");
    assert_eq!(fs::read_to_string(place.path("out.ged")).unwrap(), newest);
    let (email, password) = after(&old.out, "sign in as ").split_once(" with ").unwrap();
    let owner = Client::at(process.url()).sign_in(email, password).await;
    let downloaded = owner.get(&format!("/api/family-trees/{}/export/gedcom", new.tree())).await;
    assert_eq!((downloaded.status, downloaded.text()), (200, newest.clone()));

    place.run(&["export", "--tree", "no-such-tree"]).fails_with(&["no tree", "no-such-tree"]);
    place.run(&["export", "--tree", "no-such-tree", "--output", "out.ged"]).fails_with(&["no-such-tree"]);
    place.run(&["export", "--output", "nowhere/out.ged"]).fails_with(&["nowhere"]);
    assert_eq!(fs::read_to_string(place.path("out.ged")).unwrap(), newest, "what was there stays");
}

#[tokio::test]
async fn an_account_made_on_the_command_line_can_sign_in() {
    let place = Place::new();
    let create = ["user", "create", "--email", EMAIL, "--name", "Rudo Moyo", "--password-stdin"];
    let said = place.run_with(&create, "Mutupo-1890\n", &[]).well();
    assert!(said.contains(EMAIL) && !said.contains(PASSWORD), "{said}");
    let process = Process::start(&place.data());
    let nobody = Client::at(process.url());
    let me = nobody.sign_in(EMAIL, PASSWORD).await.get("/api/auth/me").await.ok(200);
    assert_eq!(me["firstName"].as_str().or(me["user"]["firstName"].as_str()), Some("Rudo"), "{me}");

    place.run_with(&create, "Mutupo-1890\n", &[]).fails_with(&["already"]);
    let weak = ["user", "create", "--email", "weak@example.org", "--password-stdin"];
    place.run_with(&weak, "short\n", &[]).fails_with(&["assword"]);
    let made = place.run(&["user", "create", "--email", "made@example.org", "--admin"]).well();
    nobody.sign_in("made@example.org", after(&made, "password is ")).await;
}

#[test]
fn the_configuration_is_printed_without_its_secrets() {
    const GIVEN: &str = "a-secret-of-the-operator-0123456789-abcdef";
    let place = Place::new();
    let all = |said: &str| {
        for variable in dzinza_config::reference() {
            let prefix = format!("{}=", variable.name);
            assert!(said.lines().any(|line| line.starts_with(&prefix)), "{} is not in {said}", variable.name);
            assert!(!variable.secret || said.lines().any(|line| line == format!("{prefix}***")), "{said}");
        }
    };
    all(&place.run(&["config", "check"]).well());
    assert!(!place.data().exists(), "looking makes nothing");
    place.run(&["user", "create", "--email", EMAIL]).well();
    fs::write(place.path("refresh"), "another-secret-of-the-operator-0123456789").unwrap();
    let refresh = place.path("refresh").display().to_string();
    let given =
        [("JWT_SECRET", GIVEN), ("JWT_REFRESH_SECRET_FILE", refresh.as_str()), ("LOG_FORMAT", "json")];
    for environment in [&given[..], &[]] {
        let said = place.run_with(&["config", "check"], "", environment).well();
        all(&said);
        assert_eq!(said.contains("LOG_FORMAT=json"), !environment.is_empty(), "{said}");
        assert!(!said.contains(GIVEN) && !said.contains("another-secret"), "{said}");
        for secret in fs::read_dir(place.data().join("secrets")).unwrap() {
            let secret = fs::read_to_string(secret.unwrap().path()).unwrap();
            assert!(secret.len() >= 32 && !said.contains(secret.trim()), "{said}");
        }
    }
    for (name, value) in [("BCRYPT_ROUNDS", "99"), ("PUBLIC_TLS", "perhaps"), ("JWT_SECRET", "short")] {
        let said = place.run_with(&["config", "check"], "", &[(name, value)]);
        assert_eq!(said.code, Some(1), "{said:?}");
        said.complains(&[name]);
    }
}

/// People with long notes, so that the file is larger than what sockets hold.
fn large(people: usize) -> String {
    let note = "Told by her granddaughter at the hearth. ".repeat(40);
    let person = |n: usize| format!("0 @I{n}@ INDI\n1 NAME Anesu{n} /Dube/\n1 SEX F\n1 NOTE {note}\n");
    let all: String = (1..=people).map(person).collect();
    format!("0 HEAD\n1 GEDC\n2 VERS 5.5.1\n1 CHAR UTF-8\n{all}0 TRLR\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_runs_when_the_end_is_asked_for_is_finished() {
    const PEOPLE: usize = 6000;
    if dzinza_tests::apart() {
        // Nothing streams there, and nothing as large as this is sent.
        return;
    }
    let place = Place::new();
    fs::write(place.path("large.ged"), large(PEOPLE)).unwrap();
    let said = place.run(&["import", "large.ged"]);
    let (email, password) = after(&said.out, "sign in as ").split_once(" with ").unwrap();
    let process = Process::start(&place.data());
    let host = process.url().trim_start_matches("http://").to_owned();
    let owner = Client::at(process.url()).sign_in(email, password).await;

    // Without chunks, and with a window as small as that of a bad line.
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(8 << 10).unwrap();
    let mut stream = socket.connect(host.parse().unwrap()).await.unwrap();
    let path = format!("/api/family-trees/{}/export/gedcom", said.tree());
    let request =
        format!("GET {path} HTTP/1.0\r\nHost: {host}\r\nAuthorization: Bearer {}\r\n\r\n", owner.access);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    stream.read_exact(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.0 200"), "{}", String::from_utf8_lossy(&answer));

    let ending = tokio::task::spawn_blocking(move || process.terminate());
    eventually("nobody new is let in", async || TcpStream::connect(&host).await.is_err().then_some(())).await;
    assert!(!ending.is_finished(), "it did not wait for the request");
    let mut piece = vec![0; 64 << 10];
    let reading = async {
        while let Ok(length @ 1..) = stream.read(&mut piece).await {
            answer.extend_from_slice(&piece[..length]);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(15), reading).await.expect("the rest in time");
    let text = String::from_utf8(answer).unwrap();
    assert!(text.ends_with("\n0 TRLR\n"), "cut off: {:?}", &text[text.len() - 100..]);
    assert_eq!(text.matches(" INDI\n").count(), PEOPLE);
    assert_eq!(ending.await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn the_demo_account_has_a_family_of_61_with_two_sources_and_a_photo() {
    let place = Place::new();
    for start in ["first", "second"] {
        let mut process = Process::with(&place.data(), |command| _ = command.arg("--demo"));
        let line = process.wait_for("sign in as ");
        let (email, password) = after(&line, "sign in as ").split_once(" with ").unwrap();
        let nobody = Client::at(process.url());
        let demo = eventually("the demo account", async || {
            let form = json!({ "email": email, "password": password });
            let answer = nobody.post("/api/auth/login", &form).await;
            (answer.status == 200).then(|| nobody.known_by(&answer, dzinza_tests::Mode::Header))
        })
        .await;
        let photos = |tree: &Value| -> Vec<String> {
            let members = tree["members"].as_array().expect("members");
            members
                .iter()
                .filter_map(|member| member["profilePhotoUrl"].as_str().map(str::to_owned))
                .collect()
        };
        let tree = eventually("the sample family", async || {
            Some(demo.tree().await).filter(|tree| !photos(tree).is_empty())
        })
        .await;
        assert_eq!(tree["members"].as_array().unwrap().len(), 61, "{start}");
        assert_eq!(demo.get("/api/family-trees").await.ok(200)["total"], 1, "{start}");

        let photo = &photos(&tree)[..];
        assert_eq!(photo.len(), 1);
        let path = photo[0].trim_start_matches(process.url());
        let shown = nobody.get(path).await;
        assert!(
            shown.status == 200
                && shown.header("content-type").is_some_and(|kind| kind.starts_with("image/"))
        );
        assert!(!shown.bytes.is_empty());
        nobody.get(path.split('?').next().unwrap()).await.problem(404);

        let id = tree["id"].as_str().unwrap();
        let export = demo.get(&format!("/api/family-trees/{id}/export/gedcom")).await.text();
        let records =
            |tag: &str| export.lines().filter(|line| line.starts_with("0 @") && line.ends_with(tag)).count();
        assert_eq!((records(" INDI"), records(" SOUR")), (61, 2));
        assert_eq!(process.terminate().code(), Some(0));
    }
}

#[test]
fn on_servers_nothing_is_made_up_and_nothing_kept_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut given = vec![("DZINZA_STORES", "servers")];
    let told = |given: &[(&str, &str)]| {
        let mut program = Command::new(binary());
        program.args(["user", "list", "--data"]).arg(&data).env_clear().envs(given.iter().copied());
        let output = program.output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let servers = [
        ("JWT_SECRET", "a41c7e90d2b85f36e7094bd1c86fa253"),
        ("JWT_REFRESH_SECRET", "5e0f9a7b3c1d8264b7f2e6a09d43c815"),
        ("BLOB_SIGNING_KEY", "c97d15e2f0a84b36d1e58f7a2b90c643"),
        ("DATA_ENCRYPTION_KEY", "07b4e8d1c95f2a63e0d7b8f41a6c3952"),
        ("DATABASE_URL", "postgres://dzinza:x@127.0.0.1:1/dzinza"),
        ("MONGODB_URL", "mongodb://127.0.0.1:1/dzinza?replicaSet=rs0"),
        ("REDIS_URL", "redis://127.0.0.1:1"),
        ("S3_BUCKET_NAME", "files"),
        ("JOBS_QUEUE_URL", "http://127.0.0.1:1/1/jobs"),
        ("SMTP_HOST", "127.0.0.1"),
    ];
    let known = if cfg!(feature = "cloud") { servers.len() } else { 5 };
    for (variable, value) in servers.into_iter().take(known) {
        let told = told(&given);
        assert!(told.contains(variable) && told.contains("DZINZA_STORES"), "{variable}: {told}");
        given.push((variable, value));
    }
    let told = told(&given);
    let why = if cfg!(feature = "cloud") { "Connection refused" } else { "built without" };
    assert!(told.contains(why), "{told}");
    assert!(!data.exists(), "a folder was made");
}
