//! A warm graph is what a graph built anew would be, whoever committed.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops where it fails")]

use std::collections::BTreeSet;
use std::sync::Arc;

use dzinza_domain::collections::{self, FAMILY_TREES, PEOPLE, RELATIONSHIPS};
use dzinza_domain::relationship::refresh;
use dzinza_graphs::{Graphs, Kin, watch};
use dzinza_kinship::Graph;
use dzinza_ports::{Batch, Body, Document, Documents, SystemClock, SystemIds};
use dzinza_sqlite::SqliteStore;
use serde_json::{Value, json};

const TREE: &str = "tree";

struct World {
    /// As another process sees it.
    outside: Arc<dyn Documents>,
    documents: Arc<dyn Documents>,
    graphs: Arc<Graphs>,
}

fn body(value: Value) -> Body {
    let Value::Object(body) = value else { panic!("an object") };
    body
}

impl World {
    async fn new(budget: usize) -> Self {
        let store =
            SqliteStore::in_memory(Arc::new(SystemClock), Arc::new(SystemIds), collections::ALL).unwrap();
        let (documents, graphs) = watch(store.clone(), budget);
        let world = Self { outside: store, documents, graphs };
        let mut batch = Batch::new();
        batch.insert(&FAMILY_TREES, TREE, body(json!({ "name": "Moyo" })));
        world.outside.commit(batch).await.unwrap();
        world
    }

    async fn tree(&self) -> Document {
        self.outside.get(&FAMILY_TREES, TREE).await.unwrap().unwrap()
    }

    async fn graph(&self) -> Arc<Kin> {
        self.graphs.of(&self.tree().await).await.unwrap()
    }

    /// Whether the warm graph says what one built anew says.
    async fn compare(&self) {
        let (_, fresh) = watch(self.outside.clone(), 0);
        let fresh = fresh.of(&self.tree().await).await.unwrap();
        assert_eq!(said(self.graph().await.as_ref()), said(fresh.as_ref()));
    }
}

/// Everything a graph says, without its places, and without the order of houses: here a relationship may be older than
/// the person it names, and is then found later than it was made.
fn said(graph: &Graph) -> BTreeSet<String> {
    let persons = graph.persons().map(|place| {
        let ties = graph.ties(place).iter();
        let mut ties: Vec<String> =
            ties.map(|tie| format!("{:?} {} {:?}", tie.link, graph.id(tie.to), tie.since)).collect();
        ties.sort_by_key(|tie| tie.starts_with("Partner").then(|| tie.clone()));
        format!("{} {:?} {ties:?}", graph.id(place), graph.facts(place))
    });
    persons.collect()
}

fn person(id: usize, year: i64) -> Body {
    let gender = if id.is_multiple_of(2) { "Male" } else { "Female" };
    body(json!({ "familyTreeId": TREE, "gender": gender, "index": { "birthDay": year } }))
}

fn relationship(one: &str, two: &str, kind: &str, word: &str) -> Body {
    let key = if kind == "Spousal" { "status" } else { "parentalRole" };
    let mut row =
        body(json!({ "familyTreeId": TREE, "person1Id": one, "person2Id": two, "type": kind, key: word }));
    refresh(&mut row);
    row
}

fn touch(batch: &mut Batch) {
    batch.adjust(&FAMILY_TREES, TREE, vec![("changes", 1)], Body::new());
}

#[tokio::test]
async fn edits_of_this_process_and_of_others_show_at_once() {
    let world = World::new(1 << 20).await;
    let mut seed = 7_u64;
    let mut dice = |end: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % end
    };
    let mut rows: Vec<String> = Vec::new();
    for step in 0..400_usize {
        let (one, two) = (format!("p{}", dice(30)), format!("p{}", dice(30)));
        let mut batch = Batch::new();
        match dice(5) {
            0 | 1 => match world.outside.get(&PEOPLE, &one).await.unwrap() {
                Some(found) => batch.replace(&PEOPLE, &found, person(step, dice(5) as i64)),
                None => batch.insert(&PEOPLE, one.as_str(), person(step, dice(5) as i64)),
            },
            2 | 3 if one != two => {
                let row = match dice(3) {
                    0 => relationship(&one, &two, "ParentChild", "Other"),
                    1 => relationship(&one, &two, "Spousal", "Divorced"),
                    _ => relationship(&one, &two, "HalfSibling", "-"),
                };
                batch.insert(&RELATIONSHIPS, format!("r{step:03}"), row);
                rows.push(format!("r{step:03}"));
            }
            4 if dice(4) == 0 => batch.delete_any(&PEOPLE, one.as_str()),
            _ if !rows.is_empty() => {
                let id = rows.swap_remove(dice(rows.len() as u64) as usize);
                // One that was refused was never there.
                let Some(row) = world.outside.get(&RELATIONSHIPS, &id).await.unwrap() else { continue };
                batch.delete(&RELATIONSHIPS, &row);
                // As the API does it: who is no longer related is touched.
                let ends = ["person1Id", "person2Id"].map(|key| row.body[key].as_str().unwrap().to_owned());
                for end in ends {
                    if world.outside.get(&PEOPLE, &end).await.unwrap().is_some() {
                        batch.adjust(&PEOPLE, end, Vec::new(), Body::new());
                    }
                }
            }
            _ => {}
        }
        touch(&mut batch);
        let through = if dice(10) == 0 { &world.outside } else { &world.documents };
        // A pair that is related like that already is refused, and changes nothing.
        let _refused = through.commit(batch).await;
        if dice(2) == 0 {
            world.compare().await;
        }
    }
    world.compare().await;
}

#[tokio::test]
async fn what_an_unfinished_import_brings_is_not_there_until_it_ends() {
    let world = World::new(1 << 20).await;
    let pending = |imports: Value| body(json!({ "name": "Moyo", "pendingImports": imports }));
    let mut batch = Batch::new();
    batch.replace(&FAMILY_TREES, &world.tree().await, pending(json!(["i1"])));
    world.documents.commit(batch).await.unwrap();
    assert_eq!(world.graph().await.len(), 0);
    let mut batch = Batch::new();
    let mut brought = person(1, 1);
    brought.insert("importId".into(), json!("i1"));
    batch.insert(&PEOPLE, "p1", brought);
    touch(&mut batch);
    world.documents.commit(batch).await.unwrap();
    assert_eq!(world.graph().await.len(), 0);
    let mut batch = Batch::new();
    batch.replace(&FAMILY_TREES, &world.tree().await, pending(json!([])));
    world.documents.commit(batch).await.unwrap();
    assert_eq!(world.graph().await.len(), 1);
}

#[tokio::test]
async fn many_writers_and_readers_agree_in_the_end() {
    let world = Arc::new(World::new(1 << 20).await);
    let tasks = (0..8_usize).map(|task| {
        let world = world.clone();
        tokio::spawn(async move {
            for step in 0..40_usize {
                let mut batch = Batch::new();
                batch.insert(&PEOPLE, format!("p{task}-{step}"), person(step, 3));
                touch(&mut batch);
                world.documents.commit(batch).await.unwrap();
                // Whoever has written sees it.
                let graph = world.graph().await;
                assert!(graph.place(&format!("p{task}-{step}")).is_some());
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(world.graph().await.len(), 320);
    world.compare().await;
}

#[tokio::test]
async fn a_small_budget_keeps_the_graph_that_is_asked_for() {
    let world = World::new(0).await;
    let mut batch = Batch::new();
    batch.insert(&PEOPLE, "p1", person(1, 1));
    batch.insert(&FAMILY_TREES, "other", body(json!({})));
    touch(&mut batch);
    world.documents.commit(batch).await.unwrap();
    let other = world.outside.get(&FAMILY_TREES, "other").await.unwrap().unwrap();
    for _ in 0..3 {
        assert_eq!(world.graph().await.len(), 1);
        assert!(world.graphs.of(&other).await.unwrap().is_empty());
    }
}
