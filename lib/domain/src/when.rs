//! How far a date may be from the day by which it is sorted.

use dzinza_gedcom::date::{DateValue, Qualifier};

/// Years by which "about" and "estimated" may be wrong: ages are remembered by the decade.
const ABOUT: i64 = 10;
/// Years by which a date may be wrong that was calculated from an age.
const CALCULATED: i64 = 1;

/// So many days earlier and so many days later than [`DateValue::sort_day`], as text (`0 364` for a year); 65535 where
/// there is no bound. `None` for a day that is known, and for what is no date. A day that is only `estimated` counts
/// as "about": forms ask for a day where people know a year.
pub(crate) fn doubt(date: &DateValue, estimated: bool) -> Option<String> {
    let (day, (first, last)) = (date.sort_day()?, date.range()?);
    let years = match date.qualifier() {
        Qualifier::About | Qualifier::Estimated => ABOUT,
        Qualifier::Calculated => CALCULATED,
        Qualifier::Exact if estimated && date.is_exact() => ABOUT,
        _ => 0,
    };
    let more = years * 1461 / 4;
    let early = days(day.saturating_sub(first.saturating_sub(more)));
    let late = days(last.saturating_add(more).saturating_sub(day));
    (early > 0 || late > 0).then(|| format!("{early} {late}"))
}

fn days(days: i64) -> u16 {
    u16::try_from(days).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubt_reaches_as_far_as_the_date_does() {
        for (text, estimated, wanted) in [
            ("12 MAR 1950", false, None),
            ("12 MAR 1950", true, Some("3652 3652")),
            ("MAR 1950", false, Some("0 30")),
            ("1950", false, Some("0 364")),
            // The form marks everything that is not a day as estimated.
            ("1950", true, Some("0 364")),
            ("CAL 1950", false, Some("365 729")),
            ("ABT 1950", true, Some("3652 4016")),
            ("BET 1950 AND 1951", false, Some("0 729")),
            ("BEF 1950", false, Some("65535 365")),
            ("AFT 1950", false, Some("365 65535")),
            ("BET 1500 AND 1950", false, Some("0 65535")),
            ("(when the river flooded)", false, None),
        ] {
            assert_eq!(doubt(&DateValue::parse(text), estimated).as_deref(), wanted, "{text}");
        }
    }
}
