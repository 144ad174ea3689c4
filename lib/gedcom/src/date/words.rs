//! The words of dates: months, calendars and keywords, in the standard's spelling and in people's.

use super::calendar::Calendar;

const GREGORIAN: [&str; 12] = [
    "JANUARY",
    "FEBRUARY",
    "MARCH",
    "APRIL",
    "MAY",
    "JUNE",
    "JULY",
    "AUGUST",
    "SEPTEMBER",
    "OCTOBER",
    "NOVEMBER",
    "DECEMBER",
];
const FRENCH: [&str; 13] =
    ["VEND", "BRUM", "FRIM", "NIVO", "PLUV", "VENT", "GERM", "FLOR", "PRAI", "MESS", "THER", "FRUC", "COMP"];
/// In the order of a leap year; GEDCOM's ADS is Adar Sheni, Adar II.
const HEBREW: [&str; 13] =
    ["TSH", "CSH", "KSL", "TVT", "SHV", "ADR", "ADS", "NSN", "IYR", "SVN", "TMZ", "AAV", "ELL"];

/// GEDCOM's name of a Gregorian month.
pub(super) fn gregorian_name(month: u8) -> Option<&'static str> {
    GREGORIAN.get(usize::from(month).checked_sub(1)?).map(|name| &name[..3])
}

/// GEDCOM's name of the month that [`Day`](super::parse::Day) numbers so. `common` is a Hebrew year of twelve months.
pub(super) fn month_name(calendar: Calendar, month: u8, common: bool) -> Option<&'static str> {
    let at = usize::from(month).checked_sub(1)?;
    match calendar {
        Calendar::Gregorian | Calendar::Julian => gregorian_name(month),
        Calendar::French => FRENCH.get(at).copied(),
        // Without a second Adar, everything from Nisan on is one further in the table.
        Calendar::Hebrew => HEBREW.get(if common && month > 6 { at + 1 } else { at }).copied(),
    }
}

/// A month name and the calendar it belongs to; Gregorian and Julian share theirs. Hebrew months are numbered as in
/// a leap year. `word` is upper case, perhaps with a final dot.
pub(super) fn month(word: &str) -> Option<(Calendar, u8)> {
    let word = word.trim_end_matches(['.', ',']);
    let place = |found: Option<usize>| found.map(|at| at as u8 + 1);
    let gregorian =
        |name: &str| *name == *word || name[..3] == *word || (*word == *"SEPT" && name.starts_with(word));
    if let Some(m) = place(GREGORIAN.iter().position(|name| gregorian(name))) {
        return Some((Calendar::Gregorian, m));
    }
    if let Some(m) = place(HEBREW.iter().position(|name| *name == word)) {
        return Some((Calendar::Hebrew, m));
    }
    place(FRENCH.iter().position(|name| *name == word)).map(|m| (Calendar::French, m))
}

/// A calendar whose days nobody can compute.
pub(super) struct Uncomputable;

/// A calendar keyword: `JULIAN` of GEDCOM 7, or the inside of an escape of 5.5.1, `DJULIAN`.
pub(super) fn calendar(word: &str) -> Option<Result<Calendar, Uncomputable>> {
    Some(match word {
        "GREGORIAN" | "DGREGORIAN" => Ok(Calendar::Gregorian),
        "JULIAN" | "DJULIAN" => Ok(Calendar::Julian),
        "FRENCH_R" | "DFRENCH R" | "DFRENCH" => Ok(Calendar::French),
        "HEBREW" | "DHEBREW" => Ok(Calendar::Hebrew),
        "DROMAN" | "DUNKNOWN" => Err(Uncomputable),
        _ => return None,
    })
}

/// What a keyword before a date means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyword {
    About,
    Calculated,
    Estimated,
    Before,
    After,
    Between,
    And,
    From,
    To,
    Interpreted,
}

pub(super) fn keyword(word: &str) -> Option<Keyword> {
    Some(match word.trim_end_matches('.') {
        "ABT" | "ABOUT" | "CIRCA" | "CA" | "C" | "~" => Keyword::About,
        "CAL" | "CALCULATED" => Keyword::Calculated,
        "EST" | "ESTIMATED" => Keyword::Estimated,
        "BEF" | "BEFORE" | "<" => Keyword::Before,
        "AFT" | "AFTER" | ">" => Keyword::After,
        "BET" | "BETWEEN" | "BTW" => Keyword::Between,
        "AND" | "&" => Keyword::And,
        "FROM" => Keyword::From,
        "TO" => Keyword::To,
        "INT" => Keyword::Interpreted,
        _ => return None,
    })
}

/// Whether a word marks a year before Christ (`Some(true)`) or after (`Some(false)`).
pub(super) fn epoch(word: &str) -> Option<bool> {
    match word.replace('.', "").as_str() {
        "BC" | "BCE" => Some(true),
        "AD" | "CE" => Some(false),
        _ => None,
    }
}
