//! Gate `migrations`: a migration that somebody may have applied never changes.
//!
//! Each `lib/adapters/*/migrations` folder has a `migrations.lock` with a line `SHA-256  file` for every file in
//! it, as `sha256sum` writes them. `cargo xtask migrations --accept` adds lines for files that are new, and
//! never touches a line that is there: who has to change a migration before it was ever released takes its line
//! out by hand, where a reviewer sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use sha2::{Digest, Sha256};

use super::Finding;
use crate::repo::Repo;
use crate::shell::say;

const LOCK: &str = "migrations.lock";

/// File name to SHA-256.
type Sums = BTreeMap<String, String>;

pub fn gate(repo: &Repo) -> anyhow::Result<Finding> {
    let mut problems = Vec::new();
    let mut files = 0;
    for folder in folders(repo)? {
        let there = sums_in(&repo.root.join(&folder))?;
        let locked = read_lock(&repo.root.join(&folder))?;
        files += there.len();
        problems.extend(compare(&there, &locked).into_iter().map(|problem| format!("{folder}/{problem}")));
    }
    Ok(Finding::new(format!("{files} files"), problems))
}

/// The command `cargo xtask migrations --accept`.
pub fn command(arguments: &[String]) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(arguments == ["--accept"], "usage: cargo xtask migrations --accept");
    let repo = Repo::open()?;
    for folder in folders(&repo)? {
        accept(&repo.root.join(&folder), &folder)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn accept(path: &Path, folder: &str) -> anyhow::Result<()> {
    let there = sums_in(path)?;
    let mut locked = read_lock(path)?;
    let newest = locked.keys().filter_map(|name| number(name)).max();
    for (name, sum) in &there {
        if locked.contains_key(name) {
            continue;
        }
        let late = number(name).zip(newest).is_some_and(|(new, newest)| new < newest);
        anyhow::ensure!(
            !late,
            "{folder}/{name}: comes before a migration that is already accepted; renumber it"
        );
        locked.insert(name.clone(), sum.clone());
        say(&format!("accepted {folder}/{name}"));
    }
    let mut text = String::new();
    for (name, sum) in &locked {
        writeln!(text, "{sum}  {name}")?;
    }
    fs::write(path.join(LOCK), text).with_context(|| format!("cannot write {folder}/{LOCK}"))
}

fn compare(there: &Sums, locked: &Sums) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, sum) in there {
        match locked.get(name) {
            Some(known) if known == sum => {}
            Some(_) => problems.push(format!("{name}: changed after it was accepted; write a new migration")),
            None => {
                problems.push(format!("{name}: is new; `cargo xtask migrations --accept` when it is final"));
            }
        }
    }
    let gone = locked.keys().filter(|name| !there.contains_key(*name));
    problems.extend(gone.map(|name| format!("{name}: was accepted and is gone")));
    let mut numbers = BTreeSet::new();
    for name in there.keys() {
        match number(name) {
            None => problems.push(format!("{name}: does not begin with a number")),
            Some(number) if !numbers.insert((number, name.ends_with(".down.sql"))) => {
                problems.push(format!("{name}: another migration has the number {number}"));
            }
            Some(_) => {}
        }
    }
    problems
}

fn number(name: &str) -> Option<u64> {
    name.split_once('_').and_then(|(digits, _)| digits.parse().ok())
}

/// `lib/adapters/*/migrations`, as far as they exist.
fn folders(repo: &Repo) -> anyhow::Result<Vec<String>> {
    let mut folders = Vec::new();
    let adapters = repo.root.join("lib/adapters");
    for adapter in fs::read_dir(&adapters).with_context(|| format!("cannot list {}", adapters.display()))? {
        let adapter: PathBuf = adapter?.path();
        if let Some(name) = adapter.file_name().and_then(|name| name.to_str())
            && adapter.join("migrations").is_dir()
        {
            folders.push(format!("lib/adapters/{name}/migrations"));
        }
    }
    folders.sort();
    Ok(folders)
}

fn sums_in(folder: &Path) -> anyhow::Result<Sums> {
    let mut sums = Sums::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name != LOCK && path.is_file() {
            sums.insert(name.to_owned(), sum(&fs::read(&path)?));
        }
    }
    Ok(sums)
}

fn sum(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(bytes) {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn read_lock(folder: &Path) -> anyhow::Result<Sums> {
    let path = folder.join(LOCK);
    if !path.exists() {
        return Ok(Sums::new());
    }
    let text = fs::read_to_string(&path)?;
    let entry = |line: &str| {
        let (sum, name) = line.split_once("  ")?;
        (sum.len() == 64).then(|| (name.to_owned(), sum.to_owned()))
    };
    text.lines()
        .map(|line| {
            entry(line).with_context(|| format!("{}: not a line `SHA-256  file`: {line}", path.display()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(entries: &[(&str, &str)]) -> Sums {
        entries.iter().map(|(name, text)| ((*name).to_owned(), sum(text.as_bytes()))).collect()
    }

    #[test]
    fn what_is_locked_and_unchanged_is_fine() {
        let there = sums(&[("0001_a.up.sql", "a"), ("0001_a.down.sql", "b"), ("0002_b.sql", "c")]);
        assert_eq!(compare(&there, &there), Vec::<String>::new());
    }

    #[test]
    fn a_changed_a_new_and_a_lost_migration_are_found() {
        let locked = sums(&[("0001_a.sql", "a"), ("0002_b.sql", "b")]);
        let there = sums(&[("0001_a.sql", "A"), ("0003_c.sql", "c")]);
        assert_eq!(
            compare(&there, &locked),
            [
                "0001_a.sql: changed after it was accepted; write a new migration",
                "0003_c.sql: is new; `cargo xtask migrations --accept` when it is final",
                "0002_b.sql: was accepted and is gone",
            ]
        );
    }

    #[test]
    fn two_migrations_with_one_number_are_found() {
        let there = sums(&[("0002_a.sql", "a"), ("0002_b.sql", "b"), ("notes.sql", "")]);
        assert_eq!(
            compare(&there, &there),
            ["0002_b.sql: another migration has the number 2", "notes.sql: does not begin with a number"]
        );
    }

    #[test]
    fn the_sum_is_the_one_sha256sum_prints() {
        assert_eq!(sum(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn accepting_adds_and_never_replaces() {
        let folder = std::env::temp_dir().join(format!("dzinza-xtask-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("0002_a.sql"), "a").unwrap();
        accept(&folder, "here").unwrap();
        let first = read_lock(&folder).unwrap();
        assert_eq!(first, sums(&[("0002_a.sql", "a")]));

        fs::write(folder.join("0002_a.sql"), "changed").unwrap();
        fs::write(folder.join("0003_b.sql"), "b").unwrap();
        accept(&folder, "here").unwrap();
        assert_eq!(read_lock(&folder).unwrap(), sums(&[("0002_a.sql", "a"), ("0003_b.sql", "b")]));

        fs::write(folder.join("0001_late.sql"), "c").unwrap();
        assert!(accept(&folder, "here").is_err());
        fs::remove_dir_all(&folder).unwrap();
    }
}
