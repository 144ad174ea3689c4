//! The platform keeps somebody who administers it.

use dzinza_ports::{Role, UserChange};
use http::Method;
use serde_json::json;

use crate::support::{House, PASSWORD, Reply};

const RUDO: &str = "rudo@example.org";
const TENDAI: &str = "tendai@example.org";
const WAYS: [&str; 2] = ["/api/auth/deactivate", "/api/auth/delete-account"];

async fn leave(house: &House, path: &str, access: &str) -> Reply {
    let body = json!({ "password": PASSWORD });
    house.call(Method::POST, path).bearer(access).json(&body).send().await
}

fn admin() -> UserChange {
    UserChange { role: Some(Role::Admin), ..UserChange::default() }
}

#[tokio::test]
async fn the_last_administrator_stays_and_goes_once_there_is_another() {
    let superuser = UserChange { is_superuser: Some(true), ..UserChange::default() };
    for path in WAYS {
        for rank in [admin(), superuser.clone()] {
            let house = House::new();
            let signed_in = house.register(RUDO).await;
            house.register(TENDAI).await;
            house.change(RUDO, rank).await;
            // Who is deactivated administers nothing.
            let gone = UserChange { is_active: Some(false), ..admin() };
            house.change(TENDAI, gone).await;
            let refused = leave(&house, path, signed_in.access()).await;
            assert_eq!(refused.status, 409, "{path}: {}", refused.body);
            assert!(
                refused.body["message"].as_str().unwrap().contains("Make somebody else an administrator")
            );
            assert_eq!(house.me(signed_in.access()).await, 200, "nothing has ended");
            let user = house.user(RUDO).await;
            assert!(user.is_active && user.erase_after.is_none());
            house.letters(0).await;
            house.change(TENDAI, UserChange { is_active: Some(true), ..UserChange::default() }).await;
            assert_eq!(leave(&house, path, signed_in.access()).await.status, 200, "{path}");
            assert!(!house.user(RUDO).await.is_active);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_administrators_who_leave_at_the_same_moment_one_stays() {
    let house = House::new();
    let mut leaving = Vec::new();
    for number in 0..6 {
        let email = format!("admin{number}@example.org");
        let access = house.register(&email).await.access().to_owned();
        house.change(&email, admin()).await;
        leaving.push((WAYS[number % 2], access));
    }
    let tasks: Vec<_> = leaving
        .into_iter()
        .map(|(path, access)| {
            let house = house.clone();
            tokio::spawn(async move { leave(&house, path, &access).await.status.as_u16() })
        })
        .collect();
    let mut statuses = Vec::new();
    for task in tasks {
        statuses.push(task.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 409]);
}
