//! Gate `crates`: which crates of others may be used where. Drivers live in adapters, HTTP in the rooms that
//! speak it, and what is pure stays free of input, output and waiting.

use super::Finding;
use crate::repo::{Crate, Repo};

/// Names of crates; `*` at the end stands for any rest.
type Names = &'static [&'static str];

struct Ban {
    what: &'static str,
    names: Names,
    /// Whether the ban holds in this room.
    holds: fn(&str) -> bool,
    /// Whether tests have to keep to it too.
    tests: bool,
}

const HTTP: Names =
    &["axum*", "cookie", "http", "http-*", "hyper*", "lambda_http", "lambda_runtime", "tower*", "utoipa*"];

const BANS: &[Ban] = &[
    Ban {
        what: "a driver outside the adapters",
        names: &[
            "aws-*",
            "deadpool*",
            "fred",
            "lettre",
            "libsqlite3-sys",
            "mongodb",
            "object_store",
            "opensearch",
            "postgres*",
            "r2d2*",
            "redis",
            "rusqlite*",
            "rusty-s3",
            "sqlx*",
            "tokio-postgres",
        ],
        // End-to-end tests look into the database from outside; letters are made in one room for all who send them.
        holds: |room| !room.starts_with("lib/adapters/") && !["lib/mime", "tests"].contains(&room),
        tests: true,
    },
    Ban {
        what: "HTTP in a room that does not speak it",
        names: HTTP,
        // What a process tells of itself goes to collectors by HTTP, so telemetry speaks it.
        holds: |room| {
            ["lib/config", "lib/contract", "lib/domain", "lib/gedcom", "lib/ports", "lib/wiring"]
                .contains(&room)
        },
        tests: true,
    },
    Ban {
        what: "HTTP in a room that does not speak it",
        names: HTTP,
        holds: |room| room.starts_with("lib/adapters/"),
        // Its tests may serve what it calls.
        tests: false,
    },
    Ban {
        what: "an HTTP client in a room that does not speak it",
        names: &["reqwest", "ureq"],
        holds: |room| {
            room.starts_with("functions/") || (room.starts_with("lib/") && !room.starts_with("lib/adapters/"))
        },
        tests: true,
    },
    Ban {
        what: "input, output or waiting in a pure room",
        names: &["async-*", "futures*", "rand", "tempfile", "tokio*", "tracing*"],
        holds: |room| ["lib/domain", "lib/gedcom"].contains(&room),
        tests: false,
    },
];

pub fn gate(repo: &Repo) -> Finding {
    let edges = repo.crates.iter().flat_map(|member| &member.uses).filter(|used| used.room.is_none()).count();
    Finding::new(format!("{edges} edges"), problems(&repo.crates))
}

fn problems(crates: &[Crate]) -> Vec<String> {
    let mut problems = Vec::new();
    for member in crates {
        for used in member.uses.iter().filter(|used| used.room.is_none()) {
            let bans = BANS.iter().filter(|ban| {
                (ban.tests || !used.dev) && (ban.holds)(&member.room) && named(ban.names, &used.name)
            });
            problems.extend(bans.map(|ban| format!("{}: {} is {}", member.room, used.name, ban.what)));
        }
    }
    problems
}

fn named(names: Names, name: &str) -> bool {
    names.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *pattern,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::sample::user;

    fn broken(room: &str, name: &str) -> usize {
        problems(&[user(room, &[name])]).len()
    }

    #[test]
    fn a_driver_is_found_everywhere_but_in_an_adapter() {
        for name in ["rusqlite", "sqlx", "sqlx-core", "mongodb", "aws-sdk-s3", "redis"] {
            assert_eq!(broken("lib/adapters/sqlite", name), 0, "{name}");
            assert_eq!(broken("tests", name), 0, "{name}");
            for room in ["functions/auth", "lib/web", "lib/wiring", "local-runner", "lib/domain", "xtask"] {
                assert_eq!(broken(room, name), 1, "{name} in {room}");
            }
        }
    }

    #[test]
    fn http_is_found_where_it_is_not_spoken() {
        for room in ["lib/domain", "lib/ports", "lib/adapters/sqlite", "lib/gedcom", "lib/wiring"] {
            assert_eq!(broken(room, "axum"), 1, "{room}");
            assert_eq!(broken(room, "http"), 1, "{room}");
            assert_eq!(broken(room, "tower-http"), 1, "{room}");
        }
        assert_eq!(broken("lib/web", "axum"), 0);
        assert_eq!(broken("local-runner", "hyper"), 0);
        assert_eq!(broken("functions/auth", "reqwest"), 1);
        assert_eq!(broken("lib/adapters/opensearch", "reqwest"), 0);
    }

    #[test]
    fn a_pure_room_waits_for_nothing_but_its_tests_may() {
        assert_eq!(broken("lib/domain", "tokio"), 1);
        assert_eq!(broken("lib/ports", "tokio"), 0);
        let mut room = user("lib/domain", &["tempfile"]);
        room.uses[0].dev = true;
        assert_eq!(problems(&[room]), Vec::<String>::new());
    }

    #[test]
    fn tests_are_no_way_around_the_drivers() {
        let mut room = user("functions/auth", &["rusqlite"]);
        room.uses[0].dev = true;
        assert_eq!(problems(&[room]), ["functions/auth: rusqlite is a driver outside the adapters"]);
    }
}
