//! Where data is kept.

use crate::settings::{Settings, SettingsError};
use crate::variables::{Variable, variable};

const SERVERS: &str = "servers";

pub(crate) const VARIABLES: &[Variable] = &[variable(
    "DZINZA_STORES",
    &[],
    "stores",
    "text",
    "`folder`: the data folder keeps what no server is named for; `servers`: nothing is kept in a folder, and every server that the program has a driver for must be named, as on AWS Lambda",
)];

impl Settings {
    /// Whether everything is on servers, so that nothing may be kept in a folder.
    pub fn on_servers(&self) -> bool {
        self.stores == SERVERS
    }

    pub(crate) fn check_stores(&self) -> Result<(), SettingsError> {
        if matches!(self.stores.as_str(), "folder" | SERVERS) {
            return Ok(());
        }
        let problem = "must be folder or servers".to_owned();
        Err(SettingsError::Impossible { variable: "DZINZA_STORES", problem })
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::with;

    #[test]
    fn data_is_kept_in_the_folder_unless_said_otherwise() {
        assert!(!with(&[]).unwrap().on_servers());
        assert!(with(&[("DZINZA_STORES", "servers")]).unwrap().on_servers());
        assert!(
            with(&[("DZINZA_STORES", "server")]).unwrap_err().to_string().starts_with("DZINZA_STORES must")
        );
    }
}
