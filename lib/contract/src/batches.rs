//! Batches: together or not at all, jobs included.

use std::time::Duration;

use dzinza_ports::{Batch, Document, Filter, NewMessage, StoreErrorKind};
use serde_json::{Value, json};

use crate::support::{NOTES, PAPERS, body, crowd, fails, insert, there};
use crate::{DocumentPorts, Fresh, Outcome, Suite};

const QUEUE: &str = "jobs";
const LEASE: Duration = Duration::from_mins(1);

pub(crate) fn cases(suite: &mut Suite<DocumentPorts>) {
    suite.case("a batch over two collections happens as one, its jobs arrive", whole_batch);
    suite.case("a batch that fails in its last write leaves nothing, jobs included", nothing_is_left);
    suite.case("the writes of a batch are applied in order", order_matters);
    suite.case("an empty batch is fine, one of jobs only sends them", empty_and_jobs_only);
    suite.case("a failing batch among 50 concurrent ones harms none of the others", failures_are_alone);
    suite.case("a commit answers the version that each write made", versions_are_noted);
    suite.case("a batch of 2000 inserts is stored whole", many_inserts);
    suite.case("writes to two collections in turn answer their versions in order", in_turn);
    suite.case("of 1200 deletes one that is Stale leaves all in place", many_deletes);
    suite.case("Adjust adds at dotted paths, makes objects on the way and sets fields", adjust);
    suite.case("Adjust under 50 concurrent callers loses no addition", adjust_commutes);
    suite.case("Adjust of what is not there is Stale, of what is no number Invalid", adjust_fails);
    suite.case("Adjust keeps what documents are found by up to date", adjust_refreshes);
}

fn job(number: u32) -> NewMessage {
    NewMessage { queue: QUEUE, body: json!({"job": number}), delay: Duration::ZERO }
}

async fn whole_batch(fresh: Fresh<DocumentPorts>) -> Outcome {
    let DocumentPorts { documents, queue } = fresh.port;
    let mut batch = Batch::new();
    batch.insert(&PAPERS, "a", body(json!({"title": "A"})));
    batch.insert(&NOTES, "a", body(json!({"of": "a"})));
    batch.job(job(1));
    batch.job(job(2));
    documents.commit(batch).await?;
    assert!(documents.get(&PAPERS, "a").await?.is_some() && documents.get(&NOTES, "a").await?.is_some());
    let mut received = queue.receive(QUEUE, 10, LEASE, 3).await?;
    received.sort_by_key(|message| message.body["job"].as_u64());
    let bodies: Vec<_> = received.into_iter().map(|message| message.body).collect();
    assert_eq!(bodies, [json!({"job": 1}), json!({"job": 2})]);
    Ok(())
}

async fn nothing_is_left(fresh: Fresh<DocumentPorts>) -> Outcome {
    let DocumentPorts { documents, queue } = fresh.port;
    insert(&*documents, &PAPERS, "old", json!({"title": "old", "tags": ["kept"], "code": "c"})).await?;
    insert(&*documents, &PAPERS, "gone", json!({"tags": ["kept"]})).await?;
    let old = there(documents.get(&PAPERS, "old").await?)?;
    let mut batch = Batch::new();
    batch.insert(&NOTES, "a", body(json!({})));
    batch.replace(&PAPERS, &old, body(json!({"title": "changed", "tags": ["other"]})));
    batch.adjust(&PAPERS, "old", vec![("year", 1)], body(json!({})));
    batch.delete_any(&PAPERS, "gone");
    batch.job(job(1));
    batch.insert(&NOTES, "a", body(json!({})));
    fails(documents.commit(batch).await, StoreErrorKind::Conflict)?;
    assert_eq!(documents.get(&NOTES, "a").await?, None);
    assert_eq!(there(documents.get(&PAPERS, "old").await?)?, old);
    assert_eq!(documents.count(&PAPERS, Filter::Has("tags", "kept".to_owned())).await?, 2);
    assert_eq!(documents.count(&PAPERS, Filter::Has("tags", "other".to_owned())).await?, 0);
    assert_eq!(queue.depth(QUEUE).await?.waiting, 0);
    Ok(())
}

async fn order_matters(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    insert(&*documents, &PAPERS, "a", json!({"code": "c"})).await?;
    let mut batch = Batch::new();
    batch.delete_any(&PAPERS, "a");
    batch.insert(&PAPERS, "b", body(json!({"code": "c"})));
    batch.adjust(&PAPERS, "b", vec![("n", 2)], body(json!({})));
    batch.insert(&PAPERS, "a", body(json!({"code": "d"})));
    documents.commit(batch).await?;
    let b = there(documents.get(&PAPERS, "b").await?)?;
    assert_eq!((b.version, b.body), (2, body(json!({"code": "c", "n": 2}))));
    assert_eq!(there(documents.get(&PAPERS, "a").await?)?.version, 1);
    Ok(())
}

async fn empty_and_jobs_only(fresh: Fresh<DocumentPorts>) -> Outcome {
    let DocumentPorts { documents, queue } = fresh.port;
    documents.commit(Batch::new()).await?;
    let mut batch = Batch::new();
    batch.job(job(1));
    documents.commit(batch).await?;
    assert_eq!(queue.depth(QUEUE).await?.waiting, 1);
    Ok(())
}

async fn failures_are_alone(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    insert(&*documents, &NOTES, "taken", json!({})).await?;
    let results = crowd(50, |member| {
        let documents = documents.clone();
        async move {
            let mut batch = Batch::new();
            batch.insert(&NOTES, format!("{member}"), body(json!({})));
            if member % 3 == 0 {
                batch.insert(&NOTES, "taken", body(json!({})));
            }
            documents.commit(batch).await
        }
    });
    for (member, result) in results.await?.into_iter().enumerate() {
        let stored = documents.get(&NOTES, &format!("{member}")).await?.is_some();
        if member % 3 == 0 {
            fails(result, StoreErrorKind::Conflict)?;
            assert!(!stored, "{member} failed and is stored");
        } else {
            result?;
            assert!(stored, "{member} succeeded and is not stored");
        }
    }
    Ok(())
}

async fn many_inserts(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    let mut batch = Batch::new();
    for number in 0..2000 {
        let value = json!({"treeId": "t", "year": number % 100, "index": {"sortName": format!("n{number}")}});
        batch.insert(&PAPERS, format!("p{number:05}"), body(value));
    }
    documents.commit(batch).await?;
    assert_eq!(documents.count(&PAPERS, Filter::All).await?, 2000);
    assert_eq!(documents.count(&PAPERS, Filter::eq("treeId", "t").and(Filter::eq("year", 7))).await?, 20);
    Ok(())
}

async fn adjust(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    insert(&*documents, &NOTES, "a", json!({"stats": {"views": 40}, "zero": null, "kept": [1]})).await?;
    let add = vec![("stats.views", 2), ("stats.deep.er", -3), ("zero", 5), ("fresh.new", 1)];
    let mut batch = Batch::new();
    batch.adjust(&NOTES, "a", add, body(json!({"at": "now", "list": [2]})));
    documents.commit(batch).await?;
    let read = there(documents.get(&NOTES, "a").await?)?;
    let expected = json!({
        "stats": {"views": 42, "deep": {"er": -3}}, "zero": 5, "kept": [1], "fresh": {"new": 1},
        "at": "now", "list": [2],
    });
    assert_eq!((read.version, Value::Object(read.body)), (2, expected));
    Ok(())
}

async fn adjust_commutes(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    insert(&*documents, &NOTES, "a", json!({})).await?;
    let results = crowd(50, |member| {
        let documents = documents.clone();
        async move {
            let mut batch = Batch::new();
            batch.adjust(&NOTES, "a", vec![("n", 1), ("sum", member as i64)], body(json!({})));
            documents.commit(batch).await
        }
    });
    for result in results.await? {
        result?;
    }
    let read = there(documents.get(&NOTES, "a").await?)?;
    assert_eq!((read.version, read.body), (51, body(json!({"n": 50, "sum": 49 * 50 / 2}))));
    Ok(())
}

async fn adjust_fails(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    insert(&*documents, &NOTES, "a", json!({"text": "t", "huge": i64::MAX})).await?;
    let before = there(documents.get(&NOTES, "a").await?)?;
    let attempts = [
        ("nobody", "n", StoreErrorKind::Stale),
        ("a", "text", StoreErrorKind::Invalid),
        ("a", "text.deep", StoreErrorKind::Invalid),
        ("a", "huge", StoreErrorKind::Invalid),
    ];
    for (id, path, kind) in attempts {
        let mut batch = Batch::new();
        batch.adjust(&NOTES, id, vec![(path, 1)], body(json!({"set": true})));
        fails(documents.commit(batch).await, kind)?;
    }
    assert_eq!(there(documents.get(&NOTES, "a").await?)?, before);
    Ok(())
}

async fn adjust_refreshes(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    insert(&*documents, &PAPERS, "a", json!({"year": 1, "title": "old", "tags": ["x"]})).await?;
    let mut batch = Batch::new();
    batch.adjust(&PAPERS, "a", vec![("year", 1)], body(json!({"title": "new", "tags": ["y", "y"]})));
    documents.commit(batch).await?;
    let found =
        Filter::eq("year", 2).and(Filter::eq("title", "new")).and(Filter::Has("tags", "y".to_owned()));
    assert_eq!(documents.count(&PAPERS, found).await?, 1);
    assert_eq!(documents.count(&PAPERS, Filter::Has("tags", "x".to_owned())).await?, 0);
    Ok(())
}

async fn versions_are_noted(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    insert(&*documents, &PAPERS, "a", json!({})).await?;
    insert(&*documents, &PAPERS, "b", json!({})).await?;
    let a = there(documents.get(&PAPERS, "a").await?)?;
    let mut batch = Batch::new();
    batch.adjust(&PAPERS, "b", vec![("n", 1)], body(json!({})));
    batch.replace(&PAPERS, &a, body(json!({"n": 2})));
    batch.insert(&PAPERS, "c", body(json!({})));
    batch.adjust(&PAPERS, "b", vec![("n", 1)], body(json!({})));
    batch.delete_any(&PAPERS, "a");
    assert_eq!(documents.commit_noting(batch).await?, [2, 2, 1, 3, 0]);
    assert_eq!(there(documents.get(&PAPERS, "b").await?)?.version, 3);
    Ok(())
}

async fn in_turn(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    insert(&*documents, &PAPERS, "old", json!({"year": 1})).await?;
    let old = there(documents.get(&PAPERS, "old").await?)?;
    let mut batch = Batch::new();
    for number in 0..3 {
        batch.insert(&PAPERS, format!("p{number}"), body(json!({"year": number})));
        batch.insert(&NOTES, format!("n{number}"), body(json!({"of": number})));
    }
    batch.replace(&PAPERS, &old, body(json!({"year": 2})));
    batch.insert(&PAPERS, "last", body(json!({"year": 9})));
    batch.delete_any(&NOTES, "n1");
    batch.delete_any(&PAPERS, "p1");
    batch.insert(&NOTES, "n1", body(json!({"of": "again"})));
    assert_eq!(documents.commit_noting(batch).await?, [1, 1, 1, 1, 1, 1, 2, 1, 0, 0, 1]);
    assert_eq!(there(documents.get(&NOTES, "n1").await?)?.body, body(json!({"of": "again"})));
    assert_eq!(documents.get(&PAPERS, "p1").await?, None);
    assert_eq!(
        (documents.count(&PAPERS, Filter::All).await?, documents.count(&NOTES, Filter::All).await?),
        (4, 3)
    );
    Ok(())
}

async fn many_deletes(fresh: Fresh<DocumentPorts>) -> Outcome {
    const MANY: usize = 1200;
    let documents = fresh.port.documents;
    let mut batch = Batch::new();
    for number in 0..MANY {
        batch.insert(&NOTES, format!("{number}"), body(json!({})));
    }
    documents.commit(batch).await?;
    let deletes = |last: u64| {
        let mut batch = Batch::new();
        for number in 0..MANY {
            let version = if number + 1 == MANY { last } else { 1 };
            batch.delete(&NOTES, &Document { id: format!("{number}"), version, body: body(json!({})) });
        }
        batch
    };
    fails(documents.commit(deletes(2)).await, StoreErrorKind::Stale)?;
    assert_eq!(documents.count(&NOTES, Filter::All).await?, MANY as u64);
    documents.commit(deletes(1)).await?;
    assert_eq!(documents.count(&NOTES, Filter::All).await?, 0);
    Ok(())
}
