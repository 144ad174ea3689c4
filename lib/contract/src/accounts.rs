//! What [`Users`](dzinza_ports::Users) and [`Audit`](dzinza_ports::Audit) promise.

use dzinza_ports::{
    AuditEntry, Clock as _, Given, NewUser, Role, StoreErrorKind, User, UserChange, UserFilter, UserPage,
    Users,
};
use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::civil::date;
use serde_json::json;

use crate::support::{crowd, fails, there};
use crate::{AccountPorts, Fresh, Outcome, Suite};

pub(crate) fn cases(suite: &mut Suite<AccountPorts>) {
    suite.case("an inserted user reads back equal, with the defaults", user_reads_back);
    suite.case("addresses are found and unique without regard to case", addresses_without_case);
    suite.case("user names are unique without regard to case, many may have none", names_without_case);
    suite.case("of 50 parallel inserts of one address in different case one wins", one_address_wins);
    suite.case("an id can be taken once", user_id_once);
    suite.case("the oldest accounts come in the order they were made, up to the limit", oldest_accounts);
    suite.case("an update changes what it names and nothing else", update_changes);
    suite.case("an update clears what it is told to clear", update_clears);
    suite.case("an update to a taken address or name is Conflict and changes nothing", update_conflicts);
    suite.case("an update of nobody is None", update_nobody);
    suite.case("an address proved keeps the moment it was first proved", proved_address);
    suite.case("of administrators who are demoted at the same moment one remains", one_admin_remains);
    suite.case("the audit trail of a user comes newest first, up to the limit", audit_trail);
    suite.case("an audit entry may concern nobody", audit_nobody);
}

pub(crate) fn new_user(number: usize, at: Timestamp) -> NewUser {
    NewUser {
        id: format!("00000000-0000-7000-8000-{number:012}"),
        email: format!("user{number}@example.org"),
        username: Some(format!("user{number}")),
        password_hash: "!".to_owned(),
        first_name: Some("Tendai".to_owned()),
        last_name: None,
        preferred_language: "sn".to_owned(),
        timezone: "Africa/Harare".to_owned(),
        role: Role::User,
        created_at: at,
        ..NewUser::default()
    }
}

async fn user_reads_back(fresh: Fresh<AccountPorts>) -> Outcome {
    let users = &*fresh.port.users;
    let now = fresh.clock.now();
    assert_eq!(users.count().await?, 0);
    let new = NewUser { role: Role::Admin, ..new_user(1, now) };
    let user = users.insert(new.clone()).await?;
    assert_eq!((&user.id, &user.email, &user.username), (&new.id, &new.email, &new.username));
    assert_eq!((&user.first_name, &user.last_name), (&new.first_name, &new.last_name));
    assert_eq!((user.role, user.created_at, user.updated_at), (Role::Admin, now, now));
    assert_eq!((&*user.preferred_language, &*user.timezone), ("sn", "Africa/Harare"));
    assert!(user.is_active && !user.email_verified && !user.mfa_enabled && !user.is_superuser);
    assert_eq!((user.failed_login_attempts, user.max_concurrent_sessions), (0, 5));
    assert_eq!((&*user.subscription_tier, &user.privacy_settings), ("free", &json!({})));
    assert_eq!((user.locked_until, user.last_login_at, user.email_verified_at), (None, None, None));
    assert_eq!(users.by_id(&user.id).await?.as_ref(), Some(&user));
    assert_eq!(users.by_email(&user.email).await?.as_ref(), Some(&user));
    assert_eq!(users.by_id("nobody").await?, None);
    assert_eq!(users.count().await?, 1);
    Ok(())
}

async fn oldest_accounts(fresh: Fresh<AccountPorts>) -> Outcome {
    let users = &*fresh.port.users;
    assert_eq!(users.oldest(3).await?, []);
    let now = fresh.clock.now();
    for (number, age) in [(1, 10), (2, 30), (3, 20)] {
        users.insert(new_user(number, now - SignedDuration::from_secs(age))).await?;
    }
    let ids = |users: Vec<User>| users.into_iter().map(|user| user.id).collect::<Vec<_>>();
    let expected = [2, 3, 1].map(|number| new_user(number, now).id);
    assert_eq!(ids(users.oldest(2).await?), expected[..2]);
    assert_eq!(ids(users.oldest(10).await?), expected);
    Ok(())
}

async fn addresses_without_case(fresh: Fresh<AccountPorts>) -> Outcome {
    let users = &*fresh.port.users;
    let now = fresh.clock.now();
    let email = "tendai@example.org".to_owned();
    users.insert(NewUser { email, ..new_user(1, now) }).await?;
    assert!(users.by_email("TENDAI@Example.ORG").await?.is_some());
    assert!(users.by_email("tendai@example.com").await?.is_none());
    let email = "Tendai@EXAMPLE.org".to_owned();
    let second = users.insert(NewUser { email, ..new_user(2, now) }).await;
    assert_eq!(fails(second, StoreErrorKind::Conflict)?.context(), "users.email");
    assert_eq!(users.count().await?, 1);
    Ok(())
}

async fn names_without_case(fresh: Fresh<AccountPorts>) -> Outcome {
    let users = &*fresh.port.users;
    let now = fresh.clock.now();
    let named =
        |number, name: Option<&str>| NewUser { username: name.map(str::to_owned), ..new_user(number, now) };
    users.insert(named(1, Some("Ruré"))).await?;
    let second = users.insert(named(2, Some("rurÉ"))).await;
    assert_eq!(fails(second, StoreErrorKind::Conflict)?.context(), "users.username");
    users.insert(named(3, None)).await?;
    users.insert(named(4, None)).await?;
    assert_eq!(users.count().await?, 3);
    Ok(())
}

async fn one_address_wins(fresh: Fresh<AccountPorts>) -> Outcome {
    let now = fresh.clock.now();
    let results = crowd(50, |member| {
        let users = fresh.port.users.clone();
        let email: String = "race.of.many@example.org"
            .chars()
            .enumerate()
            .map(
                |(at, letter)| {
                    if (member >> (at % 6)) & 1 == 1 { letter.to_ascii_uppercase() } else { letter }
                },
            )
            .collect();
        async move { users.insert(NewUser { email, ..new_user(member, now) }).await }
    });
    let (won, lost): (Vec<_>, Vec<_>) = results.await?.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 49));
    for result in lost {
        assert_eq!(fails(result, StoreErrorKind::Conflict)?.context(), "users.email");
    }
    assert_eq!(fresh.port.users.count().await?, 1);
    Ok(())
}

async fn user_id_once(fresh: Fresh<AccountPorts>) -> Outcome {
    let users = &*fresh.port.users;
    let now = fresh.clock.now();
    users.insert(new_user(1, now)).await?;
    let second = NewUser { id: new_user(1, now).id, ..new_user(2, now) };
    fails(users.insert(second).await, StoreErrorKind::Conflict)?;
    Ok(())
}

fn full_change(at: Timestamp) -> UserChange {
    UserChange {
        email: Some("new@example.org".to_owned()),
        username: Some("new".to_owned()),
        password_hash: Some("hash".to_owned()),
        first_name: Some("Rudo".to_owned()),
        last_name: Some("Moyo".to_owned()),
        phone: Some(Some("+263".to_owned())),
        gender: Some(Some("female".to_owned())),
        date_of_birth: Some(Some(date(1890, 2, 28))),
        profile_picture_url: Some(Some("/p.png".to_owned())),
        bio: Some(Some("é".to_owned())),
        location: Some(Some(json!({"country": "ZW"}))),
        email_verified: Some(true),
        failed_login_attempts: Some(4),
        locked_until: Some(Some(at)),
        last_login: Some((at, "192.0.2.1".to_owned(), "agent".to_owned())),
        privacy_settings: Some(json!({"a": 1})),
        notification_preferences: Some(json!({"b": 2})),
        ui_preferences: Some(json!({"c": 3})),
        preferred_language: Some("nd".to_owned()),
        timezone: Some("UTC".to_owned()),
        is_active: Some(false),
        ..UserChange::default()
    }
}

async fn update_changes(fresh: Fresh<AccountPorts>) -> Outcome {
    let users = &*fresh.port.users;
    let user = users.insert(new_user(1, fresh.clock.now())).await?;
    let later = fresh.clock.now() + SignedDuration::from_secs(5);
    let bio = UserChange { bio: Some(Some("only this".to_owned())), ..UserChange::default() };
    let changed = there(users.update(&user.id, bio, later).await?)?;
    let mut expected = user.clone();
    expected.bio = Some("only this".to_owned());
    expected.updated_at = later;
    assert_eq!(changed, expected);
    let lock = later + SignedDuration::from_mins(15);
    let changed = there(users.update(&user.id, full_change(lock), later).await?)?;
    assert_eq!(users.by_id(&user.id).await?.as_ref(), Some(&changed));
    assert_eq!(there(users.by_email("NEW@example.org").await?)?, changed);
    assert!(users.by_email(&user.email).await?.is_none());
    assert_eq!((changed.username.as_deref(), &*changed.password_hash), (Some("new"), "hash"));
    assert_eq!((changed.first_name.as_deref(), changed.last_name.as_deref()), (Some("Rudo"), Some("Moyo")));
    assert_eq!((changed.phone.as_deref(), changed.gender.as_deref()), (Some("+263"), Some("female")));
    assert_eq!(
        (changed.date_of_birth, changed.location),
        (Some(date(1890, 2, 28)), Some(json!({"country": "ZW"})))
    );
    assert_eq!((changed.profile_picture_url.as_deref(), changed.bio.as_deref()), (Some("/p.png"), Some("é")));
    assert_eq!((changed.email_verified, changed.email_verified_at), (true, Some(later)));
    assert_eq!((changed.failed_login_attempts, changed.locked_until), (4, Some(lock)));
    assert_eq!((changed.last_login_at, changed.is_active), (Some(lock), false));
    assert_eq!(
        (changed.privacy_settings, changed.notification_preferences),
        (json!({"a": 1}), json!({"b": 2}))
    );
    assert_eq!((changed.ui_preferences, &*changed.preferred_language), (json!({"c": 3}), "nd"));
    assert_eq!((changed.created_at, changed.updated_at), (user.created_at, later));
    Ok(())
}

async fn update_clears(fresh: Fresh<AccountPorts>) -> Outcome {
    let users = &*fresh.port.users;
    let now = fresh.clock.now();
    let user = users.insert(new_user(1, now)).await?;
    there(users.update(&user.id, full_change(now), now).await?)?;
    let clear = UserChange {
        phone: Some(None),
        gender: Some(None),
        date_of_birth: Some(None),
        profile_picture_url: Some(None),
        bio: Some(None),
        location: Some(None),
        locked_until: Some(None),
        ..UserChange::default()
    };
    let user = there(users.update(&user.id, clear, now).await?)?;
    assert_eq!((user.phone, user.gender, user.bio, user.profile_picture_url), (None, None, None, None));
    assert_eq!((user.date_of_birth, user.location, user.locked_until), (None, None, None));
    assert_eq!(user.first_name.as_deref(), Some("Rudo"));
    Ok(())
}

async fn update_conflicts(fresh: Fresh<AccountPorts>) -> Outcome {
    let users = &*fresh.port.users;
    let now = fresh.clock.now();
    users.insert(new_user(1, now)).await?;
    let second = users.insert(new_user(2, now)).await?;
    let email = UserChange { email: Some("USER1@example.org".to_owned()), ..full_change(now) };
    let clash = users.update(&second.id, email, now).await;
    assert_eq!(fails(clash, StoreErrorKind::Conflict)?.context(), "users.email");
    let name = UserChange { username: Some("User1".to_owned()), ..full_change(now) };
    let clash = users.update(&second.id, name, now).await;
    assert_eq!(fails(clash, StoreErrorKind::Conflict)?.context(), "users.username");
    assert_eq!(there(users.by_id(&second.id).await?)?, second);
    let own = UserChange { email: Some(second.email.clone()), ..UserChange::default() };
    there(users.update(&second.id, own, now).await?)?;
    Ok(())
}

async fn update_nobody(fresh: Fresh<AccountPorts>) -> Outcome {
    let now = fresh.clock.now();
    assert_eq!(fresh.port.users.update("nobody", full_change(now), now).await?, None);
    Ok(())
}

async fn proved_address(fresh: Fresh<AccountPorts>) -> Outcome {
    let users: &dyn Users = &*fresh.port.users;
    let now = fresh.clock.now();
    let later = now + SignedDuration::from_hours(1);
    let user = users.insert(new_user(1, now)).await?;
    let verified = |verified| UserChange { email_verified: Some(verified), ..UserChange::default() };
    for (verify, at, expected) in [(true, now, Some(now)), (true, later, Some(now)), (false, later, None)] {
        let user = there(users.update(&user.id, verified(verify), at).await?)?;
        assert_eq!((user.email_verified, user.email_verified_at), (verify, expected));
    }
    Ok(())
}

async fn one_admin_remains(fresh: Fresh<AccountPorts>) -> Outcome {
    let now = fresh.clock.now();
    for number in 1..=10 {
        let admin = NewUser { role: Role::Admin, ..new_user(number, now) };
        fresh.port.users.insert(admin).await?;
    }
    let demote = |role| {
        let given = Given { admin_remains: true, ..Given::default() };
        UserChange { given, role: Some(role), ..UserChange::default() }
    };
    let demoted = crowd(10, |number| {
        let users = fresh.port.users.clone();
        let id = new_user(number + 1, now).id;
        async move { users.update(&id, demote(Role::Moderator), now).await }
    });
    let demoted = demoted.await?.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(demoted.iter().flatten().count(), 9);
    let users = &*fresh.port.users;
    let admins = UserFilter { role: Some(Role::Admin), ..UserFilter::default() };
    let page = UserPage { filter: admins, limit: 10, ..UserPage::default() };
    let (left, total) = users.page(page).await?;
    assert_eq!(total, 1);
    // Who administers without the role counts; who is deactivated does not.
    let other = there(demoted.into_iter().flatten().next())?;
    let superuser = UserChange { is_superuser: Some(true), ..UserChange::default() };
    users.update(&other.id, superuser, now).await?;
    let last = there(left.into_iter().next())?;
    let inactive = UserChange { is_active: Some(false), ..UserChange::default() };
    users.update(&other.id, inactive, now).await?;
    assert_eq!(users.update(&last.id, demote(Role::User), now).await?, None);
    let active = UserChange { is_active: Some(true), ..UserChange::default() };
    users.update(&other.id, active, now).await?;
    there(users.update(&last.id, demote(Role::User), now).await?)?;
    Ok(())
}

async fn audit_trail(fresh: Fresh<AccountPorts>) -> Outcome {
    let AccountPorts { users, audit, .. } = fresh.port;
    let now = fresh.clock.now();
    let mut entries = Vec::new();
    for number in 1..=2 {
        users.insert(new_user(number, now)).await?;
        for second in 0..5 {
            let entry = AuditEntry {
                id: format!("00000000-0000-7000-9000-{number:06}{second:06}"),
                user_id: Some(new_user(number, now).id),
                action: "LOGIN_SUCCESS".to_owned(),
                ip_address: Some("2001:db8::1".to_owned()),
                user_agent: None,
                timestamp: now + SignedDuration::from_secs(second),
                details: json!({"second": second}),
            };
            audit.append(entry.clone()).await?;
            entries.push(entry);
        }
    }
    let mut expected: Vec<_> = entries[..5].to_vec();
    expected.reverse();
    let user = new_user(1, now).id;
    assert_eq!(audit.of_user(&user, 100).await?, expected);
    assert_eq!(audit.of_user(&user, 2).await?, expected[..2]);
    assert!(audit.of_user("nobody", 100).await?.is_empty());
    Ok(())
}

async fn audit_nobody(fresh: Fresh<AccountPorts>) -> Outcome {
    let entry = AuditEntry {
        id: "00000000-0000-7000-9000-000000000001".to_owned(),
        user_id: None,
        action: "LOGIN_FAILED".to_owned(),
        ip_address: None,
        user_agent: Some("agent".to_owned()),
        timestamp: fresh.clock.now(),
        details: json!({}),
    };
    fresh.port.audit.append(entry).await?;
    Ok(())
}
