//! The scoreboard: every GEDCOM file of some folders goes into the running platform over HTTP and out again, and is
//! compared line by line with what comes out.
//!
//! `cargo xtask scoreboard [FOLDER OR FILE ...]`; without any, the shared corpus beside the repository. Ends with an
//! error if a file is refused or loses a line.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a program for developers")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use dzinza_gedcom::compare::{Kept, compare};
use dzinza_gedcom::{Reader, gedzip};
use dzinza_tests::{Client, Process};
use serde_json::Value;

/// Lines that are shown of those that are missing.
const SHOWN: usize = 3;

/// What became of one file.
struct Score {
    name: String,
    /// Why it was refused.
    refused: Option<String>,
    people: u64,
    families: u64,
    /// Those of a plain count, which shares no code with the import.
    counted: (u64, u64),
    repairs: u64,
    kept: Option<Kept>,
    seconds: f64,
}

impl Score {
    /// Whether it is read whole and comes back whole.
    fn is_full(&self) -> bool {
        let counts = (self.people, self.families) == self.counted;
        counts && self.kept.as_ref().is_some_and(|kept| kept.kept == kept.lines)
    }

    fn line(&self) -> String {
        let Some(kept) = &self.kept else {
            let reason = self.refused.as_deref().unwrap_or("not exported");
            return format!("{:<58} REFUSED: {reason}", self.name);
        };
        let (people, families) = (self.people, self.families);
        let mut line = format!(
            "{:<58}{people:>7}{families:>7}{:>9}{:>9}{:>8.2}%{:>8}{:>7.2}",
            self.name,
            kept.lines,
            kept.added,
            kept.percent(),
            self.repairs,
            self.seconds
        );
        if (people, families) != self.counted {
            let _ = write!(line, "  the file has {} and {}", self.counted.0, self.counted.1);
        }
        for missing in &kept.missing {
            let _ = write!(line, "\n    line {}: {} {}", missing.line, missing.path, missing.text);
        }
        line
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let given: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/gedcom");
    let roots = if given.is_empty() { vec![corpus] } else { given };
    let mut files = Vec::new();
    for root in &roots {
        collect(root, &mut files);
    }
    files.sort();
    if files.is_empty() {
        println!(
            "no .ged or .gdz files in {}",
            roots.iter().map(|root| root.display().to_string()).collect::<Vec<_>>().join(", ")
        );
        return ExitCode::FAILURE;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let process = Process::with(&folder.path().join("data"), |command| {
        command.env("RATE_LIMIT_MAX_REQUESTS", "0").env("LOG_LEVEL", "warn");
    });
    let owner = Client::at(process.url()).sign_up("scoreboard@example.org").await;
    println!(
        "{:<58}{:>7}{:>7}{:>9}{:>9}{:>9}{:>8}{:>7}",
        "file", "people", "fams", "lines", "added", "kept", "repairs", "s"
    );
    let mut scores = Vec::new();
    for file in &files {
        let name = roots.iter().find_map(|root| file.strip_prefix(root).ok()).unwrap_or(file);
        let name = if name.as_os_str().is_empty() { file.as_path() } else { name };
        let score = score(&owner, file, name.display().to_string()).await;
        println!("{}", score.line());
        scores.push(score);
    }
    let read = scores.iter().filter(|score| score.refused.is_none()).count();
    let full = scores.iter().filter(|score| score.is_full()).count();
    let lines =
        |of: fn(&Kept) -> u64| scores.iter().filter_map(|score| score.kept.as_ref()).map(of).sum::<u64>();
    let (all, kept) = (lines(|kept| kept.lines), lines(|kept| kept.kept));
    println!(
        "{} files, {read} read, {full} come back with all people, families and lines; {kept} of {all} lines",
        files.len()
    );
    if full == files.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
            collect(&entry.path(), files);
        }
        return;
    }
    let kind = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
    if kind.is_some_and(|kind| kind == "ged" || kind == "gdz") {
        files.push(path.to_owned());
    }
}

async fn score(owner: &Client, file: &Path, name: String) -> Score {
    let bytes = std::fs::read(file).expect("a file to read");
    let mut score = Score {
        name,
        refused: None,
        people: 0,
        families: 0,
        counted: (0, 0),
        repairs: 0,
        kept: None,
        seconds: 0.0,
    };
    let text = match gedcom_of(&bytes) {
        Ok(text) => text,
        Err(reason) => return Score { refused: Some(reason), ..score },
    };
    let tree = owner.new_tree("Scoreboard", "private").await;
    let began = Instant::now();
    let import = settled(owner, &tree, bytes).await;
    score.seconds = began.elapsed().as_secs_f64();
    if import["status"] != "completed" {
        let reason = import["message"].as_str().or(import["error"].as_str()).unwrap_or("no reason given");
        return Score { refused: Some(reason.to_owned()), ..score };
    }
    let number = |key: &str| import[key].as_u64().unwrap_or(0);
    (score.people, score.families) = (number("individualsImported"), number("familiesProcessed"));
    score.counted = counted(&text);
    score.repairs = import["report"]["diagnostics"].as_array().map_or(0, |all| all.len() as u64);
    let exported = owner.get(&format!("/api/family-trees/{tree}/export/gedcom")).await;
    match compare(text.as_slice(), exported.bytes.as_ref(), SHOWN) {
        Ok(kept) => score.kept = Some(kept),
        Err(error) => score.refused = Some(format!("the export cannot be read: {error}")),
    }
    score
}

/// The GEDCOM text of a file, out of its archive if it is in one.
fn gedcom_of(bytes: &[u8]) -> Result<Vec<u8>, String> {
    if !bytes.starts_with(b"PK") {
        return Ok(bytes.to_vec());
    }
    let mut archive =
        gedzip::Archive::open(std::io::Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let mut text = Vec::new();
    let mut entry = archive.gedcom().map_err(|error| error.to_string())?;
    std::io::Read::read_to_end(&mut entry, &mut text).map_err(|error| error.to_string())?;
    Ok(text)
}

/// Individuals and families of a file.
fn counted(text: &[u8]) -> (u64, u64) {
    let Ok(mut reader) = Reader::new(text) else { return (0, 0) };
    let mut counted = (0, 0);
    while let Ok(Some(record)) = reader.next_record() {
        match record.tag.as_str() {
            "INDI" => counted.0 += 1,
            "FAM" => counted.1 += 1,
            _ => {}
        }
    }
    counted
}

/// How the import of a file ended, or the refusal.
async fn settled(owner: &Client, tree: &str, bytes: Vec<u8>) -> Value {
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
