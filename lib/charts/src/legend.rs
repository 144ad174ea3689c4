//! What the lines, shapes and marks mean: only of those that are on the chart.

use std::collections::BTreeSet;

use dzinza_kinship::chart::{Direction, Kind, Meaning, Role};

use crate::card::edge;
use crate::fit::{clean, shorten, width};
use crate::label::{Gender, Words};
use crate::scene::{Pen, Scene, Spot, Text, rectangle};
use crate::theme::Ink;
use crate::{Drawing, strokes};

const SIZE: f64 = 11.0;
const LINE: f64 = 24.0;
/// From a sample to its word, and from a word to the next sample.
const GAP: (f64, f64) = (8.0, 26.0);

/// How wide it is, and its samples with their words and how wide those are.
type Row = (f64, Vec<(Sample, String, f64)>);

enum Sample {
    Line(Meaning),
    Rings(Meaning),
    Shape(Gender),
    Same,
    More,
}

impl Sample {
    fn width(&self) -> f64 {
        match self {
            Self::Line(_) => 40.0,
            Self::Rings(_) | Self::Shape(_) => 24.0,
            Self::Same | Self::More => 18.0,
        }
    }

    fn draw(&self, scene: &mut Scene, x: f64, y: f64) {
        let middle = (x + self.width() / 2.0, y);
        match self {
            Self::Line(meaning) => {
                strokes::connector(scene, *meaning, meaning.stroke(), &[(x, y), (x + self.width(), y)]);
            }
            Self::Rings(meaning) => {
                strokes::rings(scene, *meaning, middle);
            }
            Self::Shape(gender) => {
                let (ink, radius) = edge(*gender);
                let shape = rectangle(x, y - 8.0, self.width(), 16.0, radius);
                scene.shape(shape, Some(Ink::Paper), Some(Pen::new(ink, 1.5)));
            }
            Self::Same => strokes::badge(scene, "A", middle, true),
            Self::More => strokes::plus(scene, middle, 7.0),
        }
    }
}

/// Draws it centred below the chart and says where the drawing ends.
pub(crate) fn draw(scene: &mut Scene, drawing: &Drawing<'_>, same: bool, top: f64) -> f64 {
    let entries = entries(drawing, same);
    if entries.is_empty() {
        return top;
    }
    let room = scene.width - 48.0;
    let mut rows: Vec<Row> = Vec::new();
    for (sample, word) in entries {
        let word = shorten(&clean(word), room - 60.0, SIZE, false);
        let wide = width(&word, SIZE, false);
        let whole = sample.width() + GAP.0 + wide;
        match rows.last_mut() {
            Some((used, row)) if *used + GAP.1 + whole <= room => {
                *used += GAP.1 + whole;
                row.push((sample, word, wide));
            }
            _ => rows.push((whole, vec![(sample, word, wide)])),
        }
    }
    let mut y = top + if ends_in_bands(drawing) { 20.0 } else { 8.0 };
    for (used, row) in rows {
        let mut x = (scene.width - used) / 2.0;
        for (sample, content, wide) in row {
            sample.draw(scene, x, y);
            x += sample.width() + GAP.0;
            let spot = Spot::Line { x: x + wide / 2.0, y: y + SIZE * 0.36, turn: 0.0 };
            scene.text(Text { content, spot, size: SIZE, bold: false, ink: Ink::Muted, room: wide });
            x += wide + GAP.1;
        }
        y += LINE;
    }
    y + 4.0
}

/// Whether the bands of the generations reach down to the end of the chart.
fn ends_in_bands(drawing: &Drawing<'_>) -> bool {
    drawing.layout.direction == Direction::LeftRight && drawing.layout.kind != Kind::Fan
}

fn entries<'a>(drawing: &'a Drawing<'_>, same: bool) -> Vec<(Sample, &'a str)> {
    let (layout, words) = (drawing.layout, drawing.words);
    let mut entries: Vec<(Sample, &str)> = Vec::new();
    for (gender, word) in [(Gender::Male, &words.male), (Gender::Female, &words.female)] {
        if layout.kind != Kind::Fan && drawing.labels.iter().any(|label| label.gender == gender) {
            entries.push((Sample::Shape(gender), word));
        }
    }
    let meanings: BTreeSet<Meaning> = layout.connectors.iter().map(|line| line.meaning).collect();
    for meaning in &meanings {
        entries.push((Sample::Line(*meaning), word(words, *meaning)));
    }
    let ringed = layout.houses.iter().filter(|house| {
        let first = house.partners.first().and_then(|parent| layout.cards.get(*parent));
        house.partners.len() > 1 && first.is_some_and(|card| card.role == Role::Ancestor)
    });
    let ringed: BTreeSet<Meaning> = ringed.map(|house| house.meaning).collect();
    for meaning in [Meaning::Joined, Meaning::Ended] {
        if ringed.contains(&meaning) && !meanings.contains(&meaning) {
            entries.push((Sample::Rings(meaning), word(words, meaning)));
        }
    }
    if same {
        entries.push((Sample::Same, &words.same));
    }
    if layout.cards.iter().any(|card| card.more) {
        entries.push((Sample::More, &words.more));
    }
    entries
}

fn word(words: &Words, meaning: Meaning) -> &str {
    match meaning {
        Meaning::Birth => &words.birth,
        Meaning::Adoptive => &words.adoptive,
        Meaning::Step => &words.step,
        Meaning::Foster => &words.foster,
        Meaning::Guardian => &words.guardian,
        Meaning::OtherParent => &words.other_parent,
        Meaning::Joined => &words.joined,
        Meaning::Ended => &words.ended,
        Meaning::Promised => &words.promised,
        Meaning::Partners => &words.partners,
        Meaning::Unwed => &words.unwed,
    }
}
