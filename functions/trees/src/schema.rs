//! What requests look like, for the API description; the rules themselves are the domain's.
#![expect(dead_code, reason = "only described, never built")]

use utoipa::ToSchema;

/// A family tree as a caller writes one.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct TreeInput {
    /// Required for a new tree.
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    #[schema(max_length = 500)]
    description: Option<String>,
    /// `public`, `family` (default) or `private`.
    privacy: Option<String>,
    settings: Option<SettingsInput>,
    /// A person of the tree.
    root_person_id: Option<String>,
}

/// Settings of a tree; those not given stay.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct SettingsInput {
    allow_collaboration: Option<bool>,
    show_living_persons: Option<bool>,
    default_person_privacy: Option<String>,
    theme: Option<String>,
}

/// What is to be exported; everything by default.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ExportInput {
    /// `5.5.1` or `7.0`; that of the tree's own file by default.
    version: Option<String>,
    /// `gedcom` (default) or `gedzip`.
    format: Option<String>,
    /// `show` (default: as far as the caller may), `reduce` or `omit`.
    living: Option<String>,
    /// Id of the person a branch grows from.
    root: Option<String>,
    /// `ancestors`, `descendants` or `both`.
    branch: Option<String>,
    /// How far the branch goes; to its end by default.
    #[schema(minimum = 1, maximum = 1000)]
    generations: Option<u32>,
    include_sources: Option<bool>,
    include_notes: Option<bool>,
    include_media: Option<bool>,
}

/// A GEDCOM file.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct GedcomUpload {
    #[schema(format = Binary, value_type = String)]
    gedcom_file: Vec<u8>,
}

/// The archive of a family tree.
#[derive(ToSchema)]
pub struct ArchiveUpload {
    #[schema(format = Binary, value_type = String)]
    archive: Vec<u8>,
}

/// A file that will come in pieces.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct UploadInput {
    /// The file's name.
    #[schema(max_length = 255)]
    name: Option<String>,
    /// Its size in bytes.
    #[schema(minimum = 1, maximum = 1_073_741_824)]
    size: u64,
    /// Its SHA-256 in hexadecimal digits; what has come is compared with it.
    sha256: Option<String>,
    /// Asks for an address to which the whole file can be sent at once, past the functions; needs `sha256`.
    direct: Option<bool>,
}
