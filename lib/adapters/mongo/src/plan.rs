//! Batches in as few commands as can be: each is a way to the server and back.

use dzinza_ports::{StoreError, Write};

use crate::error::{Fault, invalid};
use crate::shape::encode;
use crate::table::Catalog;
use crate::write::{Place, Prepared};

const LONGEST_ID: usize = 200;
/// So many documents are deleted by one command, which names each of them.
const DELETES: usize = 500;

/// A batch, by commands.
pub(crate) struct Plan {
    steps: Vec<Step>,
    writes: usize,
}

/// A command, and which writes of the batch it does.
struct Step {
    work: Prepared,
    places: Vec<usize>,
}

impl Plan {
    /// Inserts into one collection go together, and deletes from one, whatever is written to other collections between
    /// them; what is done in one collection stays in its order. Of several writes that fail, which one is told may differ
    /// from their order.
    ///
    /// # Errors
    /// `Invalid` if a write is to no collection of ours, or cannot be stored.
    pub(crate) fn of(catalog: &Catalog, writes: Vec<Write>) -> Result<Self, StoreError> {
        let mut plan = Self { steps: Vec::new(), writes: writes.len() };
        for (place, write) in writes.into_iter().enumerate() {
            plan.add(place, prepared(catalog, write)?);
        }
        Ok(plan)
    }

    fn add(&mut self, place: usize, work: Prepared) {
        let latest = self.steps.iter_mut().rev().find(|step| step.work.table().name() == work.table().name());
        let left = match latest {
            Some(step) => match joined(&mut step.work, work) {
                None => {
                    step.places.push(place);
                    return;
                }
                Some(work) => work,
            },
            None => work,
        };
        self.steps.push(Step { work: left, places: vec![place] });
    }

    /// What it does.
    pub(crate) fn works(&self) -> impl Iterator<Item = &Prepared> {
        self.steps.iter().map(|step| &step.work)
    }

    /// The only command, if there is one only and the server does all of it or nothing.
    pub(crate) fn single(&self) -> Option<&Prepared> {
        match self.steps.as_slice() {
            [one] if one.work.is_single() => Some(&one.work),
            _ => None,
        }
    }

    /// Does all of it, and says at which version each document is now, in the order of the batch.
    pub(crate) async fn apply(&self, place: &mut Place<'_>) -> Result<Vec<u64>, Fault> {
        let mut versions = vec![0; self.writes];
        for step in &self.steps {
            let done = step.work.apply(place).await?;
            for (at, version) in step.places.iter().zip(done) {
                if let Some(slot) = versions.get_mut(*at) {
                    *slot = version;
                }
            }
        }
        Ok(versions)
    }
}

/// Takes the second into the first, or gives it back.
fn joined(first: &mut Prepared, second: Prepared) -> Option<Prepared> {
    match (first, second) {
        (
            Prepared::Insert { ids, documents, .. },
            Prepared::Insert { ids: more_ids, documents: more, .. },
        ) => {
            ids.extend(more_ids);
            documents.extend(more);
            None
        }
        (
            Prepared::Delete { ids, expected: None, .. },
            Prepared::Delete { ids: more, expected: None, .. },
        ) if ids.len() < DELETES => {
            ids.extend(more);
            None
        }
        (
            Prepared::Delete { ids, expected: Some(versions), .. },
            Prepared::Delete { ids: more_ids, expected: Some(more), .. },
        ) if ids.len() < DELETES => {
            ids.extend(more_ids);
            versions.extend(more);
            None
        }
        (_, second) => Some(second),
    }
}

fn prepared(catalog: &Catalog, write: Write) -> Result<Prepared, StoreError> {
    Ok(match write {
        Write::Insert { collection, id, body } => {
            let table = catalog.table(collection)?.clone();
            if id.len() > LONGEST_ID {
                return Err(invalid(format!("{}: an id of {} bytes", table.name(), id.len())));
            }
            let mut document = encode(&table, &body, 1);
            document.insert("_id", &id);
            Prepared::Insert { table, ids: vec![id], documents: vec![document] }
        }
        Write::Replace { collection, id, expected, body } => {
            let table = catalog.table(collection)?.clone();
            let document = encode(&table, &body, expected.saturating_add(1));
            Prepared::Replace { table, id, expected, document }
        }
        Write::Adjust { collection, id, add, set } => {
            Prepared::Adjust { table: catalog.table(collection)?.clone(), id, add, set }
        }
        Write::Delete { collection, id, expected } => {
            let table = catalog.table(collection)?.clone();
            Prepared::Delete { table, ids: vec![id], expected: expected.map(|version| vec![version]) }
        }
    })
}

#[cfg(test)]
mod tests {
    use dzinza_ports::Batch;
    use serde_json::json;

    use super::*;
    use crate::table::Table;

    fn commands(fill: impl FnOnce(&mut Batch)) -> usize {
        let catalog = Catalog::new(&dzinza_contract::collections(), Table::new).unwrap();
        let mut batch = Batch::new();
        fill(&mut batch);
        Plan::of(&catalog, batch.writes).unwrap().steps.len()
    }

    #[test]
    fn people_and_their_history_in_turn_are_two_commands() {
        let all = dzinza_contract::collections();
        let body = || json!({}).as_object().cloned().unwrap();
        let (first, second) = (all[0], all[1]);
        let inserted = commands(|batch| {
            for number in 0..1000 {
                batch.insert(first, format!("{number}"), body());
                batch.insert(second, format!("{number}"), body());
            }
        });
        assert_eq!(inserted, 2);
        let deleted = commands(|batch| {
            for number in 0..1000 {
                batch.delete_any(first, format!("{number}"));
                batch.delete_any(second, format!("{number}"));
            }
        });
        assert_eq!(deleted, 4);
    }

    #[test]
    fn what_is_done_in_one_collection_stays_in_its_order() {
        let all = dzinza_contract::collections();
        let body = || json!({}).as_object().cloned().unwrap();
        let steps = commands(|batch| {
            batch.insert(all[0], "a", body());
            batch.delete_any(all[0], "a");
            batch.insert(all[0], "a", body());
        });
        assert_eq!(steps, 3);
    }
}
