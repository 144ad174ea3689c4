//! Addresses of accounts.

use serde_json::Value;

use crate::FieldProblem;
use crate::fields::Input;

/// As many characters as column `users.email` holds.
const MAX_LENGTH: usize = 255;

/// The address a request names, trimmed and lowercase.
///
/// # Errors
/// If there is none, or it is not one.
pub fn read(input: Input<'_>) -> Result<String, FieldProblem> {
    match input.get(&["email"]) {
        None | Some(Value::Null) => Err(FieldProblem::required("email")),
        Some(Value::String(text)) => normalise(text),
        Some(_) => Err(FieldProblem::new("email", "invalid_type", "email must be a text")),
    }
}

/// Trims, lowercases and checks an address. What really is deliverable only a message can tell; this keeps out
/// what never is, and what two stores would compare differently (invisible and combining characters).
///
/// # Errors
/// If it is empty, longer than 255 characters, or no address.
pub fn normalise(text: &str) -> Result<String, FieldProblem> {
    let email = text.trim().to_lowercase();
    if email.is_empty() {
        return Err(FieldProblem::required("email"));
    }
    if email.chars().count() > MAX_LENGTH {
        let message = format!("email must have at most {MAX_LENGTH} characters");
        return Err(FieldProblem::new("email", "too_long", message));
    }
    let valid = email.split_once('@').is_some_and(|(local, domain)| is_local(local) && is_domain(domain));
    if valid {
        Ok(email)
    } else {
        Err(FieldProblem::new("email", "invalid_email", "This is not a valid e-mail address"))
    }
}

fn is_local(local: &str) -> bool {
    let atom = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    local.len() <= 64 && local.split('.').all(|part| !part.is_empty() && part.chars().all(atom))
}

fn is_domain(domain: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    domain.contains('.') && domain.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_trimmed_lowercased_and_checked() {
        assert_eq!(
            normalise("  Tendai.Moyo+dzinza@Example.CO.ZW ").unwrap(),
            "tendai.moyo+dzinza@example.co.zw"
        );
        assert_eq!(normalise("a@b.zw").unwrap(), "a@b.zw");
        let long = format!("{}@example.org", "a".repeat(65));
        for bad in [
            "",
            " ",
            "a",
            "a@",
            "@b.zw",
            "a@b",
            "a@@b.zw",
            "a@b@c.zw",
            "a b@c.zw",
            "a@b .zw",
            "a@b..zw",
            "a@.zw",
            "a@-b.zw",
            "a@b.zw.",
            ".a@b.zw",
            "a..b@c.zw",
            "a\u{200b}@b.zw",
            "a\n@b.zw",
            "<a@b.zw>",
            "a@b.zw,c@d.zw",
            &long,
        ] {
            assert!(normalise(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_address_longer_than_its_column_is_refused() {
        let label = "d".repeat(63);
        let fits = format!("a@{label}.{label}.{label}.{}.z", "d".repeat(59));
        assert_eq!(fits.len(), 255);
        assert!(normalise(&fits).is_ok());
        assert!(normalise(&format!("a{fits}")).is_err());
    }
}
