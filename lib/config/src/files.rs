//! Settings as files have them.

use std::sync::OnceLock;

use figment::providers::Serialized;

use crate::SettingsError;

/// The defaults, which are also an example of a settings file.
const DEFAULTS: &str = include_str!("../../../shared-config/defaults.yaml");

/// The defaults, read once: settings and secrets both look into them, and a function that starts has little time.
pub(crate) fn defaults() -> Result<Serialized<figment::value::Dict>, SettingsError> {
    static READ: OnceLock<figment::value::Dict> = OnceLock::new();
    if let Some(read) = READ.get() {
        return Ok(Serialized::defaults(read.clone()));
    }
    let read = yaml(DEFAULTS, "the defaults")?;
    Ok(Serialized::defaults(READ.get_or_init(|| read.value).clone()))
}

/// A settings file. An empty one changes nothing.
pub(crate) fn yaml(text: &str, name: &str) -> Result<Serialized<figment::value::Dict>, SettingsError> {
    let read: Option<figment::value::Dict> = serde_norway::from_str(text)
        .map_err(|error| SettingsError::Unreadable(format!("{name}: {error}")))?;
    Ok(Serialized::defaults(read.unwrap_or_default()))
}
