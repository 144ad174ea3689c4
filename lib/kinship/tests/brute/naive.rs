//! The same questions answered without any cleverness: by listing all chains of ancestors.

use std::collections::{BTreeMap, BTreeSet};

use dzinza_kinship::{Hop, Line, Lines, Link, Path, Place, Sex, Step};

use crate::model::Model;

/// All chains of persons up from one, each without anybody twice, the one of herself alone included.
pub fn chains(model: &Model, from: usize, lines: Lines) -> Vec<Vec<usize>> {
    let mut all = Vec::new();
    extend(model, lines, &mut vec![from], &mut all);
    all
}

fn extend(model: &Model, lines: Lines, chain: &mut Vec<usize>, all: &mut Vec<Vec<usize>>) {
    all.push(chain.clone());
    let last = chain[chain.len() - 1];
    for parent in parents(model, last, lines) {
        if !chain.contains(&parent) {
            chain.push(parent);
            extend(model, lines, chain, all);
            chain.pop();
        }
    }
}

fn parents(model: &Model, of: usize, lines: Lines) -> BTreeSet<usize> {
    let ties = model.parents.iter().filter(|(child, _, line)| *child == of && lines.contains(*line));
    ties.map(|(_, parent, _)| *parent).collect()
}

/// All pairs of chains that meet at their ends and nowhere before, as the persons on the way.
pub fn paths(model: &Model, one: usize, two: usize, lines: Lines) -> BTreeSet<Vec<usize>> {
    let (ups, downs) = (chains(model, one, lines), chains(model, two, lines));
    let mut found = BTreeSet::new();
    for up in &ups {
        for down in &downs {
            let (top, below) = up.split_last().unwrap();
            let (other, beneath) = down.split_last().unwrap();
            if top == other && !below.iter().any(|person| down.contains(person)) && !beneath.contains(top) {
                let mut path = up.clone();
                path.extend(beneath.iter().rev());
                found.insert(path);
            }
        }
    }
    found
}

/// How many pairs of chains end in the same person.
pub fn pairs_of_chains(model: &Model, one: usize, two: usize, lines: Lines) -> u64 {
    let (ups, downs) = (chains(model, one, lines), chains(model, two, lines));
    ups.iter().map(|up| downs.iter().filter(|down| down.last() == up.last()).count() as u64).sum()
}

/// Everyone above a person, herself included, and how near.
pub fn heights(model: &Model, of: usize, lines: Lines) -> BTreeMap<usize, usize> {
    let mut heights = BTreeMap::new();
    for chain in chains(model, of, lines) {
        let top = chain[chain.len() - 1];
        let height = heights.entry(top).or_insert(chain.len() - 1);
        *height = (*height).min(chain.len() - 1);
    }
    heights
}

/// The fewest steps up and down over any common ancestor.
pub fn degree(one: &BTreeMap<usize, usize>, two: &BTreeMap<usize, usize>) -> Option<usize> {
    one.iter().filter_map(|(top, up)| two.get(top).map(|down| up + down)).min()
}

/// The fewest steps over recorded siblings.
pub fn beside(model: &Model, one: usize, two: usize) -> Option<usize> {
    let (ups, downs) = (heights(model, one, Lines::ALL), heights(model, two, Lines::ALL));
    let both = |left: usize, right: usize| Some(ups.get(&left)? + downs.get(&right)? + 1);
    let ways = model.siblings.iter().flat_map(|(left, right, _)| [both(*left, *right), both(*right, *left)]);
    ways.flatten().min()
}

/// Malécot's definition: of two different persons, the mean of the parents of one who is no ancestor of the other.
pub fn kinship(model: &Model, one: usize, two: usize) -> f64 {
    if one == two {
        let of: Vec<usize> = couple(model, one).into_iter().flatten().collect();
        return if let [father, mother] = *of { 0.5 * (1.0 + kinship(model, father, mother)) } else { 0.5 };
    }
    let (younger, older) =
        if heights(model, two, Lines::BIRTH).contains_key(&one) { (two, one) } else { (one, two) };
    couple(model, younger).into_iter().flatten().map(|parent| 0.5 * kinship(model, parent, older)).sum()
}

fn couple(model: &Model, of: usize) -> [Option<usize>; 2] {
    let births = parents(model, of, Lines::of(Line::Birth));
    let is_female = |parent: &&usize| model.facts[**parent].sex == Sex::Female;
    [births.iter().find(|parent| !is_female(parent)).copied(), births.iter().find(is_female).copied()]
}

/// Who is connected: labels that spread until nothing changes.
pub fn labels(model: &Model) -> Vec<usize> {
    let mut labels: Vec<usize> = (0..model.len()).collect();
    loop {
        let before = labels.clone();
        for (one, two, _) in ties(model) {
            let least = labels[one].min(labels[two]);
            labels[one] = least;
            labels[two] = least;
        }
        if labels == before {
            return labels;
        }
    }
}

/// What the cheapest way over any ties costs, in half steps: Bellman and Ford's relaxation.
pub fn cheapest(model: &Model, from: usize) -> Vec<Option<usize>> {
    let mut costs = vec![None; model.len()];
    costs[from] = Some(0);
    for _ in 0..model.len() {
        for (one, two, cost) in ties(model) {
            for (near, far) in [(one, two), (two, one)] {
                if let Some(known) = costs[near]
                    && costs[far].is_none_or(|other| known + cost < other)
                {
                    costs[far] = Some(known + cost);
                }
            }
        }
    }
    costs
}

/// All the ways that cost as little as any.
pub fn cheapest_ways(model: &Model, one: usize, two: usize) -> BTreeSet<Path> {
    let parents = model.parents.iter().map(|(one, two, line)| (*one, *two, Link::Parent(*line)));
    let unions = model.unions.iter().map(|(one, two, union)| (*one, *two, Link::Partner(*union)));
    let siblings = model.siblings.iter().map(|(one, two, kind)| (*one, *two, Link::Sibling(*kind)));
    let ties: Vec<(usize, usize, Link)> = parents
        .chain(unions)
        .chain(siblings)
        .flat_map(|(one, two, link)| [(one, two, link), (two, one, link.inverse())])
        .collect();
    let left = cheapest(model, two);
    let mut found = BTreeSet::new();
    let mut open = vec![Path { from: one as Place, hops: Vec::new() }];
    while let Some(path) = open.pop() {
        let at = path.to() as usize;
        if at == two {
            found.insert(path);
            continue;
        }
        for (_, to, link) in ties.iter().filter(|(from, ..)| *from == at) {
            let cost = if matches!(link, Link::Parent(_) | Link::Child(_)) { 2 } else { 3 };
            if left[at].is_some() && left[at] == left[*to].map(|left| left + cost) {
                let mut path = path.clone();
                path.hops.push(Hop { step: Step::from(*link), to: *to as Place });
                open.push(path);
            }
        }
    }
    found
}

fn ties(model: &Model) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
    let parents = model.parents.iter().map(|(one, two, _)| (*one, *two, 2));
    let unions = model.unions.iter().map(|(one, two, _)| (*one, *two, 3));
    parents.chain(unions).chain(model.siblings.iter().map(|(one, two, _)| (*one, *two, 3)))
}
