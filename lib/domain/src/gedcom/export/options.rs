/// What is done with those who count as living.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Living {
    /// As the reader's rights have it.
    #[default]
    Show,
    /// They stay in their places as "Living", with the links of their families and nothing else.
    Reduce,
    /// They are left out, and so is what points to them.
    Omit,
}

/// Which way a branch grows from its root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BranchWay {
    /// Parents of every kind, and theirs.
    Ancestors,
    /// Children and theirs, with the partners of all of them and the children's other parents.
    Descendants,
    /// Both.
    Both,
}

/// A part of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// The id of the person it grows from.
    pub root: String,
    /// Which way.
    pub way: BranchWay,
    /// How many generations away from the root; all if `None`.
    pub generations: Option<u32>,
}

/// What of a tree is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What of the living.
    pub living: Living,
    /// Only this branch.
    pub branch: Option<Branch>,
    /// Sources, their repositories and citations.
    pub sources: bool,
    /// Notes, shared and in place.
    pub notes: bool,
    /// Media objects, shared and in place.
    pub media: bool,
    /// Photos that the platform holds are named, as `FILE` with this before their key; without it they are left out.
    pub photos: Option<String>,
}

impl Default for Options {
    /// Everything.
    fn default() -> Self {
        Self { living: Living::Show, branch: None, sources: true, notes: true, media: true, photos: None }
    }
}

impl Options {
    /// Whether a part is left out, so that nothing can be copied as it is.
    pub fn select(&self) -> bool {
        let whole = self.sources && self.notes && self.media;
        self.living != Living::Show || self.branch.is_some() || !whole
    }

    /// Whether records and citations with this tag are wanted.
    pub(super) fn wants(&self, tag: &str) -> bool {
        match tag {
            "SOUR" | "_SOUR" | "REPO" => self.sources,
            "NOTE" | "SNOTE" => self.notes,
            "OBJE" => self.media,
            _ => true,
        }
    }
}
