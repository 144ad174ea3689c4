//! A letter as a message (RFC 5322), as text and as HTML beside each other (RFC 2046, 5.1.4), for whoever sends it.
#![warn(missing_docs)]

use std::time::{Duration, SystemTime};

use dzinza_ports::{Mail, StoreError, StoreErrorKind};
use jiff::Timestamp;
pub use lettre::message::Mailbox;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{MultiPart, SinglePart};
use lettre::{Address, Message};

/// Tells other machines that no person wrote this, so that they do not answer (RFC 3834, 5).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

fn invalid(what: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Invalid, what)
}

/// The sender; the name may be empty.
///
/// # Errors
/// `Invalid` if the address is none.
pub fn sender(email: &str, name: &str) -> Result<Mailbox, StoreError> {
    let address: Address = email.trim().parse().map_err(|_| invalid("the address of the sender"))?;
    let name = one_line(name);
    Ok(Mailbox::new(Some(name.trim().to_owned()).filter(|name| !name.is_empty()), address))
}

/// The message. A line break in the subject or the address makes no header.
///
/// # Errors
/// `Invalid` if the letter goes to no address.
pub fn build(mail: &Mail, from: &Mailbox, id: &str, now: Timestamp) -> Result<Message, StoreError> {
    let to: Address = mail.to.parse().map_err(|_| invalid("the address of a letter"))?;
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    let builder = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(one_line(&mail.subject))
        .date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
        .message_id(Some(format!("<{id}@{}>", from.email.domain())))
        .header(AutoSubmitted);
    let message = match &mail.html {
        Some(html) => builder.multipart(MultiPart::alternative_plain_html(mail.text.clone(), html.clone())),
        None => builder.singlepart(SinglePart::plain(mail.text.clone())),
    };
    message.map_err(|_| invalid("a letter that makes no message"))
}

fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(to: &str, subject: &str) -> Mail {
        Mail {
            to: to.into(),
            subject: subject.into(),
            text: "Mhoro\n".into(),
            html: Some("<p>Mhoro</p>".into()),
        }
    }

    fn built(mail: &Mail) -> Result<String, StoreError> {
        let from = sender("noreply@example.org", "Dzinza\r\nBcc: eve@example.org").unwrap();
        let now: Timestamp = "2026-11-23T14:05:09Z".parse().unwrap();
        build(mail, &from, "0190", now).map(|message| String::from_utf8(message.formatted()).unwrap())
    }

    #[test]
    fn a_letter_has_both_parts_and_says_that_no_person_wrote_it() {
        let text = built(&letter("tendai@example.org", "Mhoro")).unwrap();
        for part in [
            "To: tendai@example.org\r\n",
            "Subject: Mhoro\r\n",
            "Date: Mon, 23 Nov 2026 14:05:09 +0000\r\n",
            "Message-ID: <0190@example.org>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Content-Type: multipart/alternative;",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "Content-Type: text/html; charset=utf-8\r\n",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(text.find("text/plain") < text.find("text/html"), "the best comes last");
        let plain = built(&Mail { html: None, ..letter("tendai@example.org", "Mhoro") }).unwrap();
        assert!(!plain.contains("multipart") && plain.trim_end().ends_with("\r\n\r\nMhoro"), "{plain}");
    }

    #[test]
    fn no_line_break_makes_a_header() {
        let text = built(&letter("tendai@example.org", "A\r\nBcc: eve@example.org\n\nB\0")).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
        for to in ["a@b.zw\r\nBcc: eve@example.org", "a@b.zw, eve@example.org", "<a@b.zw>", "", "a b@c.zw"] {
            assert_eq!(built(&letter(to, "x")).unwrap_err().kind(), StoreErrorKind::Invalid, "{to}");
        }
    }

    #[test]
    fn names_and_subjects_beyond_ascii_are_encoded() {
        let text = built(&letter("tendai@example.org", "Ñandú – 家")).unwrap();
        assert!(text.is_ascii() && text.contains("Subject: =?utf-8?"), "{text}");
    }
}
