use std::ffi::{OsStr, OsString};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use dzinza_runner::template::Template;

use crate::Stores;

/// The real program as a child process. It does not outlive this value.
pub struct Process {
    child: Child,
    url: String,
    said: Receiver<String>,
    complaints: Arc<Mutex<String>>,
}

impl Process {
    /// Serves this folder on a free port.
    pub fn start(data: &Path) -> Self {
        Self::with(data, |_| {})
    }

    /// The same after a change of the command, such as an argument or a variable.
    ///
    /// # Panics
    /// If it does not listen within half a minute; with all that it said.
    pub fn with(data: &Path, change: impl FnOnce(&mut Command)) -> Self {
        let mut command = command(["serve", "--data"]);
        command.arg(data).env("DZINZA_LISTEN", "127.0.0.1:0");
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).envs(Stores::of(data).variables());
        if crate::apart() {
            functions();
            command.args(["--spawn", "2"]).env("DZINZA_RUNTIME_API", "127.0.0.1:0");
        }
        change(&mut command);
        let mut child = command.spawn().expect("the program starts");
        let said = lines(child.stdout.take().expect("its standard output"));
        let complaints = Arc::new(Mutex::new(String::new()));
        let mut stderr = child.stderr.take().expect("its standard error");
        let kept = complaints.clone();
        std::thread::spawn(move || {
            let mut some = [0; 4096];
            while let Ok(length @ 1..) = stderr.read(&mut some) {
                kept.lock().unwrap().push_str(&String::from_utf8_lossy(&some[..length]));
            }
        });
        let mut process = Self { child, url: String::new(), said, complaints };
        let line = process.wait_for("listening on ");
        process.url =
            line.split_once("listening on ").map(|(_, url)| url.trim().to_owned()).expect("its address");
        process
    }

    /// Where it listens, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to standard error so far.
    ///
    /// # Panics
    /// Never in practice.
    pub fn complaints(&self) -> String {
        self.complaints.lock().unwrap().clone()
    }

    /// The next line of standard output that contains this.
    ///
    /// # Panics
    /// If it does not come within half a minute.
    pub fn wait_for(&mut self, what: &str) -> String {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            match self.said.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) if line.contains(what) => return line,
                Ok(_) => {}
                Err(_) => {
                    let state = self.child.try_wait();
                    panic!("it never said {what:?} ({state:?}): {}", self.complaints());
                }
            }
        }
    }

    /// Ends it as a power cut does.
    ///
    /// # Panics
    /// If the system refuses.
    pub fn kill(mut self) {
        self.child.kill().expect("a process to kill");
        self.child.wait().expect("its end");
    }

    /// Asks it to end and waits for that.
    ///
    /// # Panics
    /// If it does not end within half a minute.
    pub fn terminate(mut self) -> ExitStatus {
        let asked = Command::new("kill").arg("-TERM").arg(self.id().to_string()).status();
        assert!(asked.expect("kill(1)").success());
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(status) = self.child.try_wait().expect("its state") {
                return status;
            }
            assert!(Instant::now() < end, "it did not end: {}", self.complaints());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the program with these arguments to its end.
///
/// # Panics
/// If it cannot be run.
pub fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Output {
    let mut command = command(arguments);
    let words: Vec<_> = command.get_args().map(OsStr::to_owned).collect();
    if let Some(at) = words.iter().position(|word| word == "--data")
        && let Some(data) = words.get(at + 1)
    {
        command.envs(Stores::of(Path::new(data)).variables());
    }
    command.stdin(Stdio::null()).output().expect("the program runs")
}

/// The program without anything of this process's environment that would configure it, and with cheap passwords
/// and no limits.
fn command<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = clean(binary());
    command
        .args(arguments)
        .env("BCRYPT_ROUNDS", "4")
        .env("RATE_LIMIT_MAX_REQUESTS", "0")
        .env("AUTH_RATE_LIMIT_MAX_REQUESTS", "0");
    command
}

/// A command for a program of ours, without anything of this process's environment that would configure it.
pub fn clean(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_remove("SHARED_CONFIG_PATH");
    for variable in dzinza_config::reference() {
        command.env_remove(variable.name).env_remove(format!("{}_FILE", variable.name));
        for alias in variable.aliases {
            command.env_remove(alias);
        }
    }
    command
}

/// The program, beside this test's own executable. If it is missing or older than the test, Cargo is asked first.
///
/// # Panics
/// If it cannot be built.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let test = std::env::current_exe().expect("this executable");
        let profile = test.parent().and_then(Path::parent).expect("the profile's folder");
        let binary = profile.join(format!("dzinza{}", std::env::consts::EXE_SUFFIX));
        if is_older(&binary, &test) {
            build(profile, &["dzinza"]);
        }
        binary
    })
}

/// The folder of the functions' programs, which are made in the same way.
///
/// # Panics
/// If they cannot be built.
pub fn functions() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let test = std::env::current_exe().expect("this executable");
        let profile = test.parent().and_then(Path::parent).expect("the profile's folder");
        let name = |name: &str| profile.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        let template = Template::load(None).expect("the template");
        if template.functions.iter().any(|function| is_older(&name(&function.name), &test)) {
            let names: Vec<_> = template.functions.iter().map(|function| &*function.name).collect();
            build(profile, &names);
        }
        profile.to_owned()
    })
}

/// Whether a program is missing, or from before the test was made.
fn is_older(program: &Path, test: &Path) -> bool {
    let made = |path: &Path| path.metadata().and_then(|data| data.modified()).ok();
    made(program).is_none_or(|program| made(test).is_some_and(|test| program < test))
}

fn build(profile: &Path, programs: &[&str]) {
    let mut cargo = Command::new(env!("CARGO"));
    // What Cargo tells this test about its own package; build scripts that look there would all run again.
    let told = std::env::vars_os().map(|(name, _)| name);
    let of_package = |name: &OsString| {
        let name = name.to_string_lossy();
        ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_"].iter().any(|start| name.starts_with(start))
    };
    for name in told.filter(of_package) {
        cargo.env_remove(name);
    }
    // Of the whole, and with a test, so that they share what a run of all tests builds.
    cargo.args(["build", "--quiet", "--workspace", "--test", "edges", "--manifest-path"]);
    cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"));
    cargo.arg("--target-dir").arg(profile.parent().expect("the target folder"));
    for program in programs {
        cargo.args(["--bin", program]);
    }
    if cfg!(feature = "cloud") {
        cargo.args(["--features", "dzinza-tests/cloud"]);
    } else if cfg!(feature = "otlp") {
        cargo.args(["--features", "dzinza-tests/otlp"]);
    }
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    assert!(cargo.status().expect("cargo").success(), "the program cannot be built");
}

fn lines(from: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            // Nobody may be listening any more; the pipe is read on all the same.
            let _ = send.send(line);
        }
    });
    receive
}
