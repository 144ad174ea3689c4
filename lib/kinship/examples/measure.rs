//! How long each question takes in a made-up tree of 100,000 people over 14 generations, with marriages among cousins
//! and some men of several wives:
//!
//! ```sh
//! cargo run --release -p dzinza-kinship --example measure [people]
//! ```
#![expect(clippy::print_stdout, reason = "it is there to print")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use dzinza_kinship::{
    Builder, Facts, Graph, Islands, Kind, Line, Lines, Link, PAGE_WORK, Paths, Place, Sex, Total, Union,
    ancestors, common_ancestors, descendants, inbreeding_of_everyone, kinship, problems, relation, relatives,
    to_the_end,
};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

const GENERATIONS: usize = 14;
/// How much larger each generation is than the one before.
const GROWTH: f64 = 1.5;

/// A generation: who was born into it, in the order of their parents.
type Generation = Vec<(Place, Sex)>;

fn main() {
    let people = std::env::args().nth(1).and_then(|people| people.parse().ok()).unwrap_or(100_000);
    let start = Instant::now();
    let (graph, youngest) = village(people);
    println!("{} people, {} bytes, made in {:?}", graph.len(), graph.bytes(), start.elapsed());

    let mut rng = StdRng::seed_from_u64(2);
    let random: Vec<(Place, Place)> = (0..2000)
        .map(|_| {
            let any = |rng: &mut StdRng| rng.random_range(0..graph.len()) as Place;
            (any(&mut rng), any(&mut rng))
        })
        .collect();
    ask_of_pairs(&graph, &random);
    ask_of_cousins(&graph, &deep_cousins(&graph, &youngest, &mut rng));
    ask_of_the_rest(&graph, &youngest);
}

fn ask_of_pairs(graph: &Graph, random: &[(Place, Place)]) {
    let pair = |(one, two): &(Place, Place)| (*one, *two);
    let kinds = random.iter().filter_map(|(one, two)| relation(graph, *one, *two));
    let blood = kinds.filter(|found| found.kind == Kind::Blood).count();
    println!("of {} random pairs {blood} are kin by blood", random.len());
    each("nearest relation, random pairs", random.iter().map(pair), |(one, two)| relation(graph, one, two));
    let others: Vec<(Place, Place)> = random
        .iter()
        .filter(|(one, two)| relation(graph, *one, *two).is_none_or(|found| found.kind != Kind::Blood))
        .copied()
        .collect();
    each("those of them who are not kin by blood", others.iter().map(pair), |(one, two)| {
        relation(graph, one, two)
    });
    each("common ancestors, random pairs", random.iter().map(pair), |(one, two)| {
        common_ancestors(graph, one, two, Lines::ALL)
    });
    each("coefficient of kinship, random pairs", random.iter().take(200).map(pair), |(one, two)| {
        kinship(graph, one, two, &mut to_the_end)
    });
}

fn ask_of_cousins(graph: &Graph, deep: &[(Place, Place)]) {
    let pair = |(one, two): &(Place, Place)| (*one, *two);
    each("all paths of deep cousins, first page of 50", deep.iter().map(pair), |(one, two)| {
        Paths::new(graph, one, two, Lines::ALL).page(None, 50, PAGE_WORK)
    });
    each("number of all paths of deep cousins", deep.iter().map(pair), |(one, two)| {
        Paths::new(graph, one, two, Lines::ALL).total(PAGE_WORK)
    });
    let exact = deep.iter().filter(|(one, two)| {
        matches!(Paths::new(graph, *one, *two, Lines::ALL).total(PAGE_WORK), Total::Exactly(_))
    });
    println!("of {} numbers {} are exact", deep.len(), exact.count());
    let cut = deep
        .iter()
        .filter(|(one, two)| Paths::new(graph, *one, *two, Lines::ALL).page(None, 50, PAGE_WORK).cut);
    println!("of {} first pages {} were cut", deep.len(), cut.count());
}

fn ask_of_the_rest(graph: &Graph, youngest: &Generation) {
    let young: Vec<Place> = youngest.iter().map(|(place, _)| *place).take(500).collect();
    for generations in [5, 10] {
        each(&format!("ancestors, {generations} generations"), young.iter().copied(), |of| {
            ancestors(graph, of, Lines::ALL).within(generations).count()
        });
    }
    each("relatives within 6 degrees", young.iter().copied(), |of| {
        relatives(graph, of, 6, Lines::ALL).with_partners().count()
    });
    for (number, time) in most_descendants(graph) {
        println!("{number} descendants: {time:?}");
    }
    once("inbreeding of everyone", || {
        let all = inbreeding_of_everyone(graph, &mut to_the_end);
        let ranking = all.map(|all| all.ranking()).unwrap_or_default();
        println!("{} are inbred, at most {:?}", ranking.len(), ranking.first().map(|(_, most)| most));
    });
    once("islands", || println!("{} islands", Islands::of(graph).len()));
    once("all problems", || println!("{} problems", problems(graph).count()));
}

fn once(name: &str, question: impl FnOnce()) {
    let start = Instant::now();
    question();
    println!("{name}: {:?}", start.elapsed());
}

fn each<Q, A>(name: &str, questions: impl Iterator<Item = Q>, answer: impl Fn(Q) -> A) {
    let mut times: Vec<Duration> = questions
        .map(|question| {
            let start = Instant::now();
            black_box(answer(question));
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    let at = |share: usize| times.get(last * share / 100).copied().unwrap_or_default();
    println!("{name}: p50 {:?}, p95 {:?}, most {:?}", at(50), at(95), at(100));
}

/// Pairs of the last generation whose nearest common ancestors are as far up as there are any among many pairs.
fn deep_cousins(graph: &Graph, youngest: &Generation, rng: &mut StdRng) -> Vec<(Place, Place)> {
    let mut pairs: Vec<(u32, Place, Place)> = (0..3000)
        .filter_map(|_| {
            let any = |rng: &mut StdRng| youngest[rng.random_range(0..youngest.len())].0;
            let (one, two) = (any(rng), any(rng));
            let found = relation(graph, one, two).filter(|found| found.kind == Kind::Blood)?;
            Some((found.up.min(found.down), one, two))
        })
        .collect();
    pairs.sort_unstable_by(|one, two| two.cmp(one));
    if let (Some(deepest), Some(last)) = (pairs.first(), pairs.get(199)) {
        println!("the deepest cousins: {} to {} generations up", last.0, deepest.0);
    }
    pairs.into_iter().take(200).map(|(_, one, two)| (one, two)).collect()
}

/// Of those who have the most, with the time that it takes to walk over them.
fn most_descendants(graph: &Graph) -> Vec<(usize, Duration)> {
    let mut walks: Vec<(usize, Duration)> = (0..300)
        .map(|founder| {
            let start = Instant::now();
            (black_box(descendants(graph, founder, Lines::ALL).count()), start.elapsed())
        })
        .collect();
    walks.sort_unstable_by(|one, two| two.cmp(one));
    walks.truncate(3);
    walks
}

fn village(people: usize) -> (Graph, Generation) {
    let mut rng = StdRng::seed_from_u64(1);
    let mut builder = Builder::new();
    // What the strangers leave of so many.
    let mut size = 0.94 * people as f64 * (GROWTH - 1.0) / (GROWTH.powi(GENERATIONS as i32) - 1.0);
    let (mut count, mut strangers) = (0, 0);
    let mut person = |builder: &mut Builder, generation: usize, rng: &mut StdRng| {
        let sex = if rng.random_ratio(1, 2) { Sex::Male } else { Sex::Female };
        let birth = Some((generation * 27 + rng.random_range(0..15)) as i32 * 365);
        count += 1;
        (builder.person(&format!("person-{count}"), Facts { sex, birth, ..Facts::default() }), sex)
    };
    let mut generation: Generation = (0..size as usize).map(|_| person(&mut builder, 0, &mut rng)).collect();
    for number in 1..GENERATIONS {
        size *= GROWTH;
        let couples = marry(&mut builder, &generation, &mut strangers, &mut rng);
        let mut next: Generation = Vec::new();
        let most = (2.0 * size / couples.len() as f64).round() as usize;
        for (father, mother) in couples {
            for _ in 0..rng.random_range(0..=most) {
                let child = person(&mut builder, number, &mut rng);
                builder.tie(child.0, Link::Parent(Line::Birth), father, None);
                builder.tie(child.0, Link::Parent(Line::Birth), mother, None);
                next.push(child);
            }
        }
        generation = next;
    }
    (builder.build(), generation)
}

/// Someone who comes from outside to marry.
fn stranger(builder: &mut Builder, count: &mut usize) -> Place {
    *count += 1;
    builder.person(&format!("stranger-{count}"), Facts { sex: Sex::Female, ..Facts::default() })
}

/// Couples of a generation. Six of a hundred husbands have two to four wives, one wife of six comes from outside. About half of the marriages are among
/// those who were born near one another, many of them cousins.
fn marry(
    builder: &mut Builder,
    generation: &Generation,
    strangers: &mut usize,
    rng: &mut StdRng,
) -> Vec<(Place, Place)> {
    let of = |wanted| {
        let all = generation.iter().filter(move |(_, sex)| *sex == wanted);
        all.map(|(place, _)| *place).collect::<Vec<_>>()
    };
    let (husbands, mut wives) = (of(Sex::Male), of(Sex::Female));
    // Sisters and brothers were born next to one another, and cousins next to them.
    let women = wives.len();
    wives.rotate_left(6.min(women));
    for at in 0..women {
        if rng.random_ratio(1, 3) {
            wives.swap(at, rng.random_range(0..women));
        }
    }
    let mut wives = wives.into_iter();
    let mut couples = Vec::new();
    for husband in husbands {
        let several = rng.random_ratio(6, 100);
        for house in 0..if several { rng.random_range(2..=4) } else { 1 } {
            let incomer = rng.random_ratio(1, 6);
            let wife = if incomer { Some(stranger(builder, strangers)) } else { wives.next() };
            let Some(wife) = wife else { break };
            builder.tie(husband, Link::Partner(Union::Joined), wife, Some(house));
            couples.push((husband, wife));
        }
    }
    couples
}
