//! The one thread that writes. Jobs that wait together share a transaction, and so one flush of the disk.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use dzinza_ports::{StoreError, StoreErrorKind};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::connection::Durability;
use crate::error::{Fault, Outcome, corrupt, unavailable};

const WAITING: usize = 1024;
const GROUP: usize = 64;
/// A group takes no further job after this.
const GROUP_TIME: Duration = Duration::from_millis(5);
/// After a group that held the lock this long, other processes get a chance to take it.
const LONG_HOLD: Duration = Duration::from_millis(20);
const PAUSE: Duration = Duration::from_millis(1);

/// Work on the write connection, inside a transaction that it neither begins nor ends.
trait Job: Send {
    fn durable(&self) -> bool;
    /// Says whether its changes shall stay.
    fn run(&mut self, conn: &Connection) -> bool;
    /// Answers the caller; `failure` if the group as a whole came to nothing.
    fn finish(self: Box<Self>, failure: Option<&str>);
}

struct Task<T, W> {
    durable: bool,
    work: Option<W>,
    outcome: Option<Outcome<T>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, W> Job for Task<T, W>
where
    T: Send,
    W: FnOnce(&Connection) -> Outcome<T> + Send,
{
    fn durable(&self) -> bool {
        self.durable
    }

    fn run(&mut self, conn: &Connection) -> bool {
        let Some(work) = self.work.take() else { return false };
        // A defect in one job must not end the thread that everybody's writes depend on.
        let outcome = catch_unwind(AssertUnwindSafe(|| work(conn)))
            .unwrap_or_else(|_| Err(Fault::Store(corrupt("a write panicked"))));
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn finish(self: Box<Self>, failure: Option<&str>) {
        let result = match (self.outcome, failure) {
            (Some(Err(fault)), None) => Err(fault.into()),
            (Some(Ok(value)), None) => Ok(value),
            (_, failure) => Err(unavailable(failure.unwrap_or("not run"))),
        };
        // The caller may have gone away; nobody is left to tell.
        drop(self.reply.send(result));
    }
}

/// The way to the writer thread. Dropping it lets the thread finish what waits, then ends it.
pub(crate) struct Writer {
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(conn: Connection, durability: Durability) -> Result<Self, StoreError> {
        let (sender, receiver) = mpsc::channel(WAITING);
        let thread = thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || Loop::new(conn, durability).run(receiver))
            .map_err(|error| StoreError::with_source(StoreErrorKind::Unavailable, "writer thread", error))?;
        Ok(Self { jobs: Some(sender), thread: Some(thread) })
    }

    /// Runs the work in a transaction of its own fate and answers after the commit. An error of the work
    /// undoes what it did. `durable: false` is for what may be lost when the power fails.
    pub(crate) async fn write<T, W>(&self, durable: bool, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let task = Box::new(Task { durable, work: Some(work), outcome: None, reply });
        let closed = || unavailable("the writer has ended");
        self.jobs.as_ref().ok_or_else(closed)?.send(task).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

struct Loop {
    conn: Connection,
    full: Durability,
    level: Durability,
}

impl Loop {
    fn new(conn: Connection, durability: Durability) -> Self {
        Self { conn, full: durability, level: durability }
    }

    fn run(mut self, mut receiver: mpsc::Receiver<Box<dyn Job>>) {
        let mut waiting: VecDeque<Box<dyn Job>> = VecDeque::new();
        loop {
            if waiting.is_empty() {
                match receiver.blocking_recv() {
                    Some(job) => waiting.push_back(job),
                    None => return,
                }
            }
            while waiting.len() < GROUP
                && let Ok(job) = receiver.try_recv()
            {
                waiting.push_back(job);
            }
            let began = Instant::now();
            self.group(&mut waiting);
            if began.elapsed() > LONG_HOLD {
                thread::sleep(PAUSE);
            }
        }
    }

    /// Takes as many of the waiting jobs as its time allows, at least one.
    fn group(&mut self, waiting: &mut VecDeque<Box<dyn Job>>) {
        let durable = waiting.iter().any(|job| job.durable());
        let mut done = Vec::with_capacity(waiting.len());
        let result = self.begin(durable).and_then(|()| {
            let began = Instant::now();
            while let Some(mut job) = waiting.pop_front() {
                let step = self.one(job.as_mut());
                done.push(job);
                step?;
                if began.elapsed() > GROUP_TIME {
                    break;
                }
            }
            self.execute("COMMIT")
        });
        let failure = result.err().map(|error| {
            tracing::warn!(%error, jobs = done.len(), "a write transaction failed");
            if !self.conn.is_autocommit() {
                drop(self.execute("ROLLBACK"));
            }
            format!("the transaction failed: {error}")
        });
        if failure.is_some() && done.is_empty() {
            // Not even begun: all that waited for this moment are told, or they would wait as long again each.
            done.extend(waiting.drain(..));
        }
        for job in done {
            job.finish(failure.as_deref());
        }
    }

    fn begin(&mut self, durable: bool) -> Result<(), rusqlite::Error> {
        let level = match self.full {
            Durability::Full if !durable => Durability::Process,
            full => full,
        };
        if level != self.level {
            self.conn.execute_batch(level.pragma())?;
            self.level = level;
        }
        self.execute("BEGIN IMMEDIATE")
    }

    fn one(&self, job: &mut dyn Job) -> Result<(), rusqlite::Error> {
        self.execute("SAVEPOINT job")?;
        if !job.run(&self.conn) {
            // After errors such as a full disk SQLite has undone the whole transaction already.
            self.execute("ROLLBACK TO job")?;
        }
        self.execute("RELEASE job")
    }

    fn execute(&self, sql: &str) -> Result<(), rusqlite::Error> {
        self.conn.prepare_cached(sql)?.execute([]).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use dzinza_ports::StoreErrorKind;

    use super::*;

    fn writer() -> (tempfile::TempDir, Arc<Writer>) {
        let folder = tempfile::tempdir().unwrap();
        let conn = crate::connection::writing(&folder.path().join("w.db"), Durability::Full).unwrap();
        conn.execute_batch("CREATE TABLE t (n INTEGER PRIMARY KEY)").unwrap();
        (folder, Arc::new(Writer::start(conn, Durability::Full).unwrap()))
    }

    async fn count(writer: &Writer) -> i64 {
        let counted =
            writer.write(true, |conn| Ok(conn.query_row("SELECT count(*) FROM t", [], |row| row.get(0))?));
        counted.await.unwrap()
    }

    fn insert(conn: &Connection, number: i64) -> Outcome<()> {
        conn.execute("INSERT INTO t VALUES (?)", [number])?;
        Ok(())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_job_that_fails_or_panics_is_undone_alone() {
        let (_folder, writer) = writer();
        let jobs: Vec<_> = (0..300)
            .map(|number| {
                let writer = writer.clone();
                tokio::spawn(async move {
                    let work = move |conn: &Connection| {
                        insert(conn, number)?;
                        assert!(number % 10 != 3, "a defect");
                        if number % 10 == 7 { Err(unavailable("no").into()) } else { Ok(number) }
                    };
                    writer.write(number % 2 == 0, work).await
                })
            })
            .collect();
        let mut succeeded = 0;
        for job in jobs {
            succeeded += i64::from(job.await.unwrap().is_ok());
        }
        assert_eq!((succeeded, count(&writer).await), (240, 240));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn jobs_of_a_transaction_that_sqlite_gave_up_are_unavailable_and_undone() {
        let (_folder, writer) = writer();
        let lost = writer.write(true, |conn| {
            insert(conn, 1)?;
            // What a full disk does: the transaction is gone when the job returns.
            conn.execute_batch("ROLLBACK")?;
            Err::<(), _>(corrupt("then it failed").into())
        });
        assert_eq!(lost.await.unwrap_err().kind(), StoreErrorKind::Unavailable);
        assert_eq!(count(&writer).await, 0);
        writer.write(true, |conn| insert(conn, 2)).await.unwrap();
        assert_eq!(count(&writer).await, 1);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_write_whose_caller_went_away_still_happens() {
        let (folder, writer) = writer();
        for number in 0..20 {
            let write = writer.write(true, move |conn| insert(conn, number));
            drop(tokio::time::timeout(Duration::from_micros(1), write).await);
        }
        let left = count(&writer).await;
        let writer = Arc::into_inner(writer).unwrap();
        drop(writer);
        assert!(left <= 20);
        let conn = Connection::open(folder.path().join("w.db")).unwrap();
        let stored: i64 = conn.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(stored, left);
    }
}
