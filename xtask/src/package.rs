//! `cargo xtask package`: each function as AWS Lambda takes it, `target/lambda/NAME/bootstrap` and the same zipped,
//! `target/lambda/NAME.zip`. They are built one by one, or each would get the drivers of all.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::shell::{answers, run as shell, say};

const USAGE: &str = "usage: cargo xtask package [--arm64 | --native] [FUNCTION...]";
/// AWS Lambda fetches and unpacks a program before it starts it.
pub const MOST_MB: f64 = 10.0;
/// The profile of `Cargo.toml` that is made for them.
pub const PROFILE: &str = "function";
/// Without what keeps a folder: on AWS Lambda none survives.
pub const FEATURES: &[&str] = &["--no-default-features", "--features=lambda,cloud"];
/// Of the crate `zip`: above 9 Zopfli looks for what is shortest, this many times and nine. It takes seconds once, and each
/// start of a function fetches some percent less.
const LEVEL: i64 = 9 + 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Machine {
    /// That of AWS Lambda, x86-64.
    X86,
    /// That of AWS Lambda, arm64.
    Arm,
    /// This one, with its C library: to measure, and to run here.
    Native,
}

pub fn run(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let root = crate::ci::root()?;
    let (machine, wanted) = read(arguments, &functions(&root)?)?;
    let target = target(&root)?;
    for name in &wanted {
        let folder = target.join("lambda").join(name);
        fs::create_dir_all(&folder)?;
        let bootstrap = folder.join("bootstrap");
        if machine == Machine::Native {
            fs::copy(native(&root, name)?, &bootstrap)?;
        } else {
            for_lambda(&root, name, machine == Machine::Arm)?;
        }
        let zipped = zip(&bootstrap, &target.join("lambda").join(format!("{name}.zip")))?;
        let verdict =
            if zipped <= MOST_MB { "" } else { ", more than it should: its first answer waits for that" };
        say(&format!("{name:<16}{:>8.2} MB, zipped {zipped:.2} MB{verdict}", megabytes(&bootstrap)?));
    }
    Ok(ExitCode::SUCCESS)
}

/// Which machine, and which functions: all of them if none is named.
fn read(arguments: &[String], all: &[String]) -> anyhow::Result<(Machine, Vec<String>)> {
    let (flags, names): (Vec<_>, Vec<_>) =
        arguments.iter().cloned().partition(|argument| argument.starts_with("--"));
    let machine = match flags.as_slice() {
        [] => Machine::X86,
        [flag] if flag == "--arm64" => Machine::Arm,
        [flag] if flag == "--native" => Machine::Native,
        _ => anyhow::bail!(USAGE),
    };
    if let Some(unknown) = names.iter().find(|name| !all.contains(name)) {
        anyhow::bail!("there is no function {unknown}; there are {}", all.join(", "));
    }
    Ok((machine, if names.is_empty() { all.to_vec() } else { names }))
}

/// The names of all functions, in order.
pub fn functions(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join("functions"))? {
        let entry = entry?;
        if entry.path().join("src").join("main.rs").exists() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Builds a function for this machine, with the drivers that it uses.
pub fn native(root: &Path, name: &str) -> anyhow::Result<PathBuf> {
    build(root, &["build", "--quiet"], name)?;
    Ok(target(root)?.join(PROFILE).join(name))
}

fn for_lambda(root: &Path, name: &str, arm: bool) -> anyhow::Result<()> {
    anyhow::ensure!(
        answers("cargo", &["lambda", "--version"]),
        "cargo lambda builds for AWS: pip install cargo-lambda"
    );
    build(root, &["lambda", "build", if arm { "--arm64" } else { "--x86-64" }], name)
}

fn build(root: &Path, how: &[&str], name: &str) -> anyhow::Result<()> {
    let package = format!("dzinza-{name}");
    let what = ["--locked", "--profile", PROFILE, "--package", &package, "--bin", name];
    let built = shell(root, "cargo", &[how, &what, FEATURES].concat(), &[])?;
    anyhow::ensure!(!built.failed(), "{name} does not build");
    Ok(())
}

fn target(root: &Path) -> anyhow::Result<PathBuf> {
    let metadata = cargo_metadata::MetadataCommand::new().current_dir(root).no_deps().exec()?;
    Ok(metadata.target_directory.into_std_path_buf())
}

/// Puts a program into an archive as AWS Lambda wants it, and says how large that is, in megabytes.
fn zip(bootstrap: &Path, archive: &Path) -> anyhow::Result<f64> {
    let program = fs::read(bootstrap).with_context(|| format!("there is no {}", bootstrap.display()))?;
    let mut writer = ZipWriter::new(fs::File::create(archive)?);
    let executable = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(LEVEL))
        .unix_permissions(0o755);
    writer.start_file("bootstrap", executable)?;
    writer.write_all(&program)?;
    writer.finish()?;
    megabytes(archive)
}

/// How many megabytes a program takes when it is zipped.
pub fn zipped(program: &Path) -> anyhow::Result<f64> {
    let archive = program.with_extension("zip");
    let size = zip(program, &archive);
    fs::remove_file(archive)?;
    size
}

fn megabytes(file: &Path) -> anyhow::Result<f64> {
    #[expect(clippy::cast_precision_loss, reason = "programs are smaller than what a float counts")]
    Ok(fs::metadata(file)?.len() as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_has_a_program_and_others_are_refused() {
        let all = functions(&crate::ci::root().unwrap()).unwrap();
        assert!(all.contains(&"auth".to_owned()) && all.contains(&"jobs".to_owned()), "{all:?}");
        let read =
            |words: &[&str]| read(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>(), &all);
        assert_eq!(read(&[]).unwrap(), (Machine::X86, all.clone()));
        assert_eq!(read(&["--arm64", "jobs"]).unwrap(), (Machine::Arm, vec!["jobs".to_owned()]));
        assert!(read(&["job"]).unwrap_err().to_string().contains("there is no function job"));
        assert!(read(&["--arm64", "--native"]).is_err());
    }

    #[test]
    fn an_archive_has_a_program_that_can_be_run() {
        let folder = std::env::temp_dir().join(format!("dzinza-package-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (program, archive) = (folder.join("bootstrap"), folder.join("a.zip"));
        fs::write(&program, vec![0_u8; 100_000]).unwrap();
        assert!(zip(&program, &archive).unwrap() < 0.01);
        let mut archive = zip::ZipArchive::new(fs::File::open(&archive).unwrap()).unwrap();
        assert_eq!(archive.by_name("bootstrap").unwrap().unix_mode().map(|mode| mode & 0o777), Some(0o755));
        fs::remove_dir_all(&folder).unwrap();
    }
}
