//! The JSON Schema of rules files: all good files conform, and bad ones do not.

#[path = "support/yaml.rs"]
mod yaml;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jsonschema::Validator;
use protod::rules::JSON_SCHEMA;

fn validator() -> Validator {
    let schema = serde_json::from_str(JSON_SCHEMA).expect("it is JSON");
    jsonschema::draft7::meta::validate(&schema).expect("it is a JSON Schema of draft 7");
    jsonschema::validator_for(&schema).expect("its references resolve")
}

/// The problems of a rules file; empty if it conforms.
fn problems(validator: &Validator, yaml: &str) -> Vec<String> {
    let file = yaml::parse(yaml);
    let errors = validator.iter_errors(&file);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// The files below `folder` with this ending, without cargo's output.
fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("it is there") {
        let path = entry.expect("it can be listed").path();
        let name = path.file_name().expect("it has a name").to_string_lossy();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            files(&path, ending, found);
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
}

fn repository(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
        ending,
        &mut found,
    );
    assert!(!found.is_empty(), "no {ending} below {folder}");
    found
}

#[test]
fn all_rules_of_the_repository_conform() {
    let validator = validator();
    for path in repository("", ".rules.yaml") {
        let text = fs::read_to_string(&path).expect("it can be read");
        assert_eq!(problems(&validator, &text), [""; 0], "{}", path.display());
    }
    for path in repository("tests/corpus", ".yaml") {
        let specimen = yaml::parse(&fs::read_to_string(&path).expect("it can be read"));
        let rules = specimen["rules"].as_str().expect("a specimen has rules");
        assert_eq!(problems(&validator, rules), [""; 0], "{}", path.display());
    }
}

#[test]
fn every_key_and_form_conforms() {
    let validator = validator();
    for good in [
        "",
        "rules:",
        "rules: []",
        "rules: [{method: p.S/*, name: 7, priority: -3, times: 0, scope: call.peer, when: true, reply: '${request}'}]",
        "rules: [{method: p.S/M, match: {a: null}, headers: {x: [a, 1], y-bin: AA==}, trailers: {z: '${1}'}, stream: }]",
        "rules: [{method: [p.S/M, '*/N*'], reply: {}}]",
        "rules: [{method: p.S/M, stream: [{every: 1s, send: {}}, {every: '${t}', as: n, do: []}]}]",
        "rules: [{method: p.S/M, status: {code: 16, message: m, details: [{retry_info: {retry_delay: 1s}}, {'@type': a.B, c: 1}, '${B{c: 1}}']}}]",
        "rules: [{method: p.S/M, status: {code: '${request.code}'}}]",
        "rules: [{method: p.S/M, session: {state: {n: 0}, key: k, open: [], message: , half_close: [{flush: headers}],
           timers: [{every: 1.5s, do: []}, {after: '${state.t}', do: []}], signals: {drain: [{signal: s, key: '${1}'}]}}}]",
        "rules: [{method: p.S/M, stream: [{repeat: 3, as: n, every: 1h30m, when: n > 1, send: {}}, {each: '${l}', do: []},
           {choose: [{when: x, do: []}, {do: []}]}, {set: {n: 1, store.m: null}}, {wait: 5ms}, {log: 5}, {repeat: '${n}', send: 1}]}]",
        "rules: [{method: '*/*', delay: 20ms, log: x, set: {store.n: 1}, headers: {x: 1}, trailers: {y: 1}, then: next}]",
        "rules: [{method: p.S/M, metadata: {a: x, b: 1, c: [x, 2], d: {}, e: null, f-bin: AA==, g: {not: x}, h: {not: [x, 2]}}, chance: 0.1, delay: {min: 1ms, max: 1.5s}, reply: {}}]",
        "rules: [{method: p.S/M, delay: {mean: 1ms, deviation: 1ms}, stream: [{wait: {p50: 1ms, p99.9: 2s, p100: 3s}}, {repeat: 1, every: {median: 1s, sigma: 0.5}, do: []}]}]",
        "rules: [{method: p.S/M, scope: call.peer, after: next, answers: [{reply: {}}, {status: {code: 1}, delay: 1s, log: 1, set: {store.x: 1},
           headers: {x: 1}, trailers: {y: 1}}, {stream: []}, {session: {}}]}]",
        "rules: [{method: p.S/M, sample: {}}, {method: p.S/M, sample: {a: 1}}, {method: p.S/M, answers: [{sample: {a: '${1}'}}]}, {method: p.S/M, stream: [{sample: {}}]}]",
        "rules: [{method: p.S/M, validate: false, reply_file: a.json}, {method: p.S/M, answers: [{reply_file: a.json}]},
           {method: p.S/M, stream: [{send_file: b.ndjson, pause: 1ms, when: x}, {send_file: b.ndjson, each: '${l}', every: 1s}]}]",
        "x-busy: &busy {code: UNAVAILABLE}\nx-0: 1\nrules: [&a {method: p.S/M, status: *busy}, {<<: *a, match: {b: 1}}]",
        "rules: [{method: 'a.*/Get*', delay: '${1}', log: 5, set: {store.n: null}, reply: {}}]",
        "rules: [{method: p.S/M, stream: [{each: '${l}', as: [i, x], do: []},
           {set: {n: {each: '${l}', as: [i, x], when: x > 1, skip: 1, limit: '${n}', key: '${i}', value: [1]}, m: {a: [{each: '${l}', value: 1}]}}},
           {send: {each: {}}}]}]",
        "rules: [{method: p.S/M, status: {code: ABORTED, details: {each: '${l}', value: {error_info: {}}}}}]",
        "rules: [{method: p.S/M, set: {store.l: {each: '${l}', value: 1}}, reply: {a: {each: '${l}', page: 20, value: {b: [{each: '${m}', as: x, limit: 2, value: '${x}'}]}}}},
           {method: p.S/M, reply: {each: '${l}', a: 1}}, {method: p.S/M, stream: [{send: {a: {each: one, value: 2}}}]},
           {method: p.S/M, answers: [{sample: {a: {each: '${l}', key: k, value: v}}}]}]",
    ] {
        assert_eq!(problems(&validator, good), [""; 0], "{good}");
    }
}

/// Editors see a merge key as a key, and what it brings only if they follow aliases.
#[test]
fn merge_keys_conform_wherever_a_mapping_has_keys_of_its_own() {
    let validator = validator();
    let merged = serde_json::json!({"<<": {"reply": {}}});
    let with = |key: &str, value: serde_json::Value| {
        let mut rule = serde_json::json!({"method": "p.S/M"});
        rule[key] = value;
        rule
    };
    let session = serde_json::json!({
        "<<": {}, "state": {"<<": {}}, "signals": {"<<": {}}, "timers": [{"<<": {}}],
        "message": [{"<<": {}, "when": "x"}, {"choose": [{"<<": {}}]}]
    });
    for rule in [
        merged.clone(),
        serde_json::json!({"<<": [{}, {}], "match": {}, "after": "cycle"}),
        with("answers", serde_json::json!([merged])),
        with("status", serde_json::json!({"<<": {}, "message": "m"})),
        with("session", session),
        with(
            "reply",
            serde_json::json!({"<<": {}, "a": {"each": "${l}", "value": {"<<": {}}}}),
        ),
        serde_json::json!({"method": "p.S/M", "headers": {"<<": {}}, "metadata": {"<<": {}}, "reply": {}}),
    ] {
        let file = serde_json::json!({"rules": [rule]});
        let errors: Vec<String> = validator
            .iter_errors(&file)
            .map(|error| error.to_string())
            .collect();
        assert_eq!(errors, [""; 0], "{file}");
    }
}

#[test]
fn what_the_language_does_not_have_does_not_conform() {
    let validator = validator();
    for bad in [
        "[]",
        "rule: []",
        "rules: {}",
        "rules: [{reply: {}}]",
        "rules: [{method: p.S, reply: {}}]",
        "rules: [{method: p.S/M}]",
        "rules: [{method: p.S/M, reply: {}, status: {code: OK}}]",
        "rules: [{method: p.S/M, replay: {}}]",
        "rules: [{method: p.S/M, reply: {}, priority: high}]",
        "rules: [{method: p.S/M, reply: {}, times: -1}]",
        "rules: [{method: p.S/M, reply: {}, after: cycle}]",
        "rules: [{method: p.S/M, answers: []}]",
        "rules: [{method: p.S/M, answers: [{}]}]",
        "rules: [{method: p.S/M, answers: [{reply: {}, status: {code: OK}}]}]",
        "rules: [{method: p.S/M, answers: [{reply: {}, times: 1}]}]",
        "rules: [{method: p.S/M, answers: [{reply: {}}], after: repeat}]",
        "rules: [{method: p.S/M, reply: {}, when: 3}]",
        "rules: [{method: p.S/M, reply: {}, headers: {X-Upper: a}}]",
        "rules: [{method: p.S/M, reply: {}, headers: {grpc-status: '0'}}]",
        "rules: [{method: p.S/M, then: next}]",
        "rules: [{method: p.S/M, sample: }]",
        "rules: [{method: p.S/M, sample: true}]",
        "rules: [{method: p.S/M, sample: {}, reply: {}}]",
        "rules: [{method: p.S/M, metadata: {X-Upper: a}, reply: {}}]",
        "rules: [{method: p.S/M, metadata: {x: {y: 1}}, reply: {}}]",
        "rules: [{method: p.S/M, metadata: {x: []}, reply: {}}]",
        "rules: [{method: p.S/M, metadata: {x: {not: null}}, reply: {}}]",
        "rules: [{method: p.S/M, metadata: {x: {not: {}}}, reply: {}}]",
        "rules: [{method: p.S/M, metadata: {x: [null]}, reply: {}}]",
        "rules: [{method: p.S/M, chance: 10%, reply: {}}]",
        "rules: [{method: p.S/M, chance: 10, reply: {}}]",
        "rules: [{method: p.S/M, delay: {min: 1ms}, reply: {}}]",
        "rules: [{method: p.S/M, delay: {min: 1ms, max: 5}, reply: {}}]",
        "rules: [{method: p.S/M, delay: {min: 1ms, max: 1ms, mean: 1ms}, reply: {}}]",
        "rules: [{method: p.S/M, delay: {median: 1ms, sigma: -1}, reply: {}}]",
        "rules: [{method: p.S/M, delay: {p101: 1ms}, reply: {}}]",
        "rules: [{method: p.S/M, delay: {}, reply: {}}]",
        "rules: [{method: p.S/M, delay: 1s, then: stop}]",
        "rules: [{method: p.S/M, reply: {a: {each: '${l}', as: x, vlaue: 1}}}]",
        "rules: [{method: p.S/M, reply: {a: [{b: {each: '${l}', value: 1, page: 0}}]}}]",
        "rules: [{method: p.S/M, set: {store.l: {each: '${l}', when: x}}, reply: {}}]",
        "rules: [{method: p.S/M, stream: [{send: {a: {each: '${l}', wher: x, value: 1}}}]}]",
        "rules: [{<<: {when: x}, method: p.S/M, replay: {}}]",
        "rules: [{method: p.S/M, delay: 1s}]",
        "rules: [{method: p.S/M, delay: 1s, reply: {}, then: next}]",
        "rules: [{method: p.S/M/N, reply: {}}]",
        "rules: [{method: p.S/M, status: {message: m}}]",
        "rules: [{method: p.S/M, status: {code: NOTFOUND}}]",
        "rules: [{method: p.S/M, status: {code: 17}}]",
        "rules: [{method: p.S/M, status: {code: OK, details: [{retry_inf: {}}]}}]",
        "rules: [{method: p.S/M, status: {code: OK, details: [{help: {}, debug_info: {}}]}}]",
        "rules: [{method: p.S/M, reply_file: {}}]",
        "rules: [{method: p.S/M, reply_file: a.json, reply: {}}]",
        "rules: [{method: p.S/M, validate: off, reply: {}}]",
        "rules: [{method: p.S/M, stream: [{send: {}, pause: 1ms}]}]",
        "rules: [{method: p.S/M, stream: [{send_file: a.json, send: {}}]}]",
        "y-busy: 1\nrules: []",
        "rules: [{method: p.S/M, stream: {send: {}}}]",
        "rules: [{method: p.S/M, stream: [{}]}]",
        "rules: [{method: p.S/M, stream: [{when: x}]}]",
        "rules: [{method: p.S/M, stream: [{send: {}, log: x}]}]",
        "rules: [{method: p.S/M, stream: [{sent: {}}]}]",
        "rules: [{method: p.S/M, stream: [{send: {}, as: n}]}]",
        "rules: [{method: [], reply: {}}]",
        "rules: [{method: [[p.S/M]], reply: {}}]",
        "rules: [{method: [p.S], reply: {}}]",
        "rules: [{method: p.S/M, stream: [{send: {}, key: k}]}]",
        "rules: [{method: p.S/M, stream: [{send: {}, repeat: 1, each: '${l}'}]}]",
        "rules: [{method: p.S/M, stream: [{send: {}, repeat: many}]}]",
        "rules: [{method: p.S/M, stream: [{send: {}, repeat: 1, as: 2n}]}]",
        "rules: [{method: p.S/M, stream: [{send: {}, each: '${l}', as: [a, b, c]}]}]",
        "rules: [{method: p.S/M, stream: [{set: {n: {each: '${l}'}}}]}]",
        "rules: [{method: p.S/M, stream: [{set: {n: {each: '${l}', value: 1, where: x}}}]}]",
        "rules: [{method: p.S/M, stream: [{set: {n: {m: [{each: [1], value: 1}]}}}]}]",
        "rules: [{method: p.S/M, session: {state: {n: {each: '${l}', limit: -1, value: 1}}}}]",
        "rules: [{method: p.S/M, session: {state: {n: {each: '${l}', page: 5, value: 1}}}}]",
        "rules: [{method: p.S/M, stream: [{wait: 200}]}]",
        "rules: [{method: p.S/M, stream: [{wait: 5 s}]}]",
        "rules: [{method: p.S/M, stream: [{flush: trailers}]}]",
        "rules: [{method: p.S/M, stream: [{choose: [{when: x}]}]}]",
        "rules: [{method: p.S/M, session: {states: {}}}]",
        "rules: [{method: p.S/M, session: {state: {no-name: 1}}}]",
        "rules: [{method: p.S/M, session: {timers: [{every: 1s, after: 1s, do: []}]}}]",
        "rules: [{method: p.S/M, session: {timers: [{every: 1s}]}}]",
        "rules: [{method: p.S/M, session: {signals: [drain]}}]",
    ] {
        assert_ne!(problems(&validator, bad), [""; 0], "{bad}");
    }
}

#[test]
fn the_command_line_prints_it() {
    let output = Command::new(env!("CARGO_BIN_EXE_protod")).arg("schema").output();
    let output = output.expect("protod can be started");
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).expect("UTF-8"), JSON_SCHEMA);
}
