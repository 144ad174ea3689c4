//! A new tree out of the archive of one.
//!
//! Whoever sends an archive may have written it by hand. So every document gets a new id, everything becomes the
//! sender's, and nothing leads to a document or a file that was here before.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use dzinza_domain::collections::{self, FAMILY_TREES, IMPORTS, PEOPLE, RELATIONSHIPS, TREE_STRUCTURES};
use dzinza_domain::import::{self, JOBS_QUEUE};
use dzinza_domain::tree;
use dzinza_ports::{Batch, Blobs, Body, Clock, Collection, Document, Documents, Filter, NewMessage, Query};
use serde_json::{Value, json};

use crate::feed::{Piece, feed, put};
use crate::ids::{self, Ids};
use crate::manifest::{Manifest, Scope};
use crate::read::{Allowed, Reader};
use crate::transform::{Renewal, blob_keys};
use crate::write::{What, filter};
use crate::{ArchiveError, lost, of_archive};

/// A restore that takes longer is given up, well before what it left is cleared away.
const LONGEST: Duration = Duration::from_mins(30);
/// When what a killed restore left is cleared away.
const CLEAR_AFTER: Duration = Duration::from_hours(1);

/// What restoring a tree needs.
#[derive(Clone)]
pub struct TreePorts {
    /// Where it goes.
    pub documents: Arc<dyn Documents>,
    /// Its files.
    pub blobs: Arc<dyn Blobs>,
    /// The present moment.
    pub clock: Arc<dyn Clock>,
}

/// The tree that was made.
#[derive(Debug, Clone)]
pub struct RestoredTree {
    /// Its id.
    pub id: String,
    /// As stored.
    pub body: Body,
    /// Documents by collection.
    pub documents: BTreeMap<&'static str, u64>,
    /// Files.
    pub blobs: u64,
}

/// Makes a new tree of this owner's from the archive of a tree. Until its last batch, which brings the tree itself,
/// nobody sees any of it; a restore that fails leaves nothing, and what a killed one left is cleared by a job.
///
/// # Errors
/// `Refused` if it is no archive of a tree, is damaged, unpacks to more than allowed, or cannot be stored.
pub async fn restore_tree(
    file: File,
    allowed: Allowed,
    ports: &TreePorts,
    owner: &str,
) -> Result<RestoredTree, ArchiveError> {
    let opened = tokio::task::spawn_blocking(move || open(file, allowed)).await.map_err(lost)?;
    let (reader, renewal) = opened.map(|(reader, own, tree)| {
        let ids = Ids::new(own, rand::random());
        let tree_id = ids::format(ids.renew(tree));
        (reader, Renewal { ids, tree_id, owner: owner.to_owned() })
    })?;
    let tree_id = renewal.tree_id.clone();
    let mut batch = Batch::new();
    let body = json!({ "job": "clear-restore", "treeId": tree_id });
    batch.job(NewMessage { queue: JOBS_QUEUE, body, delay: CLEAR_AFTER });
    ports.documents.commit(batch).await?;
    let mut run =
        Run { ports, renewal, tree: None, structure: None, documents: BTreeMap::new(), blobs: Vec::new() };
    let restored = tokio::time::timeout(LONGEST, run.run(reader))
        .await
        .unwrap_or_else(|_| Err(ArchiveError::refused("the archive is too large to be restored here")));
    if restored.is_err() {
        for key in &run.blobs {
            ports.blobs.delete(key).await?;
        }
        clear_tree(&ports.documents, &ports.blobs, &tree_id).await?;
    }
    restored
}

/// Checks all of the archive, and collects its ids.
fn open(file: File, allowed: Allowed) -> Result<(Reader, Vec<u128>, u128), ArchiveError> {
    let mut reader = Reader::open(file, allowed)?;
    let Manifest { scope: Scope::Tree, tree_id: Some(tree), .. } = reader.manifest() else {
        return Err(ArchiveError::refused("this is not the archive of one tree"));
    };
    let tree = tree.clone();
    reader.verify()?;
    let mut own = Vec::new();
    let mut trees = 0;
    for collection in collections::ALL {
        reader.documents(collection, &mut |document, _| {
            let found = ids::references(&document.id);
            if found.is_empty() {
                return Err(ArchiveError::refused(format!(
                    "the archive has a document {:?} in {}, which is no id of this program's",
                    document.id, collection.name
                )));
            }
            own.extend(found.into_iter().map(|(_, id)| id));
            if collection.name == FAMILY_TREES.name {
                trees += 1;
            }
            let only = [FAMILY_TREES.name, TREE_STRUCTURES.name].contains(&collection.name);
            if only && document.id != tree {
                return Err(ArchiveError::refused("the archive has another tree than it says"));
            }
            Ok(())
        })?;
    }
    match ids::parse(tree.as_bytes()) {
        Some(id) if trees == 1 => Ok((reader, own, id)),
        _ => Err(ArchiveError::refused("the archive has no tree in it")),
    }
}

struct Run<'a> {
    ports: &'a TreePorts,
    renewal: Renewal,
    tree: Option<Body>,
    structure: Option<Body>,
    documents: BTreeMap<&'static str, u64>,
    blobs: Vec<String>,
}

impl Run<'_> {
    async fn run(&mut self, reader: Reader) -> Result<RestoredTree, ArchiveError> {
        let mut pieces = feed(reader);
        while let Some(piece) = pieces.recv().await {
            match piece {
                Piece::Accounts(..) => {}
                Piece::Documents(collection, documents) => self.put(collection, documents).await?,
                Piece::Blob(line, bytes) => {
                    let key = self.renewal.blob_key(&line.key);
                    self.blobs.push(key.clone());
                    put(&*self.ports.blobs, &key, &line, bytes).await?;
                }
                Piece::End(end) => {
                    end?;
                    return self.show().await;
                }
            }
        }
        Err(std::io::Error::other("the archive could not be read to its end").into())
    }

    async fn put(
        &mut self,
        collection: &'static Collection,
        mut documents: Vec<Document>,
    ) -> Result<(), ArchiveError> {
        let taken = self.taken(&documents).await?;
        *self.documents.entry(collection.name).or_default() += documents.len() as u64;
        let mut batch = Batch::new();
        for Document { id, version, body } in &mut documents {
            self.renewal.rewrite(body, &taken);
            if collection.name == FAMILY_TREES.name {
                self.tree = Some(std::mem::take(body));
                continue;
            }
            if collection.name == TREE_STRUCTURES.name {
                self.structure = Some(std::mem::take(body));
                continue;
            }
            self.own(collection, body)?;
            let id = self.renewal.ids.rewrite(id, &taken).unwrap_or_default();
            batch.insert(collection, id.as_str(), std::mem::take(body));
            if *version > 1 {
                // An export copies the kept record of whoever was never changed.
                batch.adjust(collection, id, Vec::new(), Body::new());
            }
        }
        self.ports.documents.commit(batch).await.map_err(of_archive)
    }

    /// Makes a document one of the new tree, whatever it says.
    fn own(&self, collection: &Collection, body: &mut Body) -> Result<(), ArchiveError> {
        let name = collection.name;
        if filter(collection, What::Tree(&self.renewal.tree_id), &[]).is_none() {
            return Err(ArchiveError::refused(format!("the archive of a tree has documents of {name}")));
        }
        let tree = json!(self.renewal.tree_id);
        if collection.fields.iter().any(|field| field.path == "familyTreeId") {
            body.insert("familyTreeId".into(), tree);
        } else {
            let Some(Value::Object(data)) = body.get_mut("data") else {
                return Err(ArchiveError::refused(format!("a document of {name} without data")));
            };
            data.insert("familyTreeId".into(), tree);
        }
        if name == IMPORTS.name {
            // No job is at it, and none shall be; what an undo needs has not come along.
            if !matches!(import::status(body), "completed" | "failed" | "undone") {
                body.insert("status".into(), json!("failed"));
            }
            body.remove("expiresAt");
            body.insert("undoOver".into(), json!(true));
        }
        Ok(())
    }

    /// What documents speak of that is not of the archive, and is here already.
    async fn taken(&self, documents: &[Document]) -> Result<HashSet<u128>, ArchiveError> {
        let mut foreign = HashSet::new();
        for document in documents {
            self.renewal.foreign(&document.body, &mut foreign);
        }
        let mut taken = HashSet::new();
        let asked: Vec<String> = foreign.into_iter().map(ids::format).collect();
        for some in asked.chunks(1000) {
            for collection in collections::ALL {
                let query = Query::new(Filter::any_of("id", some.iter().cloned())).limit(1000);
                let found = self.ports.documents.project(collection, query, &[]).await?;
                taken.extend(found.iter().filter_map(|row| ids::parse(row.id.as_bytes())));
            }
        }
        Ok(taken)
    }

    /// The last batch: the tree is there.
    async fn show(&mut self) -> Result<RestoredTree, ArchiveError> {
        let id = self.renewal.tree_id.clone();
        let body = self.adopted(self.tree.clone().unwrap_or_default())?;
        let mut batch = Batch::new();
        batch.insert(&FAMILY_TREES, id.as_str(), body.clone());
        batch.insert(&TREE_STRUCTURES, id.as_str(), self.structure.take().unwrap_or_default());
        self.ports.documents.commit(batch).await.map_err(of_archive)?;
        let documents = std::mem::take(&mut self.documents);
        Ok(RestoredTree { id, body, documents, blobs: self.blobs.len() as u64 })
    }

    /// The tree as the owner's alone, with what it counts counted.
    fn adopted(&self, mut body: Body) -> Result<Body, ArchiveError> {
        let shown: Body = ["name", "description", "privacy"]
            .iter()
            .filter_map(|key| Some(((*key).to_owned(), body.get(*key)?.clone())))
            .collect();
        let checked = tree::read_input(&shown, true).map_err(|problems| {
            let first = problems.first().map(|problem| problem.message.clone()).unwrap_or_default();
            ArchiveError::refused(format!("the tree in the archive: {first}"))
        })?;
        let now = format!("{:.6}", self.ports.clock.now());
        let (fresh, _) = tree::create(&self.renewal.tree_id, &self.renewal.owner, checked, &now);
        let fits = |key: &str, value: &Value| match key {
            "settings" => value.is_object(),
            "gedcomImports" => value.is_u64(),
            "createdAt" => value.is_string(),
            "rootPersonId" | "lastGedcomImport" | "lastGedcomExport" => value.is_string() || value.is_null(),
            "name" | "description" | "privacy" | "ownerId" | "collaborators" | "pendingImports" | "index"
            | "leaving" | "updatedAt" => false,
            _ => true,
        };
        let generations =
            body.get("statistics").and_then(|statistics| statistics["totalGenerations"].as_u64());
        body.retain(|key, value| fits(key, value));
        let mut adopted = fresh;
        adopted.extend(body);
        let count = |collection: &Collection| self.documents.get(collection.name).copied().unwrap_or(0);
        let mut statistics =
            json!({ "totalPersons": count(&PEOPLE), "totalRelationships": count(&RELATIONSHIPS) });
        if let Some(generations) = generations {
            statistics["totalGenerations"] = json!(generations);
        }
        adopted.insert("statistics".into(), statistics);
        tree::index(&mut adopted);
        Ok(adopted)
    }
}

/// Removes what a restore left that did not come to its end, files included. A tree that is there is left alone.
///
/// # Errors
/// What the store says.
pub async fn clear_tree(
    documents: &Arc<dyn Documents>,
    blobs: &Arc<dyn Blobs>,
    tree_id: &str,
) -> Result<(), ArchiveError> {
    if documents.get(&FAMILY_TREES, tree_id).await?.is_some() {
        return Ok(());
    }
    let own = format!("restored/{tree_id}/");
    for collection in collections::ALL {
        let Some(filter) = filter(collection, What::Tree(tree_id), &[]) else { continue };
        loop {
            let found = documents.find(collection, Query::new(filter.clone()).limit(500)).await?;
            if found.is_empty() {
                break;
            }
            let mut keys = Vec::new();
            let mut batch = Batch::new();
            for document in found {
                blob_keys(&document.body, &mut |key| keys.push(key.to_owned()));
                batch.delete_any(collection, document.id);
            }
            for key in keys.iter().filter(|key| key.starts_with(&own)) {
                blobs.delete(key).await?;
            }
            documents.commit(batch).await?;
        }
    }
    Ok(())
}
