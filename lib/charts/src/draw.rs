//! From a layout and its labels to a scene.

use std::collections::HashMap;

use dzinza_kinship::chart::{Card, Direction, Kind, Layout, Role};

use crate::fit::{clean, shorten, width};
use crate::label::{Label, Words};
use crate::scene::{Item, Scene, Spot, Text, rectangle};
use crate::theme::Ink;
use crate::{Drawing, card, fan, legend, strokes};

/// No chart is narrower.
const NARROWEST: f64 = 420.0;
const TITLE: f64 = 26.0;
const SUBTITLE: f64 = 13.0;

pub(crate) fn scene(drawing: &Drawing<'_>) -> Scene {
    let layout = drawing.layout;
    let width = f64::from(layout.width).max(NARROWEST);
    let (title, subtitle) = (clean(drawing.title), clean(drawing.subtitle));
    let mut scene = Scene { width, title, ..Scene::default() };
    scene.description = describe(layout, drawing.words, &subtitle);
    let head = head(&mut scene, &subtitle);
    let shift = ((width - f64::from(layout.width)) / 2.0, head);
    let labels = Labels { all: drawing.labels, nobody: Label::default() };
    let center = layout.center.map(|at| (f64::from(at.x) + shift.0, f64::from(at.y) + shift.1));
    if let Some(center) = center {
        fan::rings(&mut scene, layout, center);
    } else {
        bands(&mut scene, layout, shift);
        lines(&mut scene, layout, shift);
    }
    let letters = letters(layout);
    for (index, card) in layout.cards.iter().enumerate() {
        let label = labels.of(index);
        scene.items.push(Item::Open(card::whole(label)));
        match center {
            Some(center) => fan::draw(&mut scene, card, label, center),
            None => card::draw(&mut scene, card, label, shift),
        }
        scene.items.push(Item::Close);
    }
    for (index, card) in layout.cards.iter().enumerate() {
        if let Some(letter) = letters.get(&index) {
            strokes::badge(&mut scene, letter, corner(card, center, shift), true);
        }
        if card.more {
            let at = card.sector.zip(center).map(|(sector, center)| fan::beyond(sector, center));
            strokes::plus(&mut scene, at.unwrap_or_else(|| beyond(layout, card, shift)), 6.5);
        }
    }
    let top = head + f64::from(layout.height);
    scene.height = legend::draw(&mut scene, drawing, !letters.is_empty(), top);
    scene
}

struct Labels<'a> {
    all: &'a [Label],
    nobody: Label,
}

impl Labels<'_> {
    fn of(&self, card: usize) -> &Label {
        self.all.get(card).unwrap_or(&self.nobody)
    }
}

fn describe(layout: &Layout, words: &Words, subtitle: &str) -> String {
    let count = layout.cards.iter().filter(|card| card.repeats.is_none()).count();
    let said = words.described.replace("{count}", &count.to_string());
    if subtitle.is_empty() { said } else { format!("{subtitle}. {said}") }
}

/// The title, and how far down the chart begins.
fn head(scene: &mut Scene, subtitle: &str) -> f64 {
    let (middle, room) = (scene.width / 2.0, scene.width - 48.0);
    let mut y = 0.0;
    let title = (scene.title.clone(), TITLE, true, Ink::Text);
    for (text, size, bold, ink) in [title, (subtitle.to_owned(), SUBTITLE, false, Ink::Muted)] {
        if text.is_empty() {
            continue;
        }
        // A title may be smaller, but not too small, before it is shortened.
        let wide = width(&text, size, bold);
        let size = if wide > room { (size * room / wide).max(size * 0.6) } else { size };
        y = f64::max(y, 20.0) + size * 1.25;
        let content = shorten(&text, room, size, bold);
        scene.text(Text { content, spot: Spot::Line { x: middle, y, turn: 0.0 }, size, bold, ink, room });
        y += size * 0.3;
    }
    if y > 0.0 { y + 6.0 } else { y }
}

fn bands(scene: &mut Scene, layout: &Layout, (dx, dy): (f64, f64)) {
    for band in layout.bands.iter().step_by(2) {
        let (start, depth) = (f64::from(band.start) - 12.0, f64::from(band.end - band.start) + 24.0);
        let path = match layout.direction {
            Direction::TopDown => rectangle(0.0, start + dy, scene.width, depth, 0.0),
            Direction::LeftRight => rectangle(start + dx, dy, depth, f64::from(layout.height), 0.0),
        };
        scene.shape(path, Some(Ink::Band), None);
    }
}

fn lines(scene: &mut Scene, layout: &Layout, (dx, dy): (f64, f64)) {
    // Those that end nowhere special first, so that dashes are not lost below solid lines of brothers and sisters.
    for union in [false, true] {
        for connector in layout.connectors.iter().filter(|line| line.meaning.is_union() == union) {
            let points = connector.points.iter();
            let points: Vec<(f64, f64)> =
                points.map(|at| (f64::from(at.x) + dx, f64::from(at.y) + dy)).collect();
            strokes::connector(scene, connector.meaning, connector.stroke, &points);
        }
    }
    for house in &layout.houses {
        let at = (f64::from(house.at.x) + dx, f64::from(house.at.y) + dy);
        let above = house.children.iter().any(|child| {
            let child = layout.cards.get(*child);
            let parent = house.partners.first().and_then(|parent| layout.cards.get(*parent));
            child
                .zip(parent)
                .is_some_and(|(child, parent)| parent.role == Role::Ancestor && child.generation <= 0)
        });
        if house.numbered && house.order > 0 {
            strokes::badge(scene, &house.order.to_string(), at, false);
        } else if above && house.partners.len() > 1 {
            strokes::rings(scene, house.meaning, at);
        }
    }
}

/// A letter for everyone who stands on the chart more than once, at each of the cards.
fn letters(layout: &Layout) -> HashMap<usize, String> {
    let mut names: HashMap<usize, String> = HashMap::new();
    let mut next = 0;
    for (index, card) in layout.cards.iter().enumerate() {
        let Some(first) = card.repeats else { continue };
        let name = names.entry(first).or_insert_with(|| {
            next += 1;
            letter(next)
        });
        let name = name.clone();
        names.insert(index, name);
    }
    names
}

/// 1 is A, 26 is Z, 27 is AA.
pub(crate) fn letter(mut number: usize) -> String {
    let mut letters = Vec::new();
    while number > 0 {
        letters.push(char::from(b'A' + ((number - 1) % 26) as u8));
        number = (number - 1) / 26;
    }
    letters.iter().rev().collect()
}

fn corner(card: &Card, center: Option<(f64, f64)>, (dx, dy): (f64, f64)) -> (f64, f64) {
    match card.sector.zip(center) {
        Some((sector, center)) => fan::corner(sector, center),
        None => (f64::from(card.x + card.w) - 6.0 + dx, f64::from(card.y) + 2.0 + dy),
    }
}

/// The middle of the edge at which the chart would go on.
fn beyond(layout: &Layout, card: &Card, (dx, dy): (f64, f64)) -> (f64, f64) {
    let (x, y) = (f64::from(card.x) + dx, f64::from(card.y) + dy);
    let (w, h) = (f64::from(card.w), f64::from(card.h));
    let up = layout.kind == Kind::Pedigree || card.role == Role::Ancestor;
    match (layout.direction, up) {
        (Direction::TopDown, true) => (x + w / 2.0, y),
        (Direction::TopDown, false) => (x + w / 2.0, y + h),
        (Direction::LeftRight, true) if layout.kind == Kind::Hourglass => (x, y + h / 2.0),
        (Direction::LeftRight, _) => (x + w, y + h / 2.0),
    }
}
