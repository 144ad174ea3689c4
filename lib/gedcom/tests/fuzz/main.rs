//! Fuzz targets: bytes from anywhere, and what must hold for all of them.
//!
//! As ordinary tests they try the committed corpus (`__fuzz__/*/corpus`) and random bytes for a second each.
//! `.ci/fuzz-gedcom` builds them with coverage counters and lets libFuzzer guide the bytes.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::io::{Cursor, Read, Write};

use bolero::check;
use dzinza_gedcom::compare::compare;
use dzinza_gedcom::convert::{Converter, Loss, convert_file};
use dzinza_gedcom::gedzip::{Archive, Compression, Writer, ZipLimits, archive_name, file_reference};
use dzinza_gedcom::{DateValue, Limits, Reader, Record, Version};

/// Small enough to be reached.
const LIMITS: Limits = Limits { line_bytes: 2000, record_bytes: 200_000 };

fn read_all(bytes: &[u8]) -> Vec<Record> {
    let Ok(mut reader) = Reader::with_limits(bytes, LIMITS) else { return Vec::new() };
    let mut records = Vec::new();
    while let Ok(Some(record)) = reader.next_record() {
        records.push(record);
    }
    let found = reader.take_diagnostics();
    let listed = found.iter().filter(|d| d.line > 0).map(|d| d.line);
    assert!(listed.is_sorted(), "{found:?}");
    records
}

fn written(records: &[Record]) -> Vec<u8> {
    let mut out = Vec::new();
    for record in records {
        record.write_to(&mut out, 0).unwrap();
    }
    out
}

/// Any bytes are read without panic and within the limits, and say where they were repaired.
#[test]
fn reader() {
    check!(name = "reader").for_each(|bytes: &[u8]| {
        read_all(bytes);
        let text = String::from_utf8_lossy(bytes);
        if let Ok(record) = Record::parse(&text) {
            assert_eq!(Record::parse(&record.to_gedcom()).unwrap(), record);
        }
    });
}

/// What was read and written is read again as the same, and nothing of it is missing.
#[test]
fn write_read() {
    check!(name = "write_read").for_each(|bytes: &[u8]| {
        let once = read_all(bytes);
        let file = written(&once);
        let twice: Vec<_> = Reader::new(&file[..]).into_iter().flatten().map_while(Result::ok).collect();
        assert_eq!(twice, once);
        if !once.is_empty() {
            let kept = compare(&file[..], &file[..], 1).unwrap();
            assert_eq!((kept.lines, kept.added), (kept.kept, 0));
        }
    });
}

/// Any text is a date; its standard spelling means the same.
#[test]
fn dates() {
    check!(name = "dates").for_each(|bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let date = DateValue::parse(&text);
        assert_eq!(date.text(), text);
        assert!(date.range().is_none_or(|(first, last)| first <= last || date.has_dual_year()));
        for version in [Version::V551, Version::V70] {
            let Some(standard) = date.to_standard(version) else { continue };
            let again = DateValue::parse(&standard);
            // 7.0 has no way to say that something was about a year with two names.
            if version == Version::V551 || !date.has_dual_year() {
                assert_eq!(again.range(), date.range(), "{text:?} as {standard:?}");
            }
            assert_eq!(again.to_standard(version).as_ref(), Some(&standard));
        }
    });
}

/// Every file can be converted; what comes back is the same but for what was listed.
#[test]
fn convert_to_seven() {
    check!(name = "convert_to_seven").for_each(|bytes: &[u8]| there_and_back(bytes, Version::V551));
}

#[test]
fn convert_to_five() {
    check!(name = "convert_to_five").for_each(|bytes: &[u8]| there_and_back(bytes, Version::V70));
}

fn there_and_back(bytes: &[u8], from: Version) {
    let mut file = format!("0 HEAD\n1 GEDC\n2 VERS {from}\n").into_bytes();
    file.extend_from_slice(bytes);
    let before = read_all(&file);
    if before.iter().filter(|record| record.tag == "HEAD").count() != 1 {
        return;
    }
    let to = if from == Version::V551 { Version::V70 } else { Version::V551 };
    let file = written(&before);
    let (there, losses) = convert(&file, to);
    let (back, more) = convert(&there, from);
    let records = read_all(&file).len();
    assert!(read_all(&there).len() >= records && read_all(&back).len() >= records);
    if losses.is_empty() && more.is_empty() && from == Version::V70 && tidy(&before) {
        let kept = compare(&file[..], &back[..], 3).unwrap();
        assert_eq!(kept.missing, [], "{}", String::from_utf8_lossy(&there));
    }
    let mut unprepared = Converter::new(to);
    for record in before {
        unprepared.convert(record);
    }
}

/// Without lines that no version provides for: continuations where there is nothing to continue.
fn tidy(records: &[Record]) -> bool {
    let continued = |line: &Record| line.tag == "CONC" || (line.tag == "CONT" && !line.children.is_empty());
    let text = |line: &Record| line.value.as_deref().unwrap_or_default().contains('@');
    records.iter().all(|r| r.tag != "CONT" && r.walk().all(|(_, line)| !continued(line) && !text(line)))
}

fn convert(bytes: &[u8], to: Version) -> (Vec<u8>, Vec<Loss>) {
    let (mut out, mut losses) = (Vec::new(), Vec::new());
    convert_file(bytes, bytes, to, &mut out, |loss| losses.push(loss)).unwrap();
    (out, losses)
}

/// Neither bytes from anywhere nor an archive with a few bytes changed can do harm.
#[test]
fn gedzip() {
    check!(name = "gedzip").for_each(|bytes: &[u8]| {
        unpack(bytes);
        let Some((changes, content)) = bytes.split_at_checked(8) else { return };
        let text = String::from_utf8_lossy(content);
        let name = file_reference(text.lines().next().unwrap_or_default());
        let mut writer = Writer::new(Vec::new());
        writer.gedcom().unwrap().write_all(content).unwrap();
        if archive_name(&name).is_some() {
            writer.media(&name, Compression::Stored).unwrap().write_all(content).unwrap();
        }
        let mut archive = writer.finish().unwrap();
        let mut unpacked = Vec::new();
        let mut reader = Archive::open(Cursor::new(&archive)).unwrap();
        reader.gedcom().unwrap().read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, content);
        for change in changes.chunks_exact(2) {
            let at = archive.len() * usize::from(change[0]) / 256;
            archive[at] ^= change[1];
        }
        unpack(&archive);
    });
}

fn unpack(bytes: &[u8]) {
    let limits = ZipLimits { gedcom_bytes: 1 << 20, media_bytes: 1 << 20, ..ZipLimits::default() };
    let Ok(mut archive) = Archive::with_limits(Cursor::new(bytes), limits) else { return };
    if let Ok(mut entry) = archive.gedcom() {
        let mut sink = Vec::new();
        let _ = entry.read_to_end(&mut sink);
        assert!(sink.len() <= 1 << 20);
    }
    for media in archive.list().collect::<Vec<_>>() {
        assert!(!media.name.starts_with('/') && !media.name.split('/').any(|part| part == ".."));
        if let Ok(Some(mut entry)) = archive.media(&file_reference(&media.name)) {
            let mut sink = Vec::new();
            let _ = entry.read_to_end(&mut sink);
            assert!(sink.len() <= 1 << 20);
        }
    }
}
