//! The one error body (contract: genealogy 0.4, auth-and-gateway 2.2).

use axum::Json;
use axum::response::{IntoResponse, Response};
use dzinza_domain::FieldProblem;
use dzinza_ports::{StoreError, StoreErrorKind};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Value, json};

/// One bad field of a request. `path` and `field` are twins, as are `message` and `msg`: callers of both
/// generations find theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// Dotted path into the request.
    pub field: String,
    /// The same.
    pub path: String,
    /// What is wrong with it, in words.
    pub message: String,
    /// The same.
    pub msg: String,
    /// A stable code.
    #[serde(rename = "type")]
    pub kind: String,
}

impl FieldError {
    /// A bad field: where, which stable code, and what is wrong in words.
    pub fn new(field: impl Into<String>, kind: impl Into<String>, message: impl Into<String>) -> Self {
        let (field, message) = (field.into(), message.into());
        Self { path: field.clone(), field, msg: message.clone(), message, kind: kind.into() }
    }
}

impl From<FieldProblem> for FieldError {
    fn from(problem: FieldProblem) -> Self {
        Self::new(problem.field, problem.code, problem.message)
    }
}

/// The only error a handler returns. Texts are for people and safe to show; what went wrong inside is logged
/// where it happened and never leaves.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    message: String,
    errors: Vec<FieldError>,
    retry_after: Option<u64>,
    allowance: Option<u32>,
    extra: Vec<(&'static str, Value)>,
}

impl Problem {
    /// An error with this status, stable code and text.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            errors: Vec::new(),
            retry_after: None,
            allowance: None,
            extra: Vec::new(),
        }
    }
    /// 400 with the fields that are wrong; the message is the first of them in words.
    pub fn validation<E: Into<FieldError>>(errors: impl IntoIterator<Item = E>) -> Self {
        let errors: Vec<FieldError> = errors.into_iter().map(Into::into).collect();
        let message =
            errors.first().map_or_else(|| "The request is not valid".to_owned(), |e| e.message.clone());
        Self { errors, ..Self::new(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", message) }
    }
    /// 400 for one field.
    pub fn field(field: impl Into<String>, kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self::validation([FieldError::new(field, kind, message)])
    }
    /// 400 without a field.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    }
    /// 401; the caller must sign in (again).
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message)
    }
    /// 403; the caller may see the thing but not do this.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", message)
    }
    /// 404; also for what the caller may not know of.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }
    /// 409.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "CONFLICT", message)
    }
    /// 413 for a body over this many bytes.
    pub fn too_large(limit: u64) -> Self {
        let message = format!("The request is larger than the {limit} bytes allowed here");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", message)
    }
    /// 429, to be tried again after so many seconds.
    pub fn rate_limited(retry_after: u64) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", "Too many requests. Please try again later.")
            .retry_after(retry_after)
    }
    /// 500 that tells nothing. Log the cause before.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL_ERROR",
            "Something went wrong on our side. Please try again.",
        )
    }
    /// 503 that tells nothing.
    pub fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "SERVICE_UNAVAILABLE",
            "The service is busy. Please try again in a moment.",
        )
        .retry_after(1)
    }
    /// 504.
    pub fn timeout() -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, "GATEWAY_TIMEOUT", "The service took too long to answer.")
    }
    /// Seconds after which trying again makes sense; also sent as `Retry-After`.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
    /// The allowance that is used up, which the headers `RateLimit-*` describe; it is there again after
    /// [`Problem::retry_after`].
    #[must_use]
    pub fn of_allowance(mut self, limit: u64) -> Self {
        self.allowance = Some(u32::try_from(limit).unwrap_or(u32::MAX));
        self
    }
    /// A further key of the body, such as `error_source`.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.extra.push((key, value.into()));
        self
    }
    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }
    /// The text for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The fields that are wrong.
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// The body of contract 0.4. The gateway adds `requestId`, which a function does not need to know.
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({
            "error": self.code,
            "message": self.message,
            "detail": self.message,
            "statusCode": self.status.as_u16(),
        });
        if !self.errors.is_empty() {
            body["errors"] = json!(self.errors);
            body["details"] = json!(self.errors);
        }
        if let Some(seconds) = self.retry_after {
            body["retryAfter"] = json!(seconds);
        }
        for (key, value) in &self.extra {
            body[*key] = value.clone();
        }
        body
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(limit) = self.allowance {
            headers.insert("ratelimit-limit", HeaderValue::from(limit));
            headers.insert("ratelimit-remaining", HeaderValue::from(0_u64));
            headers.insert("ratelimit-reset", HeaderValue::from(self.retry_after.unwrap_or_default()));
        }
        // The gateway completes the body with the request id; this tells it that the body is ours.
        response.extensions_mut().insert(self);
        response
    }
}

impl From<FieldProblem> for Problem {
    fn from(problem: FieldProblem) -> Self {
        Self::validation([problem])
    }
}

impl From<Vec<FieldProblem>> for Problem {
    fn from(problems: Vec<FieldProblem>) -> Self {
        Self::validation(problems)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        store_problem(&error)
    }
}

/// What a caller is told of a store's error; the rest goes to the log, once, here.
pub fn store_problem(error: &StoreError) -> Problem {
    match error.kind() {
        StoreErrorKind::Conflict => {
            Problem::conflict("This would make a duplicate of something that exists already")
        }
        StoreErrorKind::Stale => {
            Problem::conflict("Someone else changed this at the same moment. Please load it again.")
        }
        StoreErrorKind::Unavailable => {
            tracing::warn!(error = %error, source = ?std::error::Error::source(error), "store unavailable");
            Problem::unavailable()
        }
        _ => {
            tracing::error!(error = %error, source = ?std::error::Error::source(error), "store failed");
            Problem::internal()
        }
    }
}
