//! Cuts a list of events into its events while it is read.

use std::fmt;
use std::io::{self, BufRead, Read as _};

use ayumi_misp::MAX_DOCUMENT_BYTES;
use memchr::memmem;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::error::SourceError;
use crate::locate::characters;

/// The key of the list in an answer of MISP.
const RESPONSE: &str = "response";

/// One event of a list.
pub(super) struct Piece<'a> {
    pub(super) pointer: String,
    pub(super) bytes: &'a [u8],
    pub(super) origin: (usize, usize),
}

/// The events of a list, in order.
pub(super) struct Pieces<R> {
    input: Input<R>,
    prefix: &'static str,
    index: usize,
    bytes: Vec<u8>,
    is_over: bool,
}

/// Whether the bytes are a list with more than one element; then each is a document of its own.
pub(super) fn is_long_list(bytes: &[u8]) -> bool {
    // Most documents are one event, and need not be passed through for a list.
    let is_list = bytes.trim_ascii_start().starts_with(b"[");
    if !is_list && memmem::find(bytes, RESPONSE.as_bytes()).is_none() {
        return false;
    }
    let Ok(Some(mut pieces)) = Pieces::open(bytes) else {
        return false;
    };
    let first = pieces.next().is_some_and(|piece| piece.is_ok());
    first && matches!(pieces.input.next_token(), Ok(Some(b',')))
}

impl<R: BufRead> Pieces<R> {
    /// Finds the list; `None` if there is none.
    pub(super) fn open(reader: R) -> Result<Option<Self>, SourceError> {
        let mut input = Input {
            reader,
            line: 1,
            column: 1,
        };
        let prefix = match input.next_token()? {
            Some(b'[') => Some(""),
            Some(b'{') if input.find_response()? => Some("/response"),
            _ => None,
        };
        if prefix.is_some() {
            input.consume_byte();
        }
        Ok(prefix.map(|prefix| Self {
            input,
            prefix,
            index: 0,
            bytes: Vec::new(),
            is_over: false,
        }))
    }

    pub(super) fn next(&mut self) -> Option<Result<Piece<'_>, (String, SourceError)>> {
        if self.is_over {
            return None;
        }
        let after = self.index;
        let pointer = format!("{}/{}", self.prefix, self.index);
        let step = self.advance();
        self.is_over = !matches!(step, Ok(Step::Event { .. } | Step::TooBig));
        self.index += 1;
        match step {
            Ok(Step::End) => None,
            Ok(Step::Event { origin }) => Some(Ok(Piece {
                pointer,
                bytes: &self.bytes,
                origin,
            })),
            Ok(Step::TooBig) => Some(Err((pointer, SourceError::TooBig))),
            Ok(Step::CutOff) => Some(Err((self.prefix.to_owned(), SourceError::CutOff { after }))),
            Ok(Step::NotAList) => Some(Err((
                self.prefix.to_owned(),
                SourceError::NotAList { after },
            ))),
            Ok(Step::SecondList) => Some(Err((
                self.prefix.to_owned(),
                SourceError::SecondList { after },
            ))),
            Err(cause) => Some(Err((pointer, cause.into()))),
        }
    }

    fn advance(&mut self) -> io::Result<Step> {
        let mut next = self.input.next_token()?;
        if self.index > 0 {
            match next {
                Some(b',') => self.input.consume_byte(),
                Some(b']') => return self.end(),
                Some(_) => return Ok(Step::NotAList),
                None => return Ok(Step::CutOff),
            }
            next = self.input.next_token()?;
        }
        match next {
            Some(b']') if self.index == 0 => return self.end(),
            Some(b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {}
            Some(_) => return Ok(Step::NotAList),
            None => return Ok(Step::CutOff),
        }
        let origin = (self.input.line, self.input.column);
        self.bytes.clear();
        match self.input.value(&mut self.bytes)? {
            End::Reached if self.bytes.len() > MAX_DOCUMENT_BYTES => Ok(Step::TooBig),
            End::Reached => Ok(Step::Event { origin }),
            End::OfFile => Ok(Step::CutOff),
        }
    }

    /// What is behind the list is read to the end of the file: a second list there would be the one that other readers take.
    fn end(&mut self) -> io::Result<Step> {
        self.input.consume_byte();
        if self.prefix.is_empty() {
            let is_over = self.input.next_token()?.is_none();
            return Ok(if is_over { Step::End } else { Step::NotAList });
        }
        let rest = b"{\"\":0".chain(&mut self.input.reader);
        match serde_json::from_reader(rest) {
            Ok(Rest {
                has_response: false,
            }) => Ok(Step::End),
            Ok(Rest { has_response: true }) => Ok(Step::SecondList),
            Err(error) if error.is_io() => Err(error.into()),
            Err(error) if error.is_eof() => Ok(Step::CutOff),
            Err(_) => Ok(Step::NotAList),
        }
    }
}

/// The members of an object behind its list.
struct Rest {
    has_response: bool,
}

impl<'de> Deserialize<'de> for Rest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Rest;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Rest, A::Error> {
                let mut has_response = false;
                while let Some((key, IgnoredAny)) = members.next_entry::<String, _>()? {
                    has_response |= key == RESPONSE;
                }
                Ok(Rest { has_response })
            }
        }

        deserializer.deserialize_map(Members)
    }
}

enum Step {
    Event { origin: (usize, usize) },
    TooBig,
    End,
    CutOff,
    NotAList,
    SecondList,
}

enum End {
    Reached,
    OfFile,
}

struct Input<R> {
    reader: R,
    line: usize,
    column: usize,
}

/// How far inside a value the reading is.
#[derive(Default)]
struct State {
    depth: usize,
    in_string: bool,
    escaped: bool,
    is_scalar: bool,
}

impl<R: BufRead> Input<R> {
    /// The next byte that is not white space, which stays.
    fn next_token(&mut self) -> io::Result<Option<u8>> {
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(None);
            }
            let space = buffer
                .iter()
                .take_while(|byte| b" \n\r\t".contains(byte))
                .count();
            let found = buffer.get(space).copied();
            self.consume(space);
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    /// Takes one byte that is no line break.
    fn consume_byte(&mut self) {
        self.reader.consume(1);
        self.column += 1;
    }

    /// Takes bytes that are in the buffer.
    fn consume(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        let buffer = self.reader.fill_buf().unwrap_or_default();
        let passed = &buffer[..count.min(buffer.len())];
        match memchr::memrchr(b'\n', passed) {
            Some(last) => {
                self.line += memchr::memchr_iter(b'\n', passed).count();
                self.column = 1 + characters(&passed[last + 1..]);
            }
            None => self.column += characters(passed),
        }
        self.reader.consume(count);
    }

    /// In an object, up to the value of `response`, if that is a list and all before it is JSON.
    fn find_response(&mut self) -> io::Result<bool> {
        loop {
            self.consume_byte();
            if self.next_token()? != Some(b'"') {
                return Ok(false);
            }
            let mut key = Vec::new();
            self.value(&mut key)?;
            if self.next_token()? != Some(b':') {
                return Ok(false);
            }
            self.consume_byte();
            let next = self.next_token()?;
            match serde_json::from_slice::<String>(&key) {
                Ok(key) if key == RESPONSE => return Ok(next == Some(b'[')),
                Ok(_) => {}
                Err(_) => return Ok(false),
            }
            let mut value = Vec::new();
            self.value(&mut value)?;
            let is_sound = serde_json::from_slice::<IgnoredAny>(&value).is_ok();
            if !is_sound || self.next_token()? != Some(b',') {
                return Ok(false);
            }
        }
    }

    /// Over one value, which is kept up to a byte more than a document may have.
    fn value(&mut self, kept: &mut Vec<u8>) -> io::Result<End> {
        let mut state = State::default();
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(if state.is_scalar {
                    End::Reached
                } else {
                    End::OfFile
                });
            }
            let end = state.scan(buffer);
            let count = end.unwrap_or(buffer.len());
            let room = (MAX_DOCUMENT_BYTES + 1).saturating_sub(kept.len());
            kept.extend_from_slice(&buffer[..count.min(room)]);
            self.consume(count);
            if end.is_some() {
                return Ok(End::Reached);
            }
        }
    }
}

impl State {
    /// Where the value ends in the buffer, if it does.
    fn scan(&mut self, buffer: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < buffer.len() {
            if self.in_string {
                at = self.scan_string(buffer, at);
                if !self.in_string && self.depth == 0 {
                    return Some(at);
                }
                continue;
            }
            match buffer[at] {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t' if self.depth == 0 => {
                    return Some(at);
                }
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ => self.is_scalar |= self.depth == 0,
            }
            at += 1;
        }
        None
    }

    /// Where reading goes on, behind the string or at the end of the buffer.
    fn scan_string(&mut self, buffer: &[u8], mut at: usize) -> usize {
        while at < buffer.len() {
            if self.escaped {
                self.escaped = false;
                at += 1;
                continue;
            }
            match memchr::memchr2(b'"', b'\\', &buffer[at..]) {
                Some(next) if buffer[at + next] == b'"' => {
                    self.in_string = false;
                    return at + next + 1;
                }
                Some(next) => {
                    self.escaped = true;
                    at += next + 1;
                }
                None => return buffer.len(),
            }
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use proptest::prelude::*;

    use super::*;

    fn cut(text: &str, buffer: usize) -> Option<Vec<Result<(String, String), String>>> {
        let mut pieces = Pieces::open(BufReader::with_capacity(buffer, text.as_bytes()))
            .expect("bytes can be read")?;
        let mut all = Vec::new();
        while let Some(piece) = pieces.next() {
            all.push(match piece {
                Ok(piece) => Ok((
                    piece.pointer,
                    String::from_utf8_lossy(piece.bytes).into_owned(),
                )),
                Err((pointer, cause)) => Err(format!("{pointer}: {cause}")),
            });
        }
        Some(all)
    }

    #[test]
    fn a_list_is_cut_wherever_it_is() {
        for (text, prefix) in [
            ("[{\"a\":\"]}\\\"\"} , [1]]", ""),
            (
                "{\"x\": {\"response\": [0]}, \"y\": \"[\", \"n\": 1, \"response\": [{\"a\":\"]}\\\"\"},[1]], \"z\": 1}",
                "/response",
            ),
        ] {
            for buffer in [1, 2, 3, 7, 100] {
                let expected = vec![
                    Ok((format!("{prefix}/0"), "{\"a\":\"]}\\\"\"}".to_owned())),
                    Ok((format!("{prefix}/1"), "[1]".to_owned())),
                ];
                assert_eq!(cut(text, buffer), Some(expected), "{text} by {buffer}");
            }
        }
    }

    #[test]
    fn what_is_no_list_is_none() {
        for text in [
            "",
            "{}",
            "{\"Event\": {}}",
            "{\"response\": {}}",
            "\"[\"",
            "{\"response\"",
            "{\"a\"}",
            "{\"a\": ]",
            "{\"a\": @, \"response\": [{}]}",
            "{\"a\": 1 \"response\": [{}]}",
        ] {
            assert_eq!(cut(text, 8), None, "{text}");
        }
        assert_eq!(cut("[]", 8), Some(Vec::new()));
    }

    #[test]
    fn a_list_that_breaks_off_says_after_how_many() {
        let ends = |text| cut(text, 8).and_then(|all| all.into_iter().last());
        let cut_off = "/response: the file ends inside the list of events, after 1 of them";
        assert_eq!(
            ends("{\"response\": [{}, {\"a\": \"x"),
            Some(Err(cut_off.to_owned()))
        );
        assert_eq!(ends("{\"response\": [{}"), Some(Err(cut_off.to_owned())));
        for text in [
            "{\"response\": [{}]",
            "{\"response\": [{}], \"x\": 1",
            "{\"response\": [{}], \"x",
        ] {
            assert_eq!(ends(text), Some(Err(cut_off.to_owned())), "{text}");
        }
        assert_eq!(
            ends("[{} {}]"),
            Some(Err(": not JSON behind event 1".to_owned()))
        );
    }

    #[test]
    fn a_list_with_more_behind_it_is_refused() {
        let ends = |text: &str| cut(text, 8).and_then(|all| all.into_iter().last());
        for text in ["[{}][{}]", "[{}] x", "[{}],", "[{}]}"] {
            let refused = ": not JSON behind event 1".to_owned();
            assert_eq!(ends(text), Some(Err(refused)), "{text}");
        }
        for text in [
            "{\"response\": [{}]}]",
            "{\"response\": [{}]} {}",
            "{\"response\": [{}] \"x\": 1}",
            "{\"response\": [{}], \"x\": @}",
            "{\"response\": [{}],}",
        ] {
            let refused = "/response: not JSON behind event 1".to_owned();
            assert_eq!(ends(text), Some(Err(refused)), "{text}");
        }
    }

    #[test]
    fn a_second_list_is_refused_however_it_is_spelt() {
        for second in ["response", "resp\\u006fnse"] {
            let text = format!("{{\"response\": [{{}}, {{}}], \"x\": 1, \"{second}\": [{{}}]}}");
            let last = cut(&text, 8).and_then(|all| all.into_iter().last());
            let refused = "/response: a second \"response\" behind event 2";
            assert_eq!(last, Some(Err(refused.to_owned())), "{text}");
        }
        let text = "{\"resp\\u006fnse\": [{}, {}], \"response\": [{}]}";
        assert!(cut(text, 8).is_some_and(|all| all.last().is_some_and(Result::is_err)));
    }

    #[test]
    fn lines_and_columns_are_those_of_the_file() {
        let text = "[{},\n  \"é\", {}]";
        let mut pieces = Pieces::open(text.as_bytes())
            .expect("bytes can be read")
            .expect("a list");
        let mut origins = Vec::new();
        while let Some(Ok(piece)) = pieces.next() {
            origins.push(piece.origin);
        }
        assert_eq!(origins, [(1, 2), (2, 3), (2, 8)]);
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in "[\\[\\]{},:\"\\\\a1 \n]{0,40}", buffer in 1_usize..9) {
            let all = cut(&bytes, buffer);
            prop_assert!(all.is_none_or(|all| all.len() <= 41));
        }
    }
}
