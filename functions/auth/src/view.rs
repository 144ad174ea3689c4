use dzinza_ports::User;

use crate::wire::{SignedIn, Tokens, UserView};

impl SignedIn {
    pub(crate) fn new(message: &str, user: &User, tokens: Tokens) -> Self {
        Self {
            message: message.to_owned(),
            user: Some(UserView::of(user)),
            tokens: Some(tokens),
            require_mfa: false,
            mfa_methods: None,
        }
    }

    /// Nothing of the account is shown before the second factor.
    pub(crate) fn second_factor_wanted(methods: Vec<&'static str>) -> Self {
        Self {
            message: "Enter the code of your second factor".to_owned(),
            user: None,
            tokens: None,
            require_mfa: true,
            mfa_methods: Some(methods),
        }
    }
}
