use clap::Subcommand;
#[cfg(feature = "postgres")]
use dzinza_config::Settings;
#[cfg(feature = "postgres")]
use dzinza_wiring::Migrations;

use super::legacy;
#[cfg(feature = "postgres")]
use super::out;

#[derive(Subcommand)]
pub enum Command {
    /// Bring trees that older programs left in MongoDB or PostgreSQL into this installation; can be run again
    Legacy(legacy::Arguments),
    #[cfg(feature = "postgres")]
    /// Tell what the database holds and which migrations are left; changes nothing
    Status,
    #[cfg(feature = "postgres")]
    /// Bring the database to the layout of this program
    Up {
        /// At most this many steps
        #[arg(long, value_name = "N")]
        steps: Option<usize>,
    },
    #[cfg(feature = "postgres")]
    /// Take the last step back; what the older layout has no place for is kept in the schema dzinza_kept
    Down {
        /// This many steps
        #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "all")]
        steps: usize,
        /// All of them: back to what was found
        #[arg(long)]
        all: bool,
    },
    #[cfg(feature = "postgres")]
    /// Fail unless the database has the layout of this program
    Check,
}

pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Legacy(arguments) => legacy::run(arguments).await,
        #[cfg(feature = "postgres")]
        command => layout(&command).await,
    }
}

#[cfg(feature = "postgres")]
async fn layout(command: &Command) -> anyhow::Result<()> {
    let migrations = dzinza_wiring::migrations(&Settings::load()?)?;
    match command {
        Command::Status => status(&migrations).await,
        Command::Up { steps } => up(&migrations, steps.unwrap_or(usize::MAX)).await,
        Command::Down { steps, all } => down(&migrations, if *all { usize::MAX } else { *steps }).await,
        // Not about the layout.
        Command::Legacy(_) => Ok(()),
        Command::Check => {
            migrations.check().await?;
            out::line("The database has the layout of this program.");
            Ok(())
        }
    }
}

#[cfg(feature = "postgres")]
async fn status(migrations: &Migrations) -> anyhow::Result<()> {
    let status = migrations.status().await?;
    out::line(&format!("The database holds {}.", status.found.as_str()));
    for step in &status.applied {
        out::line(&format!("  made     {step}"));
    }
    for step in &status.pending {
        out::line(&format!("  left     {step}"));
    }
    Ok(())
}

#[cfg(feature = "postgres")]
async fn up(migrations: &Migrations, steps: usize) -> anyhow::Result<()> {
    // One by one, so that it is told what was made before one fails.
    for _ in 0..steps {
        match migrations.up(1).await?.pop() {
            Some(step) => out::line(&format!("  made     {step}")),
            None => break,
        }
    }
    let left = migrations.status().await?.pending.len();
    out::line(&match left {
        0 => "The database has the layout of this program.".to_owned(),
        _ => format!("{left} migrations are left."),
    });
    Ok(())
}

#[cfg(feature = "postgres")]
async fn down(migrations: &Migrations, steps: usize) -> anyhow::Result<()> {
    for _ in 0..steps {
        match migrations.down(1).await?.pop() {
            Some(step) => out::line(&format!("  undone   {step}")),
            None => break,
        }
    }
    let status = migrations.status().await?;
    out::line(&format!(
        "The database holds {}, {} migrations made.",
        status.found.as_str(),
        status.applied.len()
    ));
    Ok(())
}
