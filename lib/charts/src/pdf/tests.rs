use dzinza_kinship::chart::{Direction, Kind, Options, chart};
use dzinza_kinship::{Builder, Facts, Line, Link};

use super::tiles::extent;
use super::*;
use crate::tests::{charts, family, labels};
use crate::{Drawing, Words, draw, pdf};

fn pages(pdf: &[u8]) -> usize {
    let text = String::from_utf8_lossy(pdf);
    let count = text.split("/Count ").nth(1).unwrap();
    count.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

#[test]
fn every_chart_prints_on_every_paper_and_always_the_same() {
    let (fonts, words) = (Fonts::bundled(), Words::default());
    for layout in charts() {
        let labels = labels(&layout, 1);
        let drawing =
            Drawing { layout: &layout, labels: &labels, title: "محمد", subtitle: "王", words: &words };
        for paper in [Paper::A4, Paper::A3] {
            for orientation in [Orientation::Auto, Orientation::Portrait, Orientation::Landscape] {
                let printed = pdf(&drawing, Pages { paper, orientation, one: true }, &fonts).unwrap();
                assert!(printed.starts_with(b"%PDF-1.") && printed.trim_ascii_end().ends_with(b"%%EOF"));
                assert_eq!(pages(&printed), 1);
            }
        }
        let twice = [&fonts, &Fonts::bundled()].map(|fonts| pdf(&drawing, Pages::default(), fonts).unwrap());
        assert!(twice[0] == twice[1]);
    }
}

#[test]
fn fonts_are_embedded_in_part_and_text_can_be_searched() {
    let (fonts, words) = (Fonts::bundled(), Words::default());
    let layout = family(Kind::Descendants, Direction::TopDown);
    let labels = labels(&layout, 0);
    let drawing = Drawing { layout: &layout, labels: &labels, title: "", subtitle: "", words: &words };
    let printed = pdf(&drawing, Pages::default(), &fonts).unwrap();
    let text = String::from_utf8_lossy(&printed);
    for part in ["+NotoSans-Bold", "+NotoSans", "+DejaVuSans-Bold", "/ToUnicode", "/FontFile2"] {
        assert!(text.contains(part), "{part}");
    }
    assert!(printed.len() < 120_000, "{}", printed.len());
}

/// A chain of many generations with many children: as wide as it gets.
fn wide(children: u32) -> dzinza_kinship::chart::Layout {
    let mut builder = Builder::new();
    let root = builder.person("root", Facts::default());
    for child in 0..children {
        let child = builder.person(&child.to_string(), Facts::default());
        builder.tie(root, Link::Child(Line::Birth), child, None);
    }
    let options = Options { limit: 3000, ..Options::new(Kind::Descendants) };
    chart(&builder.build(), root, options)
}

#[test]
fn a_wide_chart_takes_several_pages_on_which_everything_is_somewhere_and_legible() {
    let (layout, words) = (wide(30), Words::default());
    let labels = labels(&layout, 0);
    let drawing = Drawing { layout: &layout, labels: &labels, title: "Title", subtitle: "", words: &words };
    let scene = draw::scene(&drawing);
    for paper in [Paper::A4, Paper::A3] {
        let plan = Plan::of(&scene, Pages { paper, ..Pages::default() });
        assert!(plan.tiles.len() > 1);
        assert!(plan.scale * scene.smallest() >= 6.0);
        for extent in scene.items.iter().filter_map(extent) {
            assert!(plan.tiles.iter().any(|tile| tile.sees(&plan, Some(&extent))));
        }
        let printed = pdf(&drawing, Pages { paper, ..Pages::default() }, &Fonts::bundled()).unwrap();
        assert_eq!(pages(&printed), plan.tiles.len());
    }
    let one = Plan::of(&scene, Pages { one: true, ..Pages::default() });
    assert_eq!(one.tiles.len(), 1);
}

#[test]
fn there_are_never_more_than_a_hundred_pages_and_no_empty_ones() {
    let (layout, words) = (wide(2999), Words::default());
    let drawing = Drawing { layout: &layout, labels: &[], title: "", subtitle: "", words: &words };
    let scene = draw::scene(&drawing);
    let plan = Plan::of(&scene, Pages::default());
    assert!((2..=100).contains(&plan.tiles.len()));
    let extents: Vec<[f64; 4]> = scene.items.iter().filter_map(extent).collect();
    for tile in &plan.tiles {
        assert!(extents.iter().any(|extent| tile.sees(&plan, Some(extent))));
    }
}

#[test]
fn a_small_chart_stays_on_one_page_and_is_not_blown_up() {
    let words = Words::default();
    let layout = family(Kind::Fan, Direction::TopDown);
    let drawing = Drawing { layout: &layout, labels: &[], title: "", subtitle: "", words: &words };
    let plan = Plan::of(&draw::scene(&drawing), Pages { paper: Paper::A3, ..Pages::default() });
    assert_eq!(plan.tiles.len(), 1);
    assert!(plan.scale <= 1.5);
}

#[test]
fn what_no_font_has_is_a_box_and_no_error() {
    let fonts = Fonts::bundled();
    assert!(fonts.has(fonts.choose('ش', false), 'ش') && fonts.has(fonts.choose('ߒ', false), 'ߒ'));
    assert!(!fonts.has(fonts.choose('\u{1342e}', true), '\u{1342e}'));
    let words = Words::default();
    let layout = family(Kind::Fan, Direction::TopDown);
    let drawing =
        Drawing { layout: &layout, labels: &[], title: "\u{1342e}\u{e000}", subtitle: "", words: &words };
    assert!(pdf(&drawing, Pages::default(), &fonts).is_ok());
    assert!(pdf(&drawing, Pages::default(), &Fonts::folder("no/such/folder".as_ref())).is_ok());
}
