//! A union as a `FAM` record states it: how it began, how it ended, what state it is in.
//!
//! GEDCOM has events and no states. What it has no event for is an `EVEN` with a type, which is read back:
//! living together, a union of no particular kind, separation, widowhood, the end of a union.

use dzinza_gedcom::Record;
use serde_json::{Value, json};

use super::payload::{Dialect, notes, read_at, set_line, set_notes};
use crate::person::text;
use crate::store::Body;

/// The fields of a union that a record tells and an export compares.
pub(super) const UNION_KEYS: [&str; 5] = ["status", "startDate", "endDate", "place", "notes"];

/// The events of a couple; they go with the couple's row.
pub(super) const UNION_EVENTS: [&str; 9] =
    ["MARR", "MARB", "MARC", "MARL", "MARS", "DIV", "DIVF", "ANUL", "ENGA"];

/// How a union begins, the strongest first: one with a `MARR` is not an engagement any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Start {
    Marriage,
    LivingTogether,
    Union,
    Engagement,
}

/// How a union ends, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Divorce,
    Annulment,
    Widowed,
    Separation,
    Plain,
}

fn kind_of(event: &Record) -> String {
    read_at(event, &["TYPE"]).unwrap_or_default().to_lowercase()
}

impl Start {
    fn of(event: &Record) -> Option<Self> {
        match event.tag.as_str() {
            "MARR" => Some(Self::Marriage),
            "ENGA" => Some(Self::Engagement),
            "EVEN" => match kind_of(event) {
                kind if kind.contains("living together") || kind.contains("cohabit") => {
                    Some(Self::LivingTogether)
                }
                kind if kind == "union" => Some(Self::Union),
                _ => None,
            },
            _ => None,
        }
    }

    fn for_status(status: &str) -> Self {
        match status {
            "LivingTogether" => Self::LivingTogether,
            "Other" => Self::Union,
            "Engaged" => Self::Engagement,
            _ => Self::Marriage,
        }
    }

    fn tag(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Marriage => ("MARR", None),
            Self::LivingTogether => ("EVEN", Some("Living together")),
            Self::Union => ("EVEN", Some("Union")),
            Self::Engagement => ("ENGA", None),
        }
    }
}

impl End {
    fn of(event: &Record) -> Option<Self> {
        match event.tag.as_str() {
            "DIV" => Some(Self::Divorce),
            "ANUL" => Some(Self::Annulment),
            "EVEN" => match kind_of(event) {
                kind if kind == "widowed" => Some(Self::Widowed),
                kind if kind.starts_with("separat") => Some(Self::Separation),
                kind if kind == "end of union" => Some(Self::Plain),
                _ => None,
            },
            _ => None,
        }
    }

    fn for_status(status: &str) -> Self {
        match status {
            "Divorced" => Self::Divorce,
            "Annulled" => Self::Annulment,
            "Widowed" => Self::Widowed,
            "Separated" => Self::Separation,
            _ => Self::Plain,
        }
    }

    fn tag(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Divorce => ("DIV", None),
            Self::Annulment => ("ANUL", None),
            Self::Widowed => ("EVEN", Some("Widowed")),
            Self::Separation => ("EVEN", Some("Separation")),
            Self::Plain => ("EVEN", Some("End of union")),
        }
    }
}

/// The state that the type of a `MARR` names.
fn marriage_status(kind: &str) -> &'static str {
    let has = |words: &[&str]| words.iter().any(|word| kind.contains(word));
    match () {
        () if has(&["custom", "roora", "lobola", "tradition"]) => "CustomaryUnion",
        () if has(&["living together", "cohabit"]) => "LivingTogether",
        () if has(&["common law", "partner"]) => "DomesticPartnership",
        () => "Married",
    }
}

fn start(record: &Record) -> Option<(Start, &Record)> {
    let all = record.children.iter().filter_map(|event| Some((Start::of(event)?, event)));
    all.min_by_key(|(start, _)| *start)
}

fn end(record: &Record) -> Option<(End, &Record)> {
    let all = record.children.iter().filter_map(|event| Some((End::of(event)?, event)));
    all.min_by_key(|(end, _)| *end)
}

/// The fields of the union that a `FAM` record states.
pub fn spousal_fields(record: &Record) -> Body {
    let (start, end) = (start(record), end(record));
    let status = match (end, start) {
        (Some((End::Divorce, _)), _) => "Divorced",
        (Some((End::Annulment, _)), _) => "Annulled",
        (Some((End::Widowed, _)), _) => "Widowed",
        (Some((End::Separation, _)), _) => "Separated",
        (_, Some((Start::Marriage, event))) => marriage_status(&kind_of(event)),
        (_, Some((Start::LivingTogether, _))) => "LivingTogether",
        (_, Some((Start::Engagement, _))) => "Engaged",
        (_, Some((Start::Union, _)) | None) => "Other",
    };
    let date = |event: &Record| event.value_of(&["DATE"]).map(|date| date.trim().to_owned());
    let mut fields = Body::new();
    fields.insert("status".into(), json!(status));
    let found = [
        ("startDate", start.and_then(|(_, event)| date(event))),
        ("endDate", end.and_then(|(_, event)| date(event))),
        ("place", start.and_then(|(_, event)| read_at(event, &["PLAC"]))),
        ("notes", notes(record)),
    ];
    for (key, value) in found {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            fields.insert(key.to_owned(), json!(value));
        }
    }
    let events: Vec<Value> = [
        ("MARR", "Marriage"),
        ("DIV", "Divorce"),
        ("ENGA", "Engagement"),
        ("ANUL", "Annulment"),
    ]
    .iter()
    .flat_map(|(tag, word)| record.children_named(tag).map(move |event| (event, *word)))
    .map(
        |(event, word)| json!({ "eventType": word, "date": date(event), "place": read_at(event, &["PLAC"]) }),
    )
    .collect();
    if !events.is_empty() {
        fields.insert("events".into(), json!(events));
    }
    fields
}

/// Whether a union is still as it was read.
pub(super) fn same_union(before: &Body, now: &Body) -> bool {
    UNION_KEYS.iter().all(|key| !changed(before, now, key))
}

fn changed(before: &Body, now: &Body, key: &str) -> bool {
    text(before, key).map(str::trim) != text(now, key).map(str::trim)
}

/// Makes a family record state this union, touching only what differs.
pub(super) fn patch_union(record: &mut Record, now: &Body, dialect: Dialect) {
    let status = text(now, "status").unwrap_or("Other");
    if text(&spousal_fields(record), "status") != Some(status) {
        restate_start(record, status);
        restate_end(record, status);
    }
    let before = spousal_fields(record);
    for (key, tag) in [("startDate", "DATE"), ("place", "PLAC")] {
        if changed(&before, now, key) {
            let event = start_or_insert(record, status);
            set_line(event, tag, text(now, key), dialect);
        }
    }
    if changed(&before, now, "endDate") {
        end_date(record, status, text(now, "endDate"), dialect);
    }
    if changed(&before, now, "notes") {
        set_notes(record, text(now, "notes"), dialect);
    }
}

fn retag(event: &mut Record, (tag, kind): (&str, Option<&str>)) {
    tag.clone_into(&mut event.tag);
    // `Y` says that it happened, which `EVEN` has no such way to say.
    event.value = event.value.take().filter(|value| tag != "EVEN" || value != "Y");
    set_line(event, "TYPE", kind, Dialect::Five);
}

/// The beginning that a state implies. What would speak against it becomes it, with all its facts.
fn restate_start(record: &mut Record, status: &str) {
    if !matches!(
        status,
        "Married" | "CustomaryUnion" | "DomesticPartnership" | "LivingTogether" | "Engaged" | "Other"
    ) {
        return;
    }
    let wanted = Start::for_status(status);
    let weaker = record
        .children
        .iter_mut()
        .find(|event| Start::of(event).is_some_and(|start| start > wanted && start != Start::Engagement));
    if let Some(event) = weaker {
        retag(event, wanted.tag());
    }
    for event in &mut record.children {
        if Start::of(event).is_some_and(|start| start < wanted) {
            retag(event, wanted.tag());
        }
    }
    if wanted == Start::Union {
        return;
    }
    let event = start_or_insert(record, status);
    if wanted == Start::Marriage && marriage_status(&kind_of(event)) != status {
        let kind = match status {
            "CustomaryUnion" => Some("Customary"),
            "DomesticPartnership" => Some("Domestic partnership"),
            _ => None,
        };
        set_line(event, "TYPE", kind, Dialect::Five);
    }
}

/// The end that a state implies, and none that outweighs it.
fn restate_end(record: &mut Record, status: &str) {
    let wanted = End::for_status(status);
    record.children.retain(|event| End::of(event).is_none_or(|end| end >= wanted));
    if wanted != End::Plain {
        end_or_insert(record, wanted);
    }
}

fn start_or_insert<'a>(record: &'a mut Record, status: &str) -> &'a mut Record {
    let found = start(record).map(|(start, _)| start);
    let ended = End::for_status(status) != End::Plain;
    let wanted = found.filter(|found| ended || *found == Start::for_status(status));
    let wanted = wanted.unwrap_or_else(|| Start::for_status(status));
    let place = record.children.iter().position(|event| Start::of(event) == Some(wanted));
    typed_or_insert(record, place, wanted.tag())
}

fn end_or_insert(record: &mut Record, wanted: End) -> &mut Record {
    let place = record.children.iter().position(|event| End::of(event) == Some(wanted));
    typed_or_insert(record, place, wanted.tag())
}

fn typed_or_insert<'a>(
    record: &'a mut Record,
    place: Option<usize>,
    (tag, kind): (&str, Option<&str>),
) -> &'a mut Record {
    let place = place.unwrap_or_else(|| {
        let mut event = Record::new(tag);
        event.children.extend(kind.map(|kind| Record::with("TYPE", kind)));
        record.children.push(event);
        record.children.len() - 1
    });
    &mut record.children[place]
}

fn end_date(record: &mut Record, status: &str, date: Option<&str>, dialect: Dialect) {
    let wanted = End::for_status(status);
    if date.is_some() || wanted != End::Plain {
        set_line(end_or_insert(record, wanted), "DATE", date, dialect);
        return;
    }
    record.children.retain(|event| {
        let bare = event.children.iter().all(|line| matches!(line.tag.as_str(), "TYPE" | "DATE"));
        !(bare && End::of(event) == Some(End::Plain))
    });
    if let Some(event) = record.children.iter_mut().find(|event| End::of(event) == Some(End::Plain)) {
        set_line(event, "DATE", None, dialect);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn union(fields: &Value) -> Body {
        fields.as_object().unwrap().clone()
    }

    #[test]
    fn every_state_survives_being_written_and_read() {
        let starts = [
            "0 @F1@ FAM\n",
            "0 @F1@ FAM\n1 MARR Y\n1 DIV\n2 DATE 1970\n",
            "0 @F1@ FAM\n1 ENGA\n2 DATE 1949\n",
            "0 @F1@ FAM\n1 MARR\n2 TYPE Customary\n2 PLAC Gutu\n1 EVEN\n2 TYPE Separation\n",
            "0 @F1@ FAM\n1 EVEN\n2 TYPE Living together\n2 DATE 1949\n",
        ];
        for raw in starts {
            for status in crate::relationship::UNION_STATES {
                for now in [
                    json!({ "status": status }),
                    json!({ "status": status, "startDate": "1950", "endDate": "1960", "place": "Harare", "notes": "a\n@b" }),
                ] {
                    let (mut record, now) = (Record::parse(raw).unwrap(), union(&now));
                    patch_union(&mut record, &now, Dialect::Five);
                    let read = spousal_fields(&Record::parse(&record.to_gedcom()).unwrap());
                    for key in UNION_KEYS {
                        assert_eq!(
                            text(&read, key),
                            text(&now, key),
                            "{key} of {status} in {}",
                            record.to_gedcom()
                        );
                    }
                    let once = record.to_gedcom();
                    patch_union(&mut record, &now, Dialect::Five);
                    assert_eq!(record.to_gedcom(), once);
                }
            }
        }
    }

    #[test]
    fn only_what_changed_is_touched() {
        let raw = "0 @F1@ FAM\n1 MARR\n2 DATE 1950\n2 SOUR @S1@\n1 EVEN\n2 TYPE Feast\n";
        let mut record = Record::parse(raw).unwrap();
        patch_union(&mut record, &union(&json!({ "status": "Married", "startDate": "1951" })), Dialect::Five);
        assert_eq!(record.to_gedcom(), raw.replace("1950", "1951"));
    }
}
