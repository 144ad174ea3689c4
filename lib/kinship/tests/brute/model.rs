//! Random families as plain lists, and the graph of the same.

use dzinza_kinship::{Builder, Facts, Graph, Line, Link, Place, Sex, SiblingKind, Union};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand::{Rng as _, SeedableRng as _};

/// Persons by number, which is also the place in the graph, and who is what to whom.
#[derive(Debug, Clone, Default)]
pub struct Model {
    pub facts: Vec<Facts>,
    /// (child, parent, line).
    pub parents: Vec<(usize, usize, Line)>,
    pub unions: Vec<(usize, usize, Union)>,
    pub siblings: Vec<(usize, usize, SiblingKind)>,
}

/// How a family is made.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub generations: usize,
    /// Persons of one generation: the fewer, the more of them marry their kin.
    pub width: usize,
    /// Of a hundred persons, how many have a tie that is not by birth.
    pub other_lines: u32,
    /// Whether unions and siblings are recorded.
    pub unions: bool,
}

const OTHERS: [Line; 5] = [Line::Adoptive, Line::Step, Line::Foster, Line::Guardian, Line::Other];
const UNIONS: [Union; 4] = [Union::Joined, Union::Ended, Union::Promised, Union::Other];
const KINDS: [SiblingKind; 3] = [SiblingKind::Full, SiblingKind::Half, SiblingKind::Foster];

/// A family without loops. Everyone by birth has at most a father (male or of unknown sex) and a mother (female).
pub fn random(seed: u64, shape: Shape) -> Model {
    let mut rng = StdRng::seed_from_u64(seed);
    let people = shape.generations * shape.width;
    // Places have nothing to do with generations.
    let mut places: Vec<usize> = (0..people).collect();
    places.shuffle(&mut rng);
    let mut model = Model { facts: vec![Facts::default(); people], ..Model::default() };
    for (at, place) in places.iter().enumerate() {
        let sex = match at % 2 {
            0 if rng.random_ratio(1, 8) => Sex::Unknown,
            0 => Sex::Male,
            _ => Sex::Female,
        };
        let birth = (at / shape.width * 9000) as i32 + rng.random_range(0..9000);
        let birth = rng.random_ratio(5, 6).then_some(birth);
        model.facts[*place] = Facts { sex, birth, ..Facts::default() };
    }
    for (at, place) in places.iter().enumerate().skip(shape.width) {
        let generation = at / shape.width;
        // Mostly children of the generation before, sometimes of the one before that.
        let back = if generation > 1 && rng.random_ratio(1, 6) { 2 } else { 1 };
        let elders = &places[(generation - back) * shape.width..(generation + 1 - back) * shape.width];
        let of = |rng: &mut StdRng, female: bool| {
            let fit: Vec<usize> = elders
                .iter()
                .copied()
                .filter(|elder| (model.facts[*elder].sex == Sex::Female) == female)
                .collect();
            fit.choose(rng).copied()
        };
        let (father, mother) = (of(&mut rng, false), of(&mut rng, true));
        let known = [father.filter(|_| rng.random_ratio(9, 10)), mother.filter(|_| rng.random_ratio(9, 10))];
        model.parents.extend(known.iter().flatten().map(|parent| (*place, *parent, Line::Birth)));
        if let ([Some(father), Some(mother)], true) = (known, shape.unions && rng.random_ratio(2, 3)) {
            model.unions.push((father, mother, *UNIONS.choose(&mut rng).unwrap()));
        }
        if rng.random_ratio(shape.other_lines, 100) {
            let elder = places[rng.random_range(0..generation * shape.width)];
            model.parents.push((*place, elder, *OTHERS.choose(&mut rng).unwrap()));
        }
        if shape.unions && rng.random_ratio(1, 20) {
            let other = places[rng.random_range(0..at)];
            model.siblings.push((*place, other, *KINDS.choose(&mut rng).unwrap()));
        }
    }
    model
}

impl Model {
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    pub fn graph(&self) -> Graph {
        let mut builder = Builder::new();
        for (number, facts) in self.facts.iter().enumerate() {
            builder.person(&format!("p{number}"), *facts);
        }
        let mut tie = |from: usize, link, to: usize| builder.tie(from as Place, link, to as Place, None);
        for (child, parent, line) in &self.parents {
            tie(*child, Link::Parent(*line), *parent);
        }
        for (one, two, union) in &self.unions {
            tie(*one, Link::Partner(*union), *two);
        }
        for (one, two, kind) in &self.siblings {
            tie(*two, Link::Sibling(*kind), *one);
        }
        builder.build()
    }
}
