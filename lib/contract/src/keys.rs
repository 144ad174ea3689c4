//! What [`Identities`](dzinza_ports::Identities), [`Passkeys`](dzinza_ports::Passkeys) and
//! [`AccessTokens`](dzinza_ports::AccessTokens) promise.

use dzinza_ports::{AccessToken, Clock as _, Identity, Passkey, StoreErrorKind, UserChange};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::accounts::new_user;
use crate::support::{crowd, fails, there};
use crate::{AccountPorts, Failed, Fresh, Outcome, Suite};

pub(crate) fn cases(suite: &mut Suite<AccountPorts>) {
    suite.case("an identity elsewhere is found by its provider and its id there", identities);
    suite.case("an identity elsewhere belongs to one account", identity_once);
    suite.case("an identity is unlinked by its owner alone", unlinking);
    suite.case("a passkey reads back equal, is renamed and removed by its owner alone", passkeys);
    suite.case("a passkey is known once, and to an account that is there", passkey_once);
    suite.case("of 20 uses of a passkey that read the same counter one is noted", passkey_uses);
    suite.case("an access token is found with its account, expired or not", access_tokens);
    suite.case("access tokens are removed one by one and all at once, of one account", access_tokens_removed);
}

fn id(kind: char, number: usize) -> String {
    format!("00000000-0000-7000-{kind}000-{number:012}")
}

async fn with_users(fresh: &Fresh<AccountPorts>) -> Result<(Timestamp, [String; 2]), Failed> {
    let now = fresh.clock.now();
    for number in [1, 2] {
        fresh.port.users.insert(new_user(number, now)).await?;
    }
    Ok((now, [1, 2].map(|number| new_user(number, now).id)))
}

fn identity(number: usize, user_id: &str, at: Timestamp) -> Identity {
    Identity {
        id: id('a', number),
        user_id: user_id.to_owned(),
        provider: "google".to_owned(),
        provider_user_id: format!("g{number}"),
        email: Some("x@example.org".to_owned()),
        created_at: at,
    }
}

async fn identities(fresh: Fresh<AccountPorts>) -> Outcome {
    let (now, [first, second]) = with_users(&fresh).await?;
    let port = &*fresh.port.identities;
    let later = now + SignedDuration::from_secs(1);
    let [one, two] = [identity(1, &first, later), Identity { email: None, ..identity(2, &first, now) }];
    // The same id at another provider is another person.
    let elsewhere = Identity { provider: "facebook".to_owned(), ..identity(3, &second, now) };
    let elsewhere = Identity { provider_user_id: "g1".to_owned(), ..elsewhere };
    for identity in [&one, &two, &elsewhere] {
        port.link(identity.clone()).await?;
    }
    assert_eq!(port.find("google", "g1").await?.as_ref(), Some(&one));
    assert_eq!(port.find("facebook", "g1").await?.as_ref(), Some(&elsewhere));
    assert_eq!(port.find("google", "G1").await?, None);
    assert_eq!(port.of_user(&first).await?, [two, one]);
    assert_eq!(port.of_user("nobody").await?, []);
    Ok(())
}

async fn identity_once(fresh: Fresh<AccountPorts>) -> Outcome {
    let (now, [first, second]) = with_users(&fresh).await?;
    let port = &*fresh.port.identities;
    port.link(identity(1, &first, now)).await?;
    let again = Identity { id: id('a', 2), ..identity(1, &second, now) };
    let error = fails(port.link(again).await, StoreErrorKind::Conflict)?;
    assert_eq!(error.context(), "user_identities.provider,provider_user_id");
    let stranger = identity(3, &id('f', 9), now);
    fails(port.link(stranger).await, StoreErrorKind::Invalid)?;
    assert_eq!(port.of_user(&second).await?, []);
    Ok(())
}

async fn unlinking(fresh: Fresh<AccountPorts>) -> Outcome {
    let (now, [first, second]) = with_users(&fresh).await?;
    let port = &*fresh.port.identities;
    port.link(identity(1, &first, now)).await?;
    assert!(!port.unlink(&second, &id('a', 1)).await?);
    assert!(!port.unlink(&first, "nothing").await?);
    assert!(port.unlink(&first, &id('a', 1)).await?);
    assert!(!port.unlink(&first, &id('a', 1)).await?);
    assert_eq!(port.find("google", "g1").await?, None);
    Ok(())
}

fn passkey(number: usize, user_id: &str, at: Timestamp) -> Passkey {
    Passkey {
        id: id('b', number),
        user_id: user_id.to_owned(),
        credential_id: format!("Credential_{number}-"),
        name: "a phone".to_owned(),
        data: json!({"counter": 1, "key": {"x": [1, 2]}}),
        created_at: at,
        last_used_at: None,
    }
}

async fn passkeys(fresh: Fresh<AccountPorts>) -> Outcome {
    let (now, [first, second]) = with_users(&fresh).await?;
    let port = &*fresh.port.passkeys;
    let later = now + SignedDuration::from_secs(1);
    let [one, two] =
        [passkey(1, &first, later), Passkey { last_used_at: Some(now), ..passkey(2, &first, now) }];
    port.add(one.clone()).await?;
    port.add(two.clone()).await?;
    assert_eq!(port.find("Credential_1-").await?.as_ref(), Some(&one));
    assert_eq!(port.find("credential_1-").await?, None);
    assert_eq!(port.of_user(&first).await?, [two.clone(), one.clone()]);
    assert!(!port.rename(&second, &one.id, "stolen").await?);
    assert!(port.rename(&first, &one.id, "a key").await?);
    assert_eq!(
        there(port.find("Credential_1-").await?)?,
        Passkey { name: "a key".to_owned(), ..one.clone() }
    );
    assert!(!port.remove(&second, &one.id).await?);
    assert!(!port.remove(&first, "nothing").await?);
    assert!(port.remove(&first, &one.id).await?);
    assert_eq!(port.of_user(&first).await?, [two]);
    Ok(())
}

async fn passkey_once(fresh: Fresh<AccountPorts>) -> Outcome {
    let (now, [first, second]) = with_users(&fresh).await?;
    let port = &*fresh.port.passkeys;
    port.add(passkey(1, &first, now)).await?;
    let again = Passkey { id: id('b', 2), ..passkey(1, &second, now) };
    assert_eq!(
        fails(port.add(again).await, StoreErrorKind::Conflict)?.context(),
        "user_passkeys.credential_id"
    );
    fails(port.add(passkey(3, &id('f', 9), now)).await, StoreErrorKind::Invalid)?;
    Ok(())
}

async fn passkey_uses(fresh: Fresh<AccountPorts>) -> Outcome {
    let (now, [first, _]) = with_users(&fresh).await?;
    fresh.port.passkeys.add(passkey(1, &first, now)).await?;
    let mut last_used_at = None;
    for round in 1..=2_u32 {
        let at = now + SignedDuration::from_secs(round.into());
        let results = crowd(20, |member| {
            let port = fresh.port.passkeys.clone();
            async move { port.used(&id('b', 1), json!({"round": round, "by": member}), last_used_at, at).await }
        });
        let mut noted = Vec::new();
        for (member, result) in results.await?.into_iter().enumerate() {
            if result? {
                noted.push(member);
            }
        }
        assert_eq!(noted.len(), 1, "{noted:?}");
        let stored = there(fresh.port.passkeys.find("Credential_1-").await?)?;
        assert_eq!((stored.last_used_at, &stored.data["by"]), (Some(at), &json!(noted.first())));
        last_used_at = Some(at);
    }
    assert!(!fresh.port.passkeys.used("nothing", json!({}), None, now).await?);
    Ok(())
}

fn access_token(number: usize, user_id: &str, at: Timestamp) -> AccessToken {
    AccessToken {
        id: id('c', number),
        user_id: user_id.to_owned(),
        name: "a script".to_owned(),
        token: format!("hash {number}"),
        scopes: vec!["trees:read".to_owned(), "trees:write".to_owned()],
        created_at: at,
        expires_at: at + SignedDuration::from_secs(1),
        last_used_at: None,
    }
}

async fn access_tokens(fresh: Fresh<AccountPorts>) -> Outcome {
    let (now, [first, _]) = with_users(&fresh).await?;
    let port = &*fresh.port.access_tokens;
    let token = access_token(1, &first, now - SignedDuration::from_hours(1));
    port.add(token.clone()).await?;
    let off = UserChange { is_active: Some(false), ..UserChange::default() };
    let user = there(fresh.port.users.update(&first, off, now).await?)?;
    assert_eq!(port.find(&token.token).await?, Some((token.clone(), user)));
    assert_eq!(port.find(&"hash 2".to_owned()).await?, None);
    port.used(&token.id, now).await?;
    port.used("nothing", now).await?;
    assert_eq!(port.of_user(&first).await?, [AccessToken { last_used_at: Some(now), ..token.clone() }]);
    let again = AccessToken { id: id('c', 2), ..token };
    assert_eq!(fails(port.add(again).await, StoreErrorKind::Conflict)?.context(), "user_access_tokens.token");
    Ok(())
}

async fn access_tokens_removed(fresh: Fresh<AccountPorts>) -> Outcome {
    let (now, [first, second]) = with_users(&fresh).await?;
    let port = &*fresh.port.access_tokens;
    for number in 1..=3 {
        port.add(access_token(number, &first, now)).await?;
    }
    port.add(AccessToken { scopes: vec![], ..access_token(4, &second, now) }).await?;
    assert!(!port.remove(&second, &id('c', 1)).await?);
    assert!(!port.remove(&first, "nothing").await?);
    assert!(port.remove(&first, &id('c', 1)).await?);
    let names: Vec<_> = port.of_user(&first).await?.into_iter().map(|token| token.id).collect();
    assert_eq!(names, [id('c', 2), id('c', 3)]);
    assert_eq!(port.remove_all(&first).await?, 2);
    assert_eq!(port.remove_all(&first).await?, 0);
    assert_eq!(port.remove_all("nobody").await?, 0);
    assert_eq!(there(port.of_user(&second).await?.pop())?.scopes, Vec::<String>::new());
    Ok(())
}
