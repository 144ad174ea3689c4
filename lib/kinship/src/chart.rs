//! The layout of a family chart: who stands where, and which line means what. Nothing is drawn here.
//!
//! Charts are trees only nearly: cousins marry, and then an ancestor is one twice (pedigree collapse). Whoever occurs
//! again is a small [`Card`] that refers to the first one, and nothing is expanded twice, so that the work is bounded
//! by what is shown.

mod draft;
mod families;
mod fan;
mod lines;
mod placed;
#[cfg(test)]
mod tests;
mod tidy;

use serde::Serialize;

use crate::graph::{Graph, Line, Place, Union};
use draft::Draft;

/// What a chart shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Ancestors.
    Pedigree,
    /// Descendants and their partners, house by house.
    Descendants,
    /// Ancestors and descendants.
    Hourglass,
    /// Ancestors in rings around the root.
    Fan,
}

/// Where the generations go. A fan has no direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    /// Side by side. Descendants stand to the right of their parents; in a pedigree, ancestors to the right.
    LeftRight,
    /// One below the other: descendants below, ancestors above.
    TopDown,
}

/// What to lay out, and how large. What is out of bounds counts as the nearest bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// What the chart shows.
    pub kind: Kind,
    /// How many generations beside the root's own, up, down or each way: 1 to 12, in a fan to 8.
    pub generations: u8,
    /// Where the generations go.
    pub direction: Direction,
    /// How many cards at most, references included: 1 to 3000.
    pub limit: usize,
    /// The width of a card: 80 to 600 units. One unit is a pixel at 100 %.
    pub card_width: i32,
    /// The height of a card: 40 to 300 units.
    pub card_height: i32,
    /// How much of a circle a fan takes, in degrees: 180 to 360.
    pub span: u16,
}

impl Options {
    /// Four generations, cards for a name in two lines and two more lines, at most 600 of them.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            generations: 4,
            direction: if matches!(kind, Kind::Pedigree) { Direction::LeftRight } else { Direction::TopDown },
            limit: 600,
            card_width: 176,
            card_height: 76,
            span: 240,
        }
    }

    fn bounded(self) -> Self {
        let most = if self.kind == Kind::Fan { 8 } else { 12 };
        Self {
            generations: self.generations.clamp(1, most),
            limit: self.limit.clamp(1, 3000),
            card_width: self.card_width.clamp(80, 600),
            card_height: self.card_height.clamp(40, 300),
            span: self.span.clamp(180, 360),
            ..self
        }
    }
}

/// Why somebody is on a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// The person whose chart it is; always the first card.
    Root,
    /// A parent, grandparent and so on.
    Ancestor,
    /// A child, grandchild and so on.
    Descendant,
    /// A partner of the root or of a descendant, or the other parent of their children.
    Partner,
}

/// One person's place on a chart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Card {
    /// Who, in the graph.
    pub place: Place,
    /// 0 for the root, negative for ancestors, positive for descendants; partners are of their partner's generation.
    pub generation: i32,
    /// The left edge. Of a fan's card, `x`, `y`, `w` and `h` are the box around its sector.
    pub x: i32,
    /// The upper edge.
    pub y: i32,
    /// The width.
    pub w: i32,
    /// The height.
    pub h: i32,
    /// Why the person is here.
    pub role: Role,
    /// The card at which the same person stands in full.
    pub repeats: Option<usize>,
    /// Whether the chart would go on here with persons it does not show.
    pub more: bool,
    /// An ancestor's number after Sosa and Stradonitz: the root is 1, a father twice his child, a mother one more.
    pub sosa: Option<u32>,
    /// A fan's share.
    pub sector: Option<Sector>,
}

/// A piece of a ring around [`Layout::center`]; of the root's, `inner` is 0. Angles are thousandths of a degree,
/// clockwise from straight up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sector {
    /// The radius at which it begins.
    pub inner: i32,
    /// The radius at which it ends.
    pub outer: i32,
    /// The angle at which it begins.
    pub start: i32,
    /// The angle at which it ends.
    pub end: i32,
}

/// A place on the chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    /// To the right.
    pub x: i32,
    /// Down.
    pub y: i32,
}

/// What a line says of those it connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Meaning {
    /// A child by birth.
    Birth,
    /// An adopted child.
    Adoptive,
    /// A stepchild.
    Step,
    /// A foster child.
    Foster,
    /// A ward.
    Guardian,
    /// A child in a way of which no more is known.
    OtherParent,
    /// Partners, by law, church or custom.
    Joined,
    /// Partners who parted.
    Ended,
    /// Engaged.
    Promised,
    /// Partners in a way of which no more is known.
    Partners,
    /// Not recorded as partners: parents of the same child.
    Unwed,
}

/// How a line is drawn, so that meanings differ without colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Stroke {
    /// One line.
    Solid,
    /// Two thin lines.
    Double,
    /// Dashes.
    Dashed,
    /// Long dashes.
    LongDashed,
    /// Dots.
    Dotted,
    /// Dashes and dots in turn.
    DashDotted,
}

impl Meaning {
    /// How it is drawn.
    pub fn stroke(self) -> Stroke {
        match self {
            Self::Birth | Self::Partners => Stroke::Solid,
            Self::Joined => Stroke::Double,
            Self::Ended => Stroke::LongDashed,
            Self::Adoptive | Self::Promised => Stroke::Dashed,
            Self::Step => Stroke::DashDotted,
            Self::Foster | Self::Guardian | Self::OtherParent | Self::Unwed => Stroke::Dotted,
        }
    }

    /// Whether it is between partners, and not between a parent and a child.
    pub fn is_union(self) -> bool {
        self >= Self::Joined
    }

    fn of_union(union: Option<Union>) -> Self {
        match union {
            Some(Union::Joined) => Self::Joined,
            Some(Union::Ended) => Self::Ended,
            Some(Union::Promised) => Self::Promised,
            Some(Union::Other) => Self::Partners,
            None => Self::Unwed,
        }
    }
}

impl From<Line> for Meaning {
    fn from(line: Line) -> Self {
        match line {
            Line::Birth => Self::Birth,
            Line::Adoptive => Self::Adoptive,
            Line::Step => Self::Step,
            Line::Foster => Self::Foster,
            Line::Guardian => Self::Guardian,
            Line::Other => Self::OtherParent,
        }
    }
}

/// Parents and their children on the chart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct House {
    /// The cards of the partners; one, if the other parent is not known.
    pub partners: Vec<usize>,
    /// Which house it is among those of the first partner on this chart, from 1; 0 with one parent only.
    pub order: usize,
    /// How it stands with the partners.
    pub meaning: Meaning,
    /// The cards of the children, eldest first.
    pub children: Vec<usize>,
    /// Where the line to the children begins.
    pub at: Point,
    /// Whether the order needs to be told: the person has several houses here.
    pub numbered: bool,
}

/// A line with at least two points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Connector {
    /// What it says.
    pub meaning: Meaning,
    /// How it is drawn.
    pub stroke: Stroke,
    /// Where it goes, straight from point to point.
    pub points: Vec<Point>,
}

/// One generation's strip across the chart, or the ring of a fan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Band {
    /// Which generation.
    pub generation: i32,
    /// Where it begins, along the direction of the chart; a radius in a fan.
    pub start: i32,
    /// Where it ends.
    pub end: i32,
}

/// A chart laid out. Everything lies between (0, 0) and (`width`, `height`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Layout {
    /// What it shows.
    pub kind: Kind,
    /// Where the generations go.
    pub direction: Direction,
    /// How wide it is.
    pub width: i32,
    /// How high it is.
    pub height: i32,
    /// The middle of a fan.
    pub center: Option<Point>,
    /// How much of a circle a fan takes, in thousandths of a degree, half of it to each side.
    pub span: Option<i32>,
    /// Everyone, the root first.
    pub cards: Vec<Card>,
    /// The houses: none in a fan.
    pub houses: Vec<House>,
    /// The lines: none in a fan.
    pub connectors: Vec<Connector>,
    /// The generations, in the order in which they stand.
    pub bands: Vec<Band>,
    /// Whether somebody within the generations asked for is left out, because of the limit.
    pub cut: bool,
}

/// Lays out the chart of `root`: nobody, if there is nobody at that place. The same graph and options give the same
/// layout; no two cards overlap; a person stands in full at most once.
pub fn chart(graph: &Graph, root: Place, options: Options) -> Layout {
    let options = options.bounded();
    if !graph.is_there(root) {
        return placed::nobody(options);
    }
    let mut draft = Draft::new(graph, root, options);
    let (up, down) = match options.kind {
        Kind::Fan | Kind::Pedigree => (true, false),
        Kind::Descendants => (false, true),
        Kind::Hourglass => (true, true),
    };
    if up {
        draft.ascend();
    }
    if down {
        draft.descend();
    }
    draft.mark_more(up, down);
    if options.kind == Kind::Fan { fan::layout(draft) } else { placed::layout(draft) }
}
