//! Lines and marks whose form has a meaning.

use dzinza_kinship::chart::{Meaning, Stroke};

use crate::scene::{Pen, Scene, Spot, Text, beside, circle, rounded};
use crate::theme::Ink;

const CORNER: f64 = 8.0;

/// Draws a line through points.
pub(crate) fn connector(scene: &mut Scene, meaning: Meaning, stroke: Stroke, points: &[(f64, f64)]) {
    let (ink, width) = if meaning.is_union() { (Ink::Union, 1.8) } else { (Ink::Line, 1.6) };
    let dash: &'static [f64] = match stroke {
        Stroke::Solid => &[],
        Stroke::Dashed => &[5.0, 3.5],
        Stroke::LongDashed => &[10.0, 5.0],
        Stroke::Dotted => &[2.0, 3.0],
        Stroke::DashDotted => &[8.0, 3.5, 2.0, 3.5],
        Stroke::Double => {
            for by in [-1.7, 1.7] {
                scene.shape(rounded(&beside(points, by), CORNER), None, Some(Pen::new(ink, 1.2)));
            }
            return;
        }
    };
    scene.shape(rounded(points, CORNER), None, Some(Pen { ink, width, dash }));
}

/// Two rings between parents: joined, or crossed out where they parted. Nothing for other unions.
pub(crate) fn rings(scene: &mut Scene, meaning: Meaning, (x, y): (f64, f64)) -> bool {
    if !matches!(meaning, Meaning::Joined | Meaning::Ended) {
        return false;
    }
    scene.shape(circle(x, y, 9.5), Some(Ink::Paper), None);
    for by in [-3.2, 3.2] {
        scene.shape(circle(x + by, y, 4.6), None, Some(Pen::new(Ink::Union, 1.4)));
    }
    if meaning == Meaning::Ended {
        let slash = [(x - 4.0, y + 8.0), (x + 4.0, y - 8.0)];
        scene.shape(rounded(&slash, 0.0), None, Some(Pen::new(Ink::Union, 1.4)));
    }
    true
}

/// A number or letter in a disc.
pub(crate) fn badge(scene: &mut Scene, content: &str, (x, y): (f64, f64), filled: bool) {
    let (fill, ink) = if filled { (Ink::Accent, Ink::OnAccent) } else { (Ink::Paper, Ink::Text) };
    let pen = Pen::new(if filled { Ink::Paper } else { Ink::Union }, 1.4);
    scene.shape(circle(x, y, 9.0), Some(fill), Some(pen));
    let size = if content.chars().count() > 2 { 7.5 } else { 10.0 };
    let spot = Spot::Line { x, y: y + size * 0.36, turn: 0.0 };
    scene.text(Text { content: content.to_owned(), spot, size, bold: true, ink, room: 18.0 });
}

/// The mark that the chart would go on.
pub(crate) fn plus(scene: &mut Scene, (x, y): (f64, f64), radius: f64) {
    scene.shape(circle(x, y, radius), Some(Ink::Paper), Some(Pen::new(Ink::Line, 1.3)));
    let arm = radius * 0.5;
    for points in [[(x - arm, y), (x + arm, y)], [(x, y - arm), (x, y + arm)]] {
        scene.shape(rounded(&points, 0.0), None, Some(Pen::new(Ink::Muted, 1.4)));
    }
}
