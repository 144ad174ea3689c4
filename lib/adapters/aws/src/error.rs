//! What a service answered, as our errors.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use dzinza_ports::{StoreError, StoreErrorKind};

/// Whatever is not about the request may be better later: gone, slow, throttled, or it does not let us in, which an
/// operator can mend. Names the error and not its message.
pub(crate) fn unavailable<E, R>(what: &'static str, error: SdkError<E, R>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let (kind, context) = match &error {
        SdkError::ConstructionFailure(_) => (StoreErrorKind::Invalid, format!("{what}: not a request")),
        SdkError::ServiceError(answer) => {
            let code = answer.err().code().unwrap_or("an error without a name");
            (StoreErrorKind::Unavailable, format!("{what}: {code}"))
        }
        _ => (StoreErrorKind::Unavailable, format!("{what}: no answer")),
    };
    match error {
        SdkError::ServiceError(_) => StoreError::new(kind, context),
        other => StoreError::with_source(kind, context, other),
    }
}
