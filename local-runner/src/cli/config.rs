use clap::Subcommand;
use dzinza_config::{Secrets, reference_markdown};

use super::{DataFolder, out};

#[derive(Subcommand)]
pub enum Command {
    /// Print every setting in force, secrets redacted, and say whether all is well
    Check {
        #[command(flatten)]
        folder: DataFolder,
    },
    /// Print the configuration reference as Markdown
    Reference,
}

pub fn run(command: &Command) -> anyhow::Result<()> {
    let Command::Check { folder } = command else {
        out::line(reference_markdown().trim_end());
        return Ok(());
    };
    let settings = folder.settings()?;
    for (name, value) in settings.shown() {
        out::line(&format!("{name}={value}"));
    }
    let secrets = settings.data.join("secrets");
    for secret in dzinza_config::reference().iter().filter(|variable| variable.secret) {
        out::line(&format!("{}=***", secret.name));
    }
    if secrets.is_dir() {
        Secrets::load(&secrets)?;
        out::line("All settings and secrets can be used.");
    } else {
        out::line("All settings can be used; secrets are made at the first start.");
    }
    Ok(())
}
