//! A tree whose owner is leaving, seen by the one who is to take it over.

use axum::Json;
use axum::extract::State;
use dzinza_domain::collections::FAMILY_TREES;
use dzinza_domain::import::JOBS_QUEUE;
use dzinza_domain::leaving;
use dzinza_domain::tree::TreeRole;
use dzinza_ports::{Batch, NewMessage};
use dzinza_web::{Problem, Retry, TreeAccess, View, retry_stale};
use serde_json::{Value, json};

use crate::TreesPorts;

/// Says that the caller will not take the tree over. It then goes to another who may change it, or to whoever runs the
/// platform; its owner is told and can choose somebody else.
#[utoipa::path(post, path = "/api/family-trees/{treeId}/handover/refuse", tag = "trees", security(("bearer" = []), ("cookie" = [])), params(("treeId" = String, Path)),
    responses((status = 200, description = "It goes to somebody else"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but does not work in it"), (status = 404, description = "No such tree for this caller"), (status = 409, description = "The caller has not been asked to take it over")))]
pub async fn refuse(
    State(ports): State<TreesPorts>,
    access: TreeAccess<View>,
) -> Result<Json<Value>, Problem> {
    if access.role < TreeRole::Viewer {
        return Err(Problem::forbidden("Only those who work in this family tree may do this"));
    }
    let (ports, access) = (&ports, &access);
    retry_stale(|| async move {
        let missing = || Retry::Problem(Problem::not_found("Family tree not found"));
        let tree = ports.documents.get(&FAMILY_TREES, access.id()).await?.ok_or_else(missing)?;
        let not_asked = || Problem::conflict("You have not been asked to take this family tree over");
        let body = leaving::refused(&tree.body, &access.caller.user_id).ok_or_else(not_asked)?;
        let mut batch = Batch::new();
        batch.replace(&FAMILY_TREES, &tree, body);
        let body = json!({ "job": "handover-refused", "treeId": tree.id });
        batch.job(NewMessage { queue: JOBS_QUEUE, body, delay: std::time::Duration::ZERO });
        ports.documents.commit(batch).await.map_err(Retry::from)
    })
    .await?;
    Ok(Json(json!({ "message": "The family tree goes to somebody else" })))
}
