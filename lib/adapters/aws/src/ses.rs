//! [`Mailer`] by SES.
//!
//! A letter that SES will never take is [`StoreErrorKind::Invalid`]. What an operator can mend while it waits is not: a
//! sender that is not verified yet, an account that is held, too many letters at once.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::error::SdkError;
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::primitives::Blob;
use aws_sdk_sesv2::types::{Destination, EmailContent, RawMessage};
use dzinza_mime::Mailbox;
use dzinza_ports::{Clock, Ids, Mail, Mailer, StoreError, StoreErrorKind};

use crate::Account;
use crate::account::{Later, later};
use crate::error::unavailable;

/// For a whole letter. A job holds it for longer, so that nobody sends it a second time meanwhile.
const LETTER_TIMEOUT: Duration = Duration::from_secs(40);

/// Who writes.
#[derive(Debug, Clone)]
pub struct SesSettings {
    /// The address of the sender, which SES has to know.
    pub from_email: String,
    /// The sender's name; may be empty.
    pub from_name: String,
    /// A set of rules for events of letters, if there is one.
    pub configuration_set: Option<String>,
}

/// [`Mailer`] that hands letters to SES.
pub struct SesMailer {
    client: Later<Client>,
    from: Mailbox,
    configuration_set: Option<String>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl SesMailer {
    /// Makes everything ready without going anywhere.
    ///
    /// # Errors
    /// `Invalid` if the sender is no address.
    pub fn new(
        account: &Account,
        settings: SesSettings,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Result<Arc<Self>, StoreError> {
        let SesSettings { from_email, from_name, configuration_set } = settings;
        let from = dzinza_mime::sender(&from_email, &from_name)?;
        let sdk = account.sdk().clone();
        let client = later(move || Client::new(&sdk));
        Ok(Arc::new(Self { client, from, configuration_set, clock, ids }))
    }
}

#[async_trait]
impl Mailer for SesMailer {
    async fn send(&self, mail: Mail) -> Result<(), StoreError> {
        let message = dzinza_mime::build(&mail, &self.from, &self.ids.new_id(), self.clock.now())?;
        let broken = |error| StoreError::with_source(StoreErrorKind::Invalid, "SES: a letter", error);
        let raw = RawMessage::builder().data(Blob::new(message.formatted())).build().map_err(broken)?;
        let request = self
            .client
            .send_email()
            .from_email_address(self.from.email.to_string())
            .destination(Destination::builder().to_addresses(&mail.to).build())
            .content(EmailContent::builder().raw(raw).build())
            .set_configuration_set_name(self.configuration_set.clone());
        match tokio::time::timeout(LETTER_TIMEOUT, request.send()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(problem(error)),
            Err(_) => Err(StoreError::new(StoreErrorKind::Unavailable, "SES took too long")),
        }
    }
}

fn problem(error: SdkError<SendEmailError>) -> StoreError {
    if error.as_service_error().is_some_and(is_about_the_letter) {
        return StoreError::new(StoreErrorKind::Invalid, "SES does not take the letter");
    }
    unavailable("SES: send", error)
}

/// Whether trying again is of no use. A rejection may be about who we are as well, which only its words tell.
fn is_about_the_letter(error: &SendEmailError) -> bool {
    let about_us = |message: Option<&str>| message.is_some_and(|text| text.contains("not verified"));
    match error {
        SendEmailError::BadRequestException(error) => !about_us(error.message()),
        SendEmailError::MessageRejected(error) => !about_us(error.message()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_sesv2::types::error::{
        AccountSuspendedException, BadRequestException, MailFromDomainNotVerifiedException, MessageRejected,
        SendingPausedException, TooManyRequestsException,
    };

    use super::*;

    fn rejected(message: &str) -> SendEmailError {
        SendEmailError::MessageRejected(MessageRejected::builder().message(message).build())
    }

    #[test]
    fn only_refusals_of_the_letter_itself_are_final() {
        for (error, is_final) in [
            (rejected("Virus found"), true),
            (SendEmailError::BadRequestException(BadRequestException::builder().build()), true),
            (rejected("Email address is not verified. The following identities failed the check"), false),
            (SendEmailError::TooManyRequestsException(TooManyRequestsException::builder().build()), false),
            (SendEmailError::SendingPausedException(SendingPausedException::builder().build()), false),
            (SendEmailError::AccountSuspendedException(AccountSuspendedException::builder().build()), false),
            (
                SendEmailError::MailFromDomainNotVerifiedException(
                    MailFromDomainNotVerifiedException::builder().build(),
                ),
                false,
            ),
        ] {
            assert_eq!(is_about_the_letter(&error), is_final, "{error}");
        }
    }
}
