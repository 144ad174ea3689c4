//! Where letters go.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dzinza_config::{Secrets, Settings};
use dzinza_ports::{Clock, Ids, Mailer};
use dzinza_smtp::{Security, SmtpMailer, SmtpSettings};
use dzinza_sqlite::FileMailer;

use crate::OpenError;

/// Where letters are written if there is no mail server.
pub fn mail_folder(data: &Path) -> PathBuf {
    data.join("mail")
}

/// What `MAIL_TRANSPORT` says, or else the mail server that the settings name, or else [`mail_folder`], which must be
/// there.
///
/// # Errors
/// If the settings of the mail server cannot work, or the folder cannot be used, or may not.
pub fn mailer(
    settings: &Settings,
    secrets: &Secrets,
    data: &Path,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
) -> Result<Arc<dyn Mailer>, OpenError> {
    if settings.mail_transport == "ses" {
        return by_ses(settings, secrets, clock, ids);
    }
    if settings.smtp_host.is_empty() || settings.mail_transport == "folder" {
        if settings.on_servers() {
            let transport = if settings.mail_transport == "folder" { "MAIL_TRANSPORT" } else { "SMTP_HOST" };
            return Err(crate::servers::missing(transport));
        }
        let from = format!("{} <{}>", settings.from_name, settings.from_email);
        return Ok(FileMailer::open_from(mail_folder(data), &from, clock, ids)?);
    }
    let security = match (settings.smtp_secure, settings.smtp_tls) {
        (true, _) => Security::Implicit,
        (false, true) => Security::StartTls,
        (false, false) => Security::None,
    };
    let password = secrets.smtp_password.clone().unwrap_or_default();
    let user = Some(settings.smtp_user.clone()).filter(|user| !user.is_empty());
    let server = SmtpSettings {
        host: settings.smtp_host.clone(),
        port: settings.smtp_port,
        security,
        credentials: user.map(|user| (user, password)),
        from_email: settings.from_email.clone(),
        from_name: settings.from_name.clone(),
    };
    let mailer = SmtpMailer::new(server, clock, ids);
    Ok(mailer.map_err(|error| OpenError::Mail(error.context().to_owned()))?)
}

#[cfg(not(feature = "ses"))]
fn by_ses(
    _: &Settings,
    _: &Secrets,
    _: Arc<dyn Clock>,
    _: Arc<dyn Ids>,
) -> Result<Arc<dyn Mailer>, OpenError> {
    Err(crate::aws::not_built("MAIL_TRANSPORT", "SES", "ses"))
}

#[cfg(feature = "ses")]
fn by_ses(
    settings: &Settings,
    secrets: &Secrets,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
) -> Result<Arc<dyn Mailer>, OpenError> {
    use dzinza_aws::{SesMailer, SesSettings};

    let endpoint = ("AWS_ENDPOINT_URL", &*settings.aws_endpoint_url);
    let account = crate::aws::account(&settings.aws_region, endpoint, secrets.aws.as_ref())?;
    let set = Some(settings.ses_configuration_set.clone()).filter(|set| !set.is_empty());
    let sender = SesSettings {
        from_email: settings.from_email.clone(),
        from_name: settings.from_name.clone(),
        configuration_set: set,
    };
    let mailer = SesMailer::new(&account, sender, clock, ids);
    Ok(mailer.map_err(|error| OpenError::Mail(error.context().to_owned()))?)
}
