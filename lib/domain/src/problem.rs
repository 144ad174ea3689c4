use std::fmt;

/// A field of a request that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// Dotted path into the request, such as `identifiers.0.value`.
    pub field: String,
    /// Stable code, such as `too_long`.
    pub code: &'static str,
    /// What is wrong, in words fit for the person who typed it.
    pub message: String,
}

impl FieldProblem {
    /// A problem with this field.
    pub fn new(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self { field: field.into(), code, message: message.into() }
    }

    /// A required field that is missing.
    pub fn required(field: &str) -> Self {
        Self::new(field, "required", format!("{field} is required"))
    }
}

impl fmt::Display for FieldProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

impl std::error::Error for FieldProblem {}
