//! The language that a caller reads (RFC 9110, 12.5.4).

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::{HeaderMap, header, request::Parts};

/// What the platform speaks; the first for everybody else.
const SPOKEN: [&str; 3] = ["en", "sn", "nd"];
/// No browser names more.
const MOST: usize = 20;

/// The language of what is spoken that `Accept-Language` wants most: `en`, `sn` or `nd`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Language(pub &'static str);

impl Language {
    /// Reads the headers of a request. Of languages wanted alike the first counts; English is what is left.
    pub fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
        let mut best = (0, SPOKEN[0]);
        for range in values.flat_map(|value| value.split(',')).take(MOST) {
            let (tag, weight) = weighed(range);
            let spoken = SPOKEN.iter().find(|spoken| spoken.eq_ignore_ascii_case(tag));
            match spoken {
                Some(spoken) if weight > best.0 => best = (weight, spoken),
                _ => {}
            }
        }
        Self(best.1)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Language {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

/// The primary subtag of a range, and its weight in thousandths; what cannot be read has none.
fn weighed(range: &str) -> (&str, u32) {
    let mut parts = range.split(';').map(str::trim);
    let tag = parts.next().unwrap_or_default().split('-').next().unwrap_or_default();
    let weight = match parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="))) {
        None => 1000,
        Some(text) => match text.trim().parse::<f32>() {
            Ok(weight) if (0.0..=1.0).contains(&weight) => (weight * 1000.0) as u32,
            _ => 0,
        },
    };
    (tag, weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(value: &str) -> &'static str {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, value.parse().unwrap());
        Language::of(&headers).0
    }

    #[test]
    fn the_language_wanted_most_of_those_spoken_counts() {
        for (value, language) in [
            ("sn", "sn"),
            ("sn-ZW,sn;q=0.9,en;q=0.8", "sn"),
            ("fr, nd;q=0.5, en;q=0.4", "nd"),
            ("en;q=0.2, ND-zw;q=0.7", "nd"),
            ("en,sn", "en"),
            ("sn;q=0", "en"),
            ("fr", "en"),
            ("*", "en"),
            ("", "en"),
            ("sn;q=7, nd;q=x", "en"),
            ("sn;Q=0.3", "sn"),
            (";;,;q=,-", "en"),
        ] {
            assert_eq!(wanted(value), language, "{value}");
        }
        assert_eq!(Language::of(&HeaderMap::new()).0, "en");
    }
}
