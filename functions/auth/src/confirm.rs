//! Asking for the password, and the second factor, once more before something that cannot be taken back lightly.

use dzinza_domain::FieldProblem;
use dzinza_domain::fields::Input;
use dzinza_ports::{Body, User};
use dzinza_web::{Caller, ClientInfo, Problem};
use jiff::SignedDuration;
use serde_json::json;

use crate::input::{filled_line, note, secret};
use crate::lockout::Lockout;
use crate::passwords::{NO_PASSWORD, Turn, check_length};
use crate::{Service, audit, mfa};

/// Having signed in no longer ago than this is proof enough for some things.
const FRESH: SignedDuration = SignedDuration::from_mins(10);

/// The account of a caller, if it is active.
pub(crate) async fn own(service: &Service, caller: &Caller) -> Result<User, Problem> {
    let user = service.ports.users.by_id(&caller.user_id).await?.filter(|user| user.is_active);
    user.ok_or_else(|| Problem::unauthorized("Your session has ended. Please sign in again."))
}

/// Someone who wants to do this.
pub(crate) struct Asking<'a> {
    pub(crate) service: &'a Service,
    pub(crate) client: &'a ClientInfo,
    pub(crate) caller: &'a Caller,
    pub(crate) user: &'a User,
    /// What the audit trail calls a wrong password or code.
    pub(crate) refused: &'static str,
}

/// What a request gives as proof.
struct Proof {
    password: Option<String>,
    code: Option<String>,
}

impl Proof {
    fn read(user: &User, second_factor: bool, body: &Body) -> Result<Self, Problem> {
        let input = Input(body);
        let mut problems = Vec::new();
        let mut password = None;
        if user.password_hash != NO_PASSWORD {
            let given = secret(input, &["password", "currentPassword", "current_password"], "password")
                .and_then(|password| password.ok_or_else(|| FieldProblem::required("password")))
                .and_then(|password| check_length(&password, "password").map(|()| password));
            password = note(given, &mut problems);
        }
        let mut code = None;
        if second_factor && user.mfa_enabled {
            let given = input.get(&["mfaCode", "mfa_code", "code"]);
            let given = filled_line(given.filter(|code| !code.is_null()), "mfaCode", 20);
            let given = given.and_then(|code| code.ok_or_else(|| FieldProblem::required("mfaCode")));
            code = note(given, &mut problems);
        }
        if problems.is_empty() { Ok(Self { password, code }) } else { Err(problems.into()) }
    }
}

impl Asking<'_> {
    /// 400 unless the caller gave the account's password, or signed in a moment ago if it has none; and a code of the
    /// second factor, if that is asked for and on. What is wrong counts towards the lock, or whoever found an open
    /// browser could try everything. It is no 401: on that the frontend would refresh and repeat.
    pub(crate) async fn confirm(&self, body: &Body, second_factor: bool) -> Result<(), Problem> {
        let proof = Proof::read(self.user, second_factor, body)?;
        if proof.password.is_none() {
            self.signed_in_lately().await?;
        }
        if proof.password.is_none() && proof.code.is_none() {
            return Ok(());
        }
        let lockout = Lockout::of(&self.service.ports, &self.user.email);
        lockout.check(Some(self.user)).await?;
        let turn = self.service.passwords.turn().await?;
        // Others may have used up the attempts while this one waited.
        lockout.check(Some(self.user)).await?;
        let (turn, wrong) = self.check(turn, proof).await?;
        let Some(problem) = wrong else { return Ok(()) };
        lockout.failed(Some(self.user)).await?;
        drop(turn);
        let details = json!({ "reason": problem.code });
        audit::record(&self.service.ports, self.refused, Some(&self.user.id), self.client, details).await;
        Err(problem.into())
    }

    async fn check(&self, turn: Turn, proof: Proof) -> Result<(Turn, Option<FieldProblem>), Problem> {
        let mut turn = turn;
        if let Some(password) = proof.password {
            let right;
            (turn, right) = turn.verify(password, Some(self.user.password_hash.clone())).await?;
            if !right {
                let wrong = FieldProblem::new("password", "wrong_password", "The password is not right");
                return Ok((turn, Some(wrong)));
            }
        }
        if let Some(code) = proof.code {
            let found;
            (turn, found) = mfa::check(&self.service.ports, self.client, turn, self.user, &code).await?;
            if found.is_none() {
                let wrong = FieldProblem::new("mfaCode", "wrong_code", "The code is not right, or was used");
                return Ok((turn, Some(wrong)));
            }
        }
        Ok((turn, None))
    }

    async fn signed_in_lately(&self) -> Result<(), Problem> {
        if is_fresh(self.service, self.caller).await? {
            return Ok(());
        }
        let message =
            "This account has no password: please sign out, sign in again and repeat this within ten minutes";
        Err(Problem::field("password", "login_too_old", message))
    }
}

/// Whether the caller's session began a moment ago. Renewing a session does not make it younger.
pub(crate) async fn is_fresh(service: &Service, caller: &Caller) -> Result<bool, Problem> {
    let ports = &service.ports;
    let now = ports.clock.now();
    let sessions = ports.sessions.active(&caller.user_id, now).await?;
    let present = sessions.iter().find(|row| Some(&row.session_id) == caller.session_id.as_ref());
    Ok(present.is_some_and(|row| row.session_started_at + FRESH >= now))
}
