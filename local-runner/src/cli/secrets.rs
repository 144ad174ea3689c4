//! The secrets of an installation of several processes, a file each.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use rand::RngCore as _;

use super::out;

#[derive(Subcommand)]
pub enum Command {
    /// Write the secret files that docker-compose.yml names; leaves those alone that are there
    Init {
        /// Folder to write them into, which nobody else on this machine may look into
        #[arg(long, value_name = "DIR", default_value = "secrets")]
        dir: PathBuf,
    },
}

/// What a secret looks like: a beginning that its reader asks for, and as many random bytes, in hexadecimal.
struct Shape {
    name: &'static str,
    start: &'static str,
    bytes: usize,
}

const fn key(name: &'static str) -> Shape {
    Shape { name, start: "", bytes: 32 }
}

/// Every secret of docker-compose.yml, which a test compares.
const SECRETS: &[Shape] = &[
    key("db_root_password"),
    key("db_password"),
    key("redis_password"),
    key("mongo_root_password"),
    key("mongo_password"),
    // At most 1024 characters.
    Shape { name: "mongo_keyfile", start: "", bytes: 256 },
    // What Garage takes as the id of a key.
    Shape { name: "aws_access_key_id", start: "GK", bytes: 12 },
    key("aws_secret_access_key"),
    key("garage_rpc_secret"),
    key("jwt_secret"),
    key("jwt_refresh_secret"),
    key("blob_signing_key"),
    key("data_encryption_key"),
    // By the rule for passwords: four kinds of characters.
    Shape { name: "seed_admin_password", start: "Dz-1", bytes: 16 },
    key("grafana_password"),
];

pub fn run(command: &Command) -> anyhow::Result<()> {
    let Command::Init { dir } = command;
    private(dir)?;
    for shape in SECRETS {
        let path = dir.join(format!("{}.txt", shape.name));
        let made = write(&path, &shape.make()).with_context(|| path.display().to_string())?;
        out::line(&format!("  {}     {}", if made { "made" } else { "kept" }, path.display()));
    }
    out::line("Keep them safe: without data_encryption_key second factors cannot be opened again.");
    Ok(())
}

impl Shape {
    fn make(&self) -> String {
        let mut bytes = vec![0_u8; self.bytes];
        rand::rng().fill_bytes(&mut bytes);
        bytes.iter().fold(self.start.to_owned(), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// Makes the folder for its owner alone. The files in it can be read by everybody who gets there, which is how the users of
/// several containers get theirs mounted; so one that others can look into will not do.
fn private(folder: &Path) -> anyhow::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).with_context(|| folder.display().to_string())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(folder)?.permissions().mode();
        let name = folder.display();
        anyhow::ensure!(mode.trailing_zeros() >= 6, "others can look into {name}; first: chmod 700 {name}");
    }
    Ok(())
}

/// Writes a file that is not there yet, whole or not at all. False if there is one.
fn write(path: &Path, value: &str) -> std::io::Result<bool> {
    if path.try_exists()? {
        return Ok(false);
    }
    let draft = path.with_extension(format!("draft-{:016x}", rand::rng().next_u64()));
    let mut file = File::options().write(true).create_new(true).open(&draft)?;
    let written = file.write_all(value.as_bytes()).and_then(|()| file.sync_all());
    let placed = written.and_then(|()| read_only(&draft)).and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match placed {
        Ok(()) => Ok(true),
        // Somebody was faster.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn read_only(path: &Path) -> std::io::Result<()> {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o444))
}

#[cfg(not(unix))]
fn read_only(path: &Path) -> std::io::Result<()> {
    let mut permissions: fs::Permissions = fs::metadata(path)?.permissions();
    permissions.set_readonly(true);
    fs::set_permissions(path, permissions)
}
