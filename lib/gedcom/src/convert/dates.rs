//! `DATE` payloads and their `PHRASE`, from one version to the other.

use crate::at::{escape_all_at, unescape_at};
use crate::date::{DateValue, Qualifier};
use crate::version::Version;

/// A 7.0 date: its payload, empty when there is only a phrase, and its phrase as plain text.
pub(super) type Phrased = (String, Option<String>);

/// A 5.5.1 payload in 7.0. What its grammar cannot say exactly stays readable as the phrase.
pub(super) fn to_seven(text: &str) -> Phrased {
    let date = DateValue::parse(text);
    let (Some(value), Some(standard)) = (date.to_standard(Version::V70), date.to_standard(Version::V551))
    else {
        let words = date.phrase().unwrap_or(text);
        return (String::new(), (!words.trim().is_empty()).then(|| unescape_at(words).into_owned()));
    };
    let interpreted = date.qualifier() == Qualifier::Interpreted;
    let head = |text: &str| text.split_once('(').map_or_else(|| text.to_owned(), |(head, _)| head.to_owned());
    let same = if interpreted { alike(&head(text), &head(&standard)) } else { alike(text, &standard) };
    if !same || date.has_dual_year() || (interpreted && date.phrase().is_none()) {
        return (value, Some(unescape_at(text).into_owned()));
    }
    if interpreted {
        return (value, date.phrase().map(|words| unescape_at(words).into_owned()));
    }
    (as_written(text, &value), None)
}

/// The 5.5.1 payload for a 7.0 date, and the phrase if it could not become a part of it. `None` when 5.5.1 has no
/// words for the date: an extension calendar, or text that is no date.
pub(super) fn to_five(value: &str, phrase: Option<&str>) -> Option<Phrased> {
    if value.trim().is_empty() {
        let words = format!("({})", escape_all_at(phrase.unwrap_or_default()));
        let back = (String::new(), phrase.map(str::to_owned));
        return match phrase {
            Some(_) if to_seven(&words) == back => Some((words, None)),
            Some(_) => None,
            None => Some((String::new(), None)),
        };
    }
    let date = DateValue::parse(value);
    let standard = date.to_standard(Version::V70).filter(|standard| alike(value, standard))?;
    let five = as_written(value, &date.to_standard(Version::V551)?);
    let Some(words) = phrase else {
        return Some((five, None));
    };
    let said = (standard, Some(words.to_owned()));
    let whole = escape_all_at(words).into_owned();
    if !words.contains("@#") && to_seven(&whole) == said {
        return Some((whole, None));
    }
    // An escape in the phrase is one that names a calendar.
    if words.contains("@#") && to_seven(words) == said {
        return Some((words.to_owned(), None));
    }
    let interpreted = format!("INT {five} ({whole})");
    if date.qualifier() == Qualifier::Exact && to_seven(&interpreted) == said {
        return Some((interpreted, None));
    }
    Some((five, Some(words.to_owned())))
}

/// Whether a payload of `CHAN.DATE` and the like is what both versions want there: one day, without more.
pub(super) fn is_one_day(text: &str) -> bool {
    let date = DateValue::parse(text);
    date.is_exact() && date.to_standard(Version::V70).is_some_and(|standard| alike(text, &standard))
}

/// What was written, if it is correct in the other version too but for leading zeros; else the standard form.
fn as_written(text: &str, standard: &str) -> String {
    let zeros = |word: &str| {
        let digits = word.trim_start_matches('0');
        if word.bytes().all(|b| b.is_ascii_digit()) { digits.to_owned() } else { word.to_owned() }
    };
    let equal = text.split(' ').map(zeros).eq(standard.split(' ').map(zeros));
    if equal { text.to_owned() } else { standard.to_owned() }
}

/// The same words but for case, spacing and leading zeros.
pub(super) fn alike(a: &str, b: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let bare = |word: &str| word.trim_start_matches('0').to_ascii_uppercase();
        text.split_whitespace().map(bare).collect()
    };
    words(a) == words(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seven(text: &str) -> (String, String) {
        let (value, phrase) = to_seven(text);
        (value, phrase.unwrap_or_else(|| "-".to_owned()))
    }

    #[test]
    fn what_both_can_say_goes_there_and_back() {
        for (five, value, phrase) in [
            ("12 MAR 1890", "12 MAR 1890", "-"),
            ("01 MAR 0890", "01 MAR 0890", "-"),
            ("BET 1890 AND MAR 1891", "BET 1890 AND MAR 1891", "-"),
            ("FROM 1890 TO 1895", "FROM 1890 TO 1895", "-"),
            ("@#DJULIAN@ 4 MAR 1700", "JULIAN 4 MAR 1700", "-"),
            (
                "BET @#DFRENCH R@ 2 VEND 3 AND @#DHEBREW@ ADS 5784",
                "BET FRENCH_R 2 VEND 3 AND HEBREW ADS 5784",
                "-",
            ),
            ("@#DHEBREW@ 2 NSN 5783", "HEBREW 2 NSN 5783", "-"),
            ("44 B.C.", "44 BCE", "-"),
            ("INT 1890 (the comet)", "1890", "the comet"),
            ("INT @#DJULIAN@ 1700 (me@@home)", "JULIAN 1700", "me@home"),
            ("(when the river flooded)", "", "when the river flooded"),
            ("11 FEB 1699/00", "11 FEB 1700", "11 FEB 1699/00"),
            ("1699/00", "BET 1699 AND 1700", "1699/00"),
            ("ABT @#DJULIAN@ FEB 1699/00", "ABT JULIAN FEB 1700", "ABT @#DJULIAN@ FEB 1699/00"),
            ("INT 11 FEB 1699/00 (x)", "11 FEB 1700", "INT 11 FEB 1699/00 (x)"),
            ("about 1890", "ABT 1890", "about 1890"),
            ("BET JAN AND MAR 1890", "BET JAN 1890 AND MAR 1890", "BET JAN AND MAR 1890"),
            ("@#DROMAN@ 1 JAN 700", "", "@#DROMAN@ 1 JAN 700"),
        ] {
            assert_eq!(seven(five), (value.to_owned(), phrase.to_owned()), "{five}");
            let (value, phrase) = to_seven(five);
            let back = to_five(&value, phrase.as_deref());
            let expected = if five.starts_with("@#DROMAN") { None } else { Some((five.to_owned(), None)) };
            if five.starts_with("@#DROMAN") {
                assert_ne!(back, Some((five.to_owned(), None)));
            } else {
                assert_eq!(back, expected, "{five}");
            }
        }
    }

    #[test]
    fn what_five_has_no_words_for() {
        assert_eq!(to_five("_CAL 3 _MON 88", None), None);
        assert_eq!(to_five("", None), Some((String::new(), None)));
        assert_eq!(
            to_five("BEF 1890", Some("before the war")),
            Some(("BEF 1890".to_owned(), Some("before the war".to_owned())))
        );
    }

    #[test]
    fn one_day() {
        assert!(is_one_day("1 JAN 2000") && is_one_day("01 jan 2000"));
        assert!(!is_one_day("JAN 2000") && !is_one_day("ABT 1 JAN 2000") && !is_one_day("1/1/2000"));
    }
}
