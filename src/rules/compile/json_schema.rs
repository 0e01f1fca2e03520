//! The JSON Schema of rules files, for editors.
//!
//! It is written by hand, because most of it is descriptions. It describes the language without any protos: a file that
//! it accepts may still have problems, but it must accept every file that compiles. (Where a message is due, a mapping that
//! looks like a loop is taken for one.) A test compares its keys with the compiler's.

/// The JSON Schema (draft 7) that files of [`Rules`](crate::rules::Rules) follow, for editors.
pub const JSON_SCHEMA: &str = include_str!("rules.schema.json");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::handler::CODES;
    use crate::rules::compile::answers;
    use crate::rules::compile::collections::{COLLECTION_KEYS, DURABILITIES, KEEP_KEYS};
    use crate::rules::compile::events::outcome::{SESSION_KEYS, TIMER_KEYS};
    use crate::rules::compile::events::steps::{ACTIONS, MODIFIERS};
    use crate::rules::compile::google_rpc::SHORT_FORMS;
    use crate::rules::compile::rule_keys::RULE_KEYS;
    use crate::rules::compile::values::each::{LOOP_KEYS, PAGE};

    fn definition(name: &str) -> Value {
        let schema: Value = serde_json::from_str(JSON_SCHEMA).unwrap();
        schema["definitions"][name].clone()
    }

    fn properties(name: &str) -> BTreeSet<String> {
        let definition = definition(name);
        let keys = definition["properties"].as_object().unwrap().keys();
        // YAML has it in every mapping.
        keys.filter(|key| *key != "<<").cloned().collect()
    }

    #[test]
    fn its_effects_are_those_of_the_checker() {
        let definition = definition("rule");
        let effects = definition["then"]["dependencies"]["then"]["anyOf"]
            .as_array()
            .unwrap();
        let effects = effects
            .iter()
            .map(|effect| effect["required"][0].as_str().unwrap().to_owned());
        assert_eq!(
            effects.collect::<BTreeSet<_>>(),
            set(answers::EFFECTS.iter().chain(&["validate"]))
        );
    }

    /// The keys of which exactly one must be there.
    fn alternatives(name: &str) -> BTreeSet<String> {
        let definition = definition(name);
        let cases = definition["then"]["oneOf"].as_array().unwrap();
        let required = |case: &Value| case["required"][0].as_str().unwrap().to_owned();
        cases.iter().map(required).collect()
    }

    fn set<'t>(names: impl IntoIterator<Item = &'t &'t str>) -> BTreeSet<String> {
        names.into_iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn its_keys_are_those_of_the_checker() {
        assert_eq!(properties("rule"), set(&RULE_KEYS));
        assert_eq!(
            alternatives("rule"),
            set(answers::OUTCOMES.iter().chain(&["answers", "then"]))
        );
        assert_eq!(alternatives("answer"), set(&answers::OUTCOMES));
        assert_eq!(
            properties("answer"),
            set(answers::OUTCOMES.iter().chain(&answers::EFFECTS))
        );
        assert_eq!(properties("session"), set(&SESSION_KEYS));
        assert_eq!(properties("timer"), set(&TIMER_KEYS));
        assert_eq!(properties("step"), set(ACTIONS.iter().chain(&MODIFIERS)));
        assert_eq!(alternatives("step"), set(&ACTIONS));
        assert_eq!(properties("collection"), set(&COLLECTION_KEYS));
        assert_eq!(properties("keep"), set(&KEEP_KEYS));
        let durabilities = &definition("collection")["properties"]["durability"]["enum"];
        assert_eq!(*durabilities, serde_json::json!(DURABILITIES));
        assert_eq!(properties("loop"), set(LOOP_KEYS.iter().chain(&[PAGE])));
        assert_eq!(
            properties("detail"),
            set(SHORT_FORMS.iter().map(|(form, _)| form))
        );
        let codes = &definition("status")["properties"]["code"]["anyOf"][0]["enum"];
        assert_eq!(*codes, serde_json::json!(CODES));
    }

    #[test]
    fn every_key_is_described() {
        let schema: Value = serde_json::from_str(JSON_SCHEMA).unwrap();
        let definitions = schema["definitions"].as_object().unwrap();
        for (name, definition) in definitions.iter().chain([(&"file".to_owned(), &schema)]) {
            for (key, property) in definition["properties"].as_object().into_iter().flatten() {
                assert!(property["description"].is_string(), "{key} of {name}");
            }
        }
    }
}
