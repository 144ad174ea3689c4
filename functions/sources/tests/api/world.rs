//! A tree as an import leaves it, and people who call.

use std::collections::HashMap;
use std::sync::Arc;

use dzinza_domain::collections::{self, FAMILY_TREES, GEDCOM_RECORDS, PEOPLE, RELATIONSHIPS};
use dzinza_domain::{gedcom, person, relationship, tree};
use dzinza_ports::{
    Batch, Body, Clock, Collection, Document, Documents, Filter, Ids, Query, Role, SystemClock, SystemIds,
};
use dzinza_sources::{SourcesPorts, api};
use dzinza_sqlite::{FileBlobs, SqliteStore};
use dzinza_web::{AuthState, Links, TokenKeys, TokenSubject};
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt as _;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

pub const FILE: &str = "0 HEAD\n1 SUBM @U1@\n1 GEDC\n2 VERS 5.5.1\n\
0 @U1@ SUBM\n1 NAME Rev. Moyo\n1 ADDR Box 1\n2 CITY Gutu\n1 PHON 12\n\
0 @I1@ INDI\n1 NAME Chaminuka /Pasipamire/\n2 SOUR @S1@\n1 SEX M\n1 BIRT\n2 DATE 1808\n2 SOUR @S1@\n3 PAGE 12\n3 QUAY 2\n1 DEAT\n2 DATE 1883\n1 RESI\n2 PLAC Chitungwiza\n1 NOTE @N1@\n1 OBJE @M1@\n1 FAMS @F1@\n\
0 @I2@ INDI\n1 NAME Rudo /Moyo/\n1 SEX F\n1 BIRT\n2 DATE 1990\n2 SOUR @S2@\n1 NOTE @N2@\n1 FAMS @F1@\n\
0 @F1@ FAM\n1 HUSB @I1@\n1 WIFE @I2@\n1 MARR\n2 DATE 2010\n2 SOUR @S3@\n3 PAGE 1\n\
0 @S1@ SOUR\n1 TITL Songs of the Rozvi\n1 AUTH Anon.\n1 REPO @R1@\n2 CALN 9\n1 NOTE inner\n\
0 @S2@ SOUR\n1 TITL A register\n0 @S3@ SOUR\n1 TITL Banns\n0 @S4@ SOUR\n1 ABBR Nobody's\n\
0 @R1@ REPO\n1 NAME Great Zimbabwe\n\
0 @N1@ NOTE Of the dead\n1 CONT line two\n0 @N2@ NOTE Of the living\n0 @N3@ NOTE Of nobody\n\
0 @M1@ OBJE\n1 FILE a.jpg\n2 FORM jpg\n2 TITL Picture\n";

pub struct World {
    pub ports: SourcesPorts,
    pub tree: String,
    /// Ids by pointer.
    pub ids: HashMap<String, String>,
    /// The union of the two persons.
    pub union: String,
    _folder: TempDir,
}

pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Reply {
    #[track_caller]
    pub fn ok(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    #[track_caller]
    pub fn field(self, field: &str) {
        assert_eq!((self.status, &self.body["errors"][0]["field"]), (400, &json!(field)), "{}", self.body);
    }

    pub fn etag(&self) -> String {
        self.headers["etag"].to_str().unwrap().to_owned()
    }
}

pub fn body(value: &Value) -> Body {
    value.as_object().unwrap().clone()
}

/// A tree of the owner's with the file in it; `viewer` is an accepted viewer, anyone else an outsider.
pub async fn world(privacy: &str, file: &str) -> World {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids: Arc<dyn Ids> = Arc::new(SystemIds);
    let store = SqliteStore::in_memory(clock.clone(), ids.clone(), collections::ALL).unwrap();
    let auth = AuthState {
        keys: TokenKeys::new(&[1; 32], &[2; 32]).unwrap(),
        limits: store.clone(),
        clock: clock.clone(),
        allowed_origins: Arc::new([]),
        secure_cookies: false,
        access_tokens: None,
    };
    let tree = ids.new_id();
    let fields = body(&json!({ "name": "T", "privacy": privacy }));
    let (_, mut batch) = tree::create(&tree, "owner", fields, "2026-01-01T00:00:00Z");
    let (mut known, mut union) = (HashMap::new(), String::new());
    for raw in file.split("\n0 ") {
        let raw = format!("0 {}\n", raw.trim_start_matches("0 ").trim_end());
        let xref = raw.split(' ').nth(1).filter(|word| word.starts_with('@')).map(str::to_owned);
        let mut document = body(&json!({ "familyTreeId": tree, "userId": "owner",
            "createdAt": "2026-01-01T00:00:00Z", "gedcom": { "xref": xref, "raw": raw } }));
        let record = gedcom::kept_record(&document).unwrap();
        let id = ids.new_id();
        if record.tag == "INDI" {
            document.append(&mut gedcom::read_person(&record));
            person::refresh(&mut document);
            batch.insert(&PEOPLE, id.as_str(), document);
        } else {
            document.insert("tag".into(), json!(record.tag));
            gedcom::index_record(&mut document, &record);
            batch.insert(&GEDCOM_RECORDS, id.as_str(), document);
        }
        if record.tag == "FAM" {
            union = ids.new_id();
            let mut row = gedcom::spousal_fields(&record);
            row.append(&mut body(&json!({ "familyTreeId": tree, "type": "Spousal", "familyRecordId": id,
                "person1Id": known["@I1@"], "person2Id": known["@I2@"] })));
            relationship::refresh(&mut row);
            batch.insert(&RELATIONSHIPS, union.as_str(), row);
        }
        known.insert(xref.unwrap_or(record.tag), id);
    }
    let documents: Arc<dyn Documents> = store;
    documents.commit(batch).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let links = Links::new(FileBlobs::open(folder.path(), &[7; 32], "/blobs", clock.clone()).unwrap());
    let ports = SourcesPorts { documents, clock, ids, auth, links };
    let world = World { ports, tree, ids: known, union, _folder: folder };
    world.invite("viewer").await;
    world
}

impl World {
    async fn invite(&self, user: &str) {
        let tree = self.document(&FAMILY_TREES, &self.tree).await;
        let mut changed = tree.body.clone();
        changed.insert(
            "collaborators".into(),
            json!([{ "userId": user, "role": "viewer", "acceptedAt": "2026-01-01T00:00:00Z" }]),
        );
        let mut batch = Batch::new();
        batch.replace(&FAMILY_TREES, &tree, changed);
        self.ports.documents.commit(batch).await.unwrap();
    }

    /// Makes a record part of an import that is not complete.
    pub async fn hide(&self, xref: &str) {
        let mut batch = Batch::new();
        let set = body(&json!({ "pendingImports": ["i1"] }));
        batch.adjust(&FAMILY_TREES, self.tree.as_str(), Vec::new(), set);
        batch.adjust(&GEDCOM_RECORDS, self.id(xref), Vec::new(), body(&json!({ "importId": "i1" })));
        self.ports.documents.commit(batch).await.unwrap();
    }

    pub async fn document(&self, collection: &'static Collection, id: &str) -> Document {
        self.ports.documents.get(collection, id).await.unwrap().unwrap()
    }

    /// What a document keeps as text.
    pub async fn raw(&self, collection: &'static Collection, id: &str) -> String {
        self.document(collection, id).await.body["gedcom"]["raw"].as_str().unwrap().to_owned()
    }

    pub async fn all(&self, collection: &'static Collection, filter: Filter) -> Vec<Document> {
        self.ports.documents.find(collection, Query::new(filter)).await.unwrap()
    }

    pub fn id(&self, xref: &str) -> &str {
        &self.ids[xref]
    }

    /// The address of records of a kind.
    pub fn at(&self, kind: &str) -> String {
        format!("/api/family-trees/{}/{kind}", self.tree)
    }

    /// The address of one.
    pub fn one(&self, kind: &str, xref: &str) -> String {
        format!("{}/{}", self.at(kind), self.id(xref))
    }

    pub fn person(&self, xref: &str) -> String {
        format!("/api/persons/{}/citations", self.id(xref))
    }

    pub fn of_union(&self) -> String {
        format!("/api/relationships/{}/citations", self.union)
    }

    pub async fn call(
        &self,
        user: &str,
        method: Method,
        path: &str,
        input: Option<&Value>,
        tag: &str,
    ) -> Reply {
        let subject = TokenSubject {
            user_id: user.into(),
            email: format!("{user}@dzinza.example"),
            role: Role::User,
            session_id: "s".into(),
        };
        let life = SignedDuration::from_mins(5);
        let token = self.ports.auth.keys.access_token(&subject, "j", self.ports.clock.now(), life).unwrap();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        if !tag.is_empty() {
            request = request.header("if-match", tag);
        }
        let content = input.map(Value::to_string).unwrap_or_default();
        let request = request.body(axum::body::Body::from(content)).unwrap();
        let response = api(self.ports.clone()).router.oneshot(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        Reply { status, headers, body }
    }

    pub async fn get(&self, user: &str, path: &str) -> Reply {
        self.call(user, Method::GET, path, None, "").await
    }
    pub async fn post(&self, path: &str, input: Value) -> Reply {
        self.call("owner", Method::POST, path, Some(&input), "").await
    }
    pub async fn put(&self, path: &str, input: Value) -> Reply {
        self.call("owner", Method::PUT, path, Some(&input), "").await
    }
    pub async fn delete(&self, path: &str) -> Reply {
        self.call("owner", Method::DELETE, path, None, "").await
    }

    /// The titles, names or texts of a list.
    pub async fn listed(&self, user: &str, path: &str) -> Vec<String> {
        let answer = self.get(user, path).await.ok(200);
        let items = answer["items"].as_array().unwrap();
        assert!(answer["total"].as_u64().unwrap() >= items.len() as u64);
        let word = |item: &Value| {
            ["title", "name", "text", "abbreviation"]
                .iter()
                .find_map(|key| item[*key].as_str().map(str::to_owned))
        };
        items.iter().filter_map(word).collect()
    }
}
