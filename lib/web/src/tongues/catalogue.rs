//! English texts and what is read instead. The varying parts of a text are slots, such as `{field}`.

use std::collections::{BTreeMap, HashMap};

/// A text longer than this, in bytes, is none of the catalogue's.
const LONGEST: usize = 4096;

/// The texts of one language.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    /// Those without slots.
    fixed: HashMap<String, String>,
    /// Those with slots; what says most itself stands first.
    templates: Vec<Template>,
}

#[derive(Debug)]
struct Template {
    key: Vec<Part>,
    said: Vec<Part>,
}

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Slot(Slot),
}

/// What varies in a text. The name says what may stand there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    /// The name of a field: no spaces.
    Field,
    /// A number, and the ends of a range.
    Number,
    Low,
    High,
    /// Anything.
    Words,
}

impl Slot {
    fn named(name: &str) -> Option<Self> {
        match name {
            "field" => Some(Self::Field),
            "number" => Some(Self::Number),
            "low" => Some(Self::Low),
            "high" => Some(Self::High),
            "words" => Some(Self::Words),
            _ => None,
        }
    }

    fn takes(self, text: &str) -> bool {
        match self {
            Self::Field => !text.is_empty() && !text.contains(char::is_whitespace),
            Self::Number | Self::Low | Self::High => {
                !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
            }
            Self::Words => true,
        }
    }
}

impl Catalogue {
    /// Reads a table of English texts and what is said instead.
    ///
    /// # Errors
    /// If it is no such table, or a text has slots that nobody knows or that the other side lacks.
    pub(super) fn read(file: &str) -> Result<Self, String> {
        let texts: BTreeMap<String, String> = toml::from_str(file).map_err(|error| error.to_string())?;
        let mut read = Self::default();
        for (key, said) in texts {
            let broken = || format!("the slots of {key:?} are not right");
            let parts = (parts(&key).ok_or_else(broken)?, parts(&said).ok_or_else(broken)?);
            if slots(&parts.0) != slots(&parts.1) {
                return Err(broken());
            }
            if slots(&parts.0).is_empty() {
                read.fixed.insert(key, said);
            } else {
                read.templates.push(Template { key: parts.0, said: parts.1 });
            }
        }
        read.templates.sort_by_key(|template| std::cmp::Reverse(spoken(&template.key)));
        Ok(read)
    }

    /// What is said instead of this English text; `None` if the catalogue does not have it. What fills the slots is
    /// taken over as it is and never looked at again.
    pub(super) fn say(&self, english: &str) -> Option<String> {
        if english.len() > LONGEST {
            return None;
        }
        if let Some(said) = self.fixed.get(english) {
            return Some(said.clone());
        }
        self.templates.iter().find_map(|template| {
            let filled = fill(&template.key, english)?;
            Some(template.said.iter().map(|part| part.with(&filled)).collect())
        })
    }
}

impl Part {
    fn with<'a>(&'a self, filled: &[(Slot, &'a str)]) -> &'a str {
        match self {
            Self::Text(text) => text,
            Self::Slot(slot) => filled.iter().find(|(one, _)| one == slot).map_or("", |(_, text)| text),
        }
    }
}

/// A text cut at its slots; `None` if a slot is unknown or not closed.
fn parts(text: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        parts.push(Part::Text(before.to_owned()));
        parts.push(Part::Slot(Slot::named(name)?));
        rest = after;
    }
    parts.push(Part::Text(rest.to_owned()));
    parts.retain(|part| *part != Part::Text(String::new()));
    Some(parts)
}

/// The slots, in one order for every text with the same.
fn slots(parts: &[Part]) -> Vec<u8> {
    let mut slots: Vec<u8> = parts
        .iter()
        .filter_map(|part| match part {
            Part::Slot(slot) => Some(*slot as u8),
            Part::Text(_) => None,
        })
        .collect();
    slots.sort_unstable();
    slots
}

/// How much a text says itself, in bytes.
fn spoken(parts: &[Part]) -> usize {
    parts.iter().map(|part| if let Part::Text(text) = part { text.len() } else { 0 }).sum()
}

/// What fills the slots of a template to make this text. Each slot ends where the text after it first comes, so the
/// work is bounded by the length of both.
fn fill<'t>(key: &[Part], text: &'t str) -> Option<Vec<(Slot, &'t str)>> {
    let mut filled = Vec::new();
    let mut open = None;
    let mut rest = text;
    for (place, part) in key.iter().enumerate() {
        let literal = match part {
            Part::Slot(slot) => {
                open = Some(*slot);
                continue;
            }
            Part::Text(literal) => literal.as_str(),
        };
        let Some(slot) = open.take() else {
            rest = rest.strip_prefix(literal)?;
            continue;
        };
        let last = place + 1 == key.len();
        let (inside, after) =
            if last { (rest.strip_suffix(literal)?, "") } else { rest.split_once(literal)? };
        filled.push((slot, inside));
        rest = after;
    }
    match open {
        Some(slot) => filled.push((slot, rest)),
        None if !rest.is_empty() => return None,
        None => {}
    }
    filled.iter().all(|(slot, inside)| slot.takes(inside)).then_some(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        "Please sign in" = "Tapota pindai"
        "{field} is required" = "{field} inodiwa"
        "{field} must have at most {number} characters" = "{number}: ndiwo mugumo we {field}"
        "{field} must be a whole number from {low} to {high}" = "{field}: {low}-{high}"
        "Others work in {words}: say who takes it" = "Vamwe vari mu {words}: taurai"
        "{words}: say who takes it" = "{words}: taurai"
        "This is not JSON: {words}" = "Haisi JSON: {words}"
    "#;

    fn said(english: &str) -> Option<String> {
        Catalogue::read(FILE).unwrap().say(english)
    }

    #[test]
    fn a_text_is_said_with_what_fills_its_slots_in_the_order_of_the_language() {
        for (english, shona) in [
            ("Please sign in", "Tapota pindai"),
            ("email is required", "email inodiwa"),
            ("identifiers.0.value is required", "identifiers.0.value inodiwa"),
            ("name must have at most 100 characters", "100: ndiwo mugumo we name"),
            ("page must be a whole number from 1 to 50", "page: 1-50"),
            ("This is not JSON: expected `:` at line 1", "Haisi JSON: expected `:` at line 1"),
            ("This is not JSON: ", "Haisi JSON: "),
        ] {
            assert_eq!(said(english).as_deref(), Some(shona));
        }
    }

    #[test]
    fn what_the_catalogue_lacks_or_a_slot_does_not_take_is_not_said() {
        for english in [
            "",
            "Please sign in ",
            "please sign in",
            " is required",
            "The token is required",
            "name must have at most many characters",
            "page must be a whole number from 1 to 50, or none",
            &format!("This is not JSON: {}", "x".repeat(LONGEST)),
        ] {
            assert_eq!(said(english), None, "{english}");
        }
    }

    #[test]
    fn the_template_that_says_most_itself_wins() {
        assert_eq!(
            said("Others work in the Moyos: say who takes it").as_deref(),
            Some("Vamwe vari mu the Moyos: taurai")
        );
        assert_eq!(said("The Moyos: say who takes it").as_deref(), Some("The Moyos: taurai"));
    }

    #[test]
    fn what_fills_a_slot_is_never_read_as_a_template() {
        for words in
            ["{words}", "{field} is required", "{", "}{}", "This is not JSON: ", "\u{202e}ü: say who"]
        {
            assert_eq!(said(&format!("This is not JSON: {words}")), Some(format!("Haisi JSON: {words}")));
            let said = said(&format!("Others work in {words}: say who takes it"));
            assert_eq!(said, Some(format!("Vamwe vari mu {words}: taurai")));
        }
        assert_eq!(said("{number} is required").as_deref(), Some("{number} inodiwa"));
    }

    #[test]
    fn a_table_whose_sides_differ_is_refused() {
        for file in [
            "\"{field} is required\" = \"inodiwa\"",
            "\"{field} is required\" = \"{words} inodiwa\"",
            "\"{field} is required\" = \"{field} {field} inodiwa\"",
            "\"{name} is required\" = \"{name} inodiwa\"",
            "\"{field is required\" = \"{field inodiwa\"",
            "\"a\" = 1",
            "a",
        ] {
            assert!(Catalogue::read(file).is_err(), "{file}");
        }
    }
}
