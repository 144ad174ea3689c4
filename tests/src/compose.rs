use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

/// The repository.
pub const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// `docker-compose.yml`, with the defaults of its variables.
pub struct Compose {
    /// All of it, references resolved.
    pub whole: Value,
}

impl Compose {
    /// Reads it.
    ///
    /// # Panics
    /// If it is no YAML.
    pub fn load() -> Self {
        let text = std::fs::read_to_string(Path::new(ROOT).join("docker-compose.yml")).expect("the file");
        let mut whole: serde_norway::Value = serde_norway::from_str(&text).expect("YAML");
        // One level at a time.
        loop {
            let before = whole.clone();
            whole.apply_merge().expect("references");
            if whole == before {
                break;
            }
        }
        let mut whole = serde_json::to_value(whole).expect("texts as keys");
        fill_in(&mut whole);
        Self { whole }
    }

    /// Its services by name.
    ///
    /// # Panics
    /// If it has none.
    pub fn services(&self) -> BTreeMap<&str, &Value> {
        let services = self.whole["services"].as_object().expect("services");
        services.iter().map(|(name, service)| (name.as_str(), service)).collect()
    }

    /// Those that run our image.
    pub fn own(&self) -> BTreeMap<&str, &Value> {
        let mut own = self.services();
        own.retain(|_, service| service["image"].as_str().is_some_and(|image| image.starts_with("dzinza:")));
        own
    }

    /// What a service runs, with its arguments.
    pub fn command(service: &Value) -> Vec<&str> {
        service["command"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// How many of a service there are.
    ///
    /// # Panics
    /// If there are more than any machine has room for.
    pub fn replicas(service: &Value) -> usize {
        let replicas = service["deploy"]["replicas"].as_u64().unwrap_or(1);
        replicas.try_into().expect("not that many")
    }

    /// The variables that a service is given, as texts.
    pub fn environment(service: &Value) -> BTreeMap<String, String> {
        let given = service["environment"].as_object().into_iter().flatten();
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        given.map(|(name, value)| (name.clone(), text(value))).collect()
    }
}

/// Puts the default in place of `${NAME:-default}`, and `$` in place of `$$`.
fn fill_in(value: &mut Value) {
    match value {
        Value::String(text) => *text = filled(text),
        Value::Array(items) => items.iter_mut().for_each(fill_in),
        Value::Object(fields) => fields.values_mut().for_each(fill_in),
        _ => {}
    }
}

fn filled(text: &str) -> String {
    let (mut done, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('$') {
        done.push_str(before);
        rest = if let Some(after) = after.strip_prefix('$') {
            done.push('$');
            after
        } else {
            let (variable, after) = after
                .strip_prefix('{')
                .and_then(|after| after.split_once('}'))
                .expect("a variable in braces");
            let (_, default) = variable.split_once(":-").expect("a default");
            done.push_str(default);
            after
        };
    }
    done + rest
}
