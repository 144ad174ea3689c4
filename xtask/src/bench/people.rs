//! A made-up population as GEDCOM 5.5.1: connected generations in which everyone descends from a few couples. The
//! same size always gives the same file, so that figures of two days can be compared.

use std::fmt::Write as _;

const MALE: &str = "Tendai Farai Tawanda Simba Kudzai Takudzwa Garikai Sipho Mandla Themba Dumisani Njabulo Bongani \
    Zenzo John James Peter Samuel Daniel Isaac";
const FEMALE: &str = "Chipo Rudo Tsitsi Rutendo Nyaradzo Shamiso Tariro Nomsa Thandi Sibongile Lindiwe Zanele Nobuhle \
    Sithembile Mary Grace Ruth Esther Agnes Florence";
/// Put together, these make 432 surnames: enough that a page of one is not a page of all.
const STEMS: &str = "Moyo Ncube Ndlovu Sibanda Dube Nkomo Mhlanga Gumbo Hove Mutasa Makoni Chirwa Nyathi Tshuma \
    Masuku Chikwa Mapfumo Nyoni Gutu Zimuto Seke Svosve Smith Baker";
const ENDINGS: &str = "na ra ti wa ni dzi sa ka mba nga ri za la mu ya to si ko";
const TOTEMS: &str = "Shumba Moyo Soko Dziva Nzou Gumbo Hungwe Mbizi Ngwena Mhofu";
const PLACES: &str = "Harare Bulawayo Mutare Masvingo Gweru Chinhoyi Rusape Chipinge Gutu Chivi Nyanga Plumtree Hwange \
    Kadoma Murehwa Gwanda";
const WORK: &str = "Farmer Teacher Blacksmith Nurse Trader Weaver Miner Healer Driver";
const MONTHS: &str = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC";
/// From 10,000 people on there are so many generations or more.
const GENERATIONS: i32 = 13;
/// By how much a generation outnumbers the one before: 86 of 100 marry and have three children.
const GROWTH: f64 = 1.3;
/// So many at the least: fewer could die out.
const FOUNDERS: usize = 40;

pub struct Population {
    pub gedcom: String,
    /// Pointer, without the `@`, of someone of the last generation.
    pub deep: String,
    pub generations: u32,
}

struct Person {
    male: bool,
    given: &'static str,
    surname: [&'static str; 2],
    totem: &'static str,
    born: u64,
    /// The family as a child, and as a parent.
    from: Option<usize>,
    own: Option<usize>,
}

struct Family {
    father: usize,
    mother: usize,
    married: u64,
    children: Vec<usize>,
}

/// SplitMix64: a generator of our own, because a crate's may change its sequence.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % bound.max(1) as u64) as usize
    }

    fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    fn pick(&mut self, words: &'static str) -> &'static str {
        let number = self.below(words.split(' ').count());
        words.split(' ').nth(number).unwrap_or_default()
    }

    fn shuffle(&mut self, list: &mut [usize]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last + 1));
        }
    }

    /// A year said with more or less certainty.
    fn date(&mut self, year: u64) -> String {
        match self.below(20) {
            0 | 1 => format!("ABT {year}"),
            2 => format!("BEF {}", year + 1),
            3 => format!("BET {} AND {}", year - 2, year + 2),
            4 => format!("EST {year}"),
            5..8 => year.to_string(),
            8 => format!("{} {year}", self.pick(MONTHS)),
            _ => format!("{} {} {year}", self.below(28) + 1, self.pick(MONTHS)),
        }
    }
}

struct World {
    dice: Dice,
    size: usize,
    people: Vec<Person>,
    families: Vec<Family>,
}

/// Makes exactly so many people.
pub fn populate(size: usize) -> Population {
    let dice = Dice(20_261_123 + size as u64);
    let mut world = World { dice, size, people: Vec::with_capacity(size), families: Vec::new() };
    let founders = (size as f64 * (GROWTH - 1.0) / (GROWTH.powi(GENERATIONS) - 1.0)) as usize;
    world.found(founders.next_multiple_of(2).max(FOUNDERS));
    let (mut first, mut generations) = (0, 1);
    while world.people.len() < size {
        let next = world.people.len();
        world.marry_all(first, next);
        if world.people.len() == next {
            // Died out, which takes uncommon luck.
            world.found(FOUNDERS);
        }
        first = next;
        generations += 1;
    }
    Population { deep: format!("I{}", world.people.len()), gedcom: world.gedcom(), generations }
}

impl World {
    /// Adds people who come from nowhere.
    fn found(&mut self, count: usize) {
        for number in 0..count.min(self.size - self.people.len()) {
            let surname = [self.dice.pick(STEMS), self.dice.pick(ENDINGS)];
            let (totem, born) = (self.dice.pick(TOTEMS), 1660 + self.dice.below(20) as u64);
            self.person(number % 2 == 0, surname, totem, born, None);
        }
    }

    fn person(
        &mut self,
        male: bool,
        surname: [&'static str; 2],
        totem: &'static str,
        born: u64,
        from: Option<usize>,
    ) {
        let given = self.dice.pick(if male { MALE } else { FEMALE });
        self.people.push(Person { male, given, surname, totem, born, from, own: None });
    }

    /// Couples the people of one generation, and gives them children until there are enough people.
    fn marry_all(&mut self, first: usize, next: usize) {
        let (mut men, mut women): (Vec<usize>, Vec<usize>) =
            (first..next).partition(|one| self.people[*one].male);
        self.dice.shuffle(&mut men);
        self.dice.shuffle(&mut women);
        for (father, mother) in men.into_iter().zip(women) {
            let siblings =
                self.people[father].from.is_some_and(|from| self.people[mother].from == Some(from));
            // All founders marry, or they would stand alone.
            let single = first > 0 && !self.dice.percent(86);
            if !siblings && !single {
                self.marry(father, mother);
            }
        }
    }

    fn marry(&mut self, father: usize, mother: usize) {
        let family = self.families.len();
        let married = self.people[father].born.max(self.people[mother].born) + 17 + self.dice.below(6) as u64;
        let (surname, totem) = (self.people[father].surname, self.people[father].totem);
        let oldest = self.people.len();
        let boy_first = self.dice.below(2) as u64;
        for child in 0..=self.dice.below(5) as u64 {
            if self.people.len() < self.size {
                // Sons and daughters in turn: one without the other has nobody to marry.
                self.person(
                    (child + boy_first).is_multiple_of(2),
                    surname,
                    totem,
                    (married + 1 + 2 * child).min(2024),
                    Some(family),
                );
            }
        }
        let children = (oldest..self.people.len()).collect();
        self.people[father].own = Some(family);
        self.people[mother].own = Some(family);
        self.families.push(Family { father, mother, married, children });
    }

    /// Writing to a String cannot fail, so what `writeln!` says is not looked at.
    fn gedcom(&mut self) -> String {
        let mut out = String::with_capacity(self.size * 400);
        out.push_str(
            "0 HEAD\n1 SOUR DZINZA-BENCH\n1 SUBM @U1@\n1 GEDC\n2 VERS 5.5.1\n2 FORM LINEAGE-LINKED\n",
        );
        out.push_str("1 CHAR UTF-8\n0 @U1@ SUBM\n1 NAME Made up\n");
        let sources = (self.size / 250).max(3);
        let people = std::mem::take(&mut self.people);
        for (number, person) in people.iter().enumerate() {
            self.write_person(&mut out, number + 1, person, sources);
        }
        let families = std::mem::take(&mut self.families);
        for (number, family) in families.iter().enumerate() {
            let (father, mother) = (family.father + 1, family.mother + 1);
            let _ = writeln!(out, "0 @F{}@ FAM\n1 HUSB @I{father}@\n1 WIFE @I{mother}@", number + 1);
            for child in &family.children {
                let _ = writeln!(out, "1 CHIL @I{}@", child + 1);
            }
            let date = self.dice.date(family.married);
            let _ =
                writeln!(out, "1 MARR\n2 DATE {date}\n2 PLAC {} District, Zimbabwe", self.dice.pick(PLACES));
            self.cite(&mut out, sources, 20);
        }
        for number in 1..=sources {
            let place = self.dice.pick(PLACES);
            let _ = writeln!(
                out,
                "0 @S{number}@ SOUR\n1 TITL Register {number} of {place}\n1 AUTH Registrar {number}"
            );
        }
        out.push_str("0 TRLR\n");
        out
    }

    fn write_person(&mut self, out: &mut String, number: usize, person: &Person, sources: usize) {
        let surname = person.surname.concat();
        let (given, sex, dice) = (person.given, if person.male { 'M' } else { 'F' }, &mut self.dice);
        let _ =
            writeln!(out, "0 @I{number}@ INDI\n1 NAME {given} /{surname}/\n2 GIVN {given}\n2 SURN {surname}");
        let (date, place) = (dice.date(person.born), dice.pick(PLACES));
        let _ = writeln!(out, "1 SEX {sex}\n1 BIRT\n2 DATE {date}\n2 PLAC {place} District, Zimbabwe");
        self.cite(out, sources, 25);
        let died = person.born + 45 + self.dice.below(50) as u64;
        for (tag, year, chance) in [
            ("DEAT", died, 100),
            ("BURI", died, 50),
            ("BAPM", person.born + 1, 40),
            ("RESI", person.born + 30, 50),
        ] {
            if year < 2026 && self.dice.percent(chance) {
                let (date, place) = (self.dice.date(year), self.dice.pick(PLACES));
                let _ = writeln!(out, "1 {tag}\n2 DATE {date}\n2 PLAC {place} District, Zimbabwe");
                self.cite(out, sources, 10);
            }
        }
        let dice = &mut self.dice;
        if dice.percent(40) {
            let _ = writeln!(out, "1 OCCU {}\n2 DATE {}", dice.pick(WORK), dice.date(person.born + 25));
        }
        let _ = writeln!(out, "1 FACT {}\n2 TYPE Totem", person.totem);
        if dice.percent(10) {
            let told = "told by an elder of the family";
            let _ = writeln!(out, "1 NOTE Oral account of {given} {surname}, {told}\n2 CONT near {place}.");
        }
        for (tag, family) in [("FAMC", person.from), ("FAMS", person.own)] {
            if let Some(family) = family {
                let _ = writeln!(out, "1 {tag} @F{}@", family + 1);
            }
        }
    }

    fn cite(&mut self, out: &mut String, sources: usize, chance: usize) {
        let dice = &mut self.dice;
        if dice.percent(chance) {
            let (source, page, quality) = (dice.below(sources) + 1, dice.below(400) + 1, dice.below(4));
            let _ = writeln!(out, "2 SOUR @S{source}@\n3 PAGE p. {page}\n3 QUAY {quality}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_met_exactly_and_always_gives_the_same_file() {
        for size in [1, 117, 1_000, 10_000] {
            let made = populate(size);
            assert_eq!(made.gedcom.matches(" INDI\n").count(), size);
            assert_eq!(made.gedcom, populate(size).gedcom);
        }
    }

    #[test]
    fn populations_are_deep_and_a_person_is_about_380_bytes() {
        for size in [500, 1_000, 2_500] {
            let generations = populate(size).generations;
            assert!((6..=20).contains(&generations), "{size}: {generations}");
        }
        let made = populate(10_000);
        assert!(made.generations >= 12, "{}", made.generations);
        let each = made.gedcom.len() / 10_000;
        assert!((340..=420).contains(&each), "{each}");
        assert!(made.gedcom.contains(&format!("0 @{}@ INDI", made.deep)));
    }
}
