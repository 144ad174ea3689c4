use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use dzinza_domain::collections::FAMILY_TREES;
use dzinza_domain::export::ExportRequest;
use dzinza_domain::privacy::Viewer;
use dzinza_domain::tree::TreeRole;
use dzinza_ports::{Direction, Document, Filter, Query};
use dzinza_runner::platform::Platform;
use dzinza_transfer::{Source, make};
use futures::TryStreamExt as _;
use serde_json::json;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::DataFolder;

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    folder: DataFolder,
    /// Which tree [default: the newest]
    #[arg(long, value_name = "ID")]
    tree: Option<String>,
    /// Where to [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    part: Part,
}

/// What of the tree, and how it is written.
#[derive(Args)]
struct Part {
    /// Version of GEDCOM: 5.5.1 or 7.0 [default: that of the tree's own file]
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// gedcom or gedzip, which brings photos along [default: gedcom]
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Those who count as living: show, reduce or omit [default: show]
    #[arg(long, value_name = "HOW")]
    living: Option<String>,
    /// Only a branch: the id of the person it grows from
    #[arg(long, value_name = "ID")]
    root: Option<String>,
    /// Which way it grows: ancestors, descendants or both
    #[arg(long, value_name = "WAY")]
    branch: Option<String>,
    /// How many generations [default: all]
    #[arg(long, value_name = "N")]
    generations: Option<String>,
    /// Leave sources and citations out
    #[arg(long)]
    no_sources: bool,
    /// Leave notes out
    #[arg(long)]
    no_notes: bool,
    /// Leave media out
    #[arg(long)]
    no_media: bool,
}

impl Part {
    fn request(&self) -> anyhow::Result<ExportRequest> {
        let fields = [
            ("version", json!(self.version)),
            ("format", json!(self.format)),
            ("living", json!(self.living)),
            ("root", json!(self.root)),
            ("branch", json!(self.branch)),
            ("generations", json!(self.generations)),
            ("includeSources", json!(!self.no_sources)),
            ("includeNotes", json!(!self.no_notes)),
            ("includeMedia", json!(!self.no_media)),
        ];
        let fields = fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        ExportRequest::read(&fields).map_err(|problem| anyhow::anyhow!("{}", problem.message))
    }
}

pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let request = arguments.part.request()?;
    let settings = arguments.folder.existing()?;
    let platform = Platform::open(&settings, &settings.data)?.ready().await?;
    let tree = find(&platform, arguments.tree.as_deref()).await?;
    let year = platform.stores.clock.now().to_zoned(jiff::tz::TimeZone::UTC).year();
    // Whoever can read the folder owns everything in it.
    let viewer = Viewer { role: TreeRole::Owner, shows_living: true, year: i64::from(year) };
    let Some(path) = arguments.output else {
        let written = write(&platform, &tree, (viewer, &request), tokio::io::stdout()).await;
        // Whoever reads the first lines only (`| head`) has what they wanted.
        return written.or_else(|error| if is_broken_pipe(&error) { Ok(()) } else { Err(error) });
    };
    // Under another name first: a file that is there is replaced by a whole one or not at all.
    let draft = path.with_extension("part");
    let file =
        tokio::fs::File::create(&draft).await.with_context(|| format!("cannot write {}", draft.display()))?;
    write(&platform, &tree, (viewer, &request), tokio::io::BufWriter::new(file)).await?;
    tokio::fs::rename(&draft, &path).await.with_context(|| format!("cannot write {}", path.display()))
}

async fn write(
    platform: &Platform,
    tree: &Document,
    (viewer, request): (Viewer, &ExportRequest),
    mut out: impl AsyncWrite + Unpin,
) -> anyhow::Result<()> {
    let source =
        Source { documents: platform.stores.documents.clone(), blobs: platform.stores.blobs.clone() };
    let mut made = make(&source, tree, viewer, request, &Arc::default()).await?;
    if made.losses.total() > 0 {
        tracing::warn!(
            losses = made.losses.total(),
            "this version of GEDCOM cannot say everything as it was"
        );
    }
    while let Some(piece) = made.bytes.try_next().await? {
        out.write_all(&piece).await?;
    }
    Ok(out.flush().await?)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

async fn find(platform: &Platform, id: Option<&str>) -> anyhow::Result<Document> {
    let documents = &platform.stores.documents;
    if let Some(id) = id {
        return documents.get(&FAMILY_TREES, id).await?.with_context(|| format!("there is no tree {id}"));
    }
    let newest = Query::new(Filter::All).sort("createdAt", Direction::Descending).limit(1);
    documents.find(&FAMILY_TREES, newest).await?.pop().context("there is no tree yet")
}
