use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body if it is JSON, else null.
    pub body: Value,
    /// The body as it came.
    pub bytes: Bytes,
}

impl Answer {
    pub(crate) fn new(status: u16, headers: HeaderMap, bytes: Bytes) -> Self {
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Self { status, headers, body, bytes }
    }

    pub(crate) async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self::new(status, headers, response.bytes().await.expect("the whole body"))
    }

    /// The body, after asserting the status.
    #[track_caller]
    pub fn ok(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.body
    }

    /// The one error body, after asserting the status and that it is one.
    #[track_caller]
    pub fn problem(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        error_body_ok(&self.body, status);
        assert_eq!(self.body["requestId"].as_str(), self.header("x-request-id"), "{}", self.body);
        self.body
    }

    /// Asserts a validation error that names this field, and returns the body.
    #[track_caller]
    pub fn field(self, name: &str) -> Value {
        let body = self.problem(400);
        let errors = body["errors"].as_array().unwrap_or_else(|| panic!("no errors[]: {body}"));
        assert!(errors.iter().any(|error| error["path"] == name), "{name} is not named: {body}");
        body
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The status, the headers and the body.
    pub fn parts(self) -> (u16, HeaderMap, Value) {
        (self.status, self.headers, self.body)
    }

    /// The value of a cookie that this answer sets, with everything after it.
    pub fn set_cookie(&self, name: &str) -> Option<String> {
        let all = self.headers.get_all(http::header::SET_COOKIE);
        let mut texts = all.iter().filter_map(|value| value.to_str().ok());
        texts.find_map(|text| text.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
    }
}

/// Asserts that this is the one error body of the platform, for this status.
#[track_caller]
pub fn error_body_ok(body: &Value, status: u16) {
    for key in ["error", "message", "detail", "requestId"] {
        assert!(body[key].as_str().is_some_and(|text| !text.is_empty()), "{key} is missing: {body}");
    }
    assert_eq!(body["message"], body["detail"], "{body}");
    assert_eq!(body["statusCode"], status, "{body}");
    let validation = body["error"] == "VALIDATION_ERROR";
    assert_eq!(body.get("errors"), body.get("details"), "{body}");
    assert!(!validation || body["errors"].as_array().is_some_and(|errors| !errors.is_empty()), "{body}");
    for error in body["errors"].as_array().into_iter().flatten() {
        for key in ["field", "path", "message", "msg", "type"] {
            assert!(error[key].as_str().is_some_and(|text| !text.is_empty()), "{key} is missing: {body}");
        }
    }
}
