//! Properties that hold for all input, tried on random input.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use dzinza_gedcom::date::iso_to_gedcom;
use dzinza_gedcom::{DateValue, Reader, Record};
use proptest::prelude::*;

fn value() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        Just(None),
        Just(Some(String::new())),
        "[ -~éß語𝕫]{0,40}".prop_map(Some),
        "\\PC{0,40}".prop_map(Some),
        "@[A-Z][0-9]{1,4}@".prop_map(Some),
    ]
}

fn record() -> impl Strategy<Value = Record> {
    let line = || ("[A-Z_][A-Z0-9_]{0,14}", value());
    let leaf = line().prop_map(|(tag, value)| Record { value, ..Record::new(&tag) });
    leaf.prop_recursive(6, 40, 6, move |inner| {
        (line(), prop::collection::vec(inner, 0..6)).prop_map(|((tag, value), children)| Record {
            value,
            children,
            ..Record::new(&tag)
        })
    })
}

/// Bytes that look like GEDCOM often enough to get past the start.
fn almost_gedcom() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        "[0-9]{1,3} (@[A-Z0-9]{1,4}@ )?[A-Za-z_]{1,6}( [ -~é]{0,30})?".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..40),
        Just(b"2 CONC \xA9x".to_vec()),
        Just(b"1 NOTE x\xC3".to_vec()),
    ];
    let end = prop_oneof![Just("\n"), Just("\r\n"), Just("\r"), Just("\n\r"), Just("\0")];
    let charset =
        prop_oneof![Just("UTF-8"), Just("ANSEL"), Just("ANSI"), Just("IBMPC"), Just("MACINTOSH"), Just("?")];
    (charset, prop::collection::vec((line, end), 0..40)).prop_map(|(charset, lines)| {
        let mut bytes = format!("0 HEAD\n1 CHAR {charset}\n").into_bytes();
        for (line, end) in lines {
            bytes.extend(line);
            bytes.extend(end.bytes());
        }
        bytes
    })
}

fn read_all(bytes: &[u8]) -> Vec<Record> {
    Reader::new(bytes).into_iter().flatten().map_while(Result::ok).collect()
}

fn written(records: &[Record]) -> Vec<u8> {
    let mut out = Vec::new();
    for record in records {
        record.write_to(&mut out, 0).unwrap();
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parse_is_the_inverse_of_to_gedcom(record in record()) {
        prop_assert_eq!(Record::parse(&record.to_gedcom()).unwrap(), record);
    }

    #[test]
    fn reading_gives_back_what_was_written(mut records in prop::collection::vec(record(), 0..6)) {
        records.insert(0, Record::new("HEAD"));
        records.push(Record::new("TRLR"));
        let bytes = written(&records);
        let mut reader = Reader::new(&bytes[..]).unwrap();
        let again: Vec<_> = reader.by_ref().map(Result::unwrap).collect();
        prop_assert_eq!(again, records);
        prop_assert_eq!(reader.take_diagnostics(), vec![]);
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read_all(&bytes);
    }

    #[test]
    fn reading_is_stable_after_one_repair(bytes in almost_gedcom()) {
        let once = read_all(&bytes);
        prop_assert!(!once.is_empty());
        prop_assert_eq!(read_all(&written(&once)), once);
    }

    #[test]
    fn text_survives_set_text(text in "([ab@é]|[ \n]|\\PC){0,600}", limit in 0usize..300) {
        let mut note = Record::new("NOTE");
        note.set_text_within(&text, limit);
        prop_assert_eq!(note.text(), &*text);
        prop_assert_eq!(Record::parse(&note.to_gedcom()).unwrap().text(), text);
    }

    #[test]
    fn dates_never_panic_and_keep_their_text(text in "\\PC{0,40}") {
        let date = DateValue::parse(&text);
        prop_assert_eq!(date.text(), &*text);
        prop_assert_eq!(date.range().is_some(), date.sort_day().is_some());
    }

    #[test]
    fn date_like_text_gives_sane_ranges(
        text in "(ABT |BEF |BET |FROM |@#DJULIAN@ |@#DHEBREW@ |@#DFRENCH R@ )?([0-9]{1,2} )?(JAN |FEB |ADS |TSH |COMP )?[0-9]{1,4}(/[0-9]{2})?( B\\.C\\.)?( AND 1900| TO 1900)?"
    ) {
        if let Some((first, last)) = DateValue::parse(&text).range() {
            prop_assert!(first <= last);
        }
    }

    #[test]
    fn iso_days_come_back(year in 1i32..=9999, month in 1u8..=12, day in 1u8..=31) {
        let gedcom = iso_to_gedcom(&format!("{year:04}-{month:02}-{day:02}"));
        prop_assert!(gedcom.is_some() || day > 28);
        if let Some(gedcom) = gedcom {
            prop_assert_eq!(DateValue::parse(&gedcom).exact_ymd(), Some((year, month, day)));
        }
    }
}
