//! What is drawn, before it is SVG or PDF: shapes and text in units of a pixel at 100 %.

use crate::theme::Ink;

/// A piece of an outline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Seg {
    Move(f64, f64),
    Line(f64, f64),
    Curve([f64; 6]),
    Close,
}

/// How an outline is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pen {
    pub ink: Ink,
    pub width: f64,
    pub dash: &'static [f64],
}

impl Pen {
    pub fn new(ink: Ink, width: f64) -> Self {
        Self { ink, width, dash: &[] }
    }
}

/// Where text stands. Its middle is at the point told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Spot {
    /// On a line, turned clockwise by degrees around the point.
    Line { x: f64, y: f64, turn: f64 },
    /// On a circle, around an angle in degrees clockwise from straight up; `inward` with its feet outside.
    Arc { x: f64, y: f64, radius: f64, angle: f64, inward: bool },
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Text {
    pub content: String,
    pub spot: Spot,
    pub size: f64,
    pub bold: bool,
    pub ink: Ink,
    /// The most room there is for it.
    pub room: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item {
    Shape {
        path: Vec<Seg>,
        fill: Option<Ink>,
        pen: Option<Pen>,
    },
    Text(Text),
    /// What follows, up to `Close`, belongs together and has this name.
    Open(String),
    Close,
}

/// Everything on a chart.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Scene {
    pub width: f64,
    pub height: f64,
    pub title: String,
    pub description: String,
    pub items: Vec<Item>,
}

impl Scene {
    pub fn shape(&mut self, path: Vec<Seg>, fill: Option<Ink>, pen: Option<Pen>) {
        self.items.push(Item::Shape { path, fill, pen });
    }

    pub fn text(&mut self, text: Text) {
        if !text.content.is_empty() {
            self.items.push(Item::Text(text));
        }
    }

    /// The size of the smallest text.
    #[cfg(feature = "pdf")]
    pub fn smallest(&self) -> f64 {
        let sizes = self.items.iter().filter_map(|item| match item {
            Item::Text(text) => Some(text.size),
            _ => None,
        });
        sizes.fold(f64::INFINITY, f64::min)
    }
}

/// How far the handles of a curve stand off that comes nearest to a quarter of a circle.
const ROUND: f64 = 0.552_284_75;

/// A rectangle with round corners.
pub(crate) fn rectangle(x: f64, y: f64, w: f64, h: f64, radius: f64) -> Vec<Seg> {
    let round = radius.min(w / 2.0).min(h / 2.0);
    let (right, bottom, near) = (x + w, y + h, round * (1.0 - ROUND));
    if round <= 0.0 {
        let corners = [Seg::Line(right, y), Seg::Line(right, bottom), Seg::Line(x, bottom), Seg::Close];
        return std::iter::once(Seg::Move(x, y)).chain(corners).collect();
    }
    vec![
        Seg::Move(x + round, y),
        Seg::Line(right - round, y),
        Seg::Curve([right - near, y, right, y + near, right, y + round]),
        Seg::Line(right, bottom - round),
        Seg::Curve([right, bottom - near, right - near, bottom, right - round, bottom]),
        Seg::Line(x + round, bottom),
        Seg::Curve([x + near, bottom, x, bottom - near, x, bottom - round]),
        Seg::Line(x, y + round),
        Seg::Curve([x, y + near, x + near, y, x + round, y]),
        Seg::Close,
    ]
}

pub(crate) fn circle(x: f64, y: f64, radius: f64) -> Vec<Seg> {
    rectangle(x - radius, y - radius, radius * 2.0, radius * 2.0, radius)
}

/// A point on a circle, by an angle in degrees clockwise from straight up.
pub(crate) fn on_circle(x: f64, y: f64, radius: f64, angle: f64) -> (f64, f64) {
    let (sin, cos) = angle.to_radians().sin_cos();
    (x + radius * sin, y - radius * cos)
}

/// Curves along a circle from where the path is; `from` and `to` in degrees, in either direction.
pub(crate) fn arc(path: &mut Vec<Seg>, (x, y): (f64, f64), radius: f64, from: f64, to: f64) {
    let pieces = ((to - from).abs() / 45.0).ceil().max(1.0);
    let step = (to - from) / pieces;
    let handle = 4.0 / 3.0 * (step.to_radians() / 4.0).tan() * radius;
    for piece in 0..pieces as usize {
        let (start, end) = (from + step * piece as f64, from + step * (piece + 1) as f64);
        let (x0, y0) = on_circle(x, y, radius, start);
        let (x1, y1) = on_circle(x, y, radius, end);
        let (sin0, cos0) = start.to_radians().sin_cos();
        let (sin1, cos1) = end.to_radians().sin_cos();
        path.push(Seg::Curve([
            x0 + handle * cos0,
            y0 + handle * sin0,
            x1 - handle * cos1,
            y1 - handle * sin1,
            x1,
            y1,
        ]));
    }
}

/// A line through points whose corners are round.
pub(crate) fn rounded(points: &[(f64, f64)], radius: f64) -> Vec<Seg> {
    let mut path = Vec::new();
    for (index, at) in points.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| points.get(index));
        match (before, points.get(index + 1)) {
            (None, _) => path.push(Seg::Move(at.0, at.1)),
            (Some(_), None) => path.push(Seg::Line(at.0, at.1)),
            (Some(before), Some(after)) => {
                let towards = |other: &(f64, f64)| {
                    let (dx, dy) = (other.0 - at.0, other.1 - at.1);
                    let far = dx.hypot(dy);
                    let part = if far > 0.0 { radius.min(far / 2.0) / far } else { 0.0 };
                    (at.0 + dx * part, at.1 + dy * part)
                };
                let (start, end) = (towards(before), towards(after));
                let handle =
                    |from: (f64, f64)| (from.0 + (at.0 - from.0) * ROUND, from.1 + (at.1 - from.1) * ROUND);
                let (one, two) = (handle(start), handle(end));
                path.push(Seg::Line(start.0, start.1));
                path.push(Seg::Curve([one.0, one.1, two.0, two.1, end.0, end.1]));
            }
        }
    }
    path
}

/// The same line, shifted to its right by `by`. All its pieces run along or across.
pub(crate) fn beside(points: &[(f64, f64)], by: f64) -> Vec<(f64, f64)> {
    let normal = |from: &(f64, f64), to: &(f64, f64)| {
        let sign = |value: f64| if value == 0.0 { 0.0 } else { value.signum() };
        (-sign(to.1 - from.1), sign(to.0 - from.0))
    };
    let at = |index: usize, point: &(f64, f64)| {
        let before =
            index.checked_sub(1).and_then(|index| points.get(index)).map(|before| normal(before, point));
        let after = points.get(index + 1).map(|after| normal(point, after));
        let (dx, dy) = match (before, after) {
            (Some(one), Some(other)) if one != other => (one.0 + other.0, one.1 + other.1),
            (one, other) => one.or(other).unwrap_or_default(),
        };
        (point.0 + dx * by, point.1 + dy * by)
    };
    points.iter().enumerate().map(|(index, point)| at(index, point)).collect()
}
