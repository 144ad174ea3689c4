//! Where functions run.

use std::net::SocketAddr;

use crate::{Settings, SettingsError};

/// More processes of a function than any machine here has use for.
const MOST_REPLICAS: usize = 100;

impl Settings {
    pub(crate) fn check_functions(&self) -> Result<(), SettingsError> {
        let bad = |variable, problem: &str| {
            Err(SettingsError::Impossible { variable, problem: problem.to_owned() })
        };
        self.check_stores()?;
        if !matches!(self.invoke.as_str(), "in-process" | "runtime-api") {
            return bad("DZINZA_INVOKE", "must be in-process or runtime-api");
        }
        if self.runtime_api_listen.parse::<SocketAddr>().is_err() {
            return bad("DZINZA_RUNTIME_API", "must be an address and a port such as 127.0.0.1:9001");
        }
        if self.function_replicas > MOST_REPLICAS {
            return bad("FUNCTION_REPLICAS", "must be from 0 to 100");
        }
        Ok(())
    }
}
