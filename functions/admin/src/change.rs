//! Reading what of an account is to change (contract E27).

use dzinza_domain::account::{filled_line, language, last_name, note, timezone, username};
use dzinza_domain::fields::{Input, bool_value};
use dzinza_domain::{FieldProblem, email};
use dzinza_ports::{Body, Role, User, UserChange};
use dzinza_web::{Problem, is_admin};
use serde_json::Value;

/// What is to change, and what the audit calls it.
#[derive(Default)]
pub(crate) struct Wanted {
    pub(crate) change: UserChange,
    pub(crate) fields: Vec<&'static str>,
    /// The lock after wrong passwords goes.
    pub(crate) unlock: bool,
    /// The second factors go.
    pub(crate) without_factors: bool,
}

impl Wanted {
    /// Reads a request. What it names as it is already is no change: pages send the whole form.
    ///
    /// # Errors
    /// 400 with all fields that break a rule.
    pub(crate) fn read(body: &Body, user: &User) -> Result<Self, Problem> {
        let input = Input(body);
        let mut problems = Vec::new();
        let mut wanted = Self::default();
        wanted.read_names(input, user, &mut problems);
        wanted.read_address(input, user, &mut problems);
        wanted.read_standing(input, user, &mut problems);
        wanted.read_keys(input, user, &mut problems);
        if !problems.is_empty() {
            return Err(problems.into());
        }
        wanted.fields = wanted.names();
        Ok(wanted)
    }

    /// Another role.
    pub(crate) fn role(role: Role, user: &User) -> Self {
        let mut wanted = Self::default();
        wanted.set_role(role, user);
        wanted.fields = wanted.names();
        wanted
    }

    /// Deactivation.
    pub(crate) fn inactive(user: &User) -> Self {
        let mut wanted = Self::default();
        wanted.change.is_active = user.is_active.then_some(false);
        wanted.fields = wanted.names();
        wanted
    }

    /// Whether an administrator is one no more afterwards.
    pub(crate) fn takes_admin(&self, user: &User) -> bool {
        let role = self.change.role.unwrap_or(user.role);
        let superuser = self.change.is_superuser.unwrap_or(user.is_superuser);
        let remains = (role == Role::Admin || superuser) && self.change.is_active.unwrap_or(user.is_active);
        is_admin(user) && user.is_active && !remains
    }

    /// Why sessions have to end, if they have to: tokens tell roles.
    pub(crate) fn ends_sessions(&self) -> Option<&'static str> {
        match (self.change.is_active, self.change.role, self.change.is_superuser) {
            (Some(false), _, _) => Some("deactivated"),
            (_, None, None) => None,
            _ => Some("role_changed"),
        }
    }

    fn read_names(&mut self, input: Input<'_>, user: &User, problems: &mut Vec<FieldProblem>) {
        let first = filled_line(input.get(&["firstName", "first_name"]), "firstName", 50);
        let first = note(first, problems).flatten();
        self.change.first_name = first.filter(|name| user.first_name.as_ref() != Some(name));
        let last = note(last_name(input, user.last_name.as_deref()), problems).flatten();
        self.change.last_name = last.filter(|name| user.last_name.as_ref() != Some(name));
        let chosen = note(language(input), problems).flatten();
        self.change.preferred_language = chosen.filter(|language| *language != user.preferred_language);
        let zone = input.get(&["timezone"]).filter(|zone| !zone.is_null());
        let zone = note(timezone(zone, "timezone"), problems).flatten();
        self.change.timezone = zone.filter(|zone| *zone != user.timezone);
    }

    /// A new address is not proved unless the request says so, and what was mailed to the old one is void.
    fn read_address(&mut self, input: Input<'_>, user: &User, problems: &mut Vec<FieldProblem>) {
        let name = note(username(input), problems).flatten();
        self.change.username = name.filter(|name| user.username.as_ref() != Some(name));
        let address = present(input, &["email"]).and_then(|_| note(email::read(input), problems));
        self.change.email = address.filter(|address| *address != user.email);
        let verified = note(flag(input, &["emailVerified", "email_verified"], "emailVerified"), problems);
        let verified = verified.flatten();
        if self.change.email.is_some() {
            self.change.email_verified = Some(verified.unwrap_or(false));
            self.change.email_verification = Some(None);
            self.change.password_reset = Some(None);
        } else {
            self.change.email_verified = verified.filter(|verified| *verified != user.email_verified);
        }
    }

    fn read_standing(&mut self, input: Input<'_>, user: &User, problems: &mut Vec<FieldProblem>) {
        let active = note(flag(input, &["isActive", "is_active"], "isActive"), problems).flatten();
        self.change.is_active = active.filter(|active| *active != user.is_active);
        if self.change.is_active == Some(true) {
            // Its owner had closed it, and it must not be erased under whoever uses it again.
            self.change.given.erasing = Some(user.erase_after.is_some());
            self.change.given.erase_after = user.erase_after;
            self.change.deleted_at = Some(None);
            self.change.erase_after = Some(None);
        }
        if let Some(role) = note(highest_role(input), problems).flatten() {
            self.set_role(role, user);
        }
    }

    fn set_role(&mut self, role: Role, user: &User) {
        if role != user.role {
            self.change.role = Some(role);
            self.change.is_superuser = (user.is_superuser && role != Role::Admin).then_some(false);
        }
    }

    fn read_keys(&mut self, input: Input<'_>, user: &User, problems: &mut Vec<FieldProblem>) {
        let factor = note(flag(input, &["mfaEnabled", "mfa_enabled"], "mfaEnabled"), problems).flatten();
        match factor {
            Some(true) if !user.mfa_enabled => {
                let message = "A second factor can be switched on by the account's owner only";
                problems.push(FieldProblem::new("mfaEnabled", "not_allowed", message));
            }
            Some(false) if user.mfa_enabled => {
                self.without_factors = true;
                self.change.mfa_enabled = Some(false);
                self.change.mfa_secret = Some(None);
                self.change.pending_mfa = Some(None);
                self.change.mfa_backup_codes = Some(None);
            }
            _ => {}
        }
        match input.get(&["lockedUntil", "locked_until"]) {
            None => {}
            Some(Value::Null) => {
                self.unlock = true;
                self.change.locked_until = Some(None);
                self.change.failed_login_attempts = Some(0);
            }
            Some(_) => {
                let message = "lockedUntil can only be cleared, with null";
                problems.push(FieldProblem::new("lockedUntil", "not_allowed", message));
            }
        }
    }

    fn names(&self) -> Vec<&'static str> {
        let change = &self.change;
        let set = [
            ("firstName", change.first_name.is_some()),
            ("lastName", change.last_name.is_some()),
            ("isActive", change.is_active.is_some()),
            ("roles", change.role.is_some()),
            ("email", change.email.is_some()),
            ("username", change.username.is_some()),
            ("emailVerified", change.email_verified.is_some()),
            ("mfaEnabled", self.without_factors),
            ("lockedUntil", self.unlock),
            ("preferredLanguage", change.preferred_language.is_some()),
            ("timezone", change.timezone.is_some()),
        ];
        set.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| name).collect()
    }
}

fn present<'a>(input: Input<'a>, names: &[&str]) -> Option<&'a Value> {
    input.get(names).filter(|value| !value.is_null())
}

fn flag(input: Input<'_>, names: &[&str], field: &str) -> Result<Option<bool>, FieldProblem> {
    Ok(bool_value(input.get(names), field)?.and_then(|value| value.as_bool()))
}

/// The highest of `roles`, or `role`.
fn highest_role(input: Input<'_>) -> Result<Option<Role>, FieldProblem> {
    let bad = || {
        let message = "roles must be a list of: user, moderator, admin";
        FieldProblem::new("roles", "invalid_choice", message)
    };
    let words: Vec<&Value> = match (present(input, &["roles"]), present(input, &["role"])) {
        (Some(Value::Array(words)), _) if !words.is_empty() => words.iter().collect(),
        (Some(_), _) => return Err(bad()),
        (None, Some(word)) => vec![word],
        (None, None) => return Ok(None),
    };
    let parse = |word: &&Value| word.as_str().and_then(Role::parse).ok_or_else(bad);
    let roles = words.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    let ranked = [Role::Admin, Role::Moderator, Role::User];
    Ok(ranked.into_iter().find(|role| roles.contains(role)))
}
