//! Gate `words`: what must not stand in a file: a silenced lint, a promise for later, the path of a
//! developer's machine, the host of a package registry.

use super::Finding;
use crate::repo::{File, Repo};

/// The words are put together here, so that this file does not contain them.
const SILENCED: &[&str] = &[concat!("#[", "allow("), concat!("#![", "allow(")];
const PROMISES: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
const MACHINES: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];
const REGISTRIES: &[&str] = &[
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("npmjs", ".org"),
    concat!("npmjs", ".com"),
    concat!("deb.debian", ".org"),
    concat!("proxy.golang", ".org"),
];
/// Files whose author can put a thing right, and so has no need to promise it.
const SOURCES: &[&str] = &["rs", "toml", "sql", "yaml", "yml", "sh", "py"];

pub fn gate(repo: &Repo) -> Finding {
    Finding::new(format!("{} files", repo.files.len()), repo.files.iter().flat_map(problems).collect())
}

fn problems(file: &File) -> Vec<String> {
    let extension = std::path::Path::new(&file.path).extension().and_then(|extension| extension.to_str());
    let source =
        extension.is_some_and(|extension| SOURCES.contains(&extension)) || file.path.starts_with(".ci/");
    let mut problems = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let mut found = |what: &str| problems.push(format!("{}:{}: {what}", file.path, index + 1));
        if extension == Some("rs") && SILENCED.iter().any(|word| line.contains(word)) {
            found("a silenced lint: say #[expect(.., reason)], or put it right");
        }
        if source && PROMISES.iter().any(|word| has_word(line, word)) {
            found("a promise for later: do it, or file an issue");
        }
        if MACHINES.iter().any(|path| has_path(line, path)) {
            found("a path of somebody's machine");
        }
        let locked = file.path == "Cargo.lock" && line.starts_with("source = \"registry+https://");
        if !locked && REGISTRIES.iter().any(|host| line.contains(host)) {
            found("the host of a package registry");
        }
    }
    problems
}

/// The word, and not a part of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let edge = |neighbour: Option<char>| neighbour.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        edge(line[..at].chars().next_back()) && edge(line[at + word.len()..].chars().next())
    })
}

/// The path from the root of a disk, and not the middle of another path or address.
fn has_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && !"._-~}/*".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::sample::file;

    fn broken(path: &str, text: &str) -> usize {
        problems(&file(path, text)).len()
    }

    #[test]
    fn a_silenced_lint_is_found() {
        for word in SILENCED {
            assert_eq!(broken("a.rs", &format!("fn a() {{}}\n    {word}dead_code)]")), 1);
            assert_eq!(broken("a.md", word), 0);
        }
        assert_eq!(broken("a.rs", "#[expect(dead_code, reason = \"soon\")]"), 0);
    }

    #[test]
    fn a_promise_is_found_in_sources_and_not_inside_words() {
        for word in PROMISES {
            assert_eq!(broken("a.rs", &format!("// {word}: later")), 1, "{word}");
            assert_eq!(broken(".ci/run", &format!("# {word}(me)")), 1, "{word}");
            assert_eq!(broken("a.ged", &format!("1 NOTE {word}")), 0, "{word}");
            assert_eq!(broken("a.rs", &format!("let MY_{word}S = 1;")), 0, "{word}");
        }
    }

    #[test]
    fn a_developer_s_path_is_found_in_any_file_and_not_inside_an_address() {
        for path in MACHINES {
            assert_eq!(broken("README.md", &format!("see `{path}notes`")), 1, "{path}");
            assert_eq!(broken("a.toml", &format!("path = \"{path}notes\"")), 1, "{path}");
            assert_eq!(
                broken(
                    "a.md",
                    &format!("https://example.org{path}notes, src{path}, ~{path}, ${{HERE}}{path}")
                ),
                0
            );
        }
    }

    #[test]
    fn a_registry_is_found_but_for_the_sources_in_the_lock_file() {
        for host in REGISTRIES {
            assert_eq!(broken("docs/a.md", &format!("from https://{host}/x")), 1, "{host}");
        }
        let line = format!("source = \"registry+https://example.org/{}-index\"", REGISTRIES[0]);
        assert_eq!(broken("Cargo.lock", &line), 0);
        assert_eq!(broken("docs/a.md", &line), 1);
        assert_eq!(broken("Cargo.lock", &line.replace("registry+", "git+")), 1);
    }

    #[test]
    fn the_line_is_told() {
        let found = problems(&file("a.rs", &format!("one\n// {}", PROMISES[0])));
        assert_eq!(found, ["a.rs:2: a promise for later: do it, or file an issue"]);
    }
}
