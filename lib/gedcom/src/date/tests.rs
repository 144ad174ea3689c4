use super::*;
use crate::Version;

fn jdn(y: i32, m: u8, d: u8) -> i64 {
    Calendar::Gregorian.range(y, Some(m), Some(d)).0
}

fn facts(text: &str) -> (Qualifier, Option<i32>, Option<(i32, u8, u8)>) {
    let d = DateValue::parse(text);
    assert_eq!(d.text(), text);
    (d.qualifier(), d.year(), d.exact_ymd())
}

#[test]
fn plain_dates() {
    use Qualifier::Exact;
    let day = (Exact, Some(1890), Some((1890, 3, 12)));
    for text in ["12 MAR 1890", "12 mar 1890", "12 March 1890", "March 12, 1890", "1890-03-12", "12.3.1890"] {
        assert_eq!(facts(text), day, "{text}");
    }
    assert_eq!(facts(" 12  Mar.  1890 "), day);
    assert_eq!(facts("GREGORIAN 12 MAR 1890"), day);
    assert_eq!(facts("@#DGREGORIAN@ 12 MAR 1890"), day);
    assert_eq!(facts("MAR 1890"), (Exact, Some(1890), None));
    assert_eq!(facts("1890"), (Exact, Some(1890), None));
    assert_eq!(facts("29 FEB 1900"), (Exact, Some(1900), None));
    assert_eq!(DateValue::parse("29 FEB 1900").range(), Some((jdn(1900, 2, 1), jdn(1900, 2, 28))));
}

#[test]
fn qualifiers() {
    use Qualifier::{About, After, Before, Between, Calculated, Estimated, From, FromTo, Interpreted, To};
    for (text, qualifier) in [
        ("ABT 1890", About),
        ("abt. 1890", About),
        ("circa 1890", About),
        ("CAL 1890", Calculated),
        ("EST 1890", Estimated),
        ("BEF 1890", Before),
        ("AFT 1890", After),
        ("BET 1890 AND 1895", Between),
        ("BET 1 JAN 1890 AND 3 MAR 1895", Between),
        ("BET 1895 AND 1890", Between),
        ("1890-1895", Between),
        ("BET. 1890 - 1895", Between),
        ("BET 12 JAN AND 31 AUG 1890", Between),
        ("FROM JAN TO MAR 1890", FromTo),
        ("FROM 1890", From),
        ("TO 1890", To),
        ("FROM 1890 TO 1895", FromTo),
        ("INT 1890 (about the year of the comet)", Interpreted),
    ] {
        assert_eq!(facts(text), (qualifier, Some(1890), None), "{text}");
    }
}

#[test]
fn what_is_no_date_is_a_phrase() {
    for text in [
        "",
        "(stillborn)",
        "unknown",
        "ABT",
        "ABT foo",
        "BET 1890",
        "AND 1890",
        "12 MAR",
        "MAR",
        "0",
        "32 FOO 1890",
        "@#DROMAN@ 1 JAN 700",
        "@#DHEBREW@ 1 JAN 5700",
        "@#D",
        "@",
        "FROM",
        "12/03/1890",
        "1890/95",
        "1890-13-01",
        "@#DJULIAN@",
        "JULIAN",
        "é",
        "99999",
        "1 TSH 10 B.C.",
    ] {
        assert_eq!(facts(text), (Qualifier::Phrase, None, None), "{text}");
        assert_eq!(DateValue::parse(text).range(), None);
        assert_eq!(DateValue::parse(text).sort_day(), None);
    }
}

#[test]
fn other_calendars() {
    let exact = |text: &str| DateValue::parse(text).exact_ymd();
    for text in ["@#DJULIAN@ 25 OCT 1917", "JULIAN 25 OCT 1917", "julian 25 oct 1917"] {
        assert_eq!(exact(text), Some((1917, 11, 7)), "{text}");
    }
    for text in ["@#DFRENCH R@ 18 BRUM 8", "FRENCH_R 18 BRUM 8", "18 BRUM 8"] {
        assert_eq!(exact(text), Some((1799, 11, 9)), "{text}");
    }
    for text in ["@#DHEBREW@ 5 IYR 5708", "HEBREW 5 IYR 5708"] {
        assert_eq!(exact(text), Some((1948, 5, 14)), "{text}");
    }
    assert_eq!(exact("HEBREW 15 NSN 5783"), Some((2023, 4, 6)));
    // A common year has one Adar, whichever of the two names is written.
    assert_eq!(exact("HEBREW 14 ADR 5783"), Some((2023, 3, 7)));
    assert_eq!(exact("HEBREW 14 ADS 5783"), Some((2023, 3, 7)));
    assert_eq!(exact("HEBREW 14 ADS 5784"), Some((2024, 3, 24)));
    assert_eq!(DateValue::parse("@#DFRENCH R@ 8").year(), Some(1800));
    assert_eq!(DateValue::parse("@#DJULIAN@ 31 DEC 1699").year(), Some(1699));
    assert_eq!(DateValue::parse("ABT @#DJULIAN@ 1700").calendar(), Some(Calendar::Julian));
    let general = DateValue::parse("@#DJULIAN@ BET 1700 AND 1701");
    assert_eq!(general.range().map(|(a, _)| a), Some(jdn(1700, 1, 11)));
    let mixed = DateValue::parse("FROM @#DJULIAN@ 1 JAN 1700 TO @#DFRENCH R@ 1 VEND 1");
    assert_eq!(mixed.range(), Some((jdn(1700, 1, 11), jdn(1792, 9, 22))));
}

#[test]
fn dual_years_and_years_before_christ() {
    assert_eq!(facts("11 FEB 1731/32"), (Qualifier::Exact, Some(1732), Some((1732, 2, 11))));
    assert_eq!(facts("11 FEB 1699/00"), (Qualifier::Exact, Some(1700), Some((1700, 2, 11))));
    assert_eq!(facts("11 FEB 1699/1700"), (Qualifier::Exact, Some(1700), Some((1700, 2, 11))));
    let both = DateValue::parse("1699/00");
    assert_eq!((both.year(), both.range()), (Some(1699), Some((jdn(1699, 1, 1), jdn(1700, 12, 31)))));
    assert_eq!(facts("44 B.C.").1, Some(-44));
    assert_eq!(facts("15 MAR 44 BCE"), (Qualifier::Exact, Some(-44), Some((-43, 3, 15))));
    assert_eq!(facts("@#DJULIAN@ 15 MAR 44 B.C.").2, Some((-43, 3, 13)));
}

#[test]
fn open_ranges_and_sorting() {
    let d = DateValue::parse;
    assert_eq!(d("BEF 1890").range(), Some((i64::MIN, jdn(1890, 12, 31))));
    assert_eq!(d("TO 1890").range(), Some((i64::MIN, jdn(1890, 12, 31))));
    assert_eq!(d("AFT 1890").range(), Some((jdn(1890, 1, 1), i64::MAX)));
    assert_eq!(d("FROM 1890").range(), Some((jdn(1890, 1, 1), i64::MAX)));
    let order =
        ["31 DEC 1888", "BEF 1890", "1890", "2 JAN 1890", "MAR 1890", "12 MAR 1890", "AFT MAR 1890", "1891"];
    let days: Vec<_> = order.iter().map(|t| d(t).sort_day()).collect();
    assert!(days.is_sorted(), "{days:?}");
    assert!(d("BEF 1890").sort_day() < d("1890").sort_day());
    assert!(d("AFT 1890").sort_day() > d("31 DEC 1890").sort_day());
}

#[test]
fn iso_dates() {
    assert_eq!(iso_to_gedcom("1890-03-12").as_deref(), Some("12 MAR 1890"));
    assert_eq!(iso_to_gedcom("1890-03").as_deref(), Some("MAR 1890"));
    assert_eq!(iso_to_gedcom("1890").as_deref(), Some("1890"));
    assert_eq!(iso_to_gedcom("0890").as_deref(), Some("890"));
    for bad in
        ["", "1890-3", "1890-02-30", "1890-13", "12.3.1890", "0000", "1890-", "1890-03-12-1", "abcd", "18é0"]
    {
        assert_eq!(iso_to_gedcom(bad), None, "{bad}");
    }
    assert_eq!(DateValue::from_iso("1890-03-12").and_then(|d| d.exact_ymd()), Some((1890, 3, 12)));
}

#[test]
fn standard_spellings() {
    for (text, five, seven) in [
        ("about 03 mar 1890", Some("ABT 3 MAR 1890"), Some("ABT 3 MAR 1890")),
        (
            "@#djulian@ bet 1700 and 1701",
            Some("BET @#DJULIAN@ 1700 AND @#DJULIAN@ 1701"),
            Some("BET JULIAN 1700 AND JULIAN 1701"),
        ),
        ("44 b.c.", Some("44 B.C."), Some("44 BCE")),
        ("HEBREW 2 NSN 5783", Some("@#DHEBREW@ 2 NSN 5783"), Some("HEBREW 2 NSN 5783")),
        ("HEBREW 2 ADS 5784", Some("@#DHEBREW@ 2 ADS 5784"), Some("HEBREW 2 ADS 5784")),
        ("5 COMP 7", Some("@#DFRENCH R@ 5 COMP 7"), Some("FRENCH_R 5 COMP 7")),
        ("11 FEB 1699/00", Some("11 FEB 1699/00"), Some("11 FEB 1700")),
        ("11 APR 1699/00", Some("11 APR 1699/00"), Some("11 APR 1699")),
        ("FROM 1699/00 TO 1731/32", Some("FROM 1699/00 TO 1731/32"), Some("FROM 1699 TO 1732")),
        ("INT 1890 (the comet)", Some("INT 1890 (the comet)"), Some("1890")),
        ("9999/00", Some("9999/00"), None),
        ("(the comet)", None, None),
    ] {
        let date = DateValue::parse(text);
        let got = [Version::V551, Version::V70].map(|version| date.to_standard(version));
        assert_eq!(got.each_ref().map(Option::as_deref), [five, seven], "{text}");
    }
    assert_eq!(DateValue::parse("INT 1890 (the (big) comet)").phrase(), Some("the (big) comet"));
    assert_eq!(DateValue::parse("(the comet)").phrase(), Some("the comet"));
    assert_eq!(DateValue::parse("1890 (the comet)").phrase(), None);
}
