//! Which records a document points to: what it takes to answer who cites a source without looking at everyone.

use serde_json::{Value, json};

use super::kept_text;
use crate::person::text;
use crate::store::Body;

/// Lines that point to a record other than a person or a family.
const POINTING: [&str; 6] = ["SOUR", "NOTE", "SNOTE", "OBJE", "REPO", "SUBM"];

/// What `index.cites` holds for a pointer to a record of a tree: short, and the same pointer of another tree is
/// another key. 16 hexadecimal digits of FNV-1a (Fowler, Noll, Vo), which does not change with the compiler.
pub fn cite_key(tree_id: &str, xref: &str) -> String {
    format!("{:016x}", fnv(&[tree_id, xref]))
}

/// FNV-1a over the parts, which are kept apart by a byte that is in none of them.
pub(super) fn fnv(parts: &[&str]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    parts
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, part| step(part.as_bytes().iter().fold(hash, step), &0xff))
}

/// Each pointer in the lines of a record once, in order. Reads the text as it is: an import does this for everyone.
pub fn pointers(raw: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    // Few lines end like a pointer: the others are passed over without being taken apart.
    for line in raw.lines().map(str::trim_end).filter(|line| line.ends_with('@')) {
        let mut words = line.trim_start().splitn(3, ' ');
        let (Some(_), Some(tag), Some(value)) = (words.next(), words.next(), words.next()) else { continue };
        let value = value.trim_start();
        let pointer = value.len() > 2 && value.starts_with('@');
        if pointer && POINTING.contains(&tag) && value != "@VOID@" && !value.starts_with("@@") {
            found.push(value);
        }
    }
    // Few have many; those who have must not make it a matter of squares.
    if found.len() > 1 {
        let mut seen = std::collections::HashSet::with_capacity(found.len());
        found.retain(|pointer| seen.insert(*pointer));
    }
    found
}

/// Notes in `index` what the kept record of a document points to. The document says which tree it is in.
pub fn index_cites(body: &mut Body) {
    let tree_id = text(body, "familyTreeId").unwrap_or_default();
    let keys: Vec<String> = kept_text(body)
        .map(pointers)
        .unwrap_or_default()
        .iter()
        .map(|xref| cite_key(tree_id, xref))
        .collect();
    let index = body.entry("index").or_insert_with(|| json!({}));
    let Value::Object(index) = index else { return };
    if keys.is_empty() {
        index.remove("cites");
    } else {
        index.insert("cites".into(), json!(keys));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gedcom::keep_record;
    use dzinza_gedcom::Record;

    #[test]
    fn pointers_to_records_are_found_once_and_nothing_else_is_one() {
        let raw = "0 @I1@ INDI\n1 NAME A\n2 SOUR @S1@\n1 BIRT\n2 SOUR @S1@\n3 NOTE @N1@\n1 FAMS @F1@\n1 NOTE @@S2@\n1 SNOTE @VOID@\n1 NOTE me @home@\n1 SOUR\n";
        assert_eq!(pointers(raw), ["@S1@", "@N1@"]);
    }

    #[test]
    fn the_keys_of_two_trees_differ_and_go_with_the_last_pointer() {
        assert_ne!(cite_key("t1", "@S1@"), cite_key("t2", "@S1@"));
        assert_eq!(cite_key("t1", "@S1@"), cite_key("t1", "@S1@"));
        let mut body = json!({ "familyTreeId": "t1" }).as_object().unwrap().clone();
        keep_record(&mut body, &Record::parse("0 @I1@ INDI\n1 SOUR @S1@\n").unwrap());
        index_cites(&mut body);
        assert_eq!(body["index"]["cites"], json!([cite_key("t1", "@S1@")]));
        keep_record(&mut body, &Record::parse("0 @I1@ INDI\n").unwrap());
        index_cites(&mut body);
        assert!(body["index"].get("cites").is_none());
    }
}
