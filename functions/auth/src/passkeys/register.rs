use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use dzinza_domain::FieldProblem;
use dzinza_domain::fields::Input;
use dzinza_letters::Letterhead;
use dzinza_ports::{Passkey, StoreErrorKind, User};
use dzinza_web::{Caller, ClientInfo, JsonBody, Problem};
use http::StatusCode;
use serde_json::{Value, json};
use webauthn_rp::bin::{Decode as _, Encode as _};
use webauthn_rp::request::TimedCeremony as _;
use webauthn_rp::request::register::{
    CredProtect, Nickname, PublicKeyCredentialCreationOptions, PublicKeyCredentialUserEntity,
    RegistrationVerificationOptions, Username,
};
use webauthn_rp::{Registration, RegistrationServerState};

use super::ceremony::{self, broken, unreadable};
use super::manage::tell;
use super::stored;
use crate::input::{filled_line, note};
use crate::mfa::REFUSED;
use crate::owner::{Owner, Proof};
use crate::wire::ErrorBody;
use crate::wire::mfa::SetUpRequest;
use crate::wire::passkeys::{NewPasskey, PasskeyOptions, PasskeyView};
use crate::{AuthPorts, Service, audit, letters};

/// As many as one account may have.
const MAX: usize = 20;

/// Begin to add a passkey: what the page gives to `navigator.credentials.create`.
#[utoipa::path(
    post, path = "/api/auth/passkeys/register/options", tag = "auth", operation_id = "passkeyCreationOptions",
    security(("bearer" = []), ("cookie" = [])),
    request_body = Option<SetUpRequest>,
    responses(
        (status = 200, description = "Options, good for five minutes and one answer", body = PasskeyOptions),
        (status = 400, description = "The password is missing or wrong", body = ErrorBody),
        (status = 401, description = "Not signed in, or the account is deactivated", body = ErrorBody),
        (status = 403, description = "The cookie came from a page that may not send it", body = ErrorBody),
        (status = 409, description = "The account has twenty passkeys", body = ErrorBody),
        (status = 423, description = "Too many wrong passwords; see `retryAfter`", body = ErrorBody),
        (status = 429, description = "Too many attempts", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn options(
    State(service): State<Service>,
    client: ClientInfo,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Result<Json<PasskeyOptions>, Problem> {
    let ports = &service.ports;
    let proof = Proof::read(&body)?;
    let owner = Owner::of(&service, &client, &caller, REFUSED).await?;
    owner.fresh_or_password(proof).await?;
    let known = known(ports, &owner.user).await?;
    let domain = ceremony::domain(ports)?;
    let handle = ceremony::handle(&owner.user.id)?;
    let (name, display_name) = names(&owner.user)?;
    let entity = PublicKeyCredentialUserEntity { name, id: &handle, display_name };
    let excluded = known.iter().filter_map(stored::descriptor).collect();
    let mut options = PublicKeyCredentialCreationOptions::passkey(&domain, entity, excluded);
    // We ask for verification each time. Enforcing it in the authenticator would shut out those that cannot.
    options.extensions.cred_protect = CredProtect::None;
    let (state, shown) = options.start_ceremony().map_err(|_| broken("creation options"))?;
    let kept = state.encode().map_err(|_| broken("a challenge"))?;
    ceremony::keep(ports, &waiting(&owner.user.id), state.sent_challenge(), &kept).await?;
    let mut public_key = serde_json::to_value(&shown).map_err(|_| broken("creation options"))?;
    if let Some(name) = public_key.pointer_mut("/rp/name") {
        *name = Value::from(ports.rules.mfa_issuer.as_str());
    }
    Ok(Json(PasskeyOptions { public_key }))
}

/// Add a passkey with what `navigator.credentials.create` answered.
#[utoipa::path(
    post, path = "/api/auth/passkeys/register", tag = "auth", operation_id = "addPasskey",
    security(("bearer" = []), ("cookie" = [])),
    request_body = NewPasskey,
    responses(
        (status = 201, description = "It can be used from now on", body = PasskeyView),
        (status = 400, description = "The answer fits no challenge that waits, or a field breaks a rule", body = ErrorBody),
        (status = 401, description = "Not signed in, or the account is deactivated", body = ErrorBody),
        (status = 403, description = "The cookie came from a page that may not send it", body = ErrorBody),
        (status = 409, description = "It is known already, or the account has twenty", body = ErrorBody),
        (status = 429, description = "Too many attempts", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn register(
    State(service): State<Service>,
    client: ClientInfo,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let ports = &service.ports;
    let input = Input(&body);
    let mut problems = Vec::new();
    let name = note(filled_line(input.get(&["name"]), "name", 100), &mut problems).flatten();
    let credential = ceremony::credential(input, "credential")
        .and_then(|credential| credential.ok_or_else(|| FieldProblem::required("credential")));
    let Some(credential) = note(credential, &mut problems).filter(|_| problems.is_empty()) else {
        return Err(problems.into());
    };
    let owner = Owner::of(&service, &client, &caller, REFUSED).await?;
    known(ports, &owner.user).await?;
    let passkey = verified(ports, &owner.user, name, &credential).await?;
    match ports.passkeys.add(passkey.clone()).await {
        Err(error) if error.kind() == StoreErrorKind::Conflict => {
            return Err(Problem::conflict("This passkey is known already"));
        }
        outcome => outcome?,
    }
    let details = json!({ "passkeyId": passkey.id });
    audit::record(ports, "PASSKEY_ADDED", Some(&owner.user.id), &client, details).await;
    tell(ports, letters::news(ports, &owner.user, Letterhead::passkey_added).await).await;
    Ok((StatusCode::CREATED, Json(PasskeyView::of(&passkey))).into_response())
}

/// The new passkey, if the answer fits the challenge, the page and the account.
async fn verified(
    ports: &AuthPorts,
    user: &User,
    name: Option<String>,
    credential: &Value,
) -> Result<Passkey, Problem> {
    let refused = || unreadable("credential");
    let text = credential.to_string();
    let answer = Registration::from_json_relaxed(text.as_bytes()).map_err(|_| refused())?;
    let challenge = answer.challenge_relaxed().map_err(|_| refused())?;
    let kept = ceremony::take(ports, &waiting(&user.id), challenge).await?.ok_or_else(refused)?;
    let state = RegistrationServerState::<16>::decode(&kept).map_err(|_| refused())?;
    let options = RegistrationVerificationOptions::<String, String> {
        allowed_origins: &ports.rules.relying_party.origins,
        error_on_unsolicited_extensions: false,
        ..RegistrationVerificationOptions::default()
    };
    let domain = ceremony::domain(ports)?;
    let made = state.verify(&domain, &answer, &options).map_err(|error| {
        tracing::debug!(%error, "a new passkey was refused");
        refused()
    })?;
    Ok(Passkey {
        id: ports.ids.new_id(),
        user_id: user.id.clone(),
        credential_id: ceremony::encode(made.id().as_ref()),
        name: name.unwrap_or_else(|| "Passkey".to_owned()),
        data: stored::data(made.static_state(), made.dynamic_state(), made.transports()),
        created_at: ports.clock.now(),
        last_used_at: None,
    })
}

/// The passkeys of the account, unless there are as many as there may be.
async fn known(ports: &AuthPorts, user: &User) -> Result<Vec<Passkey>, Problem> {
    let known = ports.passkeys.of_user(&user.id).await?;
    if known.len() >= MAX {
        return Err(Problem::conflict("This account has twenty passkeys. Please remove one first"));
    }
    Ok(known)
}

/// What an authenticator shows when it asks which passkey. Not every address and name has the form that is allowed.
fn names(user: &User) -> Result<(Username<'_>, Option<Nickname<'static>>), Problem> {
    let spelled = [Some(user.email.as_str()), user.username.as_deref(), Some("account")];
    let name = spelled.into_iter().flatten().find_map(|name| Username::try_from(name).ok());
    let full = [&user.first_name, &user.last_name].map(|name| name.as_deref().unwrap_or_default()).join(" ");
    Ok((name.ok_or_else(|| broken("the name of an account"))?, Nickname::try_from(full).ok()))
}

fn waiting(user_id: &str) -> String {
    format!("add:{user_id}")
}
