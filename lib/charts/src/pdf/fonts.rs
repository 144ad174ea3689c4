//! Which font has a character.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use fontdb::{Database, FaceInfo, Stretch, Style, Weight};
use krilla::text::Font;
use rustybuzz::ttf_parser;

/// More fonts of one machine are not looked at.
const MOST: usize = 600;
/// More characters are not remembered.
const REMEMBERED: usize = 20_000;

/// A font that text can be set in.
pub(super) struct Face {
    data: Arc<dyn AsRef<[u8]> + Send + Sync>,
    index: u32,
    pub font: Font,
}

impl Face {
    fn new(data: Arc<dyn AsRef<[u8]> + Send + Sync>, index: u32) -> Option<Self> {
        let font = Font::new(data.clone().into(), index)?;
        Some(Self { data, index, font })
    }

    /// For shaping.
    pub fn shaper(&self) -> Option<rustybuzz::Face<'_>> {
        rustybuzz::Face::from_slice((*self.data).as_ref(), self.index)
    }
}

/// One font, and which characters it has.
struct Choice {
    bold: bool,
    /// From and to, in order.
    ranges: Vec<(u32, u32)>,
    source: Source,
    face: OnceLock<Option<Face>>,
}

enum Source {
    Bundled(&'static [u8]),
    System(fontdb::ID),
}

impl Choice {
    fn has(&self, c: char) -> bool {
        let c = u32::from(c);
        let after = self.ranges.partition_point(|(from, _)| *from <= c);
        after.checked_sub(1).and_then(|index| self.ranges.get(index)).is_some_and(|(_, to)| c <= *to)
    }
}

/// The fonts that charts are printed with. Costly to make with the fonts of the machine: keep it.
///
/// Noto Sans and DejaVu Sans are part of the program: Latin, Greek, Cyrillic, Armenian, Hebrew, Arabic, N'Ko,
/// Tifinagh, Georgian, Lao and more. Other scripts, such as Ethiopic and Han, come from the fonts of the machine.
/// What no font has is printed as an empty box; it is never an error.
pub struct Fonts {
    choices: Vec<Choice>,
    database: Database,
    known: Mutex<HashMap<(char, bool), usize>>,
}

impl std::fmt::Debug for Fonts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fonts({})", self.choices.len())
    }
}

impl Fonts {
    /// Only the fonts in the program: the same bytes on every machine.
    pub fn bundled() -> Self {
        let bundled = [
            (notosans::REGULAR_TTF, false),
            (notosans::BOLD_TTF, true),
            (dejavu::sans::regular(), false),
            (dejavu::sans::bold(), true),
        ];
        let choices = bundled.map(|(data, bold)| Choice {
            bold,
            ranges: ranges(data, 0),
            source: Source::Bundled(data),
            face: OnceLock::new(),
        });
        Self { choices: choices.into(), database: Database::new(), known: Mutex::default() }
    }

    /// Those, and for what they lack the fonts of this machine. Reads all of them once, which may take a second.
    pub fn system() -> Self {
        let mut database = Database::new();
        database.load_system_fonts();
        Self::with(database)
    }

    /// Those, and for what they lack the fonts in a folder.
    pub fn folder(path: &std::path::Path) -> Self {
        let mut database = Database::new();
        database.load_fonts_dir(path);
        Self::with(database)
    }

    fn with(database: Database) -> Self {
        let mut fonts = Self::bundled();
        let plain = |face: &&FaceInfo| {
            face.style == Style::Normal && face.stretch == Stretch::Normal && !face.monospaced
        };
        let mut faces: Vec<&FaceInfo> = database.faces().filter(plain).collect();
        // The order of a folder is no order: by name, and sober ones first.
        faces.sort_by_cached_key(|face| {
            let family = face.families.first().map(|(name, _)| name.clone()).unwrap_or_default();
            let weight = face.weight.0;
            let unusual = weight.abs_diff(Weight::NORMAL.0).min(weight.abs_diff(Weight::BOLD.0));
            (unusual, !family.starts_with("Noto Sans"), family, face.post_script_name.clone(), face.index)
        });
        for face in faces.into_iter().take(MOST) {
            let ranges = database.with_face_data(face.id, ranges).unwrap_or_default();
            if !ranges.is_empty() {
                let bold = face.weight >= Weight::SEMIBOLD;
                let source = Source::System(face.id);
                fonts.choices.push(Choice { bold, ranges, source, face: OnceLock::new() });
            }
        }
        fonts.database = database;
        fonts
    }

    /// Whether there are no others than those in the program.
    pub(super) fn is_bundled(&self) -> bool {
        self.database.is_empty()
    }

    /// Which font to set a character in: the first of the weight that has it, else the first that has it at all.
    pub(super) fn choose(&self, c: char, bold: bool) -> usize {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(choice) = known.get(&(c, bold)) {
            return *choice;
        }
        let having = || self.choices.iter().enumerate().filter(|(_, choice)| choice.has(c));
        let found = having().find(|(_, choice)| choice.bold == bold).or_else(|| having().next());
        // Nobody has it: the box of the first font stands for it.
        let choice = found.map_or(usize::from(bold), |(index, _)| index);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert((c, bold), choice);
        choice
    }

    /// Whether a font has a character.
    pub(super) fn has(&self, choice: usize, c: char) -> bool {
        self.choices.get(choice).is_some_and(|choice| choice.has(c))
    }

    pub(super) fn face(&self, choice: usize) -> Option<&Face> {
        let choice = self.choices.get(choice)?;
        let load = || match choice.source {
            Source::Bundled(data) => Face::new(Arc::new(data), 0),
            Source::System(id) => {
                let load = |data: &[u8], index| Face::new(Arc::new(data.to_vec()), index);
                self.database.with_face_data(id, load)?
            }
        };
        choice.face.get_or_init(load).as_ref()
    }
}

/// The characters that a font has a glyph for.
fn ranges(data: &[u8], index: u32) -> Vec<(u32, u32)> {
    let Ok(face) = ttf_parser::Face::parse(data, index) else { return Vec::new() };
    let mut found: Vec<u32> = Vec::new();
    for table in face
        .tables()
        .cmap
        .iter()
        .flat_map(|cmap| cmap.subtables)
        .filter(ttf_parser::cmap::Subtable::is_unicode)
    {
        table.codepoints(|c| {
            if table.glyph_index(c).is_some_and(|glyph| glyph.0 != 0) {
                found.push(c);
            }
        });
    }
    found.sort_unstable();
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for c in found {
        match ranges.last_mut() {
            Some((_, to)) if c <= *to + 1 => *to = c,
            _ => ranges.push((c, c)),
        }
    }
    ranges
}
