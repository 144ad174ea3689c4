//! Queries that pages are made of must be served by an index, in its order.

use dzinza_ports::{Collection, Cursor, Direction, Field, Filter, Index, Query};
use rusqlite::{Connection, params_from_iter};
use serde_json::{Value, json};

use crate::query::{Sql, counting, statements};
use crate::schema;
use crate::statistics;
use crate::table::{Catalog, Table};

static PERSONS: Collection = Collection {
    name: "persons",
    fields: &[
        Field::text("familyTreeId"),
        Field::text("index.sortName"),
        Field::text("status"),
        Field::integer("createdAt"),
        Field::array("aliases"),
    ],
    indexes: &[
        Index::on(&["familyTreeId", "index.sortName"]),
        Index::on(&["familyTreeId", "createdAt"]),
        Index::on(&["status"]),
    ],
};

fn plan(sql: &Sql, holes: usize) -> String {
    let catalog = Catalog::new(&[&PERSONS], Table::new).unwrap();
    let mut conn = Connection::open_in_memory().unwrap();
    schema::prepare(&mut conn, &catalog).unwrap();
    let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {}", sql.text)).unwrap();
    let values = sql.values.iter().cloned().chain((0..holes).map(|_| 10.into()));
    let lines = statement.query_map(params_from_iter(values), |row| row.get::<_, String>(3)).unwrap();
    lines.map(Result::unwrap).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn assert_indexed(query: &Query, index: &str) {
    for sql in statements(&Table::new(&PERSONS).unwrap(), query).unwrap() {
        let plan = plan(&sql, 1);
        assert!(!plan.contains("TEMP B-TREE"), "sorted:\n{plan}\n{}", sql.text);
        assert!(plan.contains(index), "not by {index}:\n{plan}\n{}", sql.text);
        assert!(!plan.contains("SCAN"), "scanned:\n{plan}\n{}", sql.text);
    }
}

fn in_tree() -> Filter {
    Filter::eq("familyTreeId", "t")
}

fn cursor(value: Value) -> Cursor {
    Cursor { values: vec![value], id: "i".to_owned() }
}

const BY_NAME: &str = "persons__by__familyTreeId__index__sortName";
const BY_TIME: &str = "persons__by__familyTreeId__createdAt";

#[test]
fn a_first_page_comes_from_the_index_in_its_order() {
    for direction in [Direction::Ascending, Direction::Descending] {
        assert_indexed(&Query::new(in_tree()).sort("index.sortName", direction), BY_NAME);
        assert_indexed(&Query::new(in_tree()).sort("createdAt", direction).skip(30), BY_TIME);
    }
}

#[test]
fn a_later_page_seeks_to_its_cursor_in_both_directions_with_and_without_a_value() {
    for direction in [Direction::Ascending, Direction::Descending] {
        for value in [json!("Moyo"), Value::Null] {
            let query = Query::new(in_tree()).sort("index.sortName", direction).after(cursor(value));
            assert_indexed(&query, BY_NAME);
        }
        let query = Query::new(in_tree()).sort("createdAt", direction).after(cursor(json!(5)));
        for sql in statements(&Table::new(&PERSONS).unwrap(), &query).unwrap() {
            let plan = plan(&sql, 1);
            assert!(
                plan.contains("createdAt>?") || plan.contains("createdAt<?") || plan.contains("createdAt=?"),
                "{plan}"
            );
        }
    }
}

#[test]
fn a_prefix_and_a_range_seek_in_the_index() {
    let prefix = Filter::Prefix("index.sortName", "moy".to_owned());
    let query = Query::new(in_tree().and(prefix)).sort("index.sortName", Direction::Ascending);
    assert_indexed(&query, BY_NAME);
    let plan = plan(&statements(&Table::new(&PERSONS).unwrap(), &query).unwrap()[0], 1);
    assert!(plan.contains("index__sortName>? AND index__sortName<?"), "{plan}");
    let range = Filter::Range("createdAt", Some(json!(1)), Some(json!(9)));
    assert_indexed(&Query::new(in_tree().and(range)).sort("createdAt", Direction::Descending), BY_TIME);
}

#[test]
fn a_stream_by_id_walks_the_primary_key_and_a_list_of_ids_seeks() {
    let query = Query::new(Filter::All).after(Cursor { values: vec![], id: "i".to_owned() });
    assert_indexed(&query, "sqlite_autoindex_persons_1 (id>?)");
    let sql = counting(&Table::new(&PERSONS).unwrap(), &Filter::any_of("id", ["a", "b"])).unwrap();
    let plan = plan(&sql, 0);
    assert!(plan.contains("(id=?)"), "{plan}");
}

#[test]
fn a_text_in_an_array_is_found_by_the_side_table() {
    let filter = Filter::Has("aliases", "Tendai".to_owned());
    let sql = counting(&Table::new(&PERSONS).unwrap(), &filter).unwrap();
    let plan = plan(&sql, 0);
    assert!(plan.contains("persons__aliases USING PRIMARY KEY (value=?)"), "{plan}");
    assert!(!plan.contains("SCAN persons"), "{plan}");
}

static LINKS: Collection = Collection {
    name: "links",
    fields: &[Field::text("familyTreeId"), Field::text("personA"), Field::text("personB")],
    indexes: &[Index::on(&["familyTreeId"]), Index::on(&["personA"]), Index::on(&["personB"])],
};

#[test]
fn in_a_large_tree_beside_many_small_ones_the_selective_index_is_taken() {
    let catalog = Catalog::new(&[&LINKS], Table::new).unwrap();
    let mut conn = Connection::open_in_memory().unwrap();
    schema::prepare(&mut conn, &catalog).unwrap();
    let table = Table::new(&LINKS).unwrap();
    for number in 0..4000 {
        let tree = if number < 2000 { format!("small{number}") } else { "large".to_owned() };
        let body = json!({"familyTreeId": tree, "personA": format!("p{number}"), "personB": format!("p{}", number + 1)});
        let json = body.to_string();
        crate::row::insert(&conn, &table, &format!("l{number}"), body.as_object().unwrap(), &json).unwrap();
    }
    statistics::store(&conn, &statistics::gather(&conn, &catalog).unwrap()).unwrap();
    let plan = |filter: &Filter| {
        let sql = counting(&table, filter).unwrap();
        let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {}", sql.text)).unwrap();
        let lines =
            statement.query_map(params_from_iter(&sql.values), |row| row.get::<_, String>(3)).unwrap();
        lines.map(Result::unwrap).collect::<Vec<_>>().join("\n")
    };
    let tree = || Filter::eq("familyTreeId", "large");
    let by_id = plan(&tree().and(Filter::any_of("id", ["l1", "l2"])));
    assert!(by_id.contains("id=?"), "{by_id}");
    let by_person = plan(&tree().and(Filter::eq("personA", "p3000")));
    assert!(by_person.contains("links__by__personA"), "{by_person}");
    let persons = ["p1", "p2", "p3"];
    let either = Filter::Or(vec![Filter::any_of("personA", persons), Filter::any_of("personB", persons)]);
    let by_persons = plan(&tree().and(either));
    assert!(
        by_persons.contains("links__by__personA") && by_persons.contains("links__by__personB"),
        "{by_persons}"
    );
    assert!(plan(&tree()).contains("links__by__familyTreeId"), "{}", plan(&tree()));
}
