use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use dzinza_domain::FieldProblem;
use dzinza_domain::fields::Input;
use dzinza_ports::{Body, Role};
use dzinza_web::{ClientInfo, JsonBody, Problem};
use http::StatusCode;
use serde_json::json;

use crate::account::Applicant;
use crate::input::{filled_line, note, secret};
use crate::limits::{Allowance, Scope};
use crate::passwords::check_new;
use crate::wire::{ErrorBody, RegisterRequest, SignedIn};
use crate::{Service, audit, letters, session, site};

/// Sign up (contract E1).
#[utoipa::path(
    post, path = "/api/auth/register", tag = "auth", operation_id = "register",
    request_body = RegisterRequest,
    responses(
        (status = 201, description = "The account is made and signed in; the access cookie is set", body = SignedIn),
        (status = 400, description = "A field breaks a rule", body = ErrorBody),
        (status = 403, description = "Signing up is switched off", body = ErrorBody),
        (status = 409, description = "The address or the user name is taken", body = ErrorBody),
        (status = 429, description = "Too many attempts", body = ErrorBody),
        (status = 503, description = "A store cannot be reached", body = ErrorBody),
    )
)]
pub(crate) async fn register(
    State(service): State<Service>,
    client: ClientInfo,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let ports = &service.ports;
    site::check_open(ports).await?;
    let applicant = read(&body)?;
    let allowance = Allowance::draw(ports, Scope::Email, &applicant.email).await?;
    if let Some(refusal) = allowance.and_then(|allowance| allowance.refusal()) {
        return Ok(refusal);
    }
    let user = applicant.welcomed().admit(ports, &service.passwords, Role::User).await?;
    letters::announce(ports);
    let details = json!({ "by": "self" });
    audit::record(ports, "USER_REGISTERED", Some(&user.id), &client, details).await;
    metrics::counter!("auth_service_user_registrations_total").increment(1);
    let pair = session::begin(ports, &user, &client).await?;
    let answer = SignedIn::new("Your account has been created", &user, pair.wire());
    Ok((StatusCode::CREATED, pair.headers(ports)?, Json(answer)).into_response())
}

fn read(body: &Body) -> Result<Applicant, Problem> {
    let input = Input(body);
    let mut problems = Vec::new();
    let password = note(new_password(input), &mut problems);
    let names = note(names(input), &mut problems);
    Applicant::read(input, names, password, problems)
}

fn new_password(input: Input<'_>) -> Result<String, FieldProblem> {
    let password =
        secret(input, &["password"], "password")?.ok_or_else(|| FieldProblem::required("password"))?;
    check_new(&password, "password")?;
    Ok(password)
}

/// First and last name, given as two fields, or as one in which the first word is the first name. In one field
/// a single name is a whole name, as many people have.
fn names(input: Input<'_>) -> Result<(String, String), FieldProblem> {
    let (first, last) = (["firstName", "first_name"], ["lastName", "last_name"]);
    if input.has(&first) || input.has(&last) {
        let part = |names: &[&str], field| {
            filled_line(input.get(names), field, 50)?.ok_or_else(|| FieldProblem::required(field))
        };
        return Ok((part(&first, "firstName")?, part(&last, "lastName")?));
    }
    let name =
        filled_line(input.get(&["name"]), "name", 101)?.ok_or_else(|| FieldProblem::required("name"))?;
    let mut words = name.split_whitespace();
    let first = words.next().unwrap_or_default().to_owned();
    let last = words.collect::<Vec<_>>().join(" ");
    if first.chars().count() > 50 || last.chars().count() > 50 {
        let message = "The first word of the name, and the rest of it, must have at most 50 characters each";
        return Err(FieldProblem::new("name", "too_long", message));
    }
    Ok((first, last))
}
