use dzinza_gedcom::Record;

use super::payload::Dialect;

/// The name this platform signs files with.
const SYSTEM: &str = "DzinzaGenealogyPlatform";

/// The pointer of the submitter that is made up where one is needed.
const SUBMITTER: &str = "@SUBM1@";

/// What of a header is about the file and not about people.
const OF_THE_FILE: [&str; 5] = ["GEDC", "CHAR", "PLAC", "SCHMA", "LANG"];

/// How an export begins: the header and, if that needs one, the submitter.
///
/// `original` is the header that the tree came with. `private` leaves out who made that file. `submitters` says that
/// the tree's own follow.
pub fn opening(original: Option<&Record>, private: bool, submitters: bool) -> Vec<Record> {
    let anonymous = original.filter(|_| private).map(anonymous);
    let head = header(anonymous.as_ref().or(original));
    let ours = head.child("SUBM").is_some_and(|line| line.pointer() == Some(SUBMITTER));
    let missing = ours && (private || (original.is_none() && !submitters));
    std::iter::once(head).chain(missing.then(submitter)).collect()
}

/// A header with nothing in it about whoever made the file.
fn anonymous(original: &Record) -> Record {
    let kept = original.children.iter().filter(|line| OF_THE_FILE.contains(&line.tag.as_str()));
    let mut head = Record { children: kept.cloned().collect(), ..Record::new("HEAD") };
    if Dialect::of(Some(original)) == Dialect::Five {
        head.children.insert(0, Record::with("SUBM", SUBMITTER));
    }
    head
}

/// The header of an export: the one the tree came with, signed by us and in UTF-8; or a new one for 5.5.1.
fn header(original: Option<&Record>) -> Record {
    let mut source = Record::with("SOUR", SYSTEM);
    source.push(Record::with("NAME", "Dzinza"));
    let Some(original) = original else {
        let mut head = Record::new("HEAD");
        head.push(source);
        head.push(Record::with("SUBM", SUBMITTER));
        let mut form = Record::new("GEDC");
        form.push(Record::with("VERS", "5.5.1"));
        form.push(Record::with("FORM", "LINEAGE-LINKED"));
        head.push(form);
        head.push(Record::with("CHAR", "UTF-8"));
        return head;
    };
    let mut head = original.clone();
    head.xref = None;
    match head.children.iter_mut().find(|child| child.tag == "SOUR") {
        Some(old) => *old = source,
        None => head.children.insert(0, source),
    }
    if let Some(char) = head.children.iter_mut().find(|child| child.tag == "CHAR") {
        *char = Record::with("CHAR", "UTF-8");
    }
    head
}

/// The submitter of a tree that never had one.
fn submitter() -> Record {
    let mut submitter = Record::new("SUBM");
    submitter.xref = Some(SUBMITTER.into());
    submitter.push(Record::with("NAME", "Dzinza User"));
    submitter
}
