//! Processes of functions that the runner starts itself: the first when there is work, more while work waits, and another
//! for each that ends.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use dzinza_config::Settings;
use tokio::process::Command;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::template::{Function, Template};

/// One that ends so soon has not worked, and the next one may not either.
const SOON: Duration = Duration::from_secs(1);
/// What the settings in force are called in the data folder, for processes to read.
const SETTINGS: &str = "functions.yaml";

/// Which programs are started, how often, and with what settings.
pub struct Fleet {
    folder: PathBuf,
    replicas: usize,
    settings: PathBuf,
}

impl Fleet {
    /// The programs in this folder, each at most so often, with these settings.
    ///
    /// # Errors
    /// If one of the template's functions is not there, or the data folder cannot be written.
    pub fn new(
        folder: &Path,
        replicas: usize,
        settings: &Settings,
        template: &Template,
    ) -> anyhow::Result<Self> {
        for function in &template.functions {
            let program = program(folder, &function.name);
            anyhow::ensure!(
                program.is_file(),
                "there is no program of the function {} at {}; build it with: cargo build -p dzinza-{}",
                function.name,
                program.display(),
                function.name,
            );
        }
        let file = std::path::absolute(settings.data.join(SETTINGS))?;
        let settings = Settings { data: std::path::absolute(&settings.data)?, ..settings.clone() };
        // JSON is YAML; there are no secrets in it.
        let text = serde_json::to_string_pretty(&settings)?;
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        Ok(Self { folder: folder.to_owned(), replicas, settings: file })
    }

    /// The processes of one function, which poll at this address.
    pub(super) fn crew(
        self: &Arc<Self>,
        function: &Function,
        api: SocketAddr,
        stop: &CancellationToken,
    ) -> Crew {
        let environment = [
            ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory_mb.to_string()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("SHARED_CONFIG_PATH", self.settings.display().to_string()),
        ];
        Crew {
            program: program(&self.folder, &function.name),
            replicas: self.replicas,
            environment: environment.into(),
            api: format!("http://{api}/{}", function.name),
            started: AtomicUsize::new(0),
            stop: stop.clone(),
        }
    }
}

fn program(folder: &Path, function: &str) -> PathBuf {
    folder.join(format!("{function}{}", std::env::consts::EXE_SUFFIX))
}

/// How one function's processes are started.
pub(super) struct Crew {
    program: PathBuf,
    pub(super) replicas: usize,
    environment: Vec<(&'static str, String)>,
    api: String,
    started: AtomicUsize,
    stop: CancellationToken,
}

impl Crew {
    /// Starts one, and tells when it has ended, and by what name it was known; with a pause if that was too soon.
    pub(super) fn start(&self, ended: impl FnOnce(String) + Send + 'static) {
        let name = self.started.fetch_add(1, Ordering::Relaxed).to_string();
        let mut command = self.command(&name);
        let (program, stop) = (self.program.display().to_string(), self.stop.clone());
        tokio::spawn(async move {
            let began = Instant::now();
            match command.spawn() {
                Ok(mut child) => tokio::select! {
                    status = child.wait() => tracing::warn!(program, ?status, "a process has ended"),
                    // It goes with its value.
                    () = stop.cancelled() => return,
                },
                Err(error) => tracing::error!(program, %error, "a process cannot be started"),
            }
            if began.elapsed() < SOON {
                sleep(SOON).await;
            }
            if !stop.is_cancelled() {
                ended(name);
            }
        });
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        // The settings in force are in the file, whatever they came from; the environment would win.
        for variable in dzinza_config::reference().iter().filter(|variable| !variable.secret) {
            command.env_remove(variable.name);
            for alias in variable.aliases {
                command.env_remove(alias);
            }
        }
        command.env("AWS_LAMBDA_RUNTIME_API", format!("{}/{name}", self.api));
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        // A key pressed at the console is for the runner, which ends them when they are done.
        #[cfg(unix)]
        command.process_group(0);
        command
    }
}
