//! Gate `length`: a Rust file has at most 400 lines, in a `tests` folder 600, and a function's binary 20.

use super::Finding;
use crate::repo::{File, Repo};

const FILE: usize = 400;
const TEST_FILE: usize = 600;
const BINARY: usize = 20;

pub fn gate(repo: &Repo) -> Finding {
    let files: Vec<&File> = repo.files.iter().filter(|file| is_rust(&file.path)).collect();
    Finding::new(format!("{} files", files.len()), problems(&files))
}

fn is_rust(path: &str) -> bool {
    std::path::Path::new(path).extension().is_some_and(|extension| extension == "rs")
}

fn problems(files: &[&File]) -> Vec<String> {
    let measured = files.iter().map(|file| (&file.path, file.text.lines().count(), limit(&file.path)));
    measured
        .filter(|(_, lines, limit)| lines > limit)
        .map(|(path, lines, limit)| format!("{path}: {lines} lines, at most {limit}"))
        .collect()
}

fn limit(path: &str) -> usize {
    let folders: Vec<&str> = path.split('/').collect();
    match folders.as_slice() {
        ["functions", _, "src", "main.rs"] | ["functions", _, "src", "bin", ..] => BINARY,
        [before @ .., _] if before.contains(&"tests") => TEST_FILE,
        _ => FILE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::sample::file;

    fn broken(path: &str, lines: usize) -> Vec<String> {
        problems(&[&file(path, &"\n".repeat(lines))])
    }

    #[test]
    fn a_file_over_its_limit_is_found() {
        assert_eq!(broken("lib/web/src/lib.rs", 401), ["lib/web/src/lib.rs: 401 lines, at most 400"]);
        assert_eq!(broken("lib/web/src/a/tests.rs", 401).len(), 1);
        assert_eq!(broken("lib/web/tests/api.rs", 601).len(), 1);
        assert_eq!(broken("tests/src/flow.rs", 601).len(), 1);
        assert_eq!(broken("functions/auth/src/main.rs", 21).len(), 1);
        assert_eq!(broken("functions/auth/src/bin/auth.rs", 21).len(), 1);
    }

    #[test]
    fn a_file_at_its_limit_is_fine() {
        assert_eq!(broken("lib/web/src/lib.rs", 400), Vec::<String>::new());
        assert_eq!(broken("lib/web/tests/api.rs", 600), Vec::<String>::new());
        assert_eq!(broken("functions/auth/src/main.rs", 20), Vec::<String>::new());
    }
}
