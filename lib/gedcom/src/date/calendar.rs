//! Calendar arithmetic: year, month and day to day numbers and back.
//!
//! Algorithms: E. M. Reingold and N. Dershowitz, *Calendrical Calculations: The Ultimate Edition* (Cambridge, 2018),
//! chapters 2 (Gregorian), 3 (Julian), 8 (Hebrew) and 17 (French Revolutionary); they count days from *rata die*,
//! R.D. 1 = 1 January 1 of the proleptic Gregorian calendar. Here all days are Julian Day Numbers of the day that
//! begins at the preceding midnight, as in E. G. Richards, "Calendars", *Explanatory Supplement to the Astronomical
//! Almanac* (3rd ed., 2013), chapter 15.

/// Julian Day Number of R.D. 0.
const RD_EPOCH: i64 = 1_721_425;

/// The calendars GEDCOM knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Calendar {
    /// Gregorian, extended to the past before 1582.
    Gregorian,
    /// Julian, "old style".
    Julian,
    /// French Republican, in use from 1792 to 1805.
    French,
    /// Hebrew.
    Hebrew,
}

impl Calendar {
    /// How many months the year has. Years are astronomical: 0 is 1 BCE.
    pub(crate) fn months(self, year: i32) -> u8 {
        match self {
            Self::Gregorian | Self::Julian => 12,
            Self::French => 13,
            Self::Hebrew => 12 + u8::from(hebrew_leap(i64::from(year))),
        }
    }

    /// The Julian Day Number of the first day of a month, which may be one past the last month of the year.
    fn month_start(self, year: i32, month: u8) -> i64 {
        let (y, m) = (i64::from(year), i64::from(month));
        if month > self.months(year) {
            return self.month_start(year + 1, 1);
        }
        RD_EPOCH
            + match self {
                Self::Gregorian => gregorian_rd(y, m),
                Self::Julian => julian_rd(y, m),
                Self::French => french_rd(y, m),
                Self::Hebrew => hebrew_rd(y, m),
            }
    }

    /// First and last Julian Day Number of a year, a month or a day. The month must exist.
    pub(crate) fn range(self, year: i32, month: Option<u8>, day: Option<u8>) -> (i64, i64) {
        let Some(m) = month else {
            return (self.month_start(year, 1), self.month_start(year + 1, 1) - 1);
        };
        let first = self.month_start(year, m);
        match day {
            Some(d) => (first + i64::from(d) - 1, first + i64::from(d) - 1),
            None => (first, self.month_start(year, m + 1) - 1),
        }
    }
}

/// First of a Gregorian month.
fn gregorian_rd(y: i64, m: i64) -> i64 {
    let leap = y.rem_euclid(4) == 0 && (y.rem_euclid(100) != 0 || y.rem_euclid(400) == 0);
    let p = y - 1;
    365 * p + p.div_euclid(4) - p.div_euclid(100) + p.div_euclid(400) + day_of_year(m, leap)
}

/// First of a Julian month. R.D. -1 is 1 January 1 of the Julian calendar.
fn julian_rd(y: i64, m: i64) -> i64 {
    let p = y - 1;
    -2 + 365 * p + p.div_euclid(4) + day_of_year(m, y.rem_euclid(4) == 0)
}

/// Number of the first day of a month within a Gregorian or Julian year.
fn day_of_year(m: i64, leap: bool) -> i64 {
    let correction = match (m <= 2, leap) {
        (true, _) => 0,
        (false, true) => -1,
        (false, false) => -2,
    };
    (367 * m - 362).div_euclid(12) + correction + 1
}

/// First of a French month; month 13 is the complementary days. 1 Vendémiaire 1 is R.D. 654 415.
///
/// The leap years of history are 3, 7 and 11, and the rule of every fourth year goes on from there.
fn french_rd(y: i64, m: i64) -> i64 {
    654_414 + 365 * (y - 1) + y.div_euclid(4) + 30 * (m - 1) + 1
}

fn hebrew_leap(y: i64) -> bool {
    (7 * y + 1).rem_euclid(19) < 7
}

/// Days from the epoch to the mean new moon of Tishri, put off to an allowed day of the week.
fn hebrew_elapsed(y: i64) -> i64 {
    let months = (235 * y - 234).div_euclid(19);
    let parts = 12_084 + 13_753 * months;
    let day = 29 * months + parts.div_euclid(25_920);
    if (3 * (day + 1)).rem_euclid(7) < 3 { day + 1 } else { day }
}

/// 1 Tishri of a year.
fn hebrew_new_year(y: i64) -> i64 {
    let (before, this, after) = (hebrew_elapsed(y - 1), hebrew_elapsed(y), hebrew_elapsed(y + 1));
    let delay = if after - this == 356 { 2 } else { i64::from(this - before == 382) };
    -1_373_427 - 1 + this + delay + 1
}

/// First of a Hebrew month, counted from Tishri; in leap years month 6 is Adar I and 7 is Adar II.
fn hebrew_rd(y: i64, m: i64) -> i64 {
    let start = hebrew_new_year(y);
    let length = hebrew_new_year(y + 1) - start;
    let leap = hebrew_leap(y);
    let days = |month: i64| match month {
        2 => 29 + i64::from(length.rem_euclid(10) == 5),
        3 => 30 - i64::from(length.rem_euclid(10) == 3),
        m if m <= 5 => {
            if m % 2 == 1 {
                30
            } else {
                29
            }
        }
        6 if leap => 30,
        // From the last Adar on, counted so that it is month 0: 29, then 30 and 29 in turn.
        m => {
            if (m - if leap { 7 } else { 6 }) % 2 == 1 {
                30
            } else {
                29
            }
        }
    };
    start + (1..m).map(days).sum::<i64>()
}

/// Proleptic Gregorian year (astronomical: 0 is 1 BCE), month and day of a Julian Day Number.
///
/// Richards, algorithm 3, in arithmetic that also holds before the epoch. `None` for days that no `i32` year has.
pub fn gregorian_from_day(day: i64) -> Option<(i32, u8, u8)> {
    // Shifted to start on 1 March, so that the leap day is the last of the year.
    let z = day.checked_sub(1_721_120)?;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let d = doy - (153 * mp + 2) / 5 + 1;
    let m = if mp < 10 { mp + 3 } else { mp - 9 };
    let y = yoe + era * 400 + i64::from(m <= 2);
    Some((i32::try_from(y).ok()?, u8::try_from(m).ok()?, u8::try_from(d).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(calendar: Calendar, y: i32, m: u8, d: u8) -> i64 {
        calendar.range(y, Some(m), Some(d)).0
    }

    #[test]
    fn known_days() {
        use Calendar::{French, Gregorian, Hebrew, Julian};
        assert_eq!(day(Gregorian, 2000, 1, 1), 2_451_545);
        assert_eq!(day(Gregorian, 1970, 1, 1), 2_440_588);
        assert_eq!(day(Gregorian, -4713, 11, 24), 0);
        assert_eq!(day(Julian, -4712, 1, 1), 0);
        // The day after 4 October 1582 (Julian) was 15 October (Gregorian).
        assert_eq!(day(Julian, 1582, 10, 4) + 1, day(Gregorian, 1582, 10, 15));
        assert_eq!(day(French, 1, 1, 1), day(Gregorian, 1792, 9, 22));
        // 18 Brumaire VIII, and the last day of the calendar.
        assert_eq!(day(French, 8, 2, 18), day(Gregorian, 1799, 11, 9));
        assert_eq!(day(French, 14, 4, 10), day(Gregorian, 1805, 12, 31));
        assert_eq!(day(Hebrew, 5784, 1, 1), day(Gregorian, 2023, 9, 16));
        assert_eq!(day(Hebrew, 5708, 9, 5), day(Gregorian, 1948, 5, 14)); // 5 Iyar, leap year
        assert_eq!(day(Hebrew, 5700, 1, 1), day(Gregorian, 1939, 9, 14));
        assert_eq!(day(Hebrew, 5783, 7, 15), day(Gregorian, 2023, 4, 6)); // first day of Passover
    }

    #[test]
    fn months_tile_the_years_in_every_calendar() {
        for calendar in [Calendar::Gregorian, Calendar::Julian, Calendar::French, Calendar::Hebrew] {
            let mut next = calendar.range(1, None, None).0;
            for year in 1..3000 {
                let (first, last) = calendar.range(year, None, None);
                assert_eq!(first, next, "{calendar:?} {year}");
                for month in 1..=calendar.months(year) {
                    let (a, b) = calendar.range(year, Some(month), None);
                    assert_eq!(a, next);
                    assert!((5..=31).contains(&(b - a + 1)), "{calendar:?} {year} {month}: {a}..{b}");
                    next = b + 1;
                }
                assert_eq!(last + 1, next);
            }
        }
    }

    #[test]
    fn gregorian_days_come_back() {
        for d in (-200_000..4_000_000).step_by(17) {
            assert!(
                gregorian_from_day(d).is_some_and(|(y, m, dd)| day(Calendar::Gregorian, y, m, dd) == d),
                "{d}"
            );
        }
        assert_eq!(gregorian_from_day(i64::MIN), None);
        assert_eq!(gregorian_from_day(i64::MAX), None);
    }
}
