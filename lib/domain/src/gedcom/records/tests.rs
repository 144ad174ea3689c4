use super::*;

const SOURCE: &str = "0 @S1@ SOUR\n1 DATA\n2 EVEN BIRT, DEAT\n3 DATE FROM 1890 TO 1900\n3 PLAC Gutu, Masvingo\n2 AGNC Mission\n1 AUTH  Rev. Moyo\n1 TITL Songs of the\n2 CONC  Rozvi\n1 PUBL\n1 REPO @R1@\n2 CALN 13B-1234.01\n3 MEDI Book\n2 CALN second\n1 REPO @GONE@\n1 NOTE inline\n1 NOTE @N1@\n1 REFN 7\n2 TYPE shelf\n1 _ODD kept\n1 CHAN\n2 DATE 1 JAN 2001\n";

fn pointers() -> Pointers {
    let mut pointers = Pointers::default();
    for (xref, id, kind) in [
        ("@R1@", "r1", RecordKind::Repository),
        ("@R2@", "r2", RecordKind::Repository),
        ("@N1@", "n1", RecordKind::Note),
        ("@M1@", "m1", RecordKind::Media),
    ] {
        pointers.add(xref, id, Some(kind));
    }
    pointers
}

fn object(value: &Value) -> Body {
    value.as_object().unwrap().clone()
}

fn changed(kind: RecordKind, raw: &str, input: &Value, dialect: Dialect) -> String {
    let (pointers, mut record) = (pointers(), Record::parse(raw).unwrap());
    let current = record_fields(kind, &record, &pointers);
    let changes = read_changes(Some(kind), &object(input), &current).unwrap();
    apply(&mut record, shapes::of(kind), &changes, (&pointers, dialect));
    record.to_gedcom()
}

#[test]
fn a_source_is_read_in_all_its_parts() {
    let read = record_fields(RecordKind::Source, &Record::parse(SOURCE).unwrap(), &pointers());
    assert_eq!((&read["title"], &read["author"]), (&json!("Songs of the Rozvi"), &json!("Rev. Moyo")));
    assert_eq!(
        read["repositories"],
        json!([{ "repositoryId": "r1", "callNumber": "13B-1234.01", "medium": "Book", "notes": [] }])
    );
    let place = json!({ "name": "Gutu, Masvingo", "parts": ["Gutu", "Masvingo"] });
    assert_eq!(
        read["coverage"],
        json!([{ "events": "BIRT, DEAT", "date": "FROM 1890 TO 1900", "place": place }])
    );
    assert_eq!((&read["agency"], &read["notes"]), (&json!("Mission"), &json!(["inline"])));
    assert_eq!(
        (&read["noteIds"], &read["identifiers"]),
        (&json!(["n1"]), &json!([{ "kind": "REFN", "value": "7", "type": "shelf" }]))
    );
    assert_eq!(read["changed"], json!({ "date": "1 JAN 2001", "time": null }));
}

#[test]
fn each_change_touches_its_own_lines() {
    let read = Value::Object(record_fields(RecordKind::Source, &Record::parse(SOURCE).unwrap(), &pointers()));
    assert_eq!(changed(RecordKind::Source, SOURCE, &read, Dialect::Five), SOURCE);
    for (input, from, to) in [
        (json!({ "title": "Songs" }), "1 TITL Songs of the\n2 CONC  Rozvi\n", "1 TITL Songs\n"),
        (json!({ "author": null }), "1 AUTH  Rev. Moyo\n", ""),
        (json!({ "publication": "Gwelo" }), "1 PUBL\n", "1 PUBL Gwelo\n"),
        (json!({ "agency": "Church" }), "2 AGNC Mission", "2 AGNC Church"),
        (json!({ "notes": ["inline", "more"] }), "1 NOTE inline\n", "1 NOTE inline\n1 NOTE more\n"),
        (json!({ "notes": [] }), "1 NOTE inline\n", ""),
        (json!({ "noteIds": [] }), "1 NOTE @N1@\n", ""),
        (json!({ "mediaIds": ["m1"] }), "2 DATE 1 JAN 2001\n", "2 DATE 1 JAN 2001\n1 OBJE @M1@\n"),
        (
            json!({ "repositories": [{ "repositoryId": "r1", "callNumber": "9", "medium": "Book" }] }),
            "2 CALN 13B-1234.01",
            "2 CALN 9",
        ),
        (
            json!({ "repositories": [{ "repositoryId": "r2", "callNumber": "13B-1234.01", "medium": "Book" }] }),
            "@R1@",
            "@R2@",
        ),
        (
            json!({ "identifiers": [{ "kind": "REFN", "value": "8", "type": "shelf" }] }),
            "1 REFN 7",
            "1 REFN 8",
        ),
        (
            json!({ "coverage": [] }),
            "2 EVEN BIRT, DEAT\n3 DATE FROM 1890 TO 1900\n3 PLAC Gutu, Masvingo\n",
            "",
        ),
    ] {
        let expected = SOURCE.replacen(from, to, 1);
        assert_ne!(expected, SOURCE, "{from}");
        assert_eq!(changed(RecordKind::Source, SOURCE, &input, Dialect::Five), expected, "{input}");
    }
}

#[test]
fn a_line_that_has_nothing_left_to_say_goes() {
    let raw = "0 @S1@ SOUR\n1 TITL T\n1 DATA\n2 AGNC Mission\n";
    let without = changed(RecordKind::Source, raw, &json!({ "agency": "" }), Dialect::Five);
    assert_eq!(without, "0 @S1@ SOUR\n1 TITL T\n");
}

#[test]
fn notes_are_texts_of_their_own_in_either_version() {
    let raw = "0 @N1@ NOTE one\n1 CONT two @@ three\n1 SOUR @S1@\n";
    let read = record_fields(RecordKind::Note, &Record::parse(raw).unwrap(), &pointers());
    assert_eq!(read["text"], "one\ntwo @ three");
    let five = changed(RecordKind::Note, raw, &json!({ "text": "@a\nb" }), Dialect::Five);
    assert_eq!(five, "0 @N1@ NOTE @@a\n1 CONT b\n1 SOUR @S1@\n");
    let (pointers, input) = (pointers(), object(&json!({ "text": "x" })));
    let seven = new_record(RecordKind::Note, "id", "t", &input, (&pointers, Dialect::Seven)).unwrap();
    assert_eq!((&seven["tag"], &seven["index"]["kind"]), (&json!("SNOTE"), &json!("note")));
}

#[test]
fn media_have_files_and_a_title_wherever_their_version_keeps_it() {
    for (raw, expected) in [
        (
            "0 @M1@ OBJE\n1 FORM jpg\n1 TITL Old\n1 FILE a.jpg\n",
            "0 @M1@ OBJE\n1 FORM jpg\n1 TITL New\n1 FILE a.jpg\n",
        ),
        (
            "0 @M1@ OBJE\n1 FILE a.jpg\n2 FORM jpg\n3 TYPE photo\n2 TITL Old\n",
            "0 @M1@ OBJE\n1 FILE a.jpg\n2 FORM jpg\n3 TYPE photo\n2 TITL New\n",
        ),
    ] {
        let read = record_fields(RecordKind::Media, &Record::parse(raw).unwrap(), &pointers());
        assert_eq!((&read["title"], &read["files"][0]["file"]), (&json!("Old"), &json!("a.jpg")));
        assert_eq!(changed(RecordKind::Media, raw, &json!({ "title": "New" }), Dialect::Five), expected);
    }
    let input =
        object(&json!({ "title": "T", "files": [{ "file": "b.png", "format": "png", "medium": "photo" }] }));
    let input = read_changes(Some(RecordKind::Media), &input, &Body::new()).unwrap();
    let made = new_record(RecordKind::Media, "id", "t", &input, (&pointers(), Dialect::Five)).unwrap();
    let raw = made["gedcom"]["raw"].as_str().unwrap();
    assert!(raw.ends_with(" OBJE\n1 FILE b.png\n2 FORM png\n3 TYPE photo\n2 TITL T\n"), "{raw}");
}

#[test]
fn a_request_that_breaks_a_rule_names_the_place() {
    for (kind, input, field) in [
        (RecordKind::Source, json!({ "title": 1 }), "title"),
        (RecordKind::Source, json!({ "notes": "x" }), "notes"),
        (RecordKind::Source, json!({ "notes": [""] }), "notes.0"),
        (
            RecordKind::Source,
            json!({ "coverage": [{ "events": "BIRT", "date": "yesterday" }] }),
            "coverage.0.date",
        ),
        (
            RecordKind::Source,
            json!({ "coverage": [{ "events": "BIRT", "place": { "name": "x", "latitude": 91, "longitude": 0 } }] }),
            "coverage.0.place.latitude",
        ),
        (
            RecordKind::Source,
            json!({ "repositories": [{ "callNumber": "1" }] }),
            "repositories.0.repositoryId",
        ),
        (
            RecordKind::Source,
            json!({ "identifiers": [{ "kind": "NAME", "value": "1" }] }),
            "identifiers.0.kind",
        ),
        (RecordKind::Media, json!({ "files": [{ "file": "blob:imports/x.ged" }] }), "files.0.file"),
    ] {
        let problems = read_changes(Some(kind), &object(&input), &Body::new()).unwrap_err();
        assert_eq!(problems[0].field, field);
    }
    let none = new_record(RecordKind::Source, "id", "t", &Body::new(), (&pointers(), Dialect::Five));
    assert_eq!(none.unwrap_err().field, "title");
}

#[test]
fn pointers_of_new_records_fit_every_version_and_differ() {
    let (one, two) = (new_xref(RecordKind::Source, "a"), new_xref(RecordKind::Source, "b"));
    assert!(one != two && one.len() <= 22 && !one.starts_with("@DZ"), "{one} {two}");
    assert_eq!(Record::with("SOUR", one.as_str()).pointer(), Some(one.as_str()));
}

#[test]
fn named_records_are_found_with_their_place_in_the_request() {
    let input = object(&json!({ "repositories": [{ "repositoryId": "r1" }], "noteIds": ["n1"] }));
    let changes = read_changes(Some(RecordKind::Source), &input, &Body::new()).unwrap();
    let named = named_records(Some(RecordKind::Source), &changes);
    let fields: Vec<(&str, &str)> = named.iter().map(|one| (one.field.as_str(), one.id.as_str())).collect();
    assert_eq!(fields, [("repositories.0.repositoryId", "r1"), ("noteIds.0", "n1")]);
}
