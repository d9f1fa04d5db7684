//! What programs ask: the same questions and answers as `ayumi audit … --json`.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LINK};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ayumi_audit::{Ask, Query};
use ayumi_export::rows_as_csv;
use serde_json::Value;

use super::{Problem, Shared};
use crate::readers::AsOf;
use crate::verify::Check;

/// Rows of one answer, at most. What comes after them is at the address that `Link` says.
const MOST: usize = 10_000;

/// All routes, with what each takes and answers.
const OPENAPI: &str = include_str!("openapi.json");

/// The newest block that is in the answer.
const BLOCK: HeaderName = HeaderName::from_static("ayumi-block");

pub(super) async fn description() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], OPENAPI)
}

/// What came of the checks, newest first.
pub(super) async fn verification(State(auditor): Shared) -> Json<Vec<Check>> {
    Json(auditor.checks.all())
}

/// The answer to a question, as JSON, or with `.csv` after its name, as a table.
pub(super) async fn answer(
    State(auditor): Shared,
    Path(name): Path<String>,
    RawQuery(pairs): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (asked, is_csv) = name
        .strip_suffix(".csv")
        .map_or((name.as_str(), false), |asked| (asked, true));
    let ask = Ask::from_name(asked).ok_or(Problem::NoSuchRoute)?;
    let pairs = pairs.unwrap_or_default();
    let mut query = read(&pairs)?;
    let limit = query
        .limit
        .unwrap_or(if is_csv { MOST } else { 1_000 })
        .min(MOST);
    query.limit = Some(limit);
    let asked = Arc::new(query);
    let query = Arc::clone(&asked);
    let (as_of, found) = auditor
        .readers
        .ask(move |reader| reader.answer(ask, &query))
        .await?;
    // What is no question is refused, whatever the asker has already.
    let tag = tag(as_of);
    if headers
        .get(IF_NONE_MATCH)
        .is_some_and(|held| holds(held, &tag))
    {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response());
    }
    let next = next(&name, &asked, limit, &found);
    let mut response = if is_csv {
        table(ask.name(), &found)
    } else {
        Json(found).into_response()
    };
    let head = response.headers_mut();
    head.insert(ETAG, tag);
    head.insert(BLOCK, as_of.block.into());
    if let Some(next) = next.and_then(|next| HeaderValue::from_str(&next).ok()) {
        head.insert(LINK, next);
    }
    Ok(response)
}

/// A query out of a URL. What is there twice counts once, the last time.
fn read(pairs: &str) -> Result<Query, Problem> {
    let pairs: HashMap<_, _> = form_urlencoded::parse(pairs.as_bytes()).collect();
    Ok(Query::from_pairs(
        pairs
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref())),
    )?)
}

/// An answer changes with the newest block and nothing else.
fn tag(as_of: AsOf) -> HeaderValue {
    let tag = format!(
        "\"{}-{:x}-{}\"",
        as_of.block,
        as_of.hash,
        env!("CARGO_PKG_VERSION")
    );
    HeaderValue::try_from(tag).expect("digits, letters and a dash")
}

fn holds(held: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(held), Ok(tag)) = (held.to_str(), tag.to_str()) else {
        return false;
    };
    held.trim() == "*"
        || held
            .split(',')
            .any(|held| held.trim().trim_start_matches("W/") == tag)
}

/// Where the rows after these are, where the list is full and its rows have ids to go on from.
fn next(name: &str, query: &Query, limit: usize, found: &Value) -> Option<String> {
    let rows = found.get("rows").unwrap_or(found);
    let rows = rows
        .as_array()
        .filter(|rows| limit > 0 && rows.len() >= limit)?;
    let after = rows.last()?.get("id")?.as_i64()?;
    let query = Query {
        after: Some(after),
        limit: Some(limit),
        ..query.clone()
    };
    let pairs = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(query.pairs())
        .finish();
    Some(format!("</v1/{name}?{pairs}>; rel=\"next\""))
}

fn table(name: &str, found: &Value) -> Response {
    let file = format!("attachment; filename=\"ayumi-{name}.csv\"");
    (
        [
            (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
            (CONTENT_DISPOSITION, file),
        ],
        rows_as_csv(found),
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_full_list_says_where_the_next_is() {
        let query = Query {
            organisation: Some("Aoba & co".into()),
            ..Query::default()
        };
        let rows = json!([{"id": 9}, {"id": 7}]);
        let next = |limit| super::next("tasks", &query, limit, &rows);
        assert_eq!(
            next(2).unwrap(),
            "</v1/tasks?organisation=Aoba+%26+co&limit=2&after=7>; rel=\"next\""
        );
        assert_eq!(next(3), None);
        let money = json!({"rows": rows, "findings": []});
        assert!(super::next("money", &query, 2, &money).is_some());
        assert_eq!(
            super::next("activity", &query, 1, &json!([{"published": 1}])),
            None
        );
        assert_eq!(super::next("events", &query, 0, &json!([])), None);
    }

    #[test]
    fn a_tag_is_found_among_those_that_are_held() {
        let tag = HeaderValue::from_static("\"7-ab\"");
        for (held, is_held) in [
            ("\"7-ab\"", true),
            ("W/\"7-ab\"", true),
            ("\"1\", \"7-ab\"", true),
            ("*", true),
            ("\"7\"", false),
        ] {
            assert_eq!(
                holds(&HeaderValue::from_static(held), &tag),
                is_held,
                "{held}"
            );
        }
    }
}
