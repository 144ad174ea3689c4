//! Every file of the shared GEDCOM corpus (`<repository>/../shared/data/gedcom`, not part of the repository):
//! it is read without panic, the numbers of people and families are right, and writing gives back equal lines.
//!
//! Expected values come from the plain scans in this file, which share no code with the reader. Without the corpus
//! the tests show as ignored.
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "tests fail by panicking")]

mod conversion;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dzinza_gedcom::gedzip::Archive;
use dzinza_gedcom::{Diagnostic, ReadError, Reader, Record, Severity};
use libtest_mimic::{Arguments, Failed, Trial};
use unicode_normalization::UnicodeNormalization;

/// Files whose lines cannot come back as they are, because the reader had to repair the structure.
const REPAIRS: [&str; 4] = ["level-jump", "raw-line-break", "too-deep", "text-before-first-record"];

/// The broken files, with the repair each needs.
const REPAIRED: [(&str, &str); 2] = [("Issue87.ged", "level-jump"), ("Sopranos.ged", "raw-line-break")];

fn main() {
    let args = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/gedcom");
    let mut files = Vec::new();
    list(&root, &mut files);
    files.sort();
    let mut trials = Vec::new();
    if files.is_empty() {
        trials.push(Trial::test("corpus (folder missing)", || Ok(())).with_ignored_flag(true));
    }
    for path in files {
        let name = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
        let at = |what: &str| format!("{what}: {name}");
        let zipped = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gdz"));
        if zipped {
            let zip = path.clone();
            trials.push(Trial::test(at("refuses"), move || refuses(&path)));
            trials.push(Trial::test(at("unpacks"), move || unpacks(&zip)));
            continue;
        }
        let (a, b, c) = (path.clone(), path.clone(), path);
        trials.push(Trial::test(at("converts"), move || conversion::converts(&c)));
        trials.push(Trial::test(at("counts"), move || counts(&a)));
        trials.push(Trial::test(at("writes back"), move || writes_back(&b)));
    }
    libtest_mimic::run(&args, trials).exit();
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            list(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn read(bytes: &[u8]) -> (Vec<Record>, Vec<Diagnostic>) {
    let mut reader = Reader::new(bytes).expect("a GEDCOM file");
    let mut records = Vec::new();
    while let Some(record) = reader.next_record().expect("readable") {
        records.push(record);
    }
    let found = reader.take_diagnostics();
    (records, found)
}

/// Just enough decoding to see the lines. In single-byte files every byte beyond ASCII is left out; the flag says so.
fn decode(bytes: &[u8]) -> (String, bool) {
    let wide = |bytes: &[u8], big: bool| {
        let units = bytes.chunks_exact(2).map(|p| {
            let pair = [p[0], p[1]];
            if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
        });
        String::from_utf16(&units.collect::<Vec<_>>()).unwrap().trim_start_matches('\u{FEFF}').to_owned()
    };
    match bytes {
        [0xFF, 0xFE, ..] | [_, 0, ..] => (wide(bytes, false), true),
        [0xFE, 0xFF, ..] | [0, _, ..] => (wide(bytes, true), true),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => (text.trim_start_matches('\u{FEFF}').to_owned(), true),
            Err(_) => (bytes.iter().filter_map(|b| base_letter(*b)).collect(), false),
        },
    }
}

/// ASCII, and the ANSEL letters that decompose to an ASCII letter and a mark.
fn base_letter(byte: u8) -> Option<char> {
    match byte {
        0xAC => Some('O'),
        0xAD => Some('U'),
        0xBC | 0xCE => Some('o'),
        0xBD => Some('u'),
        0xCD => Some('e'),
        _ => byte.is_ascii().then(|| char::from(byte)),
    }
}

/// Lines without indentation, empty ones left out.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', '\r']).map(|l| l.trim_start_matches([' ', '\t'])).filter(|l| !l.trim().is_empty())
}

fn counts(path: &Path) -> Result<(), Failed> {
    let bytes = fs::read(path)?;
    let (records, _) = read(&bytes);
    let (text, _) = decode(&bytes);
    for tag in ["INDI", "FAM"] {
        let is_one = |l: &&str| {
            let mut words = l.split_whitespace();
            words.next() == Some("0")
                && words.find(|w| !w.starts_with('@')).is_some_and(|w| w.eq_ignore_ascii_case(tag))
        };
        let expected = lines(&text).filter(is_one).count();
        let got = records.iter().filter(|r| r.tag == tag).count();
        if got != expected {
            return Err(format!("{tag}: {got} read, {expected} in the file").into());
        }
    }
    Ok(())
}

fn writes_back(path: &Path) -> Result<(), Failed> {
    let bytes = fs::read(path)?;
    let (records, found) = read(&bytes);
    let (text, complete) = decode(&bytes);
    let repair = found.iter().find(|d| REPAIRS.contains(&d.code));
    let known = REPAIRED.iter().find(|(name, _)| path.ends_with(name)).map(|(_, code)| *code);
    if repair.map(|d| d.code) != known {
        return Err(format!("expected the repair {known:?}, got {repair:?}").into());
    }
    let mut written = Vec::new();
    for record in &records {
        record.write_to(&mut written, 0)?;
    }
    let (again, _) = read(&written);
    if again != records {
        return Err("reading what was written gives other records".into());
    }
    if known.is_some() {
        return Ok(());
    }
    let written = String::from_utf8(written)?;
    let got = written
        .lines()
        .map(|l| if complete { l.to_owned() } else { l.nfd().filter(char::is_ascii).collect() });
    let expected = lines(&text).map(upper_tag);
    for (n, pair) in got.map(Some).chain([None]).zip(expected.map(Some).chain([None])).enumerate() {
        if pair.0 != pair.1 {
            return Err(format!("line {}: wrote {:?}, expected {:?}", n + 1, pair.0, pair.1).into());
        }
    }
    if written.lines().count() != lines(&text).count() {
        return Err("another number of lines".into());
    }
    Ok(())
}

/// Level, xref and tag separated by single spaces, the tag in upper case, the rest untouched.
fn upper_tag(line: &str) -> String {
    let (level, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = rest.trim_start_matches(' ');
    let with_xref = rest.starts_with('@').then(|| rest.split_once(' ').unwrap_or((rest, "")));
    let (xref, rest) = with_xref.unwrap_or(("", rest));
    let rest = rest.trim_start_matches(if xref.is_empty() { '\0' } else { ' ' });
    let (tag, value) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
    let gap = if xref.is_empty() { "" } else { " " };
    format!("{level} {xref}{gap}{}{value}", tag.to_ascii_uppercase())
}

fn refuses(path: &Path) -> Result<(), Failed> {
    match Reader::new(fs::File::open(path)?) {
        Err(ReadError::NotGedcom { reason }) if reason.contains("zip") => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

/// The records read without a complaint, and each medium is there in full.
fn unpacks(path: &Path) -> Result<(), Failed> {
    let mut archive = Archive::open(fs::File::open(path)?)?;
    let mut reader = Reader::new(archive.gedcom()?)?;
    let mut references = Vec::new();
    for record in reader.by_ref() {
        let record = record?;
        for file in record.children_named("FILE") {
            let copies = file.children_named("TRAN").filter_map(|copy| copy.value.clone());
            references.extend(file.value.clone().into_iter().chain(copies));
        }
    }
    if let Some(bad) = reader.take_diagnostics().into_iter().find(|d| d.severity >= Severity::Warning) {
        return Err(format!("{bad:?}").into());
    }
    drop(reader);
    let mut found = 0;
    for reference in references {
        if let Some(mut medium) = archive.media(&reference)? {
            let size = medium.size();
            if io::copy(&mut medium, &mut io::sink())? != size {
                return Err(format!("{reference} is not as long as it should be").into());
            }
            found += 1;
        }
    }
    let there = archive.list().count();
    if found < there {
        return Err(format!("{found} of {there} media are referred to").into());
    }
    Ok(())
}
