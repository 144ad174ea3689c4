//! Giving up an account, having it erased, and coming back.

use std::time::Duration;

use dzinza_domain::collections::{FAMILY_TREES, NOTIFICATIONS};
use dzinza_domain::leaving::{self, Wish};
use dzinza_domain::tree;
use dzinza_ports::{AccessToken, ERASURE_BEGUN, Filter, Query, UserChange};
use http::Method;
use serde_json::{Value, json};

use crate::support::{House, PASSWORD, Reply};

const RUDO: &str = "rudo@example.org";
const TENDAI: &str = "tendai@example.org";

async fn leave(house: &House, access: &str, body: Value) -> Reply {
    house.call(Method::POST, "/api/auth/delete-account").bearer(access).json(&body).send().await
}

async fn deactivate(house: &House, access: &str, body: Value) -> Reply {
    house.call(Method::POST, "/api/auth/deactivate").bearer(access).json(&body).send().await
}

/// A tree of an account in which these others work.
async fn add_tree(house: &House, id: &str, owner: &str, others: &[(&str, &str)]) {
    let mut collaborators = Vec::new();
    for (email, role) in others {
        let user = house.user(email).await.id;
        collaborators
            .push(json!({ "userId": user, "role": role, "acceptedAt": "2026-01-01T00:00:00.000000Z" }));
    }
    let fields = json!({ "name": format!("Tree {id}"), "collaborators": collaborators });
    let owner = house.user(owner).await.id;
    let (_, batch) =
        tree::create(id, &owner, fields.as_object().unwrap().clone(), "2026-01-01T00:00:00.000000Z");
    house.ports.documents.commit(batch).await.unwrap();
}

async fn wish(house: &House, id: &str) -> Option<Wish> {
    leaving::wish(&house.ports.documents.get(&FAMILY_TREES, id).await.unwrap().unwrap().body)
}

async fn notified(house: &House, email: &str) -> Vec<String> {
    let own = Query::new(Filter::eq("userId", house.user(email).await.id));
    let found = house.ports.documents.find(&NOTIFICATIONS, own).await.unwrap();
    found.iter().map(|one| one.body["type"].as_str().unwrap().to_owned()).collect()
}

async fn add_access_token(house: &House, email: &str) {
    let now = house.ports.clock.now();
    let token = AccessToken {
        id: house.ports.ids.new_id(),
        user_id: house.user(email).await.id,
        name: "script".to_owned(),
        token: "h".repeat(64),
        scopes: vec![],
        created_at: now,
        expires_at: now + Duration::from_hours(100),
        last_used_at: None,
    };
    house.ports.access_tokens.add(token).await.unwrap();
}

#[tokio::test]
async fn a_deactivated_account_is_signed_out_everywhere_and_cannot_come_back_by_itself() {
    let house = House::new();
    let first = house.register(RUDO).await;
    let second = house.login(RUDO, PASSWORD).await;
    add_access_token(&house, RUDO).await;
    house.advance_minutes(1);
    let reply = deactivate(&house, second.access(), json!({ "password": PASSWORD })).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.clears_cookies();
    assert!(reply.body["message"].is_string());
    for pair in [&first, &second] {
        assert_eq!(house.me(pair.access()).await, 401);
        assert_eq!(house.refresh(pair.refresh()).await.status, 401);
    }
    let user = house.user(RUDO).await;
    assert!(!user.is_active && user.deleted_at.is_some() && user.erase_after.is_none());
    assert!(house.ports.access_tokens.of_user(&user.id).await.unwrap().is_empty());
    assert_eq!(house.last_entry().action, "ACCOUNT_DEACTIVATED");
    assert!(house.letters(1).await[0].contains("deactivated"));
    assert_eq!(house.login(RUDO, PASSWORD).await.status, 403);
    assert_eq!(house.login(RUDO, "Wrong-1890").await.status, 401);
}

#[tokio::test]
async fn leaving_wants_the_password_and_counts_the_wrong_ones() {
    for path in ["/api/auth/deactivate", "/api/auth/delete-account"] {
        let house = House::new();
        let signed_in = house.register(RUDO).await;
        let ask = async |body: Value| {
            house.call(Method::POST, path).bearer(signed_in.access()).json(&body).send().await
        };
        for body in
            [json!({}), json!({ "password": "" }), json!({ "password": null }), json!({ "password": 1 })]
        {
            assert_eq!(ask(body).await.fields(), ["password"]);
        }
        assert_eq!(ask(json!({ "password": "x".repeat(73) })).await.fields(), ["password"]);
        for _ in 0..5 {
            let wrong = ask(json!({ "password": "Mutupo-1891" })).await;
            assert_eq!(
                (wrong.fields(), &wrong.body["errors"][0]["type"]),
                (vec!["password"], &json!("wrong_password"))
            );
        }
        let locked = ask(json!({ "password": PASSWORD })).await;
        assert_eq!(locked.status, 423);
        assert!(locked.number("retry-after") > 0);
        assert!(house.user(RUDO).await.is_active);
        assert_eq!(house.me(signed_in.access()).await, 200);
        assert_eq!(
            house.call(Method::POST, path).json(&json!({ "password": PASSWORD })).send().await.status,
            401
        );
        // By cookie from a page of somebody else's.
        let foreign = house
            .call(Method::POST, path)
            .cookie(signed_in.access())
            .header("origin", "https://evil.example");
        assert_eq!(foreign.json(&json!({ "password": PASSWORD })).send().await.status, 403);
    }
}

#[tokio::test]
async fn an_account_without_a_password_must_have_signed_in_a_moment_ago() {
    let house = House::new();
    let signed_in = house.register(RUDO).await;
    house.change(RUDO, UserChange { password_hash: Some("!".to_owned()), ..UserChange::default() }).await;
    house.advance_minutes(11);
    for reply in [
        deactivate(&house, signed_in.access(), json!({ "password": PASSWORD })).await,
        leave(&house, signed_in.access(), json!({})).await,
    ] {
        assert_eq!(
            (reply.fields(), &reply.body["errors"][0]["type"]),
            (vec!["password"], &json!("login_too_old"))
        );
    }
    let house = House::new();
    let signed_in = house.register(RUDO).await;
    house.change(RUDO, UserChange { password_hash: Some("!".to_owned()), ..UserChange::default() }).await;
    house.advance_minutes(9);
    assert_eq!(leave(&house, signed_in.access(), json!({})).await.status, 200);
}

#[tokio::test]
async fn an_account_to_be_erased_is_closed_at_once_and_signing_in_takes_it_back() {
    let house = House::new();
    let signed_in = house.register(RUDO).await;
    add_tree(&house, "own", RUDO, &[]).await;
    add_access_token(&house, RUDO).await;
    house.advance_minutes(1);
    let reply = leave(&house, signed_in.access(), json!({ "password": PASSWORD })).await;
    assert_eq!((reply.status.as_u16(), &reply.body["trees"]), (200, &json!([])), "{}", reply.body);
    reply.clears_cookies();
    let user = house.user(RUDO).await;
    let grace = Duration::from_hours(24 * 30);
    assert_eq!(user.erase_after, Some(house.ports.clock.now() + grace));
    assert_eq!(reply.body["eraseAfter"], format!("{:.6}", user.erase_after.unwrap()));
    assert!(!user.is_active && user.deleted_at.is_some());
    assert!(house.ports.access_tokens.of_user(&user.id).await.unwrap().is_empty());
    assert_eq!(house.me(signed_in.access()).await, 401);
    assert_eq!(house.refresh(signed_in.refresh()).await.status, 401);
    assert_eq!(house.last_entry().action, "ACCOUNT_ERASURE_REQUESTED");
    assert!(house.letters(1).await[0].contains("will be erased"));
    // Not with a wrong password, and not by asking for a new one.
    assert_eq!(house.login(RUDO, "Wrong-1890").await.status, 401);
    assert!(house.user(RUDO).await.erase_after.is_some());
    house.advance_minutes(29 * 24 * 60);
    let back = house.login(RUDO, PASSWORD).await;
    assert_eq!((back.status.as_u16(), &back.body["user"]["isActive"]), (200, &json!(true)));
    let user = house.user(RUDO).await;
    assert!(user.is_active && user.deleted_at.is_none() && user.erase_after.is_none());
    assert_eq!(house.me(back.access()).await, 200);
    assert!(house.recorded().contains(&"ACCOUNT_ERASURE_CANCELLED".to_owned()));
    assert!(house.letters(2).await[1].contains("will not be erased"));
}

#[tokio::test]
async fn nobody_comes_back_to_an_account_whose_erasure_has_begun() {
    let house = House::new();
    house.register(RUDO).await;
    let begun = UserChange {
        is_active: Some(false),
        erase_after: Some(Some(ERASURE_BEGUN)),
        ..UserChange::default()
    };
    house.change(RUDO, begun).await;
    assert_eq!(house.login(RUDO, PASSWORD).await.status, 403);
    assert_eq!(house.user(RUDO).await.erase_after, Some(ERASURE_BEGUN));
}

#[tokio::test]
async fn it_must_be_said_what_becomes_of_trees_in_which_others_work() {
    let house = House::new();
    let signed_in = house.register(RUDO).await;
    for email in [TENDAI, "farai@example.org", "stranger@example.org"] {
        house.register(email).await;
    }
    add_tree(&house, "t1", RUDO, &[(TENDAI, "editor"), ("farai@example.org", "viewer")]).await;
    add_tree(&house, "t2", RUDO, &[(TENDAI, "viewer")]).await;
    add_tree(&house, "t3", RUDO, &[]).await;
    add_tree(&house, "t4", TENDAI, &[(RUDO, "admin")]).await;
    let ask = async |trees: Value| {
        leave(&house, signed_in.access(), json!({ "password": PASSWORD, "trees": trees })).await
    };
    let nothing = ask(json!({})).await;
    assert_eq!(nothing.fields(), ["trees.t1", "trees.t2"]);
    let named = nothing.body["trees"].as_array().unwrap();
    assert_eq!((named.len(), &named[0]["name"]), (2, &json!("Tree t1")));
    let tendai = house.user(TENDAI).await.id;
    assert_eq!(
        named[0]["collaborators"][0],
        json!({ "userId": tendai, "role": "editor", "name": "Tendai Moyo" })
    );
    for (trees, fields) in [
        (json!({ "t1": "delete" }), vec!["trees.t2"]),
        (json!({ "t1": "delete", "t2": { "to": "stranger@example.org" } }), vec!["trees.t2.to"]),
        (json!({ "t1": "delete", "t2": { "to": "nobody@example.org" } }), vec!["trees.t2.to"]),
        (json!({ "t1": "delete", "t2": { "to": house.user(RUDO).await.id } }), vec!["trees.t2.to"]),
        (json!({ "t1": "delete", "t2": "delete", "t3": { "to": TENDAI } }), vec!["trees.t3.to"]),
        (json!({ "t1": "delete", "t2": "delete", "t4": "delete" }), vec!["trees.t4"]),
        (json!({ "t1": "keep" }), vec!["trees.t1"]),
        (json!({ "t1": { "to": 1 } }), vec!["trees.t1"]),
        (json!({ "t1": { "to": "x".repeat(256) } }), vec!["trees.t1"]),
        (json!(["t1"]), vec!["trees"]),
    ] {
        assert_eq!(ask(trees.clone()).await.fields(), fields, "{trees}");
    }
    assert!(house.user(RUDO).await.is_active);
    assert_eq!(wish(&house, "t1").await, None);
    assert!(notified(&house, TENDAI).await.is_empty());
    let said = ask(json!({ "t1": { "to": "Tendai@Example.org" }, "t2": "DELETE", "t3": "delete" })).await;
    assert_eq!(said.status, 200, "{}", said.body);
    let becomes = |n: usize| (said.body["trees"][n]["becomes"].clone(), said.body["trees"][n]["to"].clone());
    assert_eq!(becomes(0), (json!("handedOver"), json!(tendai)));
    assert_eq!(becomes(1), (json!("deleted"), Value::Null));
    assert_eq!(wish(&house, "t1").await, Some(Wish::HandOver(tendai)));
    assert_eq!(wish(&house, "t2").await, Some(Wish::Delete));
    assert_eq!(notified(&house, TENDAI).await, ["tree_handover"]);
    let letters = house.letters(2).await;
    let heir = letters.iter().find(|letter| letter.contains("To: tendai@example.org")).unwrap();
    assert!(heir.contains("Tree t1") && !heir.contains("Tree t2"), "{heir}");
    // Coming back takes all of it back.
    house.advance_minutes(1);
    assert_eq!(house.login(RUDO, PASSWORD).await.status, 200);
    for tree in ["t1", "t2", "t3"] {
        assert_eq!(wish(&house, tree).await, None);
    }
    let mut told = notified(&house, TENDAI).await;
    told.sort();
    assert_eq!(told, ["tree_handover", "tree_handover_cancelled"]);
}

#[tokio::test]
async fn an_heir_who_cannot_sign_in_is_none() {
    let house = House::new();
    let signed_in = house.register(RUDO).await;
    house.register(TENDAI).await;
    add_tree(&house, "t1", RUDO, &[(TENDAI, "editor")]).await;
    house.change(TENDAI, UserChange { is_active: Some(false), ..UserChange::default() }).await;
    let body = json!({ "password": PASSWORD, "trees": { "t1": { "to": TENDAI } } });
    let refused = leave(&house, signed_in.access(), body).await;
    assert_eq!(refused.fields(), ["trees.t1.to"]);
    assert_eq!(refused.body["trees"][0]["collaborators"], json!([]));
}

#[tokio::test]
async fn of_many_who_ask_or_come_back_at_once_one_does() {
    let house = House::new();
    let signed_in = house.register(RUDO).await;
    let asked = futures::future::join_all((0..10).map(|_| {
        let (house, access) = (house.clone(), signed_in.access().to_owned());
        tokio::spawn(
            async move { leave(&house, &access, json!({ "password": PASSWORD })).await.status.as_u16() },
        )
    }));
    let mut statuses: Vec<u16> = asked.await.into_iter().map(Result::unwrap).collect();
    statuses.sort_unstable();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 200 | 401 | 409)), "{statuses:?}");
    let back = futures::future::join_all((0..5).map(|_| {
        let house = house.clone();
        tokio::spawn(async move { house.login(RUDO, PASSWORD).await.status })
    }));
    assert!(back.await.into_iter().all(|status| status.unwrap() == 200));
    let cancelled = house.recorded().iter().filter(|action| *action == "ACCOUNT_ERASURE_CANCELLED").count();
    assert_eq!(cancelled, 1);
}

#[tokio::test]
async fn an_account_with_a_second_factor_goes_and_comes_back_with_a_code_only() {
    let house = House::new();
    let signed_in = house.register(RUDO).await;
    let codes: Vec<String> =
        ["ABCDEFGHJK", "BCDEFGHJKL"].iter().map(|code| bcrypt::hash(code, 4).unwrap()).collect();
    let factor = UserChange {
        mfa_enabled: Some(true),
        mfa_backup_codes: Some(Some(json!(codes).to_string())),
        ..UserChange::default()
    };
    house.change(RUDO, factor).await;
    house.advance_minutes(1);
    let ask = async |code: Value| {
        leave(&house, signed_in.access(), json!({ "password": PASSWORD, "mfaCode": code })).await
    };
    for (code, kind) in
        [(Value::Null, "required"), (json!("ZZZZZZZZZZ"), "wrong_code"), (json!("000000"), "wrong_code")]
    {
        let refused = ask(code).await;
        assert_eq!((refused.fields(), &refused.body["errors"][0]["type"]), (vec!["mfaCode"], &json!(kind)));
    }
    assert_eq!(house.last_entry().action, "ACCOUNT_ERASURE_REFUSED");
    assert!(house.user(RUDO).await.is_active);
    assert_eq!(ask(json!("ABCD-EFGHJK")).await.status, 200);
    house.advance_minutes(1);
    let half = house.login(RUDO, PASSWORD).await;
    assert_eq!((half.status.as_u16(), &half.body["requireMfa"]), (200, &json!(true)));
    assert!(house.user(RUDO).await.erase_after.is_some(), "a password alone brings nobody back");
    let used_up = json!({ "email": RUDO, "password": PASSWORD, "mfaCode": "ABCDEFGHJK" });
    assert_eq!(house.post("/api/auth/login", used_up).await.status, 401);
    assert!(house.user(RUDO).await.erase_after.is_some());
    let back = json!({ "email": RUDO, "password": PASSWORD, "mfaCode": "BCDEFGHJKL" });
    assert_eq!(house.post("/api/auth/login", back).await.status, 200);
    assert!(house.user(RUDO).await.is_active);
}
