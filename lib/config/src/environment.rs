//! What strangers may rely on.

use crate::{Settings, SettingsError};

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
