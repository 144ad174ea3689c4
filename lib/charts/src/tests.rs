use dzinza_kinship::chart::{Direction, Kind, Layout, Options, chart};
use dzinza_kinship::{Builder, Facts, Line, Link, Sex, Union};

use crate::fit::width;
use crate::scene::{Item, Scene, Spot};
use crate::*;

const NAMES: [&str; 9] = [
    "Tendai Mutasa",
    "<script>alert(\"x\")</script> & 'Söhne'",
    "Nkosazana Thandolwenkosi Ntombizodwa Sibusisiwe Nokuthula Mkhwanazi-Ndlangamandla",
    "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
    "محمد بن عبد الله المنصوري",
    "ወይዘሮ አስቴር ተስፋዬ",
    "王小明",
    "]]><!--\u{0}\u{b}\u{202e}\u{ffff}-->",
    "",
];

/// A man with three wives and six children, and a grandchild whose parents are half-brother and half-sister.
pub(crate) fn family(kind: Kind, direction: Direction) -> Layout {
    let mut builder = Builder::new();
    let sexes = [Sex::Male, Sex::Female, Sex::Unknown];
    let people: Vec<u32> = (0..11)
        .map(|index: i32| {
            builder.person(
                &index.to_string(),
                Facts { sex: sexes[index as usize % 3], birth: Some(index), ..Facts::default() },
            )
        })
        .collect();
    let unions = [Union::Joined, Union::Ended, Union::Promised];
    for (index, union) in unions.into_iter().enumerate() {
        builder.tie(people[0], Link::Partner(union), people[index + 1], Some(index as i32));
        for child in [people[4 + index * 2], people[5 + index * 2]] {
            let line = if child == people[9] { Line::Adoptive } else { Line::Birth };
            builder.tie(child, Link::Parent(line), people[0], None);
            builder.tie(child, Link::Parent(line), people[index + 1], None);
        }
    }
    for parent in [people[4], people[6]] {
        builder.tie(people[10], Link::Parent(Line::Birth), parent, None);
    }
    let root = if matches!(kind, Kind::Descendants) { people[0] } else { people[10] };
    chart(&builder.build(), root, Options { direction, ..Options::new(kind) })
}

pub(crate) fn labels(layout: &Layout, shift: usize) -> Vec<Label> {
    let label = |index: usize| Label {
        name: NAMES[(index + shift) % NAMES.len()].to_owned(),
        clan: (index.is_multiple_of(2)).then(|| "Moyo Chirandu & <b>".to_owned()),
        lines: vec![
            "1868 – 1941, with a place whose name is far too long to fit".to_owned(),
            "Harare".to_owned(),
        ],
        gender: [Gender::Male, Gender::Female, Gender::Other][index % 3],
        redacted: index % 4 == 3,
    };
    (0..layout.cards.len()).map(label).collect()
}

pub(crate) fn charts() -> Vec<Layout> {
    let kinds = [Kind::Pedigree, Kind::Descendants, Kind::Hourglass, Kind::Fan];
    let both = |kind| [Direction::LeftRight, Direction::TopDown].map(|direction| family(kind, direction));
    kinds.into_iter().flat_map(both).collect()
}

/// Every chart with every name in every place.
fn each(mut check: impl FnMut(&Drawing<'_>)) {
    let words = Words::default();
    for layout in charts() {
        for (shift, title) in NAMES.into_iter().enumerate() {
            let labels = labels(&layout, shift);
            check(&Drawing { layout: &layout, labels: &labels, title, subtitle: "<&>", words: &words });
        }
    }
}

fn scene(drawing: &Drawing<'_>) -> Scene {
    draw::scene(drawing)
}

#[test]
fn svg_is_well_formed_and_says_every_name_whole() {
    each(|drawing| {
        let text = svg(drawing, Theme::Auto);
        let document = roxmltree::Document::parse(&text).unwrap();
        let titles: Vec<String> = document
            .descendants()
            .filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "title")))
            .map(|node| node.text().unwrap_or_default().to_owned())
            .collect();
        for label in drawing.labels {
            let name = fit::clean(&label.name);
            assert!(titles.iter().any(|title| title.starts_with(&name)), "{name}");
        }
        let root = document.root_element();
        assert_eq!(root.attribute("role"), Some("img"));
        for node in document.descendants().filter(roxmltree::Node::is_element) {
            let tag = node.tag_name().name();
            let known = ["svg", "title", "desc", "style", "path", "text", "textPath", "g"];
            assert!(known.contains(&tag), "{tag}");
            for attribute in node.attributes() {
                assert!(!attribute.name().starts_with("on"));
                assert!(attribute.name() != "href" || attribute.value().starts_with("#kc-"));
                assert!(!attribute.value().contains("NaN"));
            }
        }
        assert_eq!(text, svg(drawing, Theme::Auto));
    });
}

#[test]
fn no_text_is_wider_than_its_room_and_none_leaves_the_drawing() {
    each(|drawing| {
        let scene = scene(drawing);
        for item in &scene.items {
            let Item::Text(text) = item else { continue };
            let wide = width(&text.content, text.size, text.bold);
            assert!(wide <= text.room + 1e-6, "{} is {wide} in {}", text.content, text.room);
            assert!(text.size >= 7.5, "{} is too small", text.content);
            if let Spot::Line { x, y, turn: 0.0 } = text.spot {
                assert!(x - wide / 2.0 >= 0.0 && x + wide / 2.0 <= scene.width, "{}", text.content);
                assert!(y > 0.0 && y < scene.height);
            }
        }
    });
}

#[test]
fn the_text_of_a_card_is_inside_the_card() {
    let words = Words::default();
    for layout in charts().iter().filter(|layout| layout.kind != Kind::Fan) {
        for shift in 0..NAMES.len() {
            let labels = labels(layout, shift);
            let drawing = Drawing { layout, labels: &labels, title: "", subtitle: "", words: &words };
            let scene = scene(&drawing);
            let mut cards = layout.cards.iter();
            let (mut card, mut inside) = (cards.next(), false);
            for item in &scene.items {
                match item {
                    Item::Open(_) => inside = true,
                    Item::Close => {
                        inside = false;
                        card = cards.next();
                    }
                    Item::Text(text) if inside => {
                        let Spot::Line { x, y, .. } = text.spot else { panic!("no fan") };
                        let card = card.unwrap();
                        let shift = (scene.width - f64::from(layout.width)) / 2.0;
                        let (left, top) = (f64::from(card.x) + shift, f64::from(card.y));
                        let wide = width(&text.content, text.size, text.bold) / 2.0;
                        assert!(x - wide >= left && x + wide <= left + f64::from(card.w));
                        assert!(y - text.size * 0.8 >= top && y + text.size * 0.2 <= top + f64::from(card.h));
                    }
                    _ => {}
                }
            }
        }
    }
}

#[test]
fn themes_differ_in_colours_only() {
    let words = Words::default();
    let layout = family(Kind::Descendants, Direction::TopDown);
    let labels = labels(&layout, 0);
    let drawing = Drawing { layout: &layout, labels: &labels, title: "Title", subtitle: "", words: &words };
    let [light, dark, auto] = [Theme::Light, Theme::Dark, Theme::Auto].map(|theme| svg(&drawing, theme));
    let body = |text: &str| text.split_once("</style>").unwrap().1.to_owned();
    assert_eq!((body(&light), body(&light)), (body(&dark), body(&auto)));
    assert!(!light.contains("@media") && !dark.contains("@media"));
    assert!(auto.contains("@media (prefers-color-scheme:dark)"));
    assert!(light.contains("#fdfcf9") && !light.contains("#15171b"));
    assert!(auto.contains("#fdfcf9") && auto.contains("#15171b"));
}

#[test]
fn the_legend_tells_what_is_there_and_nothing_else() {
    let words = Words::default();
    let drawn = |kind| {
        let layout = family(kind, Direction::TopDown);
        let labels = labels(&layout, 0);
        svg(
            &Drawing { layout: &layout, labels: &labels, title: "", subtitle: "", words: &words },
            Theme::Light,
        )
    };
    let descendants = drawn(Kind::Descendants);
    for word in [&words.joined, &words.ended, &words.promised, &words.adoptive, &words.same, &words.unwed] {
        assert!(descendants.contains(&format!(">{word}<")), "{word}");
    }
    assert!(!descendants.contains(&*words.step) && !descendants.contains(&*words.more));
    let fan = drawn(Kind::Fan);
    assert!(fan.contains(&*words.same) && !fan.contains(&*words.joined));
    // Three houses have their numbers.
    for number in 1..=3 {
        assert!(descendants.contains(&format!(">{number}</text>")));
    }
}

#[test]
fn a_card_without_a_label_is_drawn_and_nobody_is_an_empty_chart() {
    let words = Words::default();
    let layout = family(Kind::Pedigree, Direction::LeftRight);
    let drawing = Drawing { layout: &layout, labels: &[], title: "", subtitle: "", words: &words };
    assert!(svg(&drawing, Theme::Light).contains(">?</text>"));
    let layout = chart(&Builder::new().build(), 0, Options::new(Kind::Fan));
    let text = svg(&Drawing { layout: &layout, ..drawing }, Theme::Light);
    assert!(roxmltree::Document::parse(&text).is_ok());
}
