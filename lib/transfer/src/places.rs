//! Where the files of an archive are in it: each under the name that the records have for it, unless another file has
//! that name already.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use dzinza_domain::import::KeptFile;
use dzinza_gedcom::gedzip::file_reference;

/// A longer name may not fit into an archive once it has a number.
const LONGEST: usize = 900;
/// What looks longer is no ending that says what a file is.
const LONGEST_ENDING: usize = 12;

/// A file in the archive.
#[derive(Debug)]
struct Place {
    name: String,
    content: String,
}

/// See the module. Names that differ in letter case only are one name, as in the archive.
#[derive(Debug, Default)]
pub struct Places {
    /// By name.
    taken: HashMap<String, Place>,
    /// By content, the name under which a file is first.
    first: HashMap<String, String>,
    /// Hashes of names that somebody may ask for yet: no file gets one of them instead of its own.
    reserved: HashSet<u64>,
    /// By name, the number that was tried last.
    tried: HashMap<String, u64>,
}

/// What is to be done with a file that a record names.
#[derive(Debug, PartialEq, Eq)]
pub struct Put {
    /// What names it, if not what the record has.
    pub renamed: Option<String>,
    /// Whether it has to be brought there.
    pub new: bool,
}

impl Places {
    /// Notes that a name means something, whether there is such a file or not.
    pub fn reserve(&mut self, name: &str) {
        self.reserved.insert(hash(&name.to_lowercase()));
    }

    /// Puts a file where a record has it, or beside it if another is there.
    pub fn put(&mut self, name: &str, file: &KeptFile) -> Put {
        match self.taken.get(&name.to_lowercase()) {
            None => {
                self.take(name.to_owned(), &file.content);
                Put { renamed: None, new: true }
            }
            Some(place) if place.content == file.content => {
                let other = place.name != name;
                Put { renamed: other.then(|| file_reference(&place.name)), new: false }
            }
            Some(_) => {
                let known = self.first.get(&file.content).cloned();
                let new = known.is_none();
                let name = known.unwrap_or_else(|| self.free(name, &file.content));
                Put { renamed: Some(file_reference(&name)), new }
            }
        }
    }

    /// Takes a name for a file that no record names yet: this one, or one beside it.
    pub fn claim(&mut self, name: &str, content: &str) -> String {
        if self.is_free(name) {
            self.take(name.to_owned(), content);
            return name.to_owned();
        }
        self.free(name, content)
    }

    fn is_free(&self, name: &str) -> bool {
        let lower = name.to_lowercase();
        !self.taken.contains_key(&lower) && !self.reserved.contains(&hash(&lower))
    }

    fn take(&mut self, name: String, content: &str) {
        self.first.entry(content.to_owned()).or_insert_with(|| name.clone());
        self.taken.insert(name.to_lowercase(), Place { name, content: content.to_owned() });
    }

    /// `media/1.jpg` to `media/1-2.jpg`, or the next number that nobody has.
    fn free(&mut self, name: &str, content: &str) -> String {
        let (stem, ending) = parts(name);
        let mut number = self.tried.get(&name.to_lowercase()).map_or(2, |tried| tried + 1);
        let mut free = format!("{stem}-{number}{ending}");
        while !self.is_free(&free) {
            number += 1;
            free = format!("{stem}-{number}{ending}");
        }
        self.tried.insert(name.to_lowercase(), number);
        self.take(free.clone(), content);
        free
    }
}

/// A name before and behind the place of its number.
fn parts(name: &str) -> (&str, &str) {
    let file = name.rfind('/').map_or(0, |at| at + 1);
    let dot = name.rfind('.').filter(|dot| *dot > file && name.len() - dot <= LONGEST_ENDING);
    let (stem, ending) = name.split_at(dot.unwrap_or(name.len()));
    let short = (0..=LONGEST).rev().find(|at| stem.is_char_boundary(*at)).unwrap_or(0);
    (stem.get(..short).unwrap_or(stem), ending)
}

fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &str) -> KeptFile {
        KeptFile { key: format!("media/i/{content}"), content: content.to_owned() }
    }

    fn put(places: &mut Places, name: &str, content: &str) -> (Option<String>, bool) {
        let put = places.put(name, &file(content));
        (put.renamed, put.new)
    }

    #[test]
    fn another_file_of_one_name_gets_a_name_beside_it() {
        let mut places = Places::default();
        for name in ["media/1.jpg", "media/1-3.jpg"] {
            places.reserve(name);
        }
        let beside = |name: &str| Some(name.to_owned());
        assert_eq!(put(&mut places, "media/1.jpg", "a"), (None, true));
        assert_eq!(put(&mut places, "media/1.jpg", "a"), (None, false));
        assert_eq!(put(&mut places, "media/1.jpg", "b"), (beside("media/1-2.jpg"), true));
        assert_eq!(put(&mut places, "media/1.jpg", "b"), (beside("media/1-2.jpg"), false));
        assert_eq!(put(&mut places, "media/1.jpg", "c"), (beside("media/1-4.jpg"), true));
        assert_eq!(put(&mut places, "media/1-3.jpg", "d"), (None, true));
        // What is in the archive under another name already is not brought again.
        assert_eq!(put(&mut places, "media/1-3.jpg", "a"), (beside("media/1.jpg"), false));
        assert_eq!(put(&mut places, "copy.jpg", "a"), (None, true));
        assert_eq!(places.claim("media/1.jpg", "own"), "media/1-5.jpg");
        assert_eq!(places.claim("own.jpg", "own2"), "own.jpg");
    }

    #[test]
    fn names_that_differ_in_case_only_are_one() {
        let mut places = Places::default();
        assert_eq!(put(&mut places, "Zoë 1.JPG", "a"), (None, true));
        assert_eq!(put(&mut places, "zoË 1.jpg", "a"), (Some("Zo%C3%AB%201.JPG".to_owned()), false));
        assert_eq!(put(&mut places, "zoË 1.jpg", "b"), (Some("zo%C3%8B%201-2.jpg".to_owned()), true));
    }

    #[test]
    fn numbers_stand_before_the_ending_and_names_do_not_outgrow_the_archive() {
        for (name, with) in [
            ("a", ("a", "")),
            ("a.b/c", ("a.b/c", "")),
            (".hidden", (".hidden", "")),
            ("a.b/.c", ("a.b/.c", "")),
            ("a.tar.gz", ("a.tar", ".gz")),
            ("a.no ending of a file", ("a.no ending of a file", "")),
        ] {
            assert_eq!(parts(name), with);
        }
        let long = format!("{}.jpg", "ë".repeat(510));
        let (stem, ending) = parts(&long);
        assert_eq!((stem.len(), ending), (900, ".jpg"));
    }
}
