//! Who is in: a branch of the tree, and what becomes of the living.

use std::collections::HashMap;

use super::options::{Branch, BranchWay, Living};
use super::{Export, Fate};

/// The root of a branch is nobody in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the root of the branch is not a person of this tree")]
pub struct UnknownRoot;

/// Who belongs to whom: lists by number.
#[derive(Default)]
struct Kin {
    parents: HashMap<u32, Vec<u32>>,
    children: HashMap<u32, Vec<u32>>,
    partners: HashMap<u32, Vec<u32>>,
}

impl Export {
    /// Between [`Export::sort`] and the first record: decides who is in. Relationships of those who are not are
    /// forgotten.
    ///
    /// # Errors
    /// [`UnknownRoot`] if there is no such person.
    pub fn select(&mut self) -> Result<(), UnknownRoot> {
        if !self.options.select() {
            return Ok(());
        }
        if let Some(branch) = self.options.branch.clone() {
            let root = *self.numbers.get(&branch.root).ok_or(UnknownRoot)?;
            let inside = self.kin().branch(root, &branch, self.people.len());
            for (slot, inside) in self.people.iter_mut().zip(inside) {
                slot.fate = if inside { Fate::Kept } else { Fate::Out };
            }
        }
        for slot in self.people.iter_mut().filter(|slot| slot.living && slot.fate == Fate::Kept) {
            slot.fate = match self.options.living {
                Living::Show => Fate::Kept,
                Living::Reduce => Fate::Hidden,
                Living::Omit => Fate::Out,
            };
        }
        let people = &self.people;
        let is_in = |number: u32| people.get(number as usize).is_some_and(|slot| slot.fate != Fate::Out);
        let is_open = |number: u32| people.get(number as usize).is_some_and(|slot| slot.fate == Fate::Kept);
        self.edges.retain(|edge| is_in(edge.key.1) && is_in(edge.key.2));
        self.links.retain(|number, links| {
            links.others.retain(|(other, ..)| is_open(*number) && is_open(*other));
            !links.others.is_empty()
        });
        self.aim_at_people();
        Ok(())
    }

    pub(super) fn fate(&self, number: u32) -> Fate {
        self.people.get(number as usize).map_or(Fate::Out, |slot| slot.fate)
    }

    fn kin(&self) -> Kin {
        let mut kin = Kin::default();
        for edge in &self.edges {
            let (parental, one, two) = edge.key;
            if parental {
                kin.parents.entry(two).or_default().push(one);
                kin.children.entry(one).or_default().push(two);
            } else {
                kin.partners.entry(one).or_default().push(two);
                kin.partners.entry(two).or_default().push(one);
            }
        }
        kin
    }
}

impl Kin {
    /// Who of so many is in the branch.
    fn branch(&self, root: u32, branch: &Branch, people: usize) -> Vec<bool> {
        let mut inside = vec![false; people];
        let mut enter = |number: u32| {
            if let Some(place) = inside.get_mut(number as usize) {
                *place = true;
            }
        };
        if branch.way != BranchWay::Descendants {
            walk(&self.parents, root, branch.generations).into_iter().for_each(&mut enter);
        }
        if branch.way != BranchWay::Ancestors {
            for number in walk(&self.children, root, branch.generations) {
                enter(number);
                let other_parents = self.parents.get(&number).filter(|_| number != root);
                let beside = self.partners.get(&number).into_iter().chain(other_parents);
                beside.flatten().copied().for_each(&mut enter);
            }
        }
        inside
    }
}

/// The root and everyone within so many steps of it, each once: also where the lines meet, or run in a circle.
fn walk(steps: &HashMap<u32, Vec<u32>>, root: u32, generations: Option<u32>) -> Vec<u32> {
    let mut seen = std::collections::HashSet::from([root]);
    let (mut found, mut begin, mut generation) = (vec![root], 0, 0);
    while begin < found.len() && generations.is_none_or(|limit| generation < limit) {
        let end = found.len();
        for place in begin..end {
            let next = steps.get(&found[place]).into_iter().flatten();
            let new: Vec<u32> = next.copied().filter(|number| seen.insert(*number)).collect();
            found.extend(new);
        }
        (begin, generation) = (end, generation + 1);
    }
    found
}
