use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use dzinza_archive::{Allowed, Manifest, Reader, Scope, Sources, What};
use dzinza_runner::platform::Platform;

use super::{DataFolder, out};

#[derive(Args)]
pub struct Arguments {
    /// The archive; one that is there is replaced
    file: PathBuf,
    #[command(flatten)]
    folder: DataFolder,
    /// Only this tree, without accounts
    #[arg(long, value_name = "ID", conflicts_with = "verify")]
    tree: Option<String>,
    /// Write nothing: read the archive and hold it against all its checksums
    #[arg(long)]
    verify: bool,
}

pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    if arguments.verify {
        let reader = opened(&arguments.file).await?;
        out::line(&format!("The archive is whole: {}.", contents(reader.manifest())));
        return Ok(());
    }
    let settings = arguments.folder.existing()?;
    let platform = Platform::open(&settings, &settings.data)?.ready().await?;
    let stores = &platform.stores;
    if arguments.tree.is_none() && stores.database.is_some() {
        anyhow::bail!(
            "the accounts are in PostgreSQL, which an archive has no part of: back that up with pg_dump, and {} as a \
             folder; --tree archives one tree",
            settings.data.display()
        );
    }
    let sources = Sources {
        archives: stores.archives.clone(),
        blobs: stores.blobs.clone(),
        clock: stores.clock.clone(),
    };
    let what = arguments.tree.as_deref().map_or(What::Installation, What::Tree);
    // Under another name first: an archive that is there is replaced by a whole one or not at all.
    let mut name = arguments.file.clone().into_os_string();
    name.push(".part");
    let draft = PathBuf::from(name);
    let cannot = || format!("cannot write {}", arguments.file.display());
    let file = create(&draft).with_context(cannot)?;
    let written = dzinza_archive::write(&sources, what, file).await;
    let manifest = match written {
        Ok(manifest) => manifest,
        Err(error) => {
            std::fs::remove_file(&draft).with_context(cannot)?;
            return Err(error).with_context(cannot);
        }
    };
    std::fs::rename(&draft, &arguments.file).with_context(cannot)?;
    out::line(&format!("Archived {}.", contents(&manifest)));
    if manifest.missing_blobs > 0 {
        out::error(&format!("{} files that documents speak of are not there.", manifest.missing_blobs));
    }
    if manifest.has_password_hashes {
        out::line("The archive has password hashes in it: keep it as safe as the data folder.");
    }
    Ok(())
}

/// A file that only its owner can read, whatever was there under this name.
fn create(path: &Path) -> std::io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The archive, after all of it was checked.
pub async fn opened(path: &Path) -> anyhow::Result<Reader> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let checking = tokio::task::spawn_blocking(move || {
        let mut reader = Reader::open(file, Allowed::ANYTHING)?;
        reader.verify().map(|()| reader)
    });
    checking.await?.with_context(|| format!("{} cannot be used", path.display()))
}

/// What is in an archive, in words.
pub fn contents(manifest: &Manifest) -> String {
    let count = |collection: &str| manifest.documents.get(collection).copied().unwrap_or(0);
    let accounts = manifest.accounts.get("users").copied().unwrap_or(0);
    let whose = match manifest.scope {
        Scope::Installation => format!("{accounts} accounts, {} trees", count("familytrees")),
        Scope::Tree => "one tree".to_owned(),
    };
    format!(
        "{whose}, {} people, {} documents in all and {} files, of {}",
        count("people"),
        manifest.all_documents(),
        manifest.blobs,
        manifest.created_at
    )
}
