//! Dates back to text, in the grammar of either version.

use super::calendar::Calendar;
use super::parse::Day;
use super::{DateValue, Qualifier, words};
use crate::version::Version;

impl DateValue {
    /// The payload in the standard spelling of a version: upper case, single spaces, no leading zeros, the
    /// calendar as an escape (`@#DJULIAN@`, 5.5.1) or a keyword (`JULIAN`, 7.0).
    ///
    /// The phrase of an interpreted date is part of it in 5.5.1 only; in 7.0 it belongs into a `PHRASE`
    /// substructure. 7.0 has no dual years: with a month the year that counts from January is written, without
    /// one `1699/00` is `BET 1699 AND 1700`, and after another keyword one of the two. `None` for phrases.
    ///
    /// ```
    /// use dzinza_gedcom::{DateValue, Version};
    ///
    /// let date = DateValue::parse("about @#DJULIAN@ 4 mar 44 bc");
    /// assert_eq!(date.to_standard(Version::V551).as_deref(), Some("ABT @#DJULIAN@ 4 MAR 44 B.C."));
    /// assert_eq!(date.to_standard(Version::V70).as_deref(), Some("ABT JULIAN 4 MAR 44 BCE"));
    /// ```
    pub fn to_standard(&self, version: Version) -> Option<String> {
        let day = self.first?;
        let first = day.write(version)?;
        // Of a year with two names, a period or range that ends with it ends with the later one.
        let end = |day: Day| match (version, day.dual, day.month) {
            (Version::V70, Some(dual), None) => Day { year: dual, dual: None, ..day }.write(version),
            _ => day.write(version),
        };
        let second = || self.second.and_then(end);
        Some(match self.qualifier {
            Qualifier::Exact if version == Version::V70 && day.dual.is_some() && day.month.is_none() => {
                format!("BET {first} AND {}", end(day)?)
            }
            Qualifier::Exact => first,
            Qualifier::About => format!("ABT {first}"),
            Qualifier::Calculated => format!("CAL {first}"),
            Qualifier::Estimated => format!("EST {first}"),
            Qualifier::Before => format!("BEF {}", end(day)?),
            Qualifier::After => format!("AFT {first}"),
            Qualifier::From => format!("FROM {first}"),
            Qualifier::To => format!("TO {}", end(day)?),
            Qualifier::Between => format!("BET {first} AND {}", second()?),
            Qualifier::FromTo => format!("FROM {first} TO {}", second()?),
            Qualifier::Interpreted => match (version, self.phrase()) {
                (Version::V551, Some(phrase)) => format!("INT {first} ({phrase})"),
                (Version::V551, None) => format!("INT {first}"),
                (Version::V70, _) => first,
            },
            Qualifier::Phrase => return None,
        })
    }

    /// The words in parentheses of `INT 1890 (words)` and of `(words)`; `None` for every other form.
    pub fn phrase(&self) -> Option<&str> {
        let text = self.text.trim();
        let (before, rest) = text.split_once('(')?;
        let words = rest.strip_suffix(')')?;
        let fits = match self.qualifier {
            Qualifier::Interpreted => true,
            Qualifier::Phrase => before.is_empty(),
            _ => false,
        };
        fits.then_some(words)
    }

    /// Whether a year is written twice, `1699/00`, which only 5.5.1 can say.
    pub fn has_dual_year(&self) -> bool {
        [self.first, self.second].iter().flatten().any(|day| day.dual.is_some())
    }
}

impl Day {
    fn write(&self, version: Version) -> Option<String> {
        let before_christ = self.year <= 0;
        if before_christ && self.dual.is_some() {
            return None;
        }
        let mut words: Vec<String> = Vec::with_capacity(5);
        words.extend(calendar_word(self.calendar, version).map(str::to_owned));
        words.extend(self.of_month.map(|day| day.to_string()));
        if let Some(month) = self.month {
            words.push(words::month_name(self.calendar, month, self.is_common_hebrew())?.to_owned());
        }
        words.push(match (version, self.dual) {
            _ if before_christ => (1 - self.year).to_string(),
            (Version::V551, Some(dual)) => format!("{}/{:02}", self.year, dual.rem_euclid(100)),
            (Version::V70, Some(_)) => self.civil_year().to_string(),
            (_, None) => self.year.to_string(),
        });
        if before_christ {
            words.push(if version == Version::V551 { "B.C." } else { "BCE" }.to_owned());
        }
        Some(words.join(" "))
    }

    fn is_common_hebrew(&self) -> bool {
        self.calendar == Calendar::Hebrew && self.calendar.months(self.year) == 12
    }
}

fn calendar_word(calendar: Calendar, version: Version) -> Option<&'static str> {
    Some(match (calendar, version) {
        (Calendar::Gregorian, _) => return None,
        (Calendar::Julian, Version::V551) => "@#DJULIAN@",
        (Calendar::Julian, Version::V70) => "JULIAN",
        (Calendar::French, Version::V551) => "@#DFRENCH R@",
        (Calendar::French, Version::V70) => "FRENCH_R",
        (Calendar::Hebrew, Version::V551) => "@#DHEBREW@",
        (Calendar::Hebrew, Version::V70) => "HEBREW",
    })
}
