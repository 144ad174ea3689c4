//! A store, a clock that stands still, and a way to come between a job and its store.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use dzinza_contract::ManualClock;
use dzinza_domain::collections::{
    self, FAMILY_TREES, GEDCOM_RECORDS, IMPORTS, NOTIFICATIONS, PEOPLE, RELATIONSHIPS,
};
use dzinza_domain::history::{self, Change};
use dzinza_domain::import::{self, NewImport};
use dzinza_domain::tree;
use dzinza_jobs::JobsPorts;
use dzinza_letters::PostOffice;
use dzinza_ports::{
    Batch, Blobs as _, Body, Clock as _, Collection, Document, Documents, Filter, Message, Query, Queue as _,
    Row, StoreError, StoreErrorKind, SystemIds, Write,
};
use dzinza_sealing::Sealer;
use dzinza_sqlite::{FileBlobs, FileMailer, SqliteStore};
use futures::StreamExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Three generations: a couple, their child and its child.
pub const FAMILY: &str = "0 HEAD\n1 GEDC\n2 VERS 5.5.1\n0 @I1@ INDI\n1 NAME Tendai /Moyo/\n1 SEX M\n0 @I2@ INDI\n1 SEX F\n\
    0 @I3@ INDI\n1 SEX F\n0 @I4@ INDI\n0 @F1@ FAM\n1 HUSB @I1@\n1 WIFE @I2@\n1 CHIL @I3@\n\
    0 @F2@ FAM\n1 WIFE @I3@\n1 CHIL @I4@\n0 TRLR\n";
/// A couple with a child.
pub const COUPLE: &str =
    "0 HEAD\n0 @I1@ INDI\n1 SEX M\n0 @I2@ INDI\n0 @F1@ FAM\n1 HUSB @I1@\n1 CHIL @I2@\n0 TRLR\n";

/// A child of a first marriage, with the mother's second husband. The family it was born to is written before or after
/// that of its stepfather.
pub fn stepfamily(birth_first: bool) -> String {
    let birth = "0 @F1@ FAM\n1 HUSB @I1@\n1 WIFE @I2@\n1 CHIL @I4@\n";
    let step = "0 @F2@ FAM\n1 HUSB @I3@\n1 WIFE @I2@\n1 CHIL @I4@\n";
    let families = if birth_first { [birth, step] } else { [step, birth] };
    format!(
        "0 HEAD\n1 GEDC\n2 VERS 5.5.1\n0 @I1@ INDI\n1 NAME Tendai /Moyo/\n1 SEX M\n1 FAMS @F1@\n\
        0 @I2@ INDI\n1 NAME Sekai /Ncube/\n1 SEX F\n1 FAMS @F1@\n1 FAMS @F2@\n\
        0 @I3@ INDI\n1 NAME Farai /Dube/\n1 SEX M\n1 FAMS @F2@\n\
        0 @I4@ INDI\n1 NAME Rudo /Moyo/\n1 FAMC @F1@\n1 FAMC @F2@\n2 PEDI step\n{}0 TRLR\n",
        families.concat()
    )
}

/// The parents in [`stepfamily`].
pub const BORN: [[&str; 3]; 3] = [
    ["@I1@", "BiologicalFather", "@F1@"],
    ["@I2@", "BiologicalMother", "@F1@"],
    ["@I3@", "StepFather", "@F2@"],
];

pub const TREE: &str = "tree";

/// What happens before a batch is committed.
type Hook = Arc<dyn Fn(&Batch) -> BoxFuture<'static, Result<(), StoreError>> + Send + Sync>;

pub struct Hooked {
    pub inner: Arc<SqliteStore>,
    hook: Mutex<Option<Hook>>,
}

#[async_trait]
impl Documents for Hooked {
    async fn get(&self, collection: &'static Collection, id: &str) -> Result<Option<Document>, StoreError> {
        self.inner.get(collection, id).await
    }
    async fn find(&self, collection: &'static Collection, query: Query) -> Result<Vec<Document>, StoreError> {
        self.inner.find(collection, query).await
    }
    async fn count(&self, collection: &'static Collection, filter: Filter) -> Result<u64, StoreError> {
        self.inner.count(collection, filter).await
    }
    async fn project(
        &self,
        collection: &'static Collection,
        query: Query,
        fields: &'static [&'static str],
    ) -> Result<Vec<Row>, StoreError> {
        self.inner.project(collection, query, fields).await
    }
    async fn commit_noting(&self, batch: Batch) -> Result<Vec<u64>, StoreError> {
        let hook = self.hook.lock().unwrap().clone();
        if let Some(hook) = hook {
            hook(&batch).await?;
        }
        self.inner.commit_noting(batch).await
    }
}

pub struct World {
    pub ports: JobsPorts,
    pub store: Arc<SqliteStore>,
    pub hooked: Arc<Hooked>,
    pub clock: Arc<ManualClock>,
    blobs: Arc<FileBlobs>,
    _folder: TempDir,
}

/// In the name of a platform that has one of its own.
fn post_office(store: Arc<SqliteStore>, clock: Arc<ManualClock>, sealer: Arc<Sealer>) -> PostOffice {
    PostOffice {
        outbox: store.clone(),
        queue: store.clone(),
        sealer,
        site: store,
        clock,
        ids: Arc::new(SystemIds),
        support: "help@example.org".to_owned(),
        home: "https://example.org".to_owned(),
        public_url: "https://api.example.org".to_owned(),
        proof_lifetime: std::time::Duration::from_hours(24),
    }
}

impl World {
    /// With one tree.
    pub async fn new() -> Self {
        let clock = Arc::new(ManualClock::default());
        let store = SqliteStore::in_memory(clock.clone(), Arc::new(SystemIds), collections::ALL).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let blobs = FileBlobs::open(folder.path(), &[7; 32], "/blobs", clock.clone()).unwrap();
        let hooked = Arc::new(Hooked { inner: store.clone(), hook: Mutex::new(None) });
        let sealer = Arc::new(Sealer::new(b"the data key of the tests", None));
        let ports = JobsPorts {
            documents: hooked.clone(),
            blobs: blobs.clone(),
            sessions: store.clone(),
            users: store.clone(),
            audit: store.clone(),
            outbox: store.clone(),
            mail: FileMailer::open(folder.path().join("mail"), clock.clone(), Arc::new(SystemIds)).unwrap(),
            sealer: sealer.clone(),
            post: post_office(store.clone(), clock.clone(), sealer),
            clock: clock.clone(),
            ids: Arc::new(SystemIds),
            undo_window: std::time::Duration::from_hours(24 * 30),
        };
        let world = Self { ports, store, hooked, clock, blobs, _folder: folder };
        let name = Body::from_iter([("name".to_owned(), json!("Moyo"))]);
        world.commit(tree::create(TREE, "owner", name, &world.now()).1).await;
        world
    }

    pub fn now(&self) -> String {
        format!("{:.6}", self.clock.now())
    }

    pub fn hook(
        &self,
        hook: impl Fn(&Batch) -> BoxFuture<'static, Result<(), StoreError>> + Send + Sync + 'static,
    ) {
        *self.hooked.hook.lock().unwrap() = Some(Arc::new(hook));
    }

    pub fn unhook(&self) {
        *self.hooked.hook.lock().unwrap() = None;
    }

    pub async fn commit(&self, batch: Batch) {
        self.store.commit(batch).await.unwrap();
    }

    /// Uploads a file and queues its import.
    pub async fn upload(&self, id: &str, text: &(impl AsRef<[u8]> + ?Sized)) {
        let key = format!("imports/{id}.ged");
        let bytes = Bytes::copy_from_slice(text.as_ref());
        let stream = futures::stream::once(async { Ok(bytes) }).boxed();
        self.blobs.put(&key, "application/x-gedcom", stream).await.unwrap();
        let size = text.as_ref().len() as u64;
        let new = NewImport { tree_id: TREE, user_id: "owner", blob_key: &key, file_name: "a.ged", size };
        let tree = self.get(&FAMILY_TREES, TREE).await;
        self.commit(import::begin(id, &tree, new.into_body(&self.now()))).await;
    }

    /// Uploads a file and imports it.
    pub async fn import(&self, id: &str, text: &(impl AsRef<[u8]> + ?Sized)) {
        self.upload(id, text).await;
        assert!(self.handle(&message("import", id, 1)).await);
        assert_eq!(self.status(id).await, "completed");
    }

    /// Uploads a newer version of a file that was imported as `previous`, and has it looked at.
    pub async fn look_at(
        &self,
        id: &str,
        text: &(impl AsRef<[u8]> + ?Sized),
        mode: &str,
        previous: Option<&str>,
        remove: bool,
    ) -> Body {
        let key = format!("imports/{id}.ged");
        let bytes = Bytes::copy_from_slice(text.as_ref());
        let stream = futures::stream::once(async { Ok(bytes) }).boxed();
        self.blobs.put(&key, "application/x-gedcom", stream).await.unwrap();
        let size = text.as_ref().len() as u64;
        let new = NewImport { tree_id: TREE, user_id: "owner", blob_key: &key, file_name: "a.ged", size };
        let mut body = new.into_body(&self.now());
        body.insert("mode".into(), json!(mode));
        body.insert("removeMissing".into(), json!(remove));
        if let Some(previous) = previous {
            let before = self.get(&IMPORTS, previous).await;
            body.insert("newerVersionOf".into(), json!(previous));
            body.insert("lineage".into(), json!(import::lineage(previous, &before.body)));
        }
        self.commit(import::begin_preview(id, TREE, body)).await;
        assert!(self.handle(&message("import", id, 1)).await);
        let seen = self.get(&IMPORTS, id).await.body;
        assert_eq!(seen["status"], "previewed", "{seen:?}");
        seen
    }

    /// Confirms what was looked at.
    pub async fn confirm(&self, id: &str) {
        let (found, tree) = (self.get(&IMPORTS, id).await, self.get(&FAMILY_TREES, TREE).await);
        self.commit(import::confirm(&found, &tree, &self.now()).unwrap().1).await;
    }

    /// Confirms it, and has it done.
    pub async fn apply(&self, id: &str) -> Body {
        self.confirm(id).await;
        assert!(self.handle(&message("import", id, 2)).await);
        let done = self.get(&IMPORTS, id).await.body;
        assert_eq!(done["status"], "completed", "{done:?}");
        done
    }

    /// Undoes it.
    pub async fn undo(&self, id: &str) {
        self.ask_to_undo(id).await;
        assert!(self.handle(&message("undo-import", id, 1)).await);
        assert_eq!(self.status(id).await, "undone");
    }

    /// Changes fields of a person as the people function does.
    pub async fn edit(&self, person: &Document, fields: &Value) {
        self.clock.advance(std::time::Duration::from_secs(1));
        let mut body = person.body.clone();
        body.extend(object(fields));
        body.insert("updatedAt".into(), json!(self.now()));
        let mut batch = Batch::new();
        batch.replace(&PEOPLE, person, body.clone());
        let change = Change { kind: "update", by: "owner", at: &self.now() };
        history::record(&mut batch, &person.id, 0, Some(person), &body, change);
        self.commit(batch).await;
    }

    /// Everything in the tree but versions and when something was changed.
    pub async fn picture(&self) -> Vec<(String, Body)> {
        let mut all = Vec::new();
        for collection in [&PEOPLE, &RELATIONSHIPS, &GEDCOM_RECORDS] {
            for mut document in self.all(collection).await {
                document.body.remove("updatedAt");
                all.push((document.id, document.body));
            }
        }
        all
    }

    /// What a request to undo does.
    pub async fn ask_to_undo(&self, id: &str) {
        let (found, tree) = (self.get(&IMPORTS, id).await, self.get(&FAMILY_TREES, TREE).await);
        let (mut body, mut changed) = (found.body.clone(), tree::with_pending_import(&tree.body, id, true));
        body.insert("status".into(), json!("undoing"));
        if import::status(&found.body) == "completed" {
            let brought = Filter::eq("importId", id);
            let persons = self.store.count(&PEOPLE, brought.clone()).await.unwrap();
            let relationships = self.store.count(&RELATIONSHIPS, brought).await.unwrap();
            import::subtract(&mut body, &mut changed, persons, relationships);
        }
        let mut batch = Batch::new();
        batch.replace(&IMPORTS, &found, body);
        batch.replace(&FAMILY_TREES, &tree, changed);
        self.commit(batch).await;
    }

    /// Removes a person and its one relationship, as the people function does.
    pub async fn part(&self, person: &Document) {
        let ties = self.all(&RELATIONSHIPS).await;
        let is_tie = |tie: &&Document| {
            ["person1Id", "person2Id"].iter().any(|key| tie.body[*key] == person.id.as_str())
        };
        let mut batch = Batch::new();
        batch.delete(&PEOPLE, person);
        batch.delete(&RELATIONSHIPS, ties.iter().find(is_tie).unwrap());
        let less = vec![("statistics.totalPersons", -1), ("statistics.totalRelationships", -1)];
        batch.adjust(&FAMILY_TREES, TREE, less, Body::new());
        self.commit(batch).await;
    }

    /// Hands a message to the function; whether it is done with it.
    pub async fn handle(&self, message: &Message) -> bool {
        dzinza_jobs::handle(&self.ports, vec![message.clone()]).await.is_empty()
    }

    /// Hands a message to the function, and kills it when it is about to commit for the `nth` time.
    pub async fn handle_killed(&self, message: &Message, nth: usize) {
        let reached = Arc::new(tokio::sync::Notify::new());
        let (count, told) = (Arc::new(Mutex::new(0)), reached.clone());
        self.hook(move |_| {
            let mut count = count.lock().unwrap();
            *count += 1;
            let hang = *count >= nth;
            let told = told.clone();
            Box::pin(async move {
                if hang {
                    told.notify_one();
                    std::future::pending::<()>().await;
                }
                Ok(())
            })
        });
        tokio::select! {
            _ = self.handle(message) => {}
            () = reached.notified() => {}
        }
        self.unhook();
    }

    pub async fn get(&self, collection: &'static Collection, id: &str) -> Document {
        self.store.get(collection, id).await.unwrap().unwrap()
    }

    pub async fn status(&self, id: &str) -> String {
        import::status(&self.get(&IMPORTS, id).await.body).to_owned()
    }

    pub async fn all(&self, collection: &'static Collection) -> Vec<Document> {
        self.store.find(collection, Query::new(Filter::All).limit(10_000)).await.unwrap()
    }

    /// The person that came under this pointer.
    pub async fn person(&self, xref: &str) -> Document {
        let all = self.all(&PEOPLE).await;
        all.into_iter().find(|person| dzinza_domain::gedcom::kept_xref(&person.body) == Some(xref)).unwrap()
    }

    /// The parents that are stored: pointer, role, and the pointer in its file of the family that says so; in order.
    pub async fn parents(&self) -> Vec<[String; 3]> {
        let (people, records) = (self.all(&PEOPLE).await, self.all(&GEDCOM_RECORDS).await);
        let xref = |of: &[Document], id: &Value| {
            let found = of.iter().find(|one| one.id == id.as_str().unwrap()).unwrap();
            dzinza_domain::gedcom::kept_xref(&found.body).unwrap().to_owned()
        };
        let ties = self.all(&RELATIONSHIPS).await;
        let parental = ties.iter().filter(|tie| tie.body["type"] == "ParentChild").map(|tie| {
            let role = tie.body["parentalRole"].as_str().unwrap().to_owned();
            let family = xref(&records, &tie.body["familyRecordId"]).replace("-2@", "@");
            [xref(&people, &tie.body["person1Id"]), role, family]
        });
        let mut parents: Vec<_> = parental.collect();
        parents.sort();
        parents
    }

    /// Persons, relationships and records that are stored.
    pub async fn stored(&self) -> [usize; 3] {
        [
            self.all(&PEOPLE).await.len(),
            self.all(&RELATIONSHIPS).await.len(),
            self.all(&GEDCOM_RECORDS).await.len(),
        ]
    }

    /// A statistic of the tree.
    pub async fn total(&self, key: &str) -> i64 {
        self.get(&FAMILY_TREES, TREE).await.body["statistics"][key].as_i64().unwrap_or(0)
    }

    /// Persons, relationships, generations as the tree says.
    pub async fn totals(&self) -> [i64; 3] {
        [
            self.total("totalPersons").await,
            self.total("totalRelationships").await,
            self.total("totalGenerations").await,
        ]
    }

    /// The import failed, said why, and left nothing.
    pub async fn assert_failed(&self, id: &str, code: &str) {
        let import = self.get(&IMPORTS, id).await.body;
        assert_eq!((&import["status"], &import["errorCode"]), (&json!("failed"), &json!(code)));
        assert!(!import["error"].as_str().unwrap().is_empty());
        assert!(import["report"]["counts"]["error"].as_u64().unwrap() >= 1, "{}", import["report"]);
        assert_eq!(self.stored().await, [0, 0, 0]);
        let tree = self.get(&FAMILY_TREES, TREE).await.body;
        assert_eq!((&tree["pendingImports"], &tree["gedcomImports"]), (&json!([]), &json!(0)));
        let told = self.all(&NOTIFICATIONS).await;
        assert_eq!((told.len(), &told[0].body["type"]), (1, &json!("gedcom_import_failed")));
    }

    /// Receives what is waiting.
    pub async fn waiting(&self) -> Vec<Message> {
        self.store.receive("jobs", 10, std::time::Duration::from_secs(10), 3).await.unwrap()
    }
}

pub fn message(kind: &str, id: &str, attempts: u32) -> Message {
    let body = json!({ "job": kind, "importId": id, "treeId": id });
    Message { id: format!("m-{id}"), receipt: format!("r-{attempts}"), body, attempts }
}

/// A relationship made by hand, as the people function makes one.
pub fn relate(id: &str, one: &str, two: &str) -> Batch {
    let mut batch = Batch::new();
    for person in [one, two] {
        batch.adjust(&PEOPLE, person, Vec::new(), Body::new());
    }
    let body = json!({ "familyTreeId": TREE, "type": "ParentChild", "person1Id": one, "person2Id": two });
    batch.insert(&RELATIONSHIPS, id, object(&body));
    batch.adjust(&FAMILY_TREES, TREE, vec![("statistics.totalRelationships", 1)], Body::new());
    batch
}

/// A person made by hand.
pub fn meet(id: &str) -> Batch {
    let mut batch = Batch::new();
    batch.insert(&PEOPLE, id, object(&json!({ "familyTreeId": TREE, "firstName": "Rudo" })));
    batch.adjust(&FAMILY_TREES, TREE, vec![("statistics.totalPersons", 1)], Body::new());
    batch
}

pub fn object(value: &Value) -> Body {
    value.as_object().unwrap().clone()
}

/// Whether a batch adds to this collection or takes from it.
pub fn touches(batch: &Batch, wanted: &Collection) -> bool {
    batch.writes.iter().any(|write| match write {
        Write::Insert { collection, .. } | Write::Delete { collection, .. } => collection.name == wanted.name,
        _ => false,
    })
}

pub fn broken() -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, "as told")
}
