//! Text of one calendar date to numbers.

use super::calendar::Calendar;
use super::words;

/// One date in one calendar. The year is astronomical: 0 is 1 BCE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Day {
    pub(super) calendar: Calendar,
    pub(super) year: i32,
    /// 1699/00: the year counted from January, when the written one is counted from Lady Day.
    pub(super) dual: Option<i32>,
    /// Counted from the start of the year, so Nisan is 7 or 8.
    pub(super) month: Option<u8>,
    pub(super) of_month: Option<u8>,
}

impl Day {
    /// The year that counts from January: of a dual year the second in January to March, else the first.
    pub(super) fn civil_year(&self) -> i32 {
        match (self.dual, self.month) {
            (Some(dual), Some(1..=3)) => dual,
            _ => self.year,
        }
    }

    /// Inclusive Julian Day Numbers. A dual year on its own is both years.
    pub(super) fn range(&self) -> (i64, i64) {
        let (first, last) = self.calendar.range(self.civil_year(), self.month, self.of_month);
        match (self.dual, self.month) {
            (Some(dual), None) => (first, self.calendar.range(dual, None, None).1),
            _ => (first, last),
        }
    }

    /// The year to show: as written in the calendars that share their years, else the Gregorian year in which most
    /// of it lies. Negative before Christ, never 0.
    pub(super) fn shown_year(&self) -> Option<i32> {
        let year = match self.calendar {
            Calendar::Gregorian | Calendar::Julian => self.civil_year(),
            Calendar::French | Calendar::Hebrew => {
                let (first, last) = self.range();
                super::calendar::gregorian_from_day(i64::midpoint(first, last))?.0
            }
        };
        Some(if year > 0 { year } else { year - 1 })
    }
}

/// Parses the words of one date, upper case. `calendar` is what an escape said; a keyword of GEDCOM 7 may be the
/// first word. `None` for anything else, or for a year that is missing.
pub(super) fn day(words: &[&str], calendar: Option<Calendar>) -> Option<Day> {
    let (calendar, words) = match words.split_first() {
        Some((first, rest)) if words::calendar(first).is_some() => {
            (Some(words::calendar(first)?.ok()?), rest)
        }
        _ => (calendar, words),
    };
    let (before_christ, words) = match words.split_last() {
        Some((last, rest)) if words::epoch(last).is_some() => (words::epoch(last)?, rest),
        _ => (false, words),
    };
    if let [one] = words
        && let Some((year, month, day)) = numeric(one)
    {
        return checked(calendar, None, (year, None), Some(month), day, before_christ);
    }
    match words {
        [y] => checked(calendar, None, year(y)?, None, None, before_christ),
        [m, y] => {
            let (own, m) = words::month(m)?;
            checked(calendar, Some(own), year(y)?, Some(m), None, before_christ)
        }
        [one, two, y] => {
            // "12 MAR 1890", and "March 12, 1890" as people write it.
            let ((own, m), digits) = match words::month(two) {
                Some(found) => (found, one.trim_end_matches('.')),
                None => (words::month(one)?, two.trim_end_matches(',')),
            };
            let day = u8::try_from(number(digits, 2)?).ok();
            checked(calendar, Some(own), year(y)?, Some(m), day, before_christ)
        }
        _ => None,
    }
}

/// Puts the pieces together. A day that the month does not have is left off rather than moved or believed.
fn checked(
    said: Option<Calendar>,
    own: Option<Calendar>,
    (year, dual): (i32, Option<i32>),
    month: Option<u8>,
    day: Option<u8>,
    before_christ: bool,
) -> Option<Day> {
    let calendar = match (said, own) {
        (said, None | Some(Calendar::Gregorian)) => said.unwrap_or(Calendar::Gregorian),
        (said, Some(own)) if said.is_none_or(|s| s == own) => own,
        _ => return None,
    };
    let named = own.is_none_or(|own| (own == Calendar::Gregorian) == western(calendar));
    if !named || year == 0 || ((before_christ || dual.is_some()) && !western(calendar)) {
        return None;
    }
    let year = if before_christ { 1 - year } else { year };
    let month = match (calendar, month) {
        // Numbered as in a leap year: without Adar I, everything from Adar II on moves up.
        (Calendar::Hebrew, Some(m)) if m > 6 && calendar.months(year) == 12 => Some(m - 1),
        (_, month) => month,
    };
    if month.is_some_and(|m| m == 0 || m > calendar.months(year)) {
        return None;
    }
    let mut found = Day { calendar, year, dual, month, of_month: None };
    let (first, last) = found.range();
    found.of_month = day.filter(|d| (1..=last - first + 1).contains(&i64::from(*d)));
    Some(found)
}

fn western(calendar: Calendar) -> bool {
    matches!(calendar, Calendar::Gregorian | Calendar::Julian)
}

/// ISO 8601 `1890-03-12` and `1890-03`, and `12.3.1890` as written in Central Europe.
fn numeric(word: &str) -> Option<(i32, u8, Option<u8>)> {
    let small = |text: &str| number(text, 2).and_then(|n| u8::try_from(n).ok());
    if let Some((y, rest)) = word.split_once('-') {
        if y.len() != 4 {
            return None;
        }
        let (m, d) = rest.split_once('-').map_or((rest, None), |(m, d)| (m, Some(d)));
        let day = match d {
            Some(d) if d.len() == 2 => Some(small(d)?),
            Some(_) => return None,
            None => None,
        };
        return (m.len() == 2).then_some(()).and(Some((number(y, 4)?, small(m)?, day)));
    }
    let mut parts = word.split('.');
    let (d, m, y) = (parts.next()?, parts.next()?, parts.next()?);
    (parts.next().is_none() && y.len() == 4).then_some(())?;
    Some((number(y, 4)?, small(m)?, Some(small(d)?)))
}

/// A year, also a dual one: `1699/00`, `1699/700`, `1699/1700`.
fn year(word: &str) -> Option<(i32, Option<i32>)> {
    let Some((first, second)) = word.split_once('/') else { return Some((number(word, 4)?, None)) };
    let (first, digits) = (number(first, 4)?, second.len() as u32);
    let part = number(second, 4)?;
    let modulus = 10i32.pow(digits.min(4));
    let dual = if digits >= 4 { part } else { first - first % modulus + part };
    let dual = if dual < first && digits < 4 { dual + modulus } else { dual };
    // Only neighbouring years are two names of one year.
    (dual == first + 1 || dual == first).then_some((first, Some(dual)))
}

/// Digits only, at least one and at most `max`.
fn number(word: &str, max: usize) -> Option<i32> {
    let fits = !word.is_empty() && word.len() <= max && word.bytes().all(|b| b.is_ascii_digit());
    if fits { word.parse().ok() } else { None }
}
