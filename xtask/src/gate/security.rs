//! Gate `security`: what `docs/security.md` cites is there, so that the page cannot promise what nobody shows.
//!
//! A test is cited in backticks as the end of its file's path and its name, `auth/tests/api/login::a_name`; a place
//! in the code by its path, `lib/web/src/csrf.rs`. A row of a requirement, `| 6.2.1 | ..`, ends with what shows it: whoever
//! answers yes cites a test, or says in which section of the page it is written down.

use super::Finding;
use crate::repo::{File, Repo};

const PAGE: &str = "docs/security.md";

pub fn gate(repo: &Repo) -> Finding {
    match repo.text(PAGE) {
        Some(page) => {
            let cited = cited(page).filter(|text| text.contains("::")).count();
            Finding::new(format!("{cited} citations"), problems(page, &repo.files))
        }
        None => Finding::new("no page".to_owned(), vec![format!("{PAGE} is missing")]),
    }
}

fn problems(page: &str, files: &[File]) -> Vec<String> {
    let missing = cited(page).filter_map(|text| missing(text, files));
    let rows = page.lines().filter(|line| is_row(line));
    let bare = rows.filter(|line| !is_shown(line)).map(|line| format!("nothing shows {}", line.trim()));
    missing.chain(bare).map(|problem| format!("{PAGE}: {problem}")).collect()
}

/// What is wrong with a citation.
fn missing(text: &str, files: &[File]) -> Option<String> {
    let Some((place, name)) = text.split_once("::") else {
        let path = text.contains('/') && text.strip_suffix(".rs").is_some();
        return (path && files.iter().all(|file| file.path != text)).then(|| format!("there is no {text}"));
    };
    match places(files, place, name) {
        1 => None,
        0 => Some(format!("there is no test {text}")),
        several => Some(format!("{several} tests could be meant by {text}")),
    }
}

/// What stands in backticks and names a test or a file.
fn cited(page: &str) -> impl Iterator<Item = &str> {
    let quoted = page.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    quoted.filter(|text| !text.contains(' ') && (text.contains("::") || text.contains('/')))
}

/// In how many files whose path ends so there is a test of this name.
fn places(files: &[File], place: &str, name: &str) -> usize {
    let end = format!("/{place}.rs");
    let here = files.iter().filter(|file| format!("/{}", file.path).ends_with(&end));
    here.filter(|file| has_test(&file.text, name)).count()
}

fn has_test(text: &str, name: &str) -> bool {
    let wanted = format!("fn {name}(");
    let mut marked = false;
    for line in text.lines().map(str::trim_start) {
        if marked && line.contains(&wanted) {
            return true;
        }
        // Attributes and comments may stand between the mark and the function.
        marked = line.starts_with("#[") && line.contains("test") || marked && line.starts_with(['#', '/']);
    }
    false
}

/// `| 6.2.1 | ..`
fn is_row(line: &str) -> bool {
    let Some(id) = line.trim_start().strip_prefix("| ").and_then(|rest| rest.split(' ').next()) else {
        return false;
    };
    id.split('.').count() == 3 && id.split('.').all(|part| part.parse::<u8>().is_ok())
}

fn is_shown(line: &str) -> bool {
    let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
    let (answer, shown) =
        (cells.get(3).copied().unwrap_or_default(), cells.last().copied().unwrap_or_default());
    let claims = answer.starts_with("yes");
    cells.len() == 5 && !answer.is_empty() && (!claims || shown.contains("::") || shown.contains("section"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::sample::file;

    fn found(page: &str) -> Vec<String> {
        let files = [
            file(
                "functions/auth/tests/api/login.rs",
                "#[tokio::test(flavor = \"x\")]\n// why\nasync fn a_test() {}\nfn help() {}\n",
            ),
            file("functions/admin/tests/api/login.rs", "#[test]\nfn a_test() {}\n"),
        ];
        problems(page, &files)
    }

    #[test]
    fn what_is_cited_is_there_once() {
        assert_eq!(
            found("see `auth/tests/api/login::a_test`, `functions/auth/tests/api/login.rs` and `GET /x`"),
            [""; 0]
        );
        for bad in
            ["auth/tests/api/login::help", "auth/tests/api/login::gone", "api/login::a_test", "lib/gone.rs"]
        {
            assert_eq!(found(&format!("`{bad}`")).len(), 1, "{bad}");
        }
    }

    #[test]
    fn who_says_yes_shows_it() {
        let shown = "| 6.2.1 | 1 | eight characters | yes: so many | `auth/tests/api/login::a_test` |";
        assert_eq!(found(shown), [""; 0]);
        for fine in [
            "| 7.1.1 | 2 | said | yes | section Sessions |",
            "| 6.2.5 | 1 | any kind | no: the contract | |",
            "| role | a |",
        ] {
            assert_eq!(found(fine), [""; 0], "{fine}");
        }
        for bad in
            ["| 6.2.1 | 1 | x | yes: it is so | we think |", "| 6.2.1 | 1 | x | | |", "| 6.2.1 | 1 | x |"]
        {
            assert_eq!(found(bad).len(), 1, "{bad}");
        }
    }
}
