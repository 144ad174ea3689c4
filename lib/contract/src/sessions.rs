//! What [`Sessions`](dzinza_ports::Sessions) promises.

use dzinza_ports::{Clock as _, RefreshToken, StoreErrorKind};
use jiff::{SignedDuration, Timestamp};

use crate::accounts::new_user;
use crate::support::{crowd, fails, there};
use crate::{AccountPorts, Failed, Fresh, Outcome, Suite};

pub(crate) fn cases(suite: &mut Suite<AccountPorts>) {
    suite.case("an inserted refresh token reads back equal", token_reads_back);
    suite.case("a token id or hash can be taken once", tokens_are_unique);
    suite.case("a rotation revokes the old token and adds the new one", rotation);
    suite.case("of 50 concurrent rotations of one token exactly one wins", one_rotation_wins);
    suite.case("a rotation whose new token clashes changes nothing", rotation_is_whole);
    suite.case("a revoked session is over, others go on", revoked_session);
    suite.case("active sessions come oldest first, each by its newest valid token", active_sessions);
    suite.case("the recent tokens of a user come newest first, ended ones too", recent_tokens);
    suite.case("purge deletes what ended before the moment and nothing else", purge);
}

fn token(user: usize, session: &str, jti: &str, at: Timestamp) -> RefreshToken {
    RefreshToken {
        jti: jti.to_owned(),
        user_id: new_user(user, at).id,
        session_id: session.to_owned(),
        token: format!("hash of {jti}"),
        created_at: at,
        session_started_at: at,
        expires_at: at + SignedDuration::from_hours(24 * 7),
        revoked_at: None,
        revoked_reason: None,
        replaced_by_jti: None,
        ip_address: Some("192.0.2.7".to_owned()),
        user_agent: None,
    }
}

async fn with_users(fresh: &Fresh<AccountPorts>) -> Result<Timestamp, Failed> {
    let now = fresh.clock.now();
    for number in 1..=2 {
        fresh.port.users.insert(new_user(number, now)).await?;
    }
    Ok(now)
}

async fn token_reads_back(fresh: Fresh<AccountPorts>) -> Outcome {
    let now = with_users(&fresh).await?;
    let sessions = fresh.port.sessions;
    let token = token(1, "s", "j", now);
    sessions.insert(token.clone()).await?;
    assert_eq!(sessions.find("j").await?, Some(token));
    assert_eq!(sessions.find("J").await?, None);
    Ok(())
}

async fn tokens_are_unique(fresh: Fresh<AccountPorts>) -> Outcome {
    let now = with_users(&fresh).await?;
    let sessions = fresh.port.sessions;
    sessions.insert(token(1, "s", "j", now)).await?;
    let same_id = RefreshToken { token: "other".to_owned(), ..token(1, "s", "j", now) };
    fails(sessions.insert(same_id).await, StoreErrorKind::Conflict)?;
    let same_hash = RefreshToken { jti: "other".to_owned(), ..token(1, "s", "j", now) };
    fails(sessions.insert(same_hash).await, StoreErrorKind::Conflict)?;
    Ok(())
}

async fn rotation(fresh: Fresh<AccountPorts>) -> Outcome {
    let now = with_users(&fresh).await?;
    let sessions = fresh.port.sessions;
    sessions.insert(token(1, "s", "old", now)).await?;
    let later = now + SignedDuration::from_mins(10);
    let new = RefreshToken { created_at: later, ..token(1, "s", "new", now) };
    assert!(sessions.rotate("old", new.clone(), later).await?);
    let old = there(sessions.find("old").await?)?;
    assert_eq!((old.revoked_at, old.revoked_reason.as_deref()), (Some(later), Some("rotated")));
    assert_eq!(old.replaced_by_jti.as_deref(), Some("new"));
    assert_eq!(sessions.find("new").await?, Some(new));
    let third = token(1, "s", "third", now);
    assert!(!sessions.rotate("old", third.clone(), later).await?);
    assert!(!sessions.rotate("nobody's", third, later).await?);
    assert_eq!(sessions.find("third").await?, None);
    Ok(())
}

async fn one_rotation_wins(fresh: Fresh<AccountPorts>) -> Outcome {
    let now = with_users(&fresh).await?;
    let sessions = fresh.port.sessions;
    sessions.insert(token(1, "s", "old", now)).await?;
    let results = crowd(50, |member| {
        let sessions = sessions.clone();
        async move { sessions.rotate("old", token(1, "s", &format!("new{member}"), now), now).await }
    });
    let mut winners = Vec::new();
    for (member, result) in results.await?.into_iter().enumerate() {
        if result? {
            winners.push(format!("new{member}"));
        }
    }
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(there(sessions.find("old").await?)?.replaced_by_jti.as_ref(), Some(&winners[0]));
    let active = sessions.active(&new_user(1, now).id, now).await?;
    assert_eq!(active.iter().map(|token| &token.jti).collect::<Vec<_>>(), [&winners[0]]);
    Ok(())
}

async fn rotation_is_whole(fresh: Fresh<AccountPorts>) -> Outcome {
    let now = with_users(&fresh).await?;
    let sessions = fresh.port.sessions;
    sessions.insert(token(1, "s", "old", now)).await?;
    sessions.insert(token(1, "t", "taken", now)).await?;
    fails(sessions.rotate("old", token(1, "s", "taken", now), now).await, StoreErrorKind::Conflict)?;
    assert_eq!(there(sessions.find("old").await?)?.revoked_at, None);
    Ok(())
}

async fn revoked_session(fresh: Fresh<AccountPorts>) -> Outcome {
    let now = with_users(&fresh).await?;
    let sessions = fresh.port.sessions;
    sessions.insert(token(1, "s", "s1", now)).await?;
    sessions.insert(token(1, "s", "s2", now)).await?;
    sessions.insert(token(1, "other", "o1", now)).await?;
    assert_eq!(sessions.revoke_session("s", "logout", now).await?, 2);
    assert_eq!(sessions.revoke_session("s", "reuse", now).await?, 0);
    let revoked = there(sessions.find("s1").await?)?;
    assert_eq!((revoked.revoked_at, revoked.revoked_reason.as_deref()), (Some(now), Some("logout")));
    assert_eq!(there(sessions.find("o1").await?)?.revoked_at, None);
    assert!(!sessions.rotate("s2", token(1, "s", "s3", now), now).await?);
    Ok(())
}

async fn active_sessions(fresh: Fresh<AccountPorts>) -> Outcome {
    let now = with_users(&fresh).await?;
    let sessions = fresh.port.sessions;
    let minutes = |minutes| now + SignedDuration::from_mins(minutes);
    sessions.insert(token(1, "younger", "y1", minutes(5))).await?;
    sessions.insert(token(1, "older", "o1", now)).await?;
    let second = RefreshToken { created_at: minutes(9), ..token(1, "older", "o2", now) };
    sessions.insert(second.clone()).await?;
    let expired = RefreshToken { expires_at: minutes(9), ..token(1, "expired", "e1", now) };
    sessions.insert(expired).await?;
    sessions.insert(token(1, "revoked", "r1", now)).await?;
    sessions.revoke_session("revoked", "logout", now).await?;
    sessions.insert(token(2, "another's", "a1", now)).await?;
    let active = sessions.active(&new_user(1, now).id, minutes(9)).await?;
    assert_eq!(active, [second, token(1, "younger", "y1", minutes(5))]);
    Ok(())
}

async fn recent_tokens(fresh: Fresh<AccountPorts>) -> Outcome {
    let now = with_users(&fresh).await?;
    let sessions = fresh.port.sessions;
    let minutes = |minutes| now + SignedDuration::from_mins(minutes);
    sessions.insert(token(1, "a", "first", now)).await?;
    sessions.insert(token(1, "a", "third", minutes(2))).await?;
    sessions.insert(RefreshToken { expires_at: now, ..token(1, "b", "second", minutes(1)) }).await?;
    sessions.insert(token(2, "c", "another's", now)).await?;
    sessions.revoke_session("a", "logout", now).await?;
    let user = new_user(1, now).id;
    let recent = sessions.recent(&user, 10).await?;
    assert_eq!(recent.iter().map(|token| &*token.jti).collect::<Vec<_>>(), ["third", "second", "first"]);
    assert_eq!(sessions.recent(&user, 2).await?, recent[..2]);
    Ok(())
}

async fn purge(fresh: Fresh<AccountPorts>) -> Outcome {
    let now = with_users(&fresh).await?;
    let sessions = fresh.port.sessions;
    let moment = now + SignedDuration::from_hours(1);
    sessions.insert(RefreshToken { expires_at: now, ..token(1, "a", "expired", now) }).await?;
    sessions.insert(RefreshToken { expires_at: moment, ..token(1, "b", "at the moment", now) }).await?;
    sessions.insert(RefreshToken { revoked_at: Some(now), ..token(1, "c", "revoked", now) }).await?;
    sessions.insert(RefreshToken { revoked_at: Some(moment), ..token(1, "d", "just revoked", now) }).await?;
    sessions.insert(token(1, "e", "valid", now)).await?;
    assert_eq!(sessions.purge(moment).await?, 2);
    for (jti, left) in [
        ("expired", false),
        ("at the moment", true),
        ("revoked", false),
        ("just revoked", true),
        ("valid", true),
    ] {
        assert_eq!(sessions.find(jti).await?.is_some(), left, "{jti}");
    }
    Ok(())
}
