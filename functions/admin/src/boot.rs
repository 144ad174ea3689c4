//! This function from what a process of functions shares.

use std::time::Duration;

use dzinza_boot::House;
use dzinza_web::ApiRouter;

use crate::AdminPorts;

/// Access tokens are accepted a little longer than they live; revocations outlast that.
const MARGIN: Duration = Duration::from_mins(2);

/// What this function needs of the house.
pub fn ports(house: &House) -> AdminPorts {
    let stores = &house.stores;
    AdminPorts {
        users: stores.users.clone(),
        sessions: stores.sessions.clone(),
        audit: stores.audit.clone(),
        passkeys: stores.passkeys.clone(),
        access_tokens: stores.access_tokens.clone(),
        site: house.site.clone(),
        documents: stores.documents.clone(),
        limits: stores.limits.clone(),
        clock: stores.clock.clone(),
        ids: stores.ids.clone(),
        auth: house.auth.clone(),
        post: house.post_office(),
        revocation_memory: house.access_lifetime() + MARGIN,
        services: house.services(),
    }
}

/// Its routes over them.
///
/// # Errors
/// Never; as the others have it.
pub fn api(house: &House) -> anyhow::Result<ApiRouter> {
    Ok(crate::api(ports(house)))
}
