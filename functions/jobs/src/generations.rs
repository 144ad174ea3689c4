//! How many generations a tree has.

use std::collections::HashMap;

use dzinza_domain::collections::{PEOPLE, RELATIONSHIPS};
use dzinza_domain::relationship::Kind;
use dzinza_domain::tree;
use dzinza_ports::{Document, Filter, Query};
use futures::TryStreamExt as _;
use serde_json::Value;

use crate::JobError;
use crate::hold::Held;

/// Documents a read.
const CHUNK: u32 = 1000;

/// Those of what the tree shows, in which the held import has no part: it is pending.
pub async fn of_the_rest(held: &mut Held<'_>, tree: &Document) -> Result<u32, JobError> {
    let pending = tree::pending_imports(&tree.body).into_iter().chain([held.id().to_owned()]).collect();
    without(held, tree, pending).await
}

/// Those of what the tree will show once the held import is complete.
pub async fn with_this(held: &mut Held<'_>, tree: &Document) -> Result<u32, JobError> {
    let pending = tree::pending_imports(&tree.body).into_iter().filter(|id| *id != held.id()).collect();
    without(held, tree, pending).await
}

async fn without(held: &mut Held<'_>, tree: &Document, pending: Vec<String>) -> Result<u32, JobError> {
    let hidden = Filter::NotIn("importId", pending.into_iter().map(Value::String).collect());
    let shown = Filter::eq("familyTreeId", tree.id.as_str()).and(hidden);
    if held.ports.documents.find(&PEOPLE, Query::new(shown.clone()).limit(1)).await?.is_empty() {
        return Ok(0);
    }
    let parental = [Kind::ParentChild, Kind::GuardianChild].map(Kind::as_str);
    let query = Query::new(shown.and(Filter::any_of("type", parental))).limit(CHUNK);
    let mut all = dzinza_ports::stream(held.ports.documents.clone(), &RELATIONSHIPS, query);
    let (mut numbers, mut edges) = (HashMap::<Box<str>, u32>::new(), Vec::new());
    while let Some(document) = all.try_next().await? {
        let mut place = |key: &str| {
            let id = document.body.get(key).and_then(Value::as_str).unwrap_or_default();
            let next = numbers.len() as u32;
            *numbers.entry(id.into()).or_insert(next)
        };
        edges.push((place("person1Id"), place("person2Id")));
        held.beat().await?;
    }
    Ok(longest(numbers.len(), edges).0 + 1)
}

/// How many steps the longest line of descent has, and who is in a loop or below one. Kahn's algorithm (1962):
/// whoever has no unvisited parent comes next.
pub fn longest(count: usize, mut edges: Vec<(u32, u32)>) -> (u32, Vec<u32>) {
    let mut waiting = vec![0_u32; count];
    edges.sort_unstable();
    for (_, child) in &edges {
        waiting[*child as usize] += 1;
    }
    let mut depth = vec![0_u32; count];
    let mut next: Vec<u32> = (0..count as u32).filter(|place| waiting[*place as usize] == 0).collect();
    let mut deepest = 0;
    while let Some(parent) = next.pop() {
        let start = edges.partition_point(|(from, _)| *from < parent);
        for (_, child) in edges[start..].iter().take_while(|(from, _)| *from == parent) {
            let child = *child as usize;
            depth[child] = depth[child].max(depth[parent as usize] + 1);
            deepest = deepest.max(depth[child]);
            waiting[child] -= 1;
            if waiting[child] == 0 {
                next.push(child as u32);
            }
        }
    }
    (deepest, (0..count as u32).filter(|place| waiting[*place as usize] > 0).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_line_counts_and_loops_are_left_out() {
        assert_eq!(longest(0, Vec::new()), (0, vec![]));
        assert_eq!(longest(4, vec![(0, 1), (1, 2), (0, 2), (2, 3)]), (3, vec![]));
        assert_eq!(longest(5, vec![(0, 1), (2, 3), (3, 2), (3, 4)]), (1, vec![2, 3, 4]));
    }
}
