//! How wide text is, and how to make it fit.

use std::sync::OnceLock;

use ttf_parser::Face;

/// Longer text is cut before anything else is done with it.
const LONGEST: usize = 240;

/// The advances of the characters that Noto Sans has nearly all of, in ems; NaN for those it lacks.
fn table(bold: bool) -> &'static [f64] {
    static TABLES: OnceLock<[Vec<f64>; 2]> = OnceLock::new();
    let tables = TABLES.get_or_init(|| {
        [false, true].map(|bold| {
            let known = |code| char::from_u32(code).and_then(|c| look_up(c, bold));
            (0..0x0530).map(|code| known(code).unwrap_or(f64::NAN)).collect()
        })
    });
    &tables[usize::from(bold)]
}

fn face(bold: bool) -> Option<&'static Face<'static>> {
    static FACES: OnceLock<[Option<Face<'static>>; 2]> = OnceLock::new();
    let faces = FACES
        .get_or_init(|| [notosans::REGULAR_TTF, notosans::BOLD_TTF].map(|data| Face::parse(data, 0).ok()));
    faces[usize::from(bold)].as_ref()
}

/// How wide text is at a size, in Noto Sans. What that font lacks is estimated generously from its script.
pub(crate) fn width(text: &str, size: f64, bold: bool) -> f64 {
    text.chars().map(|c| advance(c, bold)).sum::<f64>() * size
}

fn advance(c: char, bold: bool) -> f64 {
    let known = table(bold).get(c as usize).copied().or_else(|| look_up(c, bold));
    known.filter(|known| !known.is_nan()).unwrap_or_else(|| estimate(c))
}

fn look_up(c: char, bold: bool) -> Option<f64> {
    let face = face(bold)?;
    let glyph = face.glyph_index(c)?;
    Some(f64::from(face.glyph_hor_advance(glyph)?) / f64::from(face.units_per_em()))
}

/// In ems.
fn estimate(c: char) -> f64 {
    match u32::from(c) {
        _ if is_mark(c) => 0.0,
        // Hebrew, Arabic, Syriac, Thaana, N'Ko
        0x0590..=0x08ff | 0xfb1d..=0xfdff | 0xfe70..=0xfeff => 0.68,
        // Ethiopic
        0x1200..=0x139f | 0x2d80..=0x2ddf | 0xab00..=0xab2f => 0.85,
        // Hangul, kana, Han, full-width forms, pictures
        0x1100..=0x11ff | 0x2e80..=0xa4cf | 0xac00..=0xd7af | 0xf900..=0xfaff | 0xff00..=0xffef => 1.0,
        0x1_f000..=0x1_faff | 0x2_0000..=0x3_ffff => 1.05,
        _ => 0.8,
    }
}

/// Marks that stand over, under or around the letter before them, and characters nobody sees.
fn is_mark(c: char) -> bool {
    matches!(u32::from(c), 0x0300..=0x036f | 0x0483..=0x0489 | 0x0591..=0x05bd | 0x05bf..=0x05c7
        | 0x0610..=0x061a | 0x064b..=0x065f | 0x0670 | 0x06d6..=0x06ed | 0x07eb..=0x07f3 | 0x0900..=0x0903
        | 0x093a..=0x094f | 0x0e31 | 0x0e34..=0x0e3a | 0x0e47..=0x0e4e | 0x135d..=0x135f | 0x1ab0..=0x1aff
        | 0x1dc0..=0x1dff | 0x200b..=0x200f | 0x20d0..=0x20ff | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f | 0xfeff
        | 0xe_0100..=0xe_01ef)
}

/// Text as it may be drawn: one line, nothing that XML forbids, nothing that turns the direction of what follows.
pub(crate) fn clean(text: &str) -> String {
    let mut clean = String::new();
    for c in text.chars().take(LONGEST) {
        match c {
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() || c.is_whitespace() => {
                if !clean.ends_with(' ') {
                    clean.push(' ');
                }
            }
            c => clean.push(c),
        }
    }
    clean.trim().to_owned()
}

/// The text, or as much of its beginning as fits with an ellipsis.
pub(crate) fn shorten(text: &str, room: f64, size: f64, bold: bool) -> String {
    if width(text, size, bold) <= room {
        return text.to_owned();
    }
    let room = room - width("…", size, bold);
    let (mut used, mut end) = (0.0, 0);
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        used += advance(c, bold) * size;
        if used > room {
            break;
        }
        // Never between a letter and its marks.
        if chars.peek().is_none_or(|(_, next)| !is_mark(*next)) {
            end = at + c.len_utf8();
        }
    }
    format!("{}…", text.get(..end).unwrap_or_default().trim_end())
}

/// The text in as few lines as fit, at most `most`, of about the same length; the last one shortened if need be.
pub(crate) fn wrap(text: &str, room: f64, size: f64, bold: bool, most: usize) -> Vec<String> {
    let fits = |text: &str| width(text, size, bold) <= room;
    if most <= 1 || fits(text) {
        return vec![shorten(text, room, size, bold)];
    }
    let cuts: Vec<usize> = breaks(text).collect();
    let halves = |cut: &usize| {
        let (one, two) = text.split_at(*cut);
        (one.trim_end(), two.trim_start())
    };
    let even = |(one, two): (&str, &str)| width(one, size, bold).max(width(two, size, bold));
    let both = cuts.iter().map(halves).filter(|(one, two)| fits(one) && fits(two));
    if let Some((one, two)) = both.min_by(|a, b| even(*a).total_cmp(&even(*b))) {
        return vec![one.to_owned(), two.to_owned()];
    }
    let first = cuts.iter().map(halves).take_while(|(one, _)| fits(one)).last();
    // A first word that is too long is shortened, and the second line still has the rest.
    let Some((one, two)) = first.or_else(|| cuts.first().map(halves)) else {
        return vec![shorten(text, room, size, bold)];
    };
    let mut lines = vec![shorten(one, room, size, bold)];
    lines.extend(wrap(two, room, size, bold, most - 1));
    lines
}

/// Where a line may end: after spaces and hyphens, and after any sign of a script that sets no spaces.
fn breaks(text: &str) -> impl Iterator<Item = usize> + '_ {
    text.char_indices().filter_map(|(at, c)| {
        let dense = matches!(u32::from(c), 0x2e80..=0xa4cf | 0xf900..=0xfaff | 0x2_0000..=0x3_ffff);
        let end = at + c.len_utf8();
        ((c == ' ' || c == '-' || c == '\u{1361}' || dense) && end < text.len()).then_some(end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_font() {
        let (narrow, wide) = (width("iiii", 10.0, false), width("MMMM", 10.0, false));
        assert!(narrow < wide / 2.0 && wide < 40.0);
        assert!(width("Moyo", 10.0, true) > width("Moyo", 10.0, false));
        assert!((width("王", 10.0, false) - 10.0).abs() < f64::EPSILON);
    }

    #[test]
    fn what_is_too_long_ends_in_an_ellipsis_and_fits() {
        for text in ["Tatenda Nyamukapa-Chikwanha", "Ọláńrewájú Adébáyọ̀ Ògúnbìyí", "محمد بن عبد الله"]
        {
            for room in [20.0, 60.0, 90.0] {
                let short = shorten(text, room, 12.0, true);
                assert!(width(&short, 12.0, true) <= room, "{short}");
                assert!(short.ends_with('…') || short == text);
                let kept = short.trim_end_matches('…').trim_end();
                assert!(text.starts_with(kept));
                assert!(!text.get(kept.len()..).unwrap_or_default().starts_with(is_mark));
            }
        }
    }

    #[test]
    fn two_lines_are_about_equal_and_lose_nothing() {
        let lines = wrap("Chipo Rudo Nyasha Mutasa", 100.0, 12.0, true, 2);
        assert_eq!(lines, ["Chipo Rudo", "Nyasha Mutasa"]);
        let lines = wrap("Anna-Magdalena", 70.0, 12.0, true, 2);
        assert_eq!(lines, ["Anna-", "Magdalena"]);
        let lines = wrap("Kudakwashe Moyo", 40.0, 12.0, true, 2);
        assert!(lines[0].starts_with("Kud") && lines[0].ends_with('…') && lines[1] == "Moyo");
        for line in wrap(&"word ".repeat(40), 100.0, 12.0, true, 2) {
            assert!(width(&line, 12.0, true) <= 100.0);
        }
    }

    #[test]
    fn hostile_text_becomes_one_harmless_line() {
        assert_eq!(clean(" a\n\u{0}\u{202e}b\u{ffff}\t"), "a b");
        assert_eq!(clean(&"x".repeat(100_000)).len(), LONGEST);
    }
}
