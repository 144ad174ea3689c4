//! The command line.

mod archive;
mod config;
mod export;
mod health;
mod import;
#[cfg(any(feature = "mongo", feature = "postgres"))]
mod legacy;
#[cfg(any(feature = "mongo", feature = "postgres"))]
mod migrate;
mod out;
mod restore;
mod secrets;
mod serve;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use dzinza_config::Settings;
use dzinza_wiring::Leftover;

/// Dzinza: family trees that families build together. Without a command it serves.
#[derive(Parser)]
#[command(name = "dzinza", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the whole platform from one folder
    Serve(serve::Arguments),
    /// Import a GEDCOM file, also while the server runs
    Import(import::Arguments),
    /// Export a tree as GEDCOM, also while the server runs
    Export(export::Arguments),
    /// Archive everything in one file, also while the server runs; or check an archive
    Archive(archive::Arguments),
    /// Restore an archive into an empty installation
    Restore(restore::Arguments),
    /// Manage accounts
    #[command(subcommand)]
    User(user::Command),
    /// Bring the database of the accounts to the layout of this program, or back; bring in what older programs left
    #[cfg(any(feature = "mongo", feature = "postgres"))]
    #[command(subcommand)]
    Migrate(migrate::Command),
    /// Make the secrets of an installation of several processes
    #[command(subcommand)]
    Secrets(secrets::Command),
    /// Ask a server whether it is well; fails if not
    Health(health::Arguments),
    /// Look at the configuration
    #[command(subcommand)]
    Config(config::Command),
}

/// The data folder, for every command that needs one.
#[derive(clap::Args)]
struct DataFolder {
    /// Folder of the database, the files and the secrets [default: dzinza-data, or DZINZA_DATA]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl DataFolder {
    /// The settings in force, with this folder if one was named.
    fn settings(&self) -> anyhow::Result<Settings> {
        let mut settings = Settings::load()?;
        if let Some(data) = &self.data {
            settings.data.clone_from(data);
        }
        Ok(settings)
    }

    /// The same for a command that needs a folder which is there already.
    fn existing(&self) -> anyhow::Result<Settings> {
        let settings = self.settings()?;
        if settings.on_servers() {
            return Ok(settings);
        }
        settle(&settings)?;
        if !settings.data.join("dzinza.db").exists() {
            anyhow::bail!(
                "there is no data in {}; start `dzinza serve` first, or name the folder with --data",
                settings.data.display()
            );
        }
        Ok(settings)
    }
}

/// Tells what became of a restore into this folder that was interrupted, if one was.
fn settle(settings: &Settings) -> anyhow::Result<()> {
    match dzinza_wiring::settle(&settings.data)? {
        None => {}
        Some(Leftover::Removed) => {
            out::error("An interrupted restore had left files in the data folder; they are removed.");
        }
        Some(Leftover::Finished) => {
            out::error("An interrupted restore was complete; it is in place now.");
        }
    }
    Ok(())
}

/// Runs the command; errors are one line on standard error.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(dispatch(cli.command)),
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            out::error(&format!("dzinza: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(command: Option<Command>) -> anyhow::Result<()> {
    let asks_nobody = matches!(
        command,
        Some(Command::Config(config::Command::Reference) | Command::Secrets(_) | Command::Health(_))
    );
    if !asks_nobody {
        dzinza_wiring::look_up().await?;
    }
    match command {
        None => serve::run(serve::Arguments::default()).await,
        Some(Command::Serve(arguments)) => serve::run(arguments).await,
        Some(Command::Import(arguments)) => import::run(arguments).await,
        Some(Command::Export(arguments)) => export::run(arguments).await,
        Some(Command::Archive(arguments)) => archive::run(arguments).await,
        Some(Command::Restore(arguments)) => restore::run(arguments).await,
        Some(Command::User(command)) => user::run(command).await,
        #[cfg(any(feature = "mongo", feature = "postgres"))]
        Some(Command::Migrate(command)) => migrate::run(command).await,
        Some(Command::Secrets(command)) => secrets::run(&command),
        Some(Command::Health(arguments)) => health::run(arguments).await,
        Some(Command::Config(command)) => config::run(&command),
    }
}
