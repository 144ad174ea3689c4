//! Words for a relation, in English, Shona and Ndebele: what the person at the end of a [`Path`](crate::Path) is to
//! the person at its beginning.
//!
//! [`describe`] brings a path into the form that words are looked up by, a [`Route`]; [`term`] finds the word. English
//! words are made by rule. Those of the other languages stand in a table each (`sn.toml`, `nd.toml`), which says at its
//! top how to read and correct it, and why each word is there.
//!
//! A word is never guessed. Where the sex or the seniority of somebody decides and is not known, the language's neutral
//! word is the answer, else both words with "or" between them; a relation without a word is described step by step.

mod english;
mod grammar;
mod lookup;
mod pattern;
mod route;
mod speak;
mod table;
#[cfg(test)]
mod tests;

pub use route::{Leg, Rank, Route, describe};

/// A language that terms are known in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    English,
    /// Shona (chiShona), as the standard dictionaries have it.
    Shona,
    /// Ndebele of Zimbabwe (isiNdebele).
    Ndebele,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::English, Self::Shona, Self::Ndebele];

    /// The language's code by ISO 639-1: `en`, `sn`, `nd`.
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Shona => "sn",
            Self::Ndebele => "nd",
        }
    }

    /// The language of a code, if terms are known in it.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }
}

/// In which way a term says what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// A word of the language for this relation.
    Word,
    /// The words it can be, because something that decides between them is not known.
    Choice,
    /// The way there, step by step: the language has no word, or none that we are sure of.
    Described,
}

/// How well a word is vouched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Used so in one region, or by some.
    Medium,
    /// Sources agree.
    High,
}

/// A relation in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The word, the words, or the description, in the language. Never empty, and never long.
    pub word: String,
    /// In which way it says so.
    pub form: Form,
    /// Whether it is a word for just this relation, and nothing had to be left open or taken for granted.
    pub exact: bool,
    /// The language.
    pub language: Language,
    /// What the word means, in English; for words made by rule and for descriptions as [`literal`](Self::literal).
    pub gloss: String,
    /// This way, in English: "father's elder brother's wife".
    pub literal: String,
    /// How the word is said to honour the one it is said of, if that is another form of it.
    pub honorific: Option<String>,
    /// Other words for the same that are heard.
    pub also: Vec<String>,
    /// How well the word is vouched for; `None` where no table was asked.
    pub confidence: Option<Confidence>,
    /// Where the word is described: titles of books and pages.
    pub references: Vec<String>,
}

/// Whether a language has a word for a route, or words of which it is one.
pub(crate) fn has_word(route: &Route, language: Language) -> bool {
    match language {
        Language::English => english::has_word(route),
        Language::Shona => lookup::find(table::shona(), route).is_some(),
        Language::Ndebele => lookup::find(table::ndebele(), route).is_some(),
    }
}

/// The word for a route in a language.
pub fn term(route: &Route, language: Language) -> Term {
    match language {
        Language::English => english::term(route),
        Language::Shona => speak::term(route, language, table::shona()),
        Language::Ndebele => speak::term(route, language, table::ndebele()),
    }
}
