//! The merge of a record with its newer version, line by line.

use std::collections::HashMap;

use dzinza_gedcom::Record;

use super::traits::hash;

/// What happened to a line of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The file has it, the record had not.
    Added,
    /// The file says something else.
    Changed,
    /// The file no longer has it, and it goes.
    Removed,
    /// The file no longer has it, and it stays.
    Kept,
}

impl Action {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Kept => "kept",
        }
    }
}

/// One line directly below a record, with all that is below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineChange {
    /// Its tag.
    pub tag: String,
    /// What happened.
    pub action: Action,
    /// As it was.
    pub before: Option<String>,
    /// As it is.
    pub after: Option<String>,
}

/// A record brought up to date.
#[derive(Debug, Clone)]
pub struct Merged {
    /// As it is then.
    pub record: Record,
    /// What happened to its lines.
    pub changes: Vec<LineChange>,
    /// Lines that both sides changed and that stay as they are here: the tag, the line here, the line in the file.
    pub clashes: Vec<(String, Option<String>, Option<String>)>,
}

impl Merged {
    /// Whether anything is different, apart from when the other program says that something was changed.
    pub fn matters(&self) -> bool {
        self.changes.iter().any(|one| one.action != Action::Kept && !is_stamp(&one.tag))
    }
}

/// Lines that say when something was changed, not what.
const STAMPS: &[&str] = &["CHAN", "_UPD"];

fn is_stamp(tag: &str) -> bool {
    STAMPS.contains(&tag)
}

/// Lines that belong to the text above them.
fn is_text(line: &Record) -> bool {
    matches!(line.tag.as_str(), "CONT" | "CONC")
}

/// Merges a record as the last file left it (`base`), as it is now (`here`) and as the newer file has it. What the
/// file changed is changed; what was changed here stays; what the file lost goes only if `remove_missing`.
pub fn merge_records(base: &Record, here: &Record, file: &Record, remove_missing: bool) -> Merged {
    let (of_file, of_here) = (pair(&base.children, &file.children), pair(&base.children, &here.children));
    let mut merging = Merging {
        merged: Merged { record: with_text(base, here, file).0, changes: Vec::new(), clashes: Vec::new() },
        used: vec![false; here.children.len()],
    };
    for (place, line) in file.children.iter().enumerate().filter(|(_, line)| !is_text(line)) {
        let old = of_file.of_file.get(&place);
        let (Some(old), Some(before)) = (old, old.and_then(|old| base.children.get(*old))) else {
            merging.added(here, &of_here, line);
            continue;
        };
        match of_here.of_old.get(old).and_then(|own| Some((*own, here.children.get(*own)?))) {
            Some((own, now)) => {
                merging.used[own] = true;
                let (merged, clash) = merge_below(before, now, line, remove_missing);
                merging.changed(now, line, merged, clash);
            }
            // Removed here.
            None if before == line => {}
            None => merging.clash(&line.tag, None, Some(line)),
        }
    }
    for (place, line) in here.children.iter().enumerate().filter(|(_, line)| !is_text(line)) {
        if !merging.used[place] {
            let before = of_here.of_file.get(&place).and_then(|old| base.children.get(*old));
            merging.left(line, before, remove_missing);
        }
    }
    merging.merged
}

struct Merging {
    merged: Merged,
    /// Lines of the record as it is now that were looked at.
    used: Vec<bool>,
}

impl Merging {
    fn note(&mut self, tag: &str, action: Action, before: Option<&Record>, after: Option<&Record>) {
        let (before, after) = (before.and_then(shown), after.and_then(shown));
        self.merged.changes.push(LineChange { tag: tag.to_owned(), action, before, after });
    }

    fn clash(&mut self, tag: &str, here: Option<&Record>, file: Option<&Record>) {
        self.merged.clashes.push((tag.to_owned(), here.and_then(shown), file.and_then(shown)));
    }

    /// The file has a line more. It may have been added here as well.
    fn added(&mut self, here: &Record, of_here: &Pairs, line: &Record) {
        let own = here.children.iter().enumerate();
        let mut own = own.filter(|(place, _)| !of_here.of_file.contains_key(place) && !self.used[*place]);
        if let Some((place, _)) = own.find(|(_, own)| *own == line) {
            self.used[place] = true;
        } else {
            self.note(&line.tag, Action::Added, None, Some(line));
        }
        self.merged.record.children.push(line.clone());
    }

    fn changed(&mut self, now: &Record, line: &Record, merged: Record, clash: bool) {
        if clash {
            self.clash(&line.tag, Some(now), Some(line));
        }
        if merged != *now {
            self.note(&line.tag, Action::Changed, Some(now), Some(&merged));
        }
        self.merged.record.children.push(merged);
    }

    /// A line that the file has not: added here, or lost by the file.
    fn left(&mut self, line: &Record, before: Option<&Record>, remove_missing: bool) {
        if let Some(before) = before {
            let goes = is_stamp(&line.tag) || remove_missing;
            if goes && before == line {
                self.note(&line.tag, Action::Removed, Some(line), None);
                return;
            }
            if goes {
                self.clash(&line.tag, Some(line), None);
            }
            self.note(&line.tag, Action::Kept, Some(line), Some(line));
        }
        self.merged.record.children.push(line.clone());
    }
}

fn shown(line: &Record) -> Option<String> {
    let mut bytes = Vec::new();
    // Writing into memory cannot fail.
    let _ = line.write_to(&mut bytes, 1);
    String::from_utf8(bytes).ok()
}

/// The line with the text that counts and nothing else below it, and whether both sides changed that text.
fn with_text(base: &Record, here: &Record, file: &Record) -> (Record, bool) {
    let (before, now, then) = (base.text(), here.text(), file.text());
    let stays = then == before && now != before;
    let clash = then != before && now != before && now != then;
    let said = if stays || clash { here } else { file };
    let children = said.children.iter().filter(|line| is_text(line)).cloned().collect();
    let (xref, tag) = (file.xref.clone(), file.tag.clone());
    (Record { xref, tag, value: said.value.clone(), children, line: 0 }, clash)
}

/// The same for a line and what is below it, of which only is told whether something clashed.
fn merge_below(base: &Record, here: &Record, file: &Record, remove_missing: bool) -> (Record, bool) {
    if base == file && !is_stamp(&file.tag) {
        return (here.clone(), false);
    }
    if is_stamp(&file.tag) || (base == here && remove_missing) {
        return (file.clone(), false);
    }
    let (_, clash) = with_text(base, here, file);
    let merged = merge_records(base, here, file, remove_missing);
    (merged.record, clash || !merged.clashes.is_empty())
}

/// Which line became which, by their places.
#[derive(Default)]
struct Pairs {
    of_file: HashMap<usize, usize>,
    of_old: HashMap<usize, usize>,
}

impl Pairs {
    fn add(&mut self, old: usize, file: usize) {
        self.of_file.insert(file, old);
        self.of_old.insert(old, file);
    }

    /// Pairs those that are left and have the same key, in their order.
    fn by(&mut self, old: &[Record], file: &[Record], key: impl Fn(&Record) -> Option<u64>) {
        let mut free: HashMap<u64, Vec<usize>> = HashMap::new();
        for (place, line) in old.iter().enumerate().rev() {
            if let (false, Some(key)) = (self.of_old.contains_key(&place), key(line)) {
                free.entry(key).or_default().push(place);
            }
        }
        for (place, line) in file.iter().enumerate() {
            if self.of_file.contains_key(&place) {
                continue;
            }
            if let Some(found) = key(line).and_then(|key| free.get_mut(&key)?.pop()) {
                self.add(found, place);
            }
        }
    }
}

/// Equal lines first; then lines of one tag with one payload; then the only line of its tag on either side, unless
/// it points somewhere: another wife is not the wife changed.
fn pair(old: &[Record], file: &[Record]) -> Pairs {
    let mut pairs = Pairs::default();
    pairs.by(old, file, |line| (!is_text(line)).then(|| hash(&line.to_gedcom())));
    pairs.by(old, file, |line| {
        let said = line.text();
        (!is_text(line) && !said.is_empty()).then(|| hash(&(&line.tag, said)))
    });
    let only = |list: &[Record]| {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for line in list {
            *counts.entry(line.tag.clone()).or_default() += 1;
        }
        counts
    };
    let (in_old, in_file) = (only(old), only(file));
    pairs.by(old, file, |line| {
        let single = in_old.get(&line.tag) == Some(&1) && in_file.get(&line.tag) == Some(&1);
        (single && !is_text(line) && line.pointer().is_none()).then(|| hash(&line.tag))
    });
    pairs
}
