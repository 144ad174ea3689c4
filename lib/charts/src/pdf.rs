//! A scene as PDF: on one page, or on several to be put together.

mod fonts;
#[cfg(test)]
mod tests;
mod text;
mod tiles;

use krilla::color::rgb;
use krilla::geom::{Path, PathBuilder, Rect, Transform};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::{Document, SerializeSettings};

use crate::scene::{Item, Pen, Scene, Seg, Spot, Text};
use crate::theme::Ink;
pub use fonts::Fonts;
use tiles::{FOOT, MARGIN, OVERLAP, Plan, Tile};
pub use tiles::{Orientation, Pages, Paper};

/// Why there is no PDF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PdfError(String);

impl std::fmt::Display for PdfError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the PDF could not be written: {}", self.0)
    }
}

impl std::error::Error for PdfError {}

/// The scene on paper. `label` is what is written at the foot of each of several pages.
pub(crate) fn write(scene: &Scene, pages: Pages, fonts: &Fonts, label: &str) -> Result<Vec<u8>, PdfError> {
    let plan = Plan::of(scene, pages);
    match document(scene, &plan, fonts, label) {
        // A font of this machine that cannot be embedded is no reason to print nothing.
        Err(_) if !fonts.is_bundled() => document(scene, &plan, &Fonts::bundled(), label),
        written => written,
    }
}

fn document(scene: &Scene, plan: &Plan, fonts: &Fonts, label: &str) -> Result<Vec<u8>, PdfError> {
    let mut document = Document::new_with(SerializeSettings::default());
    let metadata = Metadata::new().title(scene.title.clone()).description(scene.description.clone());
    document.set_metadata(metadata.creator("Dzinza".to_owned()));
    let extents: Vec<Option<[f64; 4]>> = scene.items.iter().map(tiles::extent).collect();
    for (number, tile) in plan.tiles.iter().enumerate() {
        let size = PageSettings::from_wh(plan.page.0 as f32, plan.page.1 as f32);
        let mut page = document.start_page_with(size.unwrap_or_default());
        let mut surface = page.surface();
        sheet(&mut surface, plan, tile, |surface| {
            let seen = scene.items.iter().zip(&extents).filter(|(_, at)| tile.sees(plan, at.as_ref()));
            for (item, _) in seen {
                draw(surface, item, fonts);
            }
        });
        if plan.tiles.len() > 1 {
            let square = tile.square();
            let label = label
                .replace("{page}", &(number + 1).to_string())
                .replace("{pages}", &plan.tiles.len().to_string())
                .replace("{square}", &square);
            foot(&mut surface, plan, fonts, label);
            marks(&mut surface, plan, tile);
        }
        surface.finish();
        page.finish();
    }
    document.finish().map_err(|error| PdfError(format!("{error:?}").chars().take(200).collect()))
}

/// Draws one tile's part of the chart, clipped to where it goes on the page.
fn sheet(surface: &mut Surface<'_>, plan: &Plan, tile: &Tile, draw: impl FnOnce(&mut Surface<'_>)) {
    let (left, top, w, h) = plan.window();
    let Some(window) = Rect::from_xywh(left as f32, top as f32, w as f32, h as f32) else { return };
    let mut clip = PathBuilder::new();
    clip.push_rect(window);
    let Some(clip) = clip.finish() else { return };
    surface.push_clip_path(&clip, &FillRule::NonZero);
    let scale = plan.scale as f32;
    let (x, y) = tile.origin(plan);
    surface.push_transform(&Transform::from_row(scale, 0.0, 0.0, scale, x as f32, y as f32));
    draw(surface);
    surface.pop();
    surface.pop();
}

fn foot(surface: &mut Surface<'_>, plan: &Plan, fonts: &Fonts, content: String) {
    let room = plan.page.0 - 2.0 * MARGIN;
    let spot = Spot::Line { x: plan.page.0 / 2.0, y: plan.page.1 - MARGIN, turn: 0.0 };
    let label = Text { content, spot, size: 8.0, bold: false, ink: Ink::Muted, room };
    write_text(surface, &label, fonts);
}

/// Ticks in the margin where the next page lies over this one.
fn marks(surface: &mut Surface<'_>, plan: &Plan, tile: &Tile) {
    let (left, top, w, h) = plan.window();
    let (right, bottom) = (left + w, top + h);
    let (has_left, has_top, has_right, has_bottom) = tile.neighbours(plan);
    let mut ticks = Vec::new();
    for (there, x) in [(has_left, left + OVERLAP / 2.0), (has_right, right - OVERLAP / 2.0)] {
        if there {
            ticks.extend([(x, top - 12.0, x, top - 2.0), (x, bottom + 2.0, x, bottom + FOOT - 6.0)]);
        }
    }
    for (there, y) in [(has_top, top + OVERLAP / 2.0), (has_bottom, bottom - OVERLAP / 2.0)] {
        if there {
            ticks.extend([(left - 12.0, y, left - 2.0, y), (right + 2.0, y, right + 12.0, y)]);
        }
    }
    for (x0, y0, x1, y1) in ticks {
        let path = [Seg::Move(x0, y0), Seg::Line(x1, y1)];
        outline(surface, &path, None, Some(Pen::new(Ink::Line, 0.6)));
    }
}

fn draw(surface: &mut Surface<'_>, item: &Item, fonts: &Fonts) {
    match item {
        Item::Shape { path, fill, pen } => outline(surface, path, *fill, *pen),
        Item::Text(text) => write_text(surface, text, fonts),
        Item::Open(_) | Item::Close => {}
    }
}

/// Paper is white already.
fn colour(ink: Ink) -> rgb::Color {
    let colour = if ink == Ink::Paper { 0xff_ff_ff } else { ink.colour(false) };
    let [_, red, green, blue] = colour.to_be_bytes();
    rgb::Color::new(red, green, blue)
}

fn filled(ink: Ink) -> Fill {
    Fill { paint: colour(ink).into(), opacity: NormalizedF32::ONE, rule: FillRule::default() }
}

fn outline(surface: &mut Surface<'_>, path: &[Seg], fill: Option<Ink>, pen: Option<Pen>) {
    let Some(path) = built(path) else { return };
    surface.set_fill(fill.map(filled));
    surface.set_stroke(pen.map(|pen| Stroke {
        paint: colour(pen.ink).into(),
        width: pen.width as f32,
        dash:
            (!pen.dash.is_empty()).then(|| StrokeDash {
                array: pen.dash.iter().map(|part| *part as f32).collect(),
                offset: 0.0,
            }),
        ..Stroke::default()
    }));
    surface.draw_path(&path);
}

fn built(path: &[Seg]) -> Option<Path> {
    let mut builder = PathBuilder::new();
    for seg in path {
        match *seg {
            Seg::Move(x, y) => builder.move_to(x as f32, y as f32),
            Seg::Line(x, y) => builder.line_to(x as f32, y as f32),
            Seg::Curve(at) => {
                let [x1, y1, x2, y2, x, y] = at.map(|value| value as f32);
                builder.cubic_to(x1, y1, x2, y2, x, y);
            }
            Seg::Close => builder.close(),
        }
    }
    builder.finish()
}

fn write_text(surface: &mut Surface<'_>, text: &Text, fonts: &Fonts) {
    surface.set_stroke(None);
    surface.set_fill(Some(filled(text.ink)));
    text::write(surface, text, fonts);
}
