//! Properties that hold for all input, tried on random input.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use dzinza_gedcom::compare::{Kept, compare};
use dzinza_gedcom::convert::{KeptAs, Loss, convert_file};
use dzinza_gedcom::date::iso_to_gedcom;
use dzinza_gedcom::{DateValue, Reader, Record, Version};
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

/// Dates that both versions can say, in the words of 5.5.1.
fn five_date() -> impl Strategy<Value = String> {
    let calendar = prop_oneof![Just(""), Just("@#DJULIAN@ ")];
    let day = "([1-9]|1[0-9]|2[0-8]) (JAN|FEB|MAR|AUG|DEC) 1[0-9]{3}|(MAR|DEC) [1-9][0-9]{2}|[1-9][0-9]{0,3}( B\\.C\\.)?";
    let date = move || (calendar.clone(), day).prop_map(|(calendar, day)| format!("{calendar}{day}"));
    let dual = (1000..1999).prop_map(|year| format!("11 FEB {year}/{:02}", (year + 1) % 100));
    prop_oneof![
        date(),
        dual,
        (
            prop_oneof![
                Just("ABT"),
                Just("CAL"),
                Just("EST"),
                Just("BEF"),
                Just("AFT"),
                Just("FROM"),
                Just("TO")
            ],
            date()
        )
            .prop_map(|(word, date)| format!("{word} {date}")),
        (date(), date()).prop_map(|(a, b)| format!("BET {a} AND {b}")),
        (date(), date()).prop_map(|(a, b)| format!("FROM {a} TO {b}")),
        (date(), "[a-z]{1,8}( [a-z]{1,8})?").prop_map(|(date, words)| format!("INT {date} ({words})")),
        "[a-z]{1,8}( [a-z]{1,8})?".prop_map(|words| format!("({words})")),
    ]
}

/// People with what both versions can say, in the words of 5.5.1.
fn plain_people() -> impl Strategy<Value = String> {
    let event = ("BIRT|CHR|DEAT|BURI|GRAD", five_date(), "[A-Z][a-z]{2,8}")
        .prop_map(|(tag, date, place)| format!("1 {tag}\n2 DATE {date}\n2 PLAC {place}\n"));
    let line = prop_oneof![
        event,
        "[A-Z][a-z]{1,9} /[A-Z][a-z]{1,9}/".prop_map(|name| format!("1 NAME {name}\n2 TYPE maiden\n")),
        "M|F|U".prop_map(|sex| format!("1 SEX {sex}\n")),
        "[1-9][0-9]?y|<[1-9]y|CHILD|STILLBORN|[1-9]y [1-9]m".prop_map(|age| format!("1 DEAT\n2 AGE {age}\n")),
        "[a-z ]{1,30}[a-z]".prop_map(|text| format!("1 NOTE {text}@@home\n2 CONT @@{text}\n")),
        "adopted|birth|foster".prop_map(|word| format!("1 FAMC @F1@\n2 PEDI {word}\n")),
        "witness|best man|GODP|Godmother".prop_map(|word| format!("1 ASSO @I0@\n2 RELA {word}\n")),
        "confidential|locked|privacy".prop_map(|word| format!("1 RESN {word}\n")),
        "[A-Z0-9]{1,8}".prop_map(|id| format!("1 RIN {id}\n1 AFN {id}\n1 REFN {id}\n")),
        "_[A-Z]{3,9}".prop_map(|tag| format!("1 {tag} own\n2 DATE 1890\n")),
        Just("1 NOTE @N1@\n1 OBJE @O1@\n1 SOUR @S1@\n2 EVEN hut tax\n3 ROLE (chief)\n2 QUAY 2\n".to_owned()),
    ];
    let person = prop::collection::vec(line, 0..6);
    prop::collection::vec(person, 1..5).prop_map(|people| {
        let mut file = "0 HEAD\n1 SOUR ME\n1 GEDC\n2 VERS 5.5.1\n2 FORM LINEAGE-LINKED\n1 CHAR UTF-8\n".to_owned();
        for (n, lines) in people.iter().enumerate() {
            file.extend([format!("0 @I{n}@ INDI\n"), lines.concat()]);
        }
        file + "0 @F1@ FAM\n0 @N1@ NOTE x\n0 @S1@ SOUR\n0 @O1@ OBJE\n1 FILE a b.jpg\n2 FORM jpg\n3 TYPE photo\n0 TRLR\n"
    })
}

/// Lines of 7.0 with its own tags and words, in places where they may and may not belong.
fn seven_lines() -> impl Strategy<Value = String> {
    let tag = prop::sample::select(TAGS.split_whitespace().collect::<Vec<_>>());
    let word = prop::sample::select(WORDS.split('|').collect::<Vec<_>>());
    let line = (1..4, tag, word).prop_map(|(level, tag, word)| format!("{level} {tag}{word}\n"));
    let lines = prop::collection::vec(line, 0..25).prop_map(|lines| lines.concat());
    (prop::sample::select(vec!["INDI", "FAM", "OBJE", "SOUR"]), lines)
        .prop_map(|(tag, lines)| format!("0 HEAD\n1 GEDC\n2 VERS 7.0\n0 @I1@ {tag}\n{lines}0 TRLR\n"))
}

const TAGS: &str = "NAME SEX BIRT DATE PHRASE TIME AGE NO EXID UID CREA SDATE ASSO ROLE FAMC PEDI STAT RESN TRAN LANG \
    SNOTE NOTE OBJE TITL CROP SOUR EVEN TYPE INIL BAPL CHAN FACT RESI MIME FILE FORM MEDI PLAC _UID _X";
const WORDS: &str = "|| @VOID@| @I1@| @@x| 1890| 12 MAR 1890| BEF 1700| X| OTHER| CONFIDENTIAL, LOCKED| GODP| en-US| en\
    | ja-Latn| 3w| > 8y| 12:00Z| image/jpeg| application/x-mp3| a%20b| PROFESSIONAL| ADOPTED| DNS_CAN| EVEN\
    | some words| me@home";

fn convert(file: &[u8], to: Version) -> (Vec<u8>, Vec<Loss>) {
    let (mut out, mut losses) = (Vec::new(), Vec::new());
    convert_file(file, file, to, &mut out, |loss| losses.push(loss)).unwrap();
    (out, losses)
}

fn all_kept(before: &[u8], after: &[u8]) -> Kept {
    compare(before, after, 3).unwrap()
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

    #[test]
    fn what_both_versions_can_say_comes_back_without_a_loss(file in plain_people()) {
        let (there, losses) = convert(file.as_bytes(), Version::V70);
        prop_assert_eq!(losses, vec![]);
        let (back, losses) = convert(&there, Version::V551);
        prop_assert_eq!(losses, vec![]);
        let kept = all_kept(file.as_bytes(), &back);
        prop_assert!(kept.missing.is_empty() && kept.added == 0, "{:?}\n{}", kept, String::from_utf8_lossy(&there));
    }

    #[test]
    fn what_was_kept_as_an_extension_comes_back(file in seven_lines()) {
        let file = written(&read_all(file.as_bytes()));
        let (there, losses) = convert(&file, Version::V551);
        let (back, more) = convert(&there, Version::V70);
        if more.is_empty() && losses.iter().all(|loss| matches!(loss.kept_as, KeptAs::Extension(_))) {
            let kept = all_kept(&file, &back);
            prop_assert!(kept.missing.is_empty(), "{:?}\n{}", kept, String::from_utf8_lossy(&there));
        }
    }

    #[test]
    fn diagnostics_come_by_line(bytes in almost_gedcom()) {
        let mut reader = Reader::new(&bytes[..]).unwrap();
        let mut lines = Vec::new();
        while let Ok(Some(_)) = reader.next_record() {
            lines.extend(reader.take_diagnostics().iter().map(|d| d.line));
        }
        prop_assert!(lines.is_sorted(), "{lines:?}");
    }

    #[test]
    fn the_standard_spelling_of_a_date_means_the_same(text in five_date()) {
        let date = DateValue::parse(&text);
        for version in [Version::V551, Version::V70] {
            if let Some(standard) = date.to_standard(version) {
                let again = DateValue::parse(&standard);
                prop_assert_eq!(again.to_standard(version), Some(standard));
                let same = version == Version::V551 || !date.has_dual_year();
                prop_assert!(!same || again.range() == date.range());
            }
        }
    }
}
