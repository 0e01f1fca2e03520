//! Every sample of a proto with validation rules must satisfy them, whatever the seed.

use protod::{Method, Sampler, Schema};
use protox::file::{ChainFileResolver, DescriptorSetFileResolver, GoogleFileResolver, IncludeFileResolver};

/// Enough for every branch of what is made up by chance.
const SEEDS: u64 = 100;

fn fixture(name: &str) -> Schema {
    let mut files = ChainFileResolver::new();
    files.add(IncludeFileResolver::new(
        concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/sample").into(),
    ));
    let rules = prost_protovalidate_types::DESCRIPTOR_POOL.encode_to_vec();
    files.add(DescriptorSetFileResolver::decode(rules.as_slice()).expect("a descriptor set"));
    files.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(files);
    compiler
        .include_imports(true)
        .open_file(name)
        .expect("the fixture compiles");
    Schema::from_descriptor_set(&compiler.encode_file_descriptor_set()).expect("it was just compiled")
}

fn refusals(validator: &prost_protovalidate::Validator, method: &Method) -> Vec<String> {
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
    let validator = prost_protovalidate::Validator::new();
    let schema = fixture("rules.proto");
    assert_eq!(schema.methods().len(), 10);
    let refused: Vec<String> = schema
        .methods()
        .iter()
        .filter_map(|method| refusals(&validator, method).into_iter().next())
        .collect();
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn the_check_refuses_what_breaks_a_rule() {
    let schema = fixture("rules.proto");
    let method = schema.method("sample.rules.Rules/Numbers").expect("it is there");
    let mut sample = Sampler::new(0).sample(method, None, 0);
    sample.set_field_by_name("exact", prost_reflect::Value::I32(8));
    assert!(prost_protovalidate::Validator::new().validate(&sample).is_err());
}
