//! Proving that whoever asks for something is the account's owner, and not someone at an open browser.

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
/// What requests call the password of an account.
const PASSWORD: &[&str] = &["password", "currentPassword", "current_password"];

/// The account of a caller.
///
/// # Errors
/// 401 if it is gone or deactivated.
pub(crate) async fn own(service: &Service, caller: &Caller) -> Result<User, Problem> {
    let user = service.ports.users.by_id(&caller.user_id).await?.filter(|user| user.is_active);
    user.ok_or_else(|| Problem::unauthorized("Your session has ended. Please sign in again."))
}

/// Something secret, and what the request calls it.
pub(crate) struct Given {
    pub(crate) field: &'static str,
    pub(crate) text: String,
}

/// What a request gives as proof.
#[derive(Default)]
pub(crate) struct Proof {
    pub(crate) password: Option<Given>,
    pub(crate) code: Option<Given>,
}

impl Proof {
    /// Reads `password` and `code`, in the spellings of all versions; neither is demanded.
    pub(crate) fn read(body: &Body) -> Result<Self, Problem> {
        let mut problems = Vec::new();
        let password = note(password(body), &mut problems).flatten();
        let code = note(code(body, &["code", "mfaCode", "mfa_code", "token"], "code"), &mut problems);
        if problems.is_empty() { Ok(Self { password, code: code.flatten() }) } else { Err(problems.into()) }
    }

    /// A password that is known by this name.
    pub(crate) fn password(field: &'static str, text: String) -> Self {
        Self { password: Some(Given { field, text }), code: None }
    }

    /// Reads and demands all that an account has: its password and, if that is wanted and on, a second factor.
    fn whole(body: &Body, user: &User, second_factor: bool) -> Result<Self, Problem> {
        let mut problems = Vec::new();
        let demanded = |given: Option<Given>, field| given.ok_or_else(|| FieldProblem::required(field));
        let mut proof = Self::default();
        if user.password_hash != NO_PASSWORD {
            let given = password(body).and_then(|given| demanded(given, "password"));
            proof.password = note(given, &mut problems);
        }
        if second_factor && user.mfa_enabled {
            let given = code(body, &["mfaCode", "mfa_code", "code"], "mfaCode");
            proof.code = note(given.and_then(|given| demanded(given, "mfaCode")), &mut problems);
        }
        if problems.is_empty() { Ok(proof) } else { Err(problems.into()) }
    }
}

fn password(body: &Body) -> Result<Option<Given>, FieldProblem> {
    let field = "password";
    let Some(text) = secret(Input(body), PASSWORD, field)? else { return Ok(None) };
    check_length(&text, field)?;
    Ok(Some(Given { field, text }))
}

fn code(body: &Body, names: &[&str], field: &'static str) -> Result<Option<Given>, FieldProblem> {
    let code = Input(body).get(names).filter(|code| !code.is_null() && code.as_str() != Some(""));
    Ok(filled_line(code, field, 20)?.map(|text| Given { field, text }))
}

/// A caller and the account.
pub(crate) struct Owner<'a> {
    service: &'a Service,
    client: &'a ClientInfo,
    caller: &'a Caller,
    pub(crate) user: User,
    /// What the audit calls it when the proof is wrong.
    refused: &'static str,
}

impl<'a> Owner<'a> {
    /// The caller's account, if it is active.
    pub(crate) async fn of(
        service: &'a Service,
        client: &'a ClientInfo,
        caller: &'a Caller,
        refused: &'static str,
    ) -> Result<Self, Problem> {
        Ok(Self { service, client, caller, user: own(service, caller).await?, refused })
    }

    /// Whether the account has a password that could be asked for.
    pub(crate) fn has_password(&self) -> bool {
        self.user.password_hash != NO_PASSWORD
    }

    /// Whether the caller's session began a moment ago. Renewing a session does not make it younger.
    pub(crate) async fn is_fresh(&self) -> Result<bool, Problem> {
        let ports = &self.service.ports;
        let now = ports.clock.now();
        let sessions = ports.sessions.active(&self.user.id, now).await?;
        let present = sessions.iter().find(|row| Some(&row.session_id) == self.caller.session_id.as_ref());
        Ok(present.is_some_and(|row| row.session_started_at + FRESH >= now))
    }

    /// Asks for the password, unless the sign-in was a moment ago.
    pub(crate) async fn fresh_or_password(&self, proof: Proof) -> Result<(), Problem> {
        if self.is_fresh().await? {
            return Ok(());
        }
        if proof.password.is_none() {
            let message = "You signed in more than ten minutes ago: give your password, or sign in again";
            return Err(Problem::field("password", "required", message));
        }
        self.prove(Proof { code: None, ..proof }).await
    }

    /// Asks for the password whenever there is one, else for a sign-in a moment ago; and for a code of the second factor,
    /// if that is wanted and on.
    pub(crate) async fn confirm(&self, body: &Body, second_factor: bool) -> Result<(), Problem> {
        let proof = Proof::whole(body, &self.user, second_factor)?;
        if proof.password.is_none() && !self.is_fresh().await? {
            let message = "This account has no password: please sign out, sign in again and repeat this within ten minutes";
            return Err(Problem::field("password", "login_too_old", message));
        }
        self.prove(proof).await
    }

    /// Checks what is given, and counts what is wrong towards the lock, or whoever found an open browser could try
    /// everything. Answered with 400: on 401 the frontend would refresh and repeat.
    ///
    /// # Errors
    /// 400 naming the field, 423 while the address is locked.
    pub(crate) async fn prove(&self, proof: Proof) -> Result<(), Problem> {
        if proof.password.is_none() && proof.code.is_none() {
            return Ok(());
        }
        let lockout = Lockout::of(&self.service.ports, &self.user.email);
        lockout.check(Some(&self.user)).await?;
        let turn = self.service.passwords.turn().await?;
        // Others may have used up the attempts while this one waited.
        lockout.check(Some(&self.user)).await?;
        let (turn, wrong) = self.check(turn, proof).await?;
        let Some(problem) = wrong else { return Ok(()) };
        lockout.failed(Some(&self.user)).await?;
        drop(turn);
        self.refused(problem.code).await;
        Err(problem.into())
    }

    /// What of it is wrong, if anything. A code is not used up beside a wrong password.
    async fn check(&self, turn: Turn, proof: Proof) -> Result<(Turn, Option<FieldProblem>), Problem> {
        let mut turn = turn;
        if let Some(Given { field, text }) = proof.password {
            let right;
            (turn, right) = turn.verify(text, Some(self.user.password_hash.clone())).await?;
            if !right {
                let wrong = FieldProblem::new(field, "wrong_password", "The password is not right");
                return Ok((turn, Some(wrong)));
            }
        }
        if let Some(Given { field, text }) = proof.code {
            let found;
            (turn, found) = mfa::check(&self.service.ports, self.client, turn, &self.user, &text).await?;
            if found.is_none() {
                let wrong = FieldProblem::new(field, "wrong_code", "The code is not right, or was used");
                return Ok((turn, Some(wrong)));
            }
        }
        Ok((turn, None))
    }

    /// Records that something was asked for without proof.
    pub(crate) async fn refused(&self, reason: &str) {
        let (ports, user) = (&self.service.ports, &self.user);
        audit::record(ports, self.refused, Some(&user.id), self.client, json!({ "reason": reason })).await;
    }
}
