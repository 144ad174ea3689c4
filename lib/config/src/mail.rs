//! What is possible of the settings for mail.

use crate::settings::{Settings, SettingsError, is_web_address};

impl Settings {
    pub(crate) fn check_mail(&self) -> Result<(), SettingsError> {
        let bad = |variable, problem: &str| {
            Err(SettingsError::Impossible { variable, problem: problem.to_owned() })
        };
        if !(self.frontend_url.is_empty() || is_web_address(&self.frontend_url)) {
            return bad("FRONTEND_URL", "must be an address such as https://example.org, or empty");
        }
        if !(self.password_reset_url.is_empty() || is_reset_url(&self.password_reset_url)) {
            return bad("PASSWORD_RESET_URL", "must be an address with {token} in it, or empty");
        }
        if !(1..=1440).contains(&self.password_reset_expire_minutes) {
            return bad("PASSWORD_RESET_EXPIRE_MINUTES", "must be from 1 to 1440");
        }
        if !(1..=720).contains(&self.email_verification_expire_hours) {
            return bad("EMAIL_VERIFICATION_EXPIRE_HOURS", "must be from 1 to 720");
        }
        if self.smtp_host.contains(|c: char| c.is_whitespace() || "/:@".contains(c)) {
            return bad("SMTP_HOST", "must be the name of a host, without port or scheme");
        }
        if self.smtp_port == 0 {
            return bad("SMTP_PORT", "must be from 1 to 65535");
        }
        if !(self.support_email.is_empty() || is_address(&self.support_email)) {
            return bad("SUPPORT_EMAIL", "must be an address such as help@example.org, or empty");
        }
        if !is_address(&self.from_email) {
            return bad("FROM_EMAIL", "must be an address such as noreply@example.org");
        }
        if self.from_name.contains(char::is_control) {
            return bad("FROM_NAME", "must be one line");
        }
        Ok(())
    }
}

/// Once `{token}` is filled in.
fn is_reset_url(text: &str) -> bool {
    let filled = text.replacen("{token}", "0", 1);
    filled != text && is_web_address(&filled.replacen(['?', '#'], "/", 2))
}

/// Something on both sides of one `@`, all of it on one line; whether it can be reached only a letter tells.
fn is_address(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.contains(|c: char| c.is_whitespace() || c.is_control() || "@<>,".contains(c))
    };
    text.split_once('@').is_some_and(|(local, domain)| plain(local) && plain(domain))
}

#[cfg(test)]
mod tests {
    use crate::settings::with;

    #[test]
    fn impossible_settings_are_refused_by_name() {
        for (name, value) in [
            ("FRONTEND_URL", "example.org"),
            ("PASSWORD_RESET_URL", "https://example.org/reset"),
            ("PASSWORD_RESET_URL", "javascript:{token}"),
            ("PASSWORD_RESET_EXPIRE_MINUTES", "0"),
            ("EMAIL_VERIFICATION_EXPIRE_HOURS", "10000"),
            ("SMTP_HOST", "smtp://mail.example.org"),
            ("SMTP_HOST", "mail.example.org:587"),
            ("SMTP_PORT", "0"),
            ("SMTP_PORT", "70000"),
            ("SUPPORT_EMAIL", "help"),
            ("FROM_EMAIL", "Dzinza <a@b.zw>"),
            ("FROM_EMAIL", ""),
            ("FROM_NAME", "Dzinza\nBcc: x"),
        ] {
            let error = with(&[(name, value)]).unwrap_err().to_string();
            assert!(error.to_uppercase().contains(name), "{name}={value}: {error}");
        }
    }

    #[test]
    fn possible_ones_are_taken() {
        for url in ["https://example.org/reset/{token}", "https://example.org/reset?a=b&token={token}#x"] {
            assert!(with(&[("PASSWORD_RESET_URL", url), ("FRONTEND_URL", "")]).is_ok(), "{url}");
        }
        let settings =
            with(&[("SMTP_HOST", "mail.example.org"), ("SMTP_PORT", "465"), ("SUPPORT_EMAIL", "")]).unwrap();
        assert_eq!((settings.smtp_port, settings.smtp_secure, settings.smtp_tls), (465, false, true));
    }
}
