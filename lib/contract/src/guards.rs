//! What [`Users`](dzinza_ports::Users) promises of changes that are made only if something is still so, and of what is stored
//! with them.

use dzinza_ports::{Clock as _, Given, Identity, Letter, NewUser, StoreErrorKind, User, UserChange};
use jiff::{SignedDuration, Timestamp};

use crate::accounts::new_user;
use crate::support::{crowd, fails, there};
use crate::{AccountPorts, Failed, Fresh, Outcome, Suite};

pub(crate) fn cases(suite: &mut Suite<AccountPorts>) {
    suite.case("factors, proofs and erasure are set, read back and cleared", columns_read_back);
    suite.case("an update whose guard holds is made, whichever guard it is", guards_hold);
    suite.case("an update whose guard does not hold is None and changes nothing", guards_refuse);
    suite.case("a guard never holds against what is not set", guards_on_nothing);
    suite.case("of 50 parallel updates with one guard one wins", one_update_wins);
    suite.case("a time step is used up once, and the earlier ones with it", steps_are_used_up);
    suite.case("accounts are found by the tokens sent to them", found_by_tokens);
    suite.case("letters are in the outbox if and only if the account was made", letters_of_insert);
    suite.case("letters are in the outbox if and only if the change was made", letters_of_update);
    suite.case("an account is made with its identity or not at all", inserted_with_identity);
    suite.case("an account with a proved address has it proved from the start", proved_from_the_start);
}

pub(crate) fn letter(number: usize, at: Timestamp) -> Letter {
    Letter {
        id: format!("00000000-0000-7000-a000-{number:012}"),
        sealed: format!("sealed {number}"),
        created_at: at,
        expires_at: at + SignedDuration::from_hours(24),
    }
}

/// An account on which everything that a guard can look at is set.
async fn furnished(fresh: &Fresh<AccountPorts>) -> Result<User, Failed> {
    let now = fresh.clock.now();
    let user = fresh.port.users.insert(new_user(1, now)).await?;
    there(fresh.port.users.update(&user.id, furniture(now), now).await?)
}

fn furniture(now: Timestamp) -> UserChange {
    UserChange {
        password_hash: Some("hash".to_owned()),
        email_verification: Some(Some(("proof".to_owned(), now))),
        password_reset: Some(Some(("reset".to_owned(), now))),
        pending_mfa: Some(Some(("pending".to_owned(), now))),
        mfa_enabled: Some(true),
        mfa_secret: Some(Some("secret".to_owned())),
        mfa_backup_codes: Some(Some("[\"a\"]".to_owned())),
        mfa_last_used_step: Some(Some(7)),
        erase_after: Some(Some(now)),
        deleted_at: Some(Some(now)),
        is_superuser: Some(true),
        ..UserChange::default()
    }
}

/// Changes nothing but the text about a person, if this is so.
fn guarded(given: Given) -> UserChange {
    UserChange { given, bio: Some(Some("changed".to_owned())), ..UserChange::default() }
}

/// Each field of the guard, in turn, with a value that is so and one that is not.
fn each(user: &User) -> Vec<(&'static str, Given, Given)> {
    let text = |text: &str| Some(text.to_owned());
    let none = Given::default;
    vec![
        ("email", Given { email: Some(user.email.clone()), ..none() }, Given { email: text("x"), ..none() }),
        (
            "password_hash",
            Given { password_hash: text("hash"), ..none() },
            Given { password_hash: text("x"), ..none() },
        ),
        (
            "email_verification",
            Given { email_verification: text("proof"), ..none() },
            Given { email_verification: text("x"), ..none() },
        ),
        (
            "password_reset",
            Given { password_reset: text("reset"), ..none() },
            Given { password_reset: text("x"), ..none() },
        ),
        (
            "pending_mfa",
            Given { pending_mfa: text("pending"), ..none() },
            Given { pending_mfa: text("x"), ..none() },
        ),
        (
            "mfa_enabled",
            Given { mfa_enabled: Some(true), ..none() },
            Given { mfa_enabled: Some(false), ..none() },
        ),
        (
            "mfa_step_unused",
            Given { mfa_step_unused: Some(8), ..none() },
            Given { mfa_step_unused: Some(7), ..none() },
        ),
        (
            "mfa_backup_codes",
            Given { mfa_backup_codes: text("[\"a\"]"), ..none() },
            Given { mfa_backup_codes: text("[]"), ..none() },
        ),
        ("is_active", Given { is_active: Some(true), ..none() }, Given { is_active: Some(false), ..none() }),
        ("erasing", Given { erasing: Some(true), ..none() }, Given { erasing: Some(false), ..none() }),
        (
            "erase_after",
            Given { erase_after: user.erase_after, ..none() },
            Given { erase_after: Some(user.created_at + SignedDuration::from_secs(1)), ..none() },
        ),
    ]
}

async fn columns_read_back(fresh: Fresh<AccountPorts>) -> Outcome {
    let users = &*fresh.port.users;
    let now = fresh.clock.now();
    let user = furnished(&fresh).await?;
    assert_eq!(users.by_id(&user.id).await?.as_ref(), Some(&user));
    let until = |text: &str| Some((text.to_owned(), now));
    assert_eq!((user.email_verification, user.password_reset), (until("proof"), until("reset")));
    assert_eq!((user.pending_mfa, user.mfa_secret), (until("pending"), Some("secret".to_owned())));
    assert_eq!((user.mfa_enabled, user.mfa_last_used_step), (true, Some(7)));
    assert_eq!(user.mfa_backup_codes.as_deref(), Some("[\"a\"]"));
    assert_eq!((user.erase_after, user.deleted_at, user.is_superuser), (Some(now), Some(now), true));
    let clear = UserChange {
        email_verification: Some(None),
        password_reset: Some(None),
        pending_mfa: Some(None),
        mfa_enabled: Some(false),
        mfa_secret: Some(None),
        mfa_backup_codes: Some(None),
        mfa_last_used_step: Some(None),
        erase_after: Some(None),
        deleted_at: Some(None),
        is_superuser: Some(false),
        ..UserChange::default()
    };
    let user = there(users.update(&user.id, clear, now).await?)?;
    assert_eq!((user.email_verification, user.password_reset, user.pending_mfa), (None, None, None));
    assert_eq!((user.mfa_secret, user.mfa_backup_codes, user.mfa_last_used_step), (None, None, None));
    assert_eq!((user.erase_after, user.deleted_at), (None, None));
    assert!(!user.mfa_enabled && !user.is_superuser);
    Ok(())
}

async fn guards_hold(fresh: Fresh<AccountPorts>) -> Outcome {
    let user = furnished(&fresh).await?;
    for (name, so, _) in each(&user) {
        let changed = fresh.port.users.update(&user.id, guarded(so), fresh.clock.now()).await?;
        assert_eq!(changed.and_then(|user| user.bio).as_deref(), Some("changed"), "{name}");
        let back = UserChange { bio: Some(None), ..UserChange::default() };
        there(fresh.port.users.update(&user.id, back, fresh.clock.now()).await?)?;
    }
    Ok(())
}

async fn guards_refuse(fresh: Fresh<AccountPorts>) -> Outcome {
    let user = furnished(&fresh).await?;
    let later = fresh.clock.now() + SignedDuration::from_secs(1);
    for (name, so, not_so) in each(&user) {
        assert_eq!(fresh.port.users.update(&user.id, guarded(not_so.clone()), later).await?, None, "{name}");
        // Of two guards both must hold.
        let other = Given { email: Some("x".to_owned()), ..so.clone() };
        assert_eq!(fresh.port.users.update(&user.id, guarded(other), later).await?, None, "{name}");
        assert_eq!(fresh.port.users.by_id(&user.id).await?.as_ref(), Some(&user), "{name}");
    }
    Ok(())
}

async fn guards_on_nothing(fresh: Fresh<AccountPorts>) -> Outcome {
    let now = fresh.clock.now();
    let user = fresh.port.users.insert(new_user(1, now)).await?;
    let text = || Some(String::new());
    for given in [
        Given { email_verification: text(), ..Given::default() },
        Given { password_reset: text(), ..Given::default() },
        Given { pending_mfa: text(), ..Given::default() },
        Given { mfa_backup_codes: text(), ..Given::default() },
        Given { mfa_enabled: Some(true), ..Given::default() },
        Given { erasing: Some(true), ..Given::default() },
        Given { erase_after: Some(now), ..Given::default() },
    ] {
        assert_eq!(fresh.port.users.update(&user.id, guarded(given.clone()), now).await?, None, "{given:?}");
    }
    // Where no code was ever accepted, every step is unused.
    let given = Given {
        mfa_step_unused: Some(0),
        mfa_enabled: Some(false),
        erasing: Some(false),
        ..Given::default()
    };
    there(fresh.port.users.update(&user.id, guarded(given), now).await?)?;
    Ok(())
}

async fn one_update_wins(fresh: Fresh<AccountPorts>) -> Outcome {
    let user = furnished(&fresh).await?;
    let now = fresh.clock.now();
    let results = crowd(50, |member| {
        let (users, id) = (fresh.port.users.clone(), user.id.clone());
        let change = UserChange {
            given: Given { password_reset: Some("reset".to_owned()), ..Given::default() },
            password_reset: Some(None),
            password_hash: Some(format!("hash {member}")),
            letters: vec![letter(member, now)],
            ..UserChange::default()
        };
        async move { users.update(&id, change, now).await }
    });
    let mut winners = Vec::new();
    for result in results.await? {
        winners.extend(result?);
    }
    assert_eq!(winners.len(), 1);
    let stored = there(fresh.port.users.by_id(&user.id).await?)?;
    assert_eq!(Some(&stored), winners.first());
    let sent = fresh.port.outbox.lease(50, std::time::Duration::from_mins(1), now).await?;
    let sent: Vec<_> = sent.iter().map(|sent| sent.letter.sealed.replace("sealed", "hash")).collect();
    assert_eq!(sent, [stored.password_hash]);
    Ok(())
}

async fn steps_are_used_up(fresh: Fresh<AccountPorts>) -> Outcome {
    let now = fresh.clock.now();
    let user = fresh.port.users.insert(new_user(1, now)).await?;
    let accept = |step: i64| UserChange {
        given: Given { mfa_step_unused: Some(step), ..Given::default() },
        mfa_last_used_step: Some(Some(step)),
        ..UserChange::default()
    };
    let mut accepted = Vec::new();
    for step in [100, 100, 99, 101, 100, 102] {
        accepted.push(fresh.port.users.update(&user.id, accept(step), now).await?.is_some());
    }
    assert_eq!(accepted, [true, false, false, true, false, true]);
    Ok(())
}

async fn found_by_tokens(fresh: Fresh<AccountPorts>) -> Outcome {
    let users = &*fresh.port.users;
    let user = furnished(&fresh).await?;
    users.insert(new_user(2, fresh.clock.now())).await?;
    let (reset, proof) = ("reset".to_owned(), "proof".to_owned());
    assert_eq!(users.by_password_reset(&reset).await?.as_ref(), Some(&user));
    assert_eq!(users.by_email_verification(&proof).await?.as_ref(), Some(&user));
    assert_eq!(users.by_password_reset(&proof).await?, None);
    assert_eq!(users.by_email_verification(&reset).await?, None);
    assert_eq!(users.by_password_reset(&String::new()).await?, None);
    let new = NewUser {
        email_verification: Some(("another".to_owned(), fresh.clock.now())),
        ..new_user(3, fresh.clock.now())
    };
    let new = users.insert(new).await?;
    assert_eq!(users.by_email_verification(&"another".to_owned()).await?, Some(new));
    Ok(())
}

async fn letters_of_insert(fresh: Fresh<AccountPorts>) -> Outcome {
    let (users, outbox) = (&*fresh.port.users, &*fresh.port.outbox);
    let now = fresh.clock.now();
    let with = |number, letters: &[usize]| NewUser {
        letters: letters.iter().map(|number| letter(*number, now)).collect(),
        ..new_user(number, now)
    };
    users.insert(with(1, &[1, 2])).await?;
    assert_eq!(outbox.waiting().await?, 2);
    let taken = NewUser { email: new_user(1, now).email, ..with(2, &[3]) };
    fails(users.insert(taken).await, StoreErrorKind::Conflict)?;
    assert_eq!(outbox.waiting().await?, 2);
    // The letter has an id that is taken: no account either.
    fails(users.insert(with(3, &[4, 1])).await, StoreErrorKind::Conflict)?;
    assert_eq!((outbox.waiting().await?, users.count().await?), (2, 1));
    Ok(())
}

async fn letters_of_update(fresh: Fresh<AccountPorts>) -> Outcome {
    let (users, outbox) = (&*fresh.port.users, &*fresh.port.outbox);
    let now = fresh.clock.now();
    let user = users.insert(new_user(1, now)).await?;
    let change = |given, number| UserChange { letters: vec![letter(number, now)], ..guarded(given) };
    there(users.update(&user.id, change(Given::default(), 1), now).await?)?;
    assert_eq!(outbox.waiting().await?, 1);
    let not_so = Given { is_active: Some(false), ..Given::default() };
    assert_eq!(users.update(&user.id, change(not_so, 2), now).await?, None);
    assert_eq!(users.update("nobody", change(Given::default(), 3), now).await?, None);
    assert_eq!(outbox.waiting().await?, 1);
    let before = there(users.by_id(&user.id).await?)?;
    let taken = UserChange { first_name: Some("X".to_owned()), ..change(Given::default(), 1) };
    fails(users.update(&user.id, taken, now).await, StoreErrorKind::Conflict)?;
    assert_eq!(users.by_id(&user.id).await?, Some(before));
    assert_eq!(outbox.waiting().await?, 1);
    Ok(())
}

async fn inserted_with_identity(fresh: Fresh<AccountPorts>) -> Outcome {
    let (users, identities) = (&*fresh.port.users, &*fresh.port.identities);
    let now = fresh.clock.now();
    let with = |number: usize| {
        let new = new_user(number, now);
        let identity = Identity {
            id: format!("00000000-0000-7000-b000-{number:012}"),
            user_id: new.id.clone(),
            provider: "google".to_owned(),
            provider_user_id: "1".to_owned(),
            email: Some(new.email.clone()),
            created_at: now,
        };
        NewUser { identity: Some(identity), letters: vec![letter(number, now)], ..new }
    };
    let user = users.insert(with(1)).await?;
    assert_eq!(there(identities.find("google", "1").await?)?.user_id, user.id);
    let second = fails(users.insert(with(2)).await, StoreErrorKind::Conflict)?;
    assert_eq!(second.context(), "user_identities.provider,provider_user_id");
    assert_eq!((users.count().await?, fresh.port.outbox.waiting().await?), (1, 1));
    Ok(())
}

async fn proved_from_the_start(fresh: Fresh<AccountPorts>) -> Outcome {
    let now = fresh.clock.now();
    let new = NewUser { email_verified: true, ..new_user(1, now) };
    let user = fresh.port.users.insert(new).await?;
    assert_eq!((user.email_verified, user.email_verified_at), (true, Some(now)));
    Ok(())
}
