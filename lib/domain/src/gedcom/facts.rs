//! Events and attributes of a person as structured values.

use dzinza_gedcom::Record;
use dzinza_gedcom::date::{DateValue, gregorian_from_day};
use serde_json::{Value, json};

use super::payload::{Dialect, read, read_at};
use super::records::read_place;
use super::write_person;
use crate::store::Body;

/// Events of a person, by their tags in 5.5.1 and 7.0.
const EVENTS: &[(&str, &str)] = &[
    ("ADOP", "adoption"),
    ("BAPL", "baptism (LDS)"),
    ("BAPM", "baptism"),
    ("BARM", "bar mitzvah"),
    ("BASM", "bas mitzvah"),
    ("BIRT", "birth"),
    ("BLES", "blessing"),
    ("BURI", "burial"),
    ("CENS", "census"),
    ("CHR", "christening"),
    ("CHRA", "adult christening"),
    ("CONF", "confirmation"),
    ("CONL", "confirmation (LDS)"),
    ("CREM", "cremation"),
    ("DEAT", "death"),
    ("EMIG", "emigration"),
    ("ENDL", "endowment (LDS)"),
    ("EVEN", "event"),
    ("FCOM", "first communion"),
    ("GRAD", "graduation"),
    ("IMMI", "immigration"),
    ("INIL", "initiatory (LDS)"),
    ("NATU", "naturalisation"),
    ("ORDN", "ordination"),
    ("PROB", "probate"),
    ("RETI", "retirement"),
    ("SLGC", "sealing to parents (LDS)"),
    ("WILL", "will"),
];

/// Attributes of a person.
const ATTRIBUTES: &[(&str, &str)] = &[
    ("CAST", "caste"),
    ("DSCR", "description"),
    ("EDUC", "education"),
    ("FACT", "fact"),
    ("IDNO", "identity number"),
    ("NATI", "nationality or tribe"),
    ("NCHI", "number of children"),
    ("NMR", "number of unions"),
    ("OCCU", "occupation"),
    ("PROP", "property"),
    ("RELI", "religion"),
    ("RESI", "residence"),
    ("SSN", "social security number"),
    ("TITL", "title"),
    ("_CLAN", "clan"),
    ("_TRIBE", "tribe"),
];

/// Every event and attribute of a person as the fields are now, in the order of the record: those that came by import
/// and those that were typed here alike. Each has `tag`, `kind` (`event` or `attribute`), `name`, and where it is said
/// `type`, `value`, `date` (its text, and the first and last day that it may mean), `place` (name, parts, form,
/// latitude, longitude), `age`, `cause`, `agency`, `address`, `notes`; and `citations`, how many there are.
///
/// What is withheld of the person must be gone from `person` already.
pub fn facts(person: &Body) -> Vec<Value> {
    write_person(person, "@X@", Dialect::default()).children.iter().filter_map(fact).collect()
}

fn fact(line: &Record) -> Option<Value> {
    let named = |list: &[(&str, &str)]| {
        list.iter().find(|(tag, _)| *tag == line.tag).map(|(_, name)| (*name).to_owned())
    };
    let (kind, name) = match (named(EVENTS), named(ATTRIBUTES)) {
        (Some(name), _) => ("event", name),
        (None, Some(name)) => ("attribute", name),
        // A tag of some program's own that says when or where.
        (None, None)
            if line.tag.starts_with('_')
                && (line.child("DATE").is_some() || line.child("PLAC").is_some()) =>
        {
            ("event", line.tag.trim_start_matches('_').to_lowercase())
        }
        (None, None) => return None,
    };
    let kind_of = read_at(line, &["TYPE"]);
    // `Y` only says that it happened.
    let value = read(line).filter(|value| !(kind == "event" && value == "Y"));
    let texts = [("cause", "CAUS"), ("agency", "AGNC"), ("age", "AGE"), ("address", "ADDR")];
    let mut fact = json!({ "tag": line.tag, "kind": kind, "name": name, "type": kind_of, "value": value,
        "date": line.value_of(&["DATE"]).map(str::trim).filter(|date| !date.is_empty()).map(date),
        "place": line.child("PLAC").and_then(read_place),
        "citations": line.children_named("SOUR").count() });
    for (key, tag) in texts {
        fact[key] = json!(read_at(line, &[tag]));
    }
    let notes = line.children_named("NOTE").filter(|note| note.pointer().is_none()).filter_map(read);
    fact["notes"] = notes.collect();
    Some(fact)
}

fn date(text: &str) -> Value {
    let day = |day: i64| {
        let (year, month, day) = gregorian_from_day(day)?;
        Some(format!("{year:04}-{month:02}-{day:02}"))
    };
    let range = DateValue::parse(text).range();
    json!({ "text": text, "from": range.and_then(|(first, _)| day(first)), "to": range.and_then(|(_, last)| day(last)) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gedcom::{keep_record, read_person};

    fn imported(lines: &str) -> Body {
        let record = Record::parse(&format!("0 @I1@ INDI\n1 NAME Tendai /Moyo/\n{lines}")).unwrap();
        let mut person = read_person(&record);
        keep_record(&mut person, &record);
        person
    }

    #[test]
    fn events_and_attributes_are_told_with_dates_and_places() {
        let person = imported(
            "1 BIRT\n2 DATE ABT 1890\n2 PLAC Gutu, Masvingo\n3 MAP\n4 LATI S19.6\n4 LONG E31.1\n2 SOUR @S1@\n\
             1 IMMI Y\n2 DATE BET 1901 AND 1902\n2 NOTE by ox waggon\n1 FACT Shumba\n2 TYPE Totem\n1 _ROORA\n2 DATE 1911\n\
             1 NOTE nothing of this\n",
        );
        let facts = facts(&person);
        let tags: Vec<&str> = facts.iter().filter_map(|fact| fact["tag"].as_str()).collect();
        assert_eq!(tags, ["BIRT", "IMMI", "FACT", "_ROORA"]);
        assert_eq!((&facts[0]["date"]["text"], &facts[0]["citations"]), (&json!("ABT 1890"), &json!(1)));
        assert_eq!(
            facts[0]["place"],
            json!({ "name": "Gutu, Masvingo", "parts": ["Gutu", "Masvingo"],
            "latitude": -19.6, "longitude": 31.1 })
        );
        assert_eq!(
            (&facts[1]["date"]["from"], &facts[1]["date"]["to"]),
            (&json!("1901-01-01"), &json!("1902-12-31"))
        );
        assert_eq!((&facts[1]["value"], &facts[1]["notes"]), (&Value::Null, &json!(["by ox waggon"])));
        assert_eq!((&facts[2]["type"], &facts[2]["value"]), (&json!("Totem"), &json!("Shumba")));
    }

    #[test]
    fn what_was_edited_or_typed_here_counts_as_it_is_now() {
        let mut person = imported("1 OCCU Smith\n1 BIRT\n2 PLAC Gutu\n");
        person.insert("occupation".into(), json!("Nurse"));
        person.insert("placeOfBirth".into(), json!("Gweru"));
        let now = facts(&person);
        assert_eq!((&now[0]["value"], &now[1]["place"]["name"]), (&json!("Nurse"), &json!("Gweru")));
        let typed = json!({ "firstName": "Rudo", "dateOfBirth": "12 MAR 1990" }).as_object().unwrap().clone();
        assert_eq!(facts(&typed)[0]["date"]["from"], "1990-03-12");
    }
}
