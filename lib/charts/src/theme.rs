//! Colours, and only colours. Text reaches the contrast of WCAG 2.2 AA on everything it is written on, in light and
//! dark; lines and edges reach that of graphics.

/// Which colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Theme {
    /// Dark on light, as in print.
    Light,
    /// Light on dark.
    Dark,
    /// As the reader's device has it, by `prefers-color-scheme`; light where nothing is said.
    #[default]
    Auto,
}

/// How many tints tell generations apart before they begin again.
pub(crate) const TINTS: u8 = 6;

/// What a colour is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Ink {
    Paper,
    Band,
    Tint(u8),
    Text,
    Muted,
    Clan,
    Line,
    Union,
    Male,
    Female,
    Other,
    Accent,
    OnAccent,
}

impl Ink {
    pub fn all() -> impl Iterator<Item = Self> {
        let tints = (0..TINTS).map(Self::Tint);
        let rest = [
            Self::Paper,
            Self::Band,
            Self::Text,
            Self::Muted,
            Self::Clan,
            Self::Line,
            Self::Union,
            Self::Male,
            Self::Female,
            Self::Other,
            Self::Accent,
            Self::OnAccent,
        ];
        rest.into_iter().chain(tints)
    }

    /// A short name for style sheets.
    pub fn class(self) -> String {
        match self {
            Self::Paper => "p".to_owned(),
            Self::Band => "b".to_owned(),
            Self::Tint(tint) => format!("g{tint}"),
            Self::Text => "t".to_owned(),
            Self::Muted => "m".to_owned(),
            Self::Clan => "c".to_owned(),
            Self::Line => "l".to_owned(),
            Self::Union => "u".to_owned(),
            Self::Male => "x".to_owned(),
            Self::Female => "y".to_owned(),
            Self::Other => "z".to_owned(),
            Self::Accent => "a".to_owned(),
            Self::OnAccent => "o".to_owned(),
        }
    }

    /// Red, green and blue.
    pub fn colour(self, dark: bool) -> u32 {
        let (light, night) = match self {
            Self::Paper => (0xfd_fc_f9, 0x15_17_1b),
            Self::Band => (0xf6_f3_ec, 0x1b_1e_23),
            Self::Tint(tint) => match tint % TINTS {
                0 => (0xff_f1_cf, 0x40_36_20),
                1 => (0xe5_f0_e1, 0x22_35_2a),
                2 => (0xdf_ec_f5, 0x1f_31_43),
                3 => (0xee_e6_f5, 0x30_2a_42),
                4 => (0xf9_e6_e0, 0x42_2a_27),
                _ => (0xee_f0_dc, 0x34_36_1f),
            },
            Self::Text => (0x1f_23_28, 0xf2_ef_e8),
            Self::Muted => (0x50_4b_45, 0xc2_bc_b1),
            Self::Clan => (0x76_40_13, 0xf0_c0_85),
            Self::Line => (0x7d_74_6a, 0x97_90_85),
            Self::Union => (0x6b_4a_2f, 0xd0_a8_7c),
            Self::Male => (0x2b_69_88, 0x74_b6_d4),
            Self::Female => (0xa8_47_62, 0xe4_91_aa),
            Self::Other => (0x6d_67_5d, 0xab_a4_98),
            Self::Accent => (0x8c_2f_1b, 0xf0_a0_80),
            Self::OnAccent => (0xff_ff_ff, 0x1a_12_0e),
        };
        if dark { night } else { light }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance and contrast as WCAG 2.2 defines them.
    fn contrast(one: u32, other: u32) -> f64 {
        let luminance = |colour: u32| {
            let linear = |shift: u32| {
                let part = f64::from((colour >> shift) & 255) / 255.0;
                if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * linear(16) + 0.7152 * linear(8) + 0.0722 * linear(0)
        };
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn text_and_lines_stand_out_in_both_themes() {
        let mut grounds = vec![Ink::Paper, Ink::Band];
        grounds.extend((0..TINTS).map(Ink::Tint));
        for dark in [false, true] {
            for ground in &grounds {
                let on = |ink: Ink| contrast(ink.colour(dark), ground.colour(dark));
                for ink in [Ink::Text, Ink::Muted, Ink::Clan] {
                    assert!(on(ink) >= 4.5, "{ink:?} on {ground:?}, dark: {dark}: {}", on(ink));
                }
                for ink in [Ink::Line, Ink::Union, Ink::Male, Ink::Female, Ink::Other, Ink::Accent] {
                    assert!(on(ink) >= 3.0, "{ink:?} on {ground:?}, dark: {dark}: {}", on(ink));
                }
            }
            assert!(contrast(Ink::OnAccent.colour(dark), Ink::Accent.colour(dark)) >= 4.5);
        }
    }
}
