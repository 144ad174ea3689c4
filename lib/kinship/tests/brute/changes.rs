//! A graph that has been changed against one that is built anew from what is true by then.

use std::collections::{BTreeMap, BTreeSet};

use dzinza_kinship::{
    Builder, Facts, Graph, Islands, Line, Link, Place, Sex, Tie, Union, inbreeding_of_everyone, problems,
    relation, relatives, to_the_end,
};
use dzinza_kinship::{Lines, SiblingKind};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Change {
    Put(usize, Facts),
    Ties(usize, Vec<(Link, usize)>),
    Remove(usize),
}

/// What should be there: persons, and ties by their ends, each once from either.
#[derive(Default)]
struct Truth {
    persons: BTreeMap<usize, Facts>,
    ties: BTreeSet<(usize, Link, usize)>,
}

impl Truth {
    fn change(&mut self, change: &Change) {
        match change {
            Change::Put(who, facts) => {
                self.persons.insert(*who, *facts);
            }
            Change::Ties(who, ties) if self.persons.contains_key(who) => {
                self.ties.retain(|(one, _, two)| one != who && two != who);
                for (link, other) in ties {
                    if other != who && self.persons.contains_key(other) {
                        self.ties.insert((*who, *link, *other));
                        self.ties.insert((*other, link.inverse(), *who));
                    }
                }
            }
            Change::Ties(..) => {}
            Change::Remove(who) => {
                self.persons.remove(who);
                self.ties.retain(|(one, _, two)| one != who && two != who);
            }
        }
    }

    fn rebuilt(&self) -> Graph {
        let mut builder = Builder::new();
        for (who, facts) in &self.persons {
            builder.person(&who.to_string(), *facts);
        }
        for (one, link, two) in &self.ties {
            let place = |who: &usize| builder.place(&who.to_string()).unwrap();
            let (one, two) = (place(one), place(two));
            builder.tie(one, *link, two, None);
        }
        builder.build()
    }
}

fn apply(graph: &mut Graph, change: &Change) {
    match change {
        Change::Put(who, facts) => {
            graph.put(&who.to_string(), *facts);
        }
        Change::Ties(who, ties) => {
            let Some(place) = graph.place(&who.to_string()) else { return };
            let known = ties
                .iter()
                .filter_map(|(link, other)| Some(Tie::new(*link, graph.place(&other.to_string())?)));
            let known: Vec<Tie> = known.collect();
            graph.set_ties(place, known);
        }
        Change::Remove(who) => graph.remove(&who.to_string()),
    }
}

fn id(graph: &Graph, place: Place) -> usize {
    graph.id(place).parse().unwrap()
}

fn shown(graph: &Graph, place: Place) -> BTreeSet<(Link, usize)> {
    graph.ties(place).iter().map(|tie| (tie.link, id(graph, tie.to))).collect()
}

/// Whether ties are in the order that is promised.
fn is_in_order(graph: &Graph, place: Place) -> bool {
    let day = |place| graph.birth(place).map_or(i64::MAX, i64::from);
    graph.ties(place).iter().is_sorted_by_key(|tie| match tie.link {
        Link::Parent(line) => (0, line as i64, graph.sex(tie.to) as i64),
        Link::Partner(_) => (1, 0, 0),
        Link::Sibling(_) => (2, day(tie.to), 0),
        Link::Child(_) => (3, day(tie.to), 0),
    })
}

fn change() -> impl Strategy<Value = Change> {
    const PEOPLE: usize = 12;
    let sex = prop_oneof![Just(Sex::Male), Just(Sex::Female), Just(Sex::Unknown)];
    let facts =
        (sex, prop::option::of(0..40_000)).prop_map(|(sex, birth)| Facts { sex, birth, ..Facts::default() });
    let line = prop_oneof![3 => Just(Line::Birth), 1 => Just(Line::Adoptive), 1 => Just(Line::Guardian)];
    let link = prop_oneof![
        line.clone().prop_map(Link::Parent),
        line.prop_map(Link::Child),
        Just(Link::Partner(Union::Joined)),
        Just(Link::Partner(Union::Ended)),
        Just(Link::Sibling(SiblingKind::Full)),
    ];
    let ties = prop::collection::vec((link, 0..PEOPLE), 0..5);
    prop_oneof![
        3 => (0..PEOPLE, facts).prop_map(|(who, facts)| Change::Put(who, facts)),
        4 => (0..PEOPLE, ties).prop_map(|(who, ties)| Change::Ties(who, ties)),
        1 => (0..PEOPLE).prop_map(Change::Remove),
    ]
}

proptest! {
    #[test]
    fn a_changed_graph_is_a_rebuilt_one(changes in prop::collection::vec(change(), 1..60)) {
        let (mut graph, mut truth) = (Graph::default(), Truth::default());
        for change in &changes {
            apply(&mut graph, change);
            truth.change(change);
        }
        let anew = truth.rebuilt();
        prop_assert_eq!(graph.len(), anew.len());
        let people: Vec<(Place, Place)> =
            anew.persons().map(|place| (graph.place(anew.id(place)).unwrap(), place)).collect();
        for (old, new) in &people {
            prop_assert_eq!(graph.facts(*old), anew.facts(*new));
            prop_assert_eq!(graph.ties(*old).len(), anew.ties(*new).len());
            prop_assert_eq!(shown(&graph, *old), shown(&anew, *new));
            prop_assert!(is_in_order(&graph, *old) && is_in_order(&anew, *new));
        }
        prop_assert_eq!(Islands::of(&graph).sizes().to_vec(), Islands::of(&anew).sizes().to_vec());
        prop_assert_eq!(problems(&graph).count(), problems(&anew).count());
        // Whatever loops there are, nothing hangs, and distances agree.
        inbreeding_of_everyone(&graph, &mut to_the_end).unwrap();
        for (old, new) in people.iter().take(4) {
            let few = |graph: &Graph, place| relatives(graph, place, 4, Lines::ALL).count();
            prop_assert_eq!(few(&graph, *old), few(&anew, *new));
            for (old2, new2) in &people {
                let (one, two) = (relation(&graph, *old, *old2), relation(&anew, *new, *new2));
                prop_assert!(one.iter().all(|found| found.path.holds_in(&graph)));
                let steps = |found: Option<dzinza_kinship::Relation>| found.map(|found| (found.up, found.down));
                if !matches!(&one, Some(found) if found.unions > 0 || found.common.is_empty()) {
                    prop_assert_eq!(steps(one), steps(two));
                }
            }
        }
    }
}
