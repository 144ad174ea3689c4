use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::graph::{Builder, Facts, Link, Sex};

const KINDS: [Kind; 4] = [Kind::Pedigree, Kind::Descendants, Kind::Hourglass, Kind::Fan];

/// Any persons and any ties, loops included.
fn graphs() -> impl Strategy<Value = Graph> {
    let link = prop_oneof![
        6 => Just(Link::Child(Line::Birth)),
        1 => Just(Link::Child(Line::Adoptive)),
        1 => Just(Link::Child(Line::Step)),
        2 => Just(Link::Partner(Union::Joined)),
        1 => Just(Link::Partner(Union::Ended)),
    ];
    let tie = (0u32..40, link, 0u32..40, prop::option::of(0i32..9));
    (1u32..40, prop::collection::vec(tie, 0..90)).prop_map(|(count, ties)| {
        let mut builder = Builder::new();
        for person in 0..count {
            let sex = [Sex::Male, Sex::Female, Sex::Unknown][person as usize % 3];
            builder.person(
                &person.to_string(),
                Facts { sex, birth: Some(person as i32 % 7), ..Facts::default() },
            );
        }
        for (from, link, to, since) in ties {
            builder.tie(from, link, to, since);
        }
        builder.build()
    })
}

fn options() -> impl Strategy<Value = Options> {
    let direction = prop_oneof![Just(Direction::LeftRight), Just(Direction::TopDown)];
    (prop::sample::select(KINDS.to_vec()), 0u8..14, direction, 0usize..120).prop_map(
        |(kind, generations, direction, limit)| Options {
            generations,
            direction,
            limit,
            ..Options::new(kind)
        },
    )
}

fn overlap(one: &Card, other: &Card) -> bool {
    match (one.sector, other.sector) {
        (Some(one), Some(other)) => {
            one.inner < other.outer
                && other.inner < one.outer
                && one.start < other.end
                && other.start < one.end
        }
        _ => {
            one.x < other.x + other.w
                && other.x < one.x + one.w
                && one.y < other.y + other.h
                && other.y < one.y + one.h
        }
    }
}

fn check(graph: &Graph, layout: &Layout, limit: usize) {
    assert!(layout.cards.len() <= limit.max(1));
    let mut full = HashSet::new();
    for (index, card) in layout.cards.iter().enumerate() {
        assert!(card.x >= 0 && card.y >= 0 && card.w > 0 && card.h > 0);
        assert!(card.x + card.w <= layout.width && card.y + card.h <= layout.height);
        match card.repeats {
            None => assert!(full.insert(card.place), "in full twice"),
            Some(first) => {
                assert!(first < index && layout.cards[first].repeats.is_none());
                assert_eq!(layout.cards[first].place, card.place);
                assert!(!card.more);
            }
        }
        for other in &layout.cards[..index] {
            assert!(!overlap(card, other), "{card:?} over {other:?}");
        }
        assert!(graph.is_there(card.place));
    }
    for connector in &layout.connectors {
        assert!(connector.points.len() > 1);
        for point in &connector.points {
            assert!((0..=layout.width).contains(&point.x) && (0..=layout.height).contains(&point.y));
        }
        for pair in connector.points.windows(2) {
            assert!(pair[0].x == pair[1].x || pair[0].y == pair[1].y, "askew");
            for card in &layout.cards {
                assert!(!crosses(pair[0], pair[1], card), "{connector:?} crosses {card:?}");
            }
        }
    }
}

/// Whether a line runs through the inside of a card.
fn crosses(one: Point, other: Point, card: &Card) -> bool {
    let (left, right) = (one.x.min(other.x), one.x.max(other.x));
    let (top, bottom) = (one.y.min(other.y), one.y.max(other.y));
    right > card.x && left < card.x + card.w && bottom > card.y && top < card.y + card.h
}

proptest! {
    #[test]
    fn any_graph_has_a_chart_without_overlaps_and_always_the_same(graph in graphs(), options in options()) {
        let layout = chart(&graph, 0, options);
        check(&graph, &layout, options.limit);
        prop_assert_eq!(&layout, &chart(&graph, 0, options));
        prop_assert_eq!(layout.cards.first().map(|card| (card.place, card.role)), Some((0, Role::Root)));
    }

    #[test]
    fn who_is_left_out_is_told(graph in graphs(), kind in prop::sample::select(KINDS.to_vec())) {
        let all = chart(&graph, 0, Options { generations: 12, limit: 3000, ..Options::new(kind) });
        prop_assert!(!all.cut);
        let few = chart(&graph, 0, Options { generations: 12, limit: 3, ..Options::new(kind) });
        prop_assert_eq!(few.cut, all.cards.len() > 3);
        if !few.cut {
            prop_assert_eq!(&few, &all);
        }
    }
}

struct Family {
    builder: Builder,
}

impl Family {
    fn new() -> Self {
        Self { builder: Builder::new() }
    }

    fn person(&mut self, id: &str, sex: Sex) -> Place {
        let birth = Some(self.builder.place(id).map_or(id.len() as i32, |place| place as i32));
        self.builder.person(id, Facts { sex, birth, ..Facts::default() })
    }

    fn child(&mut self, id: &str, parents: &[Place], line: Line) -> Place {
        let child = self.builder.person(id, Facts::default());
        for parent in parents {
            self.builder.tie(*parent, Link::Child(line), child, None);
        }
        child
    }

    fn marry(&mut self, one: Place, other: Place, since: i32) {
        self.builder.tie(one, Link::Partner(Union::Joined), other, Some(since));
    }
}

#[test]
fn several_wives_are_ordered_houses_with_their_children_under_them() {
    let mut family = Family::new();
    let husband = family.person("husband", Sex::Male);
    let wives = ["third", "first", "second"].map(|id| family.person(id, Sex::Female));
    for (wife, year) in wives.iter().zip([3, 1, 2]) {
        family.marry(husband, *wife, year);
    }
    for (index, wife) in wives.iter().enumerate() {
        for child in 0..3 {
            family.child(&format!("{index}.{child}"), &[husband, *wife], Line::Birth);
        }
    }
    family.child("alone", &[husband], Line::Birth);
    let graph = family.builder.build();
    let layout = chart(&graph, husband, Options::new(Kind::Descendants));
    check(&graph, &layout, 600);
    let house = |order: usize| layout.houses.iter().find(|house| house.order == order).unwrap();
    for (order, wife) in [(1, wives[1]), (2, wives[2]), (3, wives[0])] {
        let house = house(order);
        assert!(house.numbered && house.meaning == Meaning::Joined);
        assert_eq!(layout.cards[house.partners[1]].place, wife);
        assert_eq!(house.children.len(), 3);
        for child in &house.children {
            let child = layout.cards[*child].place;
            assert!(graph.parents(child).any(|(parent, _)| parent == wife));
        }
    }
    assert_eq!(house(0).partners.len(), 1);
    // From left to right as they are ordered, and so are their children.
    let left = |order: usize| layout.cards[house(order).children[0]].x;
    assert!(left(0) < left(1) && left(1) < left(2) && left(2) < left(3));
    lines_of_houses_do_not_lie_over_each_other(&layout);
}

fn lines_of_houses_do_not_lie_over_each_other(layout: &Layout) {
    let across = |house: &House| {
        let lines = layout.connectors.iter().filter(|line| !line.meaning.is_union());
        let own = lines.filter(|line| line.points[0] == house.at);
        own.flat_map(|line| line.points.windows(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>())
            .filter(|(from, to)| from.y == to.y)
            .map(|(from, to)| (from.y, from.x.min(to.x), from.x.max(to.x)))
            .collect::<Vec<_>>()
    };
    for (index, one) in layout.houses.iter().enumerate() {
        for other in &layout.houses[..index] {
            for (y, from, to) in across(one) {
                for (other_y, start, end) in across(other) {
                    assert!(y != other_y || to < start || end < from, "{one:?} and {other:?}");
                }
            }
        }
    }
}

#[test]
fn cousins_who_marry_have_their_children_once() {
    let mut family = Family::new();
    let (grandfather, grandmother) = (family.person("gf", Sex::Male), family.person("gm", Sex::Female));
    family.marry(grandfather, grandmother, 1);
    let one = family.child("one", &[grandfather, grandmother], Line::Birth);
    let two = family.child("two", &[grandfather, grandmother], Line::Birth);
    let (he, she) = (family.child("he", &[one], Line::Birth), family.child("she", &[two], Line::Birth));
    family.marry(he, she, 2);
    let child = family.child("child", &[he, she], Line::Birth);
    let graph = family.builder.build();
    for kind in KINDS {
        let layout = chart(&graph, grandfather, Options::new(kind));
        check(&graph, &layout, 600);
    }
    let layout = chart(&graph, grandfather, Options::new(Kind::Descendants));
    let times = |place| layout.cards.iter().filter(|card| card.place == place).count();
    assert_eq!((times(child), times(he), times(she)), (1, 2, 2));
    let pedigree = chart(&graph, child, Options::new(Kind::Pedigree));
    let twice: Vec<&Card> = pedigree.cards.iter().filter(|card| card.repeats.is_some()).collect();
    assert_eq!(
        twice.iter().map(|card| card.place).collect::<HashSet<_>>(),
        [grandfather, grandmother].into()
    );
    assert!(twice.iter().all(|card| card.h < pedigree.cards[0].h));
}

#[test]
fn lines_tell_how_a_child_came_and_how_the_parents_live() {
    let mut family = Family::new();
    let mother = family.person("mother", Sex::Female);
    let father = family.person("father", Sex::Male);
    let husband = family.person("husband", Sex::Male);
    family.marry(mother, husband, 5);
    let born = family.child("born", &[mother, father], Line::Birth);
    family.child("adopted", &[mother, husband], Line::Adoptive);
    family.builder.tie(husband, Link::Child(Line::Step), born, None);
    let graph = family.builder.build();
    let meanings = |root, kind| {
        let layout = chart(&graph, root, Options::new(kind));
        check(&graph, &layout, 600);
        layout.connectors.iter().map(|line| line.meaning).collect::<HashSet<_>>()
    };
    let of_mother = [Meaning::Joined, Meaning::Unwed, Meaning::Birth, Meaning::Adoptive];
    assert_eq!(meanings(mother, Kind::Descendants), of_mother.into());
    assert_eq!(meanings(born, Kind::Pedigree), [Meaning::Birth, Meaning::Step].into());
    let of_husband = [Meaning::Joined, Meaning::Step, Meaning::Adoptive];
    assert_eq!(meanings(husband, Kind::Descendants), of_husband.into());
    // The mother's mother's side of a pedigree is the lower one.
    let layout = chart(&graph, born, Options::new(Kind::Pedigree));
    let sosa = |place| layout.cards.iter().find(|card| card.place == place).unwrap().sosa;
    assert_eq!((sosa(father), sosa(mother), sosa(husband)), (Some(2), Some(3), None));
}

#[test]
fn a_fan_gives_fathers_the_left_half_and_unknown_ancestors_room() {
    let mut family = Family::new();
    let root = family.person("root", Sex::Female);
    let mut child = root;
    for generation in 0..9 {
        let mother = family.person(&format!("{generation}"), Sex::Female);
        family.builder.tie(child, Link::Parent(Line::Birth), mother, None);
        child = mother;
    }
    let graph = family.builder.build();
    let layout = chart(&graph, root, Options { generations: 12, ..Options::new(Kind::Fan) });
    check(&graph, &layout, 600);
    let last = layout.cards.last().unwrap();
    assert_eq!((layout.cards.len(), last.generation, last.sosa, last.more), (9, -8, Some(511), true));
    let sector = last.sector.unwrap();
    assert_eq!((sector.end, sector.end - sector.start), (120_000, 938));
}

#[test]
fn hostile_sizes_are_brought_within_bounds_and_nobody_has_an_empty_chart() {
    let (graph, mut options) = (Family::new().builder.build(), Options::new(Kind::Fan));
    assert!(chart(&graph, 7, options).cards.is_empty());
    let mut family = Family::new();
    let root = family.person("root", Sex::Male);
    (options.card_width, options.card_height, options.span, options.limit) = (i32::MAX, i32::MIN, 0, 0);
    let graph = family.builder.build();
    for kind in KINDS {
        options.kind = kind;
        let layout = chart(&graph, root, options);
        check(&graph, &layout, 1);
        assert!(layout.width < 700 && layout.height < 700);
    }
}

#[test]
fn a_hundred_thousand_children_of_as_many_mothers_are_cut_at_the_limit() {
    let mut family = Family::new();
    let father = family.person("father", Sex::Male);
    for index in 0..100_000 {
        let mother = family.builder.person(&format!("m{index}"), Facts::default());
        family.child(&format!("c{index}"), &[father, mother], Line::Birth);
    }
    let graph = family.builder.build();
    let layout = chart(&graph, father, Options { limit: 101, ..Options::new(Kind::Descendants) });
    assert!(layout.cut && layout.cards[0].more);
    assert_eq!((layout.cards.len(), layout.houses.len()), (101, 50));
}

#[test]
fn as_json_it_is_plain_numbers_and_words() {
    let mut family = Family::new();
    let (one, other) = (family.person("one", Sex::Male), family.person("other", Sex::Female));
    family.marry(one, other, 1);
    let graph = family.builder.build();
    let options = Options { direction: Direction::LeftRight, ..Options::new(Kind::Descendants) };
    let json = serde_json::to_value(chart(&graph, one, options)).unwrap();
    assert_eq!(
        (&json["kind"], &json["direction"], &json["cut"]),
        (&"descendants".into(), &"leftRight".into(), &false.into())
    );
    assert_eq!(json["cards"][1]["role"], "partner");
    assert_eq!(json["connectors"][0]["meaning"], "joined");
    assert_eq!(json["connectors"][0]["stroke"], "double");
    assert_eq!(json["connectors"][0]["points"][0], serde_json::json!({ "x": 116, "y": 104 }));
    assert_eq!(json["houses"][0]["partners"], serde_json::json!([0, 1]));
}
