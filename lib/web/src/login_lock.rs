use sha2::{Digest as _, Sha256};

/// Where the wrong passwords for an address are counted, and where its lock is: keys of
/// [`Limits`](dzinza_ports::Limits), which tell nothing of the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginLock {
    /// The count.
    pub failures: String,
    /// The lock.
    pub lock: String,
}

impl LoginLock {
    /// Of an address in its normal form.
    pub fn of(email: &str) -> Self {
        let address = format!("{:x}", Sha256::digest(email.as_bytes()));
        Self { failures: format!("login_fail:{address}"), lock: format!("login_lock:{address}") }
    }
}
