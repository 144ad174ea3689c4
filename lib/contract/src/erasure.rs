//! What [`Users`](dzinza_ports::Users) promises of erasing an account.

use dzinza_ports::{
    AccessToken, AuditEntry, Clock as _, ERASURE_BEGUN, Given, Identity, Passkey, RefreshToken, User,
    UserChange,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::accounts::new_user;
use crate::support::{crowd, there};
use crate::{AccountPorts, Failed, Fresh, Outcome, Suite};

pub(crate) fn cases(suite: &mut Suite<AccountPorts>) {
    suite.case("of coming back and beginning the erasure one succeeds", one_of_two);
    suite.case("accounts to erase come longest overdue first, and none before its time", due);
    suite.case("an account that is erased takes everything with it, and nothing of others", erased);
    suite.case("audit entries of an erased account stay, without anything personal", stripped);
    suite.case("nothing is erased before its time, or once it was called off", not_erased);
    suite.case("of 10 parallel erasures of one account one does it", one_erasure);
}

/// An account that waits for its erasure from this moment on.
async fn waiting(fresh: &Fresh<AccountPorts>, number: usize, after: Timestamp) -> Result<User, Failed> {
    let now = fresh.clock.now();
    let user = fresh.port.users.insert(new_user(number, now)).await?;
    let change = UserChange { erase_after: Some(Some(after)), ..UserChange::default() };
    there(fresh.port.users.update(&user.id, change, now).await?)
}

/// One row of everything that can hang on an account.
async fn furnish(fresh: &Fresh<AccountPorts>, number: usize) -> Outcome {
    let now = fresh.clock.now();
    let user_id = new_user(number, now).id;
    let ports = &fresh.port;
    let token = RefreshToken {
        jti: format!("jti {number}"),
        user_id: user_id.clone(),
        session_id: format!("session {number}"),
        token: format!("refresh {number}"),
        created_at: now,
        session_started_at: now,
        expires_at: now + SignedDuration::from_hours(1),
        revoked_at: None,
        revoked_reason: None,
        replaced_by_jti: None,
        ip_address: None,
        user_agent: None,
    };
    ports.sessions.insert(token).await?;
    let entry = AuditEntry {
        id: format!("00000000-0000-7000-0004-{number:012}"),
        user_id: Some(user_id),
        action: "LOGIN_SUCCESS".to_owned(),
        ip_address: Some("192.0.2.1".to_owned()),
        user_agent: Some("agent".to_owned()),
        timestamp: now,
        details: json!({"sessionId": "s"}),
    };
    ports.audit.append(entry).await?;
    furnish_keys(fresh, number).await
}

async fn furnish_keys(fresh: &Fresh<AccountPorts>, number: usize) -> Outcome {
    let (now, ports) = (fresh.clock.now(), &fresh.port);
    let user_id = new_user(number, now).id;
    let id = |kind: usize| format!("00000000-0000-7000-{kind:04x}-{number:012}");
    let identity = Identity {
        id: id(1),
        user_id: user_id.clone(),
        provider: "google".to_owned(),
        provider_user_id: number.to_string(),
        email: None,
        created_at: now,
    };
    ports.identities.link(identity).await?;
    let passkey = Passkey {
        id: id(2),
        user_id: user_id.clone(),
        credential_id: format!("credential {number}"),
        name: "key".to_owned(),
        data: json!({}),
        created_at: now,
        last_used_at: None,
    };
    ports.passkeys.add(passkey).await?;
    let token = AccessToken {
        id: id(3),
        user_id,
        name: "script".to_owned(),
        token: format!("access {number}"),
        scopes: vec![],
        created_at: now,
        expires_at: now + SignedDuration::from_hours(1),
        last_used_at: None,
    };
    ports.access_tokens.add(token).await?;
    Ok(())
}

/// How many of its things are there.
async fn things(fresh: &Fresh<AccountPorts>, number: usize) -> Result<usize, Failed> {
    let ports = &fresh.port;
    let present = [
        ports.users.by_email(&new_user(number, fresh.clock.now()).email).await?.is_some(),
        ports.sessions.find(&format!("jti {number}")).await?.is_some(),
        ports.identities.find("google", &number.to_string()).await?.is_some(),
        ports.passkeys.find(&format!("credential {number}")).await?.is_some(),
        ports.access_tokens.find(&format!("access {number}")).await?.is_some(),
    ];
    Ok(present.into_iter().filter(|there| *there).count())
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

async fn due(fresh: Fresh<AccountPorts>) -> Outcome {
    let now = fresh.clock.now();
    let days = |days: i64| now + SignedDuration::from_hours(24 * days);
    for (number, day) in [(1, 3), (2, 1), (3, 2), (4, 9)] {
        waiting(&fresh, number, days(day)).await?;
    }
    fresh.port.users.insert(new_user(5, now)).await?;
    let ask = async |at, limit| {
        let found = fresh.port.users.to_erase(at, limit).await?;
        Ok::<_, Failed>(found.iter().filter_map(|user| user.id.chars().last()).collect::<String>())
    };
    assert_eq!(ask(now, 10).await?, "");
    assert_eq!(ask(days(2), 10).await?, "23");
    assert_eq!(ask(days(3), 10).await?, "231");
    assert_eq!(ask(days(3), 2).await?, "23");
    Ok(())
}

async fn erased(fresh: Fresh<AccountPorts>) -> Outcome {
    let now = fresh.clock.now();
    for number in [1, 2] {
        waiting(&fresh, number, now).await?;
        furnish(&fresh, number).await?;
    }
    assert!(fresh.port.users.erase(&new_user(1, now).id, "somebody", now).await?);
    assert_eq!((things(&fresh, 1).await?, things(&fresh, 2).await?), (0, 5));
    assert_eq!(fresh.port.users.count().await?, 1);
    assert!(!fresh.port.users.erase(&new_user(1, now).id, "somebody", now).await?);
    // Address, name and identity are free again.
    fresh.port.users.insert(new_user(1, now)).await?;
    furnish_identity_again(&fresh, now).await
}

async fn furnish_identity_again(fresh: &Fresh<AccountPorts>, now: Timestamp) -> Outcome {
    let identity = Identity {
        id: "00000000-0000-7000-0009-000000000001".to_owned(),
        user_id: new_user(1, now).id,
        provider: "google".to_owned(),
        provider_user_id: "1".to_owned(),
        email: None,
        created_at: now,
    };
    fresh.port.identities.link(identity).await?;
    Ok(())
}

async fn stripped(fresh: Fresh<AccountPorts>) -> Outcome {
    let now = fresh.clock.now();
    for number in [1, 2] {
        waiting(&fresh, number, now).await?;
        furnish(&fresh, number).await?;
    }
    let others = fresh.port.audit.of_user(&new_user(2, now).id, 10).await?;
    let entry = there(fresh.port.audit.of_user(&new_user(1, now).id, 10).await?.pop())?;
    assert!(fresh.port.users.erase(&new_user(1, now).id, "somebody", now).await?);
    assert_eq!(fresh.port.audit.of_user(&new_user(1, now).id, 10).await?, []);
    assert_eq!(fresh.port.audit.of_user(&new_user(2, now).id, 10).await?, others);
    // It is there still: its id is taken.
    let again = AuditEntry { user_id: None, ..entry };
    assert!(fresh.port.audit.append(again).await.is_err());
    Ok(())
}

async fn not_erased(fresh: Fresh<AccountPorts>) -> Outcome {
    let now = fresh.clock.now();
    let later = now + SignedDuration::from_secs(1);
    let user = waiting(&fresh, 1, later).await?;
    furnish(&fresh, 1).await?;
    assert!(!fresh.port.users.erase(&user.id, "somebody", now).await?);
    let back = UserChange { erase_after: Some(None), ..UserChange::default() };
    there(fresh.port.users.update(&user.id, back, now).await?)?;
    assert!(!fresh.port.users.erase(&user.id, "somebody", later).await?);
    assert!(!fresh.port.users.erase("nobody", "somebody", later).await?);
    assert_eq!(things(&fresh, 1).await?, 5);
    let entry = there(fresh.port.audit.of_user(&user.id, 10).await?.pop())?;
    assert_eq!((entry.ip_address.as_deref(), entry.details), (Some("192.0.2.1"), json!({"sessionId": "s"})));
    Ok(())
}

async fn one_erasure(fresh: Fresh<AccountPorts>) -> Outcome {
    let now = fresh.clock.now();
    let user = waiting(&fresh, 1, now).await?;
    furnish(&fresh, 1).await?;
    let results = crowd(10, |member| {
        let (users, id) = (fresh.port.users.clone(), user.id.clone());
        async move { users.erase(&id, &format!("somebody {member}"), now).await }
    });
    let mut erased = 0;
    for result in results.await? {
        erased += usize::from(result?);
    }
    assert_eq!((erased, things(&fresh, 1).await?), (1, 0));
    Ok(())
}
