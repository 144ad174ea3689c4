//! Passwords that are guessed first, though they keep the rule: `P@ssw0rd1`, `Qwerty@123`, one's own name and a year.
//!
//! A plain list of common passwords would hold next to nothing that keeps the rule. So zxcvbn (Wheeler, USENIX
//! Security 2016) says how many guesses someone needs who begins with the 30,000 most common passwords, names and
//! words, in any case and with digits for letters, and goes on with keyboard rows, dates and repetitions.

use dzinza_domain::FieldProblem;

/// Fewer guesses than this and a password is common. Whoever guesses here gets five, and then a lock.
const EASY: u64 = 30_000_000;
/// As many characters as are looked at: what begins well is good enough, and the work is bounded.
const LOOKED_AT: usize = 32;
/// Words that everybody here thinks of.
const OF_THE_SITE: [&str; 2] = ["dzinza", "genealogy"];

/// Refuses a password that is guessed early, also by someone who knows the account's address.
pub(crate) fn check(password: &str, email: &str, field: &str) -> Result<(), FieldProblem> {
    let begin: String = password.chars().take(LOOKED_AT).collect();
    let local = email.split('@').next().unwrap_or_default();
    let parts = local.split(|c: char| !c.is_alphanumeric()).filter(|part| part.chars().count() > 2);
    let words: Vec<&str> = OF_THE_SITE.into_iter().chain([email, local]).chain(parts).collect();
    if zxcvbn::zxcvbn(&begin, &words).guesses() >= EASY {
        return Ok(());
    }
    let message = "This password is among the first that are tried. Please choose one that is further from \
        common words, names and dates, and from your address.";
    Err(FieldProblem::new(field, "common_password", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The top of published lists, as far as it keeps our rule.
    const COMMON: &[&str] = &[
        "P@ssw0rd",
        "P@ssw0rd1",
        "Passw0rd!",
        "Password1!",
        "Password@123",
        "Pass@123",
        "Pa$$w0rd",
        "Admin@123",
        "Admin123!",
        "Welcome@123",
        "Welcome1!",
        "Qwerty@123",
        "Qwerty123!",
        "Abcd@1234",
        "Abc@1234",
        "Abc123!!",
        "Aa123456@",
        "Aa@123456",
        "1qaz!QAZ",
        "1qaz@WSX",
        "!QAZ2wsx",
        "Test@123",
        "Test@1234",
        "India@123",
        "Google@123",
        "Iloveyou1!",
        "Sunshine1!",
        "Jesus@123",
        "Michael1!",
        "Liverpool1!",
        "Chelsea123!",
        "Summer2024!",
        "Changeme1!",
        "Letmein1!",
        "Monkey12#",
        "Zimbabwe1!",
        "Dzinza@123",
        "Dzinza-2026",
        "aB3|aB3|",
        "Aa1!Aa1!Aa1!Aa1!Aa1!Aa1!Aa1!Aa1!Aa1!Aa1!",
    ];

    #[test]
    fn what_is_guessed_first_is_no_password() {
        for common in COMMON {
            crate::passwords::check_rule(common, "password").expect(common);
            let refused = check(common, "", "password").expect_err(common);
            assert_eq!((refused.code, refused.field.as_str()), ("common_password", "password"), "{common}");
        }
        for good in ["Mutupo-1890", "Baobab-1897", "correct Horse battery 7 staple", "Ünï1§qxvd", "v9#Kq!2z"]
        {
            assert!(check(good, "", "password").is_ok(), "{good}");
        }
    }

    #[test]
    fn ones_own_address_makes_no_password() {
        for (password, email) in [
            ("Chiedza.n1!", "chiedza.n@example.org"),
            ("Nyakudya-1990", "tsitsi.nyakudya@example.org"),
            ("Tsitsi.Nyakudya1", "tsitsi.nyakudya@example.org"),
        ] {
            assert!(check(password, "", "password").is_ok(), "{password}");
            assert!(check(password, email, "password").is_err(), "{password}");
        }
        assert!(check("Mutupo-1890", "rudo@example.org", "password").is_ok());
    }
}
