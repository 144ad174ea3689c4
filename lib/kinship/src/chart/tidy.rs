//! Tidy trees.
//!
//! The aesthetics are those of Reingold and Tilford, "Tidier Drawings of Trees" (1981): parents over the middle of
//! their children, equal subtrees alike, as narrow as that allows. Subtrees are kept apart by their contours, first
//! packed to the left and then to the right, and the mean of both taken, which keeps every distance and spreads the
//! room between small subtrees evenly (Kennedy, "Functional Pearls: Drawing Trees", 1996). Buchheim, Jünger and Leipert,
//! "Improving Walker's Algorithm to Run in Linear Time" (2002), get there with threads; at thirteen generations at most
//! the contours are short enough to be written down. Integers only.

/// A node's own extent along its generation, around its anchor: the point that lines of descent meet.
pub(super) struct Shape {
    /// From the left edge to the anchor.
    pub before: i64,
    /// From the anchor to the right edge.
    pub after: i64,
    /// From the anchor to where its children are centred.
    pub hang: i64,
    /// The children, all with a higher index than their parent, and the room each wants before it.
    pub kids: Vec<(usize, i64)>,
}

/// The least room between subtrees where they are not siblings.
pub(super) const COUSINS: i64 = 28;

/// Per generation, how far a subtree reaches to each side of its anchor.
type Contour = Vec<(i64, i64)>;

/// Where every anchor comes, with the first node at 0.
pub(super) fn tidy(shapes: &[Shape]) -> Vec<i64> {
    let mut contours: Vec<Contour> = shapes.iter().map(|_| Contour::new()).collect();
    // Of each node, from its parent's anchor.
    let mut offsets = vec![0i64; shapes.len()];
    for (index, shape) in shapes.iter().enumerate().rev() {
        let below: Vec<Contour> = shape.kids.iter().map(|(kid, _)| take(&mut contours, *kid)).collect();
        let rooms: Vec<i64> = shape.kids.iter().map(|(_, room)| *room).collect();
        let places = pack(&below, &rooms);
        let middle =
            (places.first().copied().unwrap_or(0) + places.last().copied().unwrap_or(0)).div_euclid(2);
        let mut contour = vec![(-shape.before, shape.after)];
        for (((kid, _), place), below) in shape.kids.iter().zip(places).zip(below) {
            let offset = place - middle + shape.hang;
            if let Some(slot) = offsets.get_mut(*kid) {
                *slot = offset;
            }
            widen(&mut contour, 1, &below, offset);
        }
        if let Some(slot) = contours.get_mut(index) {
            *slot = contour;
        }
    }
    let mut anchors = vec![0i64; shapes.len()];
    for (index, shape) in shapes.iter().enumerate() {
        let anchor = anchors.get(index).copied().unwrap_or(0);
        for (kid, _) in &shape.kids {
            let offset = offsets.get(*kid).copied().unwrap_or(0);
            if let Some(slot) = anchors.get_mut(*kid) {
                *slot = anchor + offset;
            }
        }
    }
    anchors
}

fn take(contours: &mut [Contour], index: usize) -> Contour {
    contours.get_mut(index).map(std::mem::take).unwrap_or_default()
}

/// Widens `contour`, from a generation on, by another one that stands `offset` to the right.
fn widen(contour: &mut Contour, from: usize, other: &Contour, offset: i64) {
    for (level, (left, right)) in other.iter().enumerate() {
        match contour.get_mut(from + level) {
            Some(slot) => *slot = (slot.0.min(left + offset), slot.1.max(right + offset)),
            None => contour.push((left + offset, right + offset)),
        }
    }
}

/// Where the anchors of siblings come, the first at 0.
fn pack(below: &[Contour], rooms: &[i64]) -> Vec<i64> {
    let to_left = squeeze(below, rooms);
    let mirrored: Vec<Contour> = below
        .iter()
        .rev()
        .map(|contour| contour.iter().map(|(left, right)| (-right, -left)).collect())
        .collect();
    // The room before one is, seen from the other side, the room before its neighbour.
    let mut other_rooms = vec![0];
    other_rooms.extend(rooms.iter().skip(1).rev());
    let to_right = squeeze(&mirrored, &other_rooms);
    let width = to_right.last().copied().unwrap_or(0);
    let to_right = to_right.iter().rev().map(|place| width - place);
    // Rounding the same way everywhere, the means of two packings that keep a distance keep it too.
    to_left.iter().zip(to_right).map(|(left, right)| (left + right).div_euclid(2)).collect()
}

/// Each subtree as far to the left as those before it let it go.
fn squeeze(below: &[Contour], rooms: &[i64]) -> Vec<i64> {
    let mut places = Vec::with_capacity(below.len());
    let mut so_far = Contour::new();
    for (contour, room) in below.iter().zip(rooms) {
        let mut place = 0;
        for (level, ((_, right), (left, _))) in so_far.iter().zip(contour).enumerate() {
            let apart = if level == 0 { *room } else { COUSINS };
            let least = right - left + apart;
            place = if level == 0 { least } else { place.max(least) };
        }
        widen(&mut so_far, 0, contour, place);
        places.push(place);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf() -> Shape {
        Shape { before: 10, after: 10, hang: 0, kids: Vec::new() }
    }

    #[test]
    fn a_parent_stands_over_the_middle_and_siblings_side_by_side() {
        let root = Shape { kids: vec![(1, 4), (2, 4), (3, 4)], ..leaf() };
        assert_eq!(tidy(&[root, leaf(), leaf(), leaf()]), [0, -24, 0, 24]);
    }

    #[test]
    fn a_small_subtree_between_large_ones_has_the_same_room_on_both_sides() {
        let wide = |from| Shape { kids: (from..from + 4).map(|kid| (kid, 4)).collect(), ..leaf() };
        let root = Shape { kids: vec![(1, 4), (2, 4), (3, 4)], ..leaf() };
        let mut shapes = vec![root, wide(4), leaf(), wide(8)];
        shapes.extend((0..8).map(|_| leaf()));
        let at = tidy(&shapes);
        assert_eq!(at[2] - at[1], at[3] - at[2]);
        assert!(at[8] - at[7] >= 20 + COUSINS);
    }

    #[test]
    fn children_are_centred_where_the_parent_wants_them() {
        let root = Shape { hang: 15, after: 40, kids: vec![(1, 4)], ..leaf() };
        assert_eq!(tidy(&[root, leaf()]), [0, 15]);
    }
}
