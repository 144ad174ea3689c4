//! Drawing a laid-out family chart as SVG for the screen and as PDF for the wall.
//!
//! Pure and deterministic: the same [`Drawing`] gives the same bytes. Names are taken to be hostile. What may be
//! shown of whom is decided by the caller, who writes the [`Label`]s.
//!
//! Text is measured with Noto Sans, which covers Latin, Greek and Cyrillic. An SVG names fonts and leaves the choice to
//! the reader's device; what is measured to be tight is held to its room. A PDF, behind the feature `pdf`, embeds the
//! parts of fonts that it uses: see `Fonts` for which scripts that covers.
#![warn(missing_docs)]

mod card;
mod draw;
mod fan;
mod fit;
mod label;
mod legend;
#[cfg(feature = "pdf")]
mod pdf;
mod scene;
mod strokes;
mod svg;
#[cfg(test)]
mod tests;
mod theme;

use dzinza_kinship::chart::Layout;

pub use label::{Gender, Label, Words};
#[cfg(feature = "pdf")]
pub use pdf::{Fonts, Orientation, Pages, Paper, PdfError};
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

/// The drawing on paper, always dark on light. The same drawing, pages and fonts give the same bytes.
#[cfg(feature = "pdf")]
pub fn pdf(drawing: &Drawing<'_>, pages: Pages, fonts: &Fonts) -> Result<Vec<u8>, PdfError> {
    pdf::write(&draw::scene(drawing), pages, fonts, &drawing.words.page)
}
