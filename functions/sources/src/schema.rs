//! What requests look like, for the API description; the rules themselves are the domain's.
#![expect(dead_code, reason = "only described, never built")]

use utoipa::ToSchema;

/// A source as a caller writes one. Every field is optional; a new one needs a title, an abbreviation or a text. An
/// empty text or `null` clears a field; a list is replaced.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct SourceInput {
    #[schema(max_length = 5000)]
    title: Option<String>,
    #[schema(max_length = 5000)]
    author: Option<String>,
    #[schema(max_length = 5000)]
    publication: Option<String>,
    #[schema(max_length = 255)]
    abbreviation: Option<String>,
    /// What it says, word for word.
    #[schema(max_length = 100_000)]
    text: Option<String>,
    /// Who is responsible for it.
    #[schema(max_length = 255)]
    agency: Option<String>,
    coverage: Option<Vec<CoverageInput>>,
    repositories: Option<Vec<RepositoryCitationInput>>,
    urls: Option<Vec<String>>,
    notes: Option<Vec<String>>,
    /// Notes of the tree.
    note_ids: Option<Vec<String>>,
    /// Media objects of the tree.
    media_ids: Option<Vec<String>>,
    identifiers: Option<Vec<IdentifierInput>>,
}

/// What a source tells of.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct CoverageInput {
    /// Tags of events, such as `BIRT, DEAT`.
    events: String,
    /// ISO 8601 or GEDCOM.
    date: Option<String>,
    place: Option<PlaceInput>,
}

/// A place. Its name alone may stand for it.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PlaceInput {
    /// From the smallest to the largest part, with commas.
    #[schema(max_length = 255)]
    name: String,
    /// What the parts are.
    form: Option<String>,
    /// Degrees, positive to the north.
    #[schema(minimum = -90, maximum = 90)]
    latitude: Option<f64>,
    /// Degrees, positive to the east.
    #[schema(minimum = -180, maximum = 180)]
    longitude: Option<f64>,
}

/// Where a source is kept.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct RepositoryCitationInput {
    repository_id: String,
    #[schema(max_length = 255)]
    call_number: Option<String>,
    #[schema(max_length = 255)]
    medium: Option<String>,
    notes: Option<Vec<String>>,
}

/// A number that others know the record by.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct IdentifierInput {
    /// `REFN`, `RIN`, `UID`, `_UID` or `EXID`.
    kind: String,
    #[schema(max_length = 255)]
    value: String,
    r#type: Option<String>,
}

/// A repository as a caller writes one. A new one needs a name.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct RepositoryInput {
    #[schema(max_length = 255)]
    name: Option<String>,
    /// The whole address as one would write it on a letter.
    #[schema(max_length = 5000)]
    address: Option<String>,
    street: Option<String>,
    city: Option<String>,
    state: Option<String>,
    postal_code: Option<String>,
    country: Option<String>,
    phones: Option<Vec<String>>,
    emails: Option<Vec<String>>,
    urls: Option<Vec<String>>,
    notes: Option<Vec<String>>,
    note_ids: Option<Vec<String>>,
    identifiers: Option<Vec<IdentifierInput>>,
}

/// A note as a caller writes one. A new one needs a text.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NoteInput {
    #[schema(max_length = 100_000)]
    text: Option<String>,
    /// `text/plain` or `text/html`.
    mime_type: Option<String>,
    language: Option<String>,
    identifiers: Option<Vec<IdentifierInput>>,
}

/// A media object as a caller writes one. A new one needs a file.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct MediaInput {
    files: Option<Vec<MediaFileInput>>,
    #[schema(max_length = 5000)]
    title: Option<String>,
    notes: Option<Vec<String>>,
    note_ids: Option<Vec<String>>,
    identifiers: Option<Vec<IdentifierInput>>,
}

/// A file of a media object.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct MediaFileInput {
    /// An address, or a name within the family's files.
    #[schema(max_length = 2000)]
    file: String,
    /// `jpg`, `image/jpeg`, ...
    format: Option<String>,
    /// `photo`, `book`, `video`, ...
    medium: Option<String>,
    title: Option<String>,
}

/// A submitter as a caller writes one. A new one needs a name.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct SubmitterInput {
    #[schema(max_length = 255)]
    name: Option<String>,
    #[schema(max_length = 5000)]
    address: Option<String>,
    street: Option<String>,
    city: Option<String>,
    state: Option<String>,
    postal_code: Option<String>,
    country: Option<String>,
    phones: Option<Vec<String>>,
    emails: Option<Vec<String>>,
    urls: Option<Vec<String>>,
    languages: Option<Vec<String>>,
    notes: Option<Vec<String>>,
    note_ids: Option<Vec<String>>,
    media_ids: Option<Vec<String>>,
    identifiers: Option<Vec<IdentifierInput>>,
}

/// A citation as a caller writes one.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct CitationInput {
    /// A source of the tree; required for a new citation.
    source_id: Option<String>,
    /// What it is cited for: `person` or `family` (as a whole, which is the default), `name`, `birth`, `death`,
    /// `marriage`, `residence:2` for the second of several, `birth/place`. It must be there, and stays.
    fact: Option<String>,
    #[schema(max_length = 5000)]
    page: Option<String>,
    /// The event in the source.
    event: Option<String>,
    /// What part the person had in it.
    role: Option<String>,
    /// When the source was written, ISO 8601 or GEDCOM.
    date: Option<String>,
    #[schema(max_length = 100_000)]
    text: Option<String>,
    /// 0 unreliable, 1 questionable, 2 secondary, 3 primary evidence.
    #[schema(minimum = 0, maximum = 3)]
    quality: Option<u8>,
    notes: Option<Vec<String>>,
    note_ids: Option<Vec<String>>,
    media_ids: Option<Vec<String>>,
}
