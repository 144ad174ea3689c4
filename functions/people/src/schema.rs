//! What requests look like, for the API description; the rules themselves are the domain's.
#![expect(dead_code, reason = "only described, never built")]

use serde_json::Value;
use utoipa::ToSchema;

/// A person as a caller writes one. Every field is optional, but a new person needs a name of some kind. An
/// empty text or `null` clears a field. Older spellings of each field are accepted too.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PersonInput {
    #[schema(max_length = 255)]
    name: Option<String>,
    #[schema(max_length = 100)]
    first_name: Option<String>,
    #[schema(max_length = 100)]
    middle_name: Option<String>,
    #[schema(max_length = 100)]
    last_name: Option<String>,
    #[schema(max_length = 100)]
    nickname: Option<String>,
    /// `male`, `female`, `non-binary`, `other` or `unknown`, in any case.
    gender: Option<String>,
    /// ISO 8601 (`1890`, `1890-03`, `1890-03-12`) or GEDCOM (`ABT 1890`, `BET 1890 AND 1895`).
    birth_date: Option<String>,
    /// As `birthDate`.
    death_date: Option<String>,
    #[schema(max_length = 255)]
    place_of_birth: Option<String>,
    #[schema(max_length = 255)]
    place_of_death: Option<String>,
    #[schema(max_length = 255)]
    occupation: Option<String>,
    #[schema(max_length = 5000)]
    biography: Option<String>,
    #[schema(max_length = 5000)]
    notes: Option<String>,
    profile_image_url: Option<String>,
    is_living: Option<bool>,
    /// Totem (mutupo).
    #[schema(max_length = 100)]
    totem: Option<String>,
    /// Praise name (chidawo).
    #[schema(max_length = 100)]
    praise_name: Option<String>,
    #[schema(max_length = 100)]
    clan: Option<String>,
    #[schema(max_length = 100)]
    tribe: Option<String>,
    traditional_titles: Option<Vec<String>>,
    identifiers: Option<Vec<Value>>,
    privacy_settings: Option<Value>,
    /// Parents already in the tree, when a member is added.
    parent_ids: Option<Vec<String>>,
    biological_mother_id: Option<String>,
    biological_father_id: Option<String>,
    legal_parents: Option<Vec<Value>>,
    /// Into which tree; the caller's newest one if absent (simple API), required at `/api/persons`.
    family_tree_id: Option<String>,
}

/// A relationship as a caller writes one.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct RelationshipInput {
    /// The parent, for parental types.
    person1_id: String,
    /// The child, for parental types.
    person2_id: String,
    /// `SPOUSE`, `PARENT_CHILD`, `SIBLING`, or a full type such as `ParentChild`, `Spousal`, `HalfSibling`.
    r#type: String,
    /// Required for `ParentChild` and `GuardianChild`.
    parental_role: Option<String>,
    /// Required for `Spousal`.
    status: Option<String>,
    start_date: Option<String>,
    end_date: Option<String>,
    #[schema(max_length = 255)]
    place: Option<String>,
    #[schema(max_length = 1000)]
    notes: Option<String>,
    family_tree_id: Option<String>,
}

/// Which version to go back to.
#[derive(ToSchema)]
pub struct RevertInput {
    #[schema(minimum = 1)]
    version: u32,
}
