use dzinza_gedcom::Record;

/// The name this platform signs files with.
const SYSTEM: &str = "DzinzaGenealogyPlatform";

/// The header of an export: the one the tree came with, signed by us and in UTF-8; or a new one for 5.5.1.
pub fn header(original: Option<&Record>) -> Record {
    let mut source = Record::with("SOUR", SYSTEM);
    source.push(Record::with("NAME", "Dzinza"));
    let Some(original) = original else {
        let mut head = Record::new("HEAD");
        head.push(source);
        head.push(Record::with("SUBM", "@SUBM1@"));
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
        None => head.children.push(source),
    }
    if let Some(char) = head.children.iter_mut().find(|child| child.tag == "CHAR") {
        *char = Record::with("CHAR", "UTF-8");
    }
    head
}

/// The submitter of a tree that never had one.
pub fn submitter() -> Record {
    let mut submitter = Record::new("SUBM");
    submitter.xref = Some("@SUBM1@".into());
    submitter.push(Record::with("NAME", "Dzinza User"));
    submitter
}
