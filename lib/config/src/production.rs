//! What strangers who rely on an installation may expect of its settings.

use crate::settings::{Settings, SettingsError};

impl Settings {
    /// Whether strangers rely on this installation.
    pub fn is_production(&self) -> bool {
        self.app_env == "production"
    }

    /// What is fine at home and not where strangers sign in: cookies and links in the clear, pages that anyone on the
    /// way can change.
    pub(crate) fn check_environment(&self) -> Result<(), SettingsError> {
        let bad = |variable, problem: &str| {
            Err(SettingsError::Impossible { variable, problem: problem.to_owned() })
        };
        if !matches!(self.app_env.as_str(), "development" | "test" | "staging" | "production") {
            return bad("APP_ENV", "must be development, test, staging or production");
        }
        if !self.is_production() {
            return Ok(());
        }
        if !self.public_tls {
            return bad(
                "PUBLIC_TLS",
                "must be true in production (APP_ENV): cookies must not travel in the clear",
            );
        }
        if !self.public_api_url.starts_with("https://") {
            return bad("PUBLIC_API_URL", "must begin with https:// in production (APP_ENV)");
        }
        let is_safe = |origin: &&String| origin.trim().to_ascii_lowercase().starts_with("https://");
        if let Some(origin) = self.allowed_origins.iter().find(|origin| !is_safe(origin)) {
            let problem = format!("must be https origins in production (APP_ENV), and {origin} is none");
            return bad("ALLOWED_ORIGINS", &problem);
        }
        if self.allowed_origins.iter().any(|origin| origin.contains('*')) {
            return bad("ALLOWED_ORIGINS", "must name each origin, without *");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::from_environment(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn production_refuses_what_is_fine_at_home() {
        let fine = [
            ("APP_ENV", "production"),
            ("PUBLIC_TLS", "true"),
            ("PUBLIC_API_URL", "https://api.example.org"),
            ("ALLOWED_ORIGINS", "https://app.example.org"),
        ];
        assert!(with(&fine).unwrap().is_production());
        for (name, value) in [
            ("PUBLIC_TLS", "false"),
            ("PUBLIC_API_URL", "http://api.example.org"),
            ("ALLOWED_ORIGINS", "https://app.example.org,http://app.example.org"),
            ("ALLOWED_ORIGINS", "*"),
            ("ALLOWED_ORIGINS", "https://*.example.org"),
        ] {
            let mut changed = fine;
            changed.iter_mut().filter(|pair| pair.0 == name).for_each(|pair| pair.1 = value);
            assert!(with(&changed).unwrap_err().to_string().contains(name), "{name}={value}");
            changed[0].1 = "development";
            assert!(with(&changed).is_ok(), "{name}={value}");
        }
        let defaults = with(&[("NODE_ENV", "production"), ("PUBLIC_TLS", "true")]).unwrap_err();
        assert!(defaults.to_string().contains("PUBLIC_API_URL"), "{defaults}");
        assert!(!with(&[]).unwrap().is_production());
    }
}
