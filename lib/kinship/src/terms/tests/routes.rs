//! From paths in a graph to routes.

use super::*;
use crate::graph::{Builder, Doubt, Facts, Graph, Line, Link, SiblingKind, Tie, Union};
use crate::path::{Hop, Path, Step};
use crate::terms::describe;

/// Who is written `name sex year`, ties as `child line parent` and `wife union husband day`.
struct Family(Builder);

impl Family {
    fn new(persons: &[(&str, Sex, Option<i32>)]) -> Self {
        let mut builder = Builder::new();
        for (id, sex, birth) in persons {
            builder.person(id, Facts { sex: *sex, birth: *birth, ..Facts::default() });
        }
        Self(builder)
    }

    fn tie(mut self, from: &str, link: Link, to: &str, since: Option<i32>) -> Self {
        let (from, to) = (self.0.place(from).unwrap(), self.0.place(to).unwrap());
        self.0.tie(from, link, to, since);
        self
    }

    fn child(self, child: &str, parents: &[&str]) -> Self {
        parents.iter().fold(self, |family, parent| family.tie(child, Link::Parent(Line::Birth), parent, None))
    }

    fn wed(self, man: &str, wife: &str, since: Option<i32>) -> Self {
        self.tie(man, Link::Partner(Union::Joined), wife, since)
    }
}

/// The way along these persons, by the first tie between each two.
fn along(graph: &Graph, ids: &[&str]) -> Route {
    let places: Vec<_> = ids.iter().map(|id| graph.place(id).unwrap()).collect();
    let hops = places.windows(2).map(|pair| {
        let tie = graph.ties(pair[0]).iter().find(|tie| tie.to == pair[1]).unwrap();
        Hop { step: Step::from(tie.link), to: pair[1] }
    });
    describe(graph, &Path { from: places[0], hops: hops.collect() })
}

fn says(graph: &Graph, ids: &[&str], language: Language, word: &str) {
    assert_eq!(term(&along(graph, ids), language).word, word, "{ids:?}");
}

/// A man with three wives, married in the order `one`, `two`, `three`, and a former one.
fn polygynous() -> Graph {
    let (man, woman) = (Sex::Male, Sex::Female);
    Family::new(&[
        ("father", man, Some(1)),
        ("one", woman, Some(3)),
        ("two", woman, Some(2)),
        ("three", woman, None),
        ("former", woman, None),
        ("me", man, None),
        ("full", man, None),
        ("senior", man, None),
        ("elder", man, Some(50)),
        ("junior", woman, Some(60)),
        ("alone", man, None),
    ])
    .wed("father", "three", Some(30))
    .wed("father", "one", Some(10))
    .wed("father", "two", Some(20))
    .tie("father", Link::Partner(Union::Ended), "former", Some(5))
    .child("me", &["father", "two"])
    .child("full", &["father", "two"])
    .child("senior", &["father", "one"])
    .child("elder", &["father", "three"])
    .child("junior", &["father", "three"])
    .child("alone", &["father"])
    .build()
}

impl Family {
    fn build(self) -> Graph {
        self.0.build()
    }
}

#[test]
fn siblings_are_full_or_half_by_their_parents() {
    let graph = polygynous();
    let kin = |ids: &[&str]| along(&graph, ids).legs.iter().map(|leg| leg.kin).collect::<Vec<_>>();
    assert_eq!(kin(&["me", "father", "full"]), [Link::Sibling(SiblingKind::Full)]);
    assert_eq!(kin(&["me", "father", "senior"]), [Link::Sibling(SiblingKind::Half)]);
    // Nobody knows of another mother.
    assert_eq!(kin(&["me", "father", "alone"]), [Link::Sibling(SiblingKind::Full)]);
    // Over the father's other wife it is the same.
    assert_eq!(kin(&["me", "two", "father", "one", "senior"]), [Link::Sibling(SiblingKind::Half)]);
    assert_eq!(kin(&["me", "two", "father"]), [Link::Parent(Line::Birth)]);
    assert_eq!(kin(&["one", "father", "senior"]), [Link::Child(Line::Birth)]);
    assert_eq!(kin(&["one", "senior", "father"]), [Link::Partner(Union::Joined)]);
    assert_eq!(kin(&["me", "father", "me"]), []);
}

#[test]
fn houses_stand_in_the_order_of_the_unions() {
    let graph = polygynous();
    let senior = |ids: &[&str]| along(&graph, ids).legs.last().unwrap().senior;
    assert_eq!(senior(&["me", "father", "senior"]), Some(true));
    assert_eq!(senior(&["me", "father", "elder"]), Some(false));
    assert_eq!(senior(&["me", "father", "full"]), None);
    assert_eq!(senior(&["me", "father", "one"]), Some(true));
    assert_eq!(senior(&["two", "father", "three"]), Some(false));

    says(&graph, &["me", "father", "one"], Language::Shona, "maiguru");
    says(&graph, &["me", "father", "three"], Language::Shona, "mainini");
    says(&graph, &["me", "father", "one"], Language::Ndebele, "umamomdala");
    says(&graph, &["me", "father", "one"], Language::English, "stepmother");
    says(&graph, &["two", "father", "one"], Language::Shona, "mukadzinyina");
    says(&graph, &["two", "father", "one"], Language::English, "co-wife");
    says(&graph, &["two", "father", "senior"], Language::Shona, "mwana");
    // Of no birth: the house; of both births: the births, though the house is a later one.
    says(&graph, &["me", "father", "senior"], Language::Shona, "mukoma");
    assert!(!term(&along(&graph, &["me", "father", "senior"]), Language::Shona).exact);
    says(&graph, &["me", "father", "former"], Language::English, "your father's ex-wife");
}

#[test]
fn a_half_brother_of_a_later_house_can_be_the_elder() {
    let mut graph = polygynous();
    let place = graph.put("me", Facts { sex: Sex::Male, birth: Some(55), ..Facts::default() });
    assert_eq!(graph.id(place), "me");
    says(&graph, &["me", "father", "elder"], Language::Shona, "mukoma");
    assert!(term(&along(&graph, &["me", "father", "elder"]), Language::Shona).exact);
    says(&graph, &["me", "father", "junior"], Language::Shona, "hanzvadzi");
    says(&graph, &["me", "father", "junior"], Language::English, "half-sister");
}

#[test]
fn recorded_and_other_lines_are_kept() {
    let (man, woman) = (Sex::Male, Sex::Female);
    let graph = Family::new(&[
        ("me", man, Some(80)),
        ("brother", man, Some(70)),
        ("mother", woman, None),
        ("stepfather", man, None),
        ("stepsister", woman, None),
        ("adopted", man, None),
        ("fostered", man, None),
        ("oldman", man, None),
    ])
    .tie("me", Link::Sibling(SiblingKind::Full), "brother", None)
    .child("me", &["mother"])
    .wed("mother", "stepfather", None)
    .child("stepsister", &["stepfather"])
    .tie("adopted", Link::Parent(Line::Adoptive), "mother", None)
    .tie("fostered", Link::Parent(Line::Foster), "mother", None)
    .child("stepfather", &["oldman"])
    .build();
    says(&graph, &["me", "brother"], Language::Shona, "mukoma");
    says(&graph, &["me", "mother", "stepfather"], Language::English, "stepfather");
    says(&graph, &["me", "mother", "stepfather", "stepsister"], Language::English, "stepsister");
    says(&graph, &["me", "mother", "stepfather", "oldman"], Language::English, "step-grandfather");
    says(&graph, &["stepfather", "mother", "me"], Language::English, "stepson");
    says(&graph, &["me", "mother", "adopted"], Language::English, "adoptive brother");
    says(&graph, &["me", "mother", "fostered"], Language::English, "foster brother");
    says(&graph, &["fostered", "mother"], Language::Shona, "amai vako vekurera");
}

#[test]
fn parents_and_partners_of_the_same_sex_are_not_made_step_parents() {
    let woman = Sex::Female;
    let graph = Family::new(&[("me", woman, None), ("mother", woman, None), ("wife", woman, None)])
        .child("me", &["mother"])
        .wed("mother", "wife", None)
        .build();
    says(&graph, &["me", "mother", "wife"], Language::English, "your mother's wife");
    says(&graph, &["me", "mother", "wife"], Language::Shona, "mukadzi wamai vako");
}

#[test]
fn ages_are_compared_with_who_comes_before() {
    let man = Sex::Male;
    let graph = Family::new(&[
        ("me", man, Some(50)),
        ("father", man, Some(30)),
        ("uncle", man, Some(20)),
        ("grandfather", man, None),
        ("cousin", man, Some(60)),
        ("twin", man, Some(30)),
    ])
    .child("me", &["father"])
    .child("father", &["grandfather"])
    .child("uncle", &["grandfather"])
    .child("twin", &["grandfather"])
    .child("cousin", &["uncle"])
    .build();
    let route = along(&graph, &["me", "father", "grandfather", "uncle", "cousin"]);
    assert_eq!((route.older(0), route.older(1), route.older(2)), (Some(true), Some(true), Some(false)));
    says(&graph, &["me", "father", "grandfather", "uncle"], Language::Shona, "babamukuru");
    says(&graph, &["me", "father", "grandfather", "uncle", "cousin"], Language::Shona, "munin'ina");
    says(&graph, &["cousin", "uncle", "grandfather", "father", "me"], Language::Shona, "mukoma");
    says(&graph, &["cousin", "uncle", "grandfather", "father"], Language::Shona, "babamunini");
    let twin = along(&graph, &["me", "father", "grandfather", "twin"]);
    assert_eq!(twin.older(1), None);
}

#[test]
fn nobody_is_called_elder_whom_the_dates_leave_open() {
    let open = Doubt::WITHOUT_BOUND;
    let family = |other: Option<i32>, early, late| {
        let mut family = Family::new(&[("father", Sex::Male, None), ("me", Sex::Male, Some(100))]);
        let facts = Facts { sex: Sex::Male, birth: other, doubt: Doubt { early, late } };
        family.0.person("other", facts);
        family.child("me", &["father"]).child("other", &["father"]).build()
    };
    let way = ["me", "father", "other"];
    for (other, early, late, word) in [
        (Some(99), 0, 0, "mukoma"),
        (Some(90), 0, 9, "mukoma"),
        (Some(90), open, 9, "mukoma"),
        (Some(101), 0, open, "munin'ina"),
        // A year in which the day lies; before and after a day; "about".
        (Some(90), 0, 10, "mukoma kana munin'ina"),
        (Some(99), open, 20, "mukoma kana munin'ina"),
        (Some(110), 20, open, "mukoma kana munin'ina"),
        (Some(50), 60, 60, "mukoma kana munin'ina"),
        (None, 0, 0, "mukoma kana munin'ina"),
    ] {
        says(&family(other, early, late), &way, Language::Shona, word);
    }
}

#[test]
fn no_house_is_senior_whose_beginning_the_dates_leave_open() {
    let family = |early, late| {
        let mut family = Family::new(&[
            ("man", Sex::Male, None),
            ("one", Sex::Female, None),
            ("two", Sex::Female, None),
            ("mine", Sex::Male, None),
            ("theirs", Sex::Male, None),
        ]);
        let tie = |to| Tie::new(Link::Partner(Union::Joined), to);
        let at = ["man", "one", "two"].map(|id| family.0.place(id).unwrap());
        family.0.add(at[0], Tie { since: Some(100), ..tie(at[1]) });
        family.0.add(at[0], Tie { since: Some(120), doubt: Doubt { early, late }, ..tie(at[2]) });
        family.child("mine", &["man", "one"]).child("theirs", &["man", "two"]).build()
    };
    let senior = |early, late| along(&family(early, late), &["mine", "man", "theirs"]).legs[0].senior;
    assert_eq!(senior(0, 0), Some(false));
    assert_eq!(senior(19, Doubt::WITHOUT_BOUND), Some(false));
    assert_eq!((senior(20, 0), senior(Doubt::WITHOUT_BOUND, 0)), (None, None));
}
