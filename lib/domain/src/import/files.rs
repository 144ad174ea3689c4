//! The files that archives brought into a tree, and which of them a record means.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::{MEDIA, lineage};
use crate::store::{Body, Document};

/// Beside [`MEDIA`]: documents that were there before and mean a file of this archive since, `{name, documentId}` each.
pub const MEDIA_FOR: &str = "mediaFor";

/// Where the file of an archive is kept.
pub fn medium_key(import_id: &str, number: usize, name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    // From the end: what a file is stands there.
    let tail: Vec<char> = last.chars().rev().take(80).map(plain).collect();
    let tail: String = tail.into_iter().rev().collect();
    format!("{}{number}-{tail}", folder(import_id))
}

fn folder(import_id: &str) -> String {
    format!("media/{import_id}/")
}

/// A file that an archive brought, as its import remembers it: its name there, where it is, its SHA-256 in hexadecimal.
pub fn kept_medium(name: &str, key: &str, sha256: &str) -> Value {
    json!({ "name": name, "blobKey": key, "sha256": sha256 })
}

/// The names in an archive that a `FILE` payload may stand for, the likeliest first; none for addresses, and for what
/// leads outside.
pub fn medium_names(reference: &str) -> impl Iterator<Item = String> + use<> {
    dzinza_gedcom::gedzip::entry_names(reference)
}

/// The files that an import keeps.
pub fn media(import: &Document) -> impl Iterator<Item = Medium<'_>> {
    let all = import.body.get(MEDIA).and_then(Value::as_array).into_iter().flatten();
    let folder = folder(&import.id);
    all.filter_map(move |medium| {
        // Older ones say `key`, which a restored archive could have made up.
        let older = || medium["key"].as_str().filter(|key| key.starts_with(&folder));
        let key = medium["blobKey"].as_str().or_else(older)?;
        Some(Medium { name: medium["name"].as_str()?, key, sha256: medium["sha256"].as_str() })
    })
}

/// One of [`media`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Medium<'a> {
    /// Its name in the archive.
    pub name: &'a str,
    /// Where it is.
    pub key: &'a str,
    /// What is in it, if that is known.
    pub sha256: Option<&'a str>,
}

/// Notes that a document means the file of this name as the import has it, whatever it meant before.
pub fn mean(import: &mut Body, name: &str, document: &str) {
    let all = import.entry(MEDIA_FOR).or_insert_with(|| json!([]));
    if let Value::Array(all) = all {
        all.push(json!({ "name": name, "documentId": document }));
    }
}

/// A file of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFile {
    /// Where it is.
    pub key: String,
    /// Of two files with the same, one is enough.
    pub content: String,
}

#[derive(Debug)]
struct Candidate {
    import: usize,
    file: KeptFile,
    /// Documents of earlier imports that mean this one.
    meant_by: HashSet<String>,
}

/// Everything that the complete imports of a tree keep.
#[derive(Debug, Default)]
pub struct Kept {
    /// By number and id, with what each is a newer version of.
    imports: Vec<((u64, String), Vec<String>)>,
    /// By name, in the order in which their imports were taken.
    files: HashMap<String, Vec<Candidate>>,
}

impl Kept {
    /// What is looked at in an import.
    pub const FIELDS: &[&str] = &["number", "lineage", MEDIA, MEDIA_FOR];

    /// Takes those files of a complete import whose names are wanted. One that was taken is not taken again.
    pub fn take(&mut self, import: &Document, wanted: impl Fn(&str) -> bool) {
        if self.imports.iter().any(|((_, id), _)| *id == import.id) {
            return;
        }
        let number = import.body.get("number").and_then(Value::as_u64).unwrap_or(0);
        let place = self.imports.len();
        let earlier = lineage(&import.id, &import.body).split_off(1);
        self.imports.push(((number, import.id.clone()), earlier));
        let mut meant: HashMap<&str, HashSet<String>> = HashMap::new();
        for one in import.body.get(MEDIA_FOR).and_then(Value::as_array).into_iter().flatten() {
            if let (Some(name), Some(id)) = (one["name"].as_str(), one["documentId"].as_str()) {
                meant.entry(name).or_default().insert(id.to_owned());
            }
        }
        for medium in media(import).filter(|medium| wanted(medium.name)) {
            let content = medium.sha256.unwrap_or(medium.key).to_owned();
            let file = KeptFile { key: medium.key.to_owned(), content };
            let meant_by = meant.remove(medium.name).unwrap_or_default();
            let candidate = Candidate { import: place, file, meant_by };
            self.files.entry(medium.name.to_owned()).or_default().push(candidate);
        }
    }

    /// Whether there is no file at all.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The names that any archive has.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The imports that brought any.
    pub fn imports(&self) -> HashSet<&str> {
        self.files.values().flatten().map(|one| self.id(one)).collect()
    }

    /// The name in an archive that a `FILE` payload stands for here.
    pub fn named(&self, reference: &str) -> Option<&str> {
        medium_names(reference).find_map(|name| Some(self.files.get_key_value(&name)?.0.as_str()))
    }

    /// The file that a document means by a `FILE` payload. A newer version of its record may have brought a newer one;
    /// else that of its own archive counts, then that of an earlier version of the same file, then the oldest.
    pub fn find(&self, document: &str, import: Option<&str>, reference: &str) -> Option<&KeptFile> {
        let all = medium_names(reference).find_map(|name| self.files.get(&name))?;
        let newest = all.iter().filter(|one| one.meant_by.contains(document));
        let newest = newest.max_by_key(|one| self.order(one));
        let of = |import: &str| all.iter().find(|one| self.id(one) == import);
        let found = newest.or_else(|| of(import?)).or_else(|| {
            let (_, earlier) = self.imports.iter().find(|((_, id), _)| Some(id.as_str()) == import)?;
            earlier.iter().find_map(|earlier| of(earlier))
        });
        let found = found.or_else(|| all.iter().min_by_key(|one| self.order(one)))?;
        Some(&found.file)
    }

    fn order(&self, candidate: &Candidate) -> Option<&(u64, String)> {
        self.imports.get(candidate.import).map(|(order, _)| order)
    }

    fn id(&self, candidate: &Candidate) -> &str {
        self.order(candidate).map_or("", |(_, id)| id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(id: &str, number: u64, names: &[&str], more: Value) -> Document {
        let media: Vec<Value> =
            names.iter().map(|name| kept_medium(name, &medium_key(id, 0, name), "")).collect();
        let mut body =
            Body::from_iter([("number".to_owned(), json!(number)), (MEDIA.to_owned(), media.into())]);
        if let Value::Object(more) = more {
            body.extend(more);
        }
        Document { id: id.into(), version: 1, body }
    }

    fn kept(imports: &[&Document]) -> Kept {
        let mut kept = Kept::default();
        for import in imports {
            kept.take(import, |_| true);
        }
        kept
    }

    #[test]
    fn a_record_means_the_file_of_its_own_archive_and_then_the_oldest() {
        let (one, two) =
            (import("b", 1, &["a.jpg"], json!({})), import("a", 2, &["a.jpg", "b.jpg"], json!({})));
        for kept in [kept(&[&one, &two]), kept(&[&two, &one, &two])] {
            let found = |import, name| kept.find("d", import, name).map(|file| file.key.as_str());
            assert_eq!(found(Some("a"), "a.jpg"), Some("media/a/0-a.jpg"));
            assert_eq!(found(Some("b"), "./a.jpg"), Some("media/b/0-a.jpg"));
            assert_eq!(found(Some("b"), "b.jpg"), Some("media/a/0-b.jpg"));
            for other in [Some("c"), None] {
                assert_eq!(found(other, "a.jpg"), Some("media/b/0-a.jpg"));
            }
            assert_eq!(found(Some("a"), "c.jpg"), None);
            assert_eq!(kept.imports(), HashSet::from(["a", "b"]));
            assert_eq!((kept.named("./b.jpg"), kept.named("c.jpg")), (Some("b.jpg"), None));
        }
    }

    #[test]
    fn what_a_newer_version_brought_counts_for_whom_it_says_and_as_long_as_it_is_there() {
        let (one, other) = (import("z", 1, &["a.jpg"], json!({})), import("b", 2, &["a.jpg"], json!({})));
        let mut newer = import("c", 3, &["a.jpg"], json!({ "lineage": ["b"] }));
        mean(&mut newer.body, "a.jpg", "d");
        let newest = import("e", 4, &["b.jpg"], json!({ "lineage": ["c", "b"] }));
        let found = |all: &[&Document], document: &str, import| {
            kept(all).find(document, Some(import), "a.jpg").unwrap().key.clone()
        };
        assert_eq!(found(&[&one, &other, &newer], "d", "b"), "media/c/0-a.jpg");
        assert_eq!(found(&[&one, &other, &newer], "untouched", "b"), "media/b/0-a.jpg");
        assert_eq!(found(&[&one, &other], "d", "b"), "media/b/0-a.jpg");
        // What is new in a version without this file means that of the version before.
        assert_eq!(found(&[&one, &other, &newer, &newest], "new", "e"), "media/c/0-a.jpg");
        assert_eq!(found(&[&one, &other, &newest], "new", "e"), "media/b/0-a.jpg");
    }

    #[test]
    fn an_import_keeps_only_what_it_says_is_its_own() {
        let older = json!([
            { "name": "a.jpg", "key": "media/i/0-a.jpg" },
            { "name": "b.jpg", "key": "photos/of-others.jpg" },
            { "name": "c.jpg", "key": "media/ii/0-c.jpg" },
        ]);
        let body = Body::from_iter([(MEDIA.to_owned(), older)]);
        let import = Document { id: "i".into(), version: 1, body };
        let found: Vec<Medium<'_>> = media(&import).collect();
        assert_eq!(found, [Medium { name: "a.jpg", key: "media/i/0-a.jpg", sha256: None }]);
    }
}
