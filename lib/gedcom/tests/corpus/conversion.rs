//! Every file goes to the other version and comes back: what then differs was listed as a loss.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use dzinza_gedcom::convert::{Loss, convert_file};
use dzinza_gedcom::{Reader, Record, Severity, Version, unescape_at};
use libtest_mimic::Failed;

use super::read;

pub fn converts(path: &Path) -> Result<(), Failed> {
    let (records, _) = read(&fs::read(path)?);
    let from = records.iter().find(|r| r.tag == "HEAD").map_or(Version::V551, Version::of);
    let to = if from == Version::V551 { Version::V70 } else { Version::V551 };
    // What the reader repaired is not the conversion's business.
    let mut original = Vec::new();
    for record in &records {
        record.write_to(&mut original, 0)?;
    }
    let (records, _) = read(&original);
    let (there, mut losses) = convert(&original, to)?;
    well_formed(&there, to)?;
    let (back, more) = convert(&there, from)?;
    well_formed(&back, from)?;
    if from == Version::V70 && more.iter().any(|loss| losses.iter().all(|listed| listed.xref != loss.xref)) {
        return Err(format!("lost only on the way back: {more:?}").into());
    }
    losses.extend(more.into_iter().map(|loss| Loss { line: 0, ..loss }));
    if losses.is_empty() && path.ends_with("maximal70.ged") {
        return Err("5.5.1 cannot say all of it".into());
    }
    compare(&records, &read(&back).0, &losses)
}

fn convert(bytes: &[u8], to: Version) -> Result<(Vec<u8>, Vec<Loss>), Failed> {
    let (mut out, mut losses) = (Vec::new(), Vec::new());
    convert_file(bytes, bytes, to, &mut out, |loss| losses.push(loss))?;
    Ok((out, losses))
}

/// Reads without a complaint that the conversion could be to blame for, and keeps to the rules of text.
fn well_formed(bytes: &[u8], version: Version) -> Result<(), Failed> {
    let mut reader = Reader::new(bytes)?;
    let mut xrefs = HashSet::new();
    let mut pointers = Vec::new();
    for record in reader.by_ref() {
        let record = record?;
        for (_, line) in record.walk() {
            let seven = version == Version::V70;
            if seven && line.tag == "CONC" {
                return Err(format!("line {}: CONC", line.line).into());
            }
            let is_void = line.pointer() == Some("@VOID@");
            if !seven && is_void {
                return Err(format!("line {}: @VOID@", line.line).into());
            }
            let own = line.tag.starts_with('_') || is_void;
            pointers.extend(line.pointer().filter(|_| seven && !own).map(|p| (line.line, p.to_owned())));
        }
        xrefs.extend(record.xref);
    }
    let excused =
        ["missing-head", "missing-trailer", "after-trailer", "duplicate-xref", "missing-tag", "odd-tag"];
    let found = reader.take_diagnostics();
    if let Some(bad) = found.iter().find(|d| d.severity >= Severity::Warning && !excused.contains(&d.code)) {
        return Err(format!("{bad:?}").into());
    }
    match pointers.iter().find(|(_, pointer)| !xrefs.contains(pointer)) {
        Some(dangling) => Err(format!("points at nothing: {dangling:?}").into()),
        None => Ok(()),
    }
}

/// Each record of the file, and the one with the same xref that came back.
fn compare(before: &[Record], after: &[Record], losses: &[Loss]) -> Result<(), Failed> {
    let lost: HashSet<u32> = losses.iter().map(|loss| loss.line).collect();
    let xrefs: HashSet<_> = before.iter().filter_map(|record| record.xref.as_deref()).collect();
    let again = |record: &&Record| record.xref.as_deref().is_none_or(|xref| xrefs.contains(xref));
    let mut again = after.iter().filter(again);
    for record in before {
        if lost.contains(&record.line) && record.tag != "SUBN" {
            // Its xref is another one now; it is skipped with all that follows from it.
            continue;
        }
        let found = again.find(|r| r.xref == record.xref);
        let Some(found) = found else { return Err(format!("{:?} is missing", record.xref).into()) };
        let mut left: HashMap<(String, String), i32> = HashMap::new();
        lines(found, &mut Vec::new(), &mut |path, text, _| {
            *left.entry((path, text)).or_default() += 1;
        });
        let mut missing = None;
        lines(record, &mut Vec::new(), &mut |path, text, line| {
            let count = left.entry((path.clone(), text.clone())).or_default();
            *count -= 1;
            let listed =
                line.iter().any(|line| lost.contains(line)) || on_the_way_back(losses, record, &path);
            if *count < 0 && !listed && !is_form(&path) {
                missing = Some(format!("{path} {text:?} of {:?}", record.xref));
            }
        });
        if let Some(missing) = missing {
            return Err(format!("lost without a word: {missing}").into());
        }
    }
    Ok(())
}

fn on_the_way_back(losses: &[Loss], record: &Record, path: &str) -> bool {
    losses.iter().any(|loss| loss.line == 0 && loss.xref == record.xref && path.starts_with(&loss.path))
}

/// The conversion writes these as the version wants them.
fn is_form(path: &str) -> bool {
    ["HEAD.GEDC.VERS", "HEAD.GEDC.FORM", "HEAD.CHAR"].contains(&path)
}

/// Path and text of every line, with its line number and those above it, but for letter case and spacing.
fn lines(record: &Record, above: &mut Vec<(String, u32)>, each: &mut impl FnMut(String, String, Vec<u32>)) {
    above.push((record.tag.clone(), record.line));
    let path = above.iter().map(|(tag, _)| tag.as_str()).collect::<Vec<_>>().join(".");
    let text = unescape_at(&record.text()).to_uppercase();
    let text = text.split_whitespace().map(|word| word.trim_start_matches('0')).collect::<Vec<_>>().join(" ");
    each(path, text, above.iter().map(|(_, line)| *line).collect());
    for child in record.children.iter().filter(|c| c.tag != "CONT" && c.tag != "CONC") {
        lines(child, above, each);
    }
    above.pop();
}
