//! What a URL asks for: the part of the chain, the series, the language.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::request::Parts;
use ayumi_audit::{Activity, Query, Series, Steps};

use super::words::{Lang, Word};
use crate::http::Problem;

/// Which of the three series is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    Raw,
    External,
    Clean,
}

impl Which {
    pub(crate) const ALL: [Self; 3] = [Self::Raw, Self::External, Self::Clean];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::External => "external",
            Self::Clean => "clean",
        }
    }

    pub(crate) fn words(self) -> (Word, Word) {
        match self {
            Self::Raw => (Word::Raw, Word::RawMeans),
            Self::External => (Word::External, Word::ExternalMeans),
            Self::Clean => (Word::Clean, Word::CleanMeans),
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|which| which.name() == name)
    }
}

/// What a page is asked for.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) path: String,
    pub(crate) lang: Lang,
    /// Where the URL says so; otherwise links do not either.
    chosen_lang: Option<Lang>,
    pub(crate) series: Which,
    pub(crate) query: Query,
    /// What is wrong with the URL.
    wrong: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for View {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let accepted = parts
            .headers
            .get(ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok());
        Ok(Self::of(
            parts.uri.path(),
            parts.uri.query().unwrap_or_default(),
            accepted.unwrap_or_default(),
        ))
    }
}

impl View {
    pub(crate) fn of(path: &str, pairs: &str, accepted: &str) -> Self {
        let mut view = Self {
            path: path.to_owned(),
            lang: Lang::preferred(accepted),
            chosen_lang: None,
            series: Which::Raw,
            query: Query::default(),
            wrong: None,
        };
        if let Err(problem) = view.read(pairs) {
            view.wrong = Some(problem.to_string());
        }
        view
    }

    fn read(&mut self, pairs: &str) -> Result<(), Problem> {
        let malformed = |name, value: &str, expected| Problem::Malformed {
            name,
            value: value.to_owned(),
            expected,
        };
        let mut rest = Vec::new();
        for (name, value) in
            form_urlencoded::parse(pairs.as_bytes()).filter(|(_, value)| !value.is_empty())
        {
            match &*name {
                "lang" => {
                    let lang =
                        Lang::from_code(&value).ok_or(malformed("lang", &value, "en or ja"))?;
                    (self.lang, self.chosen_lang) = (lang, Some(lang));
                }
                "series" => {
                    let series = Which::from_name(&value);
                    self.series =
                        series.ok_or(malformed("series", &value, "raw, external or clean"))?;
                }
                _ => rest.push((name, value)),
            }
        }
        self.query = Query::from_pairs(
            rest.iter()
                .map(|(name, value)| (name.as_ref(), value.as_ref())),
        )?;
        Ok(())
    }

    /// The query, where the URL is of its form.
    pub(crate) fn query(&self) -> Result<&Query, String> {
        self.wrong.clone().map_or(Ok(&self.query), Err)
    }

    /// The period alone.
    pub(crate) fn period(&self) -> Query {
        Query {
            since: self.query.since,
            until: self.query.until,
            ..Query::default()
        }
    }

    /// The address of a page, in this language and series.
    pub(crate) fn link(&self, path: &str, query: &Query) -> String {
        Self::link_with(path, query, self.series, self.chosen_lang)
    }

    /// This page in another series.
    pub(crate) fn in_series(&self, series: Which) -> String {
        Self::link_with(&self.path, &self.query, series, self.chosen_lang)
    }

    /// This page in another language.
    pub(crate) fn in_lang(&self, lang: Lang) -> String {
        Self::link_with(&self.path, &self.query, self.series, Some(lang))
    }

    fn link_with(path: &str, query: &Query, series: Which, lang: Option<Lang>) -> String {
        let mut pairs = query.pairs();
        if series != Which::Raw {
            pairs.push(("series", series.name().to_owned()));
        }
        if let Some(lang) = lang {
            pairs.push(("lang", lang.code().to_owned()));
        }
        join(path, pairs)
    }

    /// The language, where forms have to carry it on.
    pub(crate) fn carried_lang(&self) -> Option<&'static str> {
        self.chosen_lang.map(Lang::code)
    }

    /// The series that is shown.
    pub(crate) fn of_series<'a, T>(&self, series: &'a Series<T>) -> &'a T {
        match self.series {
            Which::Raw => &series.raw,
            Which::External => &series.external,
            Which::Clean => &series.clean,
        }
    }

    /// The same of a row of steps.
    pub(crate) fn steps<'a>(&self, row: &'a Activity) -> &'a Steps {
        match self.series {
            Which::Raw => &row.raw,
            Which::External => &row.external,
            Which::Clean => &row.clean,
        }
    }

    pub(crate) fn text(&self, word: Word) -> &'static str {
        self.lang.text(word)
    }

    pub(crate) fn say(&self, word: Word, gaps: &[&dyn std::fmt::Display]) -> String {
        self.lang.say(word, gaps)
    }
}

/// The address of an answer as a table.
pub(crate) fn csv(name: &str, query: &Query) -> String {
    join(&format!("/v1/{name}.csv"), query.pairs())
}

fn join(path: &str, pairs: Vec<(&'static str, String)>) -> String {
    if pairs.is_empty() {
        return path.to_owned();
    }
    format!(
        "{path}?{}",
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_in_its_links() {
        let view = View::of(
            "/",
            "since=2026-11-01&organisation=A%26B&series=clean&lang=ja",
            "en",
        );
        assert_eq!((view.lang, view.series), (Lang::Ja, Which::Clean));
        let link = view.link("/products", &view.query);
        assert_eq!(
            link,
            "/products?since=2026-11-01&organisation=A%26B&series=clean&lang=ja"
        );
        assert_eq!(
            view.in_series(Which::Raw),
            "/?since=2026-11-01&organisation=A%26B&lang=ja"
        );
        assert_eq!(
            view.link("/", &view.period()),
            "/?since=2026-11-01&series=clean&lang=ja"
        );
        assert_eq!(View::of("/", "", "ja").link("/", &Query::default()), "/");
    }

    #[test]
    fn what_is_wrong_is_told() {
        for pairs in [
            "since=yesterday",
            "series=best",
            "lang=xx",
            "colour=red",
            "product=%FF",
        ] {
            assert!(View::of("/", pairs, "").query().is_err(), "{pairs}");
        }
        assert!(
            View::of("/", "since=&series=&lang=&colour=", "")
                .query()
                .is_ok()
        );
    }
}
