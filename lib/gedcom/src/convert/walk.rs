//! The walk over one record: what both directions share.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::xrefs::Xrefs;
use super::{KeptAs, Loss, down, head, tags, text, up};
use crate::record::Record;
use crate::version::Version;

pub(super) const VOID: &str = "@VOID@";
/// At the end of a kept tag: it stood below a line with the same tag.
const BELOW: &str = "_BELOW";

/// What one record has to know about the others.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) xrefs: Xrefs,
    /// Tags that the target does not have and that are kept as extensions.
    pub(super) kept: BTreeSet<String>,
    /// Extension tags that the file uses itself.
    pub(super) own: HashSet<String>,
    /// Extension tags that an earlier conversion made, with the tags they stand for.
    pub(super) restored: HashMap<String, String>,
    /// `HEAD.SOUR`, which is part of the meaning of `RIN`.
    pub(super) system: String,
    /// Source records made for embedded citations, by the hash of their text.
    pub(super) sources: HashMap<(u64, u64), String>,
    pub(super) sources_made: u32,
    pub(super) media_made: u32,
    /// Whether this is only to find out which tags will be kept.
    pub(super) rehearsal: bool,
    /// Tags that have pointers; those of the rehearsal's pointers into the unknown, by place in this list.
    pointing: Vec<String>,
    ahead: HashMap<u64, u32>,
}

impl Memory {
    /// Notes the xref of a record.
    pub(super) fn add(&mut self, xref: &str, to: Version) {
        self.ahead.remove(&self.xrefs.add(xref, to));
    }

    /// Whether a pointer leads nowhere. In the rehearsal nobody knows yet; then its tag is remembered.
    fn is_dangling(&mut self, tag: &str, pointer: &str) -> bool {
        if !self.rehearsal {
            return self.xrefs.is_dangling(pointer);
        }
        let Some(hash) = self.xrefs.unknown(pointer) else { return false };
        let at = self.pointing.iter().position(|known| known == tag).unwrap_or_else(|| {
            self.pointing.push(tag.to_owned());
            self.pointing.len() - 1
        });
        *self.ahead.entry(hash).or_default() |= 1u32.checked_shl(at as u32).unwrap_or(1 << 31);
        false
    }

    /// At the end of the rehearsal: tags of pointers that lead nowhere are kept.
    pub(super) fn settle(&mut self) {
        let tags = self.ahead.drain().fold(0, |all, (_, tags)| all | tags);
        for (at, tag) in self.pointing.drain(..).enumerate() {
            if tags & 1u32.checked_shl(at as u32).unwrap_or(1 << 31) != 0 {
                self.kept.insert(tag);
            }
        }
    }

    /// The extension tag that stands for a tag which the target does not have.
    pub(super) fn extension_for(&self, tag: &str, from: Version) -> String {
        let short = format!("_{}", tag.trim_start_matches('_'));
        if tag.starts_with('_') || !self.own.contains(&short) {
            return short;
        }
        format!("{short}_{}", if from == Version::V551 { "551" } else { "7" })
    }
}

pub(super) struct Walk<'a> {
    pub(super) from: Version,
    pub(super) to: Version,
    pub(super) memory: &'a mut Memory,
    /// Tags of the source from the record down to the line at hand.
    pub(super) path: Vec<String>,
    pub(super) losses: Vec<Loss>,
    /// Records of the source's version that have to follow, not converted yet.
    pub(super) more: Vec<Record>,
    xref: Option<String>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(from: Version, to: Version, memory: &'a mut Memory) -> Self {
        Self { from, to, memory, path: Vec::new(), losses: Vec::new(), more: Vec::new(), xref: None }
    }

    /// Converts one record, and whatever has to become a record of its own after it.
    pub(super) fn record(&mut self, record: Record) -> Vec<Record> {
        let mut out = Vec::new();
        let mut next = Some(record);
        let mut waiting = std::collections::VecDeque::new();
        while let Some(mut record) = next {
            self.xref.clone_from(&record.xref);
            self.path.clear();
            if let (Version::V70, Some(xref)) = (self.to, &record.xref) {
                let allowed = self.memory.xrefs.in_seven(xref);
                if allowed != *xref {
                    self.path.push(record.tag.clone());
                    self.lose(&record, xref, "7.0 allows A-Z, 0-9 and _ in an xref", KeptAs::OtherWords);
                    self.path.clear();
                    record.xref = Some(allowed);
                }
            }
            if record.tag == "HEAD" {
                out.push(head::convert(self, record));
            } else {
                self.node(record, &mut out);
            }
            waiting.extend(self.more.drain(..));
            next = waiting.pop_front();
        }
        out
    }

    /// The tag above the line at hand; empty for a record.
    pub(super) fn parent(&self) -> &str {
        self.above(1)
    }

    /// The tag so many levels above the line at hand.
    pub(super) fn above(&self, levels: usize) -> &str {
        let at = self.path.len().checked_sub(levels + 1);
        at.and_then(|at| self.path.get(at)).map_or("", String::as_str)
    }

    /// Converts one line and everything below it; `out` gets whatever it becomes.
    pub(super) fn node(&mut self, mut node: Record, out: &mut Vec<Record>) {
        if node.tag == "CONT" || node.tag == "CONC" {
            out.push(node);
            return;
        }
        self.path.push(node.tag.clone());
        if let Some(tag) = self.memory.restored.get(&node.tag).cloned() {
            node.tag = tag.strip_suffix(BELOW).unwrap_or(&tag).into();
            self.restore_tree(&mut node);
            out.push(node);
        } else if self.take_original(&mut node) {
            self.finish(node, Payload::Done, Vec::new(), out);
        } else if self.to == Version::V70 {
            up::node(self, node, out);
        } else {
            down::node(self, node, out);
        }
        self.path.pop();
    }

    /// The end of every conversion: the payload unless it is done, then the lines below; `added` come before them
    /// and are already in the target's words. A tag that the target does not have is kept as an extension.
    pub(super) fn finish(
        &mut self,
        mut node: Record,
        payload: Payload,
        added: Vec<Record>,
        out: &mut Vec<Record>,
    ) {
        let foreign = !node.tag.starts_with('_') && !node.tag.is_empty() && !tags::knows(self.to, &node.tag);
        let inside_extension = self.path.iter().rev().skip(1).any(|tag| tag.starts_with('_'));
        if foreign && !inside_extension && added.is_empty() {
            if tags::is_well_formed(&node.tag) {
                return self.keep(node, "there is no such tag", out);
            }
            let what = node.tag.clone();
            self.lose(&node, &what, "this is no tag in any version", KeptAs::AsItIs);
        }
        let mut added = added;
        if payload == Payload::AsWritten {
            added.extend(self.payload(&mut node));
        }
        let below = std::mem::take(&mut node.children);
        let (text, below): (Vec<_>, Vec<_>) =
            below.into_iter().partition(|line| line.tag == "CONT" || line.tag == "CONC");
        node.children = text;
        node.children.append(&mut added);
        for line in below {
            self.node(line, &mut node.children);
        }
        out.push(node);
    }

    /// Pointers and text. Gives a line to add when a pointer led nowhere.
    fn payload(&mut self, node: &mut Record) -> Option<Record> {
        let Some(pointer) = node.pointer().map(str::to_owned) else {
            text::convert(node, self.to);
            return None;
        };
        if self.to == Version::V551 || pointer == VOID {
            return None;
        }
        if node.tag.starts_with('_') {
            // Nobody knows whether this is meant to be a pointer.
            node.value = Some(self.memory.xrefs.in_seven(&pointer));
            return None;
        }
        let said = self.path.last().cloned().unwrap_or_default();
        if self.memory.is_dangling(&said, &pointer) {
            let original = self.original(node);
            self.lose(
                node,
                &pointer,
                "there is no record with this xref",
                KeptAs::Extension(original.tag.clone()),
            );
            node.value = Some(VOID.to_owned());
            return Some(original);
        }
        node.value = Some(self.memory.xrefs.in_seven(&pointer));
        None
    }

    /// Keeps a line with everything below it, word for word, under an extension tag.
    pub(super) fn keep(&mut self, mut node: Record, why: &'static str, out: &mut Vec<Record>) {
        // Else it would be taken for what the line above said.
        let below = is_counterpart(&node.tag, self.parent());
        let extension =
            self.extension(&if below { format!("{}{BELOW}", node.tag) } else { node.tag.clone() });
        let what = node.value.clone().unwrap_or_default();
        self.lose(&node, &what, why, KeptAs::Extension(extension.clone()));
        self.keep_tree(&mut node);
        node.tag = extension;
        out.push(node);
    }

    /// A line to add below `node` that keeps its payload, which the target cannot say.
    pub(super) fn original(&mut self, node: &Record) -> Record {
        // Under the tag of the source, even if the line has another one by now.
        let said = self.path.last().cloned().unwrap_or_default();
        let tag = self.extension(&said);
        let mut original = Record { value: node.value.clone(), ..Record::new(&tag) };
        original.children =
            node.children.iter().filter(|c| c.tag == "CONT" || c.tag == "CONC").cloned().collect();
        text::keep(&mut original, self.to);
        original
    }

    fn extension(&mut self, tag: &str) -> String {
        self.memory.kept.insert(tag.to_owned());
        self.memory.extension_for(tag, self.from)
    }

    /// Undoes [`original`](Self::original); tells whether there was one.
    fn take_original(&mut self, node: &mut Record) -> bool {
        let tag_of =
            |line: &Record| self.memory.restored.get(&line.tag).filter(|tag| is_counterpart(tag, &node.tag));
        let found = node.children.iter().enumerate().find_map(|(at, line)| Some((at, tag_of(line)?.clone())));
        let Some((at, tag)) = found else { return false };
        node.tag = tag;
        let mut original = node.children.remove(at);
        text::restore(&mut original, self.to);
        node.children.retain(|line| line.tag != "CONT" && line.tag != "CONC");
        node.value = original.value;
        node.children.splice(0..0, original.children);
        true
    }

    fn keep_tree(&self, node: &mut Record) {
        match node.pointer().map(str::to_owned) {
            Some(pointer) if pointer != VOID && !self.memory.xrefs.is_dangling(&pointer) => {
                self.readdress(node, &pointer);
            }
            _ => text::keep(node, self.to),
        }
        node.children.iter_mut().filter(|line| line.tag != "CONT").for_each(|line| self.keep_tree(line));
    }

    fn restore_tree(&self, node: &mut Record) {
        match node.pointer().map(str::to_owned) {
            Some(pointer) => self.readdress(node, &pointer),
            None => text::restore(node, self.to),
        }
        let lines = node.children.iter_mut().filter(|line| line.tag != "CONT" && line.tag != "CONC");
        lines.for_each(|line| self.restore_tree(line));
    }

    fn readdress(&self, node: &mut Record, pointer: &str) {
        if self.to == Version::V70 && pointer != VOID {
            node.value = Some(self.memory.xrefs.in_seven(pointer));
        }
    }

    /// Notes that something could not be said as it was.
    pub(super) fn lose(&mut self, node: &Record, what: &str, why: &'static str, kept_as: KeptAs) {
        const ENOUGH: usize = 120;
        let mut what: String = what.chars().take(ENOUGH + 1).collect();
        if what.chars().count() > ENOUGH {
            what.pop();
            what.push('…');
        }
        let path = self.path.join(".");
        self.losses.push(Loss { xref: self.xref.clone(), line: node.line, path, what, why, kept_as });
    }
}

/// Whether a line has the same meaning under both tags, each in its version.
fn is_counterpart(a: &str, b: &str) -> bool {
    a == b
        || [("NOTE", "SNOTE"), ("RELA", "ROLE"), ("TYPE", "MEDI")]
            .iter()
            .any(|(five, seven)| (a == *five && b == *seven) || (a == *seven && b == *five))
}

/// Whether a payload still has to be converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Payload {
    AsWritten,
    Done,
}
