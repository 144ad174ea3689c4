//! Setting a line: directions, fonts, shapes.

use krilla::geom::{Point, Transform};
use krilla::surface::Surface;
use krilla::text::{GlyphId, KrillaGlyph};
use rustybuzz::{Direction, UnicodeBuffer};
use unicode_bidi::{BidiInfo, Level};

use super::fonts::{Face, Fonts};
use crate::scene::{Spot, Text, on_circle};

/// Text of one font and direction, shaped. Pieces of a line come from the left to the right.
struct Piece<'a> {
    face: &'a Face,
    text: &'a str,
    glyphs: Vec<KrillaGlyph>,
}

impl Piece<'_> {
    /// In ems.
    fn advance(&self) -> f32 {
        self.glyphs.iter().map(|glyph| glyph.x_advance).sum()
    }
}

/// Draws a line of text in the current colour, never wider than its room.
pub(super) fn write(surface: &mut Surface<'_>, text: &Text, fonts: &Fonts) {
    let pieces = line(&text.content, text.bold, fonts);
    let advance: f32 = pieces.iter().map(Piece::advance).sum();
    let (mut size, room) = (text.size as f32, text.room as f32);
    if advance * size > room && advance > 0.0 {
        size = room / advance;
    }
    let wide = advance * size;
    match text.spot {
        Spot::Line { x, y, turn } => {
            surface.push_transform(&Transform::from_rotate_at(turn as f32, x as f32, y as f32));
            let mut at = x as f32 - wide / 2.0;
            for piece in &pieces {
                let start = Point::from_xy(at, y as f32);
                surface.draw_glyphs(start, &piece.glyphs, piece.face.font.clone(), piece.text, size, false);
                at += piece.advance() * size;
            }
            surface.pop();
        }
        Spot::Arc { .. } => along(surface, text.spot, &pieces, size, wide),
    }
}

/// Every glyph upright on the circle.
fn along(surface: &mut Surface<'_>, spot: Spot, pieces: &[Piece<'_>], size: f32, wide: f32) {
    let Spot::Arc { x, y, radius, angle, inward } = spot else { return };
    let sign = if inward { -1.0 } else { 1.0 };
    let mut at = -wide / 2.0;
    for piece in pieces {
        for glyph in &piece.glyphs {
            let half = glyph.x_advance * size / 2.0;
            let turned = angle + sign * (f64::from(at + half) / radius).to_degrees();
            let (gx, gy) = on_circle(x, y, radius, turned);
            let turn = if inward { turned + 180.0 } else { turned };
            surface.push_transform(&Transform::from_translate(gx as f32, gy as f32));
            surface.push_transform(&Transform::from_rotate(turn as f32));
            let start = Point::from_xy(-half, 0.0);
            let one = std::slice::from_ref(glyph);
            surface.draw_glyphs(start, one, piece.face.font.clone(), piece.text, size, false);
            surface.pop();
            surface.pop();
            at += 2.0 * half;
        }
    }
}

fn line<'a>(content: &'a str, bold: bool, fonts: &'a Fonts) -> Vec<Piece<'a>> {
    let bidi = BidiInfo::new(content, None);
    let mut pieces = Vec::new();
    for paragraph in &bidi.paragraphs {
        let (levels, runs) = bidi.visual_runs(paragraph, paragraph.range.clone());
        for run in runs {
            let level = levels.get(run.start).copied().unwrap_or(Level::ltr());
            let Some(text) = content.get(run) else { continue };
            let mut run = of_one_direction(text, bold, level.is_rtl(), fonts);
            if level.is_rtl() {
                run.reverse();
            }
            pieces.append(&mut run);
        }
    }
    pieces
}

/// Cuts where the font has to change. What every font has stays with what stands before it.
fn of_one_direction<'a>(text: &'a str, bold: bool, rtl: bool, fonts: &'a Fonts) -> Vec<Piece<'a>> {
    let mut cuts: Vec<(usize, usize)> = Vec::new();
    for (at, c) in text.char_indices() {
        match cuts.last() {
            Some((_, choice)) if !c.is_alphabetic() && fonts.has(*choice, c) => {}
            last => {
                let choice = fonts.choose(c, bold);
                if last.is_none_or(|(_, before)| *before != choice) {
                    cuts.push((at, choice));
                }
            }
        }
    }
    let ends = cuts.iter().skip(1).map(|(at, _)| *at).chain([text.len()]);
    let pieces = cuts.iter().zip(ends).filter_map(|((from, choice), to)| {
        let (face, text) = (fonts.face(*choice)?, text.get(*from..to)?);
        Some(Piece { face, text, glyphs: shape(face, text, rtl)? })
    });
    pieces.collect()
}

fn shape(face: &Face, text: &str, rtl: bool) -> Option<Vec<KrillaGlyph>> {
    let shaper = face.shaper()?;
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(text);
    buffer.guess_segment_properties();
    buffer.set_direction(if rtl { Direction::RightToLeft } else { Direction::LeftToRight });
    let shaped = rustybuzz::shape(&shaper, &[], buffer);
    let mut starts: Vec<usize> = shaped.glyph_infos().iter().map(|info| info.cluster as usize).collect();
    starts.sort_unstable();
    let em = shaper.units_per_em() as f32;
    let glyphs = shaped.glyph_infos().iter().zip(shaped.glyph_positions()).map(|(info, at)| {
        let start = info.cluster as usize;
        let end = starts.get(starts.partition_point(|other| *other <= start)).copied();
        let part = |units: i32| units as f32 / em;
        KrillaGlyph::new(
            GlyphId::new(info.glyph_id),
            part(at.x_advance),
            part(at.x_offset),
            part(at.y_offset),
            part(at.y_advance),
            start..end.unwrap_or(text.len()),
            None,
        )
    });
    Some(glyphs.collect())
}
