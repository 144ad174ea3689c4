//! What the gates look at: the crates of the workspace and the files git knows or would take.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, camino::Utf8Path};

use crate::shell::capture;

pub struct Repo {
    pub root: PathBuf,
    pub crates: Vec<Crate>,
    pub files: Vec<File>,
}

/// A workspace member, known by its folder.
#[derive(Debug, Clone, Default)]
pub struct Crate {
    /// Folder below the root, with `/`.
    pub room: String,
    pub description: String,
    pub uses: Vec<Dependency>,
}

#[derive(Debug, Clone, Default)]
pub struct Dependency {
    pub name: String,
    /// The folder, when it is one of ours.
    pub room: Option<String>,
    pub dev: bool,
    pub optional: bool,
}

/// A text file; other files are no business of the gates.
#[derive(Debug, Clone)]
pub struct File {
    pub path: String,
    pub text: String,
}

impl Repo {
    pub fn open() -> anyhow::Result<Self> {
        let metadata = MetadataCommand::new().no_deps().exec().context("cannot read the workspace")?;
        let root = metadata.workspace_root.clone().into_std_path_buf();
        let listed =
            capture(&root, "git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
        let mut files: Vec<File> = Vec::new();
        for path in listed.split('\0').filter(|path| !path.is_empty()) {
            // A file deleted but not yet committed so is listed and not there.
            if let Some(text) = fs::read(root.join(path)).ok().and_then(|bytes| String::from_utf8(bytes).ok())
            {
                files.push(File { path: path.to_owned(), text });
            }
        }
        files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(Self { root, crates: crates(&metadata), files })
    }

    /// The text of one file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path).map(|file| file.text.as_str())
    }
}

fn crates(metadata: &Metadata) -> Vec<Crate> {
    let root = &metadata.workspace_root;
    let mut crates: Vec<Crate> =
        metadata.workspace_packages().into_iter().map(|package| describe(root, package)).collect();
    crates.sort_by(|left, right| left.room.cmp(&right.room));
    crates
}

fn describe(root: &Utf8Path, package: &Package) -> Crate {
    let uses = package.dependencies.iter().map(|dependency| Dependency {
        name: dependency.name.clone(),
        room: dependency.path.as_ref().map(|path| below(root, path)),
        dev: dependency.kind == DependencyKind::Development,
        optional: dependency.optional,
    });
    Crate {
        room: package.manifest_path.parent().map(|path| below(root, path)).unwrap_or_default(),
        description: package.description.clone().unwrap_or_default(),
        uses: uses.collect(),
    }
}

fn below(root: &Utf8Path, path: &Utf8Path) -> String {
    path.strip_prefix(root).unwrap_or(path).as_str().replace('\\', "/")
}

#[cfg(test)]
pub mod sample {
    //! Made-up crates and files for the gates' own tests.

    use super::{Crate, Dependency, File};

    /// A crate of ours in `room` that uses these rooms of ours.
    pub fn member(room: &str, rooms: &[&str]) -> Crate {
        let uses = rooms.iter().map(|used| Dependency {
            name: format!("dzinza-{}", used.rsplit('/').next().unwrap_or_default()),
            room: Some((*used).to_owned()),
            ..Dependency::default()
        });
        Crate { room: room.to_owned(), description: "A room".to_owned(), uses: uses.collect() }
    }

    /// The same, with its dependencies only in tests.
    pub fn tested(room: &str, rooms: &[&str]) -> Crate {
        let mut member = member(room, rooms);
        member.uses.iter_mut().for_each(|used| used.dev = true);
        member
    }

    /// A crate of ours in `room` that uses these crates of others.
    pub fn user(room: &str, names: &[&str]) -> Crate {
        let uses = names.iter().map(|name| Dependency { name: (*name).to_owned(), ..Dependency::default() });
        Crate { uses: uses.collect(), ..member(room, &[]) }
    }

    pub fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_workspace_is_read() {
        let repo = Repo::open().unwrap();
        let xtask = repo.crates.iter().find(|member| member.room == "xtask").unwrap();
        assert!(!xtask.description.is_empty());
        assert!(xtask.uses.iter().any(|used| used.name == "anyhow" && used.room.is_none() && !used.dev));
        assert!(repo.crates.iter().any(|member| member.room == "lib/adapters/sqlite"));
        assert!(repo.text("xtask/src/repo.rs").is_some());
        assert!(repo.files.iter().all(|file| !file.path.starts_with("target/")));
    }
}
