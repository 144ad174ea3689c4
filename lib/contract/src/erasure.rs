//! What [`Users`](dzinza_ports::Users) promises of accounts that go.

use dzinza_ports::{AuditEntry, Clock as _, ERASURE_BEGUN, Given, UserChange};
use jiff::SignedDuration;
use serde_json::json;

use crate::accounts::new_user;
use crate::{AccountPorts, Fresh, Outcome, Suite};

pub(crate) fn cases(suite: &mut Suite<AccountPorts>) {
    suite.case("of coming back and beginning the erasure one succeeds", one_of_two);
    suite.case("accounts whose time has come are listed, the longest overdue first", those_due);
    suite.case("an account is erased when its time has come, and its trail is nobody's", erased);
}

async fn one_of_two(fresh: Fresh<AccountPorts>) -> Outcome {
    let (users, now) = (&*fresh.port.users, fresh.clock.now());
    let id = users.insert(new_user(1, now)).await?.id;
    let at = now + SignedDuration::from_hours(1);
    let asked = UserChange { erase_after: Some(Some(at)), ..UserChange::default() };
    let read = users.update(&id, asked, now).await?.and_then(|user| user.erase_after);
    assert_eq!(read, Some(at));
    let given = |erase_after| Given { erase_after, ..Given::default() };
    let begin =
        UserChange { given: given(read), erase_after: Some(Some(ERASURE_BEGUN)), ..UserChange::default() };
    let come_back = UserChange { given: given(read), erase_after: Some(None), ..UserChange::default() };
    for (first, second, left) in
        [(begin.clone(), come_back.clone(), Some(ERASURE_BEGUN)), (come_back, begin, None)]
    {
        let reset = UserChange { erase_after: Some(Some(at)), ..UserChange::default() };
        users.update(&id, reset, now).await?;
        assert!(users.update(&id, first, now).await?.is_some());
        assert_eq!(users.update(&id, second, now).await?, None);
        assert_eq!(users.by_id(&id).await?.and_then(|user| user.erase_after), left);
    }
    Ok(())
}

async fn those_due(fresh: Fresh<AccountPorts>) -> Outcome {
    let (users, now) = (&*fresh.port.users, fresh.clock.now());
    let mut ids = Vec::new();
    for (number, hours) in [(1, Some(-1)), (2, Some(1)), (3, Some(-2)), (4, None), (5, Some(0))] {
        let id = users.insert(new_user(number, now)).await?.id;
        let erase_after = hours.map(|hours| now + SignedDuration::from_hours(hours));
        let change = UserChange { erase_after: Some(erase_after), ..UserChange::default() };
        users.update(&id, change, now).await?;
        ids.push(id);
    }
    let due: Vec<String> = users.to_erase(now, 10).await?.into_iter().map(|user| user.id).collect();
    assert_eq!(due, [&*ids[2], &*ids[0], &*ids[4]]);
    assert_eq!(users.to_erase(now, 1).await?.len(), 1);
    Ok(())
}

async fn erased(fresh: Fresh<AccountPorts>) -> Outcome {
    let AccountPorts { users, audit, .. } = &fresh.port;
    let now = fresh.clock.now();
    let id = users.insert(new_user(1, now)).await?.id;
    let other = users.insert(new_user(2, now)).await?.id;
    for (number, user_id) in [(1, &id), (2, &other)] {
        let entry = AuditEntry {
            id: format!("00000000-0000-7000-8000-{:012}", 100 + number),
            user_id: Some(user_id.clone()),
            action: "LOGIN_SUCCESS".to_owned(),
            ip_address: Some("192.0.2.7".to_owned()),
            user_agent: Some("agent".to_owned()),
            timestamp: now,
            details: json!({ "sessionId": "s" }),
        };
        audit.append(entry).await?;
    }
    assert!(!users.erase(&id, "former-1", now).await?, "nobody asked for it");
    let later = now + SignedDuration::from_hours(1);
    let asked = UserChange { erase_after: Some(Some(later)), ..UserChange::default() };
    users.update(&id, asked, now).await?;
    assert!(!users.erase(&id, "former-1", now).await?, "its time has not come");
    assert!(users.erase(&id, "former-1", later).await?);
    assert!(!users.erase(&id, "former-1", later).await?, "once");
    assert_eq!(users.by_id(&id).await?, None);
    assert_eq!(audit.of_user(&id, 10).await?, []);
    assert_eq!(audit.of_user(&other, 10).await?.len(), 1);
    // The address and the name are free again.
    users.insert(dzinza_ports::NewUser { id: new_user(3, now).id, ..new_user(1, now) }).await?;
    Ok(())
}
