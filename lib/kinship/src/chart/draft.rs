//! Who is on a chart, generation by generation, before anybody has a place on it.

use std::collections::{HashMap, HashSet};

use super::families::{families, parents};
use super::{Card, Kind, Options, Role};
use crate::graph::{Graph, Line, Place, Union};

/// A person's own place in the tree that is laid out; partners are cards beside it.
pub(super) struct Node {
    pub card: usize,
    pub generation: i32,
    pub up: Vec<(usize, Line)>,
    pub houses: Vec<Household>,
}

/// A house before it has a place.
pub(super) struct Household {
    pub partner: Option<usize>,
    pub union: Option<Union>,
    pub children: Vec<(usize, Line)>,
}

/// A node comes after the one it was reached from, so that going backwards meets children first.
pub(super) struct Draft<'a> {
    pub graph: &'a Graph,
    pub options: Options,
    pub cards: Vec<Card>,
    pub nodes: Vec<Node>,
    pub cut: bool,
    first: HashMap<Place, usize>,
}

impl<'a> Draft<'a> {
    pub fn new(graph: &'a Graph, root: Place, options: Options) -> Self {
        let mut draft =
            Self { graph, options, cards: Vec::new(), nodes: Vec::new(), cut: false, first: HashMap::new() };
        if let Some(card) = draft.card(root, 0, Role::Root) {
            draft.node(card, 0);
        }
        if let Some(root) = draft.cards.first_mut() {
            root.sosa = Some(1);
        }
        draft
    }

    fn card(&mut self, place: Place, generation: i32, role: Role) -> Option<usize> {
        if self.cards.len() >= self.options.limit {
            self.cut = true;
            return None;
        }
        let card = self.cards.len();
        let repeats = self.first.get(&place).copied();
        self.first.entry(place).or_insert(card);
        let (x, y, w, h) = (0, 0, self.options.card_width, self.options.card_height);
        // A reference needs room for a name, and no more.
        let h = if repeats.is_some() { h.min(36) } else { h };
        self.cards.push(Card {
            place,
            generation,
            x,
            y,
            w,
            h,
            role,
            repeats,
            more: false,
            sosa: None,
            sector: None,
        });
        Some(card)
    }

    fn node(&mut self, card: usize, generation: i32) -> usize {
        self.nodes.push(Node { card, generation, up: Vec::new(), houses: Vec::new() });
        self.nodes.len() - 1
    }

    fn repeats(&self, card: usize) -> bool {
        self.cards.get(card).is_none_or(|card| card.repeats.is_some())
    }

    /// Adds ancestors, nearest first.
    pub fn ascend(&mut self) {
        let highest = -i32::from(self.options.generations);
        let mut next = 0;
        while let Some((card, generation)) = self.nodes.get(next).map(|node| (node.card, node.generation)) {
            let child = next;
            next += 1;
            let Some((place, sosa)) = self.cards.get(card).map(|card| (card.place, card.sosa)) else {
                continue;
            };
            // Only those with a number are followed: the root and its two nearest lines.
            let Some(sosa) = sosa else { continue };
            if generation == highest || self.repeats(card) {
                continue;
            }
            for parent in parents(self.graph, place) {
                // A third and a fourth parent have no share of a circle.
                if parent.side.is_none() && self.options.kind == Kind::Fan {
                    continue;
                }
                let Some(card) = self.card(parent.place, generation - 1, Role::Ancestor) else { return };
                if let Some(card) = self.cards.get_mut(card) {
                    card.sosa = parent.side.map(|side| sosa * 2 + side);
                }
                let node = self.node(card, generation - 1);
                if let Some(child) = self.nodes.get_mut(child) {
                    child.up.push((node, parent.line));
                }
            }
        }
    }

    /// Adds partners and descendants, nearest first.
    pub fn descend(&mut self) {
        let lowest = i32::from(self.options.generations);
        let mut couples = HashSet::new();
        let mut next = 0;
        while let Some((card, generation)) = self.nodes.get(next).map(|node| (node.card, node.generation)) {
            let person = next;
            next += 1;
            if generation < 0 || self.repeats(card) {
                continue;
            }
            let Some(place) = self.cards.get(card).map(|card| card.place) else { continue };
            for mut family in families(self.graph, place) {
                if generation == lowest {
                    family.children.clear();
                }
                // The children of cousins stand under the one of them who comes first.
                if let Some(partner) = family.partner
                    && !couples.insert((place.min(partner), place.max(partner)))
                {
                    family.children.clear();
                }
                if family.children.is_empty() && family.union.is_none() {
                    continue;
                }
                self.household(person, generation, family);
                if self.cut {
                    return;
                }
            }
        }
    }

    fn household(&mut self, person: usize, generation: i32, family: super::families::Family) {
        let mut house = Household { partner: None, union: family.union, children: Vec::new() };
        if let Some(partner) = family.partner {
            house.partner = self.card(partner, generation, Role::Partner);
            if house.partner.is_none() {
                return;
            }
        }
        for (child, line) in family.children {
            let Some(card) = self.card(child, generation + 1, Role::Descendant) else { break };
            let node = self.node(card, generation + 1);
            house.children.push((node, line));
        }
        if house.partner.is_none() && house.children.is_empty() {
            return;
        }
        if let Some(node) = self.nodes.get_mut(person) {
            node.houses.push(house);
        }
    }

    /// Marks where the chart would go on.
    pub fn mark_more(&mut self, up: bool, down: bool) {
        let (graph, first) = (self.graph, &self.first);
        for card in &mut self.cards {
            let hidden = |place: Place| !first.contains_key(&place);
            let above = up && matches!(card.role, Role::Root | Role::Ancestor);
            let below = down && !matches!(card.role, Role::Ancestor);
            card.more = card.repeats.is_none()
                && (above && graph.parents(card.place).any(|(parent, _)| hidden(parent))
                    || below && graph.children(card.place).any(|(child, _)| hidden(child)));
        }
    }
}
