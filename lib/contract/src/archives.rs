//! What [`Archives`](dzinza_ports::Archives) promises.

use dzinza_ports::{AccountTable, Batch, Body, Document, Filter, NewUser, Query, Role, StoreErrorKind};
use serde_json::{Value, json};

use crate::support::{NOTES, PAPERS, body, fails, insert, there};
use crate::{ArchivePorts, Fresh, Outcome, Suite};

pub(crate) fn cases(suite: &mut Suite<ArchivePorts>) {
    suite.case("a snapshot shows one moment, whatever is committed since", one_moment);
    suite.case("a snapshot is read in pages, as the store is", pages);
    suite.case("documents come back at their versions and are found", at_their_versions);
    suite.case("documents that clash leave nothing of their batch", clashes);
    suite.case("accounts come back column by column", accounts_come_back);
    suite.case("accounts that could not be read again are Invalid", odd_accounts);
    suite.case("a store is empty until there is a document or an account", emptiness);
}

async fn one_moment(fresh: Fresh<ArchivePorts>) -> Outcome {
    let ArchivePorts { archives, documents, users } = &fresh.port;
    insert(&**documents, &PAPERS, "a", json!({ "title": "before" })).await?;
    users.insert(new_user("u1")).await?;
    let moment = archives.snapshot().await?;
    insert(&**documents, &PAPERS, "b", json!({})).await?;
    let mut batch = Batch::new();
    batch.adjust(&PAPERS, "a", Vec::new(), body(json!({ "title": "after" })));
    documents.commit(batch).await?;
    users.insert(new_user("u2")).await?;
    let found = moment.find(&PAPERS, Query::new(Filter::All)).await?;
    let expected = Document { id: "a".into(), version: 1, body: body(json!({ "title": "before" })) };
    assert_eq!(found, [expected]);
    assert_eq!(moment.accounts(AccountTable::Users, "", 10).await?.len(), 1);
    drop(moment);
    let later = archives.snapshot().await?;
    assert_eq!(later.find(&PAPERS, Query::new(Filter::All)).await?.len(), 2);
    Ok(())
}

async fn pages(fresh: Fresh<ArchivePorts>) -> Outcome {
    let ArchivePorts { archives, documents, users } = &fresh.port;
    for number in 0..7 {
        insert(&**documents, &NOTES, &format!("n{number}"), json!({})).await?;
        users.insert(new_user(&format!("u{number}"))).await?;
    }
    let moment = archives.snapshot().await?;
    let mut query = Query::new(Filter::All).limit(3);
    let mut ids = Vec::new();
    loop {
        let some = moment.find(&NOTES, query.clone()).await?;
        let Some(last) = some.last() else { break };
        query.after = Some(dzinza_ports::cursor_of(last, &[]));
        ids.extend(some.into_iter().map(|document| document.id));
    }
    assert_eq!(ids, ["n0", "n1", "n2", "n3", "n4", "n5", "n6"]);
    let rows = moment.accounts(AccountTable::Users, "u4", 10).await?;
    assert_eq!(rows.iter().map(|row| row["id"].clone()).collect::<Vec<_>>(), ["u5", "u6"]);
    assert_eq!(moment.accounts(AccountTable::AuditLogs, "", 10).await?, Vec::<Body>::new());
    Ok(())
}

async fn at_their_versions(fresh: Fresh<ArchivePorts>) -> Outcome {
    let ArchivePorts { archives, documents, .. } = &fresh.port;
    let paper = |id: &str, version| Document {
        id: id.into(),
        version,
        body: body(json!({ "treeId": "t", "tags": ["old"], "any": { "thing": [1, null, "x"] } })),
    };
    archives.put_documents(&PAPERS, vec![paper("a", 1), paper("b", 41)]).await?;
    archives.settle().await?;
    assert_eq!(documents.get(&PAPERS, "b").await?, Some(paper("b", 41)));
    for filter in [Filter::eq("treeId", "t"), Filter::Has("tags", "old".into())] {
        assert_eq!(documents.count(&PAPERS, filter).await?, 2);
    }
    let mut batch = Batch::new();
    batch.replace(&PAPERS, &paper("b", 41), Body::new());
    assert_eq!(documents.commit_noting(batch).await?, [42]);
    Ok(())
}

async fn clashes(fresh: Fresh<ArchivePorts>) -> Outcome {
    let ArchivePorts { archives, documents, .. } = &fresh.port;
    let paper =
        |id: &str, code: &str| Document { id: id.into(), version: 2, body: body(json!({ "code": code })) };
    for two in [vec![paper("a", "1"), paper("a", "2")], vec![paper("a", "1"), paper("b", "1")]] {
        fails(archives.put_documents(&PAPERS, two).await, StoreErrorKind::Conflict)?;
        assert_eq!(documents.count(&PAPERS, Filter::All).await?, 0);
    }
    Ok(())
}

async fn accounts_come_back(fresh: Fresh<ArchivePorts>) -> Outcome {
    let ArchivePorts { archives, users, .. } = &fresh.port;
    let user = users.insert(new_user("u1")).await?;
    let mut row = there(archives.snapshot().await?.accounts(AccountTable::Users, "", 10).await?.pop())?;
    assert_eq!(row["password_hash"], json!(user.password_hash));
    fails(archives.put_accounts(AccountTable::Users, vec![row.clone()]).await, StoreErrorKind::Conflict)?;
    row.insert("id".into(), json!("u2"));
    row.insert("email".into(), json!("Other@Example.org"));
    row.insert("username".into(), Value::Null);
    // What is derived is derived again.
    row.insert("email_lower".into(), json!("u1@example.org"));
    archives.put_accounts(AccountTable::Users, vec![row]).await?;
    let other = there(users.by_email("other@example.org").await?)?;
    assert_eq!((other.id.as_str(), other.created_at), ("u2", user.created_at));
    Ok(())
}

async fn odd_accounts(fresh: Fresh<ArchivePorts>) -> Outcome {
    let ArchivePorts { archives, users, .. } = &fresh.port;
    users.insert(new_user("u1")).await?;
    let mut row = there(archives.snapshot().await?.accounts(AccountTable::Users, "", 10).await?.pop())?;
    row.insert("id".into(), json!("u2"));
    row.insert("email".into(), json!("u2@example.org"));
    let odd = [
        ("email", None),
        ("created_at", Some(json!("yesterday"))),
        ("privacy_settings", Some(json!("not json"))),
        ("location", Some(json!({ "an": "object" }))),
        ("unknown", Some(json!(1))),
    ];
    for (column, value) in odd {
        let mut changed = row.clone();
        match value {
            Some(value) => drop(changed.insert(column.into(), value)),
            None => drop(changed.remove(column)),
        }
        let put = archives.put_accounts(AccountTable::Users, vec![changed]).await;
        fails(put, StoreErrorKind::Invalid)?;
    }
    assert_eq!(users.count().await?, 1);
    Ok(())
}

async fn emptiness(fresh: Fresh<ArchivePorts>) -> Outcome {
    let ArchivePorts { archives, documents, users } = &fresh.port;
    assert!(archives.is_empty().await?);
    insert(&**documents, &NOTES, "a", json!({})).await?;
    assert!(!archives.is_empty().await?);
    let mut batch = Batch::new();
    batch.delete_any(&NOTES, "a");
    documents.commit(batch).await?;
    assert!(archives.is_empty().await?);
    users.insert(new_user("u1")).await?;
    assert!(!archives.is_empty().await?);
    Ok(())
}

fn new_user(id: &str) -> NewUser {
    NewUser {
        id: id.to_owned(),
        email: format!("{id}@example.org"),
        username: None,
        password_hash: "!".to_owned(),
        first_name: Some("Rudo".to_owned()),
        last_name: None,
        preferred_language: "sn".to_owned(),
        timezone: "Africa/Harare".to_owned(),
        role: Role::User,
        created_at: jiff::Timestamp::UNIX_EPOCH,
        ..NewUser::default()
    }
}
