//! The lines of a chart: between partners, from a house to its children, from a child to its parents.

use super::draft::Household;
use super::placed::{BUS, DROP, LANE, Plan};
use super::{Connector, House, Meaning, Point};
use crate::graph::Place;

/// Lines and houses before they are turned to the chart's direction.
#[derive(Default)]
pub(super) struct Sheet {
    pub connectors: Vec<(Meaning, Vec<(i64, i64)>)>,
    houses: Vec<(House, (i64, i64))>,
}

impl Sheet {
    fn line(&mut self, meaning: Meaning, mut points: Vec<(i64, i64)>) {
        points.dedup();
        if points.len() > 1 {
            self.connectors.push((meaning, points));
        }
    }

    pub fn turned(self, turn: impl Fn((i64, i64)) -> Point) -> (Vec<House>, Vec<Connector>) {
        let houses = self.houses.into_iter().map(|(house, at)| House { at: turn(at), ..house });
        let connectors = self.connectors.into_iter().map(|(meaning, points)| Connector {
            meaning,
            stroke: meaning.stroke(),
            points: points.into_iter().map(&turn).collect(),
        });
        (houses.collect(), connectors.collect())
    }
}

pub(super) fn of(plan: &Plan<'_>) -> Sheet {
    let mut sheet = Sheet::default();
    for node in 0..plan.draft.nodes.len() {
        above(plan, node, &mut sheet);
        below(plan, node, &mut sheet);
    }
    sheet
}

/// For each house the line across that leads to its children: 0 is nearest to the parents. Lines of different houses
/// that would lie over each other get different ones, and in such an order that they do not cross: of those that go
/// to the right, the last house comes nearest, of those to the left, the first.
pub(super) fn lanes(plan: &Plan<'_>, node: usize) -> Vec<usize> {
    let Some(houses) = plan.draft.nodes.get(node).map(|node| &node.houses) else { return Vec::new() };
    let reach = |(index, house): (usize, &Household)| {
        let joint = plan.joint(node, index);
        let kids: Vec<i64> = house.children.iter().map(|(kid, _)| plan.anchor(*kid)).collect();
        let (first, last) = (kids.first().copied()?, kids.last().copied()?);
        Some((index, first + last >= 2 * joint, first.min(joint), last.max(joint)))
    };
    let reaches: Vec<_> = houses.iter().enumerate().filter_map(reach).collect();
    let left = reaches.iter().filter(|reach| !reach.1);
    let right = reaches.iter().rev().filter(|reach| reach.1);
    let mut lanes = vec![0; houses.len()];
    let mut done: Vec<(usize, i64, i64)> = Vec::new();
    for (index, _, from, to) in left.chain(right) {
        let over = done.iter().filter(|(_, start, end)| start <= to && from <= end);
        let lane = over.map(|(lane, ..)| lane + 1).max().unwrap_or(0);
        done.push((lane, *from, *to));
        if let Some(slot) = lanes.get_mut(*index) {
            *slot = lane;
        }
    }
    lanes
}

/// The lines to the parents, for whom the joint lies half-way.
fn above(plan: &Plan<'_>, node: usize, sheet: &mut Sheet) {
    let Some(child) = plan.draft.nodes.get(node).filter(|child| !child.up.is_empty()) else { return };
    let Some((from, _)) = plan.levels.get(&child.generation) else { return };
    let room = plan.room(child.card);
    let joint = (room.middle().0, from - DROP);
    let mut partners = Vec::new();
    for (parent, line) in &child.up {
        let Some(parent) = plan.draft.nodes.get(*parent) else { continue };
        let theirs = plan.room(parent.card);
        let at = theirs.middle().0;
        sheet.line((*line).into(), vec![(joint.0, room.d.0), joint, (at, joint.1), (at, theirs.d.1)]);
        partners.push(parent.card);
    }
    let place = |card: &usize| plan.draft.cards.get(*card).map(|card| card.place);
    // The two who are followed: what else stands there is no couple of theirs.
    let numbered = |card: &usize| plan.draft.cards.get(*card).is_some_and(|card| card.sosa.is_some());
    partners.retain(numbered);
    let union = match partners.as_slice() {
        [one, other] => union_of(plan, place(one), place(other)),
        _ => Meaning::Unwed,
    };
    let order = usize::from(partners.len() > 1);
    let children = vec![child.card];
    let house =
        House { partners, order, meaning: union, children, at: Point { x: 0, y: 0 }, numbered: false };
    sheet.houses.push((house, joint));
}

fn union_of(plan: &Plan<'_>, one: Option<Place>, other: Option<Place>) -> Meaning {
    let (Some(one), Some(other)) = (one, other) else { return Meaning::Unwed };
    let unions = plan.draft.graph.partners(one).filter(|(partner, _)| *partner == other);
    Meaning::of_union(unions.map(|(_, union)| union).min())
}

/// The lines to the partners and from each house to its children.
fn below(plan: &Plan<'_>, node: usize, sheet: &mut Sheet) {
    let Some(parent) = plan.draft.nodes.get(node).filter(|node| !node.houses.is_empty()) else { return };
    let bus = plan.blocks.get(node).is_some_and(|block| block.bus);
    let person = plan.room(parent.card);
    let bottom = plan.levels.get(&parent.generation).map_or(person.d.1, |(_, end)| *end);
    let lanes = lanes(plan, node);
    // On the line that joins the houses, each one's part begins where the part before it ends.
    let mut last = vec![(person.middle().0, person.d.1), (person.middle().0, bottom + BUS)];
    let mut order = 0;
    for (index, (house, lane)) in parent.houses.iter().zip(lanes).enumerate() {
        let meaning = Meaning::of_union(house.union);
        let along = plan.joint(node, index);
        let mut partners = vec![parent.card];
        let across = match house.partner {
            Some(partner) => {
                partners.push(partner);
                order += 1;
                let theirs = plan.room(partner);
                if bus {
                    let at = (along, bottom + BUS);
                    last.extend([at, (along, theirs.d.1)]);
                    sheet.line(meaning, std::mem::replace(&mut last, vec![at]));
                    at.1
                } else {
                    let middle = person.middle().1;
                    sheet.line(meaning, vec![(person.b.1, middle), (theirs.b.0, middle)]);
                    middle
                }
            }
            None if bus => bottom + BUS,
            None => person.d.1,
        };
        let joint = (along, across);
        let turn = bottom + if bus { BUS } else { 0 } + DROP + lane as i64 * LANE;
        let mut children = Vec::new();
        for (kid, line) in &house.children {
            let Some(child) = plan.draft.nodes.get(*kid) else { continue };
            let theirs = plan.room(child.card);
            let at = plan.anchor(*kid);
            sheet.line((*line).into(), vec![joint, (along, turn), (at, turn), (at, theirs.d.0)]);
            children.push(child.card);
        }
        let order = if house.partner.is_some() { order } else { 0 };
        let at = Point { x: 0, y: 0 };
        sheet.houses.push((House { partners, order, meaning, children, at, numbered: bus }, joint));
    }
    if bus && parent.houses.iter().any(|house| house.partner.is_none()) {
        // Children with nobody else hang from the person's own end of that line.
        sheet.line(Meaning::Birth, vec![(person.middle().0, person.d.1), (person.middle().0, bottom + BUS)]);
    }
}
