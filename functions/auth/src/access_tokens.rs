//! Tokens that programs act with for their owner: shown once, stored as a hash, listed and removed in a session only.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use dzinza_domain::FieldProblem;
use dzinza_domain::fields::Input;
use dzinza_ports::{AccessToken, Body};
use dzinza_web::user_view::wire_time;
use dzinza_web::{Caller, ClientInfo, JsonBody, Problem, Scope, new_program_token, program_token_hash};
use http::{StatusCode, header};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::input::{filled_line, note};
use crate::notices::keys;
use crate::owner::{Owner, Proof};
use crate::wire::keys::{AccessTokenList, AccessTokenRequest, AccessTokenView, NewAccessToken};
use crate::wire::{ErrorBody, Message};
use crate::{Service, audit};

/// Tokens an account may have.
const MOST: usize = 50;
const DEFAULT_DAYS: u64 = 90;
const MOST_DAYS: u64 = 365;

/// The caller's tokens for programs.
#[utoipa::path(
    get, path = "/api/auth/tokens", tag = "auth", operation_id = "accessTokens",
    security(("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The tokens, without what would let anyone use them", body = AccessTokenList),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "Not for programs", body = ErrorBody),
    )
)]
pub(crate) async fn access_tokens(
    State(service): State<Service>,
    caller: Caller,
) -> Result<Json<AccessTokenList>, Problem> {
    let tokens = service.ports.access_tokens.of_user(&caller.user_id).await?;
    Ok(Json(AccessTokenList { tokens: tokens.into_iter().map(view).collect() }))
}

/// Make a token for a program. Takes the password, unless the sign-in was within ten minutes.
#[utoipa::path(
    post, path = "/api/auth/tokens", tag = "auth", operation_id = "makeAccessToken",
    security(("bearer" = []), ("cookie" = [])),
    request_body = AccessTokenRequest,
    responses(
        (status = 201, description = "The token, shown this once", body = NewAccessToken),
        (status = 400, description = "A field breaks a rule, or the password is missing or wrong", body = ErrorBody),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "Not for programs", body = ErrorBody),
        (status = 409, description = "There are as many as there may be", body = ErrorBody),
        (status = 423, description = "Too many wrong passwords; see `retryAfter`", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn make_access_token(
    State(service): State<Service>,
    client: ClientInfo,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let ports = &service.ports;
    let wanted = Wanted::read(&body)?;
    let proof = Proof::read(&body)?;
    let owner = Owner::of(&service, &client, &caller, "ACCESS_TOKEN_REFUSED").await?;
    let user = &owner.user;
    if ports.access_tokens.of_user(&user.id).await?.len() >= MOST {
        let message = format!("There are {MOST} access tokens already. Remove one first.");
        return Err(Problem::conflict(message));
    }
    owner.fresh_or_password(proof).await?;
    let token = new_program_token();
    let now = ports.clock.now();
    let row = AccessToken {
        id: ports.ids.new_id(),
        user_id: user.id.clone(),
        name: wanted.name,
        token: program_token_hash(&token).ok_or_else(Problem::internal)?,
        scopes: wanted.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
        created_at: now,
        expires_at: now + SignedDuration::from_hours(24 * i64::try_from(wanted.days).unwrap_or(1)),
        last_used_at: None,
    };
    ports.access_tokens.add(row.clone()).await?;
    let details = json!({ "tokenId": row.id, "scopes": row.scopes });
    audit::record(ports, "ACCESS_TOKEN_CREATED", Some(&user.id), &client, details).await;
    keys::post(ports, keys::access_token_made(ports, user).await).await;
    let headers = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, headers, Json(NewAccessToken { token, shown: view(row) })).into_response())
}

/// Remove a token; it opens nothing from then on.
#[utoipa::path(
    delete, path = "/api/auth/tokens/{tokenId}", tag = "auth", operation_id = "removeAccessToken",
    params(("tokenId" = String, Path, description = "The token's id, not the token")),
    security(("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "Removed", body = Message),
        (status = 401, description = "Not signed in", body = ErrorBody),
        (status = 403, description = "Not for programs", body = ErrorBody),
        (status = 404, description = "The caller has no such token", body = ErrorBody),
    )
)]
pub(crate) async fn remove_access_token(
    State(service): State<Service>,
    client: ClientInfo,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Message>, Problem> {
    let ports = &service.ports;
    if !ports.access_tokens.remove(&caller.user_id, &id).await? {
        return Err(Problem::not_found("There is no such access token"));
    }
    let details = json!({ "tokenId": id });
    audit::record(ports, "ACCESS_TOKEN_REVOKED", Some(&caller.user_id), &client, details).await;
    Ok(Json(Message { message: "The access token is removed".to_owned() }))
}

struct Wanted {
    name: String,
    scopes: Vec<Scope>,
    days: u64,
}

impl Wanted {
    fn read(body: &Body) -> Result<Self, Problem> {
        let input = Input(body);
        let mut problems = Vec::new();
        let name = filled_line(input.get(&["name"]), "name", 100)
            .and_then(|name| name.ok_or_else(|| FieldProblem::required("name")));
        let name = note(name, &mut problems);
        let scopes = note(scopes(input.get(&["scopes"])), &mut problems);
        let days = note(days(input.get(&["expiresInDays", "expires_in_days"])), &mut problems);
        match (name, scopes, days) {
            (Some(name), Some(scopes), Some(days)) => Ok(Self { name, scopes, days }),
            _ => Err(problems.into()),
        }
    }
}

fn scopes(value: Option<&Value>) -> Result<Vec<Scope>, FieldProblem> {
    let bad = || FieldProblem::new("scopes", "invalid_scope", "scopes must be a list of read and write");
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return Err(FieldProblem::required("scopes"));
    };
    let listed = value.as_array().filter(|list| (1..=10).contains(&list.len())).ok_or_else(bad)?;
    let mut scopes = Vec::new();
    for scope in listed {
        let scope = scope.as_str().and_then(Scope::parse).ok_or_else(bad)?;
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    Ok(scopes)
}

fn days(value: Option<&Value>) -> Result<u64, FieldProblem> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(DEFAULT_DAYS) };
    value.as_u64().filter(|days| (1..=MOST_DAYS).contains(days)).ok_or_else(|| {
        let message = format!("expiresInDays must be a whole number from 1 to {MOST_DAYS}");
        FieldProblem::new("expiresInDays", "out_of_range", message)
    })
}

fn view(token: AccessToken) -> AccessTokenView {
    AccessTokenView {
        id: token.id,
        name: token.name,
        scopes: token.scopes,
        created_at: wire_time(token.created_at),
        expires_at: wire_time(token.expires_at),
        last_used_at: token.last_used_at.map(wire_time),
    }
}
