//! Texts and templates become a letter.

use std::sync::LazyLock;

use dzinza_ports::Mail;
use minijinja::{Environment, Error, UndefinedBehavior, Value, context};

use crate::texts::{Language, Text, language};
use crate::{Letterhead, Reader, WriteError, Written};

/// Names ending in `.html` are escaped, and a placeholder that nothing fills is an error.
pub(crate) static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
});
const TEXT: (&str, &str) = ("letter.txt", include_str!("../templates/letter.txt"));
const HTML: (&str, &str) = ("letter.html", include_str!("../templates/letter.html"));

impl Letterhead {
    pub(crate) fn write(
        &self,
        reader: &Reader<'_>,
        letter: &'static str,
        link: Option<&str>,
        filling: Value,
    ) -> Written {
        let failed = |reason: String| WriteError { letter, reason };
        let (code, language) = language(reader.language).map_err(failed)?;
        let text = language.letters.get(letter).ok_or_else(|| failed(format!("not in {code}")))?;
        let draft = Draft { head: self, name: greetable(reader.name), link, code, language, text, filling };
        draft.mail(reader.address).map_err(|error| failed(error.to_string()))
    }
}

struct Draft<'a> {
    head: &'a Letterhead,
    name: &'a str,
    link: Option<&'a str>,
    code: &'a str,
    language: &'a Language,
    text: &'a Text,
    filling: Value,
}

impl Draft<'_> {
    fn mail(&self, to: &str) -> Result<Mail, Error> {
        Ok(Mail {
            to: to.to_owned(),
            subject: self.fill(&self.text.subject)?,
            text: self.render(TEXT)?,
            html: Some(self.render(HTML)?),
        })
    }

    /// Lines are filled as text, and escaped once, where the template puts them.
    fn render(&self, (name, template): (&str, &str)) -> Result<String, Error> {
        let frame = &self.language.frame;
        let lines =
            |lines: &[String]| lines.iter().map(|line| self.fill(line)).collect::<Result<Vec<_>, _>>();
        let greeting = if self.name.is_empty() { &frame.greeting_nameless } else { &frame.greeting };
        let support = if self.head.support.is_empty() { "" } else { frame.support.as_str() };
        let values = context! {
            language => self.code,
            subject => self.fill(&self.text.subject)?,
            greeting => self.fill(greeting)?,
            before => lines(&self.text.before)?,
            after => lines(&self.text.after)?,
            link => self.link.unwrap_or_default(),
            button => self.text.button.as_deref().unwrap_or_default(),
            copy => &*frame.copy,
            footer => self.fill(&frame.footer)?,
            support => self.fill(support)?,
            site => &*self.head.site,
        };
        ENVIRONMENT.render_named_str(name, template, values)
    }

    fn fill(&self, line: &str) -> Result<String, Error> {
        let Letterhead { name: platform, support, .. } = self.head;
        let own = context! { name => self.name, platform, support };
        ENVIRONMENT.render_named_str("line.txt", line, context! { ..own, ..self.filling.clone() })
    }
}

/// The name, unless a mail program would make a link of a part of it: otherwise anyone could sign up other people's
/// addresses under a name that advertises something.
fn greetable(name: &str) -> &str {
    let name = name.trim();
    let links = |(at, c): (usize, char)| match c {
        '/' | ':' | '@' | '\\' => true,
        '.' => name[at + 1..].chars().next().is_some_and(char::is_alphanumeric),
        c => c.is_control(),
    };
    if name.char_indices().any(links) || name.chars().count() > 50 { "" } else { name }
}
