//! Who is who: persons of a newer file among those of a tree.
//!
//! First by identifiers that programs keep; then by pointer, if it is the same file and most pointers still mean people
//! of the same name; then by facts, where one candidate is clearly the best and nobody else's.

use std::collections::HashMap;

use super::traits::{Side, Span, Traits};

/// Why two are taken for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// `UID`, `_UID` or `EXID`.
    Uid,
    /// The pointer of the same file.
    Xref,
    /// Name, dates, places and kin.
    Facts,
}

impl Reason {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Uid => "uid",
            Self::Xref => "xref",
            Self::Facts => "facts",
        }
    }
}

/// In [`Matches::of`]: a person who is new.
pub const NOBODY: u32 = u32::MAX;

/// Who of the file is who of the tree.
#[derive(Debug)]
pub struct Matches {
    /// By place in the file: the place in the tree, or [`NOBODY`].
    pub of: Vec<u32>,
    /// By place in the file: why, where there is someone.
    pub why: Vec<Option<Reason>>,
    /// Whether pointers of the file mean in the tree what they mean in the file.
    pub pointers_hold: bool,
}

/// So many percent of the pointers that both have must name people alike.
const AGREEING: usize = 60;
/// More of one name on either side are not compared: nobody could tell them apart.
const LARGEST_BLOCK: usize = 64;
/// What two must have in common to be one.
const ENOUGH: u32 = 6;
/// By how much the best must be better than the next.
const CLEARLY: u32 = 2;
/// Each round knows more kin than the last.
const ROUNDS: usize = 4;
/// Dates further apart cannot be the same.
const TOO_FAR: i64 = 3 * 366;

/// Matches the persons of a newer file with those of a tree. Nobody is matched twice.
pub fn match_people(tree: &mut Side, file: &mut Side) -> Matches {
    for side in [&mut *tree, &mut *file] {
        side.uids.sort_unstable();
        side.uids.dedup();
        for ties in [&mut side.parents, &mut side.partners] {
            ties.sort_unstable();
            ties.dedup();
        }
    }
    let mut matching = Matching {
        tree,
        file,
        of: vec![NOBODY; file.all.len()],
        why: vec![None; file.all.len()],
        taken: vec![NOBODY; tree.all.len()],
    };
    matching.by_uid();
    let pointers_hold = matching.by_pointer();
    for _ in 0..ROUNDS {
        if matching.by_facts() == 0 {
            break;
        }
    }
    Matches { of: matching.of, why: matching.why, pointers_hold }
}

struct Matching<'a> {
    tree: &'a Side,
    file: &'a Side,
    of: Vec<u32>,
    why: Vec<Option<Reason>>,
    /// By place in the tree.
    taken: Vec<u32>,
}

impl Matching<'_> {
    fn is_free(&self, old: u32, new: u32) -> bool {
        self.of.get(new as usize) == Some(&NOBODY) && self.taken.get(old as usize) == Some(&NOBODY)
    }

    fn join(&mut self, old: u32, new: u32, reason: Reason) {
        if self.is_free(old, new) {
            self.of[new as usize] = old;
            self.why[new as usize] = Some(reason);
            self.taken[old as usize] = new;
        }
    }

    /// Identifiers that only one person has on either side.
    fn by_uid(&mut self) {
        let old: HashMap<u64, u32> = unique(&self.tree.uids).collect();
        let pairs: Vec<(u32, u32)> =
            unique(&self.file.uids).filter_map(|(uid, new)| Some((*old.get(&uid)?, new))).collect();
        for (old, new) in pairs {
            self.join(old, new, Reason::Uid);
        }
    }

    /// Pointers, if they still mean the same people.
    fn by_pointer(&mut self) -> bool {
        let listed = |side: &Side| {
            let all = side.all.iter().enumerate().filter(|(_, one)| one.xref != 0);
            let mut list: Vec<(u64, u32)> = all.map(|(place, one)| (one.xref, place as u32)).collect();
            list.sort_unstable();
            list
        };
        let pairs = groups(&listed(self.tree), &listed(self.file));
        let (mut named, mut alike) = (0, 0);
        for (old, new) in &pairs {
            let (Some(old), Some(new)) = (self.tree.all.get(*old as usize), self.file.all.get(*new as usize))
            else {
                continue;
            };
            if old.name != 0 && new.name != 0 {
                named += 1;
                alike += usize::from(old.name == new.name || old.block() == new.block());
            }
        }
        let hold = !pairs.is_empty() && alike * 100 >= named * AGREEING;
        for (old, new) in pairs.into_iter().filter(|_| hold) {
            if self.is_free(old, new) && may_be(&self.tree.all[old as usize], &self.file.all[new as usize]) {
                self.join(old, new, Reason::Xref);
            }
        }
        hold
    }

    /// One round over all who share a first and a last name; how many were found.
    fn by_facts(&mut self) -> usize {
        let (old, new) = (blocks(self.tree, &self.taken), blocks(self.file, &self.of));
        let mut found = Vec::new();
        let mut from = 0;
        while let Some((block, _)) = new.get(from) {
            let to = from + new[from..].partition_point(|(other, _)| other == block);
            let start = old.partition_point(|(other, _)| other < block);
            let end = start + old[start..].partition_point(|(other, _)| other == block);
            if end - start <= LARGEST_BLOCK && to - from <= LARGEST_BLOCK {
                self.best_of(&old[start..end], &new[from..to], &mut found);
            }
            from = to;
        }
        let count = found.len();
        for (old, new) in found {
            self.join(old, new, Reason::Facts);
        }
        count
    }

    fn best_of(&self, old: &[(u64, u32)], new: &[(u64, u32)], found: &mut Vec<(u32, u32)>) {
        let scores: Vec<Vec<u32>> =
            new.iter().map(|(_, new)| old.iter().map(|(_, old)| self.score(*old, *new)).collect()).collect();
        for (row, (_, one)) in scores.iter().zip(new) {
            let Some((best, score)) = row.iter().enumerate().max_by_key(|(_, score)| **score) else {
                continue;
            };
            let others = row.iter().enumerate().filter(|(place, _)| *place != best).map(|(_, score)| score);
            let column = scores.iter().zip(new).filter(|(_, (_, other))| other != one);
            let rivals = column.filter_map(|(row, _)| row.get(best));
            let next = others.chain(rivals).max().copied().unwrap_or(0);
            if *score >= ENOUGH && *score >= next + CLEARLY {
                found.extend(old.get(best).map(|(_, old)| (*old, *one)));
            }
        }
    }

    /// What two of the same first and last name have in common; 0 if they cannot be one.
    fn score(&self, old: u32, new: u32) -> u32 {
        let (one, two) = (&self.tree.all[old as usize], &self.file.all[new as usize]);
        let sexes = one.sex != two.sex && one.sex != 0 && two.sex != 0;
        let (Some(born), Some(died)) = (dates(one.birth, two.birth), dates(one.death, two.death)) else {
            return 0;
        };
        if sexes {
            return 0;
        }
        let same = |one: u64, two: u64| u32::from(one != 0 && one == two);
        let name = if one.name == two.name { 3 } else { 2 };
        let places = same(one.born_at, two.born_at) + same(one.died_at, two.died_at);
        name + born + died + places + self.kin(old, new)
    }

    fn kin(&self, old: u32, new: u32) -> u32 {
        let parents = self.shared((&self.tree.parents, old), (&self.file.parents, new));
        let partners = self.shared((&self.tree.partners, old), (&self.file.partners, new));
        parents.min(6) + partners.min(3)
    }

    /// 3 for each relative who is known to be the same, 2 for each of the same name.
    fn shared(&self, (in_tree, old): (&[(u32, u32)], u32), (in_file, new): (&[(u32, u32)], u32)) -> u32 {
        let name = |side: &Side, place: u32| side.all.get(place as usize).map_or(0, |one| one.name);
        let mut sum = 0;
        for relative in ties(in_file, new).take(LARGEST_BLOCK) {
            let known = self.of.get(relative as usize).copied().unwrap_or(NOBODY);
            let named = name(self.file, relative);
            sum += ties(in_tree, old)
                .take(LARGEST_BLOCK)
                .map(|other| match () {
                    () if known == other => 3,
                    () if known == NOBODY && named != 0 && name(self.tree, other) == named => 2,
                    () => 0,
                })
                .max()
                .unwrap_or(0);
        }
        sum
    }
}

fn ties(all: &[(u32, u32)], of: u32) -> impl Iterator<Item = u32> + '_ {
    let start = all.partition_point(|(from, _)| *from < of);
    all[start..].iter().take_while(move |(from, _)| *from == of).map(|(_, to)| *to)
}

/// The entries of a sorted list whose key nobody else has.
fn unique(sorted: &[(u64, u32)]) -> impl Iterator<Item = (u64, u32)> + '_ {
    let other = |place: Option<usize>, key: u64| {
        place.and_then(|place| sorted.get(place)).is_none_or(|(other, _)| *other != key)
    };
    let alone = move |place: usize, key: u64| other(place.checked_sub(1), key) && other(Some(place + 1), key);
    sorted.iter().enumerate().filter(move |(place, (key, _))| alone(*place, *key)).map(|(_, one)| *one)
}

/// Who shares a key: one with one, and as many with as many in their order, for files have pointers that stand for two.
fn groups(tree: &[(u64, u32)], file: &[(u64, u32)]) -> Vec<(u32, u32)> {
    let (mut pairs, mut from, mut start) = (Vec::new(), 0, 0);
    while let Some((key, _)) = file.get(from) {
        let to = from + file[from..].partition_point(|(other, _)| other == key);
        start += tree[start..].partition_point(|(other, _)| other < key);
        let end = start + tree[start..].partition_point(|(other, _)| other == key);
        if end - start == to - from {
            pairs.extend(
                tree[start..end].iter().zip(&file[from..to]).map(|((_, old), (_, new))| (*old, *new)),
            );
        }
        from = to;
    }
    pairs
}

/// Those who are not matched yet, sorted by [`Traits::block`].
fn blocks(side: &Side, matched: &[u32]) -> Vec<(u64, u32)> {
    let free = side.all.iter().enumerate().filter(|(place, _)| matched.get(*place) == Some(&NOBODY));
    let mut all: Vec<(u64, u32)> =
        free.map(|(place, one)| (one.block(), place as u32)).filter(|(block, _)| *block != 0).collect();
    all.sort_unstable();
    all
}

/// What two dates have in common; `None` if they cannot be one.
fn dates(one: Span, two: Span) -> Option<u32> {
    match () {
        () if !one.is_known() || !two.is_known() => Some(0),
        () if one == two && one.0 == one.1 => Some(4),
        () if one.apart(two) == 0 => Some(2),
        () if one.apart(two) <= TOO_FAR => Some(0),
        () => None,
    }
}

/// Whether two with one pointer may be one: by a part of the name, or else by a date. Programs give the pointer of
/// someone who was deleted to someone else.
fn may_be(old: &Traits, new: &Traits) -> bool {
    let same = |one: u64, two: u64| one != 0 && one == two;
    let nameless = old.name == 0 || new.name == 0;
    let named = same(old.name, new.name) || same(old.given, new.given) || same(old.surname, new.surname);
    let dated = [(old.birth, new.birth), (old.death, new.death)]
        .iter()
        .any(|(one, two)| dates(*one, *two).is_some_and(|points| points > 0));
    nameless || named || dated
}
