//! Things that end by themselves, in bounded memory.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// What has a place on a shelf.
pub(crate) trait Item: Clone {
    /// The bytes that it takes beside its key, about.
    fn bytes(&self) -> usize;
}

/// Things by key. If there are too many, what Redis has as well goes first, and of that what ends first.
pub(crate) struct Shelf<T> {
    slots: HashMap<Arc<str>, Slot<T>>,
    /// In the order in which they go: unsent ones last.
    order: BTreeSet<(bool, i64, Arc<str>)>,
    most: usize,
    most_bytes: usize,
    bytes: usize,
    revisions: u64,
    forgotten: u64,
}

#[derive(Clone)]
pub(crate) struct Slot<T> {
    pub(crate) item: T,
    /// The millisecond in which it is over.
    pub(crate) ends: i64,
    /// Whether Redis does not know it as it is.
    pub(crate) unsent: bool,
    /// Another one after each change.
    pub(crate) revision: u64,
}

impl<T: Item> Shelf<T> {
    pub(crate) fn new(most: usize, most_bytes: usize) -> Self {
        Self {
            slots: HashMap::new(),
            order: BTreeSet::new(),
            most,
            most_bytes,
            bytes: 0,
            revisions: 0,
            forgotten: 0,
        }
    }

    /// What is under the key and not over yet.
    pub(crate) fn get(&self, key: &str, now: i64) -> Option<&Slot<T>> {
        self.slots.get(key).filter(|slot| slot.ends > now)
    }

    /// Puts something in place of what was there.
    pub(crate) fn set(&mut self, key: &str, item: T, ends: i64, unsent: bool, now: i64) {
        self.remove(key);
        self.revisions += 1;
        let key: Arc<str> = Arc::from(key);
        self.bytes += key.len() + item.bytes();
        self.order.insert((unsent, ends, key.clone()));
        self.slots.insert(key, Slot { item, ends, unsent, revision: self.revisions });
        self.make_room(now);
    }

    pub(crate) fn remove(&mut self, key: &str) {
        if let Some((key, slot)) = self.slots.remove_entry(key) {
            self.bytes -= key.len() + slot.item.bytes();
            self.order.remove(&(slot.unsent, slot.ends, key));
        }
    }

    /// Some of what Redis does not know, what ends first first.
    pub(crate) fn unsent(&self, most: usize) -> Vec<(Arc<str>, Slot<T>)> {
        let from = (true, i64::MIN, Arc::from(""));
        let keys = self.order.range(from..).take(most).map(|(_, _, key)| key);
        keys.filter_map(|key| Some((key.clone(), self.slots.get(key)?.clone()))).collect()
    }

    /// All keys.
    pub(crate) fn keys(&self) -> Vec<Arc<str>> {
        self.slots.keys().cloned().collect()
    }

    pub(crate) fn slot(&self, key: &str) -> Option<&Slot<T>> {
        self.slots.get(key)
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// How many living things had to go for want of room since this was asked last.
    pub(crate) fn forgotten(&mut self) -> u64 {
        std::mem::take(&mut self.forgotten)
    }

    /// What is over goes, and then what must. A change makes at most one thing more, so this is a step or two.
    fn make_room(&mut self, now: i64) {
        for unsent in [false, true] {
            let from = (unsent, i64::MIN, Arc::from(""));
            let over = |(_, ends, _): &&(bool, i64, Arc<str>)| *ends <= now;
            let first = self.order.range(from..).take_while(|(of, _, _)| *of == unsent).take_while(over);
            let keys: Vec<_> = first.take(4).map(|(_, _, key)| key.clone()).collect();
            for key in keys {
                self.remove(&key);
            }
        }
        while self.slots.len() > self.most || self.bytes > self.most_bytes {
            let Some((_, _, key)) = self.order.first().cloned() else { return };
            self.remove(&key);
            self.forgotten += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Item for usize {
        fn bytes(&self) -> usize {
            *self
        }
    }

    fn keys(shelf: &Shelf<usize>) -> Vec<String> {
        let mut keys: Vec<String> = shelf.keys().iter().map(ToString::to_string).collect();
        keys.sort();
        keys
    }

    #[test]
    fn what_redis_has_goes_first_and_of_that_what_ends_first() {
        let mut shelf = Shelf::new(3, 1000);
        shelf.set("unsent", 0, 10, true, 0);
        shelf.set("late", 0, 30, false, 0);
        shelf.set("soon", 0, 20, false, 0);
        shelf.set("later", 0, 40, false, 0);
        assert_eq!(keys(&shelf), ["late", "later", "unsent"]);
        shelf.set("x", 0, 50, true, 0);
        shelf.set("y", 0, 60, true, 0);
        shelf.set("z", 0, 70, true, 0);
        assert_eq!(keys(&shelf), ["x", "y", "z"]);
        assert_eq!((shelf.forgotten(), shelf.forgotten()), (4, 0));
    }

    #[test]
    fn bytes_are_bounded_and_what_is_over_makes_room_without_loss() {
        let mut shelf = Shelf::new(100, 50);
        shelf.set("a", 20, 10, false, 0);
        shelf.set("b", 20, 20, false, 0);
        shelf.set("c", 20, 30, false, 10);
        assert_eq!((keys(&shelf), shelf.forgotten()), (vec!["b".to_owned(), "c".to_owned()], 0));
        shelf.set("d", 20, 40, false, 10);
        assert_eq!((keys(&shelf), shelf.forgotten()), (vec!["c".to_owned(), "d".to_owned()], 1));
        shelf.set("huge", 51, 90, true, 10);
        assert_eq!((shelf.len(), shelf.bytes), (0, 0), "what is larger than the room is not kept");
    }

    #[test]
    fn a_thing_in_place_of_another_leaves_nothing_behind() {
        let mut shelf = Shelf::new(10, 1000);
        shelf.set("a", 5, 10, true, 0);
        let revision = shelf.slot("a").unwrap().revision;
        shelf.set("a", 7, 20, false, 0);
        assert!(shelf.slot("a").unwrap().revision > revision);
        assert_eq!((shelf.len(), shelf.order.len(), shelf.bytes), (1, 1, 8));
        assert!(shelf.unsent(10).is_empty());
        assert!(shelf.get("a", 20).is_none(), "its time is over");
        shelf.remove("a");
        assert_eq!((shelf.len(), shelf.order.len(), shelf.bytes), (0, 0, 0));
    }
}
