use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use dzinza_ports::{Given, UserChange};
use dzinza_web::{Caller, ClientInfo, JsonBody, Problem};
use http::{HeaderValue, header};
use jiff::SignedDuration;

use super::REFUSED;
use super::totp::{self, OneTimeCodes};
use crate::Service;
use crate::owner::{Owner, Proof};
use crate::wire::ErrorBody;
use crate::wire::mfa::{SetUp, SetUpRequest};

/// How long a secret waits for its first code.
const PENDING: SignedDuration = SignedDuration::from_mins(10);

/// Begin to set up one-time codes (contract E19). Nothing changes until a code has been verified.
#[utoipa::path(
    post, path = "/api/auth/mfa/setup", tag = "auth", operation_id = "setUpMfa",
    security(("bearer" = []), ("cookie" = [])),
    request_body = Option<SetUpRequest>,
    responses(
        (status = 200, description = "A new secret, good for ten minutes", body = SetUp),
        (status = 400, description = "There is a second factor already, or the password is missing or wrong", body = ErrorBody),
        (status = 401, description = "Not signed in, or the account is deactivated", body = ErrorBody),
        (status = 403, description = "The cookie came from a page that may not send it", body = ErrorBody),
        (status = 423, description = "Too many wrong passwords; see `retryAfter`", body = ErrorBody),
        (status = 429, description = "Too many attempts", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn set_up(
    State(service): State<Service>,
    client: ClientInfo,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let ports = &service.ports;
    let proof = Proof::read(&body)?;
    let owner = Owner::of(&service, &client, &caller, REFUSED).await?;
    if owner.user.mfa_enabled {
        return Err(already());
    }
    owner.fresh_or_password(proof).await?;
    let codes = OneTimeCodes::generate();
    let now = ports.clock.now();
    let change = UserChange {
        given: Given { mfa_enabled: Some(false), ..Given::default() },
        pending_mfa: Some(Some((codes.seal(&ports.sealer, &owner.user.id)?, now + PENDING))),
        ..UserChange::default()
    };
    ports.users.update(&owner.user.id, change, now).await?.ok_or_else(already)?;
    let url = codes.url(&ports.rules.mfa_issuer, &owner.user.email);
    let answer = SetUp {
        message: "Scan the picture with your app, then send a code of it".to_owned(),
        qr_code: totp::picture(&url)?,
        secret: codes.base32(),
        backup_codes: Vec::new(),
        otp_auth_url: url.clone(),
        otp_secret: codes.base32(),
        otp_auth_url_snake: url,
    };
    Ok(unkept(Json(answer)))
}

fn already() -> Problem {
    Problem::bad_request("Two-step sign-in is on already")
}

/// Nobody may keep a copy of a secret.
pub(super) fn unkept<T: serde::Serialize>(answer: Json<T>) -> Response {
    ([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], answer).into_response()
}
