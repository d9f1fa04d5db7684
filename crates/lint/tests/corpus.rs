//! Real events, if `AYUMI_MISP_CORPUS` names a folder of them, and damaged samples: nothing panics, and what is said twice is
//! the same.

mod support;

use std::time::Instant;

use ayumi_lint::{Settings, Suggester, fix};
use ayumi_misp::{Context, Document};
use proptest::prelude::*;

use support::{NOW, corpus, lint_bytes, samples};

fn settings() -> Settings {
    Settings {
        limit: u64::MAX,
        ..Settings::new(NOW)
    }
}

#[test]
fn every_document_is_read_fixed_and_read_again() {
    let suggester = Suggester::new(None).expect("the built-in names are sound");
    let (mut bytes_read, mut documents, mut scores) = (0, 0_u64, 0);
    let started = Instant::now();
    for (name, bytes) in samples().into_iter().chain(corpus()) {
        let Ok(document) = Document::parse(&bytes) else {
            continue;
        };
        let report = lint_bytes(&bytes, &settings());
        assert!(report.score <= 100 && !report.findings.is_empty(), "{name}");
        assert!(
            report
                .findings
                .iter()
                .all(|finding| finding.place.is_some()),
            "{name}"
        );
        let again = lint_bytes(&bytes, &settings());
        assert_eq!(format!("{report:?}"), format!("{again:?}"), "{name}");
        let fixed = fix::apply(&bytes, &fix::changes(&bytes, &fix::edits(&report)));
        let after = lint_bytes(&fixed, &settings());
        assert!(
            after.score >= report.score,
            "{name}: {} and then {}",
            report.score,
            after.score
        );
        assert_eq!(fix::edits(&after), [], "{name}");
        suggester.suggest(&document);
        (bytes_read, documents, scores) = (
            bytes_read + bytes.len(),
            documents + 1,
            scores + report.score,
        );
    }
    println!(
        "{documents} documents, {bytes_read} bytes, mean score {}, {:?}",
        scores / documents,
        started.elapsed()
    );
}

proptest! {
    #[test]
    fn a_damaged_sample_never_panics(
        pick in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        insert in "[\\[\\]{}\":,0a\\\\]{0,3}",
        cut in 0..40_usize,
    ) {
        let all = samples();
        let mut bytes = pick.get(&all).1.clone();
        let at = at.index(bytes.len());
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, insert.into_bytes());
        if let Ok(document) = Document::parse(&bytes) {
            let (context, notes) = Context::read(&document);
            let mut report = ayumi_lint::lint(&document, &context, &notes, &settings());
            report.locate(&bytes, "", (1, 1));
            fix::apply(&bytes, &fix::changes(&bytes, &fix::edits(&report)));
        }
    }
}
