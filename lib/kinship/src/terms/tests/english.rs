use super::*;
use crate::graph::{Line, Link, SiblingKind};

const EN: Language = Language::English;

#[test]
fn ancestors_and_descendants_of_any_depth() {
    exactly(
        EN,
        &[
            ("man", "self"),
            ("man > father", "father"),
            ("man > mother", "mother"),
            ("man > parent", "parent"),
            ("man > father > mother", "grandmother"),
            ("man > parent > parent", "grandparent"),
            ("man > mother > mother > father", "great-grandfather"),
            ("man > father > father > father > father", "great-great-grandfather"),
            ("man > father > father > father > father > mother", "great-great-great-grandmother"),
            ("man > father > father > father > father > father > father", "4th great-grandfather"),
            ("woman > son > daughter", "granddaughter"),
            ("woman > child > child > son", "great-grandson"),
        ],
    );
    let deep = |depth| {
        let text = format!("man{}", " > mother".repeat(depth));
        term(&way(&text), EN).word
    };
    assert_eq!((deep(23).as_str(), deep(24).as_str()), ("21st great-grandmother", "22nd great-grandmother"));
    assert_eq!(
        (deep(13).as_str(), deep(105).as_str()),
        ("11th great-grandmother", "103rd great-grandmother")
    );
}

#[test]
fn collaterals_by_rule() {
    exactly(
        EN,
        &[
            ("man > brother", "brother"),
            ("man > sibling", "sibling"),
            ("man > father > sister", "aunt"),
            ("man > father > mother > brother", "great-uncle"),
            ("man > father > mother > father > sister", "great-great-aunt"),
            ("man > sister > son", "nephew"),
            ("man > sister > son > daughter", "great-niece"),
            ("man > father > sister > son", "first cousin"),
            ("man > father > sister > child", "first cousin"),
            ("man > father > sister > son > son", "first cousin once removed"),
            ("man > father > father > sister > son", "first cousin once removed"),
            ("man > father > father > sister > son > son", "second cousin"),
            (
                "man > mother > father > mother > sister > son > son > son > son > son",
                "third cousin twice removed",
            ),
        ],
    );
    let deep = format!("woman{} > brother{}", " > mother".repeat(8), " > son".repeat(8));
    assert_eq!(term(&way(&deep), EN).word, "eighth cousin");
    let deeper = format!("woman{} > brother{}", " > mother".repeat(12), " > son".repeat(15));
    assert_eq!(term(&way(&deeper), EN).word, "12th cousin 3 times removed");
}

#[test]
fn half_step_adoptive_and_foster_kin() {
    exactly(
        EN,
        &[
            ("man > half-brother", "half-brother"),
            ("man > half-sibling", "half-sibling"),
            ("man > mother > half-sister", "half-aunt"),
            ("man > half-sister > son", "half-nephew"),
            ("man > mother > half-sister > son", "half first cousin"),
            ("man > step-mother", "stepmother"),
            ("man > step-son", "stepson"),
            ("man > step-sister", "stepsister"),
            ("man > step-father > father", "step-grandfather"),
            ("man > adoptive-mother", "adoptive mother"),
            ("man > adoptive-daughter", "adopted daughter"),
            ("man > adoptive-mother > brother", "adoptive uncle"),
            ("man > foster-father", "foster father"),
            ("man > foster-child", "foster child"),
        ],
    );
    let mut guardian = way("man > mother");
    guardian.legs[0].kin = Link::Parent(Line::Guardian);
    assert_eq!(term(&guardian, EN).word, "guardian");
    guardian.legs[0].kin = Link::Child(Line::Guardian);
    assert_eq!(term(&guardian, EN).word, "ward");
    guardian.legs[0].kin = Link::Sibling(SiblingKind::Adoptive);
    assert_eq!(term(&guardian, EN).word, "adoptive sister");
}

#[test]
fn relatives_by_marriage_over_one_marriage() {
    exactly(
        EN,
        &[
            ("man > wife", "wife"),
            ("man > spouse", "spouse"),
            ("man > former-wife", "ex-wife"),
            ("woman > promised-husband", "fiancé"),
            ("woman > husband > wife", "co-wife"),
            ("man > wife > mother", "mother-in-law"),
            ("woman > husband > parent", "parent-in-law"),
            ("man > wife > brother", "brother-in-law"),
            ("man > sister > husband", "brother-in-law"),
            ("man > daughter > husband", "son-in-law"),
            ("man > child > spouse", "child-in-law"),
            ("man > father > brother > wife", "aunt by marriage"),
            ("man > wife > sister > daughter", "niece by marriage"),
        ],
    );
}

#[test]
fn what_has_no_word_is_described() {
    loosely(
        EN,
        Form::Described,
        &[
            ("man > father > brother > wife > mother", "your father's brother's wife's mother"),
            ("man > father > sister > daughter > husband", "your father's sister's daughter's husband"),
            ("man > son > wife > father", "your son's wife's father"),
            ("man > former-wife > father", "your ex-wife's father"),
            ("man > brother > former-wife", "your brother's ex-wife"),
            ("man > wife > father > brother", "your wife's father's brother"),
            ("man > brother > son > wife", "your brother's son's wife"),
            ("man > wife > brother > wife", "your wife's brother's wife"),
            ("man > wife > half-sister", "your wife's half-sister"),
            ("man > daughter > father", "your daughter's father"),
            ("person > spouse > spouse", "your spouse's spouse"),
            (
                "man > father > father > sister > son > daughter > husband > brother",
                "your second cousin's brother-in-law",
            ),
        ],
    );
}

#[test]
fn an_unknown_sex_leaves_the_word_open() {
    loosely(
        EN,
        Form::Choice,
        &[
            ("man > father > sibling", "aunt or uncle"),
            ("man > sibling > child", "niece or nephew"),
            ("man > half-sibling > child", "half-niece or half-nephew"),
            ("man > wife > sibling > child", "niece by marriage or nephew by marriage"),
        ],
    );
}

#[test]
fn the_way_itself_says_who_is_elder() {
    let said = term(&way("man@1980 > father@1950 > brother@1945 > wife"), EN);
    assert_eq!(said.literal, "father's elder brother's wife");
    assert_eq!(said.word, "aunt by marriage");
}
