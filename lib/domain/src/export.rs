//! Exports: what can be asked, and an export that a job makes as a document.
//!
//! `queued → running → completed | failed`. The document keeps the rights with which it was asked for (`role`,
//! `showsLiving`, `isAdmin`): the job uses no more than these, and the file is given out only to someone who still has
//! them. It is removed, with its file, at `expiresAt`.

use std::time::Duration;

use dzinza_gedcom::Version;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::FieldProblem;
use crate::collections::EXPORTS;
use crate::gedcom::{Branch, BranchWay, ExportOptions, Living};
use crate::import::JOBS_QUEUE;
use crate::privacy::Viewer;
use crate::store::{Batch, Body, NewMessage};
use crate::tree::TreeRole;

/// How long an export is kept: from when it is asked for, and anew from when its file is there.
pub const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Exports that one person may have waiting or running at once.
pub const MOST_UNFINISHED: u64 = 3;
/// How many generations a branch can be asked for.
const MOST_GENERATIONS: u32 = 1000;
/// Ids longer than this are nobody's.
const LONGEST_ID: usize = 200;

/// What is nobody's business outside.
const INTERNAL: &[&str] = &[
    "blobKey",
    "partKey",
    "runBy",
    "attempts",
    "runs",
    "failures",
    "requeued",
    "role",
    "showsLiving",
    "isAdmin",
];

/// What someone asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExportRequest {
    /// The version of GEDCOM; that of the tree's own file, or 5.5.1, if `None`.
    pub version: Option<Version>,
    /// A GEDZIP with the media that the platform holds, instead of a plain file.
    pub zip: bool,
    /// What of the tree.
    pub options: ExportOptions,
}

/// A scalar as a query string or a JSON object may have it.
fn word(input: &Body, key: &str) -> Result<Option<String>, FieldProblem> {
    match input.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Some(value @ (Value::Bool(_) | Value::Number(_))) => Ok(Some(value.to_string())),
        Some(_) => Err(FieldProblem::new(key, "invalid", format!("{key} must be a text"))),
    }
}

/// One of some words, in any case.
fn choice<T: Copy>(input: &Body, key: &str, choices: &[(&str, T)]) -> Result<Option<T>, FieldProblem> {
    let Some(text) = word(input, key)? else { return Ok(None) };
    let found = choices.iter().find(|(name, _)| name.eq_ignore_ascii_case(&text));
    let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
    let message = || format!("{key} must be one of {}", names.join(", "));
    found.map(|(_, chosen)| Some(*chosen)).ok_or_else(|| FieldProblem::new(key, "invalid", message()))
}

const VERSIONS: &[(&str, Version)] = &[("5.5.1", Version::V551), ("7.0", Version::V70)];
const FORMATS: &[(&str, bool)] = &[("gedcom", false), ("gedzip", true)];
const LIVING: &[(&str, Living)] =
    &[("show", Living::Show), ("reduce", Living::Reduce), ("omit", Living::Omit)];
const WAYS: &[(&str, BranchWay)] = &[
    ("ancestors", BranchWay::Ancestors),
    ("descendants", BranchWay::Descendants),
    ("both", BranchWay::Both),
];
const FLAGS: &[(&str, bool)] = &[("true", true), ("false", false), ("1", true), ("0", false)];

impl ExportRequest {
    /// The fields that [`ExportRequest::read`] looks at.
    pub const FIELDS: &[&str] = &[
        "version",
        "format",
        "living",
        "root",
        "branch",
        "generations",
        "includeSources",
        "includeNotes",
        "includeMedia",
    ];

    /// Reads what is asked: texts, or JSON's numbers and booleans.
    ///
    /// # Errors
    /// The field that is wrong or missing, or does not go together with another.
    pub fn read(input: &Body) -> Result<Self, FieldProblem> {
        let version = choice(input, "version", VERSIONS)?;
        let zip = choice(input, "format", FORMATS)?.unwrap_or(false);
        if zip && version == Some(Version::V551) {
            let message = "A GEDZIP has version 7.0: leave version out, or ask for the format gedcom";
            return Err(FieldProblem::new("version", "unsupported", message));
        }
        let options = ExportOptions {
            living: choice(input, "living", LIVING)?.unwrap_or_default(),
            branch: branch(input)?,
            sources: choice(input, "includeSources", FLAGS)?.unwrap_or(true),
            notes: choice(input, "includeNotes", FLAGS)?.unwrap_or(true),
            media: choice(input, "includeMedia", FLAGS)?.unwrap_or(true),
            photos: None,
        };
        Ok(Self { version, zip, options })
    }

    /// The same as fields, of which reading makes the same again.
    pub fn to_body(&self) -> Body {
        fn named<T: PartialEq>(choices: &[(&'static str, T)], value: &T) -> Value {
            choices.iter().find(|(_, choice)| choice == value).map_or(Value::Null, |(name, _)| json!(name))
        }
        let (options, branch) = (&self.options, self.options.branch.as_ref());
        let fields = [
            ("version", self.version.map_or(Value::Null, |version| named(VERSIONS, &version))),
            ("format", named(FORMATS, &self.zip)),
            ("living", named(LIVING, &options.living)),
            ("root", json!(branch.map(|branch| &branch.root))),
            ("branch", branch.map_or(Value::Null, |branch| named(WAYS, &branch.way))),
            ("generations", json!(branch.and_then(|branch| branch.generations))),
            ("includeSources", json!(options.sources)),
            ("includeNotes", json!(options.notes)),
            ("includeMedia", json!(options.media)),
        ];
        fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// The version that is written from a file of this one.
    pub fn target(&self, source: Version) -> Version {
        if self.zip { Version::V70 } else { self.version.unwrap_or(source) }
    }

    /// What the file ends in, and its media type.
    pub fn kind(&self) -> (&'static str, &'static str) {
        if self.zip {
            ("gdz", "application/vnd.familysearch.gedcom+zip")
        } else {
            ("ged", "application/x-gedcom")
        }
    }
}

fn branch(input: &Body) -> Result<Option<Branch>, FieldProblem> {
    let (root, way) = (word(input, "root")?, choice(input, "branch", WAYS)?);
    let generations = word(input, "generations")?;
    let (root, way) = match (root, way) {
        (Some(root), Some(way)) if root.len() <= LONGEST_ID => (root, way),
        (Some(_), Some(_)) => {
            let message = "root must be a person of this family tree";
            return Err(FieldProblem::new("root", "unknown_person", message));
        }
        (None, Some(_)) => return Err(FieldProblem::required("root")),
        (Some(_), None) => return Err(FieldProblem::required("branch")),
        (None, None) if generations.is_some() => {
            let message = "generations goes together with root and branch";
            return Err(FieldProblem::new("generations", "unsupported", message));
        }
        (None, None) => return Ok(None),
    };
    let bad = || {
        let message = format!("generations must be a whole number from 1 to {MOST_GENERATIONS}");
        FieldProblem::new("generations", "out_of_range", message)
    };
    let generations = generations.map(|text| text.parse::<u32>().map_err(|_| bad())).transpose()?;
    if generations.is_some_and(|number| !(1..=MOST_GENERATIONS).contains(&number)) {
        return Err(bad());
    }
    Ok(Some(Branch { root, way, generations }))
}

/// A new export by a job.
#[derive(Debug, Clone)]
pub struct NewExport<'a> {
    /// Of which tree.
    pub tree_id: &'a str,
    /// For whom.
    pub user_id: &'a str,
    /// Whether that is an administrator of the platform.
    pub is_admin: bool,
    /// With which rights.
    pub viewer: Viewer,
    /// What of it.
    pub request: &'a ExportRequest,
}

impl NewExport<'_> {
    /// The batch that begins it: the document and its job.
    pub fn begin(self, id: &str, now: &str, expires_at: &str) -> Batch {
        let (extension, _) = self.request.kind();
        let fields = [
            ("familyTreeId", json!(self.tree_id)),
            ("userId", json!(self.user_id)),
            ("isAdmin", json!(self.is_admin)),
            ("role", json!(self.viewer.role.as_str())),
            ("showsLiving", json!(self.viewer.shows_living)),
            ("request", Value::Object(self.request.to_body())),
            ("blobKey", json!(format!("exports/{id}.{extension}"))),
            ("status", json!("queued")),
            ("progress", json!({ "personsTotal": 0, "personsDone": 0, "percent": 0 })),
            ("createdAt", json!(now)),
            ("updatedAt", json!(now)),
            ("expiresAt", json!(expires_at)),
        ];
        let mut batch = Batch::new();
        batch.insert(&EXPORTS, id, fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect());
        batch.job(job(id));
        batch
    }
}

/// The message that has an export made.
pub fn job(id: &str) -> NewMessage {
    NewMessage { queue: JOBS_QUEUE, body: json!({ "job": "export", "exportId": id }), delay: Duration::ZERO }
}

/// The state of an export.
pub fn status(export: &Body) -> &str {
    export.get("status").and_then(Value::as_str).unwrap_or_default()
}

/// The rights with which an export was asked for.
pub fn asked_as(export: &Body, year: i64) -> Viewer {
    let role = export.get("role").and_then(Value::as_str).unwrap_or_default();
    let role = TreeRole::ALL.into_iter().find(|known| known.as_str() == role).unwrap_or(TreeRole::Public);
    Viewer { role, shows_living: export.get("showsLiving") == Some(&json!(true)), year }
}

/// What both of these eyes may see.
pub fn lesser(one: Viewer, two: Viewer) -> Viewer {
    Viewer {
        role: one.role.min(two.role),
        shows_living: one.shows_living && two.shows_living,
        year: one.year.max(two.year),
    }
}

/// Whether someone with these rights now may have a file that was made with those.
pub fn still_may(made: Viewer, now: Viewer) -> bool {
    now.role >= made.role && (made.role > TreeRole::Public || now.shows_living || !made.shows_living)
}

/// The export on the wire; how its job is kept going stays inside.
pub fn view(id: &str, export: &Body) -> Body {
    let mut view = export.clone();
    for key in INTERNAL {
        view.remove(*key);
    }
    view.insert("id".into(), json!(id));
    view.insert("_id".into(), json!(id));
    view.insert("exportId".into(), json!(id));
    view
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &Value) -> Result<ExportRequest, String> {
        ExportRequest::read(value.as_object().unwrap()).map_err(|problem| problem.field)
    }

    #[test]
    fn what_is_asked_is_kept_and_read_again() {
        for asked in [
            json!({}),
            json!({ "version": "7.0", "living": "omit", "includeNotes": false }),
            json!({ "format": "GEDZIP", "root": "p1", "branch": "both", "generations": "3" }),
            json!({ "root": "p1", "branch": "ancestors", "generations": 12, "includeMedia": "false" }),
        ] {
            let request = read(&asked).unwrap();
            assert_eq!(ExportRequest::read(&request.to_body()), Ok(request), "{asked}");
        }
    }

    #[test]
    fn what_does_not_go_together_is_named() {
        for (asked, field) in [
            (json!({ "version": "6.0" }), "version"),
            (json!({ "version": "5.5.1", "format": "gedzip" }), "version"),
            (json!({ "format": "pdf" }), "format"),
            (json!({ "living": "more" }), "living"),
            (json!({ "living": ["show"] }), "living"),
            (json!({ "branch": "both" }), "root"),
            (json!({ "root": "p1" }), "branch"),
            (json!({ "root": "p".repeat(201), "branch": "both" }), "root"),
            (json!({ "generations": 3 }), "generations"),
            (json!({ "root": "p", "branch": "both", "generations": 0 }), "generations"),
            (json!({ "root": "p", "branch": "both", "generations": -1 }), "generations"),
            (json!({ "root": "p", "branch": "both", "generations": "99999999999" }), "generations"),
            (json!({ "includeSources": "maybe" }), "includeSources"),
        ] {
            assert_eq!(read(&asked).unwrap_err(), field, "{asked}");
        }
    }

    #[test]
    fn a_file_goes_to_those_who_still_have_the_rights_it_was_made_with() {
        let eyes = |role, shows_living| Viewer { role, shows_living, year: 2026 };
        assert!(still_may(eyes(TreeRole::Viewer, false), eyes(TreeRole::Editor, false)));
        assert!(!still_may(eyes(TreeRole::Editor, false), eyes(TreeRole::Viewer, true)));
        assert!(!still_may(eyes(TreeRole::Public, true), eyes(TreeRole::Public, false)));
        assert!(still_may(eyes(TreeRole::Public, false), eyes(TreeRole::Public, false)));
    }
}
