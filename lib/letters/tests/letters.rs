//! Every letter in every language: the same placeholders, all of them filled, nothing unescaped.
#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use dzinza_letters::{CONTENT_SECURITY_POLICY, Letterhead, Page, Reader, Written, page};
use dzinza_ports::Mail;
use jiff::Timestamp;
use jiff::civil::Date;

const LANGUAGES: [&str; 3] = ["en", "sn", "nd"];
const LINK: &str = "https://api.example.org/api/auth/verify-email/0123456789abcdef?a=1&b=2";
static HEAD: LazyLock<Letterhead> = LazyLock::new(|| Letterhead {
    name: "Mhuri <Yedu>".to_owned(),
    support: "help@example.org".to_owned(),
    site: "https://example.org".to_owned(),
});

fn reader<'a>(name: &'a str, language: &'a str) -> Reader<'a> {
    Reader { address: "tendai@example.org", name, language }
}

/// Every letter there is, under the name of its text.
fn all(head: &Letterhead, reader: &Reader<'_>) -> BTreeMap<&'static str, Mail> {
    let moment: Timestamp = "2026-11-23T14:05:09Z".parse().unwrap();
    let letters: [(&str, Written); 23] = [
        ("welcome", head.welcome(reader, LINK, 24)),
        ("verify", head.verify(reader, LINK, 24)),
        ("reset", head.reset(reader, LINK, 60)),
        ("password_changed", head.password_changed(reader)),
        ("password_reset", head.password_reset(reader)),
        ("mfa_on", head.mfa_on(reader)),
        ("mfa_off", head.mfa_off(reader)),
        ("email_left", head.email_left(reader)),
        ("email_arrived", head.email_arrived(reader, LINK, 24)),
        ("email_given", head.email_given(reader)),
        ("new_device", head.new_device(reader, "Firefox <b>&</b> Linux", moment)),
        ("erasure_planned", head.erasure_planned(reader, Date::constant(2026, 12, 24))),
        ("erased", head.erased(reader)),
        ("deactivated", head.deactivated(reader)),
        ("erasure_taken_back", head.erasure_taken_back(reader)),
        (
            "heir",
            head.heir(
                reader,
                "Rudo",
                &["Moyo".to_owned(), "Sibanda".to_owned()],
                Date::constant(2026, 12, 24),
            ),
        ),
        ("heir_refused", head.heir_refused(reader, "Moyo")),
        ("identity_linked", head.identity_linked(reader, "Google")),
        ("reclaimed", head.reclaimed(reader)),
        ("access_token_made", head.access_token_made(reader)),
        ("passkey_added", head.passkey_added(reader)),
        ("passkey_removed", head.passkey_removed(reader)),
        ("token_reuse", head.token_reuse(reader)),
    ];
    letters.into_iter().map(|(name, written)| (name, written.unwrap())).collect()
}

/// The texts of a language as they stand in its file: letter, part, line.
fn texts(language: &str) -> BTreeMap<String, String> {
    let path = format!("{}/texts/{language}.toml", env!("CARGO_MANIFEST_DIR"));
    let file: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let mut found = BTreeMap::new();
    let mut waiting = vec![(String::new(), toml::Value::Table(file))];
    while let Some((place, value)) = waiting.pop() {
        match value {
            toml::Value::Table(table) => {
                waiting.extend(table.into_iter().map(|(key, value)| (format!("{place}/{key}"), value)));
            }
            toml::Value::Array(lines) => {
                let lines = lines.into_iter().enumerate();
                waiting.extend(lines.map(|(at, value)| (format!("{place}/{at}"), value)));
            }
            value => {
                found.insert(place, value.as_str().unwrap().to_owned());
            }
        }
    }
    found
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split("{{").skip(1).map(|rest| rest.split("}}").next().unwrap().trim()).collect()
}

#[test]
fn every_language_has_every_text_with_the_same_placeholders() {
    let english = texts("en");
    let letters: BTreeSet<&str> =
        english.keys().filter_map(|key| key.strip_prefix("/letters/")?.split('/').next()).collect();
    assert_eq!(letters, all(&HEAD, &reader("", "en")).into_keys().collect());
    for language in LANGUAGES {
        let other = texts(language);
        assert_eq!(other.keys().collect::<Vec<_>>(), english.keys().collect::<Vec<_>>(), "{language}");
        for (place, text) in &other {
            assert_eq!(placeholders(text), placeholders(&english[place]), "{language}{place}");
            assert!(!text.trim().is_empty(), "{language}{place}");
            if language != "en" {
                assert_ne!(*text, english[place], "{language}{place} is not translated");
            }
        }
    }
}

#[test]
fn every_letter_is_whole_as_text_and_as_html() {
    for language in LANGUAGES {
        for (name, mail) in all(&HEAD, &reader("Tendai", language)) {
            let html = mail.html.unwrap();
            assert_eq!(mail.to, "tendai@example.org");
            assert!(!mail.subject.contains('\n') && mail.subject.chars().count() < 78, "{}", mail.subject);
            for part in [&mail.subject, &mail.text, &html] {
                assert!(!["{{", "}}", "{%", "%}"].iter().any(|mark| part.contains(mark)), "{name}: {part}");
            }
            assert!(html.contains(&format!("<html lang=\"{language}\">")), "{name}");
            for part in [&mail.text, &html] {
                assert!(part.contains("Tendai,") && part.contains("help@example.org"), "{name}: {part}");
            }
            let has_link = ["welcome", "verify", "reset", "email_arrived"].contains(&name);
            assert_eq!(mail.text.contains(&format!("\n{LINK}\n")), has_link, "{name}");
            assert_eq!(html.matches("&amp;b=2\"").count(), if has_link { 2 } else { 0 }, "{name}: {html}");
            // Nothing is fetched, so that opening a letter tells nobody.
            for tag in ["<img", "<link", "<script", "url(", "src=", "@import"] {
                assert!(!html.contains(tag), "{name}: {tag}");
            }
            assert!(mail.text.lines().all(|line| line.len() < 500), "{name}");
        }
    }
}

#[test]
fn what_is_filled_in_is_said() {
    let letters = all(&HEAD, &reader("", "en"));
    for (name, said) in [
        ("welcome", "24 hours"),
        ("reset", "60 minutes"),
        ("new_device", "Device: Firefox <b>&</b> Linux. Time: 2026-11-23 14:05 UTC."),
        ("erasure_planned", "after 2026-12-24"),
        ("heir", "Rudo is leaving Mhuri <Yedu> and wants you to take over: Moyo, Sibanda."),
        ("identity_linked", "with Google"),
    ] {
        assert!(letters[name].text.contains(said), "{}", letters[name].text);
    }
    assert!(letters["new_device"].html.as_ref().unwrap().contains("&lt;b&gt;&amp;&lt;"));
    // In the name of the platform, which an administrator chooses.
    assert!(letters["welcome"].subject.starts_with("Welcome to Mhuri <Yedu>:"));
    for (name, mail) in letters {
        assert!(mail.text.contains("from Mhuri <Yedu>,"), "{name}: {}", mail.text);
        let html = mail.html.unwrap();
        assert!(html.contains("Mhuri &lt;Yedu&gt;") && !html.contains("<Yedu>"), "{name}: {html}");
        assert!(!mail.text.contains("Dzinza") && !html.contains("Dzinza"), "{name}");
    }
}

#[test]
fn names_are_escaped_and_never_a_template() {
    for language in LANGUAGES {
        for name in [
            "<script>alert(1)<\u{200b}b>",
            "\"><b onload=x>",
            "{{ support }}{% for x in y %}",
            "O'Brien & co",
        ] {
            for (letter, mail) in all(&HEAD, &reader(name, language)) {
                let html = mail.html.unwrap();
                assert!(!html.contains("<script") && !html.contains("<b o"), "{letter}: {html}");
                assert!(mail.text.contains(name), "{letter}: {}", mail.text);
            }
        }
    }
}

#[test]
fn nobody_is_greeted_by_an_advertisement_or_without_a_name() {
    for name in ["", " ", "Visit evil.example now", "http://evil", "a@b.zw", "x\ny", &"x".repeat(51)] {
        let mail = HEAD.welcome(&reader(name, "en"), LINK, 24).unwrap();
        assert!(mail.text.starts_with("Hello,\n"), "{name}: {}", mail.text);
        assert!(!mail.html.unwrap().contains("evil"), "{name}");
    }
    let mail = HEAD.welcome(&reader("Tendai J. Moyo", "en"), LINK, 24).unwrap();
    assert!(mail.text.starts_with("Hello Tendai J. Moyo,\n"));
}

#[test]
fn other_languages_are_answered_in_english_and_a_bare_letterhead_says_less() {
    let bare = Letterhead { support: String::new(), site: String::new(), ..HEAD.clone() };
    let mail = bare.erased(&reader("", "fr")).unwrap();
    assert!(mail.subject.contains("erased") && mail.html.unwrap().contains("lang=\"en\""));
    assert!(!mail.text.contains("Questions") && !mail.text.contains("http"), "{}", mail.text);
}

#[test]
fn every_page_is_whole_in_every_language_and_takes_nothing_from_elsewhere() {
    let form = |problem| Page::NewPassword { action: "/x", token: "\"><script>", problem };
    for language in LANGUAGES {
        for shown in [
            form(None),
            form(Some("too_short")),
            form(Some("no such code")),
            Page::PasswordChanged,
            Page::PasswordLinkSpent,
            Page::Verified,
            Page::VerificationLinkSpent,
        ] {
            let html = page(language, shown, "Mhuri", "https://example.org").unwrap();
            assert!(html.contains(&format!("<html lang=\"{language}\">")), "{html}");
            for tag in ["<script", "<img", "<link", "url(", "@import", "style=", "{{", "{%"] {
                assert!(!html.contains(tag), "{shown:?}: {tag}");
            }
            assert_eq!(html.matches("<h1>").count(), 1);
            let has_form = matches!(shown, Page::NewPassword { .. });
            assert_eq!(
                (html.contains("<form"), html.contains("/login\"")),
                (has_form, !has_form && shown != Page::PasswordLinkSpent)
            );
            let has_problem = matches!(shown, Page::NewPassword { problem: Some(_), .. });
            assert_eq!(html.contains("role=\"alert\""), has_problem);
        }
    }
    assert!(CONTENT_SECURITY_POLICY.starts_with("default-src 'none';"));
}
