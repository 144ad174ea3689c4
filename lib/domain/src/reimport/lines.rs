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
}

impl Merged {
    /// Whether anything is different, apart from when the other program says that something was changed.
    pub fn matters(&self) -> bool {
        self.changes.iter().any(|one| one.action != Action::Kept && !STAMPS.contains(&one.tag.as_str()))
    }
}

/// Lines that say when something was changed, not what.
const STAMPS: &[&str] = &["CHAN", "_UPD"];
/// Lines that belong to the text above them.
const CONTINUED: &[&str] = &["CONT", "CONC"];

/// The newer record; what only the older one has stays behind it unless `remove_missing`.
pub fn merge_records(before: &Record, file: &Record, remove_missing: bool) -> Merged {
    let pairs = pair(&before.children, &file.children);
    let (mut record, mut changes) = (Record { children: Vec::new(), ..file.clone() }, Vec::new());
    let shown = |line: &Record| {
        let mut bytes = Vec::new();
        // Writing into memory cannot fail.
        let _ = line.write_to(&mut bytes, 1);
        String::from_utf8(bytes).ok()
    };
    for (place, line) in file.children.iter().enumerate() {
        let old = pairs.of_file.get(&place).and_then(|old| before.children.get(*old));
        let (merged, action) = match old {
            None => (line.clone(), Some(Action::Added)),
            Some(old) => {
                let merged = merge_below(old, line, remove_missing);
                let action = (merged != *old).then_some(Action::Changed);
                (merged, action)
            }
        };
        if let Some(action) = action {
            let before = old.and_then(shown);
            changes.push(LineChange { tag: line.tag.clone(), action, before, after: shown(&merged) });
        }
        record.children.push(merged);
    }
    let left = before.children.iter().enumerate().filter(|(place, _)| !pairs.of_old.contains_key(place));
    for (_, line) in left {
        let goes = remove_missing || STAMPS.contains(&line.tag.as_str());
        let action = if goes { Action::Removed } else { Action::Kept };
        let after = if goes { None } else { shown(line) };
        changes.push(LineChange { tag: line.tag.clone(), action, before: shown(line), after });
        if !goes {
            record.children.push(line.clone());
        }
    }
    Merged { record, changes }
}

/// The same for a line and what is below it. The text is the file's, with its continuations.
fn merge_below(before: &Record, file: &Record, remove_missing: bool) -> Record {
    if remove_missing || before == file || STAMPS.contains(&file.tag.as_str()) {
        return file.clone();
    }
    let pairs = pair(&before.children, &file.children);
    let mut merged = Record { children: Vec::new(), ..file.clone() };
    for (place, line) in file.children.iter().enumerate() {
        let old = pairs.of_file.get(&place).and_then(|old| before.children.get(*old));
        merged.children.push(old.map_or_else(|| line.clone(), |old| merge_below(old, line, false)));
    }
    let left = before.children.iter().enumerate().filter(|(place, _)| !pairs.of_old.contains_key(place));
    merged.children.extend(
        left.filter(|(_, line)| !CONTINUED.contains(&line.tag.as_str())).map(|(_, line)| line.clone()),
    );
    merged
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
    let text = |line: &Record| CONTINUED.contains(&line.tag.as_str());
    pairs.by(old, file, |line| (!text(line)).then(|| hash(&line.to_gedcom())));
    pairs.by(old, file, |line| {
        let said = line.text();
        (!text(line) && !said.is_empty()).then(|| hash(&(&line.tag, said)))
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
        (single && !text(line) && line.pointer().is_none()).then(|| hash(&line.tag))
    });
    pairs
}
