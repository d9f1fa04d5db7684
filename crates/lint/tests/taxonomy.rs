//! The taxonomy that MISP imports has the words that are read.

use ayumi_misp::{Action, Audience, ControlPoint, Direction, Word};
use serde_json::Value;

fn words<W: Word>() -> Vec<&'static str> {
    W::ALL.iter().map(|word| word.name()).collect()
}

#[test]
fn the_taxonomy_has_the_words_of_the_vocabulary() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../taxonomies/ayumi/machinetag.json"
    );
    let text = std::fs::read_to_string(path).expect("the taxonomy is there");
    let taxonomy: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(taxonomy["namespace"], "ayumi");
    let listed = |list: &Value| {
        let list = list.as_array().expect("a list");
        list.iter()
            .map(|item| item["value"].as_str().expect("a word").to_owned())
            .collect::<Vec<_>>()
    };
    let predicates = [
        "audience",
        "direction",
        "control-point",
        "expected-action",
        "valid-from",
        "valid-until",
    ];
    assert_eq!(listed(&taxonomy["predicates"]), predicates);
    let of_predicates = [
        words::<Audience>(),
        words::<Direction>(),
        words::<ControlPoint>(),
        words::<Action>(),
    ];
    for (index, words) in of_predicates.into_iter().enumerate() {
        let values = &taxonomy["values"][index];
        assert_eq!(values["predicate"], predicates[index]);
        assert_eq!(listed(&values["entry"]), words);
    }
}
