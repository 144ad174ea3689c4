use super::*;

const RAW: &str = "0 @I1@ INDI\n1 NAME Rudo /Moyo/\n2 SOUR @S1@\n1 BIRT\n2 DATE 1890\n2 PLAC Gutu\n3 SOUR @S2@\n2 SOUR @S1@\n3 PAGE 12\n3 EVEN BIRT\n4 ROLE CHIL\n3 DATA\n4 DATE 3 MAR 1890\n4 TEXT born\n3 QUAY 2\n3 NOTE hm\n3 _ODD x\n1 RESI\n2 SOUR @S1@\n1 RESI\n2 SOUR @S1@\n1 SOUR An old Bible\n2 TEXT words\n1 SOUR @S1@\n";

fn pointers() -> Pointers {
    let mut pointers = Pointers::default();
    pointers.add("@S1@", "s1", Some(RecordKind::Source));
    pointers.add("@S2@", "s2", Some(RecordKind::Source));
    pointers
}

fn citations() -> Citations {
    Citations::of(Record::parse(RAW).unwrap(), &Body::new())
}

fn object(value: &Value) -> Body {
    value.as_object().unwrap().clone()
}

/// As a document would be read again.
fn again(citations: &Citations) -> Citations {
    let mut owner = Body::new();
    citations.keep(&mut owner);
    let read = Citations::kept(&owner);
    assert_eq!(read.all(), citations.all());
    read
}

#[test]
fn every_citation_is_found_with_what_it_is_for() {
    let citations = citations();
    let facts: Vec<&str> = citations.all().iter().map(|found| found.fact.as_str()).collect();
    assert_eq!(facts, ["name", "birth/place", "birth", "residence", "residence:2", "person", "person"]);
    let ids: HashSet<&String> = citations.all().iter().map(|found| &found.id).collect();
    assert_eq!(ids.len(), 7);
    let birth = citations.fields(&citations.all()[2], &pointers());
    let expected = [
        ("sourceId", json!("s1")),
        ("page", json!("12")),
        ("event", json!("BIRT")),
        ("role", json!("CHIL")),
        ("date", json!("3 MAR 1890")),
        ("text", json!("born")),
        ("quality", json!(2)),
        ("notes", json!(["hm"])),
        ("factDate", json!("1890")),
        ("factPlace", json!({ "name": "Gutu", "parts": ["Gutu"] })),
    ];
    for (key, value) in expected {
        assert_eq!(birth[key], value, "{key}");
    }
    let described = citations.fields(&citations.all()[5], &pointers());
    assert_eq!(
        (&described["sourceId"], &described["description"], &described["text"]),
        (&Value::Null, &json!("An old Bible"), &json!("words"))
    );
}

#[test]
fn a_change_touches_its_lines_and_keeps_every_id() {
    let mut changed = citations();
    let ids: Vec<String> = changed.all().iter().map(|found| found.id.clone()).collect();
    let (pointers, page) = (pointers(), object(&json!({ "page": "13" })));
    assert!(changed.change(&ids[2], None, &page, (&pointers, Dialect::Five)));
    assert_eq!(changed.record().to_gedcom(), RAW.replace("PAGE 12", "PAGE 13"));
    let mut changed = again(&changed);
    assert_eq!(changed.all().iter().map(|found| found.id.clone()).collect::<Vec<_>>(), ids);
    // One of two equal ones: the other keeps its id too.
    let role = object(&json!({ "quality": 0 }));
    assert!(changed.change(&ids[3], Some("@S2@"), &role, (&pointers, Dialect::Five)));
    let mut changed = again(&changed);
    assert_eq!(changed.all().iter().map(|found| found.id.clone()).collect::<Vec<_>>(), ids);
    assert!(changed.remove(&ids[2]) && !changed.remove(&ids[2]));
    let rest: Vec<String> = again(&changed).all().iter().map(|found| found.id.clone()).collect();
    assert_eq!(rest, [&ids[..2], &ids[3..]].concat());
    assert!(changed.change(&ids[6], None, &object(&json!({ "text": null })), (&pointers, Dialect::Five)));
}

#[test]
fn equal_citations_and_ones_that_become_equal_keep_their_ids() {
    let raw = "0 @I1@ INDI\n1 SOUR @S1@\n1 SOUR @S1@\n1 SOUR @S1@\n";
    let mut all = Citations::of(Record::parse(raw).unwrap(), &Body::new());
    let ids: Vec<String> = all.all().iter().map(|found| found.id.clone()).collect();
    let (pointers, page) = (pointers(), object(&json!({ "page": "1" })));
    all.change(&ids[0], None, &page, (&pointers, Dialect::Five));
    let mut all = again(&all);
    assert_eq!(all.all().iter().map(|found| found.id.clone()).collect::<Vec<_>>(), ids);
    all.change(&ids[0], None, &object(&json!({ "page": null })), (&pointers, Dialect::Five));
    assert_eq!(all.record().to_gedcom(), raw);
    all.remove(&ids[1]);
    let new = all.add("", "@S1@", &Body::new(), (&pointers, Dialect::Five)).unwrap();
    let all = again(&all);
    let now: HashSet<&str> = all.all().iter().map(|found| found.id.as_str()).collect();
    assert_eq!(now, HashSet::from([ids[0].as_str(), ids[2].as_str(), new.as_str()]));
}

#[test]
fn a_source_is_cited_for_a_fact_that_is_there() {
    let mut all = citations();
    let fields = object(&json!({ "page": "@7", "date": "1900", "quality": 3 }));
    let id = all.add("residence:2", "@S2@", &fields, (&pointers(), Dialect::Five)).unwrap();
    let line = "2 SOUR @S2@\n3 PAGE @@7\n3 DATA\n4 DATE 1900\n3 QUAY 3\n";
    let expected =
        RAW.replace("1 RESI\n2 SOUR @S1@\n1 SOUR An", &format!("1 RESI\n2 SOUR @S1@\n{line}1 SOUR An"));
    assert_eq!(all.record().to_gedcom(), expected);
    assert_eq!(again(&all).get(&id).unwrap().fact, "residence:2");
    assert!(all.add("death", "@S2@", &fields, (&pointers(), Dialect::Five)).is_err());
    assert!(all.add("sour", "@S2@", &fields, (&pointers(), Dialect::Five)).is_err());
    for (given, read) in [("Person", ""), ("birth/place", "birth/place"), ("EVEN:2", "even:2")] {
        assert_eq!(read_fact(Some(&json!(given))).unwrap(), read);
    }
    for bad in [json!("birth:0"), json!("a/b/c/d/e/f/g"), json!("x y"), json!(1), json!("/")] {
        assert_eq!(read_fact(Some(&bad)).unwrap_err().field, "fact", "{bad}");
    }
}

#[test]
fn forgetting_a_record_takes_every_line_that_points_to_it() {
    let mut all = citations();
    let described = all.all()[5].id.clone();
    assert_eq!(all.forget("@S1@"), 5);
    assert!(!all.record().to_gedcom().contains("@S1@"));
    assert_eq!(again(&all).all().len(), 2);
    assert!(all.get(&described).is_some());
}

#[test]
fn citations_are_copied_to_the_same_facts() {
    let from = Record::parse("0 FAM\n1 MARR\n2 SOUR @S1@\n1 DIV\n2 SOUR @S1@\n1 SOUR @S2@\n").unwrap();
    let mut to = Record::parse("0 @F1@ FAM\n1 HUSB @I1@\n1 MARR\n2 DATE 1950\n").unwrap();
    for _ in 0..2 {
        copy_citations(&from, &mut to);
        assert_eq!(
            to.to_gedcom(),
            "0 @F1@ FAM\n1 HUSB @I1@\n1 MARR\n2 DATE 1950\n2 SOUR @S1@\n1 SOUR @S1@\n1 SOUR @S2@\n"
        );
    }
}
