//! What a citation is cited for, in words: `person`, `birth`, `residence:2`, `birth/place`.

use dzinza_gedcom::Record;
use serde_json::Value;

use crate::FieldProblem;
use crate::gedcom::lists::is_entry;

/// A name of a fact has at most so many characters.
const MAX_FACT: usize = 200;
/// Facts are at most so deep below their record.
pub(super) const DEPTH: usize = 6;
/// What facts are called; all others by their tag in small letters.
const WORDS: &[(&str, &str)] = &[
    ("NAME", "name"),
    ("SEX", "sex"),
    ("BIRT", "birth"),
    ("DEAT", "death"),
    ("BURI", "burial"),
    ("CREM", "cremation"),
    ("CHR", "christening"),
    ("BAPM", "baptism"),
    ("ADOP", "adoption"),
    ("RESI", "residence"),
    ("OCCU", "occupation"),
    ("EDUC", "education"),
    ("RELI", "religion"),
    ("NATI", "nationality"),
    ("CENS", "census"),
    ("TITL", "title"),
    ("MARR", "marriage"),
    ("ENGA", "engagement"),
    ("DIV", "divorce"),
    ("ANUL", "annulment"),
    ("EVEN", "event"),
    ("PLAC", "place"),
];

/// What stands for the whole record.
pub(super) const WHOLE: [&str; 3] = ["person", "family", "record"];

fn word(tag: &str) -> String {
    let known = WORDS.iter().find(|(known, _)| *known == tag);
    known.map_or_else(|| tag.to_lowercase(), |(_, word)| (*word).to_owned())
}

/// What a citation at this place is cited for.
pub(super) fn fact_of(record: &Record, at: &[usize]) -> String {
    let mut node = record;
    let mut parts = Vec::new();
    for place in at.split_last().map(|(_, parents)| parents).unwrap_or_default() {
        let Some(line) = node.children.get(*place) else { break };
        let earlier = node.children.iter().take(*place).filter(|other| other.tag == line.tag).count();
        let name = word(&line.tag);
        parts.push(if earlier == 0 { name } else { format!("{name}:{}", earlier + 1) });
        node = line;
    }
    if !parts.is_empty() {
        return parts.join("/");
    }
    let whole = match record.tag.as_str() {
        "INDI" => WHOLE.first(),
        "FAM" => WHOLE.get(1),
        _ => WHOLE.last(),
    };
    whole.copied().unwrap_or_default().to_owned()
}

/// The name of a fact as a caller gives it; the whole record if there is none.
///
/// # Errors
/// If it is no text, or cannot be the name of a fact.
pub fn read_fact(value: Option<&Value>) -> Result<String, FieldProblem> {
    let text = match value {
        None | Some(Value::Null) => return Ok(String::new()),
        Some(Value::String(text)) => text.trim().to_lowercase(),
        Some(_) => return Err(FieldProblem::new("fact", "invalid_type", "fact must be a text")),
    };
    let plain = |part: &str| {
        let (name, number) = part.split_once(':').unwrap_or((part, "1"));
        let named = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        named && number.parse::<usize>().is_ok_and(|number| number > 0)
    };
    if text.is_empty() || WHOLE.contains(&text.as_str()) {
        return Ok(String::new());
    }
    if text.len() > MAX_FACT || text.split('/').count() > DEPTH || !text.split('/').all(plain) {
        let message = "fact must be like person, name, birth, residence:2 or birth/place";
        return Err(FieldProblem::new("fact", "invalid", message));
    }
    Ok(text)
}

/// Where a fact is; the record itself if none is named.
pub(super) fn place_of(record: &Record, fact: &str) -> Option<Vec<usize>> {
    let (mut node, mut at) = (record, Vec::new());
    for part in fact.split('/').filter(|part| !part.is_empty()) {
        let (name, number) = part.split_once(':').unwrap_or((part, "1"));
        let number: usize = number.parse().ok()?;
        let known = WORDS.iter().find(|(_, word)| *word == name).map(|(tag, _)| (*tag).to_owned());
        let tag = known.unwrap_or_else(|| name.to_uppercase());
        let fact = |line: &Record| line.tag == tag && line.pointer().is_none() && !is_entry(line);
        let same = node.children.iter().enumerate().filter(|(_, line)| line.tag == tag);
        let (place, line) = same.skip(number.checked_sub(1)?).take(1).find(|(_, line)| fact(line))?;
        if tag == "SOUR" {
            return None;
        }
        at.push(place);
        node = line;
    }
    Some(at)
}
