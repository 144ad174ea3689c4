use super::*;

const SN: Language = Language::Shona;

#[test]
fn parents_siblings_and_children() {
    exactly(
        SN,
        &[
            ("man > father", "baba"),
            ("woman > mother", "amai"),
            ("woman > parent", "mubereki"),
            ("man > son", "mwanakomana"),
            ("man > child", "mwana"),
            ("man@1980 > brother@1975", "mukoma"),
            ("man@1980 > brother@1985", "munin'ina"),
            ("woman@1980 > sister@1975", "mukoma"),
            ("woman@1980 > sister@1985", "munin'ina"),
            ("man > sister", "hanzvadzi"),
            ("woman > brother", "hanzvadzi"),
            ("man@1980 > half-brother@1975", "mukoma"),
            ("person@1980 > daughter", "mwanasikana"),
        ],
    );
}

#[test]
fn the_fathers_and_mothers_of_ones_parents_generation() {
    exactly(
        SN,
        &[
            ("man > father@1950 > brother@1945", "babamukuru"),
            ("man > father@1950 > brother@1955", "babamunini"),
            ("man > father@1950 > brother@1945 > wife", "maiguru"),
            ("man > father@1950 > brother@1955 > wife", "mainini"),
            ("man > mother@1950 > sister@1945", "maiguru"),
            ("man > mother@1950 > sister@1955", "mainini"),
            ("man > mother@1950 > sister@1955 > husband", "babamunini"),
            ("woman > father > sister", "tete"),
            ("woman > mother > brother", "sekuru"),
            ("woman > mother > brother > wife", "ambuya"),
            ("man > step-mother:senior", "maiguru"),
            ("man > step-mother:junior", "mainini"),
            // A father's father's brother's son is a father's brother.
            ("man > father@1950 > father > brother > son@1940", "babamukuru"),
            ("man > father@1950 > father > brother > daughter@1940", "tete"),
        ],
    );
}

#[test]
fn parallel_cousins_are_siblings_and_cross_cousins_are_not() {
    exactly(
        SN,
        &[
            ("man@1980 > father > brother > son@1970", "mukoma"),
            ("man@1980 > father > brother > son@1990", "munin'ina"),
            ("man@1980 > father > brother > daughter", "hanzvadzi"),
            ("woman@1980 > mother > sister > daughter@1985", "munin'ina"),
            ("woman@1980 > mother > sister > son", "hanzvadzi"),
            ("man > mother > brother > son", "sekuru"),
            ("man > mother > brother > son > son", "sekuru"),
            ("man > mother > brother > son > son > son", "sekuru"),
            ("man > mother > brother > daughter", "mainini"),
            ("man > mother > brother > son > daughter", "mainini"),
            ("man > father > sister > son", "muzukuru"),
            ("man > father > sister > daughter", "muzukuru"),
            ("woman > father > sister > son", "mwanakomana"),
            // Second cousins through brothers, and through a man and his sister.
            ("man@1980 > father > father > brother > son > son@1970", "mukoma"),
            ("man > father > father > sister > son", "muzukuru"),
        ],
    );
}

#[test]
fn sisters_children_and_brothers_children() {
    exactly(
        SN,
        &[
            ("man > sister > son", "muzukuru"),
            ("man > sister > child", "muzukuru"),
            ("woman > brother > daughter", "muzukuru"),
            ("man > brother > son", "mwanakomana"),
            ("woman > sister > daughter", "mwanasikana"),
            ("man > brother > child", "mwana"),
            ("man > brother > son > son", "muzukuru"),
            ("person > child > daughter", "muzukuru"),
        ],
    );
}

#[test]
fn grandparents_and_their_siblings() {
    exactly(
        SN,
        &[
            ("man > father > father", "sekuru"),
            ("man > mother > father", "sekuru"),
            ("man > parent > mother", "ambuya"),
            ("man > mother > father > brother", "sekuru"),
            ("man > mother > mother > sister", "ambuya"),
            ("man > father > father > father", "tateguru"),
            ("man > father > father > father > father > father", "tateguru"),
        ],
    );
}

#[test]
fn in_laws_depend_on_who_speaks() {
    exactly(
        SN,
        &[
            ("man > wife", "mukadzi"),
            ("woman > husband", "murume"),
            ("man > wife > father", "tezvara"),
            ("woman > husband > father", "tezvara"),
            ("man > wife > mother", "ambuya"),
            ("woman > husband > mother", "vamwene"),
            ("man > wife > brother", "tsano"),
            ("man > wife@1980 > sister@1975", "maiguru"),
            ("man > wife@1980 > sister@1985", "muramu"),
            ("man > wife > sister", "muramu"),
            ("woman > husband > brother", "muramu"),
            ("woman > husband > sister", "vamwene"),
            ("woman > brother > wife", "muroora"),
            ("man@1980 > brother@1975 > wife", "maiguru"),
            ("man@1980 > brother@1985 > wife", "mainini"),
            ("man > son > wife", "muroora"),
            ("woman > daughter > husband", "mukuwasha"),
            ("man > sister > husband", "mukuwasha"),
            ("woman > sister > husband", "muramu"),
            ("woman > husband > wife", "mukadzinyina"),
        ],
    );
}

#[test]
fn unknown_sex_or_age_is_a_choice_of_words_or_told_step_by_step() {
    loosely(
        SN,
        Form::Choice,
        &[
            ("man > father > brother", "babamukuru kana babamunini"),
            ("man > mother > sister", "maiguru kana mainini"),
            ("man > brother", "mukoma kana munin'ina"),
            ("man > sibling", "mukoma, munin'ina kana hanzvadzi"),
            ("person > sister@1980", "hanzvadzi, mukoma kana munin'ina"),
            ("man > step-mother", "maiguru kana mainini"),
            ("man > father@1950 > brother@1950", "babamukuru kana babamunini"),
            ("man > parent > parent", "sekuru kana ambuya"),
            ("man > father > brother > son", "mukoma kana munin'ina"),
        ],
    );
    loosely(SN, Form::Described, &[("man > parent > sibling", "mwana wevabereki vemubereki wako")]);
}

#[test]
fn houses_decide_only_where_no_birth_does() {
    let mut brother = way("man > half-brother");
    brother.legs[0].senior = Some(true);
    let said = term(&brother, SN);
    assert_eq!((said.word.as_str(), said.form, said.exact), ("mukoma", Form::Word, false));
    let mut older = way("man@1980 > half-brother@1990");
    older.legs[0].senior = Some(true);
    let said = term(&older, SN);
    assert_eq!((said.word.as_str(), said.exact), ("munin'ina", true));
}

#[test]
fn what_has_no_word_is_described() {
    loosely(
        SN,
        Form::Described,
        &[
            ("man > wife > mother > mother", "amai vamai vemukadzi wako"),
            ("man > father > father > sister", "hanzvadzi yababa vababa vako"),
            ("man@1980 > father@1950 > brother@1940 > wife > mother", "amai vamaiguru wako"),
            ("man > former-wife", "mukadzi wako wekare"),
            ("man > foster-father", "baba vako vekurera"),
            ("man > step-father", "murume wamai vako"),
            ("man > son > wife > father", "baba vemukadzi wemwanakomana wako"),
            ("man > wife > step-sister", "mwana wevabereki (step) vemukadzi wako"),
        ],
    );
    loosely(
        SN,
        Form::Word,
        &[("man > adoptive-father", "baba"), ("man > adoptive-mother > brother", "sekuru")],
    );
}

#[test]
fn a_word_comes_with_what_vouches_for_it() {
    let said = term(&way("man > father@1950 > brother@1945"), SN);
    assert_eq!(said.gloss, "father's elder brother");
    assert_eq!(said.literal, "father's elder brother");
    assert_eq!(said.confidence, Some(super::super::Confidence::High));
    assert_eq!(term(&way("man > mother > brother"), SN).honorific.as_deref(), Some("vasekuru"));
    assert!(said.references.iter().any(|title| title.contains("Bourdillon")), "{:?}", said.references);
}

#[test]
fn a_spouse_of_unknown_sex_is_described_so() {
    loosely(
        SN,
        Form::Described,
        &[("person > spouse > mother > mother", "amai vamai vemurume kana mukadzi wako")],
    );
}
