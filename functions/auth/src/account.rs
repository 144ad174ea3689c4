//! Making accounts.

use dzinza_domain::FieldProblem;
use dzinza_domain::fields::Input;
use dzinza_letters::{Letterhead, Reader};
use dzinza_ports::{Identity, Letter, NewUser, Role, StoreError, StoreErrorKind, User};
use dzinza_web::{ClientInfo, Problem};
use serde_json::{Value, json};

use crate::input::{DEFAULT_TIMEZONE, filled_line, language, line, note, owned_text, timezone, username};
use crate::mailed::{Stored, proof_of_address};
use crate::passwords::{NO_PASSWORD, Passwords, check_new};
use crate::{AuthPorts, audit, email, guessing, site};

/// As many characters as a user name may have.
const USERNAME_MAX: usize = 50;
/// Derived user names that are tried before giving up. All but the first few are drawn from millions.
const USERNAME_TRIES: u32 = 12;

/// An account that an operator makes.
#[derive(Clone, Default)]
pub struct NewAccount {
    /// Its address.
    pub email: String,
    /// Its password; without one nobody can sign in with a password.
    pub password: Option<String>,
    /// Given names.
    pub first_name: String,
    /// Family name; may be empty.
    pub last_name: String,
    /// `en`, `sn` or `nd`; that of the platform if not said.
    pub preferred_language: Option<String>,
    /// User name; derived from the address if not said.
    pub username: Option<String>,
    /// Time zone; `UTC` if not said.
    pub timezone: Option<String>,
    /// What it may do on the platform.
    pub role: Role,
}

/// Makes an account for an operator, by the rules of signing up except the limits and the switch.
///
/// # Errors
/// 400 naming the fields that break a rule, 409 if the address or the user name is taken.
pub async fn create_account(ports: &AuthPorts, account: NewAccount) -> Result<User, Problem> {
    let password = account.password.clone();
    let body = json!({
        "email": account.email, "firstName": account.first_name, "lastName": account.last_name,
        "preferredLanguage": account.preferred_language, "username": account.username,
        "timezone": account.timezone,
    });
    let body = body.as_object().cloned().unwrap_or_default();
    let mut problems = Vec::new();
    if let Some(password) = &password {
        note(check_new(password, "password"), &mut problems);
    }
    let names = filled_line(body.get("firstName"), "firstName", 50).and_then(|first| {
        let last = line(body.get("lastName"), "lastName", 50)?.and_then(owned_text).unwrap_or_default();
        Ok((first.unwrap_or_default(), last))
    });
    let names = note(names, &mut problems);
    let applicant = Applicant::read(Input(&body), names, password, problems)?;
    let user = applicant.admit(ports, &Passwords::new(&ports.rules), account.role).await?;
    let by = json!({ "by": "operator" });
    audit::record(ports, "USER_REGISTERED", Some(&user.id), &ClientInfo::default(), by).await;
    Ok(user)
}

/// An account to be made, all of whose fields keep the rules.
pub(crate) struct Applicant {
    pub(crate) email: String,
    password: Option<String>,
    first_name: String,
    last_name: String,
    /// That of the platform if not said.
    preferred_language: Option<String>,
    username: Option<String>,
    timezone: String,
    /// Who it is elsewhere, and whether that proves the address.
    known_as: Option<(Identity, bool)>,
    welcome: bool,
}

impl Applicant {
    /// The same, with an identity that is stored with the account or not at all.
    pub(crate) fn known_as(mut self, identity: Identity, email_verified: bool) -> Self {
        self.known_as = Some((identity, email_verified));
        self
    }

    /// Reads the fields that signing up and operators share; reports all faults, those found before included.
    pub(crate) fn read(
        input: Input<'_>,
        names: Option<(String, String)>,
        password: Option<String>,
        mut problems: Vec<FieldProblem>,
    ) -> Result<Self, Problem> {
        let email = note(email::read(input), &mut problems);
        if let (Some(email), Some(password)) = (&email, &password) {
            note(guessing::check(password, email, "password"), &mut problems);
        }
        let preferred_language = note(language(input), &mut problems).flatten();
        let username = note(username(input), &mut problems).flatten();
        let zone = input.get(&["timezone"]).filter(|zone| **zone != Value::Null);
        let timezone = note(timezone(zone, "timezone"), &mut problems).flatten();
        match (email, names) {
            (Some(email), Some((first_name, last_name))) if problems.is_empty() => Ok(Self {
                email,
                password,
                first_name,
                last_name,
                preferred_language,
                username,
                timezone: timezone.unwrap_or_else(|| DEFAULT_TIMEZONE.to_owned()),
                known_as: None,
                welcome: false,
            }),
            _ => Err(problems.into()),
        }
    }

    /// Writes a letter as well, with a link that proves the address. It is for the caller to
    /// [announce](crate::letters::announce) it.
    pub(crate) fn welcomed(self) -> Self {
        Self { welcome: true, ..self }
    }

    /// Adds the account. Of many who ask for one address at the same moment one gets it.
    pub(crate) async fn admit(
        mut self,
        ports: &AuthPorts,
        passwords: &Passwords,
        role: Role,
    ) -> Result<User, Problem> {
        // Spares the processor; the store has the last word below.
        if ports.users.by_email(&self.email).await?.is_some() {
            return Err(taken("users.email"));
        }
        let password_hash = match self.password.take() {
            Some(password) => passwords.hash(password).await?,
            None => NO_PASSWORD.to_owned(),
        };
        let preferred_language = match self.preferred_language.take() {
            Some(language) => language,
            None => site::settings(ports).await?.language,
        };
        let id = ports.ids.new_id();
        let (email_verification, letter) = self.welcome(ports, &preferred_language).await?.unzip();
        for attempt in 0..USERNAME_TRIES {
            let user = NewUser {
                id: id.clone(),
                email: self.email.clone(),
                username: Some(self.username_for(ports, attempt)),
                password_hash: password_hash.clone(),
                first_name: Some(self.first_name.clone()),
                last_name: Some(self.last_name.clone()),
                preferred_language: preferred_language.clone(),
                timezone: self.timezone.clone(),
                role,
                email_verified: self.known_as.as_ref().is_some_and(|(_, proved)| *proved),
                identity: self
                    .known_as
                    .clone()
                    .map(|(identity, _)| Identity { user_id: id.clone(), ..identity }),
                email_verification: email_verification.clone(),
                letters: letter.iter().cloned().collect(),
                created_at: ports.clock.now(),
            };
            match ports.users.insert(user).await {
                Err(error) if self.username.is_none() && is_username_conflict(&error) => {}
                outcome => return outcome.map_err(|error| write_problem(&error)),
            }
        }
        tracing::error!("no free user name was found");
        Err(Problem::internal())
    }

    async fn welcome(&self, ports: &AuthPorts, language: &str) -> Result<Option<(Stored, Letter)>, Problem> {
        if !self.welcome {
            return Ok(None);
        }
        let reader = Reader { address: &self.email, name: &self.first_name, language };
        proof_of_address(ports, &reader, Letterhead::welcome).await.map(Some)
    }

    fn username_for(&self, ports: &AuthPorts, attempt: u32) -> String {
        let base = || derive_username(&self.email);
        match (&self.username, attempt) {
            (Some(chosen), _) => chosen.clone(),
            (None, 0) => base(),
            (None, 1..=3) => suffixed(&base(), &(attempt + 1).to_string()),
            (None, _) => suffixed(&base(), &random_digits(&ports.ids.new_id())),
        }
    }
}

/// 409 in words for what is taken; other errors as everywhere.
pub(crate) fn write_problem(error: &StoreError) -> Problem {
    if error.kind() == StoreErrorKind::Conflict {
        return taken(error.context());
    }
    dzinza_web::store_problem(error)
}

fn taken(rule: &str) -> Problem {
    if is_username(rule) {
        Problem::conflict("This user name is taken. Please choose another.")
    } else {
        Problem::conflict("There is an account with this e-mail address already")
    }
}

fn is_username(rule: &str) -> bool {
    rule.ends_with("username")
}

fn is_username_conflict(error: &StoreError) -> bool {
    error.kind() == StoreErrorKind::Conflict && is_username(error.context())
}

/// What stands before the `@`, as a user name: lowercase letters, digits and underscores, 3 to 50 of them.
fn derive_username(email: &str) -> String {
    let local = email.split('@').next().unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let name: String = local.chars().map(plain).take(USERNAME_MAX).collect();
    format!("{name:_<3}")
}

fn suffixed(base: &str, suffix: &str) -> String {
    let kept: String = base.chars().take(USERNAME_MAX - suffix.len()).collect();
    kept + suffix
}

/// Up to seven digits out of the random part of an id.
fn random_digits(id: &str) -> String {
    let tail = id.rsplit('-').next().and_then(|tail| u64::from_str_radix(tail, 16).ok()).unwrap_or_default();
    (tail % 10_000_000).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_names_are_derived_from_what_stands_before_the_at() {
        assert_eq!(derive_username("tendai.moyo+x@example.org"), "tendai_moyo_x");
        assert_eq!(derive_username("a@b.zw"), "a__");
        assert_eq!(derive_username("ñ@b.zw"), "___");
        assert_eq!(derive_username(&format!("{}@b.zw", "x".repeat(64))).len(), 50);
    }

    #[test]
    fn a_suffix_keeps_a_user_name_within_its_length() {
        assert_eq!(suffixed("a__", "2"), "a__2");
        assert_eq!(suffixed(&"x".repeat(50), "1234567").len(), 50);
        assert_eq!(random_digits("0190-0000-0000-0000-00000098967f"), "9999999");
    }
}
