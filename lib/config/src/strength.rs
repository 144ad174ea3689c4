//! Whether a secret is one: long enough, no text that stands in an example, nothing that a person would think of.

use secrecy::{ExposeSecret, SecretString};

use crate::secrets::SecretsError;

/// Keys of at least this many bytes (RFC 7518, 3.2).
pub(crate) const SHORTEST: usize = 32;
/// Fewer different bytes than this have no 32 random characters: of 32 hex digits fewer happen once in 10^9 times.
const FEWEST_DIFFERENT: usize = 7;
/// What repeats itself after fewer characters is as short as that.
const LONGEST_PERIOD: usize = 16;

/// What example values are made of, those in public repositories of this platform's earlier versions among them
/// (`your-super-secret-jwt-key-change-this-in-production`, `dev-jwt-secret-key-change-in-production`, ...).
const EXAMPLE_WORDS: &str = "
    abc access admin an and any app at auth bar be bit bits by bytes change changeit changeme char
    characters chars code company correct data database default demo dev development do dummy dzinza
    encryption enter env example fallback file foo for generate generated hello here hs in insecure
    insert is it jwt key least letmein local localhost long longer make me min minimum must my never not
    of or our pass passphrase password phrase placeholder platform please private prod production qwerty
    random real refresh replace safe sample secret secrets secure server service session set should sign
    signing some something string strong super supersecret temp test testing that the this to todo token
    update use used value very with world xxx you your";

/// Takes a secret that can be one.
pub(crate) fn checked(name: &str, value: String) -> Result<SecretString, SecretsError> {
    if value.len() < SHORTEST {
        return Err(SecretsError::Short(name.to_owned()));
    }
    if is_example(&value) {
        return Err(SecretsError::Published(name.to_owned()));
    }
    if is_simple(value.as_bytes()) {
        return Err(SecretsError::Weak(name.to_owned()));
    }
    Ok(value.into())
}

/// No secret may do the work of two: each is given with its name.
pub(crate) fn all_different<'a>(
    secrets: impl IntoIterator<Item = (&'static str, Option<&'a SecretString>)>,
) -> Result<(), SecretsError> {
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for (name, secret) in secrets {
        let Some(value) = secret.map(ExposeSecret::expose_secret) else { continue };
        if let Some((other, _)) = seen.iter().find(|(_, known)| *known == value) {
            return Err(SecretsError::Equal((*other).to_owned(), name.to_owned()));
        }
        seen.push((name, value));
    }
    Ok(())
}

/// Few different characters, the same again and again, or characters in the order of the alphabet or of numbers.
fn is_simple(bytes: &[u8]) -> bool {
    let mut different = bytes.to_vec();
    different.sort_unstable();
    different.dedup();
    let repeats = |period: usize| bytes.iter().zip(bytes.iter().skip(period)).all(|(a, b)| a == b);
    let pairs = bytes.iter().zip(bytes.iter().skip(1));
    let steps = pairs.filter(|(a, b)| a.abs_diff(**b) <= 1).count();
    different.len() < FEWEST_DIFFERENT || (1..=LONGEST_PERIOD).any(repeats) || steps * 4 > bytes.len() * 3
}

/// Nothing but words of examples, with signs and numbers between them.
fn is_example(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let letters = lower.chars().filter(char::is_ascii_alphabetic).count();
    let mut runs = lower.split(|c: char| !c.is_ascii_alphabetic()).filter(|run| !run.is_empty());
    letters * 2 >= lower.len() && runs.all(is_made_of_words)
}

/// Whether a text of letters can be cut into words of examples.
fn is_made_of_words(text: &str) -> bool {
    let mut reached = vec![false; text.len() + 1];
    if let Some(start) = reached.first_mut() {
        *start = true;
    }
    for at in 0..text.len() {
        if !reached.get(at).copied().unwrap_or_default() {
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        for word in EXAMPLE_WORDS.split_ascii_whitespace().filter(|word| rest.starts_with(word)) {
            if let Some(end) = reached.get_mut(at + word.len()) {
                *end = true;
            }
        }
    }
    reached.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn example_values_are_known_however_they_are_put_together() {
        for value in [
            "your-super-secret-jwt-key-change-this-in-production",
            "your-super-secret-refresh-key-change-this-in-production",
            "your-secret-key-change-in-production",
            "dev-jwt-secret-key-change-in-production",
            "your-secret-keyyour-secret-keyyour-secret-key",
            "changemechangemechangemechangemechangeme",
            "SecretSecretSecret_Secret-Secret 2024 secret",
            "please change this password 1234 at least 32 characters",
            "CHANGE_ME_TO_A_LONG_RANDOM_STRING_OF_32_CHARS",
            "my_super_secret_key_for_dzinza_dev",
        ] {
            let refused = checked("X", value.replace("_A_", "_")).unwrap_err();
            assert!(matches!(refused, SecretsError::Published(_)), "{value}: {refused}");
        }
    }

    #[test]
    fn what_a_person_types_in_a_hurry_is_no_secret() {
        for value in [
            "x".repeat(64),
            "ab".repeat(40),
            "k9#Qz!".repeat(8),
            "0123456789abcdef".repeat(4),
            "abcdefghijklmnopqrstuvwxyz0123456789".to_owned(),
            "9876543210zyxwvutsrqponmlkjihgfedcba".to_owned(),
            "111111222222333333444444555555666666".to_owned(),
            " ".repeat(40),
        ] {
            let refused = checked("X", value.clone()).unwrap_err();
            assert!(matches!(refused, SecretsError::Weak(_)), "{value}: {refused}");
            assert!(!refused.to_string().contains(&value));
        }
        assert!(matches!(checked("X", "k9#Qz!".repeat(5)).unwrap_err(), SecretsError::Short(_)));
    }

    #[test]
    fn random_ones_are_taken_in_every_notation() {
        use rand::Rng as _;
        let mut random = rand::rng();
        for _ in 0..2000 {
            let mut digits = |count| -> String {
                (0..count).filter_map(|_| char::from_digit(random.random_range(0..16), 16)).collect()
            };
            let (hex, long) = (digits(32), digits(64));
            let letters: String = (0..32).map(|_| random.sample(rand::distr::Alphanumeric) as char).collect();
            let numbers: String = (0..48).map(|_| random.random_range('0'..='9')).collect();
            for value in [hex, long, letters, numbers] {
                assert!(checked("X", value.clone()).is_ok(), "{value}");
            }
        }
        for words in
            ["correct-horse-battery-staple-mutupo-1890-shumba", "a-secret-of-the-operator-0123456789-abcdef"]
        {
            assert!(checked("X", words.to_owned()).is_ok(), "{words}");
        }
    }

    #[test]
    fn no_secret_does_the_work_of_two() {
        let secret = |text: &str| SecretString::from(text);
        let (a, b) = (secret("a"), secret("b"));
        assert!(all_different([("A", Some(&a)), ("N", None), ("B", Some(&b)), ("M", None)]).is_ok());
        let again = secret("a");
        let refused = all_different([("A", Some(&a)), ("B", Some(&b)), ("C", Some(&again))]).unwrap_err();
        assert!(matches!(refused, SecretsError::Equal(one, other) if one == "A" && other == "C"));
    }
}
