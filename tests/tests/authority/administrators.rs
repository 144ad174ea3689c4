//! What is for administrators is for nobody else, and tells nobody else what is there.

use crate::world::{Ids, Operation, World, operations};

/// All of it.
const ADMINISTRATION: &[&str] = &[
    "DELETE /api/admin/users/{id}",
    "DELETE /api/users/{id}",
    "GET /api/admin/analytics/content-trends",
    "GET /api/admin/analytics/summary",
    "GET /api/admin/analytics/user-trends",
    "GET /api/admin/audit",
    "GET /api/admin/dashboard",
    "GET /api/admin/settings",
    "GET /api/admin/system-health",
    "GET /api/admin/users",
    "GET /api/admin/users/{id}",
    "GET /api/users",
    "GET /api/users/{id}",
    "PUT /api/admin/settings",
    "PUT /api/admin/users/{id}",
    "PUT /api/users/{id}",
];

#[tokio::test]
async fn this_test_knows_all_of_administration() {
    let world = World::new("private").await;
    let all = operations(&world.owner).await;
    let mut found: Vec<String> =
        all.iter().filter(|one| one.is_administration()).map(Operation::name).collect();
    found.sort();
    assert_eq!(found, ADMINISTRATION);
    assert!(all.iter().filter(|one| one.is_administration()).all(|one| !one.public));
}

#[tokio::test]
async fn who_is_no_administrator_gets_403_whatever_they_name() {
    let world = World::new("private").await;
    let before = world.picture().await;
    // `{id}` stands for an account here.
    let real = Ids { relationship: world.owner.user_id.clone(), ..world.ids.clone() };
    let claims = [("x-user-id", world.owner.user_id.as_str()), ("x-user-roles", "admin")];
    for operation in operations(&world.owner).await.iter().filter(|one| one.is_administration()) {
        for headers in [&[][..], &claims] {
            let answer = real.call(&world.stranger, operation, headers).await.problem(403);
            let nothing = Ids::of_nothing().call(&world.stranger, operation, headers).await.problem(403);
            assert_eq!(answer["message"], nothing["message"], "{}", operation.name());
        }
    }
    assert_eq!(world.picture().await, before);
}
