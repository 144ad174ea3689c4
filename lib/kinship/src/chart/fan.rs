//! The fan: every ancestor has the piece of a ring that half of the child's angle leaves.

use super::draft::Draft;
use super::placed::nobody;
use super::{Band, Layout, Point, Sector};

/// The radius of the root.
const HUB: i32 = 74;
/// How deep a ring is in which names follow the circle.
const NEAR: i32 = 72;
/// How deep a ring is in which names lie along the radius.
const FAR: i32 = 136;
/// The last generation whose names follow the circle.
const LAST_NEAR: i32 = 4;
const MARGIN: i32 = 28;

/// From where to where the ring of a generation reaches; 0 is the root.
fn ring(generation: i32) -> (i32, i32) {
    if generation == 0 {
        return (0, HUB);
    }
    let outer =
        |generation: i32| HUB + generation.min(LAST_NEAR) * NEAR + (generation - LAST_NEAR).max(0) * FAR;
    (outer(generation - 1), outer(generation))
}

pub(super) fn layout(draft: Draft<'_>) -> Layout {
    let span = i32::from(draft.options.span) * 1000;
    let (mut cards, options) = (draft.cards, draft.options);
    for card in &mut cards {
        let Some(sosa) = card.sosa else { continue };
        let generation = sosa.ilog2();
        let (inner, outer) = ring(generation as i32);
        let share = i64::from(sosa) - (1 << generation);
        let angle = |share: i64| ((i64::from(span) * share) >> generation) as i32 - span / 2;
        card.sector = Some(if generation == 0 {
            Sector { inner, outer, start: -180_000, end: 180_000 }
        } else {
            Sector { inner, outer, start: angle(share), end: angle(share + 1) }
        });
    }
    let deepest = cards.iter().map(|card| -card.generation).max().unwrap_or(0);
    let bounds = cards.iter().filter_map(|card| card.sector).map(bounds).fold([0; 4], |all, one| {
        [all[0].min(one[0]), all[1].min(one[1]), all[2].max(one[2]), all[3].max(one[3])]
    });
    let center = Point { x: MARGIN - bounds[0], y: MARGIN - bounds[1] };
    for card in &mut cards {
        let Some(sector) = card.sector else { continue };
        let [left, top, right, bottom] = self::bounds(sector);
        (card.x, card.y, card.w, card.h) = (center.x + left, center.y + top, right - left, bottom - top);
    }
    let bands = (0..=deepest).map(|up| Band { generation: -up, start: ring(up).0, end: ring(up).1 });
    Layout {
        width: bounds[2] - bounds[0] + 2 * MARGIN,
        height: bounds[3] - bounds[1] + 2 * MARGIN,
        center: Some(center),
        span: Some(span),
        bands: bands.collect(),
        cards,
        cut: draft.cut,
        ..nobody(options)
    }
}

/// The box around a sector: left, top, right, bottom from the centre.
fn bounds(sector: Sector) -> [i32; 4] {
    if sector.inner == 0 {
        return [-sector.outer, -sector.outer, sector.outer, sector.outer];
    }
    let mut angles = vec![sector.start, sector.end];
    // The circle reaches furthest where it crosses an axis.
    angles.extend((-4..=4).map(|quarter| quarter * 90_000).filter(|a| sector.start < *a && *a < sector.end));
    let mut all = [i32::MAX, i32::MAX, i32::MIN, i32::MIN];
    for angle in angles {
        let (sin, cos) = (f64::from(angle) / 1000.0).to_radians().sin_cos();
        for radius in [sector.inner, sector.outer] {
            let (x, y) = (f64::from(radius) * sin, -f64::from(radius) * cos);
            let (x0, y0) = (x.floor() as i32, y.floor() as i32);
            all = [all[0].min(x0), all[1].min(y0), all[2].max(x0 + 1), all[3].max(y0 + 1)];
        }
    }
    all
}
