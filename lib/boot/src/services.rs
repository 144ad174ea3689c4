//! What each service depends on, for those who ask how it is.

use dzinza_domain::collections::FAMILY_TREES;
use dzinza_domain::import::JOBS_QUEUE;
use dzinza_web::{Dependency, Service};
use dzinza_wiring::Stores;

/// A blob and a key that need not be there.
const NOTHING: &str = "health";

/// The services by the names that operators know (contract E31).
pub(crate) fn all(stores: &Stores) -> Vec<Service> {
    vec![
        of("auth", stores),
        of("trees", stores),
        Service { name: "storage-service", dependencies: vec![files(stores)] },
    ]
}

/// What stands behind a function of this name.
pub(crate) fn of(function: &str, stores: &Stores) -> Service {
    let (name, dependencies) = match function {
        "auth" => ("auth-service", vec![accounts(stores), counters(stores)]),
        "admin" => ("admin-service", vec![accounts(stores), counters(stores)]),
        "trees" => ("genealogy-service", vec![documents(stores), queue(stores)]),
        "people" => ("people-service", vec![documents(stores)]),
        "sources" => ("sources-service", vec![documents(stores)]),
        "stories" => ("stories-service", vec![documents(stores)]),
        "notifications" => ("notifications-service", vec![documents(stores)]),
        _ => ("service", Vec::new()),
    };
    Service { name, dependencies }
}

fn accounts(stores: &Stores) -> Dependency {
    let site = stores.site.clone();
    Dependency::essential("database", move || {
        let site = site.clone();
        async move { site.read().await.map(drop) }
    })
}

fn documents(stores: &Stores) -> Dependency {
    if let Some(mongodb) = stores.mongodb.clone() {
        return Dependency::essential("mongodb", move || mongodb());
    }
    let documents = stores.documents.clone();
    Dependency::essential("database", move || {
        let documents = documents.clone();
        async move { documents.get(&FAMILY_TREES, NOTHING).await.map(drop) }
    })
}

/// Where limits are counted. Without Redis each process counts for itself, so nobody is unwell because of that.
fn counters(stores: &Stores) -> Dependency {
    if let Some(redis) = stores.redis.clone() {
        return Dependency::other("redis", move || redis());
    }
    let limits = stores.limits.clone();
    Dependency::other("counters", move || {
        let limits = limits.clone();
        async move { limits.get(&[NOTHING]).await.map(drop) }
    })
}

fn queue(stores: &Stores) -> Dependency {
    let queue = stores.queue.clone();
    Dependency::other("queue", move || {
        let queue = queue.clone();
        async move { queue.depth(JOBS_QUEUE).await.map(drop) }
    })
}

fn files(stores: &Stores) -> Dependency {
    let blobs = stores.blobs.clone();
    Dependency::other("files", move || {
        let blobs = blobs.clone();
        async move { blobs.head(NOTHING).await.map(drop) }
    })
}
