//! How large a request may be (contract 6.3, step 7).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use dzinza_web::Problem;
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use crate::template::Function;

/// Tells, after the fact, whether a body went over its limit while it was read.
#[derive(Debug, Clone)]
pub(super) struct BodyLimit {
    bytes: u64,
    exceeded: Arc<AtomicBool>,
}

impl BodyLimit {
    /// The answer if the limit was hit: what the function made of the broken body says less.
    pub(super) fn verdict(&self) -> Option<Problem> {
        self.exceeded.load(Ordering::Relaxed).then(|| Problem::too_large(self.bytes))
    }
}

/// Holds `request` to the function's limit: at once if it says it is larger, else while it is read.
pub(super) fn limit(request: Request, function: &Function) -> Result<(Request, BodyLimit), Problem> {
    let bytes =
        if is_multipart(request.headers()) { function.max_upload_bytes } else { function.max_body_bytes };
    let declared =
        request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if declared.is_some_and(|declared: u64| declared > bytes) {
        return Err(Problem::too_large(bytes));
    }
    let limit = BodyLimit { bytes, exceeded: Arc::default() };
    if request.body().is_end_stream() {
        return Ok((request, limit));
    }
    let exceeded = Arc::clone(&limit.exceeded);
    let request = request.map(|body| {
        Body::new(Limited::new(body, usize::try_from(bytes).unwrap_or(usize::MAX)).map_err(move |error| {
            if error.is::<LengthLimitError>() {
                exceeded.store(true, Ordering::Relaxed);
            }
            error
        }))
    });
    Ok((request, limit))
}

fn is_multipart(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("multipart/form-data")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function() -> Function {
        Function { max_body_bytes: 4, max_upload_bytes: 8, ..Function::named("x") }
    }

    fn request(content_type: &str, declared: Option<&str>, chunks: &'static [&'static str]) -> Request {
        let stream = futures::stream::iter(chunks.iter().map(|chunk| Ok::<_, std::io::Error>(*chunk)));
        let mut request = Request::new(Body::from_stream(stream));
        request.headers_mut().insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        if let Some(declared) = declared {
            request.headers_mut().insert(header::CONTENT_LENGTH, declared.parse().unwrap());
        }
        request
    }

    #[test]
    fn a_body_that_says_it_is_too_large_is_not_read() {
        assert!(limit(request("application/json", Some("4"), &[]), &function()).is_ok());
        let problem = limit(request("application/json", Some("5"), &[]), &function()).unwrap_err();
        assert_eq!(problem.status().as_u16(), 413);
        assert!(limit(request("multipart/form-data; boundary=x", Some("8"), &[]), &function()).is_ok());
        assert!(limit(request("Multipart/Form-Data", Some("9"), &[]), &function()).is_err());
    }

    #[tokio::test]
    async fn a_body_that_does_not_say_is_cut_where_it_grows_too_large() {
        let (fits, seen) = limit(request("text/plain", None, &["ab", "cd"]), &function()).unwrap();
        assert_eq!(fits.into_body().collect().await.unwrap().to_bytes(), "abcd");
        assert!(seen.verdict().is_none());
        let (large, seen) = limit(request("text/plain", None, &["ab", "cd", "e"]), &function()).unwrap();
        assert!(large.into_body().collect().await.is_err());
        assert_eq!(seen.verdict().unwrap().status().as_u16(), 413);
    }
}
