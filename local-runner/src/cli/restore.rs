use std::fs::File;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use dzinza_archive::{Allowed, Installation, Reader, Restored, Scope, TreePorts};
use dzinza_runner::platform::Platform;
use dzinza_wiring::{Restoring, RestoringPorts};

use super::archive::{contents, opened};
use super::{DataFolder, out, settle};

#[derive(Args)]
pub struct Arguments {
    /// The archive
    file: PathBuf,
    #[command(flatten)]
    folder: DataFolder,
    /// Make a new tree of this account's from the archive of a tree; the installation need not be empty
    #[arg(long, value_name = "OWNER")]
    tree_into: Option<String>,
}

pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    match &arguments.tree_into {
        Some(email) => tree(&arguments, email).await,
        None => installation(&arguments).await,
    }
}

async fn installation(arguments: &Arguments) -> anyhow::Result<()> {
    let settings = arguments.folder.settings()?;
    if settings.database()?.is_some() {
        anyhow::bail!(
            "an archive of an installation is restored with its accounts into a data folder; unset DATABASE_URL and DB_HOST"
        );
    }
    if settings.mongodb()?.is_some() {
        anyhow::bail!(
            "an archive of an installation is restored with its trees into a data folder; unset MONGODB_URL"
        );
    }
    if !settings.s3_bucket_name.is_empty() {
        anyhow::bail!(
            "an archive of an installation is restored with its files into a data folder; unset S3_BUCKET_NAME"
        );
    }
    // All of it is read once before anything is written.
    let reader = opened(&arguments.file).await?;
    if reader.manifest().scope == Scope::Tree {
        anyhow::bail!("this is the archive of one tree; say whose it becomes with --tree-into EMAIL");
    }
    if settings.data.exists() {
        settle(&settings)?;
    }
    let restoring = Restoring::begin(&settings.data).await?;
    let restored = match fill(&restoring, reader).await {
        Ok(restored) => {
            restoring.finish().await?;
            restored
        }
        Err(error) => {
            restoring.abandon()?;
            return Err(error);
        }
    };
    out::line(&format!("Restored {}.", contents(&restored.manifest)));
    if restored.clearing > 0 {
        out::line(&format!("{} deleted trees are being cleared away.", restored.clearing));
    }
    out::line("Everybody signs in again, with the password of then.");
    Ok(())
}

async fn fill(restoring: &Restoring, reader: Reader) -> anyhow::Result<Restored> {
    let RestoringPorts { archives, blobs, queue } = restoring.ports();
    let into = Installation { archives, blobs, queue };
    Ok(dzinza_archive::restore_installation(reader, &into).await?)
}

async fn tree(arguments: &Arguments, email: &str) -> anyhow::Result<()> {
    let settings = arguments.folder.existing()?;
    let file =
        File::open(&arguments.file).with_context(|| format!("cannot read {}", arguments.file.display()))?;
    let platform = Platform::open(&settings, &settings.data)?.ready().await?;
    let stores = &platform.stores;
    let owner = stores.users.by_email(email.trim()).await?;
    let owner = owner.with_context(|| {
        format!("there is no account {email}; make one with: dzinza user create --email {email}")
    })?;
    let ports = TreePorts {
        documents: stores.documents.clone(),
        blobs: stores.blobs.clone(),
        clock: stores.clock.clone(),
    };
    let restored = dzinza_archive::restore_tree(file, Allowed::ANYTHING, &ports, &owner.id)
        .await
        .with_context(|| format!("{} cannot be restored", arguments.file.display()))?;
    let people = restored.documents.get("people").copied().unwrap_or(0);
    out::line(&format!(
        "Restored {people} people and {} files into the new tree {} of {}.",
        restored.blobs, restored.id, owner.email
    ));
    Ok(())
}
