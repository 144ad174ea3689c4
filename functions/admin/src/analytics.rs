//! Figures of the whole platform (contract E32), and a greeting (E35).

use axum::Json;
use axum::extract::State;
use dzinza_domain::collections::{ALL, EVENTS, FAMILY_TREES, GEDCOM_RECORDS};
use dzinza_domain::gedcom::RecordKind;
use dzinza_domain::store::Collection;
use dzinza_ports::{Filter, UserFilter, UserPage};
use dzinza_web::user_view::wire_time;
use dzinza_web::{Admin, Problem};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::AdminPorts;

/// Counts accounts, trees and what is in them.
#[utoipa::path(get, path = "/api/admin/analytics/summary", tag = "admin", operation_id = "summary", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "The counts"), (status = 401, description = "Not signed in"), (status = 403, description = "Not an administrator")))]
pub async fn summary(State(ports): State<AdminPorts>, _: Admin) -> Result<Json<Value>, Problem> {
    let now = ports.clock.now();
    let week = UserFilter { created_since: Some(now - days(7)), ..UserFilter::default() };
    let day = UserFilter { seen_since: Some(now - days(1)), ..UserFilter::default() };
    let media = Filter::eq("index.kind", RecordKind::Media.word());
    let comments = match comments() {
        Some(comments) => ports.documents.count(comments, Filter::All).await?,
        None => 0,
    };
    Ok(Json(json!({
        "totalUsers": ports.users.count().await?,
        "newUsersLast7Days": accounts(&ports, week).await?,
        "activeUsersLast24Hours": accounts(&ports, day).await?,
        "totalFamilyTrees": ports.documents.count(&FAMILY_TREES, Filter::All).await?,
        "totalEvents": ports.documents.count(&EVENTS, Filter::All).await?,
        "totalComments": comments,
        "totalMediaItems": ports.documents.count(&GEDCOM_RECORDS, media).await?,
        "lastUpdatedAt": wire_time(now),
    })))
}

/// Greets an administrator.
#[utoipa::path(get, path = "/api/admin/dashboard", tag = "admin", operation_id = "dashboard", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "A greeting"), (status = 401, description = "Not signed in"), (status = 403, description = "Not an administrator")))]
pub async fn dashboard(admin: Admin) -> Json<Value> {
    let name = admin.user.first_name.filter(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| "administrator".to_owned());
    Json(json!({ "message": format!("Welcome, {name}") }))
}

/// Comments are counted from the day that there is a collection of them.
pub(crate) fn comments() -> Option<&'static Collection> {
    let dated = |collection: &Collection| collection.fields.iter().any(|field| field.path == "createdAt");
    ALL.iter().copied().find(|collection| collection.name == "comments" && dated(collection))
}

async fn accounts(ports: &AdminPorts, filter: UserFilter) -> Result<u64, Problem> {
    let (_, total) = ports.users.page(UserPage { filter, limit: 1, ..UserPage::default() }).await?;
    Ok(total)
}

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}
