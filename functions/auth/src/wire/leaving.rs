//! Leaving: what is asked and what is answered.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Giving up an account, to be taken back by an administrator only.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct DeactivateRequest {
    /// The password. An account that has none must have signed in within the last ten minutes instead.
    #[schema(format = Password)]
    pub password: Option<String>,
}

/// Having an account erased.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct DeleteAccountRequest {
    /// The password. An account that has none must have signed in within the last ten minutes instead.
    #[schema(format = Password)]
    pub password: Option<String>,
    /// A code of the second factor, if that is on.
    #[schema(max_length = 20)]
    pub mfa_code: Option<String>,
    /// What becomes of each tree in which others work too: `"delete"`, or `{"to": "<user id or e-mail address of one of
    /// them>"}`. Trees in which nobody else works go with the account.
    #[schema(value_type = Option<BTreeMap<String, Object>>)]
    pub trees: Option<BTreeMap<String, Value>>,
}

/// The answer to having an account erased.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountLeaving {
    /// For people.
    pub message: String,
    /// When it will be erased, unless its owner signs in before.
    #[schema(format = DateTime)]
    pub erase_after: String,
    /// What becomes of the trees in which others work.
    pub trees: Vec<LeavingTree>,
}

/// What becomes of a tree.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeavingTree {
    /// The tree.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// `deleted` or `handedOver`.
    pub becomes: String,
    /// To whom.
    pub to: Option<String>,
}
