use super::*;

/// Converts a file given as its lines after the header; gives those after the header, and paths with their fates.
fn convert(to: Version, body: &str) -> (String, Vec<(String, KeptAs)>) {
    let (text, losses) = whole(to, &with_head(to, body));
    let mut records = text.split_inclusive('\n').skip_while(|line| !line.starts_with("0 @"));
    (records.by_ref().take_while(|line| *line != "0 TRLR\n").collect(), losses)
}

fn with_head(to: Version, body: &str) -> String {
    let head = match to {
        Version::V70 => "0 HEAD\n1 SOUR ME\n1 GEDC\n2 VERS 5.5.1\n2 FORM LINEAGE-LINKED\n1 CHAR UTF-8\n",
        Version::V551 => "0 HEAD\n1 GEDC\n2 VERS 7.0\n1 SOUR ME\n",
    };
    format!("{head}{body}0 TRLR\n")
}

fn whole(to: Version, text: &str) -> (String, Vec<(String, KeptAs)>) {
    let (mut out, mut losses) = (Vec::new(), Vec::new());
    convert_file(text.as_bytes(), text.as_bytes(), to, &mut out, |loss| {
        losses.push((loss.path, loss.kept_as));
    })
    .unwrap();
    (String::from_utf8(out).unwrap(), losses)
}

/// Lines in any order: converting back may put the header's in another one.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines
}

/// 5.5.1 becomes this 7.0, and that becomes the same 5.5.1, without a loss on either way.
fn equivalent(five: &str, seven: &str) {
    let (up, losses) = convert(Version::V70, five);
    assert_eq!((up.as_str(), losses.as_slice()), (seven, &[][..]));
    let (down, losses) = convert(Version::V551, seven);
    assert_eq!((down.as_str(), losses.as_slice()), (five, &[][..]));
}

/// 7.0 becomes this 5.5.1 with these losses, and converting back gives all of it again.
fn kept_by_five(seven: &str, five: &str, paths: &[&str]) {
    let (down, losses) = convert(Version::V551, seven);
    assert_eq!(down, five);
    assert_eq!(losses.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), paths);
    let file = with_head(Version::V551, seven);
    let (down, _) = whole(Version::V551, &file);
    assert_eq!(sorted(&whole(Version::V70, &down).0), sorted(&file));
}

/// 5.5.1 becomes this 7.0 with these losses, and converting back gives all of it again.
fn kept_by_seven(five: &str, seven: &str, paths: &[&str]) {
    let (up, losses) = convert(Version::V70, five);
    assert_eq!(up, seven);
    assert_eq!(losses.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), paths);
    let file = with_head(Version::V70, five);
    let (up, _) = whole(Version::V70, &file);
    assert_eq!(sorted(&whole(Version::V551, &up).0), sorted(&file));
}

#[test]
fn the_header_says_the_version_and_no_more_than_it_needs() {
    let five = "0 HEAD\n1 GEDC\n2 VERS 5.5.1\n2 FORM LINEAGE-LINKED\n1 CHAR UTF-8\n1 SOUR ME\n1 LANG Shona\n0 TRLR\n";
    let seven = "0 HEAD\n1 GEDC\n2 VERS 7.0\n1 SOUR ME\n1 LANG sn\n0 TRLR\n";
    assert_eq!(whole(Version::V70, five), (seven.to_owned(), vec![]));
    assert_eq!(whole(Version::V551, seven), (five.to_owned(), vec![]));
}

#[test]
fn a_file_of_the_target_s_version_passes_through() {
    let text = "0 HEAD\n1 GEDC\n2 VERS 7.1\n1 WHAT ever\n0 @i1@ INDI\n1 RELA x\n0 TRLR\n";
    assert_eq!(whole(Version::V70, text), (text.to_owned(), vec![]));
    let text = "0 HEAD\n1 GEDC\n2 VERS 5.5\n0 @I1@ INDI\n1 UID x\n0 TRLR\n";
    assert_eq!(whole(Version::V551, text), (text.to_owned(), vec![]));
}

#[test]
fn notes_and_their_text() {
    equivalent(
        "0 @I1@ INDI\n1 NOTE @N1@\n1 NOTE me@@home\n2 CONT @@you\n0 @N1@ NOTE shared\n",
        "0 @I1@ INDI\n1 SNOTE @N1@\n1 NOTE me@home\n2 CONT @@you\n0 @N1@ SNOTE shared\n",
    );
    let long = "word ".repeat(100);
    let mut note = Record::with("NOTE", "");
    note.set_text(long.trim_end());
    let five = format!("0 @I1@ INDI\n{}", note.to_gedcom().replace("1 C", "2 C").replace("0 N", "1 N"));
    assert!(five.contains("2 CONC "));
    equivalent(&five, &format!("0 @I1@ INDI\n1 NOTE {}\n", long.trim_end()));
}

#[test]
fn dates_and_ages() {
    equivalent(
        "0 @I1@ INDI\n1 BIRT\n2 DATE INT @#DJULIAN@ 1700 (the comet)\n2 AGE >8y\n1 DEAT\n2 DATE 11 FEB 1699/00\n2 AGE INFANT\n",
        "0 @I1@ INDI\n1 BIRT\n2 DATE JULIAN 1700\n3 PHRASE the comet\n2 AGE > 8y\n1 DEAT\n2 DATE 11 FEB 1700\n3 PHRASE 11 FEB 1699/00\n2 AGE < 1y\n3 PHRASE Infant\n",
    );
    kept_by_five(
        "0 @I1@ INDI\n1 BIRT\n2 DATE BEF 1890\n3 PHRASE before the war\n2 AGE 3w\n2 SDATE 1889\n1 DEAT\n2 DATE _CAL 3\n3 TIME 12:00Z\n",
        "0 @I1@ INDI\n1 BIRT\n2 DATE BEF 1890\n3 _PHRASE before the war\n2 _AGE 3w\n2 _SDATE 1889\n1 DEAT\n2 _DATE _CAL 3\n3 TIME 12:00Z\n",
        &["INDI.BIRT.DATE.PHRASE", "INDI.BIRT.AGE", "INDI.BIRT.SDATE", "INDI.DEAT.DATE"],
    );
    let (up, losses) =
        convert(Version::V70, "0 @I1@ INDI\n1 CHAN\n2 DATE sometime\n1 BIRT\n2 DATE 3 mar 1890\n");
    assert_eq!(up, "0 @I1@ INDI\n1 CHAN\n2 _DATE sometime\n1 BIRT\n2 DATE 3 MAR 1890\n");
    assert_eq!(losses, [("INDI.CHAN.DATE".to_owned(), KeptAs::Extension("_DATE".to_owned()))]);
}

#[test]
fn words_of_enumerations() {
    equivalent(
        "0 @I1@ INDI\n1 NAME Ruth\n2 TYPE maiden\n1 RESN locked\n1 FAMC @F1@\n2 PEDI adopted\n2 STAT proven\n1 BAPL\n2 STAT DNS/CAN\n0 @F1@ FAM\n",
        "0 @I1@ INDI\n1 NAME Ruth\n2 TYPE MAIDEN\n1 RESN LOCKED\n1 FAMC @F1@\n2 PEDI ADOPTED\n2 STAT PROVEN\n1 BAPL\n2 STAT DNS_CAN\n0 @F1@ FAM\n",
    );
}

#[test]
fn words_that_only_one_version_has() {
    let (up, losses) = convert(Version::V70, "0 @I1@ INDI\n1 NAME Rue\n2 TYPE praise name\n");
    assert_eq!(
        (up.as_str(), losses.len()),
        ("0 @I1@ INDI\n1 NAME Rue\n2 TYPE OTHER\n3 PHRASE praise name\n", 0)
    );
    kept_by_five(
        "0 @I1@ INDI\n1 NAME Rue\n2 TYPE OTHER\n3 PHRASE praise name\n1 SEX X\n1 RESN CONFIDENTIAL, LOCKED\n1 INIL\n2 TEMP LOGAN\n",
        "0 @I1@ INDI\n1 NAME Rue\n2 TYPE praise name\n1 SEX X\n1 RESN confidential\n2 _RESN CONFIDENTIAL, LOCKED\n1 _INIL\n2 TEMP LOGAN\n",
        &["INDI.NAME.TYPE", "INDI.SEX", "INDI.RESN", "INDI.INIL"],
    );
    kept_by_seven(
        "0 @I1@ INDI\n1 SEX N\n1 DEAT suddenly\n1 BAPL\n2 STAT CLEARED\n1 LANG Klingon\n",
        "0 @I1@ INDI\n1 SEX U\n2 _SEX N\n1 DEAT\n2 _DEAT suddenly\n1 BAPL\n2 _STAT CLEARED\n1 LANG und\n2 _LANG Klingon\n",
        &["INDI.SEX", "INDI.DEAT", "INDI.BAPL.STAT", "INDI.LANG"],
    );
}

#[test]
fn associations_and_roles() {
    equivalent(
        "0 @I1@ INDI\n1 ASSO @I1@\n2 RELA godmother\n1 ASSO @I1@\n2 RELA best man\n1 ASSO @I1@\n2 RELA WITN\n1 SOUR @S1@\n2 EVEN hut tax\n3 ROLE (chief)\n0 @S1@ SOUR\n",
        "0 @I1@ INDI\n1 ASSO @I1@\n2 ROLE GODP\n3 PHRASE godmother\n1 ASSO @I1@\n2 ROLE OTHER\n3 PHRASE best man\n1 ASSO @I1@\n2 ROLE WITN\n1 SOUR @S1@\n2 EVEN EVEN\n3 PHRASE hut tax\n3 ROLE OTHER\n4 PHRASE chief\n0 @S1@ SOUR\n",
    );
    kept_by_five(
        "0 @F1@ FAM\n1 ASSO @VOID@\n2 ROLE CLERGY\n1 CHIL @VOID@\n2 PHRASE second child\n1 NO DIV\n2 DATE FROM 1700 TO 1800\n",
        "0 @F1@ FAM\n1 _ASSO @@VOID@@\n2 ROLE CLERGY\n1 _CHIL @@VOID@@\n2 PHRASE second child\n1 _NO DIV\n2 DATE FROM 1700 TO 1800\n",
        &["FAM.ASSO", "FAM.CHIL", "FAM.NO"],
    );
}

#[test]
fn identifiers() {
    equivalent(
        "0 @I1@ INDI\n1 AFN A1\n1 RFN Res:5\n1 RIN 7\n1 _UID BBCC002534CB45428CFB45BA201C9C2CBC67\n",
        "0 @I1@ INDI\n1 EXID A1\n2 TYPE https://gedcom.io/terms/v7/AFN\n1 EXID 5\n2 TYPE https://gedcom.io/terms/v7/RFN#Res\n1 EXID 7\n2 TYPE https://gedcom.io/terms/v7/RIN#ME\n1 UID bbcc0025-34cb-4542-8cfb-45ba201c9c2c\n",
    );
    kept_by_five(
        "0 @I1@ INDI\n1 EXID 123\n2 TYPE http://example.com\n1 CREA\n2 DATE 1 JAN 2000\n",
        "0 @I1@ INDI\n1 _EXID 123\n2 TYPE http://example.com\n1 _CREA\n2 DATE 1 JAN 2000\n",
        &["INDI.EXID", "INDI.CREA"],
    );
}

#[test]
fn names_in_other_scripts() {
    equivalent(
        "0 @I1@ INDI\n1 NAME \u{6A58} /\u{9038}/\n2 ROMN Hayanari\n3 TYPE romaji\n2 FONE \u{306E}\n3 TYPE kana\n",
        "0 @I1@ INDI\n1 NAME \u{6A58} /\u{9038}/\n2 TRAN Hayanari\n3 LANG ja-Latn\n2 TRAN \u{306E}\n3 LANG ja-Hrkt\n",
    );
    kept_by_seven(
        "0 @I1@ INDI\n1 NAME a\n2 FONE b\n3 TYPE own\n",
        "0 @I1@ INDI\n1 NAME a\n2 _FONE b\n3 TYPE own\n",
        &["INDI.NAME.FONE"],
    );
    kept_by_five(
        "0 @I1@ INDI\n1 NAME a\n2 TRAN b\n3 LANG en-GB\n",
        "0 @I1@ INDI\n1 NAME a\n2 _TRAN b\n3 LANG en-GB\n",
        &["INDI.NAME.TRAN"],
    );
}

#[test]
fn multimedia() {
    equivalent(
        "0 @O1@ OBJE\n1 FILE photos/Gogo 1920.jpg\n2 FORM jpg\n3 TYPE photo\n2 TITL Gogo\n0 @I1@ INDI\n1 OBJE @O1@\n",
        "0 @O1@ OBJE\n1 FILE photos/Gogo%201920.jpg\n2 FORM image/jpeg\n3 MEDI PHOTO\n2 TITL Gogo\n0 @I1@ INDI\n1 OBJE @O1@\n",
    );
    let (up, losses) = convert(
        Version::V70,
        "0 @I1@ INDI\n1 OBJE\n2 FORM jpg\n2 TITL Gogo\n2 FILE a.jpg\n2 _PRIM Y\n0 @O_1@ OBJE\n1 FILE b.png\n2 FORM png\n1 BLOB\n2 CONT .HM\n",
    );
    let expected = "0 @I1@ INDI\n1 OBJE @O_2@\n2 _PRIM Y\n0 @O_2@ OBJE\n1 FILE a.jpg\n2 FORM image/jpeg\n2 TITL Gogo\n0 @O_1@ OBJE\n1 FILE b.png\n2 FORM image/png\n1 _BLOB\n2 CONT .HM\n";
    assert_eq!(up, expected);
    assert_eq!(
        losses.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(),
        ["INDI.OBJE", "OBJE.FORM", "OBJE.TITL", "OBJE.BLOB"]
    );
}

#[test]
fn citations_without_a_record() {
    let (up, losses) =
        convert(Version::V70, "0 @I1@ INDI\n1 SOUR Aunt Rudo\n2 TEXT told me\n1 BIRT\n2 SOUR Aunt Rudo\n");
    let expected = "0 @I1@ INDI\n1 SOUR @S_1@\n2 DATA\n3 TEXT told me\n1 BIRT\n2 SOUR @S_1@\n0 @S_1@ SOUR\n1 TITL Aunt Rudo\n";
    assert_eq!((up.as_str(), losses.len()), (expected, 2));
}

#[test]
fn pointers_to_nothing_and_xrefs() {
    kept_by_seven(
        "0 @I1@ INDI\n1 FAMS @F9@\n1 NOTE @N9@\n1 _LOC @L9@\n",
        "0 @I1@ INDI\n1 FAMS @VOID@\n2 _FAMS @@F9@\n1 SNOTE @VOID@\n2 _NOTE @@N9@\n1 _LOC @L9@\n",
        &["INDI.FAMS", "INDI.NOTE"],
    );
    let (up, losses) = convert(Version::V70, "0 @i-1@ INDI\n1 ALIA @i-1@\n0 @I_1@ INDI\n");
    assert!(up.starts_with("0 @I_1_") && up.ends_with("0 @I_1@ INDI\n"), "{up}");
    assert_eq!(losses.len(), 1);
}

#[test]
fn tags_that_the_target_does_not_have_are_kept_and_explained() {
    let file =
        with_head(Version::V70, "0 @X@ SUBN\n1 FAMF Moyo\n0 @I1@ INDI\n1 MISC x\n1 _MISC own\n2 FOO y\n");
    let (up, losses) = whole(Version::V70, &file);
    assert!(
        up.contains(
            "1 SCHMA\n2 TAG _MISC_551 urn:x-gedcom:5.5.1:MISC\n2 TAG _SUBN urn:x-gedcom:5.5.1:SUBN\n"
        )
    );
    assert!(
        up.contains("0 @X@ _SUBN\n1 FAMF Moyo\n0 @I1@ INDI\n1 _MISC_551 x\n1 _MISC own\n2 FOO y\n"),
        "{up}"
    );
    assert_eq!(losses.len(), 2);
    assert_eq!(sorted(&whole(Version::V551, &up).0), sorted(&file));
}

#[test]
fn schemas_of_the_file_itself_come_through() {
    let body = "1 SCHMA\n2 TAG _SKYPEID http://xmlns.com/foaf/0.1/skypeID\n0 @U1@ SUBM\n1 _SKYPEID me\n";
    let file = with_head(Version::V551, body);
    let (down, losses) = whole(Version::V551, &file);
    assert!(down.contains("1 _SCHMA\n2 TAG _SKYPEID http://xmlns.com/foaf/0.1/skypeID\n"));
    assert_eq!(losses, [("HEAD.SCHMA".to_owned(), KeptAs::Extension("_SCHMA".to_owned()))]);
    assert_eq!(sorted(&whole(Version::V70, &down).0), sorted(&file));
}

#[test]
fn without_a_survey_nothing_is_called_dangling() {
    let mut converter = Converter::new(Version::V70);
    assert_eq!(converter.from(), None);
    let converted = converter.convert(Record::top("@I1@", "INDI").leaf("FAMS", "@F1@"));
    assert_eq!(converted.records[0].value_of(&["FAMS"]), Some("@F1@"));
    assert_eq!((converted.losses.len(), converter.from()), (0, Some(Version::V551)));
}
