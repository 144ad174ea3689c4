//! Single documents: what goes in comes out.

use dzinza_ports::{Batch, Document, Filter, StoreErrorKind, Write};
use serde_json::{Value, json};

use crate::support::{NOTES, PAPERS, body, crowd, fails, insert, there};
use crate::{DocumentPorts, Fresh, Outcome, Suite};

pub(crate) fn cases(suite: &mut Suite<DocumentPorts>) {
    suite.case("an inserted document reads back equal, at version 1", reads_back_equal);
    suite.case("a document that is not there is None", absent_is_none);
    suite.case("unicode, control characters and odd numbers survive", oddities_survive);
    suite.case("a body of 1 MB survives", large_body_survives);
    suite.case("ids are opaque and compared exactly", ids_are_exact);
    suite.case("an id of more than 200 bytes is Invalid", long_ids_are_invalid);
    suite.case("inserting an id twice is Conflict and changes nothing", duplicate_id_conflicts);
    suite.case("a replacement raises the version and drops the old fields", replacement);
    suite.case("a replacement of another version is Stale and changes nothing", stale_replacement);
    suite.case("of 50 concurrent replacements of one version exactly one wins", one_replacement_wins);
    suite.case("a uniqueness rule names itself in the Conflict", uniqueness_is_named);
    suite.case("documents that lack a field of a uniqueness rule never clash", absent_never_clashes);
    suite.case("of 50 concurrent inserts of one unique value exactly one wins", one_insert_wins);
    suite.case("a deleted document is gone, and its unique values are free", deletion);
    suite.case("a deletion at another version is Stale, any version will do without one", stale_deletion);
    suite.case("reads see what was committed before, 200 times", reads_see_writes);
}

async fn reads_back_equal(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    let value = json!({"treeId": "t", "title": "A", "nested": {"list": [1, 2.5, null, {"deep": true}]}});
    insert(&*documents, &PAPERS, "a", value.clone()).await?;
    let read = there(documents.get(&PAPERS, "a").await?)?;
    assert_eq!(read, Document { id: "a".to_owned(), version: 1, body: body(value) });
    Ok(())
}

async fn absent_is_none(fresh: Fresh<DocumentPorts>) -> Outcome {
    assert_eq!(fresh.port.documents.get(&PAPERS, "nobody").await?, None);
    assert_eq!(fresh.port.documents.count(&PAPERS, Filter::All).await?, 0);
    Ok(())
}

async fn oddities_survive(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    let value = json!({
        "title": "Nyamãdzawo 家系図 \u{1F333} e\u{301} \"quoted\" \\ \u{0} \u{7} \u{2028} ' -- ; DROP",
        "largest": u64::MAX, "smallest": i64::MIN, "tiny": 1e-300, "empty": "", "object": {}, "array": [],
        "clé.with.dots": 1, "": "no name", "version": 99, "id": "not the id", "year": 1.5,
    });
    insert(&*documents, &PAPERS, "odd", value.clone()).await?;
    assert_eq!(there(documents.get(&PAPERS, "odd").await?)?.body, body(value.clone()));
    let title = value["title"].clone();
    for filter in [Filter::eq("title", title.clone()), Filter::In("title", vec![title, json!("other")])] {
        assert_eq!(documents.count(&PAPERS, filter.clone()).await?, 1, "{filter:?}");
    }
    assert_eq!(documents.count(&PAPERS, Filter::eq("version", 99)).await?, 1, "a field named version");
    assert_eq!(documents.count(&PAPERS, Filter::eq("year", Value::Null)).await?, 1, "1.5 is no whole number");
    Ok(())
}

async fn large_body_survives(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    let text = "dzinza ñ ".repeat(110_000);
    insert(&*documents, &NOTES, "large", json!({"text": text})).await?;
    let read = there(documents.get(&NOTES, "large").await?)?;
    assert!(read.body["text"] == text, "the text is another");
    Ok(())
}

async fn ids_are_exact(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    let longest = "x".repeat(200);
    let ids = [
        "a",
        "A",
        "a ",
        "á",
        "a\u{301}",
        "507f1f77bcf86cd799439011",
        "1",
        "01",
        "1.0",
        "%",
        longest.as_str(),
    ];
    for id in ids {
        insert(&*documents, &NOTES, id, json!({"is": id})).await?;
    }
    for id in ids {
        assert_eq!(there(documents.get(&NOTES, id).await?)?.body["is"], id);
        assert_eq!(documents.count(&NOTES, Filter::eq("id", id)).await?, 1);
    }
    Ok(())
}

async fn long_ids_are_invalid(fresh: Fresh<DocumentPorts>) -> Outcome {
    fails(
        insert(&*fresh.port.documents, &NOTES, &"x".repeat(201), json!({})).await,
        StoreErrorKind::Invalid,
    )?;
    Ok(())
}

async fn duplicate_id_conflicts(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    insert(&*documents, &PAPERS, "a", json!({"title": "first"})).await?;
    let second = insert(&*documents, &PAPERS, "a", json!({"title": "second"})).await;
    assert_eq!(fails(second, StoreErrorKind::Conflict)?.context(), "papers.id");
    let read = there(documents.get(&PAPERS, "a").await?)?;
    assert_eq!((read.version, &read.body["title"]), (1, &json!("first")));
    Ok(())
}

async fn replacement(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    insert(&*documents, &PAPERS, "a", json!({"title": "old", "year": 1890, "tags": ["x"]})).await?;
    let read = there(documents.get(&PAPERS, "a").await?)?;
    let mut batch = Batch::new();
    batch.replace(&PAPERS, &read, body(json!({"title": "new", "tags": ["y"]})));
    documents.commit(batch).await?;
    let read = there(documents.get(&PAPERS, "a").await?)?;
    assert_eq!((read.version, read.body), (2, body(json!({"title": "new", "tags": ["y"]}))));
    let counts = [
        (Filter::eq("title", "old"), 0),
        (Filter::eq("title", "new"), 1),
        (Filter::eq("year", 1890), 0),
        (Filter::eq("year", Value::Null), 1),
        (Filter::Has("tags", "x".to_owned()), 0),
        (Filter::Has("tags", "y".to_owned()), 1),
    ];
    for (filter, count) in counts {
        assert_eq!(documents.count(&PAPERS, filter.clone()).await?, count, "{filter:?}");
    }
    Ok(())
}

async fn stale_replacement(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    insert(&*documents, &NOTES, "a", json!({"n": 1})).await?;
    for (id, version) in [("a", 2), ("a", 0), ("nobody", 1)] {
        let document = Document { id: id.to_owned(), version, body: body(json!({})) };
        let mut batch = Batch::new();
        batch.replace(&NOTES, &document, body(json!({"n": 2})));
        fails(documents.commit(batch).await, StoreErrorKind::Stale)?;
    }
    assert_eq!(there(documents.get(&NOTES, "a").await?)?.body, body(json!({"n": 1})));
    assert_eq!(documents.count(&NOTES, Filter::All).await?, 1);
    Ok(())
}

async fn one_replacement_wins(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    insert(&*documents, &NOTES, "a", json!({})).await?;
    let read = there(documents.get(&NOTES, "a").await?)?;
    let results = crowd(50, |member| {
        let (documents, read) = (documents.clone(), read.clone());
        async move {
            let mut batch = Batch::new();
            batch.replace(&NOTES, &read, body(json!({"by": member})));
            documents.commit(batch).await.map(|()| member)
        }
    });
    let mut winners = Vec::new();
    for result in results.await? {
        match result {
            Ok(member) => winners.push(member),
            error => drop(fails(error, StoreErrorKind::Stale)?),
        }
    }
    let read = there(documents.get(&NOTES, "a").await?)?;
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!((read.version, &read.body["by"]), (2, &json!(winners[0])));
    Ok(())
}

async fn uniqueness_is_named(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    insert(&*documents, &PAPERS, "a", json!({"treeId": "t", "slug": "s", "code": "c"})).await?;
    let clash = insert(&*documents, &PAPERS, "b", json!({"treeId": "t", "slug": "s"})).await;
    assert_eq!(fails(clash, StoreErrorKind::Conflict)?.context(), "papers.treeId,slug");
    let clash = insert(&*documents, &PAPERS, "b", json!({"code": "c"})).await;
    assert_eq!(fails(clash, StoreErrorKind::Conflict)?.context(), "papers.code");
    insert(&*documents, &PAPERS, "b", json!({"treeId": "u", "slug": "s", "code": "C"})).await?;
    let read = there(documents.get(&PAPERS, "b").await?)?;
    let mut batch = Batch::new();
    batch.replace(&PAPERS, &read, body(json!({"code": "c"})));
    assert_eq!(fails(documents.commit(batch).await, StoreErrorKind::Conflict)?.context(), "papers.code");
    assert_eq!(there(documents.get(&PAPERS, "b").await?)?, read);
    Ok(())
}

async fn absent_never_clashes(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    insert(&*documents, &PAPERS, "a", json!({"treeId": "t"})).await?;
    insert(&*documents, &PAPERS, "b", json!({"treeId": "t"})).await?;
    insert(&*documents, &PAPERS, "c", json!({"treeId": "t", "slug": null, "code": null})).await?;
    insert(&*documents, &PAPERS, "d", json!({"slug": "s", "code": 7})).await?;
    insert(&*documents, &PAPERS, "e", json!({"slug": "s", "code": 7})).await?;
    assert_eq!(documents.count(&PAPERS, Filter::All).await?, 5);
    Ok(())
}

async fn one_insert_wins(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    let results = crowd(50, |member| {
        let documents = documents.clone();
        async move { insert(&*documents, &PAPERS, &format!("{member}"), json!({"code": "only"})).await }
    });
    let results = results.await?;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    for result in results.into_iter().filter(Result::is_err) {
        assert_eq!(fails(result, StoreErrorKind::Conflict)?.context(), "papers.code");
    }
    assert_eq!(documents.count(&PAPERS, Filter::All).await?, 1);
    Ok(())
}

async fn deletion(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    insert(&*documents, &PAPERS, "a", json!({"code": "c", "tags": ["x"]})).await?;
    let read = there(documents.get(&PAPERS, "a").await?)?;
    let mut batch = Batch::new();
    batch.delete(&PAPERS, &read);
    documents.commit(batch).await?;
    assert_eq!(documents.get(&PAPERS, "a").await?, None);
    assert_eq!(documents.count(&PAPERS, Filter::Has("tags", "x".to_owned())).await?, 0);
    insert(&*documents, &PAPERS, "a", json!({"code": "c"})).await?;
    assert_eq!(there(documents.get(&PAPERS, "a").await?)?.version, 1);
    assert_eq!(documents.count(&PAPERS, Filter::Has("tags", "x".to_owned())).await?, 0);
    Ok(())
}

async fn stale_deletion(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    insert(&*documents, &NOTES, "a", json!({})).await?;
    for id in ["a", "nobody"] {
        let mut batch = Batch::new();
        batch.writes.push(Write::Delete { collection: &NOTES, id: id.to_owned(), expected: Some(7) });
        fails(documents.commit(batch).await, StoreErrorKind::Stale)?;
    }
    assert_eq!(documents.count(&NOTES, Filter::All).await?, 1);
    let mut batch = Batch::new();
    batch.delete_any(&NOTES, "a");
    batch.delete_any(&NOTES, "nobody");
    documents.commit(batch).await?;
    assert_eq!(documents.count(&NOTES, Filter::All).await?, 0);
    Ok(())
}

async fn reads_see_writes(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    for turn in 0..200_u64 {
        let id = format!("{turn}");
        insert(&*documents, &NOTES, &id, json!({})).await?;
        there(documents.get(&NOTES, &id).await?)?;
        assert_eq!(documents.count(&NOTES, Filter::All).await?, turn + 1);
    }
    Ok(())
}
