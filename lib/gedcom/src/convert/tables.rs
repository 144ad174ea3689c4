//! Words of the two versions side by side.

/// Languages of 5.5.1 (`LANGUAGE_ID`) with the subtags of BCP 47.
const LANGUAGES: [(&str, &str); 76] = [
    ("Afrikaans", "af"),
    ("Albanian", "sq"),
    ("Amharic", "am"),
    ("Anglo-Saxon", "ang"),
    ("Arabic", "ar"),
    ("Armenian", "hy"),
    ("Assamese", "as"),
    ("Belorusian", "be"),
    ("Bengali", "bn"),
    ("Braj", "bra"),
    ("Bulgarian", "bg"),
    ("Burmese", "my"),
    ("Cantonese", "yue"),
    ("Catalan", "ca"),
    ("Catalan_Spn", "ca-ES"),
    ("Church-Slavic", "cu"),
    ("Czech", "cs"),
    ("Danish", "da"),
    ("Dogri", "doi"),
    ("Dutch", "nl"),
    ("English", "en"),
    ("Esperanto", "eo"),
    ("Estonian", "et"),
    ("Faroese", "fo"),
    ("Finnish", "fi"),
    ("French", "fr"),
    ("Georgian", "ka"),
    ("German", "de"),
    ("Greek", "el"),
    ("Gujarati", "gu"),
    ("Hawaiian", "haw"),
    ("Hebrew", "he"),
    ("Hindi", "hi"),
    ("Hungarian", "hu"),
    ("Icelandic", "is"),
    ("Indonesian", "id"),
    ("Italian", "it"),
    ("Japanese", "ja"),
    ("Kannada", "kn"),
    ("Khmer", "km"),
    ("Konkani", "kok"),
    ("Korean", "ko"),
    ("Lahnda", "lah"),
    ("Lao", "lo"),
    ("Latvian", "lv"),
    ("Lithuanian", "lt"),
    ("Macedonian", "mk"),
    ("Maithili", "mai"),
    ("Malayalam", "ml"),
    ("Mandrin", "cmn"),
    ("Manipuri", "mni"),
    ("Marathi", "mr"),
    ("Mewari", "mtr"),
    ("Navaho", "nv"),
    ("Nepali", "ne"),
    ("Norwegian", "no"),
    ("Oriya", "or"),
    ("Pali", "pi"),
    ("Panjabi", "pa"),
    ("Persian", "fa"),
    ("Polish", "pl"),
    ("Portuguese", "pt"),
    ("Prakrit", "pra"),
    ("Pusto", "ps"),
    ("Rajasthani", "raj"),
    ("Romanian", "ro"),
    ("Russian", "ru"),
    ("Sanskrit", "sa"),
    ("Serb", "sr"),
    ("Serbo_Croa", "sh"),
    ("Slovak", "sk"),
    ("Slovene", "sl"),
    ("Spanish", "es"),
    ("Swedish", "sv"),
    ("Tagalog", "tl"),
    ("Tamil", "ta"),
];

/// The rest of them, and names that 5.5.1 does not have but programs write.
const MORE_LANGUAGES: [(&str, &str); 14] = [
    ("Telugu", "te"),
    ("Thai", "th"),
    ("Tibetan", "bo"),
    ("Turkish", "tr"),
    ("Ukrainian", "uk"),
    ("Urdu", "ur"),
    ("Vietnamese", "vi"),
    ("Wendic", "wen"),
    ("Yiddish", "yi"),
    ("Chinese", "zh"),
    ("Ndebele", "nd"),
    ("Shona", "sn"),
    ("Swahili", "sw"),
    ("Zulu", "zu"),
];

/// `FORM` of a multimedia file: extensions in 5.5.1, media types in 7.0. The first of a kind is the one to write.
const MEDIA_TYPES: [(&str, &str); 33] = [
    ("bmp", "image/bmp"),
    ("gif", "image/gif"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("pcx", "image/vnd.zbrush.pcx"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("webp", "image/webp"),
    ("heic", "image/heic"),
    ("aac", "audio/aac"),
    ("flac", "audio/flac"),
    ("m4a", "audio/mp4"),
    ("mid", "audio/midi"),
    ("mp3", "audio/mpeg"),
    ("ogg", "audio/ogg"),
    ("wav", "audio/wav"),
    ("avi", "video/x-msvideo"),
    ("mov", "video/quicktime"),
    ("mp4", "video/mp4"),
    ("mpg", "video/mpeg"),
    ("webm", "video/webm"),
    ("csv", "text/csv"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("txt", "text/plain"),
    ("vtt", "text/vtt"),
    ("doc", "application/msword"),
    ("pdf", "application/pdf"),
    ("rtf", "application/rtf"),
    ("zip", "application/zip"),
    ("ole", "application/x-oleobject"),
];

/// `RELA` texts that are one of the roles of 7.0.
const ROLES: [(&str, &str); 22] = [
    ("child", "CHIL"),
    ("clergy", "CLERGY"),
    ("priest", "CLERGY"),
    ("minister", "CLERGY"),
    ("father", "FATH"),
    ("friend", "FRIEND"),
    ("godparent", "GODP"),
    ("godfather", "GODP"),
    ("godmother", "GODP"),
    ("husband", "HUSB"),
    ("mother", "MOTH"),
    ("multiple", "MULTIPLE"),
    ("twin", "MULTIPLE"),
    ("neighbor", "NGHBR"),
    ("neighbour", "NGHBR"),
    ("officiator", "OFFICIATOR"),
    ("parent", "PARENT"),
    ("spouse", "SPOU"),
    ("wife", "WIFE"),
    ("witness", "WITN"),
    ("witnesses", "WITN"),
    ("witn", "WITN"),
];

/// The enumeration `ROLE` of 7.0.
const ROLE_WORDS: [&str; 15] = [
    "CHIL",
    "CLERGY",
    "FATH",
    "FRIEND",
    "GODP",
    "HUSB",
    "MOTH",
    "MULTIPLE",
    "NGHBR",
    "OFFICIATOR",
    "PARENT",
    "SPOU",
    "WIFE",
    "WITN",
    "OTHER",
];

/// `FONE.TYPE` and `ROMN.TYPE` of 5.5.1 with the language tag of 7.0.
const SOUNDS: [(&str, &str, &str); 5] = [
    ("FONE", "hangul", "ko-Hang"),
    ("FONE", "kana", "ja-Hrkt"),
    ("ROMN", "pinyin", "und-Latn-pinyin"),
    ("ROMN", "romaji", "ja-Latn"),
    ("ROMN", "wadegiles", "zh-Latn-wadegile"),
];

/// The tags of 5.5.1 for names in other scripts.
pub(super) const SOUND_TAGS: [&str; 2] = ["FONE", "ROMN"];

pub(super) fn language_tag(name: &str) -> Option<&'static str> {
    let is_it = |(known, _): &&(&str, &str)| known.eq_ignore_ascii_case(name);
    LANGUAGES.iter().chain(&MORE_LANGUAGES).find(is_it).map(|(_, tag)| *tag)
}

/// The name of a language, of the language alone where 5.5.1 has no name for the tag.
pub(super) fn language_name(tag: &str) -> Option<&'static str> {
    let named = |tag: &str| {
        LANGUAGES
            .iter()
            .chain(&MORE_LANGUAGES)
            .find(|(_, t)| t.eq_ignore_ascii_case(tag))
            .map(|(name, _)| *name)
    };
    named(tag).or_else(|| named(tag.split('-').next()?))
}

/// The media type for what 5.5.1 says in `FORM`; for an unknown form a private one that holds it.
pub(super) fn media_type(form: &str) -> Option<String> {
    let form = form.trim().trim_start_matches('.').to_ascii_lowercase();
    if let Some((_, media)) = MEDIA_TYPES.iter().find(|(known, _)| *known == form) {
        return Some((*media).to_owned());
    }
    if form.split_once('/').is_some_and(|(a, b)| is_token(a) && is_token(b)) {
        return Some(form);
    }
    is_token(&form).then(|| format!("application/x-{form}"))
}

/// What 5.5.1 says for a media type; the type itself where it has no word.
pub(super) fn media_form(media: &str) -> &str {
    match MEDIA_TYPES.iter().find(|(_, known)| *known == media) {
        Some((form, _)) => form,
        None => media.strip_prefix("application/x-").filter(|form| is_token(form)).unwrap_or(media),
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".+-_".contains(&b))
}

/// The role for a `RELA` text, and whether it says all of it.
pub(super) fn role(text: &str) -> (&'static str, bool) {
    let text = text.trim();
    if let Some(word) = ROLE_WORDS.iter().find(|word| **word == text) {
        return (word, true);
    }
    let known = ROLES.iter().find(|(known, _)| known.eq_ignore_ascii_case(text));
    (known.map_or("OTHER", |(_, role)| role), false)
}

pub(super) fn sound_language(tag: &str, kind: &str) -> Option<&'static str> {
    SOUNDS.iter().find(|(t, k, _)| *t == tag && k.eq_ignore_ascii_case(kind)).map(|(.., language)| *language)
}

/// The tag and `TYPE` of 5.5.1 for a translation into this language.
pub(super) fn sound(language: &str) -> Option<(&'static str, &'static str)> {
    SOUNDS.iter().find(|(.., known)| known.eq_ignore_ascii_case(language)).map(|(tag, kind, _)| (*tag, *kind))
}

/// An enumeration of 7.0 and, in the same order, of 5.5.1.
#[derive(Debug)]
pub(super) struct Words {
    seven: &'static [&'static str],
    /// How many of the first ones 5.5.1 has too, in lower case.
    shared: usize,
}

pub(super) const NAME_TYPES: Words =
    Words { seven: &["AKA", "BIRTH", "IMMIGRANT", "MAIDEN", "MARRIED", "PROFESSIONAL"], shared: 5 };
pub(super) const PEDIGREES: Words = Words { seven: &["ADOPTED", "BIRTH", "FOSTER", "SEALING"], shared: 4 };
pub(super) const MEDIA: Words = Words {
    seven: &[
        "AUDIO",
        "BOOK",
        "CARD",
        "ELECTRONIC",
        "FICHE",
        "FILM",
        "MAGAZINE",
        "MANUSCRIPT",
        "MAP",
        "NEWSPAPER",
        "PHOTO",
        "TOMBSTONE",
        "VIDEO",
    ],
    shared: 13,
};
pub(super) const CHILD_STATES: Words = Words { seven: &["CHALLENGED", "DISPROVEN", "PROVEN"], shared: 3 };
pub(super) const RESTRICTIONS: Words = Words { seven: &["CONFIDENTIAL", "LOCKED", "PRIVACY"], shared: 3 };

impl Words {
    /// The word of 7.0, which is upper case.
    pub(super) fn seven(&self, text: &str) -> Option<&'static str> {
        self.seven.iter().find(|word| word.eq_ignore_ascii_case(text.trim())).copied()
    }

    /// The word of 5.5.1, which is lower case.
    pub(super) fn five(&self, word: &str) -> Option<String> {
        let at = self.seven.iter().position(|known| *known == word)?;
        (at < self.shared).then(|| word.to_ascii_lowercase())
    }
}

/// `STAT` of ordinances that 7.0 has under the same name.
pub(super) const ORDINANCE_STATES: [&str; 10] = [
    "BIC",
    "CANCELED",
    "CHILD",
    "COMPLETED",
    "DNS",
    "EXCLUDED",
    "INFANT",
    "STILLBORN",
    "SUBMITTED",
    "UNCLEARED",
];

/// `STAT` of ordinances that are spelt differently.
pub(super) const ORDINANCE_SPELLINGS: [(&str, &str); 2] = [("DNS/CAN", "DNS_CAN"), ("PRE-1970", "PRE_1970")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages() {
        assert_eq!((language_tag("english"), language_name("en")), (Some("en"), Some("English")));
        assert_eq!((language_name("en-US"), language_name("ca-ES")), (Some("English"), Some("Catalan_Spn")));
        assert_eq!((language_tag("Klingon"), language_name("tlh")), (None, None));
    }

    #[test]
    fn forms() {
        assert_eq!(media_type("JPG").as_deref(), Some("image/jpeg"));
        assert_eq!(media_type("xyz").as_deref(), Some("application/x-xyz"));
        assert_eq!(media_type("two words"), None);
        assert_eq!((media_form("image/jpeg"), media_form("application/x-xyz")), ("jpg", "xyz"));
        assert_eq!(media_form("font/otf"), "font/otf");
    }

    #[test]
    fn roles() {
        assert_eq!(role("WITN"), ("WITN", true));
        assert_eq!(role("Godmother"), ("GODP", false));
        assert_eq!(role("best man"), ("OTHER", false));
    }
}
