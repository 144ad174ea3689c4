//! The texts, one file per language, which a speaker can correct without reading code.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// Code and file of every language; the first is read where another is not known.
pub(crate) const LANGUAGES: &[(&str, &str)] = &[
    ("en", include_str!("../texts/en.toml")),
    ("sn", include_str!("../texts/sn.toml")),
    ("nd", include_str!("../texts/nd.toml")),
];

/// What a language says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Language {
    pub(crate) frame: Frame,
    pub(crate) letters: BTreeMap<String, Text>,
    pub(crate) pages: Pages,
}

/// What the pages say that links in letters open.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pages {
    pub(crate) form: FormTexts,
    pub(crate) done: Said,
    pub(crate) spent: Said,
    pub(crate) verified: Said,
    pub(crate) unverified: Said,
    pub(crate) problems: BTreeMap<String, String>,
    pub(crate) frame: PageFrame,
}

/// The form for a new password.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FormTexts {
    pub(crate) title: String,
    pub(crate) label: String,
    pub(crate) rules: String,
    pub(crate) button: String,
}

/// A page without a form.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Said {
    pub(crate) title: String,
    pub(crate) lead: String,
}

/// What stands on several pages.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageFrame {
    pub(crate) sign_in: String,
}

/// What stands around every letter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Frame {
    pub(crate) greeting: String,
    pub(crate) greeting_nameless: String,
    pub(crate) copy: String,
    pub(crate) footer: String,
    pub(crate) support: String,
}

/// One letter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Text {
    pub(crate) subject: String,
    pub(crate) before: Vec<String>,
    /// What the button says; only of letters with a link.
    pub(crate) button: Option<String>,
    #[serde(default)]
    pub(crate) after: Vec<String>,
}

static READ: LazyLock<BTreeMap<&str, Result<Language, String>>> = LazyLock::new(|| {
    let read = |file: &str| toml::from_str(file).map_err(|error| error.to_string());
    LANGUAGES.iter().map(|(code, file)| (*code, read(file))).collect()
});

/// The language of this code, or English, with its code.
pub(crate) fn language(code: &str) -> Result<(&'static str, &'static Language), String> {
    let (known, _) = LANGUAGES.iter().find(|(known, _)| *known == code).unwrap_or(&("en", ""));
    match READ.get(known) {
        Some(Ok(language)) => Ok((known, language)),
        Some(Err(reason)) => Err(reason.clone()),
        None => Err(format!("no texts for {known}")),
    }
}
