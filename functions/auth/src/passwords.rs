//! Passwords: the rule for new ones and bcrypt for all (contract 2.5 and 4.2).

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use bcrypt::HashParts;
use dzinza_domain::FieldProblem;
use dzinza_web::Problem;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::wire_mailed::PasswordRules;
use crate::{AuthRules, guessing};

/// What column `password_hash` holds for an account that has no password. No password verifies against it.
pub(crate) const NO_PASSWORD: &str = "!";
/// bcrypt reads no further than this, and must never cut silently.
const MAX_BYTES: usize = 72;
const MIN_CHARACTERS: usize = 8;
/// Whoever has waited this long for a processor is told to come back.
const MAX_WAIT: Duration = Duration::from_secs(20);

/// Checks a new password; says what is wrong with it. Who knows the address asks [`guessing::check`] as well.
pub(crate) fn check_new(password: &str, field: &str) -> Result<(), FieldProblem> {
    check_rule(password, field)?;
    guessing::check(password, "", field)
}

/// The length and the kinds of characters.
pub(crate) fn check_rule(password: &str, field: &str) -> Result<(), FieldProblem> {
    check_length(password, field)?;
    let kept = kept_rules(password);
    if !kept.min_length {
        let message = format!("The password must have at least {MIN_CHARACTERS} characters");
        return Err(FieldProblem::new(field, "too_short", message));
    }
    if kept.has_lowercase && kept.has_uppercase && kept.has_number && kept.has_special_char {
        return Ok(());
    }
    let message =
        "The password must contain a lowercase letter, an uppercase letter, a digit and a special character";
    Err(FieldProblem::new(field, "weak_password", message))
}

/// Which of the rules for new passwords this one keeps.
pub(crate) fn kept_rules(password: &str) -> PasswordRules {
    let has = |kind: fn(char) -> bool| password.chars().any(kind);
    PasswordRules {
        min_length: password.chars().count() >= MIN_CHARACTERS,
        has_uppercase: has(char::is_uppercase),
        has_lowercase: has(char::is_lowercase),
        has_number: has(char::is_numeric),
        has_special_char: has(|c| !c.is_alphanumeric() && !c.is_whitespace()),
    }
}

/// Refuses what bcrypt would cut.
pub(crate) fn check_length(password: &str, field: &str) -> Result<(), FieldProblem> {
    if password.len() <= MAX_BYTES {
        return Ok(());
    }
    let message =
        format!("The password must have at most {MAX_BYTES} bytes (letters beyond a-z count as two or more)");
    Err(FieldProblem::new(field, "too_long", message))
}

/// bcrypt, no more of it at a time than there are processors.
#[derive(Clone)]
pub(crate) struct Passwords {
    cost: u32,
    turns: Arc<Semaphore>,
    /// A well-formed hash that no password has; it takes the time that a real one takes.
    decoy: Arc<str>,
}

impl Passwords {
    pub(crate) fn new(rules: &AuthRules) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        // All zero bits: as likely to be met as any other 184 bits.
        let decoy = format!("$2b${:02}${}", rules.bcrypt_cost, ".".repeat(53));
        Self { cost: rules.bcrypt_cost, turns: Arc::new(Semaphore::new(cores)), decoy: decoy.into() }
    }

    /// Waits for a processor. What is done while a turn is held bounds how many guesses can be under way at
    /// once: whoever counts a wrong password before giving the turn back lets nobody slip past the count.
    pub(crate) async fn turn(&self) -> Result<Turn, Problem> {
        let turn = tokio::time::timeout(MAX_WAIT, Arc::clone(&self.turns).acquire_owned()).await;
        match turn {
            Ok(Ok(permit)) => Ok(Turn { passwords: self.clone(), _permit: permit }),
            _ => Err(Problem::unavailable()),
        }
    }

    /// The hash of a new password.
    pub(crate) async fn hash(&self, password: String) -> Result<String, Problem> {
        let turn = self.turn().await?;
        let (_, hash) = turn.run(move |passwords| bcrypt::hash(password, passwords.cost)).await?;
        hash.map_err(|error| {
            tracing::error!(%error, "a password could not be hashed");
            Problem::internal()
        })
    }
}

/// A processor to hash with.
pub(crate) struct Turn {
    passwords: Passwords,
    /// Given back when the turn is dropped.
    _permit: OwnedSemaphorePermit,
}

impl Turn {
    /// Whether this is the password of the hash. Takes the same time when there is no hash.
    pub(crate) async fn verify(
        self,
        password: String,
        hash: Option<String>,
    ) -> Result<(Self, bool), Problem> {
        self.run(move |passwords| {
            let stored = hash.filter(|hash| HashParts::from_str(hash).is_ok());
            let right =
                bcrypt::verify(password, stored.as_deref().unwrap_or(&passwords.decoy)).unwrap_or(false);
            right && stored.is_some()
        })
        .await
    }

    /// Runs on a thread of its own that yields to all others: many sign-ins must not slow down who reads. (A nice value
    /// cannot be taken back, so no thread of the runtime will do.) The permit goes along, so that a caller who hangs up
    /// does not free a processor that is still at work.
    pub(crate) async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce(&Passwords) -> T + Send + 'static,
    ) -> Result<(Self, T), Problem> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        let thread = std::thread::Builder::new().name("password".to_owned()).spawn(move || {
            yield_to_others();
            let outcome = work(&self.passwords);
            // Nobody waits for it any more if this fails.
            drop(reply.send((self, outcome)));
        });
        if let Err(error) = thread {
            tracing::error!(%error, "no thread to hash on");
            return Err(Problem::unavailable());
        }
        answer.await.map_err(|_| {
            tracing::error!("hashing was interrupted");
            Problem::internal()
        })
    }
}

/// On Linux a nice value is the thread's own; elsewhere it would be the process's.
fn yield_to_others() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(10) {
        tracing::debug!(%error, "hashing with the priority of all");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords() -> Passwords {
        Passwords::new(&AuthRules { bcrypt_cost: 4, ..AuthRules::default() })
    }

    async fn verify(password: &str, hash: Option<&str>) -> bool {
        let turn = passwords().turn().await.unwrap();
        turn.verify(password.to_owned(), hash.map(str::to_owned)).await.unwrap().1
    }

    #[test]
    fn the_decoy_is_a_hash_of_the_configured_cost() {
        let decoy = HashParts::from_str(&Passwords::new(&AuthRules::default()).decoy).unwrap();
        assert_eq!(decoy.get_cost(), 12);
    }

    #[tokio::test]
    async fn only_the_right_password_verifies_and_nothing_verifies_without_a_hash() {
        let hash = passwords().hash("Mutupo-1890".to_owned()).await.unwrap();
        assert!(verify("Mutupo-1890", Some(&hash)).await);
        assert!(!verify("Mutupo-1891", Some(&hash)).await);
        for hash in [None, Some(NO_PASSWORD), Some(""), Some("$2b$04$short")] {
            assert!(!verify("Mutupo-1890", hash).await);
        }
    }

    #[tokio::test]
    async fn hashes_of_all_three_generations_verify() {
        let parts = HashParts::from_str(&bcrypt::hash("Mutupo-1890", 4).unwrap()).unwrap();
        for version in [bcrypt::Version::TwoA, bcrypt::Version::TwoB, bcrypt::Version::TwoY] {
            assert!(verify("Mutupo-1890", Some(&parts.format_for_version(version))).await);
        }
    }

    #[test]
    fn new_passwords_need_length_and_four_kinds_of_characters() {
        for good in ["Mutupo-1890", "aB3|aB3|", "aB3\\....", "Ünï1§abc", &format!("aB3-{}", "x".repeat(68))]
        {
            assert!(check_rule(good, "password").is_ok(), "{good}");
        }
        for (bad, code) in [
            ("aB3-aB3", "too_short"),
            ("mutupo-1890", "weak_password"),
            ("MUTUPO-1890", "weak_password"),
            ("Mutupo-mutupo", "weak_password"),
            ("Mutupo1890", "weak_password"),
            ("Mutupo 1890", "weak_password"),
            (&format!("aB3-{}", "x".repeat(69)), "too_long"),
            (&format!("aB3-{}", "é".repeat(35)), "too_long"),
            ("P@ssw0rd1", "common_password"),
        ] {
            assert_eq!(check_new(bad, "password").unwrap_err().code, code, "{bad}");
        }
    }
}
