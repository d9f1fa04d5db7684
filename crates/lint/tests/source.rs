//! A file with a list of events is sound to its end, or one of what comes out of it is an error.

use std::fs;
use std::ops::ControlFlow;

use ayumi_lint::SourceError;
use ayumi_lint::source::{OneFile, Source};

/// What comes out of a file: how many documents, and the error, if there is one.
fn read(text: &str) -> (usize, Option<SourceError>) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("list.json");
    fs::write(&path, text).expect("a file");
    let (mut documents, mut error) = (0, None);
    let _ = OneFile(path).each(&mut |arrival| {
        match arrival.read {
            Ok(_) => documents += 1,
            Err(cause) => error = Some(cause),
        }
        ControlFlow::Continue(())
    });
    (documents, error)
}

fn event(value: &str) -> String {
    format!(
        r#"{{"Event":{{"info":"x","Attribute":[{{"type":"url","category":"Network activity","value":"{value}"}}]}}}}"#
    )
}

#[test]
fn a_second_list_of_events_is_refused() {
    let [a, b, c] = ["hxxp://aa[.]com", "hxxp://bb[.]com", "hxxp://cc[.]com"].map(event);
    let (documents, error) = read(&format!(r#"{{"response":[{a},{b}],"response":[{c}]}}"#));
    assert_eq!(documents, 2);
    assert!(
        matches!(error, Some(SourceError::SecondList { after: 2 })),
        "{error:?}"
    );
    let (_, error) = read(&format!(r#"{{"response":[{c}],"response":[{a},{b}]}}"#));
    assert!(error.is_some());
}

#[test]
fn an_error_in_a_list_is_where_it_is_in_the_file() {
    let a = event("aa.com");
    for (list, at) in [
        (
            format!("[\n{a},\n{{\"Event\":\n{{\"info\":x}}}}]"),
            "line 4, column 9:",
        ),
        (format!("[{a},\n {{\"Event\":x}}]"), "line 2, column 11:"),
    ] {
        let (documents, error) = read(&list);
        assert_eq!(documents, 1);
        let told = error.map(|error| error.to_string()).unwrap_or_default();
        assert!(told.contains(at), "{told}");
    }
}

#[test]
fn a_list_that_is_cut_off_or_has_a_tail_is_refused() {
    let [a, b, c] = ["aa.com", "bb.com", "cc.com"].map(event);
    let (documents, error) = read(&format!(r#"{{"response":[{a},{b}]"#));
    assert_eq!(documents, 2);
    assert!(
        matches!(error, Some(SourceError::CutOff { after: 2 })),
        "{error:?}"
    );
    let (documents, error) = read(&format!("[{a},{b}][{c}]"));
    assert_eq!(documents, 2);
    assert!(
        matches!(error, Some(SourceError::NotAList { after: 2 })),
        "{error:?}"
    );
    for sound in [
        format!("[{a},{b}]\n"),
        format!(r#"{{"x":1,"response":[{a},{b}],"y":[2]}}"#),
    ] {
        let (documents, error) = read(&sound);
        assert!(documents == 2 && error.is_none(), "{error:?}");
    }
}
