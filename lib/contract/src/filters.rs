//! Filters: each finds exactly what it says.

use std::collections::BTreeSet;

use dzinza_ports::{Batch, Collection, Direction, Document, Documents, Filter, Query, StoreErrorKind};
use serde_json::{Value, json};

use crate::model::{self, Dice};
use crate::support::{NOTES, PAPERS, body, fails, insert};
use crate::{DocumentPorts, Failed, Fresh, Outcome, Suite};

pub(crate) fn cases(suite: &mut Suite<DocumentPorts>) {
    suite.case("each kind of filter finds what it says", each_filter);
    suite.case("a value of another kind than the field's counts as absent", other_kinds_are_absent);
    suite.case("Prefix is exact at the edges of Unicode, case and wildcards", prefixes);
    suite.case("Has reaches texts in arrays and in arrays of objects", arrays);
    suite.case("In takes a thousand values", long_lists);
    suite.case("a field that is not declared is Invalid in filter and sort", undeclared_fields);
    suite.case("a limit of 0 or 10001, and a cursor with an offset, are Invalid", bad_queries);
    suite.case("300 random filters and orders find what a plain scan finds", random_queries);
}

/// A few documents that differ in everything.
async fn sample(documents: &dyn Documents) -> Result<(), Failed> {
    let values = [
        ("a", json!({"treeId": "t", "title": "Moyo", "year": 1890, "public": true, "tags": ["x", "y"]})),
        ("b", json!({"treeId": "t", "title": "moyo", "year": 1900, "public": false, "tags": []})),
        ("c", json!({"treeId": "u", "title": "Moyondizvo", "year": -5})),
        ("d", json!({"title": "", "index": {"sortName": "s"}, "public": null})),
    ];
    for (id, value) in values {
        insert(documents, &PAPERS, id, value).await?;
    }
    Ok(())
}

async fn found(documents: &dyn Documents, filter: Filter) -> Result<String, Failed> {
    let count = documents.count(&PAPERS, filter.clone()).await?;
    let found = documents.find(&PAPERS, Query::new(filter)).await?;
    assert_eq!(found.len() as u64, count, "find and count differ");
    Ok(found.into_iter().map(|document| document.id).collect())
}

async fn each_filter(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = &*fresh.port.documents;
    sample(documents).await?;
    let range = |from: Option<i64>, to: Option<i64>| {
        Filter::Range("year", from.map(Value::from), to.map(Value::from))
    };
    let cases = [
        (Filter::All, "abcd"),
        (Filter::eq("treeId", "t"), "ab"),
        (Filter::eq("treeId", Value::Null), "d"),
        (Filter::eq("year", -5), "c"),
        (Filter::eq("public", true), "a"),
        (Filter::eq("public", 0), "b"),
        (Filter::eq("public", Value::Null), "cd"),
        (Filter::eq("index.sortName", "s"), "d"),
        (Filter::eq("id", "b"), "b"),
        (Filter::any_of("id", ["a", "d", "z"]), "ad"),
        (Filter::In("treeId", vec![]), ""),
        (Filter::In("treeId", vec![json!("u"), Value::Null]), "cd"),
        (Filter::In("public", vec![json!(true), json!(false)]), "ab"),
        (Filter::NotIn("treeId", vec![json!("t")]), "cd"),
        (Filter::NotIn("treeId", vec![]), "abcd"),
        (Filter::NotIn("year", vec![json!(1890), json!(-5)]), "bd"),
        (range(Some(1890), Some(1900)), "a"),
        (range(Some(1890), None), "ab"),
        (range(None, Some(1890)), "c"),
        (range(None, None), "abc"),
        (Filter::Range("title", Some(json!("N")), None), "b"),
        (Filter::Prefix("title", "Moyo".to_owned()), "ac"),
        (Filter::Prefix("title", String::new()), "abcd"),
        (Filter::Contains("title", "oyo".to_owned()), "abc"),
        (Filter::Contains("treeId", String::new()), "abc"),
        (Filter::Has("tags", "y".to_owned()), "a"),
        (Filter::And(vec![]), "abcd"),
        (Filter::Or(vec![]), ""),
        (Filter::Or(vec![Filter::eq("id", "a"), Filter::eq("year", -5)]), "ac"),
        (
            Filter::eq("treeId", "t").and(Filter::Or(vec![Filter::eq("year", 1900), Filter::eq("id", "d")])),
            "b",
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(found(documents, filter.clone()).await?, expected, "{filter:?}");
    }
    Ok(())
}

async fn other_kinds_are_absent(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = &*fresh.port.documents;
    let odd = [json!(["t"]), json!({"t": 1}), json!(7), json!(true), Value::Null];
    for (number, value) in odd.into_iter().enumerate() {
        insert(documents, &PAPERS, &format!("{number}"), json!({"title": value})).await?;
    }
    let odd = [json!("1890"), json!(1890.5), json!(u64::MAX), json!([1]), json!({})];
    for (number, value) in odd.into_iter().enumerate() {
        insert(documents, &PAPERS, &format!("{}", number + 5), json!({"year": value, "tags": value})).await?;
    }
    assert_eq!(found(documents, Filter::eq("title", Value::Null)).await?, "0123456789");
    assert_eq!(found(documents, Filter::eq("year", Value::Null)).await?, "0123456789");
    assert_eq!(found(documents, Filter::Has("tags", "1890".to_owned())).await?, "");
    Ok(())
}

async fn prefixes(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = &*fresh.port.documents;
    let titles = [
        "a",
        "a%",
        "a_b",
        "aB",
        "a\u{7f}",
        "a\u{d7ff}",
        "a\u{e000}",
        "a\u{10ffff}",
        "a\u{10ffff}z",
        "b",
        "é",
    ];
    let mut stored = Vec::new();
    for title in titles {
        insert(documents, &PAPERS, title, json!({"title": title})).await?;
        stored.push(Document { id: title.to_owned(), version: 1, body: body(json!({"title": title})) });
    }
    let last = ["\u{10ffff}", "A", "e", "a\u{10fffe}"];
    for prefix in titles.into_iter().chain(last) {
        let filter = Filter::Prefix("title", prefix.to_owned());
        let expected = model::find(&PAPERS, &stored, &filter, &[]);
        let found = documents.find(&PAPERS, Query::new(filter)).await?;
        assert_eq!(found, expected, "{prefix:?}");
    }
    Ok(())
}

async fn arrays(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = &*fresh.port.documents;
    let values = [
        ("a", json!({"tags": ["x", "x", "y", 1, null], "authors": [{"userId": "u1"}, {"userId": "u2"}]})),
        ("b", json!({"tags": "x", "authors": {"userId": "u1"}})),
        ("c", json!({"tags": [["z"]], "authors": [{"name": "u1"}, "u1", {"userId": 5}]})),
        ("d", json!({"authors": [{"userId": "u2", "tags": ["x"]}]})),
    ];
    for (id, value) in values {
        insert(documents, &PAPERS, id, value).await?;
    }
    let has = |path, text: &str| Filter::Has(path, text.to_owned());
    assert_eq!(found(documents, has("tags", "x")).await?, "a");
    assert_eq!(found(documents, has("tags", "y").and(has("authors.userId", "u2"))).await?, "a");
    assert_eq!(found(documents, has("authors.userId", "u1")).await?, "a");
    assert_eq!(found(documents, has("authors.userId", "u2")).await?, "ad");
    assert_eq!(found(documents, has("authors.userId", "5")).await?, "");
    let either = Filter::Or(vec![has("tags", "x"), has("authors.userId", "u2")]);
    assert_eq!(found(documents, either).await?, "ad");
    Ok(())
}

async fn long_lists(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = &*fresh.port.documents;
    sample(documents).await?;
    let numbers = (0..1000).map(|number| format!("n{number}"));
    let ids = numbers.chain(["b".to_owned(), "d".to_owned()]);
    assert_eq!(found(documents, Filter::any_of("id", ids.clone())).await?, "bd");
    let values = ids.map(Value::String).collect();
    assert_eq!(found(documents, Filter::NotIn("id", values)).await?, "ac");
    Ok(())
}

async fn undeclared_fields(fresh: Fresh<DocumentPorts>) -> Outcome {
    static UNKNOWN: Collection = Collection { name: "unknown", fields: &[], indexes: &[] };
    let documents = &*fresh.port.documents;
    let filters = [
        Filter::eq("secret", 1),
        Filter::eq("body", "x"),
        Filter::eq("index", "x"),
        Filter::In("secret", vec![]),
        Filter::Has("title", "x".to_owned()),
        Filter::eq("tags", "x"),
        Filter::And(vec![Filter::Or(vec![Filter::Prefix("secret", String::new())])]),
        Filter::eq("title\" = '' OR \"title", "x"),
    ];
    for filter in filters {
        fails(documents.count(&PAPERS, filter.clone()).await, StoreErrorKind::Invalid)?;
        fails(documents.find(&PAPERS, Query::new(filter)).await, StoreErrorKind::Invalid)?;
    }
    for field in ["secret", "tags", "title DESC"] {
        let query = Query::new(Filter::All).sort(field, Direction::Ascending);
        fails(documents.find(&PAPERS, query).await, StoreErrorKind::Invalid)?;
    }
    fails(documents.count(&NOTES, Filter::eq("title", "x")).await, StoreErrorKind::Invalid)?;
    fails(documents.get(&UNKNOWN, "a").await, StoreErrorKind::Invalid)?;
    fails(insert(documents, &UNKNOWN, "a", json!({})).await, StoreErrorKind::Invalid)?;
    Ok(())
}

async fn bad_queries(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = &*fresh.port.documents;
    for limit in [0, 10_001] {
        fails(documents.find(&NOTES, Query::new(Filter::All).limit(limit)).await, StoreErrorKind::Invalid)?;
    }
    assert!(documents.find(&NOTES, Query::new(Filter::All).limit(10_000)).await?.is_empty());
    let cursor = dzinza_ports::Cursor { values: vec![], id: "a".to_owned() };
    let query = Query::new(Filter::All).after(cursor.clone()).skip(1);
    fails(documents.find(&NOTES, query).await, StoreErrorKind::Invalid)?;
    let query = Query::new(Filter::All).sort("title", Direction::Ascending).after(cursor);
    fails(documents.find(&PAPERS, query).await, StoreErrorKind::Invalid)?;
    Ok(())
}

/// Documents of few values, many of them absent or of another kind, so that ties and gaps abound.
pub(crate) async fn random_documents(
    documents: &dyn Documents,
    dice: &mut Dice,
) -> Result<Vec<Document>, Failed> {
    let texts = [json!("a"), json!("ab"), json!("B"), json!("é"), json!(""), Value::Null, json!(3)];
    let numbers =
        [json!(-1), json!(0), json!(true), json!(7), json!(1890), Value::Null, json!("7"), json!(1.5)];
    let mut stored = Vec::new();
    let mut batch = Batch::new();
    let ids: BTreeSet<_> = (0..200).map(|_| format!("{:04}", dice.below(10_000))).collect();
    for id in ids {
        let tags: Vec<_> = (0..dice.below(3)).map(|_| dice.pick(&texts).clone()).collect();
        let mut value = json!({
            "treeId": dice.pick(&texts), "title": dice.pick(&texts), "year": dice.pick(&numbers),
            "public": dice.pick(&numbers), "index": {"sortName": dice.pick(&texts)}, "tags": tags,
        });
        if let Some(fields) = value.as_object_mut()
            && dice.below(4) == 0
        {
            fields.remove("year");
        }
        batch.insert(&PAPERS, id.clone(), body(value.clone()));
        stored.push(Document { id, version: 1, body: body(value) });
    }
    documents.commit(batch).await?;
    Ok(stored)
}

pub(crate) fn random_filter(dice: &mut Dice, depth: usize) -> Filter {
    let text = |dice: &mut Dice| (*dice.pick(&["a", "ab", "b", "B", "é", ""])).to_owned();
    let number = |dice: &mut Dice| Value::from(*dice.pick(&[-1_i64, 0, 1, 7, 1890]));
    let field = *dice.pick(&["treeId", "title", "index.sortName"]);
    let numeric = *dice.pick(&["year", "public"]);
    match dice.below(if depth == 0 { 9 } else { 11 }) {
        0 => Filter::eq(field, text(dice)),
        1 => Filter::eq([field, numeric][dice.below(2)], Value::Null),
        2 => Filter::eq(numeric, number(dice)),
        3 => Filter::In(field, vec![Value::from(text(dice)), Value::from(text(dice))]),
        4 => Filter::NotIn(numeric, vec![number(dice), number(dice)]),
        5 => Filter::Range(numeric, Some(number(dice)), (dice.below(2) == 0).then(|| number(dice))),
        6 => Filter::Prefix(field, text(dice)),
        7 => Filter::Contains(field, text(dice)),
        8 => Filter::Has("tags", text(dice)),
        9 => Filter::And(vec![random_filter(dice, depth - 1), random_filter(dice, depth - 1)]),
        _ => Filter::Or(vec![random_filter(dice, depth - 1), random_filter(dice, depth - 1)]),
    }
}

pub(crate) fn random_sort(dice: &mut Dice) -> Vec<(&'static str, Direction)> {
    let fields = ["treeId", "title", "index.sortName", "year", "public", "id"];
    let directions = [Direction::Ascending, Direction::Descending];
    (0..dice.below(4)).map(|_| (*dice.pick(&fields), *dice.pick(&directions))).collect()
}

async fn random_queries(fresh: Fresh<DocumentPorts>) -> Outcome {
    let documents = &*fresh.port.documents;
    let mut dice = Dice::new(1);
    let stored = random_documents(documents, &mut dice).await?;
    for _ in 0..300 {
        let (filter, sort) = (random_filter(&mut dice, 2), random_sort(&mut dice));
        let skip = dice.below(3) * dice.below(20);
        let expected = model::find(&PAPERS, &stored, &filter, &sort);
        let mut query = Query::new(filter.clone()).skip(skip as u64).limit(40);
        query.sort.clone_from(&sort);
        let found = documents.find(&PAPERS, query.clone()).await?;
        let expected_page: Vec<_> = expected.iter().skip(skip).take(40).cloned().collect();
        assert_eq!(found, expected_page, "{query:?}");
        assert_eq!(documents.count(&PAPERS, filter).await?, expected.len() as u64, "{query:?}");
    }
    Ok(())
}
