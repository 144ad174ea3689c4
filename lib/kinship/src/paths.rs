//! All relationship paths of two persons.

mod cursor;
mod pairs;

pub use cursor::{BadCursor, Cursor};
use pairs::{Pairs, Search, Stop};

use hashbrown::HashSet;

use crate::graph::{Graph, Line, Place};
use crate::lines::Lines;
use crate::near;
use crate::path::{Hop, Path, Step};

/// How much work a page may cost unless somebody says otherwise: some tens of milliseconds.
pub const PAGE_WORK: usize = 400_000;

/// The longest paths that are looked for, in steps.
pub const LONGEST: u32 = 250;

/// Some of the paths of two persons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// In order.
    pub paths: Vec<Path>,
    /// Where the next page begins; `None` after the last path.
    pub next: Option<Cursor>,
    /// Whether the page ends here because its work was used up, not because it is full. It may then be empty, and
    /// `next` goes on.
    pub cut: bool,
}

/// How many paths by descent two persons have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// So many (`u64::MAX`: or more).
    Exactly(u64),
    /// No more than so many: counting exactly was more work than allowed. This counts every pair of chains that end in
    /// a common ancestor, those too that meet before.
    AtMost(u64),
}

/// All relationship paths of two persons along some parental lines: the pairs of chains of descent from a common
/// ancestor to either that have nobody but this ancestor in common (Wright, "Coefficients of inbreeding and
/// relationship", Am. Nat. 56, 1922). Where one descends from the other, the chains down from the ancestor are paths
/// too, with an empty chain on the other side.
///
/// Found without trying pairs of chains that meet early: two tops stand on the two persons, and always the one in the
/// younger generation climbs to one of its parents. Since it is the younger that climbs, both are at an ancestor of both
/// chains at the same time, so a pair of chains is a path exactly when the tops meet for the first time at its end (the
/// order of climbing is that of the recursive kinship coefficient; Karigl, "A recursive algorithm for the calculation of
/// identity coefficients", Ann. Hum. Genet. 45, 1981). Pairs of tops that cannot meet in the steps that are left are
/// remembered and not tried again.
///
/// Paths come by length, those of one length in the order of choices of parents (fathers first). Everything is a pure
/// function of the graph: a cursor goes on exactly where the page before ended, without looking at what was before
/// it. If the graph has changed meanwhile it goes on nearby.
///
/// Loops in the data are broken, always at the same link. Paths longer than [`LONGEST`] are not looked for.
#[derive(Debug)]
pub struct Paths<'g> {
    graph: &'g Graph,
    lines: Lines,
    /// The two themselves, and after them pairs with a partner in the place of one of them.
    stages: Vec<Stage>,
}

/// Two persons between whom paths of descent are sought, and marriages at either end.
#[derive(Debug, Clone, Copy)]
struct Stage {
    from: Place,
    to: Place,
    before: Option<(Place, Hop)>,
    after: Option<Hop>,
}

impl<'g> Paths<'g> {
    /// The paths of these two along these lines.
    pub fn new(graph: &'g Graph, from: Place, to: Place, lines: Lines) -> Self {
        let there = graph.is_there(from) && graph.is_there(to);
        let stage = Stage { from, to, before: None, after: None };
        Self { graph, lines, stages: if there { vec![stage] } else { Vec::new() } }
    }

    /// After them also the paths with one marriage: those of each partner of the first to the second, and those of the
    /// first to each partner of the second, as far as they do not lead over the person whose partner it is.
    #[must_use]
    pub fn with_marriages(mut self) -> Self {
        let Some(Stage { from, to, .. }) = self.stages.first().copied() else { return self };
        let partners = |of: Place| -> Vec<(Place, Step)> {
            let mut seen = HashSet::new();
            let ties = self.graph.partners(of).filter(|(partner, _)| seen.insert(*partner));
            ties.map(|(partner, union)| (partner, Step::Across(union))).collect()
        };
        let firsts = partners(from).into_iter().map(|(partner, step)| {
            let before = Some((from, Hop { step, to: partner }));
            Stage { from: partner, to, before, after: None }
        });
        // The union of the two themselves is among the firsts.
        let seconds = partners(to).into_iter().filter(|(partner, _)| *partner != from);
        let seconds = seconds.map(|(partner, step)| Stage {
            from,
            to: partner,
            before: None,
            after: Some(Hop { step, to }),
        });
        let stages: Vec<Stage> = firsts.chain(seconds).collect();
        self.stages.extend(stages);
        self
    }

    /// At most `limit` paths from a cursor, or from the beginning, for about `work` steps of search (at least one), each
    /// some tens of nanoseconds. Beside that a page takes time linear in the ancestors of the two. Memory follows the
    /// work.
    pub fn page(&self, from: Option<&Cursor>, limit: usize, work: usize) -> Page {
        let mut at = from.cloned().unwrap_or_default();
        let mut page = Page { paths: Vec::new(), next: None, cut: false };
        let mut left = work.max(1);
        let first = at.stage;
        while let Some(stage) = self.stages.get(at.stage) {
            if left == 0 {
                page.cut = page.paths.len() < limit;
                page.next = Some(at);
                return page;
            }
            let pairs = Pairs::new(self.graph, stage.from, stage.to, self.lines);
            if at.stage > first {
                // Somebody may have a thousand partners.
                left = left.saturating_sub(pairs.len());
            }
            let mut search = Search::new(&pairs, at.length, &at.choices);
            loop {
                // One path more than fits tells whether there is another page.
                let full = page.paths.len() >= limit.max(1);
                let mut position = search.position();
                match search.next(&mut left) {
                    Stop::Found(path) => match stage.complete(path) {
                        Some(path) if !full => {
                            page.paths.push(path);
                            continue;
                        }
                        None => continue,
                        Some(_) => {}
                    },
                    Stop::End => break,
                    Stop::Cut => {
                        page.cut = !full;
                        position = search.position();
                    }
                }
                let (length, choices) = position;
                page.next = Some(Cursor { stage: at.stage, length, choices });
                return page;
            }
            at = Cursor { stage: at.stage + 1, ..Cursor::default() };
        }
        page
    }

    /// How many paths by descent there are, those with marriages not counted: by dynamic programming over the pairs
    /// of tops (see [`Paths`]), with at most `work` pairs. Paths of any length count.
    pub fn total(&self, work: usize) -> Total {
        let Some(stage) = self.stages.first() else { return Total::Exactly(0) };
        let pairs = Pairs::new(self.graph, stage.from, stage.to, self.lines);
        pairs.count(work).map_or_else(|| Total::AtMost(pairs.at_most()), Total::Exactly)
    }

    /// Links (child, parent) that were left out because they close loops above the two.
    pub fn dropped(&self) -> Vec<(Place, Place)> {
        let Some(stage) = self.stages.first() else { return Vec::new() };
        Pairs::new(self.graph, stage.from, stage.to, self.lines).dropped().to_vec()
    }
}

impl Stage {
    /// With the marriages, unless it leads over the person who is then there twice.
    fn complete(&self, mut path: Path) -> Option<Path> {
        if let Some((from, hop)) = self.before {
            if path.places().any(|place| place == from) {
                return None;
            }
            path.from = from;
            path.hops.insert(0, hop);
        }
        if let Some(hop) = self.after {
            if path.places().any(|place| place == hop.to) {
                return None;
            }
            path.hops.push(hop);
        }
        Some(path)
    }
}

/// The parents of a person along some lines, into a list.
fn add_parents(graph: &Graph, lines: Lines, place: Place, into: &mut Vec<(Place, Line)>) {
    into.extend(near::parents(graph, place, lines));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Family, family};

    const ROYAL: &str = "a < p q; b < p q; c < r s; d < r s; e < a c; f < b d; r < t -; p < t -";

    fn all(family: &Family, one: &str, two: &str, limit: usize, work: usize) -> Vec<String> {
        let paths = Paths::new(&family.graph, family.at(one), family.at(two), Lines::ALL).with_marriages();
        let (mut shown, mut cursor) = (Vec::new(), None);
        loop {
            let page = paths.page(cursor.as_ref(), limit, work);
            assert!(
                page.paths.len() <= limit && (page.cut || page.next.is_none() || page.paths.len() == limit)
            );
            shown.extend(page.paths.iter().map(|path| family.show(path)));
            let Some(next) = page.next else { return shown };
            // As text and back, as it comes from outside.
            cursor = Some(next.to_string().parse().unwrap());
        }
    }

    fn total(family: &Family, one: &str, two: &str, work: usize) -> Total {
        Paths::new(&family.graph, family.at(one), family.at(two), Lines::ALL).total(work)
    }

    #[test]
    fn double_cousins_have_all_their_paths_by_length() {
        let family = family(ROYAL);
        let expected = [
            "e ^a ^p vb vf",
            "e ^a ^q vb vf",
            "e ^c ^r vd vf",
            "e ^c ^s vd vf",
            "e ^a ^p ^t vr vd vf",
            "e ^c ^r ^t vp vb vf",
        ];
        assert_eq!(all(&family, "e", "f", 100, PAGE_WORK), expected);
        assert_eq!(total(&family, "e", "f", PAGE_WORK), Total::Exactly(6));
        // As ends of chains t counts four times: a and b, c and d meet before.
        assert_eq!(total(&family, "e", "f", 1), Total::AtMost(8));
    }

    #[test]
    fn pages_of_any_size_and_work_are_the_same_paths() {
        let family = family(ROYAL);
        let whole = all(&family, "e", "f", 100, PAGE_WORK);
        for limit in 1..8 {
            for work in [1, 2, 3, 7, 50, 1000] {
                assert_eq!(all(&family, "e", "f", limit, work), whole, "{limit} {work}");
            }
        }
    }

    #[test]
    fn ancestors_and_oneself() {
        let family = family("a < b m; b < g -; m < g -");
        assert_eq!(all(&family, "a", "g", 10, 1000), ["a ^b ^g", "a ^m ^g"]);
        assert_eq!(all(&family, "g", "a", 10, 1000), ["g vb va", "g vm va"]);
        assert_eq!(all(&family, "a", "a", 1, 1), ["a"]);
        assert_eq!(total(&family, "a", "a", 9), Total::Exactly(1));
        assert_eq!(all(&family, "b", "m", 1, 1), ["b ^g vm"]);
    }

    #[test]
    fn marriages_come_last_and_never_over_the_partner_again() {
        let family = family("a < f m; b < f m; a = h; b = w; c < h a");
        assert_eq!(all(&family, "a", "b", 10, 1000), ["a ^f vb", "a ^m vb"]);
        assert_eq!(all(&family, "h", "w", 10, 1000), Vec::<String>::new());
        assert_eq!(all(&family, "a", "w", 10, 1000), ["a ^f vb =w", "a ^m vb =w"]);
        assert_eq!(all(&family, "a", "c", 10, 1000), ["a vc", "a =h vc"]);
        assert_eq!(all(&family, "a", "h", 1, 1), ["a =h"]);
    }

    #[test]
    fn loops_are_broken_and_nobody_has_none() {
        let family = family("a < b -; b < c -; c < a -; d < b -");
        let paths = Paths::new(&family.graph, family.at("a"), family.at("d"), Lines::ALL);
        assert_eq!(paths.dropped(), [(family.at("c"), family.at("a"))]);
        assert_eq!(all(&family, "a", "d", 10, 1000), ["a ^b vd"]);
        let nobody = Paths::new(&family.graph, 0, 99, Lines::ALL);
        assert_eq!((nobody.page(None, 9, 9).next, nobody.total(9)), (None, Total::Exactly(0)));
    }

    #[test]
    fn a_cursor_from_elsewhere_does_no_harm() {
        let family = family(ROYAL);
        let paths = Paths::new(&family.graph, family.at("e"), family.at("f"), Lines::ALL);
        for cursor in ["9.1.", "0.250.", "0.4.9999", "0.6.000000", "0.4.-4000000000-", "0.0.", "0.5.11111"] {
            let page = paths.page(Some(&cursor.parse().unwrap()), 100, PAGE_WORK);
            assert!(page.paths.len() <= 6 && page.next.is_none(), "{cursor}");
        }
    }

    #[test]
    fn a_hundred_partners_are_spread_over_pages() {
        let wives: Vec<String> = (0..100).map(|wife| format!("h = w{wife};")).collect();
        let family = family(&(wives.concat() + "w99 < f m; b < f m"));
        let paths = Paths::new(&family.graph, family.at("h"), family.at("b"), Lines::ALL).with_marriages();
        let first = paths.page(None, 10, 20);
        assert!(first.cut && first.paths.is_empty() && first.next.is_some());
        assert_eq!(all(&family, "h", "b", 10, 20), ["h =w99 ^f vb", "h =w99 ^m vb"]);
    }

    #[test]
    fn collapse_does_not_make_a_first_page_dear() {
        use std::fmt::Write as _;
        // Twenty generations of two couples who exchange their children: 2^20 chains and more up from either.
        let mut text = String::new();
        for at in 1..20 {
            let before = at - 1;
            for sign in ["x", "y"] {
                writeln!(text, "{sign}m{at} < xm{before} yf{before}\n{sign}f{at} < ym{before} xf{before}")
                    .unwrap();
            }
        }
        let family = family(&text);
        let paths = Paths::new(&family.graph, family.at("xm19"), family.at("yf19"), Lines::ALL);
        let page = paths.page(None, 50, 20_000);
        assert_eq!((page.paths.len(), page.cut), (50, false));
        assert!(matches!(paths.total(PAGE_WORK), Total::Exactly(paths) if paths > 1 << 30));
        let lengths: Vec<usize> = page.paths.iter().map(|path| path.hops.len()).collect();
        assert!(lengths.is_sorted());
    }
}
