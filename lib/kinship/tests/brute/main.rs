//! Answers of the graph against those of a second implementation that shares nothing with it but the types: it lists
//! all chains of ancestors and looks. Thousands of pairs in small families with much marriage among kin.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod changes;
mod in_laws;
mod model;
mod naive;

use std::collections::{BTreeMap, BTreeSet};

use dzinza_kinship::{
    Cursor, Graph, Islands, Kind, Line, Lines, Path, Paths, Place, Step, Total, ancestors, common_ancestors,
    descendants, inbreeding_of_everyone, kinship, loops, relation, relatives, to_the_end,
};
use model::{Model, Shape};

const DENSE: Shape = Shape { generations: 6, width: 5, other_lines: 0, unions: false };
const MIXED: Shape = Shape { generations: 5, width: 6, other_lines: 30, unions: true };
const SPARSE: Shape = Shape { generations: 3, width: 12, other_lines: 10, unions: true };

/// Every pair of some families of a shape.
fn pairs(shape: Shape, seeds: std::ops::Range<u64>, mut check: impl FnMut(&Model, &Graph, usize, usize)) {
    for seed in seeds {
        let model = model::random(seed, shape);
        let graph = model.graph();
        for one in 0..model.len() {
            for two in 0..model.len() {
                check(&model, &graph, one, two);
            }
        }
    }
}

fn persons(path: &Path) -> Vec<usize> {
    path.places().map(|place| place as usize).collect()
}

#[test]
fn the_nearest_relation_has_the_fewest_steps_of_the_first_kind_there_is() {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut check = |model: &Model, graph: &Graph, one: usize, two: usize| {
        let found = relation(graph, one as Place, two as Place);
        let above = |person, lines| naive::heights(model, person, lines);
        let degree = |lines| naive::degree(&above(one, lines), &above(two, lines));
        let steps = found.as_ref().map(|found| found.path.hops.len());
        assert!(found.as_ref().is_none_or(|found| found.path.holds_in(graph)));
        let kind = found.as_ref().map(|found| found.kind);
        if one == two {
            assert_eq!((kind, steps), (Some(Kind::Oneself), Some(0)));
        } else if let Some(fewest) = degree(Lines::BIRTH) {
            assert_eq!((kind, steps), (Some(Kind::Blood), Some(fewest)), "{one} {two} {model:?}");
            *kinds.entry("blood").or_default() += 1;
        } else if let Some(fewest) = degree(Lines::ALL) {
            assert!(matches!(kind, Some(Kind::Parental(line)) if line != Line::Birth));
            assert_eq!(steps, Some(fewest));
            *kinds.entry("parental").or_default() += 1;
        } else if let Some(fewest) = naive::beside(model, one, two) {
            assert!(matches!(kind, Some(Kind::Sibling(_))));
            assert_eq!(steps, Some(fewest));
            *kinds.entry("sibling").or_default() += 1;
        } else {
            let cost = found.as_ref().map(|found| {
                let cost = |step| if matches!(step, Step::Up(_) | Step::Down(_)) { 2 } else { 3 };
                found.path.hops.iter().map(|hop| cost(hop.step)).sum::<usize>()
            });
            assert_eq!(cost, naive::cheapest(model, one)[two]);
            let name = match kind {
                Some(Kind::Marriage) => "marriage",
                Some(Kind::Connection) => "connection",
                None => "none",
                _ => panic!("{kind:?}"),
            };
            *kinds.entry(name).or_default() += 1;
        }
    };
    pairs(DENSE, 0..3, &mut check);
    pairs(MIXED, 0..4, &mut check);
    pairs(SPARSE, 0..4, &mut check);
    // Each kind has been looked at often.
    assert!(kinds.len() == 6 && kinds.values().all(|count| *count > 20), "{kinds:?}");
}

#[test]
fn the_nearest_relation_has_the_most_equal_sides_and_the_couple() {
    pairs(DENSE, 20..26, |model, graph, one, two| {
        let found = relation(graph, one as Place, two as Place);
        let Some(found) = found.filter(|found| found.kind == Kind::Blood) else { return };
        let (ups, downs) = (naive::chains(model, one, Lines::BIRTH), naive::chains(model, two, Lines::BIRTH));
        let steps = found.path.hops.len();
        let fitting: Vec<(&Vec<usize>, &Vec<usize>)> = ups
            .iter()
            .flat_map(|up| downs.iter().map(move |down| (up, down)))
            .filter(|(up, down)| up.last() == down.last() && up.len() + down.len() == steps + 2)
            .collect();
        let equal = fitting.iter().map(|(up, down)| (up.len().abs_diff(down.len()), up.len())).min().unwrap();
        assert_eq!((found.up.abs_diff(found.down) as usize, found.up as usize + 1), equal);
        // A couple if any two of the best ways differ in the common ancestor alone.
        let best: Vec<_> = fitting
            .iter()
            .filter(|(up, down)| (up.len().abs_diff(down.len()), up.len()) == equal)
            .filter(|(up, down)| up.len() > 1 && down.len() > 1)
            .collect();
        let below = |chain: &[usize]| chain[chain.len() - 2];
        let couple = best.iter().any(|(up, down)| {
            best.iter().any(|(up2, down2)| {
                up.last() != up2.last() && below(up) == below(up2) && below(down) == below(down2)
            })
        });
        assert_eq!(found.common.len(), if couple { 2 } else { 1 }, "{one} {two} {found:?}");
        assert!(!found.half || found.common.len() == 1);
    });
}

fn all_pages(paths: &Paths<'_>, limit: usize, work: usize) -> Vec<Path> {
    let (mut all, mut cursor): (Vec<Path>, Option<Cursor>) = (Vec::new(), None);
    loop {
        let page = paths.page(cursor.as_ref(), limit, work);
        all.extend(page.paths);
        let Some(next) = page.next else { return all };
        cursor = Some(next);
    }
}

#[test]
fn all_paths_are_all_pairs_of_chains_that_meet_once() {
    let mut most = 0;
    let mut check = |model: &Model, graph: &Graph, one: usize, two: usize| {
        for lines in [Lines::BIRTH, Lines::ALL] {
            let expected = naive::paths(model, one, two, lines);
            let paths = Paths::new(graph, one as Place, two as Place, lines);
            let found = all_pages(&paths, 7, 40 + (one * 31 + two) % 500);
            assert!(found.iter().all(|path| path.holds_in(graph)));
            let lengths: Vec<usize> = found.iter().map(|path| path.hops.len()).collect();
            assert!(lengths.is_sorted());
            let set: BTreeSet<Vec<usize>> = found.iter().map(persons).collect();
            assert_eq!((set.len(), &set), (found.len(), &expected), "{one} {two} {model:?}");
            assert_eq!(paths.total(1_000_000), Total::Exactly(expected.len() as u64));
            if expected.len() > 1 {
                let bound = naive::pairs_of_chains(model, one, two, lines);
                assert_eq!(paths.total(0), Total::AtMost(bound));
            }
            most = most.max(expected.len());
        }
    };
    pairs(DENSE, 40..43, &mut check);
    pairs(MIXED, 40..43, &mut check);
    assert!(most > 20, "{most}");
}

#[test]
fn paths_with_marriages_are_those_of_the_partners() {
    pairs(MIXED, 50..52, |model, graph, one, two| {
        let partners = |of: usize| -> BTreeSet<usize> {
            let both = model.unions.iter().flat_map(|(one, two, _)| [(*one, *two), (*two, *one)]);
            both.filter(|(one, _)| *one == of).map(|(_, two)| two).collect()
        };
        let mut expected = naive::paths(model, one, two, Lines::BIRTH);
        for partner in partners(one) {
            let theirs = naive::paths(model, partner, two, Lines::BIRTH);
            let theirs = theirs.into_iter().filter(|path| !path.contains(&one));
            expected.extend(theirs.map(|path| [vec![one], path].concat()));
        }
        for partner in partners(two) {
            let theirs = naive::paths(model, one, partner, Lines::BIRTH);
            let theirs = theirs.into_iter().filter(|path| !path.contains(&two));
            expected.extend(theirs.map(|path| [path, vec![two]].concat()));
        }
        let paths = Paths::new(graph, one as Place, two as Place, Lines::BIRTH).with_marriages();
        let found: BTreeSet<Vec<usize>> = all_pages(&paths, 3, 100).iter().map(persons).collect();
        assert_eq!(found, expected);
    });
}

#[test]
fn coefficients_are_those_of_the_definition() {
    let mut kin = 0;
    for seed in 60..64 {
        let model = model::random(seed, Shape { width: 5, ..MIXED });
        let graph = model.graph();
        let everyone = inbreeding_of_everyone(&graph, &mut to_the_end).unwrap();
        assert_eq!(everyone.dropped, []);
        let own: Vec<f64> = (0..model.len()).map(|one| naive::kinship(&model, one, one)).collect();
        for (one, own) in own.iter().enumerate() {
            assert!((everyone.of(one as Place) - (2.0 * own - 1.0)).abs() < 1e-12);
            for two in 0..model.len() {
                let expected = naive::kinship(&model, one, two);
                let found = kinship(&graph, one as Place, two as Place, &mut to_the_end).unwrap();
                assert!((found.kinship - expected).abs() < 1e-12, "{one} {two} {found:?} {expected}");
                assert_eq!(found.kinship == 0.0, expected == 0.0);
                assert!((found.inbreeding[1] - everyone.of(two as Place)).abs() < 1e-12);
                kin += usize::from(expected > 0.0);
            }
        }
    }
    assert!(kin > 1000, "{kin}");
}

#[test]
fn common_ancestors_and_generations() {
    let mut check = |model: &Model, graph: &Graph, one: usize, two: usize| {
        let lines = if one.is_multiple_of(2) { Lines::BIRTH } else { Lines::ALL };
        let (ups, downs) = (naive::heights(model, one, lines), naive::heights(model, two, lines));
        let both: BTreeMap<usize, (usize, usize)> =
            ups.iter().filter_map(|(top, up)| Some((*top, (*up, *downs.get(top)?)))).collect();
        let found = common_ancestors(graph, one as Place, two as Place, lines);
        let shown =
            found.iter().map(|common| (common.place as usize, (common.up as usize, common.down as usize)));
        assert_eq!(shown.collect::<BTreeMap<_, _>>(), both);
        for common in found {
            let top = common.place as usize;
            let mut others = both.keys().filter(|other| **other != top);
            let over = others.any(|other| naive::heights(model, *other, lines).contains_key(&top));
            assert_eq!(common.nearest, !over);
        }
        if two == 0 {
            let walked: BTreeMap<usize, usize> = ancestors(graph, one as Place, lines)
                .map(|reached| (reached.place as usize, reached.generation as usize))
                .collect();
            let mut expected = ups.clone();
            expected.remove(&one);
            assert_eq!(walked, expected);
        }
        let down = descendants(graph, two as Place, lines).find(|reached| reached.place as usize == one);
        let shortest = naive::chains(model, one, lines);
        let shortest = shortest.iter().filter(|chain| chain.last() == Some(&two));
        let height = ups.get(&two).copied().filter(|_| one != two);
        assert_eq!(down.map(|reached| reached.generation as usize), height);
        if let Some(down) = down {
            let ways = shortest.filter(|chain| chain.len() - 1 == height.unwrap()).count();
            assert_eq!(down.ways, ways as u64);
        }
    };
    pairs(DENSE, 70..72, &mut check);
    pairs(MIXED, 70..72, &mut check);
}

#[test]
fn degrees_are_the_fewest_steps_up_and_down() {
    for (seed, shape) in [(80, DENSE), (81, MIXED), (82, SPARSE), (83, MIXED)] {
        let model = model::random(seed, shape);
        let graph = model.graph();
        for lines in [Lines::BIRTH, Lines::ALL] {
            let all: Vec<_> = (0..model.len()).map(|person| naive::heights(&model, person, lines)).collect();
            for one in 0..model.len() {
                let degree = |two: usize| Some((two, naive::degree(&all[one], &all[two])?));
                let others = (0..model.len()).filter(|two| *two != one);
                let expected: BTreeMap<usize, usize> = others.filter_map(degree).collect();
                let found: Vec<_> = relatives(&graph, one as Place, u32::MAX, lines).collect();
                assert!(found.is_sorted_by_key(|relative| relative.degree));
                assert!(found.iter().all(|relative| relative.degree == relative.up + relative.down));
                let shown: BTreeMap<usize, usize> = found
                    .iter()
                    .map(|relative| (relative.place as usize, relative.degree as usize))
                    .collect();
                assert_eq!((shown.len(), &shown), (found.len(), &expected));
                let few = relatives(&graph, one as Place, 3, lines).count();
                assert_eq!(few, expected.values().filter(|degree| **degree <= 3).count());
            }
        }
    }
}

/// A family in which some are recorded as children of their descendants.
fn tangled(seed: u64) -> Model {
    let mut model = model::random(seed, DENSE);
    for at in 0..4 {
        let (child, parent, _) = model.parents[(seed as usize * 13 + at * 7) % model.parents.len()];
        model.parents.push((parent, child, Line::Birth));
    }
    model
}

#[test]
fn loops_are_found_and_answers_hold_in_spite_of_them() {
    for seed in 120..126 {
        let model = tangled(seed);
        let graph = model.graph();
        let all: Vec<_> = (0..model.len()).map(|one| naive::heights(&model, one, Lines::BIRTH)).collect();
        let in_loops: BTreeSet<usize> = (0..model.len())
            .filter(|one| {
                (0..model.len())
                    .any(|two| two != *one && all[two].contains_key(one) && all[*one].contains_key(&two))
            })
            .collect();
        let found = loops(&graph);
        let members = found.iter().flat_map(|ring| &ring.places).map(|place| *place as usize);
        assert_eq!(members.collect::<BTreeSet<_>>(), in_loops);
        for ring in &found {
            let among = |one: &Place, two: &Place| all[*one as usize].contains_key(&(*two as usize));
            assert!(ring.places.iter().all(|one| ring.places.iter().all(|two| among(one, two))));
        }
        for one in 0..model.len() {
            for two in (0..model.len()).filter(|two| *two != one) {
                let expected = naive::degree(&all[one], &all[two]);
                let found = relation(&graph, one as Place, two as Place);
                let blood = found.filter(|found| found.kind == Kind::Blood);
                assert_eq!(blood.as_ref().map(|found| found.path.hops.len()), expected);
                let mut persons = blood.map(|found| persons(&found.path)).unwrap_or_default();
                let length = persons.len();
                persons.sort_unstable();
                persons.dedup();
                assert_eq!(persons.len(), length);
                let paths = Paths::new(&graph, one as Place, two as Place, Lines::BIRTH);
                let all = naive::paths(&model, one, two, Lines::BIRTH);
                let page = paths.page(None, usize::MAX, usize::MAX);
                assert!(page.paths.iter().all(|path| all.contains(&crate::persons(path))));
                let symmetric = |one: usize, two: usize| {
                    kinship(&graph, one as Place, two as Place, &mut to_the_end).unwrap().kinship
                };
                assert_eq!(symmetric(one, two).to_bits(), symmetric(two, one).to_bits());
            }
        }
    }
}

#[test]
fn islands_are_who_is_connected() {
    for seed in 90..110 {
        let model = model::random(seed, Shape { generations: 2, width: 20, ..SPARSE });
        let islands = Islands::of(&model.graph());
        let labels = naive::labels(&model);
        let expected: BTreeSet<usize> = labels.iter().copied().collect();
        assert!(islands.sizes().is_sorted_by(|one, two| one >= two));
        assert_eq!((islands.len(), islands.sizes().iter().sum::<usize>()), (expected.len(), model.len()));
        for island in 0..islands.len() {
            let members: Vec<usize> = islands.members(island).map(|place| place as usize).collect();
            assert_eq!(members.len(), islands.sizes()[island]);
            assert!(members.iter().all(|member| labels[*member] == labels[members[0]]));
        }
    }
}
