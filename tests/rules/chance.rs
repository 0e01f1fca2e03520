//! What is random: `chance`, a rule that matches some of the calls that fit it, and seeds, which make it repeatable.

use protod::RulesOptions;

use crate::support::{Running, kinds, problems};

const RULES: &str = r"
rules:
  - {method: kinds.Kinds/Unary, chance: 0.5, headers: {x-half: 1}, then: next}
  - {method: kinds.Kinds/Unary, match: {bool: true}, chance: 0.1, status: {code: UNAVAILABLE}}
  - {method: kinds.Kinds/Unary, match: {bool: true}, chance: 0.5, times: 20, reply: {string: early}}
  - {method: kinds.Kinds/Unary, chance: 0, reply: {string: never}}
  - {method: kinds.Kinds/Unary, chance: 1.0, reply: {string: all others}}
";

/// What a server with this seed answers to so many calls, one letter each: upper case with the header.
async fn answers(seed: u64, calls: usize) -> String {
    let server = Running::with(kinds(), &RulesOptions::default().seed(seed), RULES).await;
    let mut answers = String::new();
    for _ in 0..calls {
        let outcome = server.call("Unary", &[r#"{"bool": true}"#]).await;
        let letter = match outcome.messages.first().map(String::as_str) {
            None => 'u',
            Some(r#"{"string":"early"}"#) => 'e',
            Some(r#"{"string":"all others"}"#) => 'a',
            Some(other) => panic!("{other}"),
        };
        let half = outcome.headers.contains_key("x-half");
        answers.push(if half { letter.to_ascii_uppercase() } else { letter });
    }
    answers
}

#[tokio::test]
async fn the_same_calls_match_for_the_same_seed() {
    let one = answers(7, 60).await;
    assert_eq!(answers(7, 60).await, one);
    assert_ne!(answers(8, 60).await, one);
}

/// With a seed, so the bounds cannot be missed by chance.
#[tokio::test]
async fn as_many_calls_match_as_the_chance_says() {
    let answers = answers(1, 1000).await;
    let count = |letters: &str| answers.chars().filter(|letter| letters.contains(*letter)).count();
    assert!((70..130).contains(&count("uU")), "{}", count("uU"));
    assert!((450..550).contains(&count("UEA")), "{}", count("UEA"));
    // Of those that are left by then, every other, until its `times` are used up.
    assert_eq!(count("eE"), 20);
    let last = answers.rfind(['e', 'E']).expect("twenty of them");
    assert!((30..70).contains(&last), "{last}");
}

#[tokio::test]
async fn a_chance_counts_also_for_the_first_rule_without_conditions() {
    let yaml = r"
rules:
  - {method: kinds.Kinds/Unary, chance: 0, reply: {string: never}}
  - {method: kinds.Kinds/Unary, reply: {string: always}}
";
    let server = Running::start(yaml).await;
    let outcome = server.call("Unary", &["{}"]).await;
    assert_eq!(outcome.messages, [r#"{"string":"always"}"#]);
}

#[test]
fn a_chance_that_is_none_is_told() {
    for (chance, hint) in [
        ("10%", "10 % is `0.1`"),
        ("10 %", "10 % is `0.1`"),
        ("'0.5%'", "0.5 % is `0.005`"),
        ("25", "25 % is `0.25`"),
        ("1.5", "1.5 % is `0.015`"),
        ("-0.1", "0.1 is one call in ten"),
        ("often", "0.1 is one call in ten"),
        ("1000", "0.1 is one call in ten"),
        (".nan", "0.1 is one call in ten"),
        ("'${0.1}'", "0.1 is one call in ten"),
    ] {
        let yaml = format!("rules: [{{method: kinds.Kinds/Unary, chance: {chance}, reply: {{}}}}]");
        let expected = format!("test.rules.yaml:1:45: `chance` is a number from 0 to 1 (hint: {hint})");
        assert_eq!(problems(&kinds(), &yaml), expected, "{chance}");
    }
}

#[tokio::test]
async fn a_seed_makes_random_values_the_same_again() {
    let yaml = "rules: [{method: kinds.Kinds/Unary, reply: {names: ['${uuid()}', '${uuid()}'], double: '${random()}'}}]";
    let mut answers = Vec::new();
    for seed in [7, 7, 8] {
        let server = Running::with(kinds(), &RulesOptions::default().seed(seed), yaml).await;
        let first = server.call("Unary", &["{}"]).await.messages;
        assert_ne!(
            first,
            server.call("Unary", &["{}"]).await.messages,
            "each call has values of its own"
        );
        answers.push(first);
    }
    assert_eq!(answers[0], answers[1]);
    assert_ne!(answers[0], answers[2]);
}
