//! Gate `members`: every crate in the tree is a member of the workspace, takes its lints and says what it is for.

use super::Finding;
use crate::repo::{Crate, File, Repo};

pub fn gate(repo: &Repo) -> Finding {
    Finding::new(format!("{} crates", repo.crates.len()), problems(&repo.crates, &repo.files))
}

fn problems(crates: &[Crate], files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files {
        let Some(room) = file.path.strip_suffix("/Cargo.toml") else { continue };
        if crates.iter().all(|member| member.room != room) {
            problems.push(format!("{room}: is not a member of the workspace"));
        }
        if !takes_lints(&file.text) {
            problems.push(format!("{room}: has no `[lints] workspace = true`"));
        }
    }
    for member in crates {
        if member.description.trim().is_empty() {
            problems.push(format!("{}: has no description", member.room));
        }
        if files.iter().all(|file| file.path.strip_suffix("/Cargo.toml") != Some(&member.room)) {
            problems.push(format!("{}: is a member that git does not know", member.room));
        }
    }
    problems
}

fn takes_lints(manifest: &str) -> bool {
    let mut lines = manifest.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines.by_ref().any(|line| line == "[lints]")
        && lines
            .take_while(|line| !line.starts_with('['))
            .any(|line| line.replace(' ', "") == "workspace=true")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::sample::{file, member};

    const GOOD: &str = "[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n\n[dependencies]\n";

    #[test]
    fn a_member_with_lints_and_a_description_is_fine() {
        let files = [file("Cargo.toml", "[workspace]"), file("lib/a/Cargo.toml", GOOD)];
        assert_eq!(problems(&[member("lib/a", &[])], &files), Vec::<String>::new());
    }

    #[test]
    fn a_crate_nobody_listed_is_found() {
        assert_eq!(
            problems(&[], &[file("lib/a/Cargo.toml", GOOD)]),
            ["lib/a: is not a member of the workspace"]
        );
        assert_eq!(problems(&[member("lib/a", &[])], &[]), ["lib/a: is a member that git does not know"]);
    }

    #[test]
    fn a_crate_without_the_lints_is_found() {
        for manifest in [
            "[package]\nname = \"a\"\n",
            "[lints]\n[dependencies]\nworkspace = true",
            "[lints]\nworkspace = false",
            "[lints]\n# workspace = true",
            "[dependencies]\nworkspace = true",
        ] {
            let found = problems(&[member("lib/a", &[])], &[file("lib/a/Cargo.toml", manifest)]);
            assert_eq!(found, ["lib/a: has no `[lints] workspace = true`"], "{manifest}");
        }
    }

    #[test]
    fn a_crate_without_a_description_is_found() {
        let mut silent = member("lib/a", &[]);
        silent.description = " ".to_owned();
        assert_eq!(problems(&[silent], &[file("lib/a/Cargo.toml", GOOD)]), ["lib/a: has no description"]);
    }
}
