use super::*;

fn person() -> Record {
    let mut birt = Record::new("birt");
    birt.push(Record::with("DATE", "12 MAR 1890")).push(Record::with("PLAC", "Gweru"));
    Record::top("@I1@", "INDI").leaf("NAME", "Rudo /Moyo/").leaf("NAME", "Ruth").containing(birt)
}

#[test]
fn finding_things() {
    let p = person();
    assert_eq!(p.value_of(&["BIRT", "DATE"]), Some("12 MAR 1890"));
    assert_eq!(p.value_of(&["DEAT", "DATE"]), None);
    assert_eq!(p.child("NAME").and_then(|n| n.value.as_deref()), Some("Rudo /Moyo/"));
    assert_eq!(p.children_named("NAME").count(), 2);
    assert_eq!(p.count_lines(), 6);
    let seen: Vec<_> = p.walk().map(|(depth, r)| (depth, r.tag.as_str())).collect();
    assert_eq!(seen, [(0, "INDI"), (1, "NAME"), (1, "NAME"), (1, "BIRT"), (2, "DATE"), (2, "PLAC")]);
}

#[test]
fn changing_things() {
    let mut p = person();
    if let Some(birt) = p.child_mut("BIRT") {
        birt.children.clear();
    }
    assert_eq!(p.to_gedcom(), "0 @I1@ INDI\n1 NAME Rudo /Moyo/\n1 NAME Ruth\n1 BIRT\n");
}

#[test]
fn text_and_record_are_inverse() {
    let text = "0 @N1@ NOTE  lead and trail \n1 CONC x\n1 CONT\n1 CONT \n1 SOUR @S1@\n2 _UID 1\n";
    let record = Record::parse(text);
    assert!(record.is_ok_and(|r| r.to_gedcom() == text && r.text() == " lead and trail x\n\n"));
}

#[test]
fn parsing_anything_but_one_record_fails() {
    assert!(matches!(Record::parse(" \n"), Err(ReadError::Empty)));
    assert!(matches!(Record::parse("hello"), Err(ReadError::NotOneRecord { .. })));
    assert!(matches!(Record::parse("0 HEAD\n0 TRLR"), Err(ReadError::NotOneRecord { .. })));
    assert!(Record::parse("0 HEAD\r\n1 CHAR UTF-8\r\n\r\n").is_ok_and(|r| r.count_lines() == 2));
}

#[test]
fn long_text_is_split_away_from_spaces_and_at_signs() {
    let text = format!("{}  {}\r\n\n{}@@x", "é".repeat(109), "b".repeat(500), "c".repeat(219));
    let mut note = Record::with("NOTE", "old").leaf("CONT", "old").leaf("SOUR", "@S1@");
    note.set_text(&text);
    assert_eq!(note.text(), text.replace("\r\n", "\n"));
    assert_eq!(note.children.last().map(|c| c.tag.as_str()), Some("SOUR"));
    let mut texts = note.walk().filter(|(_, r)| r.tag != "SOUR").filter_map(|(_, r)| r.value.as_deref());
    assert!(
        texts.all(|t| t.len() <= TEXT_LIMIT && t.trim() == t && !t.starts_with('@') && !t.ends_with('@'))
    );
    assert_eq!(note.children.iter().filter(|c| c.tag == "CONT").count(), 2);
}

#[test]
fn text_without_a_safe_place_stays_long() {
    let mut note = Record::new("NOTE");
    note.set_text(&" ".repeat(1000));
    assert_eq!((note.children.len(), note.text().len()), (0, 1000));
    note.set_text_within(&"x".repeat(1000), usize::MAX);
    assert_eq!(note.children.len(), 0);
    note.set_text_within("xyz", 0);
    assert_eq!((note.children.len(), note.text().as_str()), (2, "xyz"));
    note.set_text("");
    assert_eq!((note.value.as_deref(), note.children.len()), (None, 0));
}

#[test]
fn pointers() {
    let pointer = |v: &str| Record::with("X", v).pointer().map(str::to_owned);
    assert_eq!(pointer("@I1@").as_deref(), Some("@I1@"));
    assert_eq!(pointer("@F1@ ").as_deref(), Some("@F1@"));
    assert_eq!(pointer("@VOID@").as_deref(), Some("@VOID@"));
    for text in ["", "@", "@@", "@@home@", "@#DJULIAN@", "@I1@ x", "x @I1@", "@I1@@I2@", "@@@"] {
        assert_eq!(pointer(text), None, "{text}");
    }
    assert_eq!(Record::new("X").pointer(), None);
}

#[test]
fn line_breaks_inside_a_payload_cannot_break_the_file() {
    let r = Record::with("NOTE", "a\n\r0 INDI\n").leaf("SOUR", "x");
    assert_eq!(r.to_gedcom(), "0 NOTE a\n1 CONT 0 INDI\n1 CONT\n1 SOUR x\n");
}

#[test]
fn equality_is_about_content() {
    assert_eq!(Record { line: 7, ..Record::new("A") }, Record::new("A"));
    assert_ne!(Record::with("A", ""), Record::new("A"));
}
