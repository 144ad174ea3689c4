//! This function from what a process of functions shares.

use std::sync::Arc;

use dzinza_boot::House;
use dzinza_graphs::Graphs;
use dzinza_web::{ApiRouter, Links};

use crate::PeoplePorts;

/// The house with kin graphs that follow what is committed in this process; what others commit they see by the version
/// of the tree.
pub fn with_graphs(mut house: House) -> (House, Arc<Graphs>) {
    let memory = house.settings.kin_graph_memory_mb.saturating_mul(1 << 20);
    let (documents, graphs) = dzinza_graphs::watch(house.stores.documents, memory);
    house.stores.documents = documents;
    (house, graphs)
}

/// What this function needs of the house.
pub fn ports(house: &House, graphs: Arc<Graphs>) -> PeoplePorts {
    let stores = &house.stores;
    PeoplePorts {
        documents: stores.documents.clone(),
        clock: stores.clock.clone(),
        graphs,
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
    let (house, graphs) = with_graphs(house.clone());
    Ok(crate::api(ports(&house, graphs)))
}
