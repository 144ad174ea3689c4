//! This function from what a process of functions shares.

use dzinza_boot::House;
use dzinza_web::ApiRouter;

use crate::StoryPorts;

/// What this function needs of the house.
pub fn ports(house: &House) -> StoryPorts {
    StoryPorts {
        documents: house.stores.documents.clone(),
        clock: house.stores.clock.clone(),
        auth: house.auth.clone(),
    }
}

/// Its routes over them.
///
/// # Errors
/// Never; as the others have it.
pub fn api(house: &House) -> anyhow::Result<ApiRouter> {
    Ok(crate::api(ports(house)))
}
