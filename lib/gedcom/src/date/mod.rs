//! Date payloads of GEDCOM 5.5.1 (`DATE_VALUE`) and 7.0 (`DateValue`) as ranges of days.
//!
//! Besides the standards' grammar this accepts lower case, full month names, a few common words (`about`, `circa`,
//! `before`), ISO 8601, `12.3.1890` and `March 12, 1890`. Nothing is rejected: what cannot be understood is a
//! phrase, and the text is always kept.
//!
//! ```
//! use dzinza_gedcom::{DateValue, Qualifier};
//!
//! let born = DateValue::parse("ABT MAR 1890");
//! assert_eq!((born.qualifier(), born.year()), (Qualifier::About, Some(1890)));
//! assert_eq!(DateValue::parse("12 mar 1890").exact_ymd(), Some((1890, 3, 12)));
//! assert_eq!(DateValue::parse("(when the river flooded)").range(), None);
//! ```

mod calendar;
mod parse;
mod words;
mod write;

pub use calendar::{Calendar, gregorian_from_day};
use parse::Day;
use words::Keyword;

/// How a date is to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Qualifier {
    /// A date as it stands, be it a day, a month or a year.
    Exact,
    /// `ABT`.
    About,
    /// `CAL`: calculated from other data.
    Calculated,
    /// `EST`: estimated.
    Estimated,
    /// `BEF`: some time, but not later.
    Before,
    /// `AFT`: some time, but not earlier.
    After,
    /// `BET .. AND ..`: some time between, the ends included.
    Between,
    /// `FROM`: a period that began then.
    From,
    /// `TO`: a period that ended then.
    To,
    /// `FROM .. TO ..`: a period.
    FromTo,
    /// `INT .. (phrase)`: someone's reading of the phrase.
    Interpreted,
    /// Words only, or text that is no date.
    Phrase,
}

/// One date payload: the text as written and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateValue {
    text: String,
    qualifier: Qualifier,
    first: Option<Day>,
    second: Option<Day>,
}

impl DateValue {
    /// Understands a payload; never fails.
    ///
    /// A day its month does not have (31 APR) leaves the month. A date without a year is a phrase.
    pub fn parse(text: &str) -> Self {
        let (qualifier, first, second) = understand(text).unwrap_or((Qualifier::Phrase, None, None));
        Self { text: text.to_owned(), qualifier, first, second }
    }

    /// The payload for an ISO 8601 date, parsed; `None` unless it is `YYYY`, `YYYY-MM` or `YYYY-MM-DD` and exists.
    pub fn from_iso(iso: &str) -> Option<Self> {
        iso_to_gedcom(iso).map(|text| Self::parse(&text))
    }

    /// The payload exactly as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How it is to be understood.
    pub fn qualifier(&self) -> Qualifier {
        self.qualifier
    }

    /// First and last Julian Day Number that the event may fall on or the period may cover, both included.
    ///
    /// * A month or a year is all its days. `ABT`, `CAL` and `EST` do not widen it: how far is nobody's to say.
    /// * `BEF x` and `TO x` reach from `i64::MIN` to the last day of `x`; `AFT x` and `FROM x` from the first day of
    ///   `x` to `i64::MAX` (GEDCOM 7: "no later than", "no earlier than").
    /// * `BET` and `FROM..TO` reach from the first day of one to the last day of the other; turned round if needed.
    /// * `None` for phrases.
    pub fn range(&self) -> Option<(i64, i64)> {
        let (first, last) = self.first?.range();
        Some(match self.qualifier {
            Qualifier::Before | Qualifier::To => (i64::MIN, last),
            Qualifier::After | Qualifier::From => (first, i64::MAX),
            _ => match self.second {
                Some(second) => {
                    let (a, b) = second.range();
                    (first.min(a), last.max(b))
                }
                None => (first, last),
            },
        })
    }

    /// A day to sort by, as Julian Day Number; `None` for phrases.
    ///
    /// It is the first possible day, so a year sorts before its months and a month before its days. `BEF x` is the
    /// day before `x` begins and `AFT x` the day after `x` ends; `FROM x` and `TO x` are the first day of `x`.
    pub fn sort_day(&self) -> Option<i64> {
        let (first, last) = self.first?.range();
        Some(match self.qualifier {
            Qualifier::Before => first - 1,
            Qualifier::After => last + 1,
            _ => self.second.map_or(first, |second| first.min(second.range().0)),
        })
    }

    /// The year to show and to count by; of a range the first. Negative before Christ (44 B.C. is -44), never 0.
    ///
    /// Gregorian and Julian years are as written, of a dual year in January to March the second one; for the other
    /// calendars it is the Gregorian year in which the middle lies.
    pub fn year(&self) -> Option<i32> {
        let first = self.first?;
        let second = self.second.filter(|s| s.range().0 < first.range().0);
        second.unwrap_or(first).shown_year()
    }

    /// Proleptic Gregorian year (astronomical: 0 is 1 BCE), month and day; only for one exact day in any calendar.
    pub fn exact_ymd(&self) -> Option<(i32, u8, u8)> {
        if !self.is_exact() {
            return None;
        }
        gregorian_from_day(self.first?.range().0)
    }

    /// Whether this is one day, without any qualifier.
    pub fn is_exact(&self) -> bool {
        self.qualifier == Qualifier::Exact && self.first.is_some_and(|d| d.of_month.is_some())
    }

    /// The calendar the (first) date is written in; `None` for phrases.
    pub fn calendar(&self) -> Option<Calendar> {
        self.first.map(|d| d.calendar)
    }
}

impl std::fmt::Display for DateValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// ISO 8601 to GEDCOM: `1890-03-12` to `12 MAR 1890`, `1890-03` to `MAR 1890`, `1890` to `1890`.
/// `None` for anything else, also for days that do not exist.
pub fn iso_to_gedcom(iso: &str) -> Option<String> {
    let iso = iso.trim();
    let mut parts = iso.split('-');
    let (year, month, day) = (parts.next()?, parts.next(), parts.next());
    let digits = |text: &str, len| text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
    let shaped = digits(year, 4) && month.is_none_or(|m| digits(m, 2)) && day.is_none_or(|d| digits(d, 2));
    if !shaped || parts.next().is_some() {
        return None;
    }
    let found = parse::day(&[iso], None)?;
    let year = found.year;
    match (found.month, found.of_month, day) {
        (None, None, None) => Some(year.to_string()),
        (Some(m), None, None) => Some(format!("{} {year}", words::gregorian_name(m)?)),
        (Some(m), Some(d), Some(_)) => Some(format!("{d} {} {year}", words::gregorian_name(m)?)),
        _ => None,
    }
}

type Understood = (Qualifier, Option<Day>, Option<Day>);

/// The grammar around dates. `None` is a phrase.
fn understand(text: &str) -> Option<Understood> {
    let upper = text.trim().to_ascii_uppercase();
    // Interpreted dates end in a phrase, and some programs put one after any date; only the date is read.
    let upper = upper.split_once('(').map_or(upper.as_str(), |(date, _)| date.trim_end());
    let (general, upper) = leading_escape(upper)?;
    let words: Vec<&str> = upper.split_whitespace().collect();
    let (first, rest) = words.split_first()?;
    let one = |qualifier| Some((qualifier, Some(date(rest, general)?), None));
    match words::keyword(first) {
        None => match between_years(&words) {
            Some((a, b)) => Some((Qualifier::Between, Some(a), Some(b))),
            None => Some((Qualifier::Exact, Some(date(&words, general)?), None)),
        },
        Some(Keyword::About) => one(Qualifier::About),
        Some(Keyword::Calculated) => one(Qualifier::Calculated),
        Some(Keyword::Estimated) => one(Qualifier::Estimated),
        Some(Keyword::Before) => one(Qualifier::Before),
        Some(Keyword::After) => one(Qualifier::After),
        Some(Keyword::Interpreted) => one(Qualifier::Interpreted),
        Some(Keyword::To) => one(Qualifier::To),
        Some(Keyword::Between) => {
            pair(rest, Keyword::And, general).map(|(a, b)| (Qualifier::Between, Some(a), Some(b)))
        }
        Some(Keyword::From) => match pair(rest, Keyword::To, general) {
            Some((a, b)) => Some((Qualifier::FromTo, Some(a), Some(b))),
            None => one(Qualifier::From),
        },
        Some(Keyword::And) => None,
    }
}

/// Two dates with a word between them; the first may leave its year to the second: `BET JAN AND MAR 1890`.
fn pair(words: &[&str], between: Keyword, general: Option<Calendar>) -> Option<(Day, Day)> {
    let at = words.iter().position(|w| words::keyword(w) == Some(between) || *w == "-")?;
    let (a, b) = (words.get(..at)?, words.get(at + 1..)?);
    let second = date(b, general)?;
    let first = date(a, general).or_else(|| date(&[a, b.last_chunk::<1>()?].concat(), general))?;
    Some((first, second))
}

/// `1890-1895`, which people write for between.
fn between_years(words: &[&str]) -> Option<(Day, Day)> {
    let [one] = words else { return None };
    let (a, b) = one.split_once('-')?;
    if a.len() != 4 || b.len() != 4 {
        return None;
    }
    Some((parse::day(&[a], None)?, parse::day(&[b], None)?))
}

/// One date, with its own escape or the one that stood before everything.
fn date(words: &[&str], general: Option<Calendar>) -> Option<Day> {
    let Some(first) = words.first().filter(|w| w.starts_with("@#")) else {
        return parse::day(words, general);
    };
    // `@#DFRENCH R@` has a space in it.
    let end = words.iter().position(|w| w.ends_with('@'))?;
    let joined = if end == 0 { (*first).to_owned() } else { words.get(..=end)?.join(" ") };
    let calendar = words::calendar(joined.trim_start_matches("@#").trim_end_matches('@'))?.ok()?;
    parse::day(words.get(end + 1..)?, Some(calendar))
}

/// An escape before the keyword (`@#DJULIAN@ ABT 1700`) is wrong but common, and then goes for every date.
fn leading_escape(text: &str) -> Option<(Option<Calendar>, &str)> {
    let Some((name, rest)) = text.strip_prefix("@#").and_then(|t| t.split_once('@')) else {
        return Some((None, text));
    };
    Some((Some(words::calendar(name.trim())?.ok()?), rest))
}

#[cfg(test)]
mod tests;
