//! Drawing a laid-out family chart as SVG for the screen and as PDF for the wall.
//!
//! Pure and deterministic: the same [`Drawing`] gives the same bytes. Names are taken to be hostile. What may be
//! shown of whom is decided by the caller, who writes the [`Label`]s.
//!
//! Text is measured with Noto Sans, which covers Latin, Greek and Cyrillic. An SVG names fonts and leaves the choice to
//! the reader's device; what is measured to be tight is held to its room.
#![warn(missing_docs)]

mod card;
mod draw;
mod fan;
mod fit;
mod label;
mod legend;
mod scene;
mod strokes;
mod svg;
mod theme;

use dzinza_kinship::chart::Layout;

pub use label::{Gender, Label, Words};
pub use theme::Theme;

/// A chart and what is written on it.
#[derive(Debug, Clone, Copy)]
pub struct Drawing<'a> {
    /// Who stands where.
    pub layout: &'a Layout,
    /// One label for each card, in the same order.
    pub labels: &'a [Label],
    /// The title, or nothing.
    pub title: &'a str,
    /// A line below the title, or nothing.
    pub subtitle: &'a str,
    /// The words of the legend.
    pub words: &'a Words,
}

/// The drawing as one SVG document of the size of its layout, title and legend; a unit is a pixel at 100 %.
pub fn svg(drawing: &Drawing<'_>, theme: Theme) -> String {
    svg::write(&draw::scene(drawing), theme)
}
