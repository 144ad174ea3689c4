//! Proving that whoever changes how an account is protected is its owner, and not someone at an open browser.

use dzinza_domain::FieldProblem;
use dzinza_domain::fields::Input;
use dzinza_ports::{Body, User};
use dzinza_web::{Caller, ClientInfo, Problem};
use serde_json::json;

use super::factor;
use crate::confirm::{is_fresh, own};
use crate::input::{filled_line, note, secret};
use crate::lockout::Lockout;
use crate::passwords::{NO_PASSWORD, check_length};
use crate::{Service, audit};

/// What a request gives as proof.
#[derive(Default)]
pub(crate) struct Proof {
    pub(crate) password: Option<String>,
    pub(crate) code: Option<String>,
}

impl Proof {
    /// Reads `password` and `code`, in the spellings of all versions.
    pub(crate) fn read(body: &Body) -> Result<Self, Problem> {
        let input = Input(body);
        let mut problems = Vec::new();
        let password = secret(input, &["password", "currentPassword", "current_password"], "password")
            .and_then(|password| match password {
                Some(password) => check_length(&password, "password").map(|()| Some(password)),
                None => Ok(None),
            });
        let password = note(password, &mut problems).flatten();
        let code = input.get(&["code", "mfaCode", "mfa_code", "token"]);
        let code = code.filter(|code| !code.is_null() && code.as_str() != Some(""));
        let code = note(filled_line(code, "code", 20), &mut problems).flatten();
        if problems.is_empty() { Ok(Self { password, code }) } else { Err(problems.into()) }
    }
}

/// A caller and the account.
pub(crate) struct Owner<'a> {
    service: &'a Service,
    client: &'a ClientInfo,
    pub(crate) user: User,
    /// Whether the session began a moment ago.
    pub(crate) fresh: bool,
}

impl<'a> Owner<'a> {
    /// The caller's account, if it is active.
    pub(crate) async fn of(
        service: &'a Service,
        client: &'a ClientInfo,
        caller: &Caller,
    ) -> Result<Self, Problem> {
        let user = own(service, caller).await?;
        let fresh = is_fresh(service, caller).await?;
        Ok(Self { service, client, user, fresh })
    }

    /// Whether the account has a password that could be asked for.
    pub(crate) fn has_password(&self) -> bool {
        self.user.password_hash != NO_PASSWORD
    }

    /// Asks for the password, unless the sign-in was a moment ago.
    pub(crate) async fn fresh_or_password(&self, proof: Proof) -> Result<(), Problem> {
        if self.fresh {
            return Ok(());
        }
        if proof.password.is_none() {
            let message = "You signed in more than ten minutes ago: give your password, or sign in again";
            return Err(Problem::field("password", "required", message));
        }
        self.prove(Proof { code: None, ..proof }).await
    }

    /// Checks what is given, and counts what is wrong towards the lock, or whoever found an open browser could try
    /// all codes. Answered with 400: on 401 the frontend would refresh and repeat.
    pub(crate) async fn prove(&self, proof: Proof) -> Result<(), Problem> {
        let (ports, user) = (&self.service.ports, &self.user);
        let lockout = Lockout::of(ports, &user.email);
        lockout.check(Some(user)).await?;
        let mut turn = self.service.passwords.turn().await?;
        // Others may have used up the attempts while this one waited.
        lockout.check(Some(user)).await?;
        let mut wrong = None;
        if let Some(password) = proof.password {
            let (given_back, right) = turn.verify(password, Some(user.password_hash.clone())).await?;
            turn = given_back;
            let problem = || FieldProblem::new("password", "wrong_password", "The password is not right");
            wrong = (!right).then(problem);
        }
        if let (Some(code), None) = (&proof.code, &wrong) {
            let (given_back, found) = factor::check(ports, self.client, turn, user, code).await?;
            turn = given_back;
            let problem = || FieldProblem::new("code", "wrong_code", "The code is not right, or was used");
            wrong = found.is_none().then(problem);
        }
        let Some(problem) = wrong else { return Ok(()) };
        lockout.failed(Some(user)).await?;
        drop(turn);
        self.refused(problem.field.as_ref()).await;
        Err(problem.into())
    }

    /// Records that something was asked for without proof.
    pub(crate) async fn refused(&self, reason: &str) {
        let details = json!({ "reason": reason });
        audit::record(&self.service.ports, "MFA_CHANGE_REFUSED", Some(&self.user.id), self.client, details)
            .await;
    }
}
