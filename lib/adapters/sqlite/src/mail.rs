//! [`Mailer`] as a folder: a letter is a file that its owner alone can read, for a person or another program to
//! pass on.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use dzinza_ports::{Clock, Ids, Mail, Mailer, StoreError, StoreErrorKind};
use jiff::fmt::rfc2822::DateTimePrinter;

use crate::error::{invalid, unavailable};

/// [`Mailer`] that writes letters to a folder.
pub struct FileMailer {
    folder: PathBuf,
    from: String,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl FileMailer {
    /// Opens the folder, making it as needed: blocking, for start-up.
    pub fn open(
        folder: impl AsRef<Path>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Result<Arc<Self>, StoreError> {
        Self::open_from(folder, "Dzinza <noreply@localhost>", clock, ids)
    }

    /// The same with a sender, as header `From` has it.
    pub fn open_from(
        folder: impl AsRef<Path>,
        from: &str,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Result<Arc<Self>, StoreError> {
        let folder = folder.as_ref().to_owned();
        std::fs::create_dir_all(&folder).map_err(io)?;
        Ok(Arc::new(Self { folder, from: one_line(from), clock, ids }))
    }
}

#[async_trait]
impl Mailer for FileMailer {
    async fn send(&self, mail: Mail) -> Result<(), StoreError> {
        let id = self.ids.new_id();
        let date = DateTimePrinter::new()
            .timestamp_to_string(&self.clock.now())
            .map_err(|_| invalid("the date of a letter"))?;
        let letter = format!(
            "From: {}\nTo: {}\nSubject: {}\nDate: {date}\nMessage-ID: <{id}@dzinza>\nMIME-Version: 1.0\n{}",
            self.from,
            one_line(&mail.to),
            one_line(&mail.subject),
            body(&mail, &id)
        );
        let folder = self.folder.clone();
        tokio::task::spawn_blocking(move || write(&folder, &id, &letter))
            .await
            .map_err(|_| unavailable("the mail folder"))?
            .map_err(io)
    }
}

/// The text, and the HTML beside it (RFC 2046, 5.1.4): lines as they are, for a person to read.
fn body(mail: &Mail, id: &str) -> String {
    let part = |kind: &str, content: &str| {
        format!("Content-Type: {kind}; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{content}")
    };
    let text = part("text/plain", &mail.text);
    let Some(html) = &mail.html else { return text };
    let html = part("text/html", html);
    let edge = format!("=_{id}");
    format!(
        "Content-Type: multipart/alternative; boundary=\"{edge}\"\n\n--{edge}\n{text}\n--{edge}\n{html}\n--{edge}--\n"
    )
}

/// Under a name that begins with a dot, and mode 0600, until all of it is there.
fn write(folder: &Path, id: &str, letter: &str) -> std::io::Result<()> {
    let mut draft = tempfile::Builder::new().prefix(".draft-").tempfile_in(folder)?;
    draft.write_all(letter.as_bytes())?;
    draft.as_file().sync_all()?;
    draft.persist(folder.join(format!("{id}.eml"))).map_err(|error| error.error)?;
    std::fs::File::open(folder)?.sync_all()
}

fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

fn io(error: std::io::Error) -> StoreError {
    StoreError::with_source(StoreErrorKind::Unavailable, "the mail folder", error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dzinza_ports::{SystemClock, SystemIds};

    #[tokio::test]
    async fn a_letter_is_one_file_for_its_owner_and_its_headers_stay_lines() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("mail");
        let mailer = FileMailer::open(&place, Arc::new(SystemClock), Arc::new(SystemIds)).unwrap();
        let mail = Mail {
            to: "a@b.zw\r\nBcc: eve@example.org".into(),
            subject: "Ndi\nX: ñ".into(),
            text: "Mhoro\nñ\n".into(),
            html: None,
        };
        mailer.send(mail.clone()).await.unwrap();
        mailer.send(mail).await.unwrap();
        let files: Vec<_> = std::fs::read_dir(&place).unwrap().map(|file| file.unwrap().path()).collect();
        assert_eq!(files.len(), 2);
        for file in files {
            assert!(file.extension().is_some_and(|extension| extension == "eml"), "{file:?}");
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
            }
            let text = std::fs::read_to_string(&file).unwrap();
            let (head, body) = text.split_once("\n\n").unwrap();
            let lines: Vec<&str> = head.lines().collect();
            assert_eq!(
                lines[..3],
                ["From: Dzinza <noreply@localhost>", "To: a@b.zwBcc: eve@example.org", "Subject: NdiX: ñ"]
            );
            assert!(lines[3].starts_with("Date: ") && lines[3].ends_with("0000"), "{head}");
            assert!(lines[4].starts_with("Message-ID: <") && lines[5] == "MIME-Version: 1.0", "{head}");
            assert_eq!(
                lines[6..],
                ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"]
            );
            assert_eq!(body, "Mhoro\nñ\n");
        }
    }

    #[tokio::test]
    async fn text_and_html_stand_beside_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let (clock, ids) = (Arc::new(SystemClock), Arc::new(SystemIds));
        let mailer = FileMailer::open_from(&folder, "Moyo <noreply@moyo.example>\n", clock, ids).unwrap();
        let mail = Mail {
            to: "a@b.zw".into(),
            subject: "Mhoro".into(),
            text: "Mhoro ñ\n".into(),
            html: Some("<p>Mhoro ñ</p>\n".into()),
        };
        mailer.send(mail).await.unwrap();
        let file = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
        let letter = std::fs::read_to_string(file).unwrap();
        assert!(letter.starts_with("From: Moyo <noreply@moyo.example>\n"), "{letter}");
        let (_, rest) = letter.split_once("multipart/alternative; boundary=\"").unwrap();
        let (edge, rest) = rest.split_once("\"\n\n").unwrap();
        let parts: Vec<&str> = rest.split(&format!("--{edge}")).collect();
        assert_eq!(parts.len(), 4, "{letter}");
        assert!(parts[1].contains("text/plain") && parts[1].ends_with("\n\nMhoro ñ\n\n"), "{letter}");
        assert!(parts[2].contains("text/html") && parts[2].ends_with("\n\n<p>Mhoro ñ</p>\n\n"), "{letter}");
        assert_eq!((parts[0], parts[3]), ("", "--\n"));
    }
}
