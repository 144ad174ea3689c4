//! Enough of the grammar of a Bantu language to say "the brother of the wife of your father".

use std::collections::BTreeMap;

use serde::Deserialize;

/// The forms that a table gives of a word; what is missing is made by the language's rule.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Forms {
    /// Begins the possessives that agree with the word.
    concord: Option<String>,
    /// The word when it is somebody else's.
    theirs: Option<String>,
    /// The word when it is yours.
    yours: Option<String>,
    /// "of" and [`theirs`](Self::theirs); `~` stands for the concord of what is possessed.
    of: Option<String>,
    /// "of" and [`yours`](Self::yours).
    of_yours: Option<String>,
}

/// How a language makes them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rules {
    /// The concord of most words.
    concord: String,
    /// "Your" after its concord.
    yours: String,
    /// How "of" and a word begin, by how the word begins; the first that fits counts.
    of: Vec<(String, String)>,
    /// What says "by adoption", "former" and so on after a word.
    #[serde(default)]
    qualifiers: BTreeMap<String, String>,
}

/// A word with all its forms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Noun {
    pub concord: String,
    pub theirs: String,
    pub yours: String,
    of: String,
    of_yours: String,
}

impl Rules {
    pub fn noun(&self, word: &str, forms: &Forms) -> Noun {
        let concord = forms.concord.clone().unwrap_or_else(|| self.concord.clone());
        let theirs = forms.theirs.clone().unwrap_or_else(|| word.to_owned());
        let your = format!(" {concord}{}", self.yours);
        let yours = forms.yours.clone().unwrap_or_else(|| format!("{word}{your}"));
        let of = forms.of.clone().unwrap_or_else(|| self.genitive(&theirs));
        let of_yours = forms.of_yours.clone().unwrap_or_else(|| match (&forms.yours, &forms.theirs) {
            (Some(yours), _) => self.genitive(yours),
            (None, Some(_)) => format!("{}{your}", self.genitive(word)),
            (None, None) => format!("{of}{your}"),
        });
        Noun { concord, theirs, yours, of, of_yours }
    }

    fn genitive(&self, word: &str) -> String {
        let rule = self.of.iter().find_map(|(begin, of)| Some((of, word.strip_prefix(begin.as_str())?)));
        rule.map_or_else(|| word.to_owned(), |(of, rest)| format!("{of}{rest}"))
    }

    /// What is said after a word of this concord for a qualifier, in English and in brackets if the language's own
    /// word is not known.
    pub fn qualifier(&self, name: &str, concord: &str) -> String {
        self.qualifiers.get(name).map_or_else(|| format!("({name})"), |word| word.replace('~', concord))
    }
}

impl Noun {
    /// "Of" it, after a word of this concord.
    pub fn of(&self, concord: &str) -> String {
        self.of.replace('~', concord)
    }

    /// "Of your" it, after a word of this concord.
    pub fn of_yours(&self, concord: &str) -> String {
        self.of_yours.replace('~', concord)
    }
}
