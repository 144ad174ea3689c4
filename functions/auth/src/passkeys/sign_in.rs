use axum::Json;
use axum::extract::State;
use axum::response::Response;
use dzinza_domain::FieldProblem;
use dzinza_domain::fields::Input;
use dzinza_ports::UserChange;
use dzinza_web::{ClientInfo, JsonBody, Problem};
use serde_json::json;
use webauthn_rp::DiscoverableCredentialRequestOptions;
use webauthn_rp::bin::Encode as _;
use webauthn_rp::request::TimedCeremony as _;

use super::assertion::{self, ANYBODY};
use super::ceremony::{self, broken};
use crate::login::{admit, inactive};
use crate::wire::passkeys::{PasskeyLogin, PasskeyLoginOptions, PasskeyOptions};
use crate::wire::{ErrorBody, SignedIn};
use crate::{Service, audit, erasure};

/// Begin to sign in with a passkey, alone or after the password: what the page gives to `navigator.credentials.get`.
/// The same for everybody, whatever address is sent along.
#[utoipa::path(
    post, path = "/api/auth/passkeys/login/options", tag = "auth", operation_id = "passkeyRequestOptions",
    request_body = Option<PasskeyLoginOptions>,
    responses(
        (status = 200, description = "Options, good for five minutes and one answer", body = PasskeyOptions),
        (status = 400, description = "The body is not a JSON object", body = ErrorBody),
        (status = 429, description = "Too many attempts", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn options(
    State(service): State<Service>,
    JsonBody(_body): JsonBody,
) -> Result<Json<PasskeyOptions>, Problem> {
    let ports = &service.ports;
    let domain = ceremony::domain(ports)?;
    let options = DiscoverableCredentialRequestOptions::passkey(&domain);
    let (state, shown) = options.start_ceremony().map_err(|_| broken("request options"))?;
    let kept = state.encode().map_err(|_| broken("a challenge"))?;
    ceremony::keep(ports, ANYBODY, state.sent_challenge(), &kept).await?;
    let public_key = serde_json::to_value(&shown).map_err(|_| broken("request options"))?;
    Ok(Json(PasskeyOptions { public_key }))
}

/// Sign in with what `navigator.credentials.get` answered. No second factor is asked for: the authenticator has verified
/// its owner. The lock on the address, which wrong passwords of anybody can bring about, does not hold here.
#[utoipa::path(
    post, path = "/api/auth/passkeys/login", tag = "auth", operation_id = "loginWithPasskey",
    request_body = PasskeyLogin,
    responses(
        (status = 200, description = "Signed in, with the access cookie", body = SignedIn),
        (status = 400, description = "This is no answer of a passkey", body = ErrorBody),
        (status = 401, description = "The passkey is unknown, its answer is wrong, or the challenge is over", body = ErrorBody),
        (status = 403, description = "The account is deactivated", body = ErrorBody),
        (status = 429, description = "Too many attempts", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn sign_in(
    State(service): State<Service>,
    client: ClientInfo,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let ports = &service.ports;
    let credential = ceremony::credential(Input(&body), "credential")?
        .ok_or_else(|| FieldProblem::required("credential"))?;
    let failed = async |reason: &'static str, action: &str, user_id: Option<&str>| {
        metrics::counter!("auth_service_logins_failed_total", "reason" => reason).increment(1);
        audit::record(ports, action, user_id, &client, json!({ "method": "passkey" })).await;
    };
    let passkey = assertion::check(ports, &client, &credential, "credential", None).await?;
    let user = match &passkey {
        Some(passkey) => ports.users.by_id(&passkey.user_id).await?,
        None => None,
    };
    let Some(user) = user else {
        failed("invalid_passkey", "LOGIN_FAILED_INVALID_PASSKEY", None).await;
        return Err(Problem::unauthorized("This passkey was not accepted. Please try again"));
    };
    if !user.is_active && !erasure::may_come_back(&user) {
        failed("inactive", "LOGIN_FAILED_ACCOUNT_INACTIVE", Some(&user.id)).await;
        return Err(inactive());
    }
    admit(ports, &client, user, UserChange::default(), "passkey").await
}
