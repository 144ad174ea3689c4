//! Keyset paging and streams: every document once, in order.

use std::collections::BTreeSet;

use dzinza_ports::{Batch, Direction, Document, Documents, Filter, Query, StoreErrorKind, cursor_of, stream};
use futures::TryStreamExt as _;
use serde_json::json;

use crate::filters::{random_documents, random_filter, random_sort};
use crate::model::{self, Dice};
use crate::support::{NOTES, PAPERS, body, fails, insert};
use crate::{DocumentPorts, Failed, Fresh, Outcome, Suite};

pub(crate) fn cases(suite: &mut Suite<DocumentPorts>) {
    suite.case("without an order documents come by id", by_id);
    suite.case("absent fields come first ascending and last descending, ties by id", absent_fields);
    suite.case(
        "keyset paging visits every document once in mixed orders with absent fields",
        every_document_once,
    );
    suite.case(
        "keyset paging with random filters, orders and page sizes follows the plain scan",
        random_pages,
    );
    suite.case("paging goes on behind a document that is gone", gone_cursor);
    suite.case("a document inserted behind the cursor is seen, one before it is not", inserted_meanwhile);
    suite.case("a projection is the fields of what a query finds, in its order", projections);
    suite.case("a stream yields every document of the query", streams);
    suite.case("documents have the fields that are asked for", chosen_fields);
}

async fn by_id(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    for id in ["b", "a", "B", "é", "aa"] {
        insert(&*documents, &NOTES, id, json!({})).await?;
    }
    let found = documents.find(&NOTES, Query::new(Filter::All)).await?;
    let ids: Vec<_> = found.iter().map(|document| document.id.as_str()).collect();
    assert_eq!(ids, ["B", "a", "aa", "b", "é"]);
    Ok(())
}

async fn absent_fields(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    for (id, value) in
        [("a", json!({"year": 2})), ("b", json!({})), ("c", json!({"year": 1})), ("d", json!({}))]
    {
        insert(&*documents, &PAPERS, id, value).await?;
    }
    for (direction, expected) in [(Direction::Ascending, "bdca"), (Direction::Descending, "acdb")] {
        let found = documents.find(&PAPERS, Query::new(Filter::All).sort("year", direction)).await?;
        assert_eq!(found.iter().map(|document| document.id.as_str()).collect::<String>(), expected);
    }
    Ok(())
}

/// All pages of a query, one after the other.
async fn pages(documents: &dyn Documents, mut query: Query) -> Result<Vec<Document>, Failed> {
    let mut all = Vec::new();
    loop {
        let page = documents.find(&PAPERS, query.clone()).await?;
        assert!(page.len() <= query.limit as usize, "a page of {}", page.len());
        let Some(last) = page.last() else { return Ok(all) };
        query.after = Some(cursor_of(last, &query.sort));
        all.extend(page);
        assert!(all.len() <= 1000, "the pages do not end");
    }
}

async fn every_document_once(fresh: Fresh<DocumentPorts>) -> Outcome {
    use Direction::{Ascending, Descending};
    let documents = &*fresh.port.documents;
    let stored = random_documents(documents, &mut Dice::new(2)).await?;
    let orders = [
        vec![],
        vec![("id", Descending)],
        vec![("year", Ascending)],
        vec![("year", Descending)],
        vec![("index.sortName", Ascending), ("year", Descending)],
        vec![("index.sortName", Descending), ("year", Ascending)],
        vec![("treeId", Descending), ("title", Descending), ("public", Ascending)],
    ];
    for sort in orders {
        for limit in [1, 7, 200] {
            let mut query = Query::new(Filter::All).limit(limit);
            query.sort.clone_from(&sort);
            let seen = pages(documents, query).await?;
            assert_eq!(seen, model::find(&PAPERS, &stored, &Filter::All, &sort), "{sort:?} by {limit}");
            let ids: BTreeSet<_> = seen.iter().map(|document| &document.id).collect();
            assert_eq!(ids.len(), stored.len());
        }
    }
    Ok(())
}

async fn random_pages(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = &*fresh.port.documents;
    let mut dice = Dice::new(3);
    let stored = random_documents(documents, &mut dice).await?;
    for _ in 0..60 {
        let (filter, sort) = (random_filter(&mut dice, 1), random_sort(&mut dice));
        let mut query = Query::new(filter.clone()).limit(1 + dice.below(30) as u32);
        query.sort.clone_from(&sort);
        let seen = pages(documents, query.clone()).await?;
        assert_eq!(seen, model::find(&PAPERS, &stored, &filter, &sort), "{query:?}");
    }
    Ok(())
}

async fn gone_cursor(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = &*fresh.port.documents;
    for id in ["a", "b", "c"] {
        insert(documents, &PAPERS, id, json!({"year": 1})).await?;
    }
    let query = Query::new(Filter::All).sort("year", Direction::Descending).limit(2);
    let page = documents.find(&PAPERS, query.clone()).await?;
    let cursor = cursor_of(&page[1], &query.sort);
    let mut batch = Batch::new();
    batch.delete(&PAPERS, &page[1]);
    documents.commit(batch).await?;
    let rest = documents.find(&PAPERS, query.after(cursor)).await?;
    assert_eq!(rest.iter().map(|document| document.id.as_str()).collect::<Vec<_>>(), ["a"]);
    Ok(())
}

async fn inserted_meanwhile(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = &*fresh.port.documents;
    for (id, year) in [("a", 10), ("b", 20), ("c", 30)] {
        insert(documents, &PAPERS, id, json!({"year": year})).await?;
    }
    let query = Query::new(Filter::All).sort("year", Direction::Ascending).limit(2);
    let page = documents.find(&PAPERS, query.clone()).await?;
    insert(documents, &PAPERS, "d", json!({"year": 15})).await?;
    insert(documents, &PAPERS, "e", json!({"year": 25})).await?;
    let cursor = cursor_of(&page[1], &query.sort);
    let rest = documents.find(&PAPERS, query.after(cursor)).await?;
    assert_eq!(rest.iter().map(|document| document.id.as_str()).collect::<Vec<_>>(), ["e", "c"]);
    Ok(())
}

async fn streams(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    let mut batch = Batch::new();
    for number in 0..250 {
        batch.insert(&PAPERS, format!("{number:03}"), body(json!({"treeId": "t", "year": number % 7})));
    }
    documents.commit(batch).await?;
    for limit in [1, 50, 100, 1000] {
        let query = Query::new(Filter::eq("treeId", "t")).sort("year", Direction::Descending).limit(limit);
        let all: Vec<Document> = stream(documents.clone(), &PAPERS, query).try_collect().await?;
        let ids: BTreeSet<_> = all.iter().map(|document| &document.id).collect();
        assert_eq!((all.len(), ids.len()), (250, 250), "by {limit}");
        assert!(all.is_sorted_by_key(|document| std::cmp::Reverse(document.body["year"].as_i64())));
    }
    Ok(())
}

async fn projections(fresh: Fresh<DocumentPorts>) -> Outcome {
    const FIELDS: &[&str] = &["year", "index.sortName", "id", "public"];
    let documents = fresh.port.documents;
    let mut dice = Dice::new(11);
    random_documents(&*documents, &mut dice).await?;
    for _ in 0..20 {
        let mut query = Query::new(random_filter(&mut dice, 2)).limit(50);
        query.sort = random_sort(&mut dice);
        let found = documents.find(&PAPERS, query.clone()).await?;
        let rows = documents.project(&PAPERS, query, FIELDS).await?;
        assert_eq!(rows.len(), found.len());
        for (row, document) in rows.iter().zip(&found) {
            assert_eq!(row.id, document.id);
            for (value, path) in row.values.iter().zip(FIELDS) {
                assert_eq!(*value, model::value(&PAPERS, document, path), "{path}");
            }
        }
    }
    let undeclared = documents.project(&PAPERS, Query::new(Filter::All), &["slug", "nobody"]).await;
    fails(undeclared, StoreErrorKind::Invalid)?;
    Ok(())
}

async fn chosen_fields(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = fresh.port.documents;
    let value = json!({"title": "A", "year": 3, "nested": {"list": [1, {"deep": "x"}]}});
    insert(&*documents, &PAPERS, "a", value.clone()).await?;
    let query = Query::new(Filter::eq("title", "A")).sort("year", Direction::Ascending);
    let found = documents.find(&PAPERS, query.only(&["nested", "year", "absent"])).await?;
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].id.as_str(), found[0].version), ("a", 1));
    for key in ["nested", "year", "absent"] {
        assert_eq!(found[0].body.get(key), value.get(key), "{key}");
    }
    Ok(())
}
