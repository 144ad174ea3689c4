//! Gate `docs`: `docs/ARCHITECTURE.md` names every room exactly once, and none that is gone.
//!
//! A room is named by a table row that begins with its folder in backticks:
//!
//! ```text
//! | `lib/ports` | what the handlers see of the outside world |
//! ```
//!
//! A row that begins so with anything else is not looked at, unless it looks like a folder beside ours
//! (`lib/...`, `functions/...`) that is not there.

use std::collections::BTreeSet;

use super::Finding;
use crate::repo::Repo;

const PAGE: &str = "docs/ARCHITECTURE.md";

pub fn gate(repo: &Repo) -> Finding {
    let rooms: Vec<&str> = repo.crates.iter().map(|member| member.room.as_str()).collect();
    let problems = match repo.text(PAGE) {
        Some(page) => problems(page, &rooms, &|path| repo.root.join(path).is_dir()),
        None => vec![format!(
            "{PAGE} is missing: a table row `| `room` | what it is for |` for each of the rooms"
        )],
    };
    Finding::new(format!("{} rooms", rooms.len()), problems)
}

fn problems(page: &str, rooms: &[&str], exists: &dyn Fn(&str) -> bool) -> Vec<String> {
    let named: Vec<&str> = page.lines().filter_map(room_of).collect();
    let mut problems = Vec::new();
    for room in rooms {
        match named.iter().filter(|name| *name == room).count() {
            1 => {}
            0 => problems.push(format!("{PAGE}: no row begins with | `{room}`")),
            rows => problems.push(format!("{PAGE}: {rows} rows begin with | `{room}`")),
        }
    }
    let tops: BTreeSet<&str> =
        rooms.iter().filter_map(|room| room.split_once('/')).map(|(top, _)| top).collect();
    for name in named {
        let ours = name.split_once('/').is_some_and(|(top, _)| tops.contains(top));
        if ours && !rooms.contains(&name) && !exists(name) {
            problems.push(format!("{PAGE}: `{name}` is not there"));
        }
    }
    problems
}

fn room_of(line: &str) -> Option<&str> {
    let (room, _) = line.trim_start().strip_prefix("| `")?.split_once('`')?;
    Some(room.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOMS: &[&str] = &["lib/ports", "tests"];

    fn broken(page: &str) -> Vec<String> {
        problems(page, ROOMS, &|path| path == "lib/adapters")
    }

    #[test]
    fn every_room_once_is_fine() {
        let page =
            "# Rooms\n| room | for |\n|---|---|\n| `lib/ports` | traits |\n| `tests/` | end to end |\n";
        assert_eq!(broken(page), Vec::<String>::new());
        assert_eq!(
            broken(&format!("{page}| `lib/adapters` | a folder |\n| `cargo run` | `lib/ports` |\n")).len(),
            0
        );
    }

    #[test]
    fn a_room_left_out_or_told_twice_is_found() {
        assert_eq!(broken("| `tests` | x |"), ["docs/ARCHITECTURE.md: no row begins with | `lib/ports`"]);
        let twice = "| `tests` | x |\n| `lib/ports` | x |\n| `lib/ports` | y |";
        assert_eq!(broken(twice), ["docs/ARCHITECTURE.md: 2 rows begin with | `lib/ports`"]);
    }

    #[test]
    fn a_room_that_is_gone_is_found() {
        let page = "| `tests` | x |\n| `lib/ports` | x |\n| `lib/gone` | y |";
        assert_eq!(broken(page), ["docs/ARCHITECTURE.md: `lib/gone` is not there"]);
    }
}
