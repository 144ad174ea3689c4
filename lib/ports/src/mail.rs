use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// A letter to one person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// The address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same as a page, for programs that show it.
    pub html: Option<String>,
}

/// Where letters go.
#[async_trait]
pub trait Mailer: Send + Sync + 'static {
    /// Takes charge of a letter; whether it arrives nobody can promise. A line break in the address or the
    /// subject makes no header of its own. `Invalid` if it will never be taken, `Unavailable` if it may be later.
    async fn send(&self, mail: Mail) -> Result<(), StoreError>;
}
