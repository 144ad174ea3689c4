use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;

const RECORDS: &[u8] = b"0 HEAD\n1 GEDC\n2 VERS 7.0\n0 TRLR\n";

/// An archive made without our writer.
fn made(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in entries {
        zip.start_file(*name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn open(bytes: &[u8]) -> Result<Archive<Cursor<&[u8]>>, ZipProblem> {
    Archive::open(Cursor::new(bytes))
}

fn all(mut entry: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn what_was_written_is_read() {
    let mut writer = Writer::new(Vec::new());
    writer.gedcom().unwrap().write_all(RECORDS).unwrap();
    writer.media("media/Zo%C3%AB%202.jpg", Compression::Stored).unwrap().write_all(&[7; 5000]).unwrap();
    writer.media("empty.txt", Compression::Deflated).unwrap();
    assert!(matches!(writer.media("Empty.txt", Compression::Stored), Err(ZipProblem::BadName)));
    assert!(matches!(writer.media("../up", Compression::Stored), Err(ZipProblem::BadName)));
    assert!(matches!(writer.gedcom(), Err(ZipProblem::BadName)));
    let bytes = writer.finish().unwrap();
    let mut archive = open(&bytes).unwrap();
    assert_eq!(all(archive.gedcom().unwrap()), RECORDS);
    let names: Vec<_> = archive.list().map(|media| (media.name, media.size)).collect();
    assert_eq!(names, [("media/Zoë 2.jpg".to_owned(), 5000), ("empty.txt".to_owned(), 0)]);
    assert_eq!(all(archive.media("media/Zo%C3%AB%202.jpg").unwrap().unwrap()), [7; 5000]);
    assert_eq!(all(archive.media("./empty.txt").unwrap().unwrap()), b"");
    for absent in ["other.jpg", "https://example.org/a.jpg", "../a", "gedcom.ged"] {
        assert!(archive.media(absent).unwrap().is_none(), "{absent}");
    }
}

#[test]
fn an_archive_needs_records() {
    assert!(matches!(Writer::new(Vec::new()).finish(), Err(ZipProblem::NoGedcom)));
    assert!(matches!(open(&made(&[("a.jpg", b"x")])), Err(ZipProblem::NoGedcom)));
    assert!(matches!(open(&made(&[("a.ged", b"x"), ("b.ged", b"x")])), Err(ZipProblem::NoGedcom)));
    assert!(open(&made(&[("family.GED", RECORDS), ("dir/x.ged", b"")])).is_ok());
}

#[test]
fn what_is_no_archive() {
    for bytes in [&b""[..], b"PK\x03\x04", RECORDS, &[0; 10_000]] {
        assert!(matches!(open(bytes), Err(ZipProblem::Damaged(_) | ZipProblem::Io(_))));
    }
    let whole = made(&[("gedcom.ged", RECORDS)]);
    for cut in 0..whole.len() {
        assert!(open(&whole[..cut]).is_err());
    }
}

#[test]
fn names_that_lead_outside_are_not_let_out() {
    let bytes = made(&[
        ("gedcom.ged", RECORDS),
        ("../../evil", b"x"),
        ("/etc/x", b"x"),
        (r"a\b", b"x"),
        ("ok", b"x"),
    ]);
    let mut archive = open(&bytes).unwrap();
    assert_eq!(archive.list().map(|media| media.name).collect::<Vec<_>>(), ["ok"]);
    assert!(archive.media("../../evil").unwrap().is_none() && archive.media("/etc/x").unwrap().is_none());
}

#[test]
fn two_entries_of_one_name_are_refused() {
    let mut bytes = made(&[("gedcom.ged", RECORDS), ("gedcom.gee", b"0 HEAD\n")]);
    while let Some(at) = bytes.windows(10).position(|w| w == b"gedcom.gee") {
        bytes[at + 9] = b'd';
    }
    assert!(matches!(open(&bytes), Err(ZipProblem::DuplicateName)));
}

#[test]
fn encrypted_entries_are_refused() {
    let mut bytes = made(&[("gedcom.ged", RECORDS)]);
    let central = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    bytes[central + 8] |= 1;
    bytes[6] |= 1;
    assert!(matches!(open(&bytes).unwrap().gedcom(), Err(ZipProblem::Encrypted)));
}

#[test]
fn bombs_do_not_go_off() {
    let bytes = made(&[("gedcom.ged", RECORDS), ("bomb.txt", &vec![b'0'; 4 << 20])]);
    let mut archive = open(&bytes).unwrap();
    assert!(matches!(archive.media("bomb.txt"), Err(ZipProblem::TooLarge { .. })));
    let small = ZipLimits { gedcom_bytes: 10, ..ZipLimits::default() };
    let mut archive = Archive::with_limits(Cursor::new(&bytes), small).unwrap();
    assert!(matches!(archive.gedcom(), Err(ZipProblem::TooLarge { limit: 10 })));
    // An entry that says it is smaller than it is.
    let mut lying = made(&[("gedcom.ged", RECORDS)]);
    let central = lying.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    lying[central + 24] = 5;
    lying[22] = 5;
    let mut rest = Vec::new();
    assert!(open(&lying).unwrap().gedcom().unwrap().read_to_end(&mut rest).is_err());
    assert!(rest.len() <= 5);
}

#[test]
fn absurd_counts_are_refused() {
    let names: Vec<_> = (0..200).map(|n| format!("{n}")).collect();
    let mut entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    entries.push(("gedcom.ged", RECORDS));
    let bytes = made(&entries);
    let few = ZipLimits { entries: 200, ..ZipLimits::default() };
    assert!(matches!(Archive::with_limits(Cursor::new(&bytes), few), Err(ZipProblem::TooManyEntries)));
    let short = ZipLimits { directory_bytes: 4000, ..ZipLimits::default() };
    assert!(matches!(Archive::with_limits(Cursor::new(&bytes), short), Err(ZipProblem::TooManyEntries)));
}

#[test]
fn a_broken_checksum_is_noticed() {
    let mut bytes = made(&[("gedcom.ged", RECORDS)]);
    let central = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    bytes[central + 16] ^= 0xFF;
    let mut text = Vec::new();
    assert!(open(&bytes).unwrap().gedcom().unwrap().read_to_end(&mut text).is_err());
}
