//! A part of a tree: nothing leads to what is left out, and nothing of it is told.

use std::collections::HashSet;

use dzinza_domain::gedcom::{Branch, BranchWay, ExportOptions, Living};
use dzinza_domain::tree::TreeRole;
use serde_json::json;

use crate::tree::{Tree, record};

/// Three generations and a cousin. Tendai and his children live; his parents, his wife Ruva and his uncle are dead.
const FAMILY: &str = "0 @G@ INDI\n1 NAME Gogo /Moyo/\n1 SEX M\n1 DEAT Y\n1 FAMS @F1@\n1 SOUR @S1@\n2 PAGE 7\n1 ASSO @T@\n2 RELA grandson\n2 NOTE @N2@\n\
0 @A@ INDI\n1 NAME Ambuya /Dube/\n1 SEX F\n1 DEAT Y\n1 FAMS @F1@\n\
0 @T@ INDI\n1 NAME Tendai /Moyo/\n1 SEX M\n1 BIRT\n2 DATE 4 MAY 1971\n2 SOUR @S2@\n1 NOTE @N1@\n1 NOTE asthma\n1 FAMC @F1@\n2 PEDI adopted\n1 FAMS @F2@\n\
0 @U@ INDI\n1 NAME Uncle /Moyo/\n1 SEX M\n1 DEAT Y\n1 FAMC @F1@\n1 FAMS @F3@\n1 OBJE @O1@\n\
0 @R@ INDI\n1 NAME Ruva /Ncube/\n1 SEX F\n1 DEAT Y\n1 NOTE @N3@\n1 FAMS @F2@\n\
0 @C@ INDI\n1 NAME Chipo /Moyo/\n1 SEX F\n1 BIRT\n2 DATE 9 JAN 1999\n1 FAMC @F2@\n\
0 @K@ INDI\n1 NAME Kuda /Moyo/\n1 SEX M\n1 DEAT Y\n1 FAMC @F3@\n\
0 @F1@ FAM\n1 HUSB @G@\n1 WIFE @A@\n1 CHIL @T@\n2 _FREL adopted\n1 CHIL @U@\n1 MARR\n2 DATE 1940\n2 SOUR @S1@\n\
0 @F2@ FAM\n1 HUSB @T@\n1 WIFE @R@\n1 CHIL @C@\n1 MARR\n2 DATE 3 DEC 1997\n2 SOUR @S3@\n1 NOTE a quiet wedding\n\
0 @F3@ FAM\n1 HUSB @U@\n1 CHIL @K@\n1 MARR\n2 DATE 1960\n\
0 @S1@ SOUR\n1 TITL Old register\n1 REPO @P1@\n0 @S2@ SOUR\n1 TITL Clinic of Tendai\n1 REPO @P2@\n0 @S3@ SOUR\n1 TITL Wedding register\n\
0 @P1@ REPO\n1 NAME Archive\n0 @P2@ REPO\n1 NAME Clinic\n\
0 @N1@ NOTE of Tendai only\n0 @N2@ NOTE what Tendai told\n0 @N3@ NOTE of Ruva\n1 SOUR @S1@\n0 @O1@ OBJE\n1 FILE a.jpg\n";

fn options(living: Living) -> ExportOptions {
    ExportOptions { living, ..ExportOptions::default() }
}

fn branch(root: &str, way: BranchWay, generations: u32) -> ExportOptions {
    let branch = Branch { root: root.to_owned(), way, generations: Some(generations) };
    ExportOptions { branch: Some(branch), ..ExportOptions::default() }
}

/// The file, in which every pointer leads to a record.
fn closed(tree: &Tree, role: TreeRole, options: ExportOptions) -> String {
    let text = tree.export_part(role, options);
    let there: HashSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("0 @")?.split_once('@').map(|(xref, _)| xref))
        .collect();
    for line in text.lines().filter(|line| line.ends_with('@') && !line.contains("@@")) {
        let pointer = line.trim_end_matches('@').rsplit('@').next().unwrap();
        assert!(there.contains(pointer), "{line} in {text}");
    }
    text
}

fn names(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("1 NAME ")?.split(' ').next()).collect()
}

const OF_THE_LIVING: [&str; 11] = [
    "Tendai",
    "Chipo",
    "1971",
    "1999",
    "asthma",
    "3 DEC 1997",
    "quiet wedding",
    "Clinic",
    "Wedding",
    "grandson",
    "dopted",
];

#[test]
fn the_living_are_left_out_with_everything_that_only_they_had() {
    for role in [TreeRole::Owner, TreeRole::Viewer, TreeRole::Public] {
        let text = closed(&Tree::import(FAMILY), role, options(Living::Omit));
        for word in OF_THE_LIVING {
            assert!(!text.contains(word), "{word} for {role:?} in {text}");
        }
        for gone in ["@T@", "@C@", "@F2@", "@N1@", "@N2@", "@S2@", "@S3@"] {
            assert!(!text.contains(gone), "{gone} for {role:?} in {text}");
        }
    }
    let text = closed(&Tree::import(FAMILY), TreeRole::Owner, options(Living::Omit));
    assert_eq!(names(&text), ["Gogo", "Ambuya", "Uncle", "Ruva", "Kuda", "Archive"]);
    assert_eq!(
        record(&text, "@F1@"),
        "0 @F1@ FAM\n1 HUSB @G@\n1 WIFE @A@\n1 CHIL @U@\n1 MARR\n2 DATE 1940\n2 SOUR @S1@\n"
    );
    assert!(text.contains("0 @N3@ NOTE of Ruva\n1 SOUR @S1@") && text.contains("0 @O1@ OBJE"), "{text}");
}

#[test]
fn the_living_are_reduced_to_their_places_in_families() {
    for role in [TreeRole::Owner, TreeRole::Viewer, TreeRole::Public] {
        let text = closed(&Tree::import(FAMILY), role, options(Living::Reduce));
        for word in OF_THE_LIVING {
            assert!(!text.contains(word), "{word} for {role:?} in {text}");
        }
        assert_eq!(
            record(&text, "@T@"),
            "0 @T@ INDI\n1 NAME Living\n2 GIVN Living\n1 FAMC @F1@\n1 FAMS @F2@\n",
            "{role:?}"
        );
        assert_eq!(record(&text, "@F2@"), "0 @F2@ FAM\n1 HUSB @T@\n1 WIFE @R@\n1 CHIL @C@\n", "{role:?}");
        assert!(record(&text, "@F1@").contains("1 CHIL @T@\n1 CHIL @U@\n"), "{text}");
    }
}

#[test]
fn what_was_changed_or_made_by_hand_of_the_living_is_not_told_either() {
    let mut tree = Tree::import(FAMILY);
    tree.edit("Tendai", &json!({ "occupation": "Plumber", "profilePhotoUrl": "blob:photos/t.jpg" }));
    tree.change("Tendai", "Ruva", &json!({ "place": "Gutu", "notes": "secret" }));
    tree.change("Gogo", "Tendai", &json!({ "parentalRole": "FosterParent" }));
    tree.person("Farai", "Female").relate(
        &json!({ "type": "Spousal", "person1Id": "Uncle", "person2Id": "Farai", "status": "Married", "startDate": "2001" }),
    );
    tree.relate(&json!({ "type": "Sibling", "person1Id": "Kuda", "person2Id": "Farai", "notes": "secret" }));
    for living in [Living::Omit, Living::Reduce] {
        let asked = ExportOptions { photos: Some("dz:".into()), ..options(living) };
        let text = closed(&tree, TreeRole::Owner, asked);
        for word in ["Plumber", "t.jpg", "Gutu", "secret", "oster", "Farai", "2001", "_REL"] {
            assert!(!text.contains(word), "{word}, {living:?} in {text}");
        }
    }
}

#[test]
fn a_branch_has_its_own_people_and_what_they_point_to() {
    let tree = Tree::import(FAMILY);
    let part = |root, way, generations| closed(&tree, TreeRole::Owner, branch(root, way, generations));
    let up = part("Chipo", BranchWay::Ancestors, 1);
    assert_eq!(names(&up), ["Tendai", "Ruva", "Chipo", "Archive", "Clinic"]);
    assert!(!up.contains("@F1@") && !up.contains("@O1@") && up.contains("2 DATE 3 DEC 1997"), "{up}");
    let all_up = part("Chipo", BranchWay::Ancestors, 9);
    assert_eq!(names(&all_up), ["Gogo", "Ambuya", "Tendai", "Ruva", "Chipo", "Archive", "Clinic"]);
    let down = part("Uncle", BranchWay::Descendants, 5);
    assert_eq!(names(&down), ["Uncle", "Kuda"]);
    assert!(down.contains("0 @F3@ FAM\n1 HUSB @U@\n1 CHIL @K@\n1 MARR\n2 DATE 1960\n"), "{down}");
    // Ruva is there as a partner and as the other parent.
    assert_eq!(
        names(&part("Gogo", BranchWay::Descendants, 2)),
        ["Gogo", "Ambuya", "Tendai", "Uncle", "Ruva", "Chipo", "Kuda", "Archive", "Clinic"]
    );
    assert_eq!(names(&part("Tendai", BranchWay::Both, 1)).len(), 5 + 2);
    assert_eq!(names(&part("Kuda", BranchWay::Descendants, 1)), ["Kuda"]);
    assert!(!part("Kuda", BranchWay::Descendants, 1).contains("FAM"));
}

#[test]
fn a_branch_of_a_tree_in_which_lines_meet_or_run_in_a_circle_ends() {
    let mut tree = Tree::default();
    tree.person("A", "Male").person("B", "Male").person("C", "Male");
    tree.parent("A", "B", "BiologicalFather").parent("B", "C", "BiologicalFather");
    tree.parent("C", "A", "BiologicalFather");
    let mut asked = branch("A", BranchWay::Both, 1);
    if let Some(branch) = &mut asked.branch {
        branch.generations = None;
    }
    assert_eq!(names(&closed(&tree, TreeRole::Owner, asked)), ["A", "B", "C"]);
}

#[test]
fn sources_notes_and_media_can_be_left_out() {
    let tree = Tree::import(FAMILY);
    let part = |change: fn(&mut ExportOptions)| {
        let mut options = ExportOptions::default();
        change(&mut options);
        closed(&tree, TreeRole::Owner, options)
    };
    let plain = part(|options| options.sources = false);
    assert!(!plain.contains("SOUR") && !plain.contains("REPO") && plain.contains("NOTE asthma"), "{plain}");
    let plain = part(|options| options.notes = false);
    assert!(!plain.contains("NOTE") && plain.contains("OBJE") && plain.contains("3 DEC 1997"), "{plain}");
    let plain = part(|options| options.media = false);
    assert!(!plain.contains("OBJE") && plain.contains("SOUR"), "{plain}");
}
