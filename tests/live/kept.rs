//! What a reload keeps: the counts of rules that it recognises, and the store.

use crate::generations::{proto, rules};
use crate::support::{Live, Start, write};

#[tokio::test]
async fn times_of_a_rule_that_keeps_its_name_count_on() {
    let limited = |text: &str| {
        let first = "rules:\n  - {name: thrice, method: p.S/Unary, times: 3, reply: {text: limited}}\n";
        rules(text).replacen("rules:\n", first, 1)
    };
    let mut live = Live::start(Start::default(), |folder| {
        write(&folder.join("a.proto"), &proto(1));
        write(&folder.join("a.rules.yaml"), &limited("one"));
    })
    .await;
    let mut client = live.client().await;
    let mut answers = Vec::new();
    for text in ["two", "three"] {
        answers.push(client.unary().await.expect("never fails").1);
        answers.push(client.unary().await.expect("never fails").1);
        live.forget_outcomes();
        write(&live.path("a.rules.yaml"), &limited(text));
        live.reloaded().await;
    }
    assert_eq!(answers, ["limited", "limited", "limited", "two"]);
}

#[tokio::test]
async fn a_rule_that_is_removed_and_added_again_counts_anew() {
    let limited = |text: &str| {
        let first = "rules:\n  - {name: once, method: p.S/Unary, times: 1, reply: {text: limited}}\n";
        rules(text).replacen("rules:\n", first, 1)
    };
    let mut live = Live::start(Start::default(), |folder| {
        write(&folder.join("a.proto"), &proto(1));
        write(&folder.join("a.rules.yaml"), &limited("one"));
    })
    .await;
    let mut client = live.client().await;
    let mut answers = Vec::new();
    for rules in [rules("two"), limited("three"), limited("four")] {
        answers.push(client.unary().await.expect("never fails").1);
        live.forget_outcomes();
        write(&live.path("a.rules.yaml"), &rules);
        live.reloaded().await;
    }
    answers.push(client.unary().await.expect("never fails").1);
    assert_eq!(answers, ["limited", "two", "limited", "four"]);
}

#[tokio::test]
async fn the_store_outlives_a_swap() {
    let counted = |word: &str| {
        let first = format!(
            "rules:\n  - method: p.S/Unary\n    session:\n      message:\n        \
             - set: {{store.n: \"${{has(store.n) ? store.n + 1 : 1}}\"}}\n        \
             - send: {{text: \"{word} ${{store.n}}\"}}\n"
        );
        rules("unused").replacen("rules:\n", &first, 1)
    };
    let mut live = Live::start(Start::default(), |folder| {
        write(&folder.join("a.proto"), &proto(1));
        write(&folder.join("a.rules.yaml"), &counted("old"));
    })
    .await;
    let mut client = live.client().await;
    assert_eq!(client.unary().await.expect("never fails").1, "old 1");
    live.forget_outcomes();
    write(&live.path("a.rules.yaml"), &counted("new"));
    live.reloaded().await;
    assert_eq!(client.unary().await.expect("never fails").1, "new 2");
}
