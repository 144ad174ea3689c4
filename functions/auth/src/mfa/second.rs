//! What is given beside a password, or beside the word of an identity provider.

use dzinza_domain::FieldProblem;
use dzinza_domain::fields::Input;
use dzinza_ports::User;
use dzinza_web::{ClientInfo, Problem};
use serde_json::Value;

use super::factor::{self, Factor};
use crate::input::{filled_line, note};
use crate::passwords::Turn;
use crate::{AuthPorts, passkeys};

/// A second factor as a request gives it.
pub(crate) enum SecondFactor {
    /// Of an app, or a backup code.
    Code(String),
    /// What a passkey answered.
    Passkey(Value),
}

impl SecondFactor {
    /// Reads `passkey`, or else `mfaCode`.
    pub(crate) fn read(input: Input<'_>, problems: &mut Vec<FieldProblem>) -> Option<Self> {
        let code = input.get(&["mfaCode", "mfa_code"]).filter(|code| !matches!(code.as_str(), Some("")));
        let code = note(filled_line(code.filter(|code| !code.is_null()), "mfaCode", 20), problems).flatten();
        let passkey = note(passkeys::credential(input, "passkey"), problems).flatten();
        passkey.map(Self::Passkey).or(code.map(Self::Code))
    }

    /// Uses it up, and says what it was if it is right. The turn is given back as by [`factor::check`].
    pub(crate) async fn check(
        self,
        ports: &AuthPorts,
        client: &ClientInfo,
        turn: Turn,
        user: &User,
    ) -> Result<(Turn, Option<Factor>), Problem> {
        match self {
            Self::Code(code) => factor::check(ports, client, turn, user, &code).await,
            Self::Passkey(credential) => {
                let answered = passkeys::check(ports, client, &credential, "passkey", Some(&user.id)).await?;
                Ok((turn, answered.map(|_| Factor::Passkey)))
            }
        }
    }
}

/// What would do as the second factor of an account that wants one.
pub(crate) async fn methods(ports: &AuthPorts, user: &User) -> Result<Vec<&'static str>, Problem> {
    let mut methods = vec!["totp"];
    if !ports.passkeys.of_user(&user.id).await?.is_empty() {
        methods.push("passkey");
    }
    Ok(methods)
}
