//! The tables of words: data files that are read once.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::Confidence;
use super::grammar::{Forms, Noun, Rules};
use super::pattern::Pattern;

/// The words of one language.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// What one is to oneself.
    pub own: String,
    /// Between words that it can be.
    pub or: String,
    /// Whether the order of the houses decides who is senior where nobody knows who is older.
    pub houses: bool,
    pub rules: Rules,
    pub entries: Vec<Entry>,
    /// Single steps, for descriptions only.
    pub steps: Vec<Entry>,
    pub same: Vec<Same>,
}

/// A word and what it is for.
#[derive(Debug)]
pub(super) struct Entry {
    pub patterns: Vec<Pattern>,
    pub word: String,
    pub gloss: String,
    pub honorific: Option<String>,
    pub also: Vec<String>,
    pub confidence: Confidence,
    pub references: Vec<String>,
    pub noun: Noun,
}

/// A way that counts as a shorter one, which begins like it up to its own last step, or ends like it. Its last person
/// is the last one of `this`.
#[derive(Debug, Clone)]
pub(super) struct Same {
    pub this: Pattern,
    pub counts_as: Pattern,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    own: String,
    or: String,
    houses: bool,
    grammar: Rules,
    sources: BTreeMap<String, String>,
    term: Vec<RawTerm>,
    step: Vec<RawStep>,
    same: Vec<RawSame>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTerm {
    r#for: OneOrMore,
    say: String,
    gloss: String,
    sure: Confidence,
    by: Vec<String>,
    honorific: Option<String>,
    #[serde(default)]
    also: Vec<String>,
    #[serde(default)]
    forms: Forms,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    r#for: OneOrMore,
    say: String,
    #[serde(default)]
    forms: Forms,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSame {
    this: String,
    counts_as: String,
    /// For the reader.
    #[serde(rename = "because")]
    _because: String,
    by: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn patterns(&self) -> Result<Vec<Pattern>, String> {
        match self {
            Self::One(text) => Pattern::parse(text).map(|pattern| vec![pattern]),
            Self::More(texts) => texts.iter().map(|text| Pattern::parse(text)).collect(),
        }
    }
}

impl Table {
    /// Reads a table. The error says what is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|problem| problem.to_string())?;
        let rules = &file.grammar;
        let titles = |keys: &[String]| -> Result<Vec<String>, String> {
            let title =
                |key: &String| file.sources.get(key).cloned().ok_or_else(|| format!("no source \"{key}\""));
            keys.iter().map(title).collect()
        };
        let term = |raw: &RawTerm| {
            Ok(Entry {
                patterns: raw.r#for.patterns()?,
                noun: rules.noun(&raw.say, &raw.forms),
                word: raw.say.clone(),
                gloss: raw.gloss.clone(),
                honorific: raw.honorific.clone(),
                also: raw.also.clone(),
                confidence: raw.sure,
                references: titles(&raw.by)?,
            })
        };
        let step = |raw: &RawStep| {
            Ok(Entry {
                patterns: raw.r#for.patterns()?,
                noun: rules.noun(&raw.say, &raw.forms),
                word: raw.say.clone(),
                gloss: String::new(),
                honorific: None,
                also: Vec::new(),
                confidence: Confidence::Medium,
                references: Vec::new(),
            })
        };
        let same = |raw: &RawSame| {
            titles(&raw.by)?;
            Same::new(Pattern::parse(&raw.this)?, Pattern::parse(&raw.counts_as)?)
        };
        Ok(Self {
            entries: file.term.iter().map(term).collect::<Result<_, String>>()?,
            steps: file.step.iter().map(step).collect::<Result<_, String>>()?,
            same: file.same.iter().map(same).collect::<Result<_, String>>()?,
            own: file.own,
            or: file.or,
            houses: file.houses,
            rules: file.grammar,
        })
    }
}

impl Same {
    fn new(this: Pattern, counts_as: Pattern) -> Result<Self, String> {
        let kept = counts_as.steps.len().saturating_sub(1);
        // Shorter, or looking words up might never end.
        let shorter = counts_as.steps.len() < this.steps.len() && !this.many && !counts_as.many;
        let begins = counts_as.steps.get(..kept) == this.steps.get(..kept);
        let same = Self { this, counts_as };
        if shorter && (begins || same.ends()) {
            Ok(same)
        } else {
            Err("what counts as another relation is longer than it, and begins or ends like it".to_owned())
        }
    }

    /// Whether the shorter way is the end of the longer one.
    pub fn ends(&self) -> bool {
        self.this.steps.ends_with(&self.counts_as.steps)
    }
}

pub(super) const SHONA: &str = include_str!("sn.toml");
pub(super) const NDEBELE: &str = include_str!("nd.toml");

/// The words of Shona.
pub(super) fn shona() -> &'static Table {
    // A table that does not read fails a test; until then nothing has a word.
    static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(SHONA).unwrap_or_default());
    &TABLE
}

/// The words of Ndebele.
pub(super) fn ndebele() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(NDEBELE).unwrap_or_default());
    &TABLE
}
