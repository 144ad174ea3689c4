use std::fmt::Write as _;

use crate::variables::{VARIABLES, Variable};

/// Every variable that is read.
pub fn reference() -> &'static [Variable] {
    &VARIABLES
}

/// The configuration reference, as `docs/configuration.md` has it.
pub fn reference_markdown() -> String {
    let defaults =
        crate::Settings::from_environment(|_| None).map(|settings| settings.shown()).unwrap_or_default();
    let mut text = String::from(
        "# Configuration reference\n\n<!-- Generated from lib/config/src/variables.rs; a test compares them. -->\n\n\
         Precedence: environment, then the YAML file that `SHARED_CONFIG_PATH` names, then the defaults\n\
         (`shared-config/defaults.yaml`, compiled in). Unknown keys in a file are errors. `dzinza config check` prints what\n\
         is in force, without secrets. A secret is given as `NAME` or as a file named by `NAME_FILE`, never both.\n\n\
         Where the value of a variable is `secretsmanager:NAME`, `secretsmanager:NAME#key` (one text of a secret that is a\n\
         JSON object) or `ssm:/path`, it is fetched from AWS Secrets Manager or the parameter store once, at the start (in\n\
         builds with the feature `secrets`). The variables `AWS_..` say how, and are given as they are. With the embedded\n\
         store, jobs are kept in the data folder and brought to the queue from there.\n\n\
         | variable | also read | key in a file | kind | default | meaning |\n|---|---|---|---|---|---|\n",
    );
    for variable in reference() {
        let aliases: Vec<String> = if variable.secret {
            vec![format!("`{}_FILE`", variable.name)]
        } else {
            variable.aliases.iter().map(|alias| format!("`{alias}`")).collect()
        };
        let default =
            defaults.iter().find(|(name, _)| name == variable.name).map_or("", |(_, value)| value.as_str());
        let default = if default.is_empty() { String::new() } else { format!("`{default}`") };
        let key = if variable.secret { String::new() } else { format!("`{}`", variable.key) };
        let (name, kind, meaning) = (variable.name, variable.kind, variable.meaning);
        // Writing to a String cannot fail.
        let _ =
            writeln!(text, "| `{name}` | {} | {key} | {kind} | {default} | {meaning} |", aliases.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_written_reference_is_the_generated_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(
            written,
            reference_markdown(),
            "run: cargo run -q -p dzinza-runner -- config reference > docs/configuration.md"
        );
    }

    #[test]
    fn every_setting_is_in_the_reference() {
        let settings = crate::Settings::from_environment(|_| None).unwrap();
        let value = serde_json::to_value(&settings).unwrap();
        for key in value.as_object().unwrap().keys() {
            assert!(VARIABLES.iter().any(|variable| variable.key == key), "{key}");
        }
    }
}
