use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::Problem;

/// The query string, read parameter by parameter with errors that name it. Unknown parameters are ignored;
/// of repeated ones the first counts.
#[derive(Debug, Clone, Default)]
pub struct QueryParams(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for QueryParams {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let text = parts.uri.query().unwrap_or_default();
        let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|_| Problem::field("query", "invalid_encoding", "The query string is not valid"))?;
        if text.len() > 8192 || pairs.iter().any(|(_, value)| value.contains('\0')) {
            return Err(Problem::field("query", "invalid", "The query string is not valid"));
        }
        Ok(Self(pairs.0))
    }
}

impl QueryParams {
    /// The first of these spellings that is given and not empty.
    pub fn text(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| {
            self.0
                .iter()
                .find(|(key, value)| key == name && !value.trim().is_empty())
                .map(|(_, value)| value.trim())
        })
    }

    /// Whether one of these is given at all.
    pub fn has(&self, names: &[&str]) -> bool {
        self.0.iter().any(|(key, _)| names.contains(&key.as_str()))
    }

    /// A whole number within a range, if given.
    ///
    /// # Errors
    /// 400 naming the parameter.
    pub fn number(
        &self,
        names: &[&str],
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<Option<u64>, Problem> {
        let Some(text) = self.text(names) else { return Ok(None) };
        let bad = || {
            let (low, high) = (range.start(), range.end());
            let name = names.first().copied().unwrap_or("query");
            Problem::field(
                name,
                "out_of_range",
                format!("{name} must be a whole number from {low} to {high}"),
            )
        };
        let number = text.parse::<u64>().map_err(|_| bad())?;
        if range.contains(&number) { Ok(Some(number)) } else { Err(bad()) }
    }

    /// `true` or `false`, if given.
    ///
    /// # Errors
    /// 400 naming the parameter.
    pub fn flag(&self, names: &[&str]) -> Result<Option<bool>, Problem> {
        match self.text(names).map(str::to_ascii_lowercase).as_deref() {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => {
                let name = names.first().copied().unwrap_or("query");
                Err(Problem::field(name, "invalid_boolean", format!("{name} must be true or false")))
            }
        }
    }

    /// One of some words, compared without regard to case, if given.
    ///
    /// # Errors
    /// 400 naming the parameter and the words.
    pub fn word<'w>(&self, names: &[&str], words: &[&'w str]) -> Result<Option<&'w str>, Problem> {
        let Some(text) = self.text(names) else { return Ok(None) };
        words.iter().find(|word| word.eq_ignore_ascii_case(text)).map(|word| Some(*word)).ok_or_else(|| {
            let name = names.first().copied().unwrap_or("query");
            Problem::field(name, "invalid_choice", format!("{name} must be one of: {}", words.join(", ")))
        })
    }
}
