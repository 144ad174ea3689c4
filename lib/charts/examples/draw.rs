//! Draws every kind of chart, of invented families, into a folder:
//! `cargo run -p dzinza-charts --features pdf --example draw -- FOLDER`

use std::error::Error;
use std::path::{Path, PathBuf};

use dzinza_charts::{Drawing, Fonts, Gender, Label, Pages, Paper, Theme, Words, pdf, svg};
use dzinza_kinship::chart::{Direction, Kind, Options, chart};
use dzinza_kinship::{Builder, Facts, Graph, Line, Link, Place, Sex, Union};

#[derive(Default)]
struct Family {
    builder: Builder,
    labels: Vec<Label>,
}

impl Family {
    fn person(&mut self, name: &str, sex: Sex, clan: &str, lines: &[&str]) -> Place {
        let index = self.labels.len();
        let gender = match sex {
            Sex::Male => Gender::Male,
            Sex::Female => Gender::Female,
            Sex::Unknown => Gender::Other,
        };
        self.labels.push(Label {
            name: name.to_owned(),
            clan: (!clan.is_empty()).then(|| clan.to_owned()),
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            gender,
            redacted: name == "Living",
        });
        self.builder.person(&index.to_string(), Facts { sex, birth: Some(index as i32), ..Facts::default() })
    }

    fn parent(&mut self, child: Place, parent: Place, line: Line) {
        self.builder.tie(child, Link::Parent(line), parent, None);
    }

    fn born(&mut self, child: Place, parents: &[Place]) -> Place {
        for parent in parents {
            self.parent(child, *parent, Line::Birth);
        }
        child
    }

    fn union(&mut self, one: Place, other: Place, union: Union) {
        let since = self.labels.len() as i32;
        self.builder.tie(one, Link::Partner(union), other, Some(since));
    }

    fn done(self) -> (Graph, Vec<Label>) {
        (self.builder.build(), self.labels)
    }
}

/// A man with three wives, four generations below him; the last ones are living.
fn shona() -> (Graph, Vec<Label>) {
    let mut family = Family::default();
    let totem = "Moyo Chirandu";
    let head = family.person(
        "Chiwara Nyamukapa Mutasa",
        Sex::Male,
        totem,
        &["c. 1868 – 1941", "Mutare; Headman of Nyamukapa"],
    );
    let wives = [
        ("VaHera Tsitsi Marange", "Shava Mhofu", "c. 1875 – 1938"),
        ("Nehoreka Rudo Chikwaka", "Soko Mukanya", "1881 – 1960"),
        ("Mai Chipo Gutu", "Gumbo Madyirapazhe", "1890 – 1972"),
    ];
    let wives = wives.map(|(name, clan, dates)| {
        let wife = family.person(name, Sex::Female, clan, &[dates]);
        family.union(head, wife, Union::Joined);
        wife
    });
    let names = [
        &["Tendai", "Farai", "Nyasha"][..],
        &["Kudzai", "Rumbidzai"][..],
        &["Tapiwa", "Simbarashe Takudzwa", "Vimbai"][..],
    ];
    let mut sons = Vec::new();
    for (house, (wife, names)) in wives.iter().zip(names).enumerate() {
        for (index, name) in names.iter().enumerate() {
            let sex = if index % 2 == 0 { Sex::Male } else { Sex::Female };
            let year = 1893 + 7 * house + 3 * index;
            let dates = format!("{year} – {}", year + 61);
            let child = family.person(&format!("{name} Mutasa"), sex, totem, &[&dates, "Nyanga"]);
            family.born(child, &[head, *wife]);
            if sex == Sex::Male {
                sons.push((child, year));
            }
        }
    }
    shona_young(&mut family, &sons, totem);
    let alone = family.person("Munashe Mutasa", Sex::Male, totem, &["1921 – 1922"]);
    family.born(alone, &[sons[0].0]);
    family.done()
}

/// The grandchildren and great-grandchildren.
fn shona_young(family: &mut Family, sons: &[(Place, usize)], totem: &str) {
    let third = ["Blessing", "Tafadzwa", "Rutendo", "Memory"];
    let mut grandsons = Vec::new();
    for (index, (son, year)) in sons.iter().enumerate() {
        let wife = family.person(&format!("{} Ncube", third[index % 4]), Sex::Female, "Ncube", &["1905 – ?"]);
        family.union(*son, wife, if index == 2 { Union::Ended } else { Union::Joined });
        for number in 0..2 {
            let dates = format!("{} – {}", year + 27 + number * 4, year + 95);
            let sex = if number == 0 { Sex::Male } else { Sex::Female };
            let name = format!("{} Mutasa", third[(index + number + 1) % 4]);
            let child = family.person(&name, sex, totem, &[&dates, "Harare"]);
            family.born(child, &[*son, wife]);
            if number == 0 {
                grandsons.push(child);
            }
        }
    }
    for (index, grandson) in grandsons.iter().enumerate().take(4) {
        let wife = family.person("Thandiwe Dube", Sex::Female, "Dube", &["b. 1931"]);
        let union = [Union::Joined, Union::Promised, Union::Joined, Union::Other][index];
        family.union(*grandson, wife, union);
        for number in 0..=index % 2 {
            let child = family.person("Living", Sex::Unknown, "", &[]);
            let line = if number == 1 { Line::Adoptive } else { Line::Birth };
            family.parent(child, *grandson, line);
            family.parent(child, wife, line);
        }
    }
}

/// Ancestors whose lines meet again, with an adoption and a stepfather.
fn collapse() -> (Graph, Vec<Label>) {
    let mut family = Family::default();
    let root = family.person("Ropafadzo Anesu Mutasa", Sex::Female, "Moyo Chirandu", &["b. 1988 Bulawayo"]);
    let mut row = vec![root];
    let fathers = ["Tongai", "Josiah", "Enoch", "Garikai", "Shingirai", "Munyaradzi"];
    let mothers = ["Sibongile", "Nomvula", "Chenai", "Ruvimbo", "Maidei", "Netsai"];
    for generation in 0..5usize {
        let mut next = Vec::new();
        for (index, child) in row.iter().enumerate() {
            if generation == 2 && index == 3 {
                continue;
            }
            if generation > 1 && (index * 7 + generation) % 5 == 0 {
                continue;
            }
            let year = 1988 - 28 * (generation as i32 + 1);
            let years = format!("{year} – {}", year + 70);
            let mix = index + generation;
            let father = format!("{} {}", fathers[mix % 6], ["Mutasa", "Ndlovu", "Sibanda"][index % 3]);
            let mother = format!("{} {}", mothers[(mix + 1) % 6], ["Khumalo", "Chikomo", "Moyo"][index % 3]);
            let father = family.person(&father, Sex::Male, "", &[&years, "Gwanda"]);
            let mother = family.person(&mother, Sex::Female, "", &[&years]);
            let line = if generation == 2 && index == 1 { Line::Adoptive } else { Line::Birth };
            family.parent(*child, father, line);
            family.parent(*child, mother, line);
            let union = if generation == 1 && index == 1 { Union::Ended } else { Union::Joined };
            if (index + generation) % 4 != 3 {
                family.union(father, mother, union);
            }
            next.extend([father, mother]);
        }
        row = next;
    }
    let step = family.person("Baba Alfred Phiri", Sex::Male, "", &["1950 – 2019"]);
    family.parent(root, step, Line::Step);
    // The parents of the father's father are those of the mother's mother, too, instead of her own.
    let again = [7u8, 8].map(Place::from);
    family.born(Place::from(6u8), &again);
    family.done()
}

/// Names in several scripts, and some that are long.
fn scripts() -> (Graph, Vec<Label>) {
    let mut family = Family::default();
    let root = family.person("محمد بن عبد الله المنصوري", Sex::Male, "", &["١٩٠١ – ١٩٧٠", "زنجبار"]);
    let wife = family.person("ወይዘሮ አስቴር ተስፋዬ", Sex::Female, "", &["1910 – 1999", "አዲስ አበባ"]);
    family.union(root, wife, Union::Joined);
    let names = [
        ("王小明", Sex::Male, "北京"),
        (
            "Nkosazana Thandolwenkosi Ntombizodwa Sibusisiwe Nokuthula Mkhwanazi-Ndlangamandla",
            Sex::Female,
            "eMgungundlovu",
        ),
        ("Ọláńrewájú Adébáyọ̀ Ògúnbìyí", Sex::Male, "Ìbàdàn"),
        ("Żółć Łukasz & <Söhne> \"Größe\"", Sex::Unknown, "O'Brien's"),
        ("Александра Константинопольская", Sex::Female, "Санкт-Петербург"),
        ("שרה כהן", Sex::Female, "ירושלים"),
        ("अमृता शर्मा", Sex::Female, "दिल्ली"),
        ("ߒߞߏ ߞߊ߲ߕߍ", Sex::Male, "ߞߊ߲ߞߊ߲"),
        ("Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch", Sex::Male, ""),
    ];
    for (name, sex, place) in names {
        let child = family.person(name, sex, "", &["* 1930, † 2001", place]);
        family.born(child, &[root, wife]);
    }
    family.done()
}

/// Everyone has children, as a simple generator has it.
fn large(generations: u32, children: u32) -> (Graph, Vec<Label>) {
    let mut family = Family::default();
    let first = ["Tatenda", "Rudo", "Tinashe", "Chiedza", "Kuda", "Nyaradzo", "Tawanda", "Shamiso"];
    let mut number = 7u32;
    let mut row = vec![family.person("Nhamo Chigumbu", Sex::Male, "Shumba Murambwi", &["1840 – 1900"])];
    for generation in 0..generations {
        let mut next = Vec::new();
        for parent in row {
            number = number.wrapping_mul(1_103_515_245).wrapping_add(12345);
            let houses = 1 + (number >> 16) % 7 / 5;
            for _ in 0..houses {
                let name = format!("{} Sithole", first[(number >> 20) as usize % 8]);
                let wife = family.person(&name, Sex::Female, "Sithole", &["19.. – 19.."]);
                family.union(parent, wife, Union::Joined);
                for _ in 0..(number >> 18) % (children + 1) {
                    number = number.wrapping_mul(1_103_515_245).wrapping_add(12345);
                    let sex = if number & 0x10_0000 == 0 { Sex::Male } else { Sex::Female };
                    let name = format!("{} Chigumbu", first[(number >> 17) as usize % 8]);
                    let year = 1865 + 25 * generation;
                    let child = family.person(&name, sex, "Shumba", &[&format!("{year} – {}", year + 66)]);
                    family.born(child, &[parent, wife]);
                    next.push(child);
                }
            }
        }
        row = next;
    }
    family.done()
}

/// All ancestors of seven generations, but for some.
fn ancestors() -> (Graph, Vec<Label>) {
    let mut family = Family::default();
    let first = ["Tatenda", "Rudo", "Tinashe", "Chiedza", "Kudakwashe", "Nyaradzo", "Tawanda", "Shamiso"];
    let last = ["Mutasa", "Chikwanha", "Moyo", "Ndlovu-Khumalo", "Sibanda"];
    let mut row = vec![family.person("Anesu Mutasa", Sex::Female, "Moyo", &["b. 1990", "Harare"])];
    let mut number = 3usize;
    for generation in 1..9 {
        let mut next = Vec::new();
        for child in row {
            for (sex, shift) in [(Sex::Male, 0), (Sex::Female, 1)] {
                number = (number * 1_103_515_245 + 12345) % 2_147_483_648;
                if generation > 3 && (number >> 16).is_multiple_of(5) {
                    continue;
                }
                let name = format!("{} {}", first[(number >> 12) % 4 * 2 + shift], last[(number >> 9) % 5]);
                let year = 1990 - generation * 27;
                let parent = family.person(&name, sex, "", &[&format!("{year} – {}", year + 61), "Masvingo"]);
                family.born(child, &[parent]);
                next.push(parent);
            }
        }
        row = next;
    }
    family.done()
}

fn draw(
    folder: &Path,
    name: &str,
    family: &(Graph, Vec<Label>),
    options: Options,
    title: &str,
) -> Result<(), Box<dyn Error>> {
    let layout = chart(&family.0, 0, options);
    let labels: Vec<Label> = layout.cards.iter().map(|card| family.1[card.place as usize].clone()).collect();
    let words = Words::default();
    let subtitle = format!("{} persons", layout.cards.len());
    let drawing = Drawing { layout: &layout, labels: &labels, title, subtitle: &subtitle, words: &words };
    for (theme, suffix) in [(Theme::Light, "light"), (Theme::Dark, "dark"), (Theme::Auto, "auto")] {
        std::fs::write(folder.join(format!("{name}-{suffix}.svg")), svg(&drawing, theme))?;
    }
    print(folder, name, &drawing)
}

fn print(folder: &Path, name: &str, drawing: &Drawing<'_>) -> Result<(), Box<dyn Error>> {
    static FONTS: std::sync::OnceLock<Fonts> = std::sync::OnceLock::new();
    let fonts = FONTS.get_or_init(Fonts::system);
    for (paper, suffix) in [(Paper::A4, "a4"), (Paper::A3, "a3")] {
        let pages = Pages { paper, ..Pages::default() };
        std::fs::write(folder.join(format!("{name}-{suffix}.pdf")), pdf(drawing, pages, fonts)?)?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("a folder, please")?);
    std::fs::create_dir_all(&folder)?;
    let (shona, collapse, scripts, ancestors) = (shona(), collapse(), scripts(), ancestors());
    let across = |kind| Options { direction: Direction::LeftRight, ..Options::new(kind) };
    let down = |kind| Options { direction: Direction::TopDown, ..Options::new(kind) };
    let title = "Descendants of Chiwara Nyamukapa Mutasa";
    draw(&folder, "shona-down", &shona, down(Kind::Descendants), title)?;
    draw(&folder, "shona-across", &shona, across(Kind::Descendants), title)?;
    let title = "Ancestors of Ropafadzo Mutasa";
    draw(&folder, "pedigree-across", &collapse, across(Kind::Pedigree), title)?;
    draw(&folder, "pedigree-down", &collapse, Options { generations: 3, ..down(Kind::Pedigree) }, title)?;
    draw(&folder, "fan-collapse", &collapse, Options::new(Kind::Fan), title)?;
    draw(&folder, "hourglass", &hourglass(), down(Kind::Hourglass), "The family of Tendai Mutasa")?;
    draw(&folder, "hourglass-across", &hourglass(), across(Kind::Hourglass), "The family of Tendai Mutasa")?;
    draw(&folder, "scripts", &scripts, across(Kind::Descendants), "Names in many scripts · أسماء")?;
    let title = "Ancestors of Anesu Mutasa";
    draw(&folder, "fan-four", &ancestors, Options::new(Kind::Fan), title)?;
    draw(&folder, "fan-seven", &ancestors, Options { generations: 7, ..Options::new(Kind::Fan) }, title)?;
    draw(
        &folder,
        "fan-half",
        &ancestors,
        Options { generations: 5, span: 180, ..Options::new(Kind::Fan) },
        title,
    )?;
    let full = Options { generations: 8, span: 360, ..Options::new(Kind::Fan) };
    draw(&folder, "fan-eight", &ancestors, full, title)?;
    let many = Options { generations: 6, limit: 400, ..down(Kind::Descendants) };
    draw(&folder, "large", &large(6, 4), many, "Descendants of Nhamo Chigumbu")?;
    Ok(())
}

/// Someone in the middle, with three generations on both sides.
fn hourglass() -> (Graph, Vec<Label>) {
    let mut family = Family::default();
    let root = family.person("Tendai Mutasa", Sex::Male, "Moyo Chirandu", &["1921 – 1990", "Mutare"]);
    let mut row = vec![root];
    for generation in 0..3 {
        let mut next = Vec::new();
        for child in row {
            let father = family.person("Farai Mutasa", Sex::Male, "Moyo", &["1880 – 1950"]);
            let mother = family.person("Rudo Marange", Sex::Female, "Shava", &["1885 – 1960"]);
            family.born(child, &[father, mother]);
            family.union(father, mother, Union::Joined);
            next.extend([father, mother]);
        }
        row = if generation == 1 { next.into_iter().skip(1).collect() } else { next };
    }
    let one = family.person("Maria Dube", Sex::Female, "Dube", &["1925 – 1960"]);
    let two = family.person("Ruth Gumbo", Sex::Female, "Gumbo", &["1930 – 2001"]);
    family.union(root, one, Union::Ended);
    family.union(root, two, Union::Joined);
    for index in 0..5 {
        let child = family.person("Chipo Mutasa", Sex::Female, "Moyo", &["1950 – 2010"]);
        family.born(child, &[root, if index < 2 { one } else { two }]);
        if index % 2 == 0 {
            let spouse = family.person("John Banda", Sex::Male, "", &["b. 1948"]);
            family.union(child, spouse, Union::Joined);
            for line in [Line::Birth, Line::Foster, Line::Birth] {
                let last = family.person("Living", Sex::Unknown, "", &[]);
                family.parent(last, child, line);
                family.parent(last, spouse, line);
            }
        }
    }
    family.done()
}
