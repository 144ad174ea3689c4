//! One person's card.

use dzinza_kinship::chart::{Card, Role};

use crate::fit::{clean, shorten, width, wrap};
use crate::label::{Gender, Label};
use crate::scene::{Pen, Scene, Spot, Text, rectangle};
use crate::theme::{Ink, TINTS};

/// From the edge to the text.
const PAD: f64 = 10.0;

/// A line of text that fits: its size, weight, colour and height.
pub(crate) struct Row {
    pub content: String,
    pub size: f64,
    pub bold: bool,
    pub ink: Ink,
}

impl Row {
    pub fn height(&self) -> f64 {
        self.size * if self.bold { 1.22 } else { 1.3 }
    }
}

/// What of a label fits into some room, at most two lines of it the name; always at least one line.
pub(crate) fn rows(label: &Label, room: f64, height: f64, largest: f64) -> Vec<Row> {
    let name = clean(&label.name);
    let name = if name.is_empty() { "?".to_owned() } else { name };
    let sizes = [largest, largest - 1.0, largest - 2.0];
    // Where a second line would leave no room for more, one smaller line is better; and smaller before shorter.
    let most: &[usize] = match height / largest {
        2.4..3.6 => &[1, 2],
        3.6.. => &[2],
        _ => &[1],
    };
    let tried = most.iter().flat_map(|most| sizes.map(|size| (*most, size)));
    let set = |(most, size): (usize, f64)| (size, wrap(&name, room, size, true, most));
    let whole = |lines: &[String]| lines.iter().all(|line| !line.ends_with('…'));
    let last = most.last().map(|most| (*most, largest - 2.0));
    let chosen = tried.map(set).find(|(_, lines)| whole(lines)).or_else(|| last.map(set));
    let (size, lines) = chosen.unwrap_or_default();
    let mut rows: Vec<Row> =
        lines.into_iter().map(|content| Row { content, size, bold: true, ink: Ink::Text }).collect();
    let clan = label.clan.as_deref().map(|clan| (clan, Ink::Clan));
    let lines = label.lines.iter().map(|line| (line.as_str(), Ink::Muted));
    for (line, ink) in clan.into_iter().chain(lines).take(8) {
        let size = (largest - 2.5).max(8.0);
        let content = shorten(&clean(line), room, size, false);
        let row = Row { content, size, bold: false, ink };
        let used: f64 = rows.iter().map(Row::height).sum();
        if !row.content.is_empty() && used + row.height() <= height {
            rows.push(row);
        }
    }
    rows
}

/// Everything that a label says, for a reader who points at it.
pub(crate) fn whole(label: &Label) -> String {
    let parts = [Some(&label.name), label.clan.as_ref()];
    let parts = parts.into_iter().flatten().chain(label.lines.iter().take(8)).map(|part| clean(part));
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

pub(crate) fn edge(gender: Gender) -> (Ink, f64) {
    match gender {
        Gender::Male => (Ink::Male, 2.0),
        Gender::Female => (Ink::Female, 16.0),
        Gender::Other => (Ink::Other, 8.0),
    }
}

pub(crate) fn tint(generation: i32) -> Ink {
    Ink::Tint((generation.unsigned_abs() % u32::from(TINTS)) as u8)
}

pub(crate) fn draw(scene: &mut Scene, card: &Card, label: &Label, (dx, dy): (f64, f64)) {
    let (x, y) = (f64::from(card.x) + dx, f64::from(card.y) + dy);
    let (w, h) = (f64::from(card.w), f64::from(card.h));
    let (ink, radius) = edge(label.gender);
    let reference = card.repeats.is_some();
    let fill = if reference { Ink::Paper } else { tint(card.generation) };
    let dash: &'static [f64] = if label.redacted { &[4.0, 3.0] } else { &[] };
    let root = card.role == Role::Root;
    let pen = Pen { ink: if root { Ink::Accent } else { ink }, width: if root { 2.6 } else { 1.5 }, dash };
    scene.shape(rectangle(x, y, w, h, radius), Some(fill), Some(pen));
    let room = w - 2.0 * PAD;
    let rows = if reference {
        let name = clean(&label.name);
        let content = shorten(&name, room, 11.5, true);
        vec![Row { content, size: 11.5, bold: true, ink: Ink::Muted }]
    } else {
        rows(label, room, h - 10.0, 13.0)
    };
    let used: f64 = rows.iter().map(Row::height).sum();
    let mut top = y + (h - used) / 2.0;
    for row in rows {
        let spot = Spot::Line { x: x + w / 2.0, y: top + row.height() * 0.5 + row.size * 0.36, turn: 0.0 };
        top += row.height();
        let (size, bold, ink) = (row.size, row.bold, row.ink);
        scene.text(Text { content: row.content, spot, size, bold, ink, room });
    }
}

/// Whether text needs to be held to its width where another font is wider.
pub(crate) fn is_tight(text: &Text) -> bool {
    width(&text.content, text.size, text.bold) > text.room * 0.93
}
