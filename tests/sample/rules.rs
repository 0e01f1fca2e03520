//! A few rules of `buf.validate`, checked by hand. tests/validation checks samples against all of them.

use protod::Schema;

use crate::{json, method, samples, text};

fn fixtures() -> Schema {
    Schema::load(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/sample")).expect("the fixtures load")
}

#[test]
fn rules_win_over_what_a_name_suggests() {
    let schema = fixtures();
    for sample in samples(method(&schema, "sample.rules.Rules/Numbers")) {
        let sample = json(&sample);
        assert!((200..210).contains(&sample["age"].as_i64().expect("a number")));
        assert!(sample["port"].as_i64().expect("a number") <= 80);
        assert_eq!(sample["top"], u64::MAX.to_string());
        let outside = sample["outside"]
            .as_str()
            .and_then(|text| text.parse().ok())
            .unwrap_or(0_i64);
        assert!(!(-1_000_000..=1_000_000).contains(&outside));
    }
}

#[test]
fn text_keeps_format_pattern_and_length_together() {
    let schema = fixtures();
    for sample in samples(method(&schema, "sample.rules.Rules/Formats")) {
        assert!(text(&sample, "our_email").ends_with("@acme.example"));
        assert!(text(&sample, "short_email").len() <= 8);
        let secure = text(&sample, "secure");
        let path = secure.strip_prefix("https://").expect("the rule's prefix");
        assert_eq!(
            std::path::Path::new(path).extension(),
            Some("png".as_ref()),
            "{secure}"
        );
    }
    for sample in samples(method(&schema, "sample.rules.Rules/Patterns")) {
        let sku = text(&sample, "sku");
        let (letters, digits) = sku.split_once('-').expect("as the pattern says");
        assert!(letters.len() == 3 && letters.chars().all(|letter| letter.is_ascii_uppercase()));
        assert!(digits.len() == 4 && digits.chars().all(|digit| digit.is_ascii_digit()));
        assert!((60..=64).contains(&text(&sample, "long").len()));
    }
}

#[test]
fn an_api_of_annotations_and_rules_is_answered() {
    let schema = fixtures();
    for book in samples(method(&schema, "sample.library.Library/GetBook")) {
        let book = json(&book);
        assert!(
            book["name"]
                .as_str()
                .is_some_and(|name| name.starts_with("shelves/"))
        );
        assert!(book["createTime"].is_string(), "only for output");
        assert!(book["adminNote"].is_null(), "only for input");
        assert!(
            book["isbn"]
                .as_str()
                .is_some_and(|isbn| isbn.starts_with("97") && isbn.len() == 14)
        );
        assert!(
            book["authors"][0]["email"]
                .as_str()
                .is_some_and(|email| email.contains('@'))
        );
    }
}
