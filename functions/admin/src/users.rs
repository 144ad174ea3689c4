//! Accounts (contract E25 to E28), and the same without wrappers under the addresses of older versions.

use axum::Json;
use axum::extract::{Path, State};
use dzinza_ports::{Body, Role, User, UserFilter, UserOrder, UserPage};
use dzinza_web::{Admin, ClientInfo, JsonBody, Page, PageQuery, Paged, Problem, QueryParams, UserView};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::AdminPorts;
use crate::change::Wanted;
use crate::deeds::{self, By, no_account};
use crate::schema::AccountInput;

const PAGES: PageQuery = PageQuery { default: 20, max: 100 };
const PLAIN_PAGES: PageQuery = PageQuery { default: 100, max: 100 };
/// As many characters of an address as column `users.email` holds.
const MAX_EMAIL: usize = 255;

/// The answer to deactivating an account.
#[derive(Serialize, ToSchema)]
pub struct Deactivated {
    /// For people.
    message: String,
    /// The account as it is now.
    user: UserView,
}

/// Lists accounts, newest first (contract E25).
#[utoipa::path(get, path = "/api/admin/users", tag = "admin", operation_id = "listUsers", security(("bearer" = []), ("cookie" = [])),
    params(("page" = Option<u64>, Query, minimum = 1), ("limit" = Option<u32>, Query, minimum = 1, maximum = 100), ("email" = Option<String>, Query, description = "A part of the address"), ("role" = Option<String>, Query, description = "user, moderator or admin"),
        ("isActive" = Option<bool>, Query), ("sortBy" = Option<String>, Query, description = "createdAt (default), email or lastName"), ("sortOrder" = Option<String>, Query, description = "desc (default) or asc")),
    responses((status = 200, description = "A page of accounts"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 403, description = "Not an administrator")))]
pub async fn list(
    State(ports): State<AdminPorts>,
    _: Admin,
    query: QueryParams,
) -> Result<Json<Value>, Problem> {
    let page = PAGES.read(&query)?;
    let (users, total) = found(&ports, page, &query).await?;
    let shown = users.iter().map(|user| json!(UserView::of(user))).collect();
    Ok(Json(Paged::new(page, total).body(&["data"], shown)))
}

/// Lists accounts without a wrapper.
#[utoipa::path(get, path = "/api/users", tag = "admin", operation_id = "listUsersPlain", security(("bearer" = []), ("cookie" = [])),
    params(("skip" = Option<u64>, Query, minimum = 0), ("limit" = Option<u32>, Query, minimum = 1, maximum = 100)),
    responses((status = 200, description = "Accounts", body = Vec<UserView>), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 403, description = "Not an administrator")))]
pub async fn list_plain(
    State(ports): State<AdminPorts>,
    _: Admin,
    query: QueryParams,
) -> Result<Json<Vec<UserView>>, Problem> {
    let (users, _) = found(&ports, PLAIN_PAGES.read(&query)?, &query).await?;
    Ok(Json(users.iter().map(UserView::of).collect()))
}

async fn found(ports: &AdminPorts, page: Page, query: &QueryParams) -> Result<(Vec<User>, u64), Problem> {
    let email_part = query.text(&["email"]).map(str::to_owned);
    if email_part.as_ref().is_some_and(|part| part.chars().count() > MAX_EMAIL) {
        let message = format!("email must have at most {MAX_EMAIL} characters");
        return Err(Problem::field("email", "too_long", message));
    }
    let role = query.word(&["role"], &["user", "moderator", "admin"])?.and_then(Role::parse);
    let is_active = query.flag(&["isActive", "is_active"])?;
    let order = match query.word(&["sortBy", "sort_by"], &["createdAt", "email", "lastName"])? {
        Some("email") => UserOrder::Email,
        Some("lastName") => UserOrder::LastName,
        _ => UserOrder::CreatedAt,
    };
    let descending = query.word(&["sortOrder", "sort_order"], &["asc", "desc"])? != Some("asc");
    let filter = UserFilter { email_part, role, is_active, ..UserFilter::default() };
    let wanted = UserPage { filter, order, descending, offset: page.skip, limit: page.limit };
    Ok(ports.users.page(wanted).await?)
}

/// Reads an account (contract E26).
#[utoipa::path(get, path = "/api/admin/users/{id}", tag = "admin", operation_id = "showUser", security(("bearer" = []), ("cookie" = [])), params(("id" = String, Path)),
    responses((status = 200, description = "The account", body = UserView), (status = 401, description = "Not signed in"), (status = 403, description = "Not an administrator"), (status = 404, description = "No such account")))]
pub async fn show(
    State(ports): State<AdminPorts>,
    _: Admin,
    Path(id): Path<String>,
) -> Result<Json<UserView>, Problem> {
    Ok(Json(UserView::of(&one(&ports, &id).await?)))
}

/// Reads an account (older clients).
#[utoipa::path(get, path = "/api/users/{id}", tag = "admin", operation_id = "showUserPlain", security(("bearer" = []), ("cookie" = [])), params(("id" = String, Path)),
    responses((status = 200, description = "The account", body = UserView), (status = 401, description = "Not signed in"), (status = 403, description = "Not an administrator"), (status = 404, description = "No such account")))]
pub async fn show_plain(
    ports: State<AdminPorts>,
    admin: Admin,
    id: Path<String>,
) -> Result<Json<UserView>, Problem> {
    show(ports, admin, id).await
}

async fn one(ports: &AdminPorts, id: &str) -> Result<User, Problem> {
    ports.users.by_id(id).await?.ok_or_else(no_account)
}

/// Changes an account (contract E27). Another role, and deactivation, end its sessions.
#[utoipa::path(put, path = "/api/admin/users/{id}", tag = "admin", operation_id = "changeUser", security(("bearer" = []), ("cookie" = [])), params(("id" = String, Path)), request_body = AccountInput,
    responses((status = 200, description = "The account as it is now", body = UserView), (status = 400, description = "A field breaks a rule, or the caller would lose their own rights"), (status = 401, description = "Not signed in"), (status = 403, description = "Not an administrator"), (status = 404, description = "No such account"), (status = 409, description = "The address or the user name is taken, or it is the last administrator")))]
pub async fn change(
    State(ports): State<AdminPorts>,
    admin: Admin,
    client: ClientInfo,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<Json<UserView>, Problem> {
    changed(&ports, &admin, &client, &id, &body).await
}

/// Changes an account (older clients).
#[utoipa::path(put, path = "/api/users/{id}", tag = "admin", operation_id = "changeUserPlain", security(("bearer" = []), ("cookie" = [])), params(("id" = String, Path)), request_body = AccountInput,
    responses((status = 200, description = "The account as it is now", body = UserView), (status = 400, description = "A field breaks a rule, or the caller would lose their own rights"), (status = 401, description = "Not signed in"), (status = 403, description = "Not an administrator"), (status = 404, description = "No such account"), (status = 409, description = "The address or the user name is taken, or it is the last administrator")))]
pub async fn change_plain(
    State(ports): State<AdminPorts>,
    admin: Admin,
    client: ClientInfo,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<Json<UserView>, Problem> {
    changed(&ports, &admin, &client, &id, &body).await
}

async fn changed(
    ports: &AdminPorts,
    admin: &Admin,
    client: &ClientInfo,
    id: &str,
    body: &Body,
) -> Result<Json<UserView>, Problem> {
    let user = one(ports, id).await?;
    let wanted = Wanted::read(body, &user)?;
    let changed = deeds::apply(ports, &user, wanted, &By::Admin(admin, client)).await?;
    Ok(Json(UserView::of(&changed)))
}

/// Deactivates an account (contract E28). Nothing of it is removed; its sessions and tokens end.
#[utoipa::path(delete, path = "/api/admin/users/{id}", tag = "admin", operation_id = "deactivateUser", security(("bearer" = []), ("cookie" = [])), params(("id" = String, Path)),
    responses((status = 200, description = "It is inactive", body = Deactivated), (status = 400, description = "The caller's own account"), (status = 401, description = "Not signed in"), (status = 403, description = "Not an administrator"), (status = 404, description = "No such account"), (status = 409, description = "The last administrator")))]
pub async fn deactivate(
    State(ports): State<AdminPorts>,
    admin: Admin,
    client: ClientInfo,
    Path(id): Path<String>,
) -> Result<Json<Deactivated>, Problem> {
    let user = one(&ports, &id).await?;
    let (changed, was_active) = deeds::deactivate(&ports, &user, &By::Admin(&admin, &client)).await?;
    let message =
        if was_active { "The account has been deactivated" } else { "The account was deactivated already" };
    Ok(Json(Deactivated { message: message.to_owned(), user: UserView::of(&changed) }))
}

/// Deactivates an account (older clients).
#[utoipa::path(delete, path = "/api/users/{id}", tag = "admin", operation_id = "deactivateUserPlain", security(("bearer" = []), ("cookie" = [])), params(("id" = String, Path)),
    responses((status = 200, description = "It is inactive", body = UserView), (status = 400, description = "The caller's own account"), (status = 401, description = "Not signed in"), (status = 403, description = "Not an administrator"), (status = 404, description = "No such account"), (status = 409, description = "The last administrator")))]
pub async fn deactivate_plain(
    State(ports): State<AdminPorts>,
    admin: Admin,
    client: ClientInfo,
    Path(id): Path<String>,
) -> Result<Json<UserView>, Problem> {
    let user = one(&ports, &id).await?;
    let (changed, _) = deeds::deactivate(&ports, &user, &By::Admin(&admin, &client)).await?;
    Ok(Json(UserView::of(&changed)))
}
