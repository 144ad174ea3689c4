//! The addresses of the five kinds of records: alike, so written once.

/// The operations on one kind of record.
macro_rules! record_routes {
    ($module:ident, $kind:ident, $input:ident, $tag:tt, $id:tt, $all:tt, $one:tt, $citations:tt, $noun:tt, $nouns:tt) => {
        pub mod $module {
            use axum::Json;
            use axum::extract::{Path, State};
            use axum::response::Response;
            use dzinza_domain::gedcom::RecordKind;
            use dzinza_web::{Edit, JsonBody, Problem, QueryParams, TreeAccess, View};
            use http::{HeaderMap, StatusCode};
            use serde_json::Value;

            use crate::schema::$input;
            use crate::{SourcesPorts, citers, records, unlink};

            const KIND: RecordKind = RecordKind::$kind;

            #[utoipa::path(get, path = $all, tag = $tag, summary = concat!("Lists the ", $nouns, " of a tree."), security(("bearer" = []), ("cookie" = [])),
                params(("treeId" = String, Path), ("search" = Option<String>, Query, description = "words of the title"), ("page" = Option<u64>, Query, minimum = 1), ("limit" = Option<u32>, Query, minimum = 1, maximum = 200),
                    ("sortBy" = Option<String>, Query, description = "title (default) or createdAt"), ("sortOrder" = Option<String>, Query, description = "asc (default) or desc")),
                responses((status = 200, description = "A page of them"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 403, description = "Only for those inside the tree"), (status = 404, description = "No such tree for this caller")))]
            pub async fn list(
                State(ports): State<SourcesPorts>,
                access: TreeAccess<View>,
                query: QueryParams,
            ) -> Result<Json<Value>, Problem> {
                records::list(&ports, &access, KIND, &query).await
            }

            #[utoipa::path(post, path = $all, tag = $tag, summary = concat!("Adds a ", $noun, " to a tree."), security(("bearer" = []), ("cookie" = [])), request_body = $input, params(("treeId" = String, Path)),
                responses((status = 201, description = "As it is now"), (status = 400, description = "A field breaks a rule"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "No such tree for this caller")))]
            pub async fn create(
                State(ports): State<SourcesPorts>,
                access: TreeAccess<Edit>,
                JsonBody(input): JsonBody,
            ) -> Result<Response, Problem> {
                records::create(&ports, &access, KIND, &input).await
            }

            #[utoipa::path(get, path = $one, tag = $tag, summary = concat!("Reads a ", $noun, "."), security(("bearer" = []), ("cookie" = [])), params(("treeId" = String, Path), ($id = String, Path)),
                responses((status = 200, description = "As it is"), (status = 401, description = "Not signed in"), (status = 403, description = "Only for those inside the tree"), (status = 404, description = "Not there for this caller")))]
            pub async fn show(
                State(ports): State<SourcesPorts>,
                access: TreeAccess<View>,
                Path((_tree, id)): Path<(String, String)>,
            ) -> Result<Response, Problem> {
                records::show(&ports, &access, KIND, &id).await
            }

            #[utoipa::path(put, path = $one, tag = $tag, summary = concat!("Changes fields of a ", $noun, "."), security(("bearer" = []), ("cookie" = [])), request_body = $input, params(("treeId" = String, Path), ($id = String, Path)),
                responses((status = 200, description = "As it is now"), (status = 400, description = "A field breaks a rule"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "Not there for this caller"), (status = 409, description = "Changed by someone else")))]
            pub async fn update(
                State(ports): State<SourcesPorts>,
                access: TreeAccess<Edit>,
                Path((_tree, id)): Path<(String, String)>,
                headers: HeaderMap,
                JsonBody(input): JsonBody,
            ) -> Result<Response, Problem> {
                records::update(&ports, &access, (KIND, &id), &input, &headers).await
            }

            #[utoipa::path(delete, path = $one, tag = $tag, summary = concat!("Removes a ", $noun, " that nothing points to."), security(("bearer" = []), ("cookie" = [])),
                params(("treeId" = String, Path), ($id = String, Path), ("unlink" = Option<bool>, Query, description = "also remove what points to it, if that is not too much")),
                responses((status = 204, description = "Gone"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 403, description = "May look but not change"), (status = 404, description = "Not there for this caller"), (status = 409, description = "Still pointed to: `citedBy` says by how many")))]
            pub async fn remove(
                State(ports): State<SourcesPorts>,
                access: TreeAccess<Edit>,
                Path((_tree, id)): Path<(String, String)>,
                query: QueryParams,
                headers: HeaderMap,
            ) -> Result<StatusCode, Problem> {
                unlink::remove(&ports, &access, (KIND, &id), &query, &headers).await
            }

            #[utoipa::path(get, path = $citations, tag = $tag, summary = concat!("Lists who points to a ", $noun, "."), security(("bearer" = []), ("cookie" = [])),
                params(("treeId" = String, Path), ($id = String, Path), ("page" = Option<u64>, Query, minimum = 1), ("limit" = Option<u32>, Query, minimum = 1, maximum = 100)),
                responses((status = 200, description = "A page of persons, then unions made here, then families and other records"), (status = 400, description = "Bad parameter"), (status = 401, description = "Not signed in"), (status = 403, description = "Only for those inside the tree"), (status = 404, description = "Not there for this caller")))]
            pub async fn cited_by(
                State(ports): State<SourcesPorts>,
                access: TreeAccess<View>,
                Path((_tree, id)): Path<(String, String)>,
                query: QueryParams,
            ) -> Result<Json<Value>, Problem> {
                citers::list(&ports, &access, (KIND, &id), &query).await
            }
        }
    };
}

record_routes!(
    sources,
    Source,
    SourceInput,
    "sources",
    "sourceId",
    "/api/family-trees/{treeId}/sources",
    "/api/family-trees/{treeId}/sources/{sourceId}",
    "/api/family-trees/{treeId}/sources/{sourceId}/citations",
    "source",
    "sources"
);
record_routes!(
    repositories,
    Repository,
    RepositoryInput,
    "repositories",
    "repositoryId",
    "/api/family-trees/{treeId}/repositories",
    "/api/family-trees/{treeId}/repositories/{repositoryId}",
    "/api/family-trees/{treeId}/repositories/{repositoryId}/citations",
    "repository",
    "repositories"
);
record_routes!(
    notes,
    Note,
    NoteInput,
    "notes",
    "noteId",
    "/api/family-trees/{treeId}/notes",
    "/api/family-trees/{treeId}/notes/{noteId}",
    "/api/family-trees/{treeId}/notes/{noteId}/citations",
    "note",
    "notes"
);
record_routes!(
    media,
    Media,
    MediaInput,
    "media",
    "mediaId",
    "/api/family-trees/{treeId}/media-objects",
    "/api/family-trees/{treeId}/media-objects/{mediaId}",
    "/api/family-trees/{treeId}/media-objects/{mediaId}/citations",
    "media object",
    "media objects"
);
record_routes!(
    submitters,
    Submitter,
    SubmitterInput,
    "submitters",
    "submitterId",
    "/api/family-trees/{treeId}/submitters",
    "/api/family-trees/{treeId}/submitters/{submitterId}",
    "/api/family-trees/{treeId}/submitters/{submitterId}/citations",
    "submitter",
    "submitters"
);
