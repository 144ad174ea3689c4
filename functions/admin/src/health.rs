//! How the platform is (contract E31).

use axum::Json;
use axum::extract::State;
use dzinza_web::user_view::wire_time;
use dzinza_web::{Admin, Caller, Looked, Problem};
use futures::future::join_all;
use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::AdminPorts;

/// Tells how every service and what it depends on is. 503 only if nothing goes.
#[utoipa::path(get, path = "/api/admin/system-health", tag = "admin", operation_id = "systemHealth", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "UP or DEGRADED"), (status = 401, description = "Not signed in"), (status = 403, description = "Not an administrator"), (status = 503, description = "DOWN")))]
pub async fn show(
    State(ports): State<AdminPorts>,
    caller: Caller,
) -> Result<(StatusCode, Json<Value>), Problem> {
    // When the accounts cannot be reached, the token alone must do, or nobody could see that they cannot.
    let told_admin = caller.is_admin();
    match Admin::of(&*ports.users, caller).await {
        Err(problem) if told_admin && problem.status().is_server_error() => {}
        checked => drop(checked?),
    }
    let found = join_all(ports.services.iter().map(dzinza_web::Service::look)).await;
    let now = wire_time(ports.clock.now());
    let all = || found.iter().flatten();
    let (overall, status) = if all().any(|one| one.essential && one.reason.is_some()) {
        ("DOWN", StatusCode::SERVICE_UNAVAILABLE)
    } else if all().any(|one| one.reason.is_some()) {
        ("DEGRADED", StatusCode::OK)
    } else {
        ("UP", StatusCode::OK)
    };
    let named = ports.services.iter().zip(&found);
    let services: Vec<Value> = named
        .map(|(service, found)| {
            let dependencies: Map<String, Value> = found.iter().map(shown).collect();
            let details = json!({ "timestamp": now, "dependencies": dependencies });
            json!({ "name": service.name, "status": word(found), "details": details })
        })
        .collect();
    Ok((status, Json(json!({ "overallStatus": overall, "timestamp": now, "services": services }))))
}

/// A service is down without what is essential to it, or without all it has.
fn word(found: &[Looked]) -> &'static str {
    let down = |one: &Looked| one.reason.is_some();
    if found.is_empty() {
        "UNKNOWN"
    } else if found.iter().all(down) || found.iter().any(|one| one.essential && down(one)) {
        "DOWN"
    } else if found.iter().any(down) {
        "DEGRADED"
    } else {
        "UP"
    }
}

fn shown(one: &Looked) -> (String, Value) {
    let mut told = json!({ "status": one.word() });
    if let Some(reason) = one.reason {
        told["reason"] = json!(reason);
    }
    (one.name.to_owned(), told)
}
