use super::*;
use serde_json::json;

/// A file's persons, with families as `(parents, children)` by place.
fn side(people: &[&str], families: &[(&[u32], &[u32])]) -> Side {
    let mut side = Side::default();
    for text in people {
        let record = Record::parse(text).unwrap();
        side.add(&read_person(&record), record.xref.as_deref(), &record.to_gedcom());
    }
    for (parents, children) in families {
        if let [one, two] = parents {
            side.relate(Tie::Partner, *one, *two);
        }
        for (parent, child) in parents.iter().flat_map(|one| children.iter().map(move |two| (*one, *two))) {
            side.relate(Tie::Parent, parent, child);
        }
    }
    side
}

fn found(mut tree: Side, mut file: Side) -> Vec<Option<(u32, &'static str)>> {
    let matches = match_people(&mut tree, &mut file);
    let word = |reason: Option<Reason>| reason.map_or("", Reason::as_str);
    let all = matches.of.iter().zip(&matches.why);
    all.map(|(old, why)| (*old != NOBODY).then(|| (*old, word(*why)))).collect()
}

#[test]
fn identifiers_come_first_in_every_spelling_and_only_where_they_are_one_persons() {
    let tree = side(
        &[
            "0 @I1@ INDI\n1 NAME A /B/\n1 _UID {0190A6B2-7C3D-7E4F-8A5B-0C1D2E3F4A5B}\n",
            "0 @I2@ INDI\n1 NAME C /D/\n1 EXID 77\n2 TYPE https://example.org\n",
            "0 @I3@ INDI\n1 NAME E /F/\n1 UID twice\n",
            "0 @I4@ INDI\n1 NAME G /H/\n1 UID twice\n",
        ],
        &[],
    );
    let file = side(
        &[
            "0 @X1@ INDI\n1 NAME Other /Name/\n1 UID 0190a6b27c3d7e4f8a5b0c1d2e3f4a5bABCD\n",
            "0 @X2@ INDI\n1 EXID 77\n2 TYPE https://example.org\n",
            "0 @X3@ INDI\n1 EXID 77\n2 TYPE https://elsewhere.org\n1 UID twice\n",
        ],
        &[],
    );
    assert_eq!(found(tree, file), [Some((0, "uid")), Some((1, "uid")), None]);
}

#[test]
fn pointers_count_while_most_of_them_name_the_same_people() {
    let people = ["0 @I1@ INDI\n1 NAME Rudo /Moyo/\n", "0 @I2@ INDI\n1 NAME Farai /Moyo/\n"];
    let renamed = ["0 @I1@ INDI\n1 NAME Rudo /Moyo/\n", "0 @I2@ INDI\n1 NAME Tendai /Moyo/\n"];
    let three = |two: [&'static str; 2], third| side(&[two[0], two[1], third], &[]);
    let (old, new) = (
        three(people, "0 @I3@ INDI\n1 NAME Chipo /Dube/\n"),
        three(renamed, "0 @I3@ INDI\n1 NAME Chipo /Dube/\n"),
    );
    assert_eq!(found(old, new), [Some((0, "xref")), Some((1, "xref")), Some((2, "xref"))]);
    // A pointer that was given to someone else.
    let (old, new) = (
        three(people, "0 @I3@ INDI\n1 NAME Chipo /Dube/\n"),
        three(people, "0 @I3@ INDI\n1 NAME John /Smith/\n"),
    );
    assert_eq!(found(old, new)[2], None);
    // Another numbering altogether.
    let (old, new) = (
        side(&people, &[]),
        side(&["0 @I2@ INDI\n1 NAME Rudo /Moyo/\n", "0 @I1@ INDI\n1 NAME Farai /Moyo/\n"], &[]),
    );
    assert_eq!(found(old, new), [None, None]);
}

#[test]
fn facts_match_only_where_one_is_clearly_the_best() {
    let born = "0 @A@ INDI\n1 NAME Tendai John /Moyo/\n1 BIRT\n2 DATE 3 MAR 1890\n";
    let again = "0 @B@ INDI\n1 NAME Tendai /Moyo/\n1 SEX M\n1 BIRT\n2 DATE 3 MAR 1890\n2 PLAC Gutu\n";
    assert_eq!(found(side(&[born], &[]), side(&[again], &[])), [Some((0, "facts"))]);
    // Twins of one name, a woman, another generation, nothing but a name.
    assert_eq!(found(side(&[born, born], &[]), side(&[again], &[])), [None]);
    for other in
        ["0 @B@ INDI\n1 NAME Tendai /Moyo/\n1 BIRT\n2 DATE 1921\n", "0 @B@ INDI\n1 NAME Tendai John /Moyo/\n"]
    {
        assert_eq!(found(side(&[born], &[]), side(&[other], &[])), [None], "{other}");
    }
    let woman = "0 @A@ INDI\n1 NAME Tendai John /Moyo/\n1 SEX F\n1 BIRT\n2 DATE 3 MAR 1890\n";
    assert_eq!(found(side(&[woman], &[]), side(&[again], &[])), [None]);
}

#[test]
fn kin_tell_namesakes_apart() {
    let people = |ids: [&str; 4]| {
        let names = ["Nhamo /Moyo/", "Sekai /Moyo/", "Tendai /Moyo/", "Tendai /Moyo/"];
        let dates = ["1 BIRT\n2 DATE 1 JAN 1860\n", "1 BIRT\n2 DATE 2 JAN 1862\n", "", ""];
        let all = ids.iter().zip(names).zip(dates);
        all.map(|((id, name), date)| format!("0 @{id}@ INDI\n1 NAME {name}\n{date}")).collect::<Vec<_>>()
    };
    let texts = |all: &[String]| all.to_vec();
    let (old, new) = (texts(&people(["A", "B", "C", "D"])), texts(&people(["E", "F", "G", "H"])));
    let refs = |all: &'_ [String]| all.iter().map(|text| text.as_str().to_owned()).collect::<Vec<_>>();
    let (old, new) = (refs(&old), refs(&new));
    let old: Vec<&str> = old.iter().map(String::as_str).collect();
    let new: Vec<&str> = new.iter().map(String::as_str).collect();
    // One Tendai is the child of Nhamo and Sekai, the other is nobody's.
    let (tree, file) = (side(&old, &[(&[0, 1], &[3])]), side(&new, &[(&[0, 1], &[2])]));
    assert_eq!(found(tree, file), [Some((0, "facts")), Some((1, "facts")), Some((3, "facts")), None]);
}

const RAW: &str = "0 @I1@ INDI\n1 NAME Tendai /Moyo/\n1 SEX M\n1 BIRT\n2 DATE 1890\n2 PLAC Gutu\n1 OCCU Smith\n1 _ODD kept\n1 CHAN\n2 DATE 1 JAN 2020\n";

fn imported(text: &str) -> Body {
    let record = Record::parse(text).unwrap();
    let mut person = read_person(&record);
    keep_record(&mut person, &record);
    person::refresh(&mut person);
    person
}

fn merged(current: &Body, text: &str, remove: bool) -> Update {
    merge_person(current, None, &Record::parse(text).unwrap(), remove)
}

fn told(update: &Update) -> Vec<(&str, &str)> {
    update.lines.iter().map(|line| (line.tag.as_str(), line.action.as_str())).collect()
}

#[test]
fn the_same_record_and_a_new_time_stamp_change_nothing() {
    for text in [RAW.to_owned(), RAW.replace("2020", "2024")] {
        let update = merged(&imported(RAW), &text, true);
        assert!(update.body.is_none() && update.lines.is_empty() && update.conflicts.is_empty(), "{text}");
    }
}

#[test]
fn what_the_file_changed_is_changed_and_what_was_edited_here_stays() {
    let mut here = imported(RAW);
    here.insert("occupation".into(), json!("Teacher"));
    here.insert("clan".into(), json!("Gumbo"));
    let newer = RAW
        .replace("Gutu", "Masvingo")
        .replace("Smith", "Farmer")
        .replace("1 SEX M\n", "1 SEX M\n1 NOTE new\n");
    let update = merged(&here, &newer, true);
    let body = update.body.unwrap();
    assert_eq!((&body["placeOfBirth"], &body["notes"]), (&json!("Masvingo"), &json!("new")));
    assert_eq!((&body["occupation"], &body["clan"]), (&json!("Teacher"), &json!("Gumbo")));
    assert_eq!(
        update.conflicts,
        [Conflict { field: "occupation".into(), here: json!("Teacher"), file: json!("Farmer") }]
    );
    assert_eq!(crate::gedcom::kept_text(&body), Some(newer.as_str()));
}

#[test]
fn what_the_file_lost_goes_only_if_it_is_asked_for_and_nobody_touched_it() {
    let newer = RAW.replace("1 OCCU Smith\n", "").replace("2 PLAC Gutu\n", "").replace("1 _ODD kept\n", "");
    let kept = merged(&imported(RAW), &newer, false);
    assert!(kept.body.is_none(), "{:?}", kept.lines);
    let gone = merged(&imported(RAW), &newer, true);
    assert_eq!(told(&gone), [("BIRT", "changed"), ("OCCU", "removed"), ("_ODD", "removed")]);
    let body = gone.body.unwrap();
    assert!(!body.contains_key("occupation") && !body.contains_key("placeOfBirth"));
    let mut here = imported(RAW);
    here.insert("occupation".into(), json!("Teacher"));
    let update = merged(&here, &newer, true);
    assert_eq!(update.body.unwrap()["occupation"], "Teacher");
    assert_eq!(update.conflicts.len(), 1);
    // Something else changes: what is missing stays beside it.
    let body = merged(&imported(RAW), &newer.replace("1890", "1891"), false).body.unwrap();
    assert_eq!((&body["placeOfBirth"], &body["dateOfBirth"]), (&json!("Gutu"), &json!("1891")));
    assert!(crate::gedcom::kept_text(&body).unwrap().contains("1 _ODD kept\n"));
}

#[test]
fn lists_are_merged_entry_by_entry() {
    let raw = "0 @I1@ INDI\n1 NAME A\n1 TITL Chief\n1 TITL Elder\n";
    let mut here = imported(raw);
    here.insert("traditionalTitles".into(), json!(["Chief", "Elder", "Teacher"]));
    let update = merged(&here, "0 @I1@ INDI\n1 NAME A\n1 TITL Chief\n1 TITL Healer\n", true);
    assert_eq!(update.body.unwrap()["traditionalTitles"], json!(["Chief", "Teacher", "Healer"]));
    assert_eq!(update.conflicts, []);
    here.insert("traditionalTitles".into(), json!(["Chief", "Old man"]));
    let update = merged(&here, "0 @I1@ INDI\n1 NAME A\n1 TITL Chief\n1 TITL Healer\n", true);
    assert_eq!(update.conflicts.len(), 1);
    assert_eq!(update.body.unwrap()["traditionalTitles"], json!(["Chief", "Old man"]));
}

#[test]
fn a_date_and_its_estimate_go_together() {
    let mut here = imported(RAW);
    here.insert("dateOfBirth".into(), json!("3 MAR 1890"));
    here.remove("isBirthDateEstimated");
    let update = merged(&here, &RAW.replace("1890", "ABT 1889"), false);
    let body = update.body.unwrap();
    assert_eq!((&body["dateOfBirth"], body.get("isBirthDateEstimated")), (&json!("3 MAR 1890"), None));
    assert_eq!(update.conflicts[0].field, "dateOfBirth");
}

#[test]
fn someone_made_by_hand_takes_what_is_missing_and_keeps_what_is_there() {
    let here =
        json!({ "firstName": "Tendai", "lastName": "Moyo", "gender": "Male", "placeOfBirth": "Harare" });
    let update = merged(here.as_object().unwrap(), RAW, true);
    let body = update.body.unwrap();
    assert_eq!((&body["dateOfBirth"], &body["placeOfBirth"]), (&json!("1890"), &json!("Harare")));
    assert_eq!(update.conflicts.len(), 1);
    assert_eq!(crate::gedcom::kept_text(&body), Some(RAW));
}

#[test]
fn another_wife_is_not_the_wife_changed_and_citations_keep_what_is_below_them() {
    let before =
        Record::parse("0 @F1@ FAM\n1 WIFE @I2@\n1 MARR\n2 SOUR @S1@\n3 PAGE 4\n1 NOTE one\n2 CONT two\n")
            .unwrap();
    let file =
        Record::parse("0 @F1@ FAM\n1 WIFE @I3@\n1 MARR\n2 DATE 1950\n2 SOUR @S1@\n1 NOTE other\n").unwrap();
    let merged = merge_records(&before, &before, &file, false);
    assert_eq!(
        merged.record.to_gedcom(),
        "0 @F1@ FAM\n1 WIFE @I3@\n1 MARR\n2 DATE 1950\n2 SOUR @S1@\n3 PAGE 4\n1 NOTE other\n1 WIFE @I2@\n"
    );
    assert_eq!(merge_records(&before, &before, &file, true).record, file);
}

#[test]
fn a_record_that_was_edited_here_stays_and_says_so() {
    let text = "0 @S1@ SOUR\n1 TITL Songs\n";
    let mut current = Body::new();
    keep_record(&mut current, &Record::parse(text).unwrap());
    let file = Record::parse("0 @S1@ SOUR\n1 TITL Songs of the Rozvi\n").unwrap();
    let update = merge_record(&current, &file, false, true);
    assert!(update.body.is_none() && update.conflicts.len() == 1);
    let update = merge_record(&current, &file, false, false);
    assert_eq!(crate::gedcom::kept_record(&update.body.unwrap()), Some(file));
}

#[test]
fn citations_that_were_made_changed_or_removed_here_stay_so() {
    let base = "0 @I1@ INDI\n1 NAME A\n1 BIRT\n2 DATE 1890\n2 SOUR @S1@\n3 PAGE 4\n1 SOUR @S2@\n";
    let here = "0 @I1@ INDI\n1 NAME A\n1 BIRT\n2 DATE 1890\n2 SOUR @S1@\n3 PAGE 5\n1 SOUR @SX1@\n";
    let update =
        |file: &str, remove| merge_person(&imported(here), Some(base), &Record::parse(file).unwrap(), remove);
    assert!(update(base, true).body.is_none());
    for remove in [false, true] {
        let body = update(&base.replace("1890", "1891"), remove).body.unwrap();
        assert_eq!(crate::gedcom::kept_text(&body), Some(here.replace("1890", "1891").as_str()));
    }
    let update = update(&base.replace("PAGE 4", "PAGE 6"), false);
    assert!(update.body.is_none());
    assert_eq!(update.conflicts[0].field, "BIRT");
}
