//! Stores whose calls are counted, timed and part of the trace that they are made in; and jobs that take their trace along.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use dzinza_ports::{
    Batch, BlobInfo, BlobRead, Blobs, ByteRange, ByteStream, Collection, Document, Documents, Filter, Hits,
    Letter, Limits, Message, NewMessage, NewUser, Outbox, OutgoingLetter, Query, Queue, QueueDepth,
    RefreshToken, Row, Sessions, StoreError, StoreErrorKind, TokenHash, Upload, UploadUrl, User, UserChange,
    UserFilter, UserPage, Users,
};
use dzinza_telemetry::traces;
use futures::stream::BoxStream;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use tracing::{Instrument as _, Span, field};

use crate::Stores;

/// Under this name the message of a job holds the trace that it follows from (W3C Trace Context).
const TRACE: &str = "traceparent";

impl Stores {
    /// The same, watched. To be asked last: what is put in place of a store later is not.
    #[must_use]
    pub fn watched(mut self) -> Self {
        self.documents = Arc::new(Watched(self.documents));
        self.queue = Arc::new(Watched(self.queue));
        self.limits = Arc::new(Watched(self.limits));
        self.blobs = Arc::new(Watched(self.blobs));
        self.users = Arc::new(Watched(self.users));
        self.sessions = Arc::new(Watched(self.sessions));
        self.outbox = Arc::new(Watched(self.outbox));
        self
    }
}

/// See above.
struct Watched<P: ?Sized>(Arc<P>);

/// Waits for a call and notes how it went. What is no part of a request or a job, such as looking for messages, is in no
/// trace.
async fn watch<T>(
    operation: &'static str,
    table: &'static str,
    call: impl Future<Output = Result<T, StoreError>> + Send,
) -> Result<T, StoreError> {
    let span = if Span::current().is_none() { Span::none() } else { span(operation, table) };
    let started = Instant::now();
    let done = call.instrument(span.clone()).await;
    let labels = [("operation", operation), ("table", table)];
    metrics::histogram!("database_query_duration_seconds", &labels).record(started.elapsed().as_secs_f64());
    if let Err(error) = &done {
        let kind = word(error.kind());
        let labels = [("operation", operation), ("table", table), ("kind", kind)];
        metrics::counter!("database_errors_total", &labels).increment(1);
        span.record("error.type", kind);
        // That somebody else was faster is no failure of the store.
        if !matches!(error.kind(), StoreErrorKind::Stale | StoreErrorKind::Conflict) {
            span.record("otel.status_code", "ERROR");
        }
    }
    done
}

fn span(operation: &'static str, table: &'static str) -> Span {
    tracing::debug_span!(
        target: "dzinza::store",
        "store",
        otel.name = format!("db.{table}.{operation}"),
        otel.kind = "client",
        otel.status_code = field::Empty,
        db.operation.name = operation,
        db.collection.name = table,
        error.type = field::Empty,
    )
}

fn word(kind: StoreErrorKind) -> &'static str {
    match kind {
        StoreErrorKind::Conflict => "conflict",
        StoreErrorKind::Stale => "stale",
        StoreErrorKind::Unavailable => "unavailable",
        StoreErrorKind::Corrupt => "corrupt",
        StoreErrorKind::Invalid => "invalid",
        _ => "other",
    }
}

/// Tells a message which trace it follows from, if anybody keeps that.
fn mark(message: &mut NewMessage) {
    if let Value::Object(body) = &mut message.body
        && let Some(context) = traces::current_kept()
    {
        body.insert(TRACE.to_owned(), context.into());
    }
}

#[async_trait]
impl Documents for Watched<dyn Documents> {
    async fn get(&self, collection: &'static Collection, id: &str) -> Result<Option<Document>, StoreError> {
        watch("get", collection.name, self.0.get(collection, id)).await
    }

    async fn find(&self, collection: &'static Collection, query: Query) -> Result<Vec<Document>, StoreError> {
        watch("find", collection.name, self.0.find(collection, query)).await
    }

    async fn count(&self, collection: &'static Collection, filter: Filter) -> Result<u64, StoreError> {
        watch("count", collection.name, self.0.count(collection, filter)).await
    }

    async fn project(
        &self,
        collection: &'static Collection,
        query: Query,
        fields: &'static [&'static str],
    ) -> Result<Vec<Row>, StoreError> {
        watch("project", collection.name, self.0.project(collection, query, fields)).await
    }

    async fn commit_noting(&self, mut batch: Batch) -> Result<Vec<u64>, StoreError> {
        batch.jobs.iter_mut().for_each(mark);
        watch("commit", "documents", self.0.commit_noting(batch)).await
    }
}

#[async_trait]
impl Queue for Watched<dyn Queue> {
    async fn send(&self, mut message: NewMessage) -> Result<(), StoreError> {
        mark(&mut message);
        watch("send", "queue", self.0.send(message)).await
    }

    async fn send_many(&self, mut messages: Vec<NewMessage>) -> Vec<Result<(), StoreError>> {
        messages.iter_mut().for_each(mark);
        let sent = watch("send_many", "queue", async { Ok(self.0.send_many(messages).await) }).await;
        sent.unwrap_or_default()
    }

    /// May wait until there is something, which says nothing of the store.
    async fn receive(
        &self,
        queue: &str,
        max: u32,
        lease: Duration,
        max_receives: u32,
    ) -> Result<Vec<Message>, StoreError> {
        self.0.receive(queue, max, lease, max_receives).await
    }

    async fn extend(&self, receipt: &str, lease: Duration) -> Result<bool, StoreError> {
        watch("extend", "queue", self.0.extend(receipt, lease)).await
    }

    async fn delete(&self, receipt: &str) -> Result<bool, StoreError> {
        watch("delete", "queue", self.0.delete(receipt)).await
    }

    async fn give_back(&self, receipt: &str, delay: Duration) -> Result<bool, StoreError> {
        watch("give_back", "queue", self.0.give_back(receipt, delay)).await
    }

    async fn release(&self, receipt: &str) -> Result<bool, StoreError> {
        watch("release", "queue", self.0.release(receipt)).await
    }

    async fn depth(&self, queue: &str) -> Result<QueueDepth, StoreError> {
        watch("depth", "queue", self.0.depth(queue)).await
    }
}

#[async_trait]
impl Blobs for Watched<dyn Blobs> {
    async fn put(&self, key: &str, content_type: &str, bytes: ByteStream) -> Result<BlobInfo, StoreError> {
        watch("put", "blobs", self.0.put(key, content_type, bytes)).await
    }

    async fn put_new(
        &self,
        key: &str,
        content_type: &str,
        bytes: ByteStream,
    ) -> Result<BlobInfo, StoreError> {
        watch("put_new", "blobs", self.0.put_new(key, content_type, bytes)).await
    }

    /// Until the first byte: what reads the others may take its time.
    async fn get(&self, key: &str, range: Option<ByteRange>) -> Result<Option<BlobRead>, StoreError> {
        watch("get", "blobs", self.0.get(key, range)).await
    }

    async fn head(&self, key: &str) -> Result<Option<BlobInfo>, StoreError> {
        watch("head", "blobs", self.0.head(key)).await
    }

    fn list(&self) -> BoxStream<'static, Result<String, StoreError>> {
        self.0.list()
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        watch("delete", "blobs", self.0.delete(key)).await
    }

    async fn get_url(&self, key: &str, lifetime: Duration) -> Result<String, StoreError> {
        self.0.get_url(key, lifetime).await
    }

    async fn put_url(&self, key: &str, upload: &Upload, lifetime: Duration) -> Result<UploadUrl, StoreError> {
        self.0.put_url(key, upload, lifetime).await
    }
}

/// Ports of which every call is watched in the same way.
macro_rules! watched {
    ($port:ident, $table:literal, $( $name:ident ( $( $argument:ident : $kind:ty ),* ) -> $done:ty; )*) => {
        #[async_trait]
        impl $port for Watched<dyn $port> {
            $( async fn $name(&self, $( $argument: $kind ),*) -> Result<$done, StoreError> {
                watch(stringify!($name), $table, self.0.$name($( $argument ),*)).await
            } )*
        }
    };
}

watched!(Limits, "limits",
    hit(key: &str, window: Duration) -> Hits;
    put(key: &str, value: &str, lifetime: Duration) -> ();
    get(keys: &[&str]) -> Vec<Option<String>>;
    take(key: &str) -> Option<String>;
    remove(keys: &[&str]) -> ();
);

watched!(Users, "users",
    insert(user: NewUser) -> User;
    by_id(id: &str) -> Option<User>;
    by_email(email: &str) -> Option<User>;
    by_password_reset(token: &TokenHash) -> Option<User>;
    by_email_verification(token: &TokenHash) -> Option<User>;
    update(id: &str, change: UserChange, now: Timestamp) -> Option<User>;
    oldest(limit: u32) -> Vec<User>;
    count() -> u64;
    page(page: UserPage) -> (Vec<User>, u64);
    made_by_day(filter: UserFilter) -> Vec<(Date, u64)>;
    to_erase(now: Timestamp, limit: u32) -> Vec<User>;
    erase(id: &str, pseudonym: &str, now: Timestamp) -> bool;
);

watched!(Sessions, "refresh_tokens",
    insert(token: RefreshToken) -> ();
    find(jti: &str) -> Option<RefreshToken>;
    rotate(old_jti: &str, new: RefreshToken, now: Timestamp) -> bool;
    revoke_session(session_id: &str, reason: &str, now: Timestamp) -> u64;
    active(user_id: &str, now: Timestamp) -> Vec<RefreshToken>;
    recent(user_id: &str, limit: u32) -> Vec<RefreshToken>;
    purge(before: Timestamp) -> u64;
);

watched!(Outbox, "mail_outbox",
    post(letters: Vec<Letter>) -> ();
    lease(max: u32, lease: Duration, now: Timestamp) -> Vec<OutgoingLetter>;
    done(receipt: &str) -> bool;
    retry(receipt: &str, at: Timestamp) -> bool;
    waiting() -> u64;
);
