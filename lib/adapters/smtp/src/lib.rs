//! [`Mailer`] by SMTP (RFC 5321), with connections that are kept for a while.
//!
//! A refusal that will not change (5xx about the letter) is [`StoreErrorKind::Invalid`], so that nobody tries again;
//! everything else, a wrong password of ours included, is [`StoreErrorKind::Unavailable`]. What a server says is not
//! passed on, as it tends to repeat addresses: its code is.
#![warn(missing_docs)]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use dzinza_mime::Mailbox;
use dzinza_ports::{Clock, Ids, Mail, Mailer, StoreError, StoreErrorKind};
use lettre::transport::smtp::AsyncSmtpTransportBuilder;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use secrecy::{ExposeSecret as _, SecretString};

/// For one command and its answer.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(15);
/// For a whole letter. A job holds it for longer, so that nobody sends it a second time meanwhile.
const LETTER_TIMEOUT: Duration = Duration::from_secs(40);
const CONNECTIONS: u32 = 4;
const IDLE: Duration = Duration::from_secs(30);

/// How the way to the server is kept private.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte, usually on port 465.
    Implicit,
    /// STARTTLS, without which nothing is sent; usually on port 587.
    StartTls,
    /// Not at all: for a server on this machine.
    None,
}

/// The server, and who writes.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// Its name, which its certificate must have.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way there is kept private.
    pub security: Security,
    /// User and password, if it asks for them.
    pub credentials: Option<(String, SecretString)>,
    /// The address of the sender.
    pub from_email: String,
    /// The sender's name; may be empty.
    pub from_name: String,
}

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// [`Mailer`] that hands letters to a mail server.
pub struct SmtpMailer {
    builder: AsyncSmtpTransportBuilder,
    /// Made by the first letter, as its connections are tended by the runtime.
    transport: Mutex<Option<Transport>>,
    from: Mailbox,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl SmtpMailer {
    /// Makes everything ready; whether the server is there is found out by the first letter. Blocking, for start-up:
    /// the certificates that this machine trusts are read.
    ///
    /// # Errors
    /// `Invalid` if the sender is no address, the host is no name for TLS, or the password would go over the network
    /// for everyone to read.
    pub fn new(
        settings: SmtpSettings,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Result<Arc<Self>, StoreError> {
        let from = dzinza_mime::sender(&settings.from_email, &settings.from_name)?;
        let tls = || {
            TlsParameters::new_rustls(settings.host.clone()).map_err(|error| {
                StoreError::with_source(StoreErrorKind::Invalid, "the name of the mail server", error)
            })
        };
        let tls = match settings.security {
            Security::Implicit => Tls::Wrapper(tls()?),
            Security::StartTls => Tls::Required(tls()?),
            Security::None => Tls::None,
        };
        if settings.security == Security::None && settings.credentials.is_some() && !is_here(&settings.host) {
            let problem = "a password for the mail server, but no TLS on the way there";
            return Err(StoreError::new(StoreErrorKind::Invalid, problem));
        }
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .tls(tls)
            .timeout(Some(COMMAND_TIMEOUT))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS).idle_timeout(IDLE));
        if let Some((user, password)) = settings.credentials {
            builder = builder.credentials(Credentials::new(user, password.expose_secret().to_owned()));
        }
        Ok(Arc::new(Self { builder, transport: Mutex::default(), from, clock, ids }))
    }

    fn transport(&self) -> Transport {
        let mut kept = self.transport.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get_or_insert_with(|| self.builder.clone().build()).clone()
    }

    fn forget(&self) -> Option<Transport> {
        self.transport.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: Mail) -> Result<(), StoreError> {
        let message = dzinza_mime::build(&mail, &self.from, &self.ids.new_id(), self.clock.now())?;
        let transport = self.transport();
        match tokio::time::timeout(LETTER_TIMEOUT, transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(problem(error)),
            Err(_) => {
                // That connection was left in the middle of something, and must not be given to another letter.
                self.forget();
                Err(StoreError::new(StoreErrorKind::Unavailable, "the mail server took too long"))
            }
        }
    }
}

impl Drop for SmtpMailer {
    /// Connections are closed by the runtime; where there is none any more, the system closes them.
    fn drop(&mut self) {
        if let Some(transport) = self.forget()
            && tokio::runtime::Handle::try_current().is_err()
        {
            std::mem::forget(transport);
        }
    }
}

/// What came of it, without the words of the server.
fn problem(error: Error) -> StoreError {
    let Some(code) = error.status().map(u16::from) else {
        return StoreError::with_source(StoreErrorKind::Unavailable, "the mail server", error);
    };
    let kind = if is_about_the_letter(code) { StoreErrorKind::Invalid } else { StoreErrorKind::Unavailable };
    StoreError::new(kind, format!("the mail server answered {code}"))
}

/// Whether trying again is of no use. Codes about who we are (530 to 538), about commands (500 to 504) and about the
/// server (521) are not: an operator can mend those while the letter waits.
fn is_about_the_letter(code: u16) -> bool {
    matches!(code, 550..=556)
}

/// Whether a host is this machine.
fn is_here(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use dzinza_ports::{SystemClock, SystemIds};

    use super::*;

    fn mailer(adjust: impl FnOnce(&mut SmtpSettings)) -> Result<Arc<SmtpMailer>, StoreError> {
        let mut settings = SmtpSettings {
            host: "mail.example.org".into(),
            port: 587,
            security: Security::StartTls,
            credentials: Some(("dzinza".into(), "secret".to_owned().into())),
            from_email: "noreply@example.org".into(),
            from_name: "Dzinza".into(),
        };
        adjust(&mut settings);
        SmtpMailer::new(settings, Arc::new(SystemClock), Arc::new(SystemIds))
    }

    #[test]
    fn settings_that_cannot_work_are_refused_at_the_start() {
        assert!(mailer(|_| ()).is_ok());
        assert!(mailer(|settings| settings.security = Security::Implicit).is_ok());
        assert!(mailer(|settings| settings.from_email = "nobody".into()).is_err());
        assert!(mailer(|settings| settings.from_email = "a@b.zw\r\nBcc: x@y.zw".into()).is_err());
        assert!(mailer(|settings| settings.security = Security::None).is_err(), "the password in the clear");
        for here in ["localhost", "127.0.0.1", "::1"] {
            let local = |settings: &mut SmtpSettings| {
                (settings.security, settings.host) = (Security::None, here.into());
            };
            assert!(mailer(local).is_ok(), "{here}");
        }
    }

    #[test]
    fn only_refusals_of_the_letter_itself_are_final() {
        for (code, is_final) in
            [(550, true), (553, true), (554, true), (535, false), (530, false), (421, false), (503, false)]
        {
            assert_eq!(is_about_the_letter(code), is_final, "{code}");
        }
    }
}
