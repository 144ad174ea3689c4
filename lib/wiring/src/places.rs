//! Settings whose values lie in Secrets Manager or SSM.

use dzinza_config::{Places, PlacesError};

use crate::OpenError;

/// Fetches what variables name the place of, before anything reads them. Where none does, nobody is asked.
///
/// # Errors
/// If a value is not there, or cannot be reached, by the name of its variable; or this program was built without.
pub async fn look_up() -> Result<(), OpenError> {
    let places = Places::load().map_err(|error| match error {
        PlacesError::Settings(error) => OpenError::Places(error.to_string()),
        PlacesError::Secrets(error) => OpenError::Secrets(error),
    })?;
    if places.named.is_empty() {
        return Ok(());
    }
    let found = fetch(&places).await?;
    dzinza_config::resolve(found);
    Ok(())
}

type Found = std::collections::BTreeMap<String, secrecy::SecretString>;

#[cfg(not(feature = "secrets"))]
#[expect(clippy::unused_async, reason = "it waits in builds that can look")]
async fn fetch(places: &Places) -> Result<Found, OpenError> {
    let name = places.named.first().map_or("", |(name, _)| name);
    Err(crate::aws::not_built(name, "a place in Secrets Manager or SSM", "secrets"))
}

#[cfg(feature = "secrets")]
async fn fetch(places: &Places) -> Result<Found, OpenError> {
    use dzinza_aws::{Reference, References};

    let endpoint = ("AWS_ENDPOINT_URL", &*places.endpoint);
    let account = crate::aws::account(&places.region, endpoint, places.keys.as_ref())?;
    let mut references = References::new(&account);
    let mut found = Found::new();
    for (name, place) in &places.named {
        let problem = |problem: String| OpenError::Setting { variable: name.clone(), problem };
        let reference = Reference::of(place).ok_or_else(|| problem("names no place".to_owned()))?;
        let value = references.fetch(&reference).await;
        let value = value.map_err(|error| problem(format!("cannot be looked up: {error}")))?;
        found.insert(name.clone(), value);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(place: &str) -> Places {
        let named = vec![("JWT_SECRET".to_owned(), place.to_owned())];
        Places { region: "af-south-1".into(), endpoint: "http://127.0.0.1:1".into(), keys: None, named }
    }

    #[tokio::test]
    async fn a_value_that_cannot_be_had_is_told_by_its_variable() {
        let error = fetch(&places("secretsmanager:dzinza/jwt")).await.unwrap_err().to_string();
        assert!(error.starts_with("JWT_SECRET "), "{error}");
    }
}
