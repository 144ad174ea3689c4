use clap::Args;
use dzinza_legacy::{Move, migrate};
use dzinza_runner::platform::Platform;
use dzinza_wiring::LegacyPlace;

use super::{DataFolder, out};

#[derive(Args)]
#[group(id = "source", required = true, multiple = false)]
pub struct Source {
    /// Where the older genealogy services have their MongoDB, with the name of the database
    #[cfg(feature = "mongo")]
    #[arg(long, value_name = "URL")]
    from_mongo: Option<String>,
    /// Where the older gateway has its PostgreSQL
    #[cfg(feature = "postgres")]
    #[arg(long, value_name = "URL")]
    from_postgres: Option<String>,
}

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Write nothing; tell what would be written
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    folder: DataFolder,
}

impl Source {
    fn place(self) -> Option<LegacyPlace> {
        let mut place = None;
        #[cfg(feature = "mongo")]
        if let Some(url) = self.from_mongo {
            place = Some(LegacyPlace::Mongodb(url.into()));
        }
        #[cfg(feature = "postgres")]
        if let Some(url) = self.from_postgres {
            place = Some(LegacyPlace::Postgres(url.into()));
        }
        place
    }
}

pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let settings = arguments.folder.settings()?;
    let Some(place) = arguments.source.place() else { anyhow::bail!("name a source") };
    let source = dzinza_wiring::legacy(&place)?;
    let platform = Platform::open(&settings, &settings.data)?.ready().await?;
    let now = format!("{:.6}", platform.stores.clock.now());
    let what = Move {
        source: &*source,
        documents: platform.stores.documents.clone(),
        dry_run: arguments.dry_run,
        now,
    };
    let report = migrate(what).await?;
    out::line(report.to_string().trim_end());
    out::line(&match (arguments.dry_run, report.written()) {
        (true, count) => format!("Nothing was written; {count} documents would be."),
        (false, 0) => "Everything was there already.".to_owned(),
        (false, count) => format!("{count} documents were written."),
    });
    Ok(())
}
