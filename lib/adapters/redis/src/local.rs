//! What this process knows by itself: copies of what it told Redis, and what it could not tell.

use std::sync::Arc;
use std::time::Duration;

use dzinza_ports::Hits;
use jiff::Timestamp;

use crate::limits::{end_of, moment};
use crate::shelf::{Item, Shelf, Slot};

/// Counters and values, of each so many at most. They are apart so that a flood of counters costs no revocation.
const MOST: usize = 50_000;
/// Memory for values, and as much for counters. Longer values than challenges of a sign-in are nobody's business here.
const MOST_BYTES: usize = 16 << 20;
/// Values that are put back into a Redis that forgot everything. They say no: nothing is given twice by that. Of a value
/// that can be taken nobody knows then whether another process has taken it.
const PUT_BACK: [&str; 3] = ["revoked_", "user_valid_after:", "login_lock:"];

/// A counter as this process knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counter {
    /// All hits in the window.
    pub(crate) count: u64,
    /// Those among them that Redis does not know.
    pub(crate) unsent: u64,
    /// Whether the counter was removed before, and what Redis has must not count.
    pub(crate) void: bool,
}

/// A value, or that there is none any more.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Value(Option<String>);

impl Item for Counter {
    fn bytes(&self) -> usize {
        64
    }
}

impl Item for Value {
    fn bytes(&self) -> usize {
        64 + self.0.as_ref().map_or(0, String::len)
    }
}

/// Something that Redis does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// A counter.
    Counter { key: Arc<str>, counter: Counter, ends: i64, revision: u64 },
    /// A value, or that it is gone.
    Value { key: Arc<str>, text: Option<String>, ends: i64, revision: u64 },
}

pub(crate) struct Local {
    counters: Shelf<Counter>,
    values: Shelf<Value>,
}

impl Local {
    pub(crate) fn new() -> Self {
        Self::of(MOST)
    }

    fn of(most: usize) -> Self {
        Self { counters: Shelf::new(most, MOST_BYTES), values: Shelf::new(most, MOST_BYTES) }
    }

    /// Notes what Redis counted. Answers of two hits may come in any order; hits that wait to be told are added.
    pub(crate) fn saw(&mut self, key: &str, hits: Hits, now: Timestamp) -> Hits {
        let (now, ends) = (now.as_millisecond(), hits.resets_at.as_millisecond());
        match self.counters.get(key, now) {
            // Redis was away in between. This hit may or may not be among those that were known here then.
            Some(slot) if slot.unsent => {
                let mut counter = slot.item.clone();
                if !counter.void && slot.ends == ends {
                    counter.count = counter.count.max(hits.count.saturating_add(counter.unsent));
                }
                let (count, ends) = (counter.count, slot.ends);
                self.counters.set(key, counter, ends, true, now);
                Hits { count: count.max(hits.count), ..hits }
            }
            Some(slot) if slot.ends == ends && slot.item.count >= hits.count => hits,
            _ => {
                let counter = Counter { count: hits.count, unsent: 0, void: false };
                self.counters.set(key, counter, ends, false, now);
                hits
            }
        }
    }

    /// Counts a hit here, on top of what is known.
    pub(crate) fn hit(&mut self, key: &str, window: Duration, now: Timestamp) -> Hits {
        let millis = now.as_millisecond();
        let (counter, ends) = match self.counters.get(key, millis) {
            Some(Slot { item, ends, .. }) if item.count > 0 => {
                let (count, unsent) = (item.count.saturating_add(1), item.unsent.saturating_add(1));
                (Counter { count, unsent, void: item.void }, *ends)
            }
            before => {
                let void = before.is_some_and(|slot| slot.item.void);
                (Counter { count: 1, unsent: 1, void }, end_of(now, window))
            }
        };
        let count = counter.count;
        self.counters.set(key, counter, ends, true, millis);
        Hits { count, resets_at: moment(ends) }
    }

    /// Notes a value; `unsent` if Redis was not told.
    pub(crate) fn put(&mut self, key: &str, text: &str, lifetime: Duration, unsent: bool, now: Timestamp) {
        let ends = end_of(now, lifetime);
        self.values.set(key, Value(Some(text.to_owned())), ends, unsent, now.as_millisecond());
    }

    /// The value as this process knows it.
    pub(crate) fn get(&self, key: &str, now: Timestamp) -> Option<String> {
        self.values.get(key, now.as_millisecond())?.item.0.clone()
    }

    /// Whether Redis does not know what became of this value here.
    pub(crate) fn knows_better(&self, key: &str, now: Timestamp) -> bool {
        self.values.get(key, now.as_millisecond()).is_some_and(|slot| slot.unsent)
    }

    /// What holds where Redis says this.
    pub(crate) fn correct(&self, key: &str, found: Option<String>, now: Timestamp) -> Option<String> {
        if self.knows_better(key, now) { self.get(key, now) } else { found }
    }

    /// The value, which is gone from now on, in Redis too when it comes back.
    pub(crate) fn take(&mut self, key: &str, now: Timestamp) -> Option<String> {
        let millis = now.as_millisecond();
        let Slot { item: Value(text), ends, .. } = self.values.get(key, millis)?.clone();
        let text = text?;
        self.values.set(key, Value(None), ends, true, millis);
        Some(text)
    }

    /// Redis gave the value away: there must be no copy.
    pub(crate) fn given(&mut self, key: &str) {
        self.values.remove(key);
    }

    /// Forgets a value and a counter; `unsent` if Redis was not told.
    pub(crate) fn remove(&mut self, key: &str, unsent: bool, now: Timestamp) {
        self.values.remove(key);
        self.counters.remove(key);
        if unsent {
            // Nobody knows when what Redis has would end, so that it goes whatever it says.
            let counter = Counter { count: 0, unsent: 0, void: true };
            self.counters.set(key, counter, end_of(now, Duration::MAX), true, now.as_millisecond());
            let ends = end_of(now, Duration::MAX);
            self.values.set(key, Value(None), ends, true, now.as_millisecond());
        }
    }

    /// Some of what Redis does not know; what is over by now is none of it.
    pub(crate) fn changes(&mut self, most: usize, now: Timestamp) -> Vec<Change> {
        let now = now.as_millisecond();
        let mut changes = Vec::new();
        for (key, slot) in self.values.unsent(most) {
            if slot.ends <= now {
                self.values.remove(&key);
                continue;
            }
            let Slot { item: Value(text), ends, revision, .. } = slot;
            changes.push(Change::Value { key, text, ends, revision });
        }
        for (key, slot) in self.counters.unsent(most.saturating_sub(changes.len())) {
            if slot.ends <= now {
                self.counters.remove(&key);
                continue;
            }
            let Slot { item: counter, ends, revision, .. } = slot;
            changes.push(Change::Counter { key, counter, ends, revision });
        }
        changes
    }

    pub(crate) fn has_changes(&self) -> bool {
        !self.values.unsent(1).is_empty() || !self.counters.unsent(1).is_empty()
    }

    /// Redis was told. What changed meanwhile is still to be told.
    pub(crate) fn told(&mut self, changes: &[Change], now: Timestamp) {
        let now = now.as_millisecond();
        for change in changes {
            match change {
                Change::Counter { key, counter, ends, revision } => {
                    let Some(slot) = self.counters.slot(key).cloned() else { continue };
                    if slot.revision != *revision {
                        // Hits since then; not if it was removed since, or its window ended.
                        if slot.ends == *ends && slot.item.count >= counter.count {
                            let unsent = slot.item.unsent.saturating_sub(counter.unsent);
                            let left = Counter { unsent, void: false, ..slot.item };
                            self.counters.set(key, left, slot.ends, true, now);
                        }
                    } else if counter.count == 0 {
                        self.counters.remove(key);
                    } else {
                        let known = Counter { unsent: 0, void: false, ..counter.clone() };
                        self.counters.set(key, known, *ends, false, now);
                    }
                }
                Change::Value { key, text, ends, revision } => {
                    if self.values.slot(key).is_none_or(|slot| slot.revision != *revision) {
                        continue;
                    }
                    match text {
                        Some(text) => self.values.set(key, Value(Some(text.clone())), *ends, false, now),
                        None => self.values.remove(key),
                    }
                }
            }
        }
    }

    /// Redis has forgotten everything: what this process counted and forbade is to be told again.
    pub(crate) fn redis_forgot(&mut self, now: Timestamp) {
        let now = now.as_millisecond();
        for key in self.counters.keys() {
            if let Some(slot) = self.counters.get(&key, now).filter(|slot| !slot.unsent).cloned() {
                self.counters.set(&key, slot.item, slot.ends, true, now);
            }
        }
        for key in self.values.keys() {
            let Some(slot) = self.values.get(&key, now).filter(|slot| !slot.unsent).cloned() else {
                continue;
            };
            if PUT_BACK.iter().any(|word| key.starts_with(word)) {
                self.values.set(&key, slot.item, slot.ends, true, now);
            } else {
                self.values.remove(&key);
            }
        }
    }

    /// How many things are known, and how many living ones had to go since this was asked last.
    pub(crate) fn size(&mut self) -> (usize, u64) {
        let forgotten = self.counters.forgotten() + self.values.forgotten();
        (self.counters.len() + self.values.len(), forgotten)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;
    const WINDOW: Duration = Duration::from_mins(1);

    fn told_all(local: &mut Local) -> Vec<Change> {
        let changes = local.changes(100, NOW);
        local.told(&changes, NOW);
        changes
    }

    fn only_counter(changes: &[Change]) -> &Counter {
        match changes {
            [Change::Counter { counter, .. }] => counter,
            other => panic!("not one counter: {other:?}"),
        }
    }

    #[test]
    fn what_is_told_is_told_once_and_hits_since_then_are_told_later() {
        let mut local = Local::of(10);
        let seen = Hits { count: 4, resets_at: NOW + WINDOW };
        assert_eq!(local.saw("k", seen, NOW), seen);
        assert!(!local.has_changes());
        assert_eq!(local.hit("k", WINDOW * 2, NOW), Hits { count: 5, ..seen }, "the window is the old one");
        let first = local.changes(100, NOW);
        assert_eq!(*only_counter(&first), Counter { count: 5, unsent: 1, void: false });
        local.hit("k", WINDOW, NOW);
        local.told(&first, NOW);
        let second = told_all(&mut local);
        assert_eq!(*only_counter(&second), Counter { count: 6, unsent: 1, void: false });
        assert!(!local.has_changes());
        assert_eq!(local.hit("k", WINDOW, NOW).count, 7);
    }

    #[test]
    fn a_counter_that_was_removed_begins_anew_and_says_so() {
        let mut local = Local::of(10);
        local.saw("k", Hits { count: 4, resets_at: NOW + WINDOW }, NOW);
        local.remove("k", true, NOW);
        assert_eq!(local.hit("k", WINDOW, NOW).count, 1);
        let changes = told_all(&mut local);
        assert!(changes.iter().any(|change| matches!(
            change,
            Change::Counter { counter: Counter { count: 1, void: true, .. }, .. }
        )));
        assert_eq!(local.hit("k", WINDOW, NOW).count, 2);
        assert_eq!(*only_counter(&told_all(&mut local)), Counter { count: 2, unsent: 1, void: false });
    }

    #[test]
    fn memory_is_bounded_and_what_redis_does_not_know_goes_last() {
        let mut local = Local::of(100);
        local.put("revoked_sid:s", "logout", WINDOW, true, NOW);
        for number in 0..1000 {
            local.put(&format!("v{number}"), "v", WINDOW * 2, false, NOW);
            local.hit(&format!("c{number}"), WINDOW, NOW);
        }
        assert_eq!(local.get("revoked_sid:s", NOW).as_deref(), Some("logout"));
        let (size, forgotten) = local.size();
        assert_eq!((size, forgotten), (200, 901 + 900));
    }

    #[test]
    fn what_is_over_is_not_told() {
        let mut local = Local::of(10);
        local.put("v", "v", WINDOW, true, NOW);
        local.hit("c", WINDOW, NOW);
        assert!(local.changes(100, NOW + WINDOW).is_empty());
        assert!(!local.has_changes());
    }
}
