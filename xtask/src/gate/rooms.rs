//! Gate `rooms`: who of ours may depend on whom. One direction only, or it erodes.

use super::Finding;
use crate::repo::{Crate, Dependency, Repo};

/// One row of the table. `/*` at the end of a room stands for every folder below; the first row that fits counts.
struct Row {
    room: &'static str,
    /// What it may build with.
    may: &'static [&'static str],
    /// What a feature may bring in beside: how a function's ports are made, which the rest of it must not see.
    optional: &'static [&'static str],
    /// What only its tests may use beside.
    tests: &'static [&'static str],
}

const BOOT: &[&str] = &["lib/boot", "lib/config"];
const SUITE: &[&str] = &["lib/contract", "lib/adapters/sqlite"];

/// What older programs left in a store is moved into one of ours.
const MOVING: &[&str] = &["lib/contract", "lib/legacy", "lib/adapters/sqlite"];

/// What speaks of kin needs the graph beside what every function has.
const KIN: &[&str] =
    &["lib/charts", "lib/domain", "lib/gedcom", "lib/graphs", "lib/kinship", "lib/ports", "lib/web"];

/// The same; and trees go in and out as files and archives.
const TREES: &[&str] = &[
    "lib/archive",
    "lib/charts",
    "lib/domain",
    "lib/gedcom",
    "lib/graphs",
    "lib/kinship",
    "lib/ports",
    "lib/transfer",
    "lib/web",
];

const fn row(room: &'static str, may: &'static [&'static str]) -> Row {
    Row { room, may, optional: &[], tests: &[] }
}

const TABLE: &[Row] = &[
    row("lib/gedcom", &[]),
    row("lib/kinship", &[]),
    row("lib/charts", &["lib/kinship"]),
    row("lib/config", &[]),
    row("lib/sealing", &[]),
    row("lib/telemetry", &[]),
    row("lib/domain", &["lib/gedcom"]),
    row("lib/ports", &["lib/domain"]),
    Row { tests: SUITE, ..row("lib/archive", &["lib/domain", "lib/ports"]) },
    Row { tests: SUITE, ..row("lib/legacy", &["lib/domain", "lib/ports"]) },
    row("lib/letters", &["lib/domain", "lib/ports", "lib/sealing"]),
    row("lib/mime", &["lib/ports"]),
    Row { tests: SUITE, ..row("lib/graphs", &["lib/domain", "lib/kinship", "lib/ports"]) },
    row("lib/transfer", &["lib/domain", "lib/gedcom", "lib/ports"]),
    row("lib/web", &["lib/domain", "lib/ports"]),
    row("lib/contract", &["lib/domain", "lib/ports"]),
    // Its jobs go to a queue elsewhere.
    Row { tests: MOVING, ..row("lib/adapters/mongo", &["lib/domain", "lib/ports"]) },
    Row { tests: MOVING, ..row("lib/adapters/postgres", &["lib/domain", "lib/ports"]) },
    Row { tests: &["lib/contract"], ..row("lib/adapters/*", &["lib/domain", "lib/mime", "lib/ports"]) },
    row("lib/wiring", &["lib/config", "lib/domain", "lib/ports", "lib/telemetry", "lib/adapters/*"]),
    Row {
        optional: &["lib/telemetry"],
        ..row(
            "lib/boot",
            &["lib/config", "lib/domain", "lib/letters", "lib/ports", "lib/sealing", "lib/web", "lib/wiring"],
        )
    },
    Row {
        optional: BOOT,
        tests: SUITE,
        ..row(
            "functions/jobs",
            &[
                "lib/archive",
                "lib/domain",
                "lib/gedcom",
                "lib/letters",
                "lib/ports",
                "lib/sealing",
                "lib/telemetry",
                "lib/transfer",
                "lib/web",
            ],
        )
    },
    Row {
        optional: BOOT,
        tests: SUITE,
        ..row("functions/auth", &["lib/domain", "lib/letters", "lib/ports", "lib/sealing", "lib/web"])
    },
    Row {
        optional: BOOT,
        tests: SUITE,
        ..row("functions/admin", &["lib/domain", "lib/letters", "lib/ports", "lib/sealing", "lib/web"])
    },
    Row { optional: BOOT, tests: SUITE, ..row("functions/people", KIN) },
    Row { optional: BOOT, tests: SUITE, ..row("functions/trees", TREES) },
    Row { optional: BOOT, tests: SUITE, ..row("functions/*", &["lib/domain", "lib/ports", "lib/web"]) },
    Row {
        tests: SUITE,
        ..row(
            "local-runner",
            &[
                "functions/*",
                "lib/archive",
                "lib/boot",
                "lib/config",
                "lib/domain",
                "lib/graphs",
                "lib/legacy",
                "lib/ports",
                "lib/telemetry",
                "lib/transfer",
                "lib/web",
                "lib/wiring",
            ],
        )
    },
    row("tests", &["local-runner", "functions/*", "lib/*"]),
    // It has to start in seconds: a benchmark starts the built binary, and links nothing of it.
    row("xtask", &[]),
];

pub fn gate(repo: &Repo) -> Finding {
    let edges = repo.crates.iter().flat_map(|member| &member.uses).filter(|used| used.room.is_some()).count();
    Finding::new(format!("{} crates, {edges} edges", repo.crates.len()), problems(&repo.crates))
}

fn problems(crates: &[Crate]) -> Vec<String> {
    let mut problems = Vec::new();
    for member in crates {
        let Some(row) = TABLE.iter().find(|row| fits(row.room, &member.room)) else {
            problems.push(format!("{}: has no row in the table of rooms", member.room));
            continue;
        };
        for used in &member.uses {
            let Some(room) = &used.room else { continue };
            if !allowed(row, room, used) {
                let kind = if used.dev { " (in tests)" } else { "" };
                problems.push(format!("{}: must not depend on {room}{kind}", member.room));
            }
        }
    }
    problems
}

fn allowed(row: &Row, room: &str, used: &Dependency) -> bool {
    let lists = [(true, row.may), (used.optional, row.optional), (used.dev, row.tests)];
    lists.iter().any(|(applies, rooms)| *applies && rooms.iter().any(|pattern| fits(pattern, room)))
}

fn fits(pattern: &str, room: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(folder) => room.starts_with(folder),
        None => room == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::sample::{member, tested};

    fn broken(member: Crate) -> Vec<String> {
        problems(&[member])
    }

    #[test]
    fn the_order_of_the_house_holds() {
        for fine in [
            member("lib/domain", &["lib/gedcom"]),
            member("lib/ports", &["lib/domain"]),
            member("lib/adapters/sqlite", &["lib/ports"]),
            member("lib/wiring", &["lib/config", "lib/ports", "lib/domain", "lib/adapters/sqlite"]),
            member("functions/jobs", &["lib/gedcom", "lib/ports"]),
            member("local-runner", &["functions/auth", "functions/jobs", "lib/wiring", "lib/web"]),
            tested("functions/auth", &["lib/contract", "lib/adapters/sqlite"]),
            tested("lib/adapters/sqlite", &["lib/contract"]),
            tested("tests", &["local-runner", "lib/adapters/sqlite"]),
        ] {
            assert_eq!(broken(fine.clone()), Vec::<String>::new(), "{}", fine.room);
        }
    }

    #[test]
    fn an_edge_against_the_order_is_found() {
        for (room, used) in [
            ("lib/gedcom", "lib/domain"),
            ("lib/domain", "lib/ports"),
            ("lib/ports", "lib/gedcom"),
            ("lib/config", "lib/domain"),
            ("lib/telemetry", "lib/config"),
            ("lib/web", "lib/adapters/sqlite"),
            ("lib/adapters/sqlite", "lib/adapters/postgres"),
            ("lib/wiring", "lib/web"),
            ("functions/auth", "functions/jobs"),
            ("functions/auth", "lib/gedcom"),
            ("functions/auth", "lib/adapters/sqlite"),
            ("functions/auth", "lib/wiring"),
            ("local-runner", "lib/adapters/sqlite"),
            ("tests", "xtask"),
            ("xtask", "local-runner"),
        ] {
            assert_eq!(broken(member(room, &[used])), [format!("{room}: must not depend on {used}")]);
        }
    }

    #[test]
    fn tests_get_a_little_more_and_not_everything() {
        assert_eq!(
            broken(tested("functions/auth", &["functions/jobs"])),
            ["functions/auth: must not depend on functions/jobs (in tests)"]
        );
        assert_eq!(broken(tested("lib/domain", &["lib/contract"])).len(), 1);
    }

    #[test]
    fn only_what_makes_a_function_s_ports_may_see_more() {
        assert_eq!(broken(member("functions/auth", &["lib/boot"])).len(), 1);
        let mut function = member("functions/auth", &["lib/boot"]);
        function.uses[0].optional = true;
        assert_eq!(broken(function), Vec::<String>::new());
    }

    #[test]
    fn a_room_without_a_row_is_found() {
        assert_eq!(broken(member("lib/new", &[])), ["lib/new: has no row in the table of rooms"]);
    }
}
