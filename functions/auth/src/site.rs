//! What administrators set, as far as it concerns accounts (contract E30).

use dzinza_domain::site::Site;
use dzinza_web::Problem;

use crate::AuthPorts;

/// The settings of the platform as they are now.
pub(crate) async fn settings(ports: &AuthPorts) -> Result<Site, Problem> {
    Ok(ports.site.read().await?.map(|record| Site::read(&record.data)).unwrap_or_default())
}

/// 403 if nobody may sign up: the operator or an administrator has switched it off.
pub(crate) async fn check_open(ports: &AuthPorts) -> Result<(), Problem> {
    if ports.rules.allow_registration && settings(ports).await?.registrations {
        return Ok(());
    }
    Err(Problem::forbidden("Signing up is not possible at present"))
}
