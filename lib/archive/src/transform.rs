//! What is in a body that leads elsewhere: files, and documents of the same tree.

use std::collections::HashSet;

use dzinza_domain::store::Body;
use serde_json::Value;

use crate::ids::{Ids, references};

/// Before the key of a file where a field holds an address.
const ADDRESS: &str = "blob:";
/// Where the files of trees that were restored are.
const SHELF: &str = "restored/";
/// Who did something, told for history's sake: never made somebody here.
const TOLD: &str = "changedBy";

/// Tells the keys of the files that a body speaks of: in addresses (`blob:KEY`), and in fields called `blobKey`.
pub fn blob_keys(body: &Body, found: &mut dyn FnMut(&str)) {
    body.iter().for_each(|(name, value)| keys_in(name, value, found));
}

fn keys_in(name: &str, value: &Value, found: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => {
            if let Some(key) =
                text.strip_prefix(ADDRESS).or_else(|| names_a_key(name).then_some(text.as_str()))
                && crate::manifest::is_key(key)
            {
                found(key);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| keys_in(name, value, found)),
        Value::Object(fields) => blob_keys(fields, found),
        _ => {}
    }
}

fn names_a_key(name: &str) -> bool {
    name == "blobKey" || name.ends_with("BlobKey")
}

/// How the bodies of a tree change when it becomes somebody's new tree.
pub struct Renewal {
    /// The archive's ids.
    pub ids: Ids,
    /// The new tree.
    pub tree_id: String,
    /// Whose it is from now on.
    pub owner: String,
}

impl Renewal {
    /// The key that a file of the archive gets.
    pub fn blob_key(&self, key: &str) -> String {
        let bare =
            key.strip_prefix(SHELF).and_then(|rest| rest.split_once('/')).map_or(key, |(_, bare)| bare);
        format!("{SHELF}{}/{bare}", self.tree_id)
    }

    /// Collects references to what is not of the archive.
    pub fn foreign(&self, body: &Body, found: &mut HashSet<u128>) {
        body.iter().filter(|(name, _)| *name != TOLD).for_each(|(_, value)| self.foreign_in(value, found));
    }

    fn foreign_in(&self, value: &Value, found: &mut HashSet<u128>) {
        match value {
            Value::String(text) => {
                found.extend(references(text).into_iter().map(|(_, id)| id).filter(|id| !self.ids.has(*id)));
            }
            Value::Array(values) => values.iter().for_each(|value| self.foreign_in(value, found)),
            Value::Object(fields) => self.foreign(fields, found),
            _ => {}
        }
    }

    /// Rewrites references to documents and files, and makes everything the new owner's. What is `taken` here by others
    /// is led nowhere: nobody may put somebody else's document into a tree of their own.
    pub fn rewrite(&self, body: &mut Body, taken: &HashSet<u128>) {
        body.iter_mut().for_each(|(name, value)| self.rewrite_in(name, value, taken));
    }

    fn rewrite_in(&self, name: &str, value: &mut Value, taken: &HashSet<u128>) {
        match value {
            Value::String(_) if name == TOLD => {}
            Value::String(text) if matches!(name, "userId" | "ownerId") => text.clone_from(&self.owner),
            Value::String(text) => {
                if let Some(key) = text.strip_prefix(ADDRESS) {
                    *text = format!("{ADDRESS}{}", self.blob_key(key));
                } else if names_a_key(name) {
                    *text = self.blob_key(text);
                } else if let Some(changed) = self.ids.rewrite(text, taken) {
                    *text = changed;
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.rewrite_in(name, value, taken)),
            Value::Object(fields) => self.rewrite(fields, taken),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use dzinza_domain::import::kept_medium;
    use serde_json::json;

    use super::*;
    use crate::ids::parse;

    const OWN: &str = "01990000-0000-7000-8000-0000000000aa";
    const OTHERS: &str = "01990000-0000-7000-8000-0000000000bb";

    #[test]
    fn files_are_found_wherever_they_are_spoken_of() {
        let body = json!({ "profilePhotoUrl": "blob:demo/a.svg", "blobKey": "imports/1.ged", "more": [{ "scanBlobKey": "x/y.pdf" }],
            "media": [kept_medium("1.jpg", "media/i/0-1.jpg", "")],
            "photos": ["blob:b.jpg", "https://example.org/blob:c.jpg", "blob:../etc/passwd"], "notes": "blob: a word" });
        let mut found = Vec::new();
        blob_keys(body.as_object().unwrap(), &mut |key| found.push(key.to_owned()));
        found.sort();
        assert_eq!(found, ["b.jpg", "demo/a.svg", "imports/1.ged", "media/i/0-1.jpg", "x/y.pdf"]);
    }

    #[test]
    fn a_body_becomes_the_new_owners_and_leads_to_nobody_else() {
        let own = parse(OWN.as_bytes()).unwrap();
        let renewal = Renewal { ids: Ids::new(vec![own], 1), tree_id: "t".into(), owner: "me".into() };
        let Value::Object(mut body) = json!({ "userId": "them", "changedBy": OTHERS, "person1Id": OWN, "person2Id": OTHERS,
            "index": { "pair": format!("{OWN}:{OTHERS}:Spousal") }, "notes": format!("Ask {OWN}"), "uid": OTHERS.replace('b', "c"),
            "photo": "blob:restored/old/a/b.jpg", "blobKey": "imports/1.ged",
            "media": [kept_medium("1.jpg", "media/i/0-1.jpg", "sum")], "mediaFor": [{ "name": "1.jpg", "documentId": OWN }] })
        else {
            panic!("an object")
        };
        let mut foreign = HashSet::new();
        renewal.foreign(&body, &mut foreign);
        let others = parse(OTHERS.as_bytes()).unwrap();
        assert!(foreign.contains(&others) && !foreign.contains(&own));
        renewal.rewrite(&mut body, &HashSet::from([others]));
        let (own, nobody) = (OWN.replace("aa", "ab"), OTHERS.replace("bb", "ba"));
        let expected = json!({ "userId": "me", "changedBy": OTHERS, "person1Id": own, "person2Id": nobody,
            "index": { "pair": format!("{own}:{nobody}:Spousal") }, "notes": format!("Ask {OWN}"), "uid": OTHERS.replace('b', "c"),
            "photo": "blob:restored/t/a/b.jpg", "blobKey": "restored/t/imports/1.ged",
            "media": [kept_medium("1.jpg", "restored/t/media/i/0-1.jpg", "sum")], "mediaFor": [{ "name": "1.jpg", "documentId": own }] });
        assert_eq!(Value::Object(body), expected);
    }
}
