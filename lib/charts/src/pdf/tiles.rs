//! How a drawing is spread over pages. Lengths on paper are points, 72 to the inch.

use crate::scene::{Item, Scene, Seg, Spot};
use crate::theme::Ink;

/// 10 mm around every page.
pub(super) const MARGIN: f64 = 28.35;
/// How much of a page is on the next one, too: 10 mm.
pub(super) const OVERLAP: f64 = 28.35;
/// Below the chart, for the number of the page.
pub(super) const FOOT: f64 = 18.0;
/// Text is never smaller than this, unless one page is asked for, or there would be too many.
const LEGIBLE: f64 = 6.0;
/// A small chart is not blown up beyond this.
const LARGEST: f64 = 1.5;
/// Rather smaller text than more pages.
const MOST: usize = 100;

/// The size of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Paper {
    /// 210 mm by 297 mm.
    #[default]
    A4,
    /// 297 mm by 420 mm.
    A3,
}

/// How a page is turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Orientation {
    /// As suits the chart better.
    #[default]
    Auto,
    /// Upright.
    Portrait,
    /// Lying.
    Landscape,
}

/// What a chart is printed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Pages {
    /// The size of a page.
    pub paper: Paper,
    /// How it is turned.
    pub orientation: Orientation,
    /// One page, however small the text gets. Otherwise text that would be smaller than 6 points makes it several,
    /// which overlap by 10 mm and tell where they belong.
    pub one: bool,
}

/// Which pages there are.
pub(super) struct Plan {
    pub page: (f64, f64),
    /// Points to a unit of the drawing.
    pub scale: f64,
    pub tiles: Vec<Tile>,
    columns: usize,
    rows: usize,
    drawing: (f64, f64),
}

/// One page's part.
pub(super) struct Tile {
    column: usize,
    row: usize,
}

impl Plan {
    pub fn of(scene: &Scene, pages: Pages) -> Self {
        let (short, long) = match pages.paper {
            Paper::A4 => (595.28, 841.89),
            Paper::A3 => (841.89, 1190.55),
        };
        let sizes: &[(f64, f64)] = match pages.orientation {
            Orientation::Auto => &[(short, long), (long, short)],
            Orientation::Portrait => &[(short, long)],
            Orientation::Landscape => &[(long, short)],
        };
        let single = sizes.iter().map(|page| Self::single(scene, *page));
        let single = single.max_by(|one, other| one.scale.total_cmp(&other.scale));
        let several = || {
            let plans = sizes.iter().map(|page| Self::several(scene, *page));
            plans.min_by_key(|plan| plan.tiles.len())
        };
        let fits = |plan: &Self| pages.one || scene.smallest() * plan.scale >= LEGIBLE;
        let chosen = single.filter(fits).or_else(several);
        chosen.unwrap_or_else(|| Self::single(scene, (short, long)))
    }

    fn single(scene: &Scene, page: (f64, f64)) -> Self {
        let (w, h) = (page.0 - 2.0 * MARGIN, page.1 - 2.0 * MARGIN);
        let scale = (w / scene.width).min(h / scene.height).min(LARGEST);
        let drawing = (scene.width * scale, scene.height * scale);
        Self { page, scale, tiles: vec![Tile { column: 0, row: 0 }], columns: 1, rows: 1, drawing }
    }

    fn several(scene: &Scene, page: (f64, f64)) -> Self {
        let (w, h) = (page.0 - 2.0 * MARGIN, page.1 - 2.0 * MARGIN - FOOT);
        let count =
            |length: f64, window: f64| ((length - OVERLAP) / (window - OVERLAP)).ceil().max(1.0) as usize;
        let mut scale = LEGIBLE / scene.smallest().clamp(1.0, 100.0);
        let size = |scale: f64| (count(scene.width * scale, w), count(scene.height * scale, h));
        while size(scale).0 * size(scale).1 > MOST {
            scale *= 0.95;
        }
        let (columns, rows) = size(scale);
        // As large as so many pages allow.
        let length = |count: usize, window: f64| (count - 1) as f64 * (window - OVERLAP) + window;
        let scale = (length(columns, w) / scene.width).min(length(rows, h) / scene.height).min(LARGEST);
        let drawing = (scene.width * scale, scene.height * scale);
        let mut plan = Self { page, scale, tiles: Vec::new(), columns, rows, drawing };
        // Pages that would be empty are not printed; bands alone are nothing.
        let extents: Vec<[f64; 4]> =
            scene.items.iter().filter(|item| !is_band(item)).filter_map(extent).collect();
        let all = (0..rows).flat_map(|row| (0..columns).map(move |column| Tile { column, row }));
        let used = all.filter(|tile| extents.iter().any(|extent| tile.sees(&plan, Some(extent))));
        plan.tiles = used.collect();
        plan
    }

    /// Where on a page the chart is: left, top, width, height.
    pub fn window(&self) -> (f64, f64, f64, f64) {
        let foot = if self.columns * self.rows > 1 { FOOT } else { 0.0 };
        (MARGIN, MARGIN, self.page.0 - 2.0 * MARGIN, self.page.1 - 2.0 * MARGIN - foot)
    }
}

impl Tile {
    /// Where on the page the drawing's own corner would be. The drawing is in the middle of all pages.
    pub fn origin(&self, plan: &Plan) -> (f64, f64) {
        let (left, top, w, h) = plan.window();
        let one = |count: usize, window: f64| (count - 1) as f64 * (window - OVERLAP) + window;
        let spare = |all: f64, drawn: f64| ((all - drawn) / 2.0).max(0.0);
        let (x, y) = (spare(one(plan.columns, w), plan.drawing.0), spare(one(plan.rows, h), plan.drawing.1));
        let along = |index: usize, window: f64| index as f64 * (window - OVERLAP);
        (left + x - along(self.column, w), top + y - along(self.row, h))
    }

    /// Whether something at this place on the drawing is on the page.
    pub fn sees(&self, plan: &Plan, extent: Option<&[f64; 4]>) -> bool {
        let Some([x0, y0, x1, y1]) = extent else { return false };
        let (left, top, w, h) = plan.window();
        let (x, y) = self.origin(plan);
        let on = |value: f64, origin: f64| origin + value * plan.scale;
        on(*x1, x) > left && on(*x0, x) < left + w && on(*y1, y) > top && on(*y0, y) < top + h
    }

    /// Whether there are pages to the left, above, to the right and below.
    pub fn neighbours(&self, plan: &Plan) -> (bool, bool, bool, bool) {
        let (right, below) = (self.column + 1 < plan.columns, self.row + 1 < plan.rows);
        (self.column > 0, self.row > 0, right, below)
    }

    /// As on a map: the column's letters and the row's number.
    pub fn square(&self) -> String {
        format!("{}{}", crate::draw::letter(self.column + 1), self.row + 1)
    }
}

fn is_band(item: &Item) -> bool {
    matches!(item, Item::Shape { fill: Some(Ink::Band), .. })
}

/// The box around what an item draws.
pub(super) fn extent(item: &Item) -> Option<[f64; 4]> {
    match item {
        Item::Shape { path, pen, .. } => {
            let wide = pen.map_or(0.0, |pen| pen.width);
            let mut all: Option<[f64; 4]> = None;
            for seg in path {
                let points: &[(f64, f64)] = match *seg {
                    Seg::Move(x, y) | Seg::Line(x, y) => &[(x, y)],
                    Seg::Curve([x1, y1, x2, y2, x, y]) => &[(x1, y1), (x2, y2), (x, y)],
                    Seg::Close => &[],
                };
                for (x, y) in points {
                    let one = [x - wide, y - wide, x + wide, y + wide];
                    let so_far = all.unwrap_or(one);
                    all = Some([
                        so_far[0].min(one[0]),
                        so_far[1].min(one[1]),
                        so_far[2].max(one[2]),
                        so_far[3].max(one[3]),
                    ]);
                }
            }
            all
        }
        Item::Text(text) => {
            let half = text.room / 2.0 + text.size;
            let (x, y) = match text.spot {
                Spot::Line { x, y, .. } => (x, y),
                Spot::Arc { x, y, radius, angle, .. } => crate::scene::on_circle(x, y, radius, angle),
            };
            let turned = !matches!(text.spot, Spot::Line { turn: 0.0, .. });
            let high = if turned { half } else { text.size * 1.5 };
            Some([x - half, y - high, x + half, y + high])
        }
        Item::Open(_) | Item::Close => None,
    }
}
