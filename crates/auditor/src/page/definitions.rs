//! What each figure says and does not say: `docs/metrics.md`, as it was when this program was built.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::extract::State;
use axum::response::Response;
use ayumi_audit::{Query, Reader};
use maud::{PreEscaped, html};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html::push_html};

use super::view::View;
use super::words::Word;
use super::{Drawn, Newest, Shared, answer};

const TEXT: &str = include_str!("../../../../docs/metrics.md");

pub(super) async fn page(State(auditor): Shared, view: View) -> Response {
    static PAGE: LazyLock<String> = LazyLock::new(|| drawn(TEXT));
    let ask = |_: &Reader, _: &Query, _: Newest| Ok(());
    let draw = |(), _| Drawn {
        title: view.text(Word::Definitions).to_owned(),
        filters: None,
        body: html! { article.text lang="en" { (PreEscaped(&*PAGE)) } },
    };
    answer(&auditor, &view, ask, draw).await
}

fn drawn(text: &str) -> String {
    let text = with_places(text);
    let options = Options::ENABLE_TABLES | Options::ENABLE_HEADING_ATTRIBUTES;
    let (mut tables, mut is_text) = (0, false);
    let events = Parser::new_ext(&text, options).flat_map(|event| match event {
        Event::Start(Tag::Table(_)) => {
            tables += 1;
            let open = format!(
                "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"table {tables}\">"
            );
            vec![Event::Html(open.into()), event]
        }
        Event::End(TagEnd::Table) => vec![event, Event::Html("</div>".into())],
        // Files beside the text are not served.
        Event::Start(Tag::Link { ref dest_url, .. }) if !dest_url.starts_with('#') => {
            is_text = true;
            Vec::new()
        }
        Event::End(TagEnd::Link) if std::mem::take(&mut is_text) => Vec::new(),
        other => vec![other],
    });
    let mut page = String::new();
    push_html(&mut page, events);
    // What is too long for the window can be scrolled by keyboard.
    page.replace("<pre>", "<pre tabindex=\"0\">")
}

/// Headings and figures get names to lead to. The page has its title already.
fn with_places(text: &str) -> String {
    let mut named = String::with_capacity(text.len() * 2);
    for line in text.lines().filter(|line| !line.starts_with("# ")) {
        let figure = line
            .strip_prefix("| ")
            .and_then(|rest| rest.split(' ').next())
            .filter(|id| is_figure(id));
        let _ = match (figure, line.starts_with('#')) {
            (Some(id), _) => writeln!(
                named,
                "| <span id=\"{id}\">{id}</span>{}",
                &line[2 + id.len()..]
            ),
            (None, true) => writeln!(named, "{line} {{#{}}}", slug(line)),
            (None, false) => writeln!(named, "{line}"),
        };
    }
    named
}

fn is_figure(id: &str) -> bool {
    let mut letters = id.bytes();
    letters
        .next()
        .is_some_and(|letter| letter.is_ascii_uppercase())
        && letters.next().is_some_and(|digit| digit.is_ascii_digit())
        && letters.next().is_none()
}

fn slug(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    words
        .chars()
        .map(|letter| {
            if letter.is_alphanumeric() {
                letter
            } else {
                '-'
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_of_the_page_has_its_definition() {
        let page = drawn(TEXT);
        for id in [
            "S1", "S6", "A1", "C1", "C5", "T1", "T4", "E1", "E4", "V2", "V3", "Q1",
        ] {
            assert!(
                page.contains(&format!("<span id=\"{id}\">{id}</span>")),
                "{id}"
            );
        }
        for (place, rest) in page
            .match_indices("href=\"#")
            .map(|(place, _)| (place, &page[place + 7..]))
        {
            let id = rest.split('"').next().unwrap();
            assert!(page.contains(&format!("id=\"{id}\"")), "{id} at {place}");
        }
        assert!(!page.contains("href=\"..") && !page.contains("<h1"));
        assert_eq!(page.matches("<a ").count(), page.matches("</a>").count());
        assert_eq!(page.matches("<div").count(), page.matches("</div>").count());
    }
}
