//! The settings of the platform (contract E29, E30).

use axum::Json;
use axum::extract::State;
use dzinza_domain::site::Site;
use dzinza_ports::{Body, SiteRecord};
use dzinza_web::user_view::wire_time;
use dzinza_web::{Admin, ClientInfo, JsonBody, Problem, Retry, retry_stale};
use serde_json::{Value, json};

use crate::AdminPorts;
use crate::schema::SettingsInput;

/// What the settings are called where everything has an id.
const ID: &str = "global_settings";

/// Reads the settings of the platform (contract E29).
#[utoipa::path(get, path = "/api/admin/settings", tag = "admin", operation_id = "showSettings", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "The settings"), (status = 401, description = "Not signed in"), (status = 403, description = "Not an administrator")))]
pub async fn show(State(ports): State<AdminPorts>, _: Admin) -> Result<Json<Body>, Problem> {
    Ok(Json(shown(&present(&ports).await?)))
}

/// Changes the settings of the platform (contract E30). What is in force elsewhere follows within five seconds.
#[utoipa::path(put, path = "/api/admin/settings", tag = "admin", operation_id = "changeSettings", security(("bearer" = []), ("cookie" = [])), request_body = SettingsInput,
    responses((status = 200, description = "The settings as they are now"), (status = 400, description = "A field breaks a rule"), (status = 401, description = "Not signed in"), (status = 403, description = "Not an administrator"), (status = 409, description = "Others do not stop changing them")))]
pub async fn change(
    State(ports): State<AdminPorts>,
    admin: Admin,
    client: ClientInfo,
    JsonBody(body): JsonBody,
) -> Result<Json<Body>, Problem> {
    let (by, ports_ref, body) = (&admin.user.id, &ports, &body);
    let (record, fields) = retry_stale(|| async move { attempt(ports_ref, by, body).await }).await?;
    if !fields.is_empty() {
        ports.site.forget();
        let details = json!({ "fields": fields });
        ports.recorder().record("ADMIN_SETTINGS_UPDATED", Some(by), &client, details).await;
    }
    Ok(Json(shown(&record)))
}

/// One read, computation and write.
async fn attempt(
    ports: &AdminPorts,
    by: &str,
    body: &Body,
) -> Result<(SiteRecord, Vec<&'static str>), Retry> {
    let mut record = present(ports).await?;
    let before = Site::read(&record.data);
    let after = before.changed(body).map_err(Problem::from)?;
    let fields = after.differences(&before);
    if fields.is_empty() {
        return Ok((record, fields));
    }
    let now = ports.clock.now();
    // What other versions keep there stays.
    let mut data = record.data.as_object().cloned().unwrap_or_default();
    data.extend(after.write());
    let data = Value::Object(data);
    if !ports.site.store().write(data.clone(), Some(by), record.version, now).await? {
        return Err(Retry::Stale);
    }
    record = SiteRecord {
        version: record.version + 1,
        data,
        updated_by: Some(by.to_owned()),
        updated_at: now,
        ..record
    };
    Ok((record, fields))
}

/// The settings, written down with their defaults by the first who asks.
async fn present(ports: &AdminPorts) -> Result<SiteRecord, Problem> {
    let store = ports.site.store();
    if let Some(record) = store.read().await? {
        return Ok(record);
    }
    // Whoever is faster writes the same.
    store.write(Value::Object(Site::default().write()), None, 0, ports.clock.now()).await?;
    store.read().await?.ok_or_else(Problem::unavailable)
}

fn shown(record: &SiteRecord) -> Body {
    let mut body = Body::new();
    body.insert("_id".into(), json!(ID));
    body.extend(Site::read(&record.data).write());
    body.insert("updatedBy".into(), json!(record.updated_by));
    body.insert("createdAt".into(), json!(wire_time(record.created_at)));
    body.insert("updatedAt".into(), json!(wire_time(record.updated_at)));
    body
}
