//! Imports that are looked at first, and newer versions of files: matched with what is there, and merged (ADR 0006).
//!
//! A preview compares the file with the tree, keeps which record is which document as a plan, and tells what would
//! change. Applying works through the file by that plan. Each batch carries in one commit: the documents it changes
//! at the versions it read, their history, what they were before, and how far the file is done. So a run that begins
//! again goes on where the last one stopped, a change that somebody makes meanwhile is seen and kept, and whatever was
//! done can be taken back. New documents are invisible until the last batch, as in every import; persons that are
//! there already change batch by batch, each wholly or not at all.

mod changes;
mod file;
mod files;
mod known;
mod plan;
mod restore;
mod ties;
mod work;

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufReader, Seek as _};

use dzinza_domain::collections::{FAMILY_TREES, IMPORT_CHANGES, PEOPLE, RELATIONSHIPS};
use dzinza_domain::import::{self, MEDIA_FOR, Phase};
use dzinza_gedcom::{Diagnostic, ReadError, Reader, Record, Severity};
use dzinza_ports::{Batch, Body, Filter};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::hold::{BEAT, Held};
use crate::links::Linker;
use crate::reading::{Outcome, Totals};
use crate::report::Report;
use crate::settle::{Failure, fail};
use crate::{JobError, clear, generations, now, settle};

use changes::{Counts, Subject, tell};
use file::NewFile;
use files::Files;
use known::{Known, Lineage};
use plan::{Compared, Plan, Pointers};
use work::{Decision, Item, Work, fetch};

pub use restore::{take_back, touch_structure};

/// Records a batch.
const RECORDS: usize = 250;
/// Bytes of records a batch, roughly.
const BYTES: usize = 1 << 20;
/// Relationships a batch.
const LINKS: usize = 1000;

/// A blocking step; the import is heard of all the time.
async fn beating<T>(held: &mut Held<'_>, mut step: JoinHandle<T>) -> Result<T, JobError> {
    loop {
        match timeout(BEAT, &mut step).await {
            Ok(done) => return done.map_err(|error| JobError::Io(std::io::Error::other(error))),
            Err(_) => held.save(Batch::new()).await?,
        }
    }
}

/// The first pass.
async fn read(
    held: &mut Held<'_>,
    file: &File,
    plan: Option<Plan>,
) -> Result<(Result<NewFile, ReadError>, Option<Plan>), JobError> {
    let (file, ids) = (file.try_clone()?, held.ports.ids.clone());
    let step = tokio::task::spawn_blocking(move || {
        let read = NewFile::read(&file, ids.as_ref(), plan.as_ref());
        (read, plan)
    });
    beating(held, step).await
}

fn unreadable(error: ReadError, report: Report) -> Result<Outcome, JobError> {
    match error {
        ReadError::Io(error) => Err(error.into()),
        error => Ok(Outcome::Unreadable(error.to_string(), Box::new(report))),
    }
}

/// Looks at a file without changing anything, and says what importing it would do.
pub async fn preview(held: &mut Held<'_>, file: File) -> Result<Option<Outcome>, JobError> {
    clear::remove_all(held.ports, &IMPORT_CHANGES, &Filter::eq("importId", held.id())).await?;
    let new = match read(held, &file, None).await?.0 {
        Ok(new) => new,
        Err(error) => return unreadable(error, Report::default()).map(Some),
    };
    let lineage = Lineage::of(held).await?;
    let compares = import::is_update(&held.document.body) || !lineage.is_empty();
    let (mut new, mut compared) = if compares {
        let mut known = Known::read(held, &lineage).await?;
        let (mut new, lineage) = (new, lineage.clone());
        let step = tokio::task::spawn_blocking(move || {
            let compared = plan::compare(&mut known, &mut new, &lineage);
            (new, compared)
        });
        beating(held, step).await?
    } else {
        let plan = Plan::of_new(&new);
        (new, Compared { plan, ..Compared::default() })
    };
    compared.plan.keep(held).await?;
    let kinds = std::mem::take(&mut new.kinds);
    drop(new);
    // Read again with the ids of the plan: links lead to whom the tree has.
    let plan = std::mem::take(&mut compared.plan);
    let (again, plan) = read(held, &file, Some(plan)).await?;
    let (again, plan) = match (again, plan) {
        (Ok(again), Some(plan)) => (again, plan),
        (Err(error), _) => return unreadable(error, Report::default()).map(Some),
        (_, None) => return Err(JobError::Malformed("the plan is gone")),
    };
    let mut work = prepare(held, &again, &plan, &lineage).await?;
    work.why = std::mem::take(&mut compared.why);
    let mut counts = Counts::default();
    if let Err(error) = pass(held, &mut work, &file, &mut counts, compares).await? {
        return unreadable(error, work.report).map(Some);
    }
    if compares {
        missing(held, &compared.missing).await?;
    }
    counts.persons.missing = compared.missing.len() as u64;
    counts.families.missing = compared.missing_families;
    let [uid, xref, facts] = compared.counts;
    let said = json!({
        "records": kinds,
        "datesNotUnderstood": work.unread_dates,
        "comparison": compares.then(|| counts.value()),
        "matchedBy": { "uid": uid, "xref": xref, "facts": facts },
    });
    let totals = totals(&again, &mut work);
    settle::previewed(held, said, totals).await?;
    Ok(None)
}

/// Does what a preview showed.
pub async fn apply(held: &mut Held<'_>, file: File) -> Result<Option<Outcome>, JobError> {
    let Some(plan) = Plan::read(held).await? else {
        let reason = "What was looked at is no longer there. Please look at the file again.";
        fail(held, Failure::new("plan_missing", reason)).await?;
        return Ok(None);
    };
    let (new, plan) = match read(held, &file, Some(plan)).await? {
        (Ok(new), Some(plan)) => (new, plan),
        (Err(error), _) => return unreadable(error, Report::default()).map(Some),
        (_, None) => return Err(JobError::Malformed("the plan is gone")),
    };
    let lineage = Lineage::of(held).await?;
    let mut work = prepare(held, &new, &plan, &lineage).await?;
    let mut counts = Counts::of(held.document.body.get("update"));
    if let Err(error) = pass(held, &mut work, &file, &mut counts, false).await? {
        return unreadable(error, work.report).map(Some);
    }
    let mut totals = totals(&new, &mut work);
    let own = Filter::eq("familyTreeId", held.text("familyTreeId")).and(Filter::eq("importId", held.id()));
    totals.individuals = held.ports.documents.count(&PEOPLE, own.clone()).await?;
    totals.relationships = held.ports.documents.count(&RELATIONSHIPS, own).await?;
    totals.families = counts.families.new;
    if let Some(tree) = held.ports.documents.get(&FAMILY_TREES, held.text("familyTreeId")).await? {
        totals.generations = generations::with_this(held, &tree).await?;
    }
    settle::updated(held, totals, &counts.value()).await?;
    Ok(None)
}

/// What both of them report of the file as a whole.
fn totals(new: &NewFile, work: &mut Work<'_>) -> Totals {
    let (_, looped) = work.linker.generations();
    if !looped.is_empty() {
        let message = format!("{} persons descend from themselves, or from someone who does", looped.len());
        work.report.add(0, Severity::Warning, "ancestor_loop", message);
    }
    Totals {
        individuals: new.scan.individuals,
        families: new.scan.families,
        sources: new.scan.sources,
        records: new.scan.records(),
        version: new.scan.version.clone(),
        encoding: new.scan.encoding.clone(),
        report: std::mem::take(&mut work.report),
        ..Totals::default()
    }
}

async fn prepare<'a>(
    held: &Held<'a>,
    new: &'a NewFile,
    plan: &'a Plan,
    lineage: &Lineage,
) -> Result<Work<'a>, JobError> {
    let body = &held.document.body;
    let own = if Phase::of(body) == Phase::Apply {
        import::pointer_suffix(body)
    } else {
        // What it will be if nothing else comes first.
        let tree = held.ports.documents.get(&FAMILY_TREES, held.text("familyTreeId")).await?;
        tree.and_then(|tree| import::next_suffix(&tree.body))
    };
    let dangling = if lineage.is_empty() { own.clone() } else { lineage.suffix().map(str::to_owned) };
    let remove_missing = body.get("removeMissing") == Some(&json!(true));
    Ok(Work {
        ports: held.ports,
        scan: &new.scan,
        plan,
        pointers: Pointers { to: &new.pointers, plan, own, dangling },
        why: HashMap::new(),
        linker: Linker::new(&new.scan),
        report: Report::default(),
        import_id: held.id().to_owned(),
        tree_id: held.text("familyTreeId").to_owned(),
        user_id: held.text("userId").to_owned(),
        now: now(held.ports),
        remove_missing,
        files: Files::of(held).await?,
        pairs: if remove_missing { new.all_pairs() } else { HashSet::new() },
        unread_dates: 0,
    })
}

/// Some records, in the order of the file, and what the reader found in them.
struct Piece {
    records: Vec<Record>,
    found: Vec<Diagnostic>,
}

/// Reads the file on a thread of its own, until nobody listens any more.
fn read_pieces(file: &File, sender: &mpsc::Sender<Piece>) -> Result<(), ReadError> {
    let mut file = file.try_clone()?;
    file.rewind()?;
    let mut reader = Reader::new(BufReader::with_capacity(1 << 16, file))?;
    let (mut records, mut bytes) = (Vec::new(), 0);
    loop {
        let next = reader.next_record()?;
        let over = next.is_none();
        if let Some(record) = next {
            let length = |(_, line): (usize, &Record)| 64 + line.value.as_ref().map_or(0, String::len);
            bytes += record.walk().map(length).sum::<usize>();
            records.push(record);
        }
        if over || records.len() >= RECORDS || bytes >= BYTES {
            let found = reader.take_diagnostics();
            let piece = Piece { records: std::mem::take(&mut records), found };
            bytes = 0;
            if sender.blocking_send(piece).is_err() || over {
                return Ok(());
            }
        }
    }
}

/// The second pass: each batch of records is looked at, or done.
async fn pass(
    held: &mut Held<'_>,
    work: &mut Work<'_>,
    file: &File,
    counts: &mut Counts,
    tells: bool,
) -> Result<Result<(), ReadError>, JobError> {
    let applies = Phase::of(&held.document.body) == Phase::Apply;
    let (done, total) = (held.number("applied") as u32, work.scan.records());
    let (sender, mut pieces) = mpsc::channel(2);
    let file = file.try_clone()?;
    let reader = tokio::task::spawn_blocking(move || read_pieces(&file, &sender));
    let (mut place, mut told) = (0_u32, 0);
    loop {
        let Ok(piece) = timeout(BEAT, pieces.recv()).await else {
            held.save(Batch::new()).await?;
            continue;
        };
        let Some(piece) = piece else { break };
        work.report.extend(piece.found);
        let mut items: Vec<Item> = Vec::with_capacity(piece.records.len());
        for record in piece.records {
            if !applies {
                work.look_at_dates(&record);
            }
            items.push(work.item(place, record));
            place += 1;
        }
        // What an earlier run has done is only linked again.
        items.retain(|item| !applies || item.place >= done);
        let percent = u64::from(place) * 100 / (total as u64).max(1);
        held.set("progress", json!({ "recordsTotal": total, "recordsDone": place, "percent": percent }));
        if applies {
            write(held, work, &items, place, counts).await?;
        } else {
            let decision = work.decide(&items).await?;
            counts.add(&decision.counts);
            let mut batch = Batch::new();
            if tells {
                told = tell(&mut batch, (&work.tree_id, &work.import_id), told, decision.told);
            }
            held.save(batch).await?;
        }
    }
    if tells {
        held.set("told", told);
    }
    reader.await.map_err(|error| JobError::Io(std::io::Error::other(error)))
}

/// Does one batch of records; again if somebody else changed one of them meanwhile.
async fn write(
    held: &mut Held<'_>,
    work: &mut Work<'_>,
    items: &[Item],
    place: u32,
    counts: &mut Counts,
) -> Result<(), JobError> {
    if items.is_empty() {
        return held.beat().await;
    }
    loop {
        let decision = work.decide(items).await?;
        let Decision { mut writes, mut links, touches, counts: more, kept, structure, meant, .. } = decision;
        // The relationships of a large family come before it, in batches of their own. Nobody sees them yet, and a run
        // that is cut off in between finds them.
        let rest = links.split_off(links.len() / LINKS * LINKS);
        for some in links.chunks(LINKS) {
            held.save(Batch { writes: some.to_vec(), jobs: Vec::new() }).await?;
        }
        writes.extend(rest);
        writes.extend(touches);
        let mut batch = Batch { writes, jobs: Vec::new() };
        // Whoever shows the tree knows by its version that something is different.
        if more.persons.changed + more.links.changed + more.links_removed > 0 {
            let less = vec![("statistics.totalRelationships", -(more.links_removed as i64))];
            batch.adjust(&FAMILY_TREES, work.tree_id.as_str(), less, Body::new());
        }
        if structure {
            touch_structure(held.ports, &mut batch, &work.tree_id).await?;
        }
        let mut sum = *counts;
        sum.add(&more);
        let before = (held.document.body.get("update").cloned(), held.number("applied"));
        let meant_before = (!meant.is_empty()).then(|| held.document.body.get(MEDIA_FOR).cloned());
        files::note(held, &meant);
        held.set("update", sum.value());
        held.set("applied", place);
        if held.try_save(batch).await? {
            *counts = sum;
            for (line, message) in kept {
                work.report.add(line, Severity::Info, "edit_kept", message);
            }
            return Ok(());
        }
        held.set("update", before.0.unwrap_or(Value::Null));
        held.set("applied", before.1);
        if let Some(before) = meant_before {
            held.document.body.remove(MEDIA_FOR);
            held.document.body.extend(before.map(|before| (MEDIA_FOR.to_owned(), before)));
        }
        // With the tree goes all of this, by a job of its own.
        if held.ports.documents.get(&FAMILY_TREES, &work.tree_id).await?.is_none() {
            return Err(JobError::Overtaken);
        }
    }
}

/// Tells of persons whom the file no longer has.
async fn missing(held: &mut Held<'_>, ids: &[String]) -> Result<(), JobError> {
    let mut told = held.number("told");
    for some in ids.chunks(work::ASKED).take(changes::TOLD as usize / work::ASKED) {
        let found = fetch(held.ports, &PEOPLE, "id", some.to_vec()).await?;
        let subjects = some.iter().filter_map(|id| found.get(id)).map(|person| {
            let xref = dzinza_domain::gedcom::kept_xref(&person.body);
            Subject { tag: "INDI", id: &person.id, xref, body: &person.body, matched_by: None }.missing()
        });
        let mut batch = Batch::new();
        let (tree, id) = (held.text("familyTreeId").to_owned(), held.id().to_owned());
        told = tell(&mut batch, (&tree, &id), told, subjects.collect());
        held.save(batch).await?;
    }
    held.document.body.remove("told");
    Ok(())
}
