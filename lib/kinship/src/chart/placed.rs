//! From a draft to places: along a generation (breadth) and from one to the next (depth), and only at the end to
//! left, right, up and down.

use std::collections::BTreeMap;

use super::draft::{Draft, Node};
use super::tidy::{Shape, tidy};
use super::{Band, Direction, Kind, Layout, Options, Point, lines};

/// Around everything.
const MARGIN: i64 = 28;
/// From a person with several houses to the line that joins them.
pub(super) const BUS: i64 = 18;
/// From a joint to the first line across to the children.
pub(super) const DROP: i64 = 22;
/// Between lines across that belong to different houses.
pub(super) const LANE: i64 = 10;
/// From the last line across to the next generation.
const LAND: i64 = 24;

/// Room along a generation.
struct Gaps {
    couple: i64,
    /// Beside the houses of one person, whose line runs below them.
    house: i64,
    sibling: i64,
    family: i64,
}

impl Gaps {
    fn of(direction: Direction) -> Self {
        match direction {
            Direction::TopDown => Self { couple: 36, house: 16, sibling: 16, family: 40 },
            Direction::LeftRight => Self { couple: 26, house: 10, sibling: 12, family: 24 },
        }
    }
}

/// Where something is: from and to, along the generation and across.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Room {
    pub b: (i64, i64),
    pub d: (i64, i64),
}

impl Room {
    pub fn middle(self) -> (i64, i64) {
        ((self.b.0 + self.b.1).div_euclid(2), (self.d.0 + self.d.1).div_euclid(2))
    }
}

/// A person and the partners beside it; everything from the person's middle.
pub(super) struct Block {
    /// The partners' cards and where they begin.
    partners: Vec<(usize, i64)>,
    /// Per house, where the line to the children begins.
    joints: Vec<i64>,
    /// Whether the houses are joined by a line below them.
    pub bus: bool,
    shape: Shape,
}

impl Block {
    fn of(draft: &Draft<'_>, node: &Node, gaps: &Gaps) -> Self {
        let breadth = |card: usize| extent(draft, card).0;
        let half = breadth(node.card) / 2;
        let bus = node.houses.iter().filter(|house| house.partner.is_some()).count() > 1;
        let (mut partners, mut joints, mut end) = (Vec::new(), Vec::new(), breadth(node.card) - half);
        for house in &node.houses {
            let Some(partner) = house.partner else {
                joints.push(0);
                continue;
            };
            let start = end + if bus { gaps.house } else { gaps.couple };
            joints.push(if bus { start + breadth(partner) / 2 } else { i64::midpoint(end, start) });
            partners.push((partner, start));
            end = start + breadth(partner);
        }
        let used = node.houses.iter().zip(&joints).filter(|(house, _)| !house.children.is_empty());
        let used: Vec<i64> = used.map(|(_, joint)| *joint).collect();
        let hang = (used.first().unwrap_or(&0) + used.last().unwrap_or(&0)).div_euclid(2);
        let mut kids = Vec::new();
        for house in &node.houses {
            for (index, (kid, _)) in house.children.iter().enumerate() {
                kids.push((*kid, if index == 0 { gaps.family } else { gaps.sibling }));
            }
        }
        Self { partners, joints, bus, shape: Shape { before: half, after: end, hang, kids } }
    }
}

/// How large a card is: along its generation and across.
fn extent(draft: &Draft<'_>, card: usize) -> (i64, i64) {
    let (w, h) = draft.cards.get(card).map_or((0, 0), |card| (i64::from(card.w), i64::from(card.h)));
    match draft.options.direction {
        Direction::TopDown => (w, h),
        Direction::LeftRight => (h, w),
    }
}

/// Where everything is, before it is turned to its direction.
pub(super) struct Plan<'a> {
    pub draft: Draft<'a>,
    pub blocks: Vec<Block>,
    /// Per node.
    pub anchors: Vec<i64>,
    /// Per card.
    pub rooms: Vec<Room>,
    /// Per generation.
    pub levels: BTreeMap<i32, (i64, i64)>,
}

impl Plan<'_> {
    /// Where the line from a house to its children begins, along the generation.
    pub fn joint(&self, node: usize, house: usize) -> i64 {
        let anchor = self.anchors.get(node).copied().unwrap_or(0);
        anchor + self.blocks.get(node).and_then(|block| block.joints.get(house)).copied().unwrap_or(0)
    }

    pub fn room(&self, card: usize) -> Room {
        self.rooms.get(card).copied().unwrap_or_default()
    }

    pub fn anchor(&self, node: usize) -> i64 {
        self.anchors.get(node).copied().unwrap_or(0)
    }
}

pub(super) fn layout(draft: Draft<'_>) -> Layout {
    let gaps = Gaps::of(draft.options.direction);
    let blocks: Vec<Block> = draft.nodes.iter().map(|node| Block::of(&draft, node, &gaps)).collect();
    let anchors = anchors(&draft, &blocks, &gaps);
    let mut plan = Plan { rooms: Vec::new(), levels: BTreeMap::new(), draft, blocks, anchors };
    plan.levels = levels(&plan);
    plan.rooms = rooms(&plan);
    let sheet = lines::of(&plan);
    finish(plan, sheet)
}

fn anchors(draft: &Draft<'_>, blocks: &[Block], gaps: &Gaps) -> Vec<i64> {
    let down: Vec<Shape> = blocks
        .iter()
        .map(|block| Shape {
            before: block.shape.before,
            after: block.shape.after,
            hang: block.shape.hang,
            kids: block.shape.kids.clone(),
        })
        .collect();
    let up: Vec<Shape> = draft
        .nodes
        .iter()
        .map(|node| {
            let breadth = extent(draft, node.card).0;
            let kids = node.up.iter().map(|(parent, _)| (*parent, gaps.sibling)).collect();
            Shape { before: breadth / 2, after: breadth - breadth / 2, hang: 0, kids }
        })
        .collect();
    let (up, down) = (tidy(&up), tidy(&down));
    let both = draft.nodes.iter().zip(up.iter().zip(&down));
    both.map(|(node, (up, down))| if node.generation < 0 { *up } else { *down }).collect()
}

/// From where to where each generation reaches, with enough between them for the lines.
fn levels(plan: &Plan<'_>) -> BTreeMap<i32, (i64, i64)> {
    let draft = &plan.draft;
    let mut depth: BTreeMap<i32, i64> = BTreeMap::new();
    for (index, card) in draft.cards.iter().enumerate() {
        let slot = depth.entry(card.generation).or_default();
        *slot = (*slot).max(extent(draft, index).1);
    }
    let mut after: BTreeMap<i32, i64> = BTreeMap::new();
    for (index, (node, block)) in draft.nodes.iter().zip(&plan.blocks).enumerate() {
        let lanes = lines::lanes(plan, index).into_iter().max().unwrap_or(0) as i64;
        let bus = if block.bus { BUS } else { 0 };
        let slot = after.entry(node.generation).or_default();
        *slot = (*slot).max(bus + lanes * LANE);
    }
    let mut levels = BTreeMap::new();
    let mut start = 0;
    for (generation, depth) in depth {
        levels.insert(generation, (start, start + depth));
        let more = if generation < 0 { 0 } else { after.get(&generation).copied().unwrap_or(0) };
        start += depth + DROP + more + LAND;
    }
    levels
}

fn rooms(plan: &Plan<'_>) -> Vec<Room> {
    let draft = &plan.draft;
    let mut rooms = vec![Room::default(); draft.cards.len()];
    let mut put = |card: usize, start: i64| {
        let (breadth, depth) = extent(draft, card);
        let generation = draft.cards.get(card).map_or(0, |card| card.generation);
        let (from, to) = plan.levels.get(&generation).copied().unwrap_or_default();
        let from = (from + to - depth).div_euclid(2);
        if let Some(room) = rooms.get_mut(card) {
            *room = Room { b: (start, start + breadth), d: (from, from + depth) };
        }
    };
    for ((node, block), anchor) in draft.nodes.iter().zip(&plan.blocks).zip(&plan.anchors) {
        put(node.card, anchor - block.shape.before);
        for (partner, start) in &block.partners {
            put(*partner, anchor + start);
        }
    }
    rooms
}

/// Turns what is along and across to left, right, up and down, beginning at the margin.
fn finish(plan: Plan<'_>, sheet: lines::Sheet) -> Layout {
    let options = plan.draft.options;
    let mirrored = options.kind == Kind::Pedigree && options.direction == Direction::LeftRight;
    let lines = sheet.connectors.iter().flat_map(|(_, points)| points.iter().copied());
    let corners = plan.rooms.iter().flat_map(|room| [(room.b.0, room.d.0), (room.b.1, room.d.1)]);
    let all: Vec<(i64, i64)> = corners.chain(lines).collect();
    let least = |of: fn(&(i64, i64)) -> i64| all.iter().map(of).min().unwrap_or(0);
    let most = |of: fn(&(i64, i64)) -> i64| all.iter().map(of).max().unwrap_or(0);
    let (b0, b1) = (least(|at| at.0), most(|at| at.0));
    let (d0, d1) = (least(|at| at.1), most(|at| at.1));
    let turn = move |(b, d): (i64, i64)| {
        let (b, d) = (b - b0 + MARGIN, if mirrored { d1 - d } else { d - d0 } + MARGIN);
        let (x, y) = if options.direction == Direction::TopDown { (b, d) } else { (d, b) };
        Point { x: x as i32, y: y as i32 }
    };
    let mut cards = plan.draft.cards;
    for (card, room) in cards.iter_mut().zip(&plan.rooms) {
        let (one, other) = (turn((room.b.0, room.d.0)), turn((room.b.1, room.d.1)));
        (card.x, card.y) = (one.x.min(other.x), one.y.min(other.y));
    }
    let across = |d: i64| if mirrored { d1 - d } else { d - d0 } + MARGIN;
    let bands = plan.levels.iter().map(|(generation, (from, to))| {
        let (from, to) = (across(*from) as i32, across(*to) as i32);
        Band { generation: *generation, start: from.min(to), end: from.max(to) }
    });
    let mut bands: Vec<Band> = bands.collect();
    bands.sort_by_key(|band| band.start);
    let (along, deep) = ((b1 - b0 + 2 * MARGIN) as i32, (d1 - d0 + 2 * MARGIN) as i32);
    let top_down = options.direction == Direction::TopDown;
    let (width, height) = if top_down { (along, deep) } else { (deep, along) };
    let (houses, connectors) = sheet.turned(turn);
    let cut = plan.draft.cut;
    Layout { width, height, cards, houses, connectors, bands, cut, ..nobody(options) }
}

/// The chart of nobody.
pub(super) fn nobody(options: Options) -> Layout {
    Layout {
        kind: options.kind,
        direction: options.direction,
        width: 2 * MARGIN as i32,
        height: 2 * MARGIN as i32,
        center: None,
        span: None,
        cards: Vec::new(),
        houses: Vec::new(),
        connectors: Vec::new(),
        bands: Vec::new(),
        cut: false,
    }
}
