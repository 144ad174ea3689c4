//! `cargo xtask bench`: what the platform can do on this machine, measured from outside: the built binary as a child
//! process, and HTTP over real sockets.

mod accounts;
mod cold;
mod http;
mod kin;
mod load;
mod people;
mod process;
mod replicas;
mod report;
mod scenes;
mod start;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread::sleep;
use std::time::Duration;

use anyhow::Context;
use cargo_metadata::MetadataCommand;
use serde_json::{Value, json};

use crate::shell::say;
use load::Cell;
use process::{Ran, Server};
use report::{Machine, Size};
use scenes::{Deep, Site};

const USAGE: &str = "usage: cargo xtask bench [--sizes 1k,10k,100k] [--quick] [--json FILE] [--generator SCRIPT.py] | --cold | --replicas";
/// A start takes little, and varies a lot.
const STARTS: usize = 5;

#[derive(Debug, PartialEq)]
struct Options {
    sizes: Vec<usize>,
    quick: bool,
    json: Option<PathBuf>,
    generator: Option<PathBuf>,
}

impl Options {
    fn read(arguments: &[String]) -> anyhow::Result<Self> {
        let mut options =
            Self { sizes: vec![1_000, 10_000, 100_000], quick: false, json: None, generator: None };
        let mut sizes = None;
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().context(USAGE);
            match argument.as_str() {
                "--sizes" => sizes = Some(value()?.split(',').map(size).collect::<anyhow::Result<_>>()?),
                "--quick" => options.quick = true,
                "--json" => options.json = Some(value()?.into()),
                "--generator" => options.generator = Some(value()?.into()),
                _ => anyhow::bail!(USAGE),
            }
        }
        if options.quick {
            options.sizes = vec![1_000];
        }
        options.sizes = sizes.unwrap_or(options.sizes);
        Ok(options)
    }
}

/// A number of people, such as `500` or `10k`.
fn size(text: &str) -> anyhow::Result<usize> {
    let (digits, unit) = text.strip_suffix('k').map_or((text, 1), |digits| (digits, 1_000));
    let number: usize = digits.parse().with_context(|| format!("{text} is no number of people"))?;
    anyhow::ensure!((100..=1_000_000).contains(&(number * unit)), "{text}: from 100 to 1000k people");
    Ok(number * unit)
}

/// The programs that are measured, and where they may leave files.
struct Place {
    dzinza: PathBuf,
    bare: PathBuf,
    folder: PathBuf,
}

pub fn run(arguments: &[String]) -> anyhow::Result<ExitCode> {
    if arguments == ["--cold"] {
        return cold::run();
    }
    if arguments == ["--replicas"] {
        return replicas::run();
    }
    let options = Options::read(arguments)?;
    anyhow::ensure!(
        Path::new("/proc/self/status").exists(),
        "memory and processor times are read from /proc"
    );
    let place = build()?;
    let machine = Machine { processors: std::thread::available_parallelism()?.get(), load: process::load() };
    say(&machine.line());
    let bare = scenes::bare(&Server::start(&place.bare, &[])?, options.quick);
    say(&report::head());
    for cell in &bare {
        say(&report::line(cell));
    }
    let mut sizes = Vec::new();
    for people in &options.sizes {
        sizes.push(one_size(&place, *people, &options, &bare)?);
    }
    if let Some(path) = &options.json {
        let text = serde_json::to_string_pretty(&report::json(&machine, &bare, &sizes))?;
        fs::write(path, text + "\n").with_context(|| format!("cannot write {}", path.display()))?;
    }
    let errors: u64 = sizes.iter().flat_map(|size| &size.cells).chain(&bare).map(|cell| cell.errors).sum();
    say(&format!("bench: {errors} requests failed"));
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn build() -> anyhow::Result<Place> {
    let metadata = MetadataCommand::new().no_deps().exec()?;
    let root = metadata.workspace_root.as_std_path();
    let arguments =
        ["build", "--release", "-p", "dzinza-runner", "--bin", "dzinza", "--example", "bare", "--quiet"];
    let outcome = crate::shell::run(root, "cargo", &arguments, &[])?;
    anyhow::ensure!(!outcome.failed(), "the platform does not build");
    let target = metadata.target_directory.into_std_path_buf();
    let release = target.join("release");
    // On the disk of the build: a folder for temporary files may well be in memory, where writing is free.
    let folder = target.join("bench").join(std::process::id().to_string());
    Ok(Place { dzinza: release.join("dzinza"), bare: release.join("examples").join("bare"), folder })
}

/// The same, with the programs of all functions beside it.
fn build_apart() -> anyhow::Result<Place> {
    let place = build()?;
    let root = crate::ci::root()?;
    let names = crate::package::functions(&root)?;
    let bins = names.iter().flat_map(|name| ["--bin", name]);
    let arguments: Vec<_> =
        ["build", "--release", "--workspace", "--quiet"].into_iter().chain(bins).collect();
    let outcome = crate::shell::run(&root, "cargo", &arguments, &[])?;
    anyhow::ensure!(!outcome.failed(), "the functions do not build");
    Ok(place)
}

/// Measures something that leaves its files in the folder, which is cleared away whatever comes of it.
fn on_folder<T>(place: &Place, measure: impl FnOnce(&Place) -> anyhow::Result<T>) -> anyhow::Result<T> {
    fs::create_dir_all(&place.folder)?;
    let measured = measure(place);
    fs::remove_dir_all(&place.folder).context("cannot clear away the data")?;
    measured
}

fn one_size(place: &Place, people: usize, options: &Options, bare: &[Cell]) -> anyhow::Result<Size> {
    on_folder(place, |place| measure_size(place, people, options, bare))
        .with_context(|| format!("{people} people"))
}

/// A data folder with accounts and a tree in it.
struct Made {
    data: PathBuf,
    tree: String,
    deep: Deep,
    file_bytes: u64,
    import: Ran,
}

fn prepare(place: &Place, people: usize, generator: Option<&Path>) -> anyhow::Result<Made> {
    let file = place.folder.join("people.ged");
    let deep = generate(&file, people, generator)?;
    let data = place.folder.join("data");
    let (data_text, file_text) = (data.display().to_string(), file.display().to_string());
    let account = ["user", "create", "--data", &data_text, "--email", scenes::EMAIL, "--password-stdin"];
    process::run(&place.dzinza, &account, scenes::PASSWORD)?;
    let stormer = account.map(|word| if word == scenes::EMAIL { accounts::STORMER } else { word });
    process::run(&place.dzinza, &stormer, scenes::PASSWORD)?;
    let import = ["import", &file_text, "--data", &data_text, "--email", scenes::EMAIL];
    let import = process::run(&place.dzinza, &import, "")?;
    let tree = tree_of(&import)?;
    Ok(Made { data, tree, deep, file_bytes: fs::metadata(&file)?.len(), import })
}

fn measure_size(place: &Place, people: usize, options: &Options, bare: &[Cell]) -> anyhow::Result<Size> {
    say(&format!("\n== {people} people"));
    let Made { data, tree, deep, file_bytes, import } = prepare(place, people, options.generator.as_deref())?;
    let database_bytes = bytes_of(&data, &["dzinza.db", "dzinza.db-wal"]);
    let data = data.display().to_string();
    let serve = ["serve", "--data", &data, "--listen", "127.0.0.1:0"];
    let mut starts = Vec::new();
    for _ in 1..STARTS {
        starts.push(Server::start(&place.dzinza, &serve)?.start_seconds);
    }
    let server = Server::start(&place.dzinza, &serve)?;
    starts.push(server.start_seconds);
    starts.sort_by(f64::total_cmp);
    sleep(Duration::from_secs(2));
    let mut size = Size {
        people,
        file_bytes,
        import,
        database_bytes,
        start_seconds: starts[STARTS / 2],
        idle: server.memory(),
        loaded: server.memory(),
        cells: Vec::new(),
    };
    say(&size.import_line());
    say(&size.serve_line());
    say(&report::head());
    size.cells = Site::open(&server, &tree, people, &deep, bare)?.quick(options.quick).run()?;
    size.loaded = server.memory();
    say(&size.memory_line());
    accounts::timing(&server)?;
    Ok(size)
}

/// Writes the file, with ours or with another's generator, and finds the deep descendant in it.
fn generate(file: &Path, people: usize, generator: Option<&Path>) -> anyhow::Result<Deep> {
    let pointer = if let Some(script) = generator {
        let status = Command::new("python3").arg(script).arg(people.to_string()).arg(file).status()?;
        anyhow::ensure!(status.success(), "{}: {status}", script.display());
        let probes: Value = serde_json::from_slice(&fs::read(file.with_extension("json"))?)?;
        probes["deep"].as_str().context("the generator names nobody as deep")?.to_owned()
    } else {
        let made = people::populate(people);
        fs::write(file, &made.gedcom)?;
        let probes = json!({ "n": people, "gens": made.generations, "deep": made.deep });
        fs::write(file.with_extension("json"), probes.to_string())?;
        made.deep
    };
    deep_in(&fs::read_to_string(file)?, &pointer)
}

fn deep_in(gedcom: &str, pointer: &str) -> anyhow::Result<Deep> {
    let head = format!("0 @{pointer}@ INDI");
    let at = gedcom.find(&head).with_context(|| format!("{pointer} is not in the file"))?;
    let place = gedcom[..at].matches(" INDI\n").count();
    let name = gedcom[at..].lines().find_map(|line| line.strip_prefix("1 NAME ")).unwrap_or_default();
    Ok(Deep { place, given: name.split('/').next().unwrap_or_default().trim().to_owned() })
}

/// `Imported 5 people, 2 families and 1 sources into tree 0198.` names the tree.
fn tree_of(import: &Ran) -> anyhow::Result<String> {
    let after = import.said.split_once("into tree ").map(|(_, after)| after);
    let id = after.and_then(|after| after.split(['.', '\n']).next());
    id.map(str::to_owned).with_context(|| format!("the import names no tree: {}", import.said))
}

fn bytes_of(folder: &Path, names: &[&str]) -> u64 {
    names.iter().filter_map(|name| fs::metadata(folder.join(name)).ok()).map(|file| file.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> anyhow::Result<Options> {
        Options::read(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_read() {
        assert_eq!(options("").unwrap().sizes, [1_000, 10_000, 100_000]);
        assert_eq!(options("--quick").unwrap().sizes, [1_000]);
        let all = options("--quick --sizes 500,10k --json out.json --generator gen.py").unwrap();
        assert_eq!(all.sizes, [500, 10_000]);
        assert!(all.quick && all.json == Some("out.json".into()) && all.generator == Some("gen.py".into()));
        for wrong in ["--fast", "--sizes", "--sizes many", "--sizes 1", "--json"] {
            assert!(options(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_deep_descendant_is_found_by_place_and_name() {
        let text = "0 @I1@ INDI\n1 NAME A /B/\n0 @I10@ INDI\n1 NAME Chipo Mary /Moyo/\n";
        let deep = deep_in(text, "I10").unwrap();
        assert_eq!((deep.place, deep.given.as_str()), (1, "Chipo Mary"));
        assert!(deep_in(text, "I2").is_err());
    }

    #[test]
    fn the_import_says_which_tree() {
        let said =
            "Imported 5 people, 2 families and 1 sources into tree 0198-ab.\nThe report has 0 warnings.\n";
        let ran = |said: &str| Ran { seconds: 1.0, cpu_seconds: 1.0, peak_mb: 1.0, said: said.to_owned() };
        assert_eq!(tree_of(&ran(said)).unwrap(), "0198-ab");
        assert!(tree_of(&ran("nothing")).is_err());
    }
}
