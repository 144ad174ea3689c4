//! How good a password is, for forms that tell while one types (contract E16).

use axum::Json;
use dzinza_domain::FieldProblem;
use dzinza_domain::fields::Input;
use dzinza_web::{JsonBody, Problem};

use crate::input::secret;
use crate::passwords::{check_new, kept_rules};
use crate::wire::ErrorBody;
use crate::wire_mailed::{PasswordRequest, PasswordVerdict};

/// Ask how good a password is (contract E16). Nothing of it is kept.
#[utoipa::path(
    post, path = "/api/auth/password/validate", tag = "auth", operation_id = "validatePassword",
    request_body = PasswordRequest,
    responses(
        (status = 200, description = "What is good about it", body = PasswordVerdict),
        (status = 400, description = "There is no password", body = ErrorBody),
    )
)]
pub(crate) async fn validate_password(JsonBody(body): JsonBody) -> Result<Json<PasswordVerdict>, Problem> {
    let password = secret(Input(&body), &["password"], "password")?;
    let password = password.ok_or_else(|| FieldProblem::required("password"))?;
    let validation = kept_rules(&password);
    let kept = [
        validation.min_length,
        validation.has_uppercase,
        validation.has_lowercase,
        validation.has_number,
        validation.has_special_char,
    ];
    let score = kept.into_iter().map(u8::from).sum();
    let is_valid = check_new(&password, "password").is_ok();
    let strength = match score {
        5 if is_valid => "strong",
        3 | 4 => "medium",
        _ => "weak",
    };
    Ok(Json(PasswordVerdict { is_valid, strength, validation, score }))
}
