use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Who the platform is to the issuer: its id and its secret.
const CLIENT: [&str; 2] = ["dzinza", "a secret of the tests"];

/// A real OpenID Connect issuer as a child process: the `oidc-provider` package of npm, with its own pages for sign-in and
/// consent (`tests/oidc`). It does not outlive this value.
pub struct Issuer {
    child: Child,
    url: String,
}

impl Issuer {
    /// Whether there is Node.js with npm, which it needs.
    pub fn can_run() -> bool {
        let has = |program: &str| {
            let asked =
                Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
            asked.is_ok_and(|status| status.success())
        };
        has("node") && has("npm")
    }

    /// Starts one that sends people back to this address. What it needs is installed into the folder, as its lock file
    /// says; one folder is not for two at a time.
    ///
    /// # Panics
    /// If it cannot be installed or started.
    pub fn start(folder: &Path, redirect: &str) -> Self {
        let mut child = Command::new("node")
            .arg("issuer.mjs")
            .args(CLIENT)
            .arg(redirect)
            .current_dir(installed(folder))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let url = lines.find_map(|line| line.ok()?.strip_prefix("issuer ").map(str::to_owned));
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url: url.expect("its address") }
    }

    /// Where it is, which is also what it calls itself.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Tells a command that will serve the platform of this issuer, by the name of `home`.
    pub fn introduce(&self, command: &mut Command) {
        let [id, secret] = CLIENT;
        command
            .env("OIDC_NAME", "home")
            .env("OIDC_ISSUER", &self.url)
            .env("OIDC_CLIENT_ID", id)
            .env("OIDC_CLIENT_SECRET", secret);
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A copy of `tests/oidc` with what it needs.
fn installed(folder: &Path) -> PathBuf {
    let folder = folder.join("oidc");
    std::fs::create_dir_all(&folder).expect("a folder");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("oidc");
    for name in ["package.json", "package-lock.json", "issuer.mjs"] {
        std::fs::copy(source.join(name), folder.join(name)).expect("a copy");
    }
    let npm = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"])
        .current_dir(&folder)
        .output()
        .expect("npm runs");
    assert!(npm.status.success(), "npm ci: {}", String::from_utf8_lossy(&npm.stderr));
    folder
}
