//! From documents to a graph: all of them, or some persons again.

use std::collections::HashMap;
use std::sync::Arc;

use dzinza_domain::collections::{PEOPLE, RELATIONSHIPS};
use dzinza_domain::tree;
use dzinza_kinship::{Builder, Doubt, Facts, Graph, Line, Link, Place, Sex, SiblingKind, Tie, Union};
use dzinza_ports::{Collection, Cursor, Document, Documents, Filter, Query, Row, StoreError, StoreErrorKind};
use serde_json::Value;

/// Rows a read.
const CHUNK: u32 = 10_000;
const FACTS: &[&str] = &["gender", "index.birthDay", "index.birthDoubt"];
const TIES: &[&str] = &["person1Id", "person2Id", "index.tie"];

/// Everyone whom the tree shows.
pub(crate) async fn whole(documents: &Arc<dyn Documents>, tree: &Document) -> Result<Graph, StoreError> {
    let shown = shown(tree);
    let mut builder = Builder::new();
    each(documents, &PEOPLE, shown.clone(), FACTS, |row| {
        builder.person(&row.id, facts(row));
    })
    .await?;
    each(documents, &RELATIONSHIPS, shown, TIES, |row| {
        let place = |at| row.text(at).and_then(|id| builder.place(id));
        if let (Some(one), Some(two), Some(text)) = (place(0), place(1), row.text(2))
            && let Some(tie) = tie(text, two)
        {
            builder.add(one, tie);
        }
    })
    .await?;
    Ok(builder.build())
}

/// The graph with these persons and their ties as they are now.
pub(crate) async fn refreshed(
    documents: &Arc<dyn Documents>,
    tree: &Document,
    graph: &Graph,
    persons: &[String],
) -> Result<Graph, StoreError> {
    let ids = || persons.iter().cloned();
    let mut there: HashMap<String, Facts> = HashMap::new();
    each(documents, &PEOPLE, shown(tree).and(Filter::any_of("id", ids())), FACTS, |row| {
        there.insert(row.id.clone(), facts(row));
    })
    .await?;
    let mut rows = Vec::new();
    for side in ["person1Id", "person2Id"] {
        let theirs = Filter::any_of(side, ids()).and(hidden(tree));
        each(documents, &RELATIONSHIPS, theirs, TIES, |row| rows.push(row.clone())).await?;
    }
    // In the order in which they were made, as a graph that is built anew has them.
    rows.sort_unstable_by(|one, two| one.id.cmp(&two.id));
    rows.dedup_by(|one, two| one.id == two.id);
    let mut graph = graph.clone();
    for id in persons {
        match there.get(id) {
            Some(facts) => drop(graph.put(id, *facts)),
            None => graph.remove(id),
        }
    }
    let mut ties: HashMap<&str, Vec<Tie>> = HashMap::new();
    for row in &rows {
        let (Some(one), Some(two)) = (row.text(0), row.text(1)) else { continue };
        let (Some(at_one), Some(at_two)) = (graph.place(one), graph.place(two)) else { continue };
        let Some(tie) = row.text(2).and_then(|text| tie(text, at_two)) else { continue };
        ties.entry(one).or_default().push(tie);
        ties.entry(two).or_default().push(Tie { link: tie.link.inverse(), to: at_one, ..tie });
    }
    for id in persons {
        if let Some(place) = graph.place(id) {
            graph.set_ties(place, ties.remove(id.as_str()).unwrap_or_default());
        }
    }
    Ok(graph)
}

fn shown(tree: &Document) -> Filter {
    Filter::eq("familyTreeId", tree.id.as_str()).and(hidden(tree))
}

/// Leaves out what unfinished imports brought.
fn hidden(tree: &Document) -> Filter {
    let pending = tree::pending_imports(&tree.body);
    if pending.is_empty() {
        return Filter::All;
    }
    Filter::NotIn("importId", pending.into_iter().map(Value::String).collect())
}

/// All rows of a query, by id. The next ones are read while these are taken in.
async fn each(
    documents: &Arc<dyn Documents>,
    collection: &'static Collection,
    filter: Filter,
    fields: &'static [&'static str],
    mut take: impl FnMut(&Row),
) -> Result<(), StoreError> {
    let mut query = Query::new(filter).limit(CHUNK);
    let read = |query: Query| {
        let documents = documents.clone();
        tokio::spawn(async move { documents.project(collection, query, fields).await })
    };
    let mut reading = read(query.clone());
    loop {
        let rows = reading.await.map_err(|error| {
            StoreError::with_source(StoreErrorKind::Unavailable, "reading a kin graph", error)
        })??;
        let last = rows.last().filter(|_| rows.len() == CHUNK as usize);
        let more = last.map(|last| Cursor { values: Vec::new(), id: last.id.clone() });
        let next = more.map(|cursor| {
            query.after = Some(cursor);
            read(query.clone())
        });
        rows.iter().for_each(&mut take);
        match next {
            Some(next) => reading = next,
            None => return Ok(()),
        }
    }
}

fn facts(row: &Row) -> Facts {
    let sex = match row.text(0) {
        Some("Male") => Sex::Male,
        Some("Female") => Sex::Female,
        _ => Sex::Unknown,
    };
    let birth = row.integer(1).and_then(|day| i32::try_from(day).ok());
    Facts { sex, birth, doubt: doubt(row.text(2).unwrap_or_default().split(' ')) }
}

/// Days earlier and days later; none where nothing is said.
fn doubt<'a>(mut words: impl Iterator<Item = &'a str>) -> Doubt {
    let mut days = || words.next().and_then(|days| days.parse().ok()).unwrap_or_default();
    Doubt { early: days(), late: days() }
}

/// The tie from person 1 to person 2 (of a descent: from the parent to the child), from `index.tie`.
fn tie(text: &str, to: Place) -> Option<Tie> {
    let mut words = text.split(' ');
    let (kind, word) = (words.next()?, words.next().unwrap_or("-"));
    let link = match kind {
        "ParentChild" => Link::Child(line(word)),
        "GuardianChild" => Link::Child(Line::Guardian),
        "Spousal" => Link::Partner(union(word)),
        "Sibling" => Link::Sibling(SiblingKind::Full),
        "HalfSibling" => Link::Sibling(SiblingKind::Half),
        "StepSibling" => Link::Sibling(SiblingKind::Step),
        "AdoptiveSibling" => Link::Sibling(SiblingKind::Adoptive),
        "FosterSibling" => Link::Sibling(SiblingKind::Foster),
        _ => return None,
    };
    let since = words.next().and_then(|day| day.parse().ok());
    Some(Tie { link, to, since, doubt: doubt(words) })
}

fn line(role: &str) -> Line {
    match role {
        "BiologicalMother" | "BiologicalFather" => Line::Birth,
        "AdoptiveMother" | "AdoptiveFather" => Line::Adoptive,
        "StepMother" | "StepFather" => Line::Step,
        "FosterParent" => Line::Foster,
        "Guardian" => Line::Guardian,
        _ => Line::Other,
    }
}

fn union(status: &str) -> Union {
    match status {
        "Married" | "Widowed" | "CustomaryUnion" | "DomesticPartnership" | "LivingTogether" => Union::Joined,
        "Divorced" | "Annulled" | "Separated" => Union::Ended,
        "Engaged" => Union::Promised,
        _ => Union::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_are_read_as_they_are_stored() {
        assert_eq!(tie("ParentChild BiologicalMother", 7), Some(Tie::new(Link::Child(Line::Birth), 7)));
        let wed = Tie { since: Some(2_415_021), ..Tie::new(Link::Partner(Union::Joined), 7) };
        assert_eq!(tie("Spousal CustomaryUnion 2415021", 7), Some(wed));
        let some_year = Tie { doubt: Doubt { early: 0, late: 364 }, ..wed };
        assert_eq!(tie("Spousal Married 2415021 0 364", 7), Some(some_year));
        assert_eq!(tie("GuardianChild -", 7), Some(Tie::new(Link::Child(Line::Guardian), 7)));
        assert_eq!((tie("Other Other", 7), tie("", 7)), (None, None));
    }
}
