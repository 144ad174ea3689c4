use super::*;

const ND: Language = Language::Ndebele;

#[test]
fn parents_siblings_and_children() {
    exactly(
        ND,
        &[
            ("man > father", "ubaba"),
            ("man > mother", "umama"),
            ("man > son", "indodana"),
            ("man > daughter", "indodakazi"),
            ("man > child", "umntwana"),
            ("man@1980 > brother@1975", "umnewethu"),
            ("man@1980 > brother@1985", "umnawethu"),
            ("man > brother", "umfowethu"),
            ("woman@1980 > brother@1975", "umfowethu"),
            ("man > sister", "udadewethu"),
            ("woman > sister", "udadewethu"),
        ],
    );
}

#[test]
fn a_fathers_elder_brother_is_not_a_grandfather() {
    exactly(
        ND,
        &[
            ("man > father@1950 > brother@1945", "ubabomkhulu"),
            ("man > father@1950 > brother@1955", "ubabomncane"),
            ("man > father > father", "ubabamkhulu"),
            ("man > mother > father", "ubabamkhulu"),
            ("man > mother > mother", "ugogo"),
            ("man > father > father > mother", "ukhokho"),
        ],
    );
}

#[test]
fn aunts_uncles_and_cousins() {
    exactly(
        ND,
        &[
            ("man > father > sister", "ubabakazi"),
            ("man > mother > brother", "umalume"),
            ("man > mother > father > sister > son", "umalume"),
            ("man > mother@1950 > sister@1945", "umamomkhulu"),
            ("man > father@1950 > brother@1955 > wife", "umamomncane"),
            ("man > step-mother:senior", "umamomdala"),
            ("woman > father > sister > child", "umzala"),
            ("woman > mother > brother > son", "umzala"),
            ("man@1980 > father > brother > son@1970", "umnewethu"),
            ("woman > father > brother > son", "umfowethu"),
            ("woman > mother > sister > daughter", "udadewethu"),
            ("man > sister > son", "umtshana"),
            ("man > brother > son", "indodana"),
            ("woman > sister > daughter", "indodakazi"),
            ("man > father@1950 > father > brother > son@1940", "ubabomkhulu"),
            ("woman > son > daughter", "umzukulu"),
        ],
    );
}

#[test]
fn in_laws() {
    exactly(
        ND,
        &[
            ("man > wife", "umkami"),
            ("woman > husband", "umyeni"),
            ("woman > husband > father", "ubabezala"),
            ("woman > husband > mother", "umamezala"),
            ("man > wife > father", "umukhwe"),
            ("man > wife > mother", "umkhwekazi"),
            ("man > wife > sister", "umlamu"),
            ("woman > daughter > husband", "umkhwenyana"),
            ("man > son > wife", "umalokazana"),
        ],
    );
}

#[test]
fn the_rest_is_a_choice_or_described() {
    loosely(
        ND,
        Form::Choice,
        &[
            ("man > father > brother", "ubabomkhulu kumbe ubabomncane"),
            ("woman > sibling", "umfowethu kumbe udadewethu"),
            ("man > parent > parent", "ubabamkhulu kumbe ugogo"),
        ],
    );
    loosely(
        ND,
        Form::Described,
        &[
            ("woman > husband > sister", "udadewabo womyeni wakho"),
            ("man > wife > mother > mother", "unina kanina wenkosikazi yakho"),
            ("man > mother > brother > wife", "inkosikazi yomfowabo kamama wakho"),
            ("man > former-wife", "inkosikazi yakho (former)"),
            ("man > step-father", "umyeni kamama wakho"),
            ("woman > brother > wife", "inkosikazi yomfowenu"),
            ("man > son > wife > father", "uyise wenkosikazi yendodana yakho"),
        ],
    );
}
