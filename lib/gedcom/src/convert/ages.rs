//! `AGE` payloads: words and bare bounds of 5.5.1, phrases and weeks of 7.0.

use super::dates::Phrased;

/// The words of 5.5.1 with what 7.0 says instead.
const WORDS: [(&str, &str, &str); 3] =
    [("CHILD", "< 8y", "Child"), ("INFANT", "< 1y", "Infant"), ("STILLBORN", "0y", "Stillborn")];

/// A 5.5.1 age in 7.0, with the text itself as the phrase where 7.0 would say less.
pub(super) fn to_seven(text: &str) -> Phrased {
    let trimmed = text.trim();
    if let Some((_, value, phrase)) = WORDS.iter().find(|(word, ..)| *word == trimmed) {
        return ((*value).to_owned(), Some((*phrase).to_owned()));
    }
    let (bound, rest) = bound(trimmed);
    let parts = durations(rest);
    match (parts, rest.trim().parse::<u32>()) {
        (Some(parts), _) if !parts.iter().any(|(_, unit)| *unit == 'w') => (write(bound, " ", &parts), None),
        (_, Ok(years)) => (write(bound, " ", &[(years.to_string(), 'y')]), Some(text.to_owned())),
        _ => (String::new(), (!trimmed.is_empty()).then(|| text.to_owned())),
    }
}

/// The 5.5.1 payload for a 7.0 age, and the phrase if it could not become a part of it. `None` when 5.5.1 has no
/// words for it.
pub(super) fn to_five(value: &str, phrase: Option<&str>) -> Option<Phrased> {
    if let Some(words) = phrase {
        let said = (value.to_owned(), Some(words.to_owned()));
        let word = WORDS.iter().find(|(.., phrase)| *phrase == words).map(|(word, ..)| *word);
        if let Some(text) = [word, Some(words)].into_iter().flatten().find(|text| to_seven(text) == said) {
            return Some((text.to_owned(), None));
        }
    }
    if value.is_empty() {
        return phrase.is_none().then(|| (String::new(), None));
    }
    let (bound, rest) = bound(value);
    let parts = durations(rest).filter(|parts| !parts.iter().any(|(_, unit)| *unit == 'w'))?;
    Some((write(bound, "", &parts), phrase.map(str::to_owned)))
}

fn bound(text: &str) -> (&str, &str) {
    match text.strip_prefix(['<', '>']) {
        Some(rest) => (&text[..1], rest.trim_start()),
        None => ("", text),
    }
}

/// `25y 3m` as numbers with units, in the order that both versions want.
fn durations(text: &str) -> Option<Vec<(String, char)>> {
    let mut units = "ymwd".chars();
    let mut found = Vec::new();
    for word in text.split_whitespace() {
        let unit = word.chars().next_back()?.to_ascii_lowercase();
        let number = word.get(..word.len() - 1)?;
        let fits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        if !fits || !units.any(|next| next == unit) {
            return None;
        }
        found.push((number.to_owned(), unit));
    }
    (!found.is_empty()).then_some(found)
}

fn write(bound: &str, gap: &str, parts: &[(String, char)]) -> String {
    let words: Vec<_> = parts.iter().map(|(number, unit)| format!("{number}{unit}")).collect();
    let gap = if bound.is_empty() { "" } else { gap };
    format!("{bound}{gap}{}", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for (five, value, phrase) in [
            ("25y", "25y", None),
            ("025y 3m 2d", "025y 3m 2d", None),
            (">25y", "> 25y", None),
            ("<1y", "< 1y", None),
            ("CHILD", "< 8y", Some("Child")),
            ("INFANT", "< 1y", Some("Infant")),
            ("STILLBORN", "0y", Some("Stillborn")),
            ("25", "25y", Some("25")),
            ("grown up", "", Some("grown up")),
        ] {
            let phrase = phrase.map(str::to_owned);
            assert_eq!(to_seven(five), (value.to_owned(), phrase.clone()), "{five}");
            assert_eq!(to_five(value, phrase.as_deref()), Some((five.to_owned(), None)), "{five}");
        }
    }

    #[test]
    fn what_five_cannot_say() {
        assert_eq!(to_five("3w", None), None);
        assert_eq!(to_five("25y", Some("Adult")), Some(("25y".into(), Some("Adult".into()))));
        assert_eq!(to_seven("3d 2y"), (String::new(), Some("3d 2y".into())));
    }
}
