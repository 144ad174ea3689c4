//! Places as values: a name, what its parts are, and where on the globe.

use dzinza_gedcom::Record;
use serde_json::{Value, json};

use crate::gedcom::payload::{Dialect, child_or_insert, put, read, read_at};

/// A `PLAC` line: `name`, its `parts` between the commas, and `form`, `latitude` and `longitude` where they are
/// said. Degrees are positive to the north and east.
pub fn read_place(line: &Record) -> Option<Value> {
    let mut place = named(&read(line)?);
    if let Some(form) = read_at(line, &["FORM"]) {
        place["form"] = json!(form);
    }
    for (key, tag, letters) in COORDINATES {
        if let Some(degrees) = line.value_of(&["MAP", tag]).and_then(|text| degrees(text, letters)) {
            place[key] = json!(degrees);
        }
    }
    Some(place)
}

const COORDINATES: [(&str, &str, (char, char)); 2] =
    [("latitude", "LATI", ('N', 'S')), ("longitude", "LONG", ('E', 'W'))];

/// The value of a place of which only the name is known.
pub(super) fn named(name: &str) -> Value {
    let parts: Vec<&str> = name.split(',').map(str::trim).collect();
    json!({ "name": name, "parts": parts })
}

fn degrees(text: &str, (plus, minus): (char, char)) -> Option<f64> {
    let text = text.trim();
    let first = text.chars().next()?.to_ascii_uppercase();
    let sign = match first {
        letter if letter == plus => 1.0,
        letter if letter == minus => -1.0,
        _ => return None,
    };
    let number: f64 = text.get(1..)?.trim().parse().ok()?;
    (0.0..=180.0).contains(&number).then_some(number * sign)
}

/// Makes a line say this place, touching only what differs.
pub(super) fn write_place(line: &mut Record, place: &Value, dialect: Dialect) {
    let name = place["name"].as_str().unwrap_or_default();
    if read(line).as_deref() != Some(name) {
        put(line, name, dialect);
    }
    let form = place["form"].as_str();
    if read_at(line, &["FORM"]).as_deref() != form {
        line.children.retain(|child| child.tag != "FORM");
        if let Some(form) = form {
            put(child_or_insert(line, "FORM"), form, dialect);
        }
    }
    for (key, tag, (plus, minus)) in COORDINATES {
        let (before, now) = (read_place(line).and_then(|place| place[key].as_f64()), place[key].as_f64());
        if before == now {
            continue;
        }
        let map = child_or_insert(line, "MAP");
        match now {
            Some(degrees) => {
                let letter = if degrees < 0.0 { minus } else { plus };
                child_or_insert(map, tag).value = Some(format!("{letter}{}", degrees.abs()));
            }
            None => map.children.retain(|child| child.tag != tag),
        }
    }
    line.children.retain(|child| child.tag != "MAP" || child.value.is_some() || !child.children.is_empty());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_parts_and_coordinates_and_only_what_changed_is_written() {
        let raw = "0 PLAC Gutu,  Masvingo, Zimbabwe\n1 FORM City, Province, Country\n1 MAP\n2 LATI S19.65000\n2 LONG E31.16\n1 _X y\n";
        let mut line = Record::parse(raw).unwrap();
        let mut place = read_place(&line).unwrap();
        assert_eq!(place["parts"], json!(["Gutu", "Masvingo", "Zimbabwe"]));
        assert_eq!((&place["latitude"], &place["longitude"]), (&json!(-19.65), &json!(31.16)));
        write_place(&mut line, &place, Dialect::Five);
        assert_eq!(line.to_gedcom(), raw);
        place["longitude"] = json!(-31.5);
        write_place(&mut line, &place, Dialect::Five);
        assert_eq!(line.to_gedcom(), raw.replace("E31.16", "W31.5"));
        write_place(&mut line, &named("Gutu"), Dialect::Five);
        assert_eq!(line.to_gedcom(), "0 PLAC Gutu\n1 _X y\n");
    }
}
