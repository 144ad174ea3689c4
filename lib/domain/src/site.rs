//! What administrators set for the whole platform (contract E29, E30).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::account::{LANGUAGES, filled_line, note, owned_text};
use crate::fields::{Input, bool_value, enum_value};
use crate::store::Body;
use crate::{FieldProblem, email};

/// As many feature flags as there may be.
const MAX_FLAGS: usize = 100;
/// As many characters as the name of one may have.
const MAX_FLAG_NAME: usize = 100;

/// The settings of the platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// What the platform calls itself.
    pub name: String,
    /// Whether only administrators may change anything.
    pub maintenance: bool,
    /// Whether anyone may sign up.
    pub registrations: bool,
    /// Of new accounts that name none: `en`, `sn` or `nd`.
    pub language: String,
    /// Where people can write to.
    pub contact: Option<String>,
    /// Switches that the frontend reads.
    pub flags: BTreeMap<String, bool>,
}

impl Default for Site {
    fn default() -> Self {
        Self {
            name: "Dzinza".to_owned(),
            maintenance: false,
            registrations: true,
            language: "en".to_owned(),
            contact: None,
            flags: BTreeMap::new(),
        }
    }
}

impl Site {
    /// What is stored, with the defaults where nothing usable is.
    pub fn read(stored: &Value) -> Self {
        let default = Self::default();
        let text = |key: &str| stored[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let flag = |key: &str, otherwise| stored[key].as_bool().unwrap_or(otherwise);
        let flags = stored["featureFlags"].as_object().into_iter().flatten();
        Self {
            name: text("siteName").unwrap_or(default.name),
            maintenance: flag("maintenanceMode", default.maintenance),
            registrations: flag("allowNewRegistrations", default.registrations),
            language: text("defaultLanguage")
                .filter(|language| LANGUAGES.contains(&language.as_str()))
                .unwrap_or(default.language),
            contact: text("contactEmail"),
            flags: flags.filter_map(|(name, on)| Some((name.clone(), on.as_bool()?))).collect(),
        }
    }

    /// As it is stored and shown, under the names of the contract.
    pub fn write(&self) -> Body {
        let Value::Object(body) = json!({
            "siteName": self.name,
            "maintenanceMode": self.maintenance,
            "allowNewRegistrations": self.registrations,
            "defaultLanguage": self.language,
            "contactEmail": self.contact,
            "featureFlags": self.flags,
        }) else {
            return Body::new();
        };
        body
    }

    /// These settings with what a request names of them. `featureFlags` is replaced as a whole; `null` and a blank
    /// text clear the address, and say nothing elsewhere.
    ///
    /// # Errors
    /// Everything that breaks a rule.
    pub fn changed(&self, request: &Body) -> Result<Self, Vec<FieldProblem>> {
        let input = Input(request);
        let mut problems = Vec::new();
        let mut site = self.clone();
        let name = present(input, &["siteName", "site_name"]);
        if let Some(name) = note(filled_line(name, "siteName", 100), &mut problems).flatten() {
            site.name = name;
        }
        let mut switch = |names: &[&str], field: &str, to: &mut bool| {
            let read = note(bool_value(input.get(names), field), &mut problems).flatten();
            *to = read.and_then(|value| value.as_bool()).unwrap_or(*to);
        };
        switch(&["maintenanceMode", "maintenance_mode"], "maintenanceMode", &mut site.maintenance);
        switch(
            &["allowNewRegistrations", "allow_new_registrations"],
            "allowNewRegistrations",
            &mut site.registrations,
        );
        let language = input.get(&["defaultLanguage", "default_language"]);
        let language = note(enum_value(language, "defaultLanguage", LANGUAGES), &mut problems).flatten();
        site.language = language.and_then(owned_text).unwrap_or(site.language);
        if let Some(given) = input.get(&["contactEmail", "contact_email"]) {
            site.contact = note(contact(given), &mut problems).flatten();
        }
        if let Some(given) = present(input, &["featureFlags", "feature_flags"]) {
            site.flags = note(flags(given), &mut problems).unwrap_or_default();
        }
        if problems.is_empty() { Ok(site) } else { Err(problems) }
    }

    /// The names, as the contract has them, of what the other has otherwise.
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        let all = [
            ("siteName", self.name != other.name),
            ("maintenanceMode", self.maintenance != other.maintenance),
            ("allowNewRegistrations", self.registrations != other.registrations),
            ("defaultLanguage", self.language != other.language),
            ("contactEmail", self.contact != other.contact),
            ("featureFlags", self.flags != other.flags),
        ];
        all.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

fn present<'a>(input: Input<'a>, names: &[&str]) -> Option<&'a Value> {
    input.get(names).filter(|value| !value.is_null())
}

fn contact(given: &Value) -> Result<Option<String>, FieldProblem> {
    match given {
        Value::Null => Ok(None),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::String(text) => {
            let read = email::normalise(text);
            read.map(Some).map_err(|problem| FieldProblem { field: "contactEmail".to_owned(), ..problem })
        }
        _ => Err(FieldProblem::new("contactEmail", "invalid_type", "contactEmail must be a text")),
    }
}

fn flags(given: &Value) -> Result<BTreeMap<String, bool>, FieldProblem> {
    let Value::Object(given) = given else {
        return Err(FieldProblem::new("featureFlags", "invalid_type", "featureFlags must be an object"));
    };
    if given.len() > MAX_FLAGS {
        let message = format!("There may be at most {MAX_FLAGS} feature flags");
        return Err(FieldProblem::new("featureFlags", "too_many", message));
    }
    let plain = |name: &str| {
        let known = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        (1..=MAX_FLAG_NAME).contains(&name.len()) && name.chars().all(known)
    };
    let mut flags = BTreeMap::new();
    for (name, on) in given {
        if !plain(name) {
            let message = format!(
                "The name of a feature flag has 1 to {MAX_FLAG_NAME} letters, digits, dots, hyphens or underscores"
            );
            return Err(FieldProblem::new("featureFlags", "invalid_name", message));
        }
        let Value::Bool(on) = on else {
            let field = format!("featureFlags.{name}");
            let message = format!("{field} must be true or false");
            return Err(FieldProblem::new(field, "invalid_boolean", message));
        };
        flags.insert(name.clone(), *on);
    }
    Ok(flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(request: &Value) -> Result<Site, Vec<FieldProblem>> {
        Site::default().changed(request.as_object().unwrap())
    }

    #[test]
    fn what_is_stored_reads_back_and_what_is_not_usable_is_the_default() {
        let site = Site {
            name: "Mhuri".to_owned(),
            maintenance: true,
            registrations: false,
            language: "sn".to_owned(),
            contact: Some("a@b.zw".to_owned()),
            flags: BTreeMap::from([("charts".to_owned(), true)]),
        };
        assert_eq!(Site::read(&Value::Object(site.write())), site);
        for strange in
            [json!({}), json!(null), json!({ "siteName": 1, "defaultLanguage": "xx", "featureFlags": [1] })]
        {
            assert_eq!(Site::read(&strange), Site::default(), "{strange}");
        }
    }

    #[test]
    fn a_part_changes_that_part_alone() {
        let site =
            changed(&json!({ "maintenance_mode": true, "featureFlags": { "a.b-c_1": false } })).unwrap();
        assert_eq!(site.differences(&Site::default()), ["maintenanceMode", "featureFlags"]);
        let cleared =
            site.changed(json!({ "featureFlags": {}, "contactEmail": " " }).as_object().unwrap()).unwrap();
        assert_eq!(cleared.differences(&site), ["featureFlags"]);
        for nothing in
            [json!({}), json!({ "siteName": null, "defaultLanguage": null, "maintenanceMode": null })]
        {
            assert!(changed(&nothing).unwrap().differences(&Site::default()).is_empty());
        }
    }

    #[test]
    fn what_breaks_a_rule_is_named() {
        let many: Body = (0..101).map(|n| (format!("f{n}"), json!(true))).collect();
        for (request, field) in [
            (json!({ "siteName": " " }), "siteName"),
            (json!({ "siteName": "x".repeat(101) }), "siteName"),
            (json!({ "maintenanceMode": "yes" }), "maintenanceMode"),
            (json!({ "allowNewRegistrations": 1 }), "allowNewRegistrations"),
            (json!({ "defaultLanguage": "fr" }), "defaultLanguage"),
            (json!({ "contactEmail": "nobody" }), "contactEmail"),
            (json!({ "contactEmail": 1 }), "contactEmail"),
            (json!({ "featureFlags": [] }), "featureFlags"),
            (json!({ "featureFlags": many }), "featureFlags"),
            (json!({ "featureFlags": { "a b": true } }), "featureFlags"),
            (json!({ "featureFlags": { "a": 1 } }), "featureFlags.a"),
        ] {
            let problems = changed(&request).unwrap_err();
            assert_eq!(problems[0].field, field, "{request}");
        }
    }
}
