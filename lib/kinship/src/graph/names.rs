//! Ids as one text, found by hash.

use std::hash::BuildHasher as _;
use std::mem::size_of;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::Place;

/// Ids by place and places by id, at some eight bytes a person beyond the ids themselves.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    text: String,
    /// Where each id ends.
    ends: Vec<u32>,
    places: HashTable<Place>,
    hasher: DefaultHashBuilder,
}

impl Names {
    pub fn place(&self, id: &str) -> Option<Place> {
        let hash = self.hasher.hash_one(id);
        self.places.find(hash, |place| self.id(*place) == id).copied()
    }

    pub fn id(&self, place: Place) -> &str {
        let place = place as usize;
        let Some(end) = self.ends.get(place) else { return "" };
        let start = place.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.text.get(start as usize..*end as usize).unwrap_or_default()
    }

    /// Adds an id that is not there yet.
    pub fn push(&mut self, id: &str) -> Place {
        let place = self.ends.len() as Place;
        self.text.push_str(id);
        self.ends.push(self.text.len() as u32);
        let Self { text, ends, places, hasher } = self;
        let id_of = |place: &Place| {
            let place = *place as usize;
            let start = if place == 0 { 0 } else { ends[place - 1] as usize };
            &text[start..ends[place] as usize]
        };
        places.insert_unique(hasher.hash_one(id), place, |place| hasher.hash_one(id_of(place)));
        place
    }

    pub fn bytes(&self) -> usize {
        self.text.len() + self.ends.len() * size_of::<u32>() + self.places.capacity() * 5
    }
}
