use std::fmt::Write as _;

use super::*;

fn read(bytes: impl AsRef<[u8]>) -> (String, Vec<&'static str>) {
    let mut reader = Reader::new(bytes.as_ref()).unwrap();
    let mut text = String::new();
    while let Some(record) = reader.next_record().unwrap() {
        text += &record.to_gedcom();
    }
    let mut codes: Vec<_> = reader.take_diagnostics().iter().map(|d| d.code).collect();
    codes.dedup();
    (text, codes)
}

const GOOD: &str = "0 HEAD\n1 CHAR UTF-8\n0 @I1@ INDI\n1 NAME Zoë\n2 CONC  x \n0 TRLR\n";

#[test]
fn a_good_file_comes_back_without_a_word() {
    assert_eq!(read(GOOD), (GOOD.to_owned(), vec![]));
    let mut reader = Reader::new(GOOD.as_bytes()).unwrap();
    assert_eq!(reader.by_ref().map(|r| r.unwrap().line).collect::<Vec<_>>(), [1, 3, 6]);
    assert_eq!((reader.lines_read(), reader.bytes_read()), (6, GOOD.len() as u64));
    assert_eq!(reader.encoding(), Encoding::Utf8);
}

#[test]
fn every_line_end() {
    for end in ["\r\n", "\r", "\n\r"] {
        assert_eq!(read(GOOD.replace('\n', end)), (GOOD.to_owned(), vec![]), "{end:?}");
    }
    let mixed = "0 HEAD\r1 CHAR UTF-8\n0 @I1@ INDI\r\n1 NAME Zoë\n\r2 CONC  x \r0 TRLR";
    assert_eq!(read(mixed), (GOOD.to_owned(), vec![]));
}

/// Gives one byte at a time, with an interruption before each.
struct Drip<'a>(&'a [u8], bool);

impl Read for Drip<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        let n = self.0.len().min(buf.len()).min(1);
        buf[..n].copy_from_slice(&self.0[..n]);
        self.0 = &self.0[n..];
        Ok(n)
    }
}

fn wide(text: &str, big: bool) -> Vec<u8> {
    text.encode_utf16().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
}

#[test]
fn utf16_with_and_without_mark_and_in_drips() {
    for big in [false, true] {
        for mark in ["", "\u{FEFF}"] {
            let bytes = wide(&format!("{mark}{}", GOOD.replace("UTF-8", "UNICODE").replace('ë', "𝕫")), big);
            let mut reader = Reader::new(Drip(&bytes, false)).unwrap();
            assert_eq!(reader.encoding(), if big { Encoding::Utf16Be } else { Encoding::Utf16Le });
            let records: Vec<_> = reader.by_ref().map(Result::unwrap).collect();
            assert_eq!(records[1].value_of(&["NAME"]), Some("Zo𝕫"));
            assert_eq!(reader.take_diagnostics(), []);
        }
    }
}

#[test]
fn chunk_borders_do_not_matter() {
    let mut text = "0 HEAD\r\n".to_owned();
    for n in 0..30_000 {
        write!(text, "0 @I{n}@ INDI\r\n1 NAME {}ë\r\n", "x".repeat(n % 17)).unwrap();
    }
    text += "0 TRLR\r\n";
    assert_eq!(read(&text), (text.replace('\r', ""), vec![]));
}

#[test]
fn headers_that_lie() {
    let (text, codes) = read(b"0 HEAD\n1 CHAR UTF-8\n0 @I1@ INDI\n1 NAME Zo\xEB\n0 TRLR\n");
    assert!(text.contains("Zoë"));
    assert_eq!(codes, ["wrong-charset"]);
    let (text, codes) = read(GOOD.replace("UTF-8", "ANSEL"));
    assert!(text.contains("Zoë"));
    assert_eq!(codes, ["wrong-charset"]);
    assert_eq!(read(format!("\u{FEFF}{}", GOOD.replace("UTF-8", "ANSEL"))).1, ["wrong-charset"]);
    assert_eq!(read(GOOD.replace("UTF-8", "KLINGON")).1, ["unknown-charset"]);
    let (text, codes) = read(b"0 HEAD\n1 CHAR ANSEL\n0 @I1@ INDI\n1 NAME Zo\xE8e\n0 TRLR\n");
    assert!(text.contains("Zoë"));
    assert_eq!(codes, [""; 0]);
    let (text, codes) = read(b"0 HEAD\n1 CHAR IBMPC\n0 @I1@ INDI\n1 NAME Zo\x89\n0 TRLR\n");
    assert!(text.contains("Zoë"));
    assert_eq!(codes, [""; 0]);
}

#[test]
fn a_character_split_between_lines_is_mended() {
    for (end, tail) in [("\n", ""), ("\r\n", "\r\n0 TRLR"), ("\r", "\r0 TRLR\r")] {
        let mut bytes = format!("0 HEAD{end}1 NOTE Zo").into_bytes();
        bytes.extend(b"\xC3");
        bytes.extend(format!("{end}2 conc ").bytes());
        bytes.extend(b"\xABx");
        bytes.extend(tail.bytes());
        let (text, codes) = read(&bytes);
        assert!(text.starts_with("0 HEAD\n1 NOTE Zoë\n2 CONC x\n"), "{text}");
        assert!(codes.contains(&"split-character"));
    }
    assert!(read(b"0 HEAD\n1 NOTE Zo\xC3").0.contains("ZoÃ"));
    assert!(read(b"0 HEAD\n1 NOTE Zo\xC3\r\n1 NOTE x").0.contains("ZoÃ\n1 NOTE x"));
}

#[test]
fn forms_that_are_normalised() {
    let (text, codes) = read("0 head\n\n  1 char UTF-8\n0  @I1@ Indi\n1\tNAME Zoë\n02 CONC x\n0 TRLR\n");
    assert_eq!(text, "0 HEAD\n1 CHAR UTF-8\n0 @I1@ INDI\n1 NAME Zoë\n2 CONC x\n0 TRLR\n");
    for code in ["lower-case-tag", "blank-line", "indented-line", "loose-spacing"] {
        assert!(codes.contains(&code), "{code}");
    }
    assert_eq!(
        read("0 HEAD\n1 NOTE a\0b\n0 TRLR\n\x1A"),
        ("0 HEAD\n1 NOTE ab\n0 TRLR\n".into(), vec!["nul-removed", "blank-line"])
    );
}

#[test]
fn level_jumps_attach_to_the_nearest_open_level() {
    let (text, codes) = read("0 HEAD\n2 A\n3 B\n2 C\n1 D\n0 TRLR\n");
    assert_eq!(text, "0 HEAD\n1 A\n2 B\n1 C\n1 D\n0 TRLR\n");
    assert_eq!(codes, ["level-jump"]);
    assert_eq!(read("0 HEAD\n1 X y\n0 @I1@\n1 NAME z\n0 TRLR\n").1, ["missing-tag"]);
}

#[test]
fn raw_line_breaks_become_cont() {
    let (text, codes) = read("0 HEAD\n1 NOTE one\ntwo\n\n1890 was a dry year\n  three\n1 X y\n0 TRLR\n");
    let mended =
        "0 HEAD\n1 NOTE one\n2 CONT two\n2 CONT\n2 CONT 1890 was a dry year\n2 CONT   three\n1 X y\n0 TRLR\n";
    assert_eq!(text, mended);
    assert_eq!(codes, ["raw-line-break", "blank-line", "raw-line-break"]);
}

#[test]
fn sequences_of_records_that_are_only_reported() {
    let (text, codes) = read("0 @I1@ INDI\n0 @I1@ INDI\n");
    assert_eq!(text, "0 @I1@ INDI\n0 @I1@ INDI\n");
    assert_eq!(codes, ["missing-head", "duplicate-xref", "missing-trailer"]);
    assert_eq!(read("0 HEAD\n0 TRLR\n0 @I1@ INDI\n0 @I2@ INDI\n").1, ["after-trailer"]);
    assert_eq!(read("junk\n0 HEAD\n0 TRLR\n").1, ["text-before-first-record"]);
}

#[test]
fn absurd_nesting_is_flattened_and_dropped_safely() {
    let mut text = String::new();
    for level in 0..20_000 {
        writeln!(text, "{level} HEAD").unwrap();
    }
    let mut reader = Reader::new(text.as_bytes()).unwrap();
    let record = reader.next_record().unwrap().unwrap();
    assert_eq!(record.count_lines(), 20_000);
    assert_eq!(record.walk().map(|(depth, _)| depth).max(), Some(crate::MAX_DEPTH - 1));
    assert!(reader.take_diagnostics().iter().any(|d| d.code == "too-deep"));
}

#[test]
fn limits_hold() {
    let long = format!("0 HEAD\n1 NOTE {}\n0 TRLR\n", "x".repeat(2 << 20));
    let mut reader = Reader::new(long.as_bytes()).unwrap();
    assert!(matches!(reader.next_record(), Err(ReadError::LineTooLong { line: 2, .. })));
    assert!(matches!(reader.next_record(), Ok(None)));
    let big = format!("0 HEAD\n{}0 TRLR\n", "1 NOTE x\n".repeat(1000));
    let limits = Limits { record_bytes: 10_000, ..Limits::default() };
    let mut reader = Reader::with_limits(big.as_bytes(), limits).unwrap();
    assert!(matches!(reader.next_record(), Err(ReadError::RecordTooLarge { line: 1, .. })));
}

#[test]
fn what_cannot_be_read() {
    assert!(matches!(Reader::new(&b""[..]), Err(ReadError::Empty)));
    assert!(matches!(Reader::new(&b" \r\n\t"[..]), Err(ReadError::Empty)));
    assert!(matches!(Reader::new(&b"\xEF\xBB\xBF"[..]), Err(ReadError::Empty)));
    assert!(matches!(Reader::new(&b"id,name\n"[..]), Err(ReadError::NotGedcom { .. })));
    assert!(matches!(Reader::new(Broken), Err(ReadError::Io(_))));
}

struct Broken;
impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::Error::other("disk on fire"))
    }
}

#[test]
fn dangling_pointers_are_reported_when_asked_for() {
    let file = "0 HEAD\n0 @I1@ INDI\n1 FAMS @F1@\n1 FAMC @F9@\n1 ALIA @VOID@\n1 NOTE @N1@\n0 @F1@ FAM\n1 CHIL @F9@\n0 TRLR\n";
    assert_eq!(read(file), (file.to_owned(), vec![]));
    let mut reader = Reader::new(file.as_bytes()).unwrap().checking_pointers();
    assert_eq!(reader.by_ref().count(), 4);
    let found: Vec<_> = reader.take_diagnostics().iter().map(|d| (d.line, d.code)).collect();
    assert_eq!(found, [(4, "dangling-pointer"), (6, "dangling-pointer")]);
}

#[test]
fn long_lines_and_a_hundred_levels_are_kept_as_they_are() {
    let mut file = format!("0 HEAD\n1 NOTE {}\n0 @I1@ INDI\n", "x".repeat(50_000));
    for level in 1..100 {
        writeln!(file, "{level} _TAG{level} own").unwrap();
    }
    file += "0 @X1@ _WHAT ever\n1 MISC\n0 TRLR\n";
    assert_eq!(read(&file), (file.clone(), vec![]));
}

#[test]
fn each_code_page_by_its_name_in_the_header() {
    for (name, byte) in
        [("ANSI", 0xEB), ("IBMPC", 0x89), ("IBM WINDOWS", 0xEB), ("MACINTOSH", 0x91), ("CP1252", 0xEB)]
    {
        let mut bytes = format!("0 HEAD\r1 CHAR {name}\r0 @I1@ INDI\r1 NAME Zo").into_bytes();
        bytes.push(byte);
        bytes.extend(b"\r0 TRLR\r");
        let (text, codes) = read(&bytes);
        assert!(text.contains("1 NAME Zoë\n"), "{name}: {text}");
        assert_eq!(codes, [""; 0], "{name}");
    }
}
