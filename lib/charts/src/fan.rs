//! The sectors of a fan.

use std::borrow::Cow;

use dzinza_kinship::chart::{Card, Layout, Sector};

use crate::card::{Row, edge, rows};
use crate::label::Label;
use crate::scene::{Pen, Scene, Seg, Spot, Text, arc, circle, on_circle};
use crate::theme::Ink;

pub(crate) fn draw(scene: &mut Scene, card: &Card, label: &Label, center: (f64, f64)) {
    let Some(sector) = card.sector else { return };
    let share = Share::of(sector);
    let (edge, _) = edge(label.gender);
    if sector.inner == 0 {
        let disc = circle(center.0, center.1, share.outer - 3.0);
        scene.shape(disc, Some(Ink::Tint(0)), Some(Pen::new(Ink::Accent, 2.6)));
        hub(scene, label, center, share.outer);
        return;
    }
    let fill = if card.repeats.is_some() { Ink::Paper } else { tint(card) };
    scene.shape(share.outline(center), Some(fill), Some(Pen::new(Ink::Paper, 2.0)));
    let dash: &'static [f64] = if label.redacted { &[4.0, 3.0] } else { &[] };
    let mut rim = Vec::new();
    let inset = (1.6 / share.inner).to_degrees();
    let (from, to) = (share.start + inset, share.end - inset);
    let (x, y) = on_circle(center.0, center.1, share.inner + 2.0, from);
    rim.push(Seg::Move(x, y));
    arc(&mut rim, center, share.inner + 2.0, from, to);
    scene.shape(rim, None, Some(Pen { ink: edge, width: 2.4, dash }));
    if share.outer - share.inner > share.along(share.inner) {
        radial(scene, card, label, center, &share);
    } else {
        around(scene, card, label, center, &share);
    }
}

/// One colour for each grandparent's ancestors, so that a line can be followed outwards.
fn tint(card: &Card) -> Ink {
    let sosa = card.sosa.unwrap_or(1).max(1);
    Ink::Tint(match sosa.ilog2() {
        0 => 0,
        1 if sosa == 2 => 2,
        1 => 4,
        generation => (sosa >> (generation - 2)) as u8 - 3,
    })
}

/// A sector in degrees.
struct Share {
    inner: f64,
    outer: f64,
    start: f64,
    end: f64,
}

impl Share {
    fn of(sector: Sector) -> Self {
        Self {
            inner: f64::from(sector.inner),
            outer: f64::from(sector.outer),
            start: f64::from(sector.start) / 1000.0,
            end: f64::from(sector.end) / 1000.0,
        }
    }

    fn middle(&self) -> f64 {
        f64::midpoint(self.start, self.end)
    }

    /// How long its arc is at a radius.
    fn along(&self, radius: f64) -> f64 {
        (self.end - self.start).to_radians() * radius
    }

    fn outline(&self, center: (f64, f64)) -> Vec<Seg> {
        let (x, y) = on_circle(center.0, center.1, self.inner, self.start);
        let mut path = vec![Seg::Move(x, y)];
        arc(&mut path, center, self.inner, self.start, self.end);
        let (x, y) = on_circle(center.0, center.1, self.outer, self.end);
        path.push(Seg::Line(x, y));
        arc(&mut path, center, self.outer, self.end, self.start);
        path.push(Seg::Close);
        path
    }
}

/// Of somebody who stands here again, only the name.
fn shown<'a>(card: &Card, label: &'a Label) -> Cow<'a, Label> {
    match card.repeats {
        None => Cow::Borrowed(label),
        Some(_) => Cow::Owned(Label { name: label.name.clone(), ..Label::default() }),
    }
}

fn text(row: Row, spot: Spot, room: f64) -> Text {
    Text { content: row.content, spot, size: row.size, bold: row.bold, ink: row.ink, room }
}

fn hub(scene: &mut Scene, label: &Label, (x, y): (f64, f64), radius: f64) {
    let room = radius * 1.6;
    let rows = rows(label, room, radius * 1.1, 13.0);
    let used: f64 = rows.iter().map(Row::height).sum();
    let mut top = y - used / 2.0;
    for row in rows {
        let at = top + row.height() * 0.5 + row.size * 0.36;
        top += row.height();
        scene.text(text(row, Spot::Line { x, y: at, turn: 0.0 }, room));
    }
}

/// Lines that follow the circle, the first one uppermost.
fn around(scene: &mut Scene, card: &Card, label: &Label, (x, y): (f64, f64), share: &Share) {
    let angle = share.middle();
    let depth = share.outer - share.inner;
    let inward = angle.abs() > 95.0;
    // The innermost line has the least room.
    let room = share.along(share.inner + 14.0) - 12.0;
    let rows = rows(shown(card, label).as_ref(), room, depth - 14.0, 12.0);
    let used: f64 = rows.iter().map(Row::height).sum();
    let mut from = (depth - used) / 2.0;
    for row in rows {
        let middle = from + row.height() * 0.5;
        from += row.height();
        let radius = if inward {
            share.inner + middle + row.size * 0.36
        } else {
            share.outer - middle - row.size * 0.36
        };
        scene.text(text(row, Spot::Arc { x, y, radius, angle, inward }, room));
    }
}

/// Lines along the radius, read from the left to the right on both sides.
fn radial(scene: &mut Scene, card: &Card, label: &Label, center: (f64, f64), share: &Share) {
    let angle = share.middle();
    let room = share.outer - share.inner - 16.0;
    let breadth = share.along(share.inner) - 3.0;
    let largest = (breadth / 1.25).clamp(8.5, 12.0);
    let rows = rows(shown(card, label).as_ref(), room, breadth, largest);
    let used: f64 = rows.iter().map(Row::height).sum();
    let flipped = angle < 0.0;
    let turn = if flipped { angle + 90.0 } else { angle - 90.0 };
    let (x, y) = on_circle(center.0, center.1, f64::midpoint(share.inner, share.outer), angle);
    // Down, as the turned text sees it.
    let (sin, cos) = turn.to_radians().sin_cos();
    let mut from = -used / 2.0;
    for row in rows {
        let down = from + row.height() * 0.5 + row.size * 0.36;
        from += row.height();
        let spot = Spot::Line { x: x - down * sin, y: y + down * cos, turn };
        scene.text(text(row, spot, room));
    }
}

/// Where the letter of somebody who stands there twice goes.
pub(crate) fn corner(sector: Sector, center: (f64, f64)) -> (f64, f64) {
    let share = Share::of(sector);
    if sector.inner == 0 {
        return on_circle(center.0, center.1, share.outer - 3.0, 45.0);
    }
    // In the last corner, clear of the text.
    let aside = (11.0f64 / share.outer).to_degrees().min((share.end - share.start) / 2.0);
    on_circle(center.0, center.1, share.outer - 9.0, share.end - aside)
}

/// Where the mark goes that there are more ancestors.
pub(crate) fn beyond(sector: Sector, center: (f64, f64)) -> (f64, f64) {
    let share = Share::of(sector);
    on_circle(center.0, center.1, share.outer, if sector.inner == 0 { 0.0 } else { share.middle() })
}

/// The rings, so that unknown ancestors are seen to be missing.
pub(crate) fn rings(scene: &mut Scene, layout: &Layout, center: (f64, f64)) {
    let half = layout.span.unwrap_or(0) / 2;
    for band in layout.bands.iter().filter(|band| band.generation < 0) {
        let ring = Sector { inner: band.start, outer: band.end, start: -half, end: half };
        scene.shape(Share::of(ring).outline(center), Some(Ink::Band), Some(Pen::new(Ink::Paper, 2.0)));
    }
}
