//! What happened to an account.

use axum::Json;
use axum::extract::State;
use dzinza_ports::AuditEntry;
use dzinza_web::user_view::wire_time;
use dzinza_web::{Admin, PageQuery, Paged, Problem, QueryParams};
use serde_json::{Value, json};

use crate::AdminPorts;
use crate::deeds::no_account;

const PAGES: PageQuery = PageQuery { default: 50, max: 100 };
/// As many entries of an account as can be looked at.
const NEWEST: u32 = 1000;

/// Lists the newest thousand entries of an account's audit trail, newest first.
#[utoipa::path(get, path = "/api/admin/audit", tag = "admin", operation_id = "listAudit", security(("bearer" = []), ("cookie" = [])),
    params(("userId" = String, Query), ("page" = Option<u64>, Query, minimum = 1), ("limit" = Option<u32>, Query, minimum = 1, maximum = 100)),
    responses((status = 200, description = "A page of entries"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 403, description = "Not an administrator"), (status = 404, description = "No such account")))]
pub async fn list(
    State(ports): State<AdminPorts>,
    _: Admin,
    query: QueryParams,
) -> Result<Json<Value>, Problem> {
    let page = PAGES.read(&query)?;
    let id = query.text(&["userId", "user_id"]);
    let id = id.ok_or_else(|| Problem::field("userId", "required", "userId is required"))?;
    let user = ports.users.by_id(id).await?.ok_or_else(no_account)?;
    let entries = ports.audit.of_user(&user.id, NEWEST).await?;
    let (total, skip) = (entries.len() as u64, usize::try_from(page.skip).unwrap_or(usize::MAX));
    let shown = entries.iter().skip(skip).take(page.limit as usize).map(shown).collect();
    Ok(Json(Paged::new(page, total).body(&["data"], shown)))
}

fn shown(entry: &AuditEntry) -> Value {
    json!({
        "id": entry.id, "_id": entry.id, "userId": entry.user_id, "action": entry.action,
        "ipAddress": entry.ip_address, "userAgent": entry.user_agent,
        "timestamp": wire_time(entry.timestamp), "details": entry.details,
    })
}
