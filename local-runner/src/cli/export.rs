use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use dzinza_domain::collections::FAMILY_TREES;
use dzinza_domain::gedcom::ExportOptions;
use dzinza_domain::privacy::Viewer;
use dzinza_domain::tree::TreeRole;
use dzinza_ports::{Direction, Document, Filter, Query};
use dzinza_runner::platform::Platform;
use futures::TryStreamExt as _;
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
}

pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let settings = arguments.folder.existing()?;
    let platform = Platform::open(&settings, &settings.data)?;
    let tree = find(&platform, arguments.tree.as_deref()).await?;
    let year = platform.stores.clock.now().to_zoned(jiff::tz::TimeZone::UTC).year();
    // Whoever can read the folder owns everything in it.
    let viewer = Viewer { role: TreeRole::Owner, shows_living: true, year: i64::from(year) };
    let Some(path) = arguments.output else {
        let written = write(&platform, &tree, viewer, tokio::io::stdout()).await;
        // Whoever reads the first lines only (`| head`) has what they wanted.
        return written.or_else(|error| if is_broken_pipe(&error) { Ok(()) } else { Err(error) });
    };
    // Under another name first: a file that is there is replaced by a whole one or not at all.
    let draft = path.with_extension("part");
    let file =
        tokio::fs::File::create(&draft).await.with_context(|| format!("cannot write {}", draft.display()))?;
    write(&platform, &tree, viewer, tokio::io::BufWriter::new(file)).await?;
    tokio::fs::rename(&draft, &path).await.with_context(|| format!("cannot write {}", path.display()))
}

async fn write(
    platform: &Platform,
    tree: &Document,
    viewer: Viewer,
    mut out: impl AsyncWrite + Unpin,
) -> anyhow::Result<()> {
    let documents = platform.stores.documents.clone();
    let file = dzinza_transfer::prepare(documents, tree, viewer, ExportOptions::default()).await?;
    let mut file = std::pin::pin!(file.stream());
    while let Some(piece) = file.try_next().await? {
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
