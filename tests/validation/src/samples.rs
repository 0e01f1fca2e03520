//! Every sample of a proto with validation rules satisfies them, with any seed.

use prost_protovalidate::Validator;
use protod::{Method, Sampler, Schema};

/// Enough to reach every random branch.
const SEEDS: u64 = 100;

/// The fixtures as protod loads them: what they import is bundled with it.
fn fixtures() -> Schema {
    Schema::load(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/sample")).expect("the fixtures load")
}

fn refusals(validator: &Validator, method: &Method) -> Vec<String> {
    let samples = (0..SEEDS).map(|seed| Sampler::new(seed).sample(method, None, 0));
    samples
        .filter_map(|sample| {
            let refusal = validator.validate(&sample).err()?;
            let json = serde_json::to_string(&sample).expect("every sample has a JSON form");
            Some(format!("{}: {refusal}\n    {json}", method.name()))
        })
        .collect()
}

#[test]
fn every_sample_satisfies_its_rules() {
    let validator = Validator::new();
    let schema = fixtures();
    assert!(schema.methods().len() > 10);
    let refused: Vec<String> = schema
        .methods()
        .iter()
        .filter_map(|method| refusals(&validator, method).into_iter().next())
        .collect();
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn the_check_refuses_what_breaks_a_rule() {
    let schema = fixtures();
    let method = schema.method("sample.rules.Rules/Numbers").expect("it is there");
    let mut sample = Sampler::new(0).sample(method, None, 0);
    sample.set_field_by_name("exact", prost_reflect::Value::I32(8));
    assert!(Validator::new().validate(&sample).is_err());
}
