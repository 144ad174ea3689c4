//! This function from what a process of functions shares.

use dzinza_boot::House;
use dzinza_web::{ApiRouter, Links};

use crate::SourcesPorts;

/// What this function needs of the house.
pub fn ports(house: &House) -> SourcesPorts {
    let stores = &house.stores;
    SourcesPorts {
        documents: stores.documents.clone(),
        clock: stores.clock.clone(),
        ids: stores.ids.clone(),
        auth: house.auth.clone(),
        links: Links::new(stores.blobs.clone()),
    }
}

/// Its routes over them.
///
/// # Errors
/// Never; as the others have it.
pub fn api(house: &House) -> anyhow::Result<ApiRouter> {
    Ok(crate::api(ports(house)))
}
