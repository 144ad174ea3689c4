//! What the families of a newer file do to relationships: new ones come, those that someone ended here stay ended,
//! unions take what the file changed, and what it no longer states goes only if that was asked for.

use std::collections::{HashMap, HashSet};

use dzinza_domain::collections::{PEOPLE, RELATIONSHIPS};
use dzinza_domain::gedcom::{kept_record, read_family, spousal_fields};
use dzinza_domain::reimport::merge_fields;
use dzinza_domain::relationship::{self, Kind};
use dzinza_gedcom::Record;
use dzinza_ports::{Body, Document, Write};
use serde_json::{Map, Value, json};

use super::changes::back_up;
use super::file::stated;
use super::work::{Decision, Item, Work, fetch};
use crate::JobError;

/// See the module.
pub struct Ties<'a> {
    pub work: &'a Work<'a>,
    /// Family records that are there, by place: as they were read, and as they will be if they change.
    pub families: &'a HashMap<u32, (&'a Document, Option<Body>)>,
}

/// What is there of the relationships that some families state.
struct There {
    /// By `index.pair`.
    pairs: HashMap<String, Document>,
    /// By `index.birthParent`.
    births: HashMap<String, Document>,
    /// Persons of the tree who are named.
    people: HashMap<String, Document>,
    /// Those that go.
    gone: HashSet<String>,
}

/// A pair that a family record states.
type Pair = (bool, String, String);

fn text<'b>(body: &'b Body, key: &str) -> &'b str {
    body.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn index<'b>(body: &'b Body, key: &str) -> &'b str {
    body.get("index").and_then(|index| index.get(key)?.as_str()).unwrap_or_default()
}

fn pair_of(body: &Body) -> Pair {
    let (one, two) = (text(body, "person1Id").to_owned(), text(body, "person2Id").to_owned());
    let parental = Kind::of(body).is_parental();
    if parental || one <= two { (parental, one, two) } else { (parental, two, one) }
}

/// The pairs that a family record states of persons it is linked with.
fn pairs_of(record: &Record, links: &Map<String, Value>) -> HashSet<Pair> {
    let family = read_family(record);
    let id = |xref: &str| links.get(xref)?.as_str().map(str::to_owned);
    let partners: Vec<String> = family.partners.iter().filter_map(|link| id(&link.xref)).collect();
    let children: Vec<String> = family.children.iter().filter_map(|link| id(&link.xref)).collect();
    let mut pairs = HashSet::new();
    for (at, one) in partners.iter().enumerate() {
        for two in partners.iter().skip(at + 1) {
            let (one, two) = if one <= two { (one, two) } else { (two, one) };
            pairs.insert((false, one.clone(), two.clone()));
        }
        pairs.extend(children.iter().map(|child| (true, one.clone(), child.clone())));
    }
    pairs
}

/// The same of a record that is there.
fn base_of(current: &Body) -> HashSet<Pair> {
    let links = current.get("links").and_then(Value::as_object);
    let record = kept_record(current).zip(links);
    record.map(|(record, links)| pairs_of(&record, links)).unwrap_or_default()
}

impl Ties<'_> {
    /// Adds to the decision what these records do to relationships.
    pub async fn decide(&self, items: &[Item], decision: &mut Decision) -> Result<(), JobError> {
        let mut there = self.look(items).await?;
        for item in items.iter().filter(|item| item.record.tag == "FAM") {
            let before = self.families.get(&item.place);
            let base = before.map(|(current, _)| base_of(&current.body)).unwrap_or_default();
            self.missing(item, &base, &mut there, decision).await?;
            for new in &item.linked.relationships {
                match there.pairs.get(index(new, "pair")) {
                    Some(old) if !there.gone.contains(&old.id) => {
                        self.known(item, old, new, &there, decision);
                    }
                    _ if base.contains(&pair_of(new)) => decision.counts.links.deleted += 1,
                    _ => self.added(item, new, &there, decision),
                }
            }
        }
        Ok(())
    }

    async fn look(&self, items: &[Item]) -> Result<There, JobError> {
        let ports = self.work.ports;
        let all = || items.iter().flat_map(|item| &item.linked.relationships);
        let keys = |key: &str| {
            let found: HashSet<&str> =
                all().map(|one| index(one, key)).filter(|key| !key.is_empty()).collect();
            found.into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let pairs = fetch(ports, &RELATIONSHIPS, "index.pair", keys("pair")).await?;
        let births = fetch(ports, &RELATIONSHIPS, "index.birthParent", keys("birthParent")).await?;
        // Only of those who are in the tree it matters whether they still are.
        let new = all().filter(|one| !pairs.contains_key(index(one, "pair")));
        let ends: HashSet<String> =
            new.flat_map(|one| ["person1Id", "person2Id"].map(|key| text(one, key).to_owned())).collect();
        let people = fetch(ports, &PEOPLE, "id", ends.into_iter().collect()).await?;
        Ok(There { pairs, births, people, gone: HashSet::new() })
    }

    fn added(&self, item: &Item, new: &Body, there: &There, decision: &mut Decision) {
        let work = self.work;
        let ends = [text(new, "person1Id"), text(new, "person2Id")];
        if ends.iter().any(|id| !there.people.contains_key(*id) && item.matched.contains(*id)) {
            // With someone who was deleted here.
            decision.counts.links.deleted += 1;
            return;
        }
        let mut body = new.clone();
        let taken = there.births.get(index(new, "birthParent"));
        if taken.is_some_and(|taken| !there.gone.contains(&taken.id)) {
            body.insert("parentalRole".into(), json!("Other"));
            relationship::refresh(&mut body);
        }
        work.stamp(&mut body);
        decision.counts.links.new += 1;
        decision.links.push(Write::Insert { collection: &RELATIONSHIPS, id: work.ports.ids.new_id(), body });
        for id in ends.into_iter().filter(|id| there.people.contains_key(*id)) {
            // Whoever removes one of them now notices.
            let touch =
                Write::Adjust { collection: &PEOPLE, id: id.to_owned(), add: Vec::new(), set: Body::new() };
            decision.touches.push(touch);
        }
    }

    /// A relationship that is there: a union takes what changed in its record, a parent the other role.
    fn known(&self, item: &Item, old: &Document, new: &Body, there: &There, decision: &mut Decision) {
        let record = self.families.get(&item.place);
        let own = record.is_some_and(|(current, _)| text(&old.body, "familyRecordId") == current.id);
        let mut body = old.body.clone();
        if let (Kind::Spousal, Some((current, Some(after))), true) = (Kind::of(new), record, own) {
            let fields = |body: &Body| kept_record(body).as_ref().map(spousal_fields).unwrap_or_default();
            let (merged, conflicts) = merge_fields(&fields(&current.body), &old.body, &fields(after));
            body = merged;
            decision.counts.conflicts += conflicts.len() as u64;
            for conflict in conflicts {
                let family = item.record.xref.as_deref().unwrap_or("A family");
                let message = format!(
                    "{family}: {} was edited here and in the file, and stays as it is here",
                    conflict.field
                );
                decision.kept.push((item.line, message));
            }
        }
        let untouched = text(&old.body, "updatedAt") == text(&old.body, "createdAt");
        // Whom an earlier file knew as a parent by marriage only may be known to have borne the child now.
        let is_birth = |body: &Body| !index(body, "birthParent").is_empty();
        let born_now = old.body.contains_key("familyRecordId") && is_birth(new) && !is_birth(&old.body);
        if Kind::of(new).is_parental() && untouched && (own || born_now) {
            let birth = there.births.get(index(new, "birthParent"));
            if birth.is_none_or(|birth| birth.id == old.id) {
                for key in ["parentalRole", "familyRecordId"] {
                    body.insert(key.into(), new.get(key).cloned().unwrap_or_default());
                }
            }
        }
        if body == old.body {
            decision.counts.links.unchanged += 1;
            return;
        }
        relationship::refresh(&mut body);
        body.insert("updatedAt".into(), json!(self.work.now));
        decision.counts.links.changed += 1;
        decision.structure |= Kind::of(new).is_parental();
        let backup = back_up(&self.work.import_id, &RELATIONSHIPS, old, Some(&body));
        let (id, expected) = (old.id.clone(), old.version);
        decision.writes.push(Write::Replace { collection: &RELATIONSHIPS, id, expected, body });
        decision.writes.push(backup);
    }

    /// What the record stated and the file states nowhere any more.
    async fn missing(
        &self,
        item: &Item,
        base: &HashSet<Pair>,
        there: &mut There,
        decision: &mut Decision,
    ) -> Result<(), JobError> {
        let stated_now = pairs_of(&item.record, &item.members);
        let left: Vec<&Pair> = base.difference(&stated_now).collect();
        if left.is_empty() || !self.work.remove_missing {
            decision.counts.links.missing += left.len() as u64;
            return Ok(());
        }
        let nowhere = |pair: &&Pair| !self.work.pairs.contains(&stated(pair.0, &pair.1, &pair.2));
        let key = |pair: &Pair, kind: Kind| format!("{}:{}:{}", pair.1, pair.2, kind.as_str());
        let keys = left.into_iter().filter(nowhere).flat_map(|pair| {
            let kinds: &[Kind] =
                if pair.0 { &[Kind::ParentChild, Kind::GuardianChild] } else { &[Kind::Spousal] };
            kinds.iter().map(move |kind| key(pair, *kind))
        });
        let found = fetch(self.work.ports, &RELATIONSHIPS, "index.pair", keys.collect()).await?;
        let mut found: Vec<Document> = found.into_values().collect();
        found.sort_by(|one, two| one.id.cmp(&two.id));
        for old in found {
            let own = text(&old.body, "familyRecordId") == self.work.scan.id(item.place);
            if !own || text(&old.body, "updatedAt") != text(&old.body, "createdAt") {
                decision.counts.links.missing += 1;
                continue;
            }
            decision.writes.push(back_up(&self.work.import_id, &RELATIONSHIPS, &old, None));
            let (id, expected) = (old.id.clone(), Some(old.version));
            decision.writes.push(Write::Delete { collection: &RELATIONSHIPS, id, expected });
            decision.counts.links_removed += 1;
            decision.structure = true;
            there.gone.insert(old.id);
        }
        Ok(())
    }
}
