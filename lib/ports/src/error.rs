use std::fmt;

/// Why a store did not do what it was asked. Callers match on the kind, never on a driver's error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// A uniqueness rule stands against the write. Nothing was written.
    Conflict,
    /// The document is not at the version the caller read, or is gone. Read again. Nothing was written.
    Stale,
    /// The store cannot be reached or is too busy; trying again later may succeed. Whether the write took
    /// place is unknown only where the adapter says so.
    Unavailable,
    /// The store holds something that cannot be read as what it should be.
    Corrupt,
    /// The request itself cannot be served (an undeclared field, a malformed key): a defect of the caller.
    Invalid,
}

/// The one error type of all ports. The source is for the log; nobody outside ever sees it.
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    context: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    /// An error of this kind, with a text for the log (no personal data in it).
    pub fn new(kind: StoreErrorKind, context: impl Into<String>) -> Self {
        Self { kind, context: context.into(), source: None }
    }

    /// The same with the driver's error kept for the log.
    pub fn with_source(
        kind: StoreErrorKind,
        context: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { kind, context: context.into(), source: Some(source.into()) }
    }

    /// What callers decide by.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// The text for the log; for [`StoreErrorKind::Conflict`] the name of the rule that was hit
    /// (`collection.field[,field]`).
    pub fn context(&self) -> &str {
        &self.context
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.context)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as _)
    }
}
