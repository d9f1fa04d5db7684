//! Where in the bytes of a document a JSON pointer leads.
//!
//! The bytes were read as JSON before, so this only skips: it looks at no more than structure, and descends only where a
//! wanted pointer leads. One pass finds all of them.

use std::collections::HashMap;
use std::ops::Range;

use crate::finding::{Finding, Place};

/// Where each of the pointers leads: the bytes of the value there, without white space around it.
pub fn spans<'a>(
    bytes: &[u8],
    pointers: impl IntoIterator<Item = &'a str>,
) -> Vec<Option<Range<usize>>> {
    let mut root = Wanted::default();
    let mut count = 0;
    for (index, pointer) in pointers.into_iter().enumerate() {
        root.insert(pointer, index);
        count = index + 1;
    }
    let mut found = vec![None; count];
    Cursor { bytes, at: 0 }.value(&root, &mut found);
    found
}

/// Gives each finding its place; `origin` is the place of the first byte. A pointer that leads to what is not there (an
/// absent key) has the place of what it would be in.
pub(crate) fn place(findings: &mut [Finding], bytes: &[u8], origin: (usize, usize)) {
    let pointers = findings
        .iter()
        .map(|finding| finding.pointer.clone())
        .collect::<Vec<_>>();
    let found = spans(bytes, pointers.iter().map(String::as_str));
    let parents = pointers
        .iter()
        .map(|pointer| pointer.rsplit_once('/').map_or("", |(parent, _)| parent));
    let missing = found.iter().any(Option::is_none);
    let around = if missing {
        spans(bytes, parents)
    } else {
        Vec::new()
    };
    let ranges = found.into_iter().enumerate().map(|(index, span)| {
        let outer = || around.get(index).cloned().flatten();
        span.or_else(outer).unwrap_or(0..0)
    });
    let ranges = ranges.collect::<Vec<_>>();
    let mut offsets = ranges
        .iter()
        .flat_map(|range| [range.start, range.end])
        .collect::<Vec<_>>();
    offsets.sort_unstable();
    offsets.dedup();
    let places = places(bytes, &offsets, origin);
    for (finding, range) in findings.iter_mut().zip(ranges) {
        let (line, column) = places[&range.start];
        let (end_line, end_column) = places[&range.end];
        finding.place = Some(Place {
            line,
            column,
            end_line,
            end_column,
        });
    }
}

/// Line and column of each offset; offsets are sorted.
fn places(
    bytes: &[u8],
    offsets: &[usize],
    origin: (usize, usize),
) -> HashMap<usize, (usize, usize)> {
    let (mut line, mut column) = origin;
    let mut at = 0;
    let mut places = HashMap::with_capacity(offsets.len());
    for &offset in offsets {
        let passed = &bytes[at..offset];
        match memchr::memrchr(b'\n', passed) {
            Some(last) => {
                line += memchr::memchr_iter(b'\n', passed).count();
                column = 1 + characters(&passed[last + 1..]);
            }
            None => column += characters(passed),
        }
        at = offset;
        places.insert(offset, (line, column));
    }
    places
}

/// Every byte but those that continue a character of UTF-8. They are counted in bytes first, which is several at once.
pub(crate) fn characters(bytes: &[u8]) -> usize {
    let starts = |byte: &u8| u8::from((byte & 0xc0) != 0x80);
    let chunks = bytes.chunks(usize::from(u8::MAX));
    chunks
        .map(|chunk| usize::from(chunk.iter().map(starts).sum::<u8>()))
        .sum()
}

/// The wanted pointers as a tree.
#[derive(Default)]
struct Wanted {
    here: Vec<usize>,
    inside: HashMap<String, Wanted>,
}

impl Wanted {
    fn insert(&mut self, pointer: &str, index: usize) {
        let segments = pointer.split('/').skip(1);
        let place = segments.fold(self, |place, segment| {
            let segment = segment.replace("~1", "/").replace("~0", "~");
            place.inside.entry(segment).or_default()
        });
        place.here.push(index);
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }

    fn value(&mut self, wanted: &Wanted, found: &mut [Option<Range<usize>>]) {
        self.skip_space();
        let start = self.at;
        match self.peek() {
            b'{' if !wanted.inside.is_empty() => self.members(wanted, found),
            b'[' if !wanted.inside.is_empty() => self.elements(wanted, found),
            _ => self.skip(),
        }
        for index in &wanted.here {
            found[*index] = Some(start..self.at);
        }
    }

    fn members(&mut self, wanted: &Wanted, found: &mut [Option<Range<usize>>]) {
        self.at += 1;
        loop {
            self.skip_space();
            match self.peek() {
                b',' => self.at += 1,
                b'"' => {
                    let key = self.string();
                    self.skip_space();
                    self.at += 1; // the colon
                    match wanted.inside.get(&*unescaped(key)) {
                        Some(inside) => self.value(inside, found),
                        None => self.skip(),
                    }
                }
                _ => break self.at += 1,
            }
        }
        self.at = self.at.min(self.bytes.len());
    }

    fn elements(&mut self, wanted: &Wanted, found: &mut [Option<Range<usize>>]) {
        self.at += 1;
        let mut index = 0_usize;
        loop {
            self.skip_space();
            match self.peek() {
                b',' => self.at += 1,
                b']' | b'}' | 0 => break self.at += 1,
                _ => {
                    match wanted.inside.get(index.to_string().as_str()) {
                        Some(inside) => self.value(inside, found),
                        None => self.skip(),
                    }
                    index += 1;
                }
            }
        }
        self.at = self.at.min(self.bytes.len());
    }

    /// Over a string, of which the bytes between the quotes are given.
    fn string(&mut self) -> &'a [u8] {
        let start = self.at + 1;
        self.at = start;
        while self.at < self.bytes.len() {
            match memchr::memchr2(b'"', b'\\', &self.bytes[self.at..]) {
                Some(next) if self.bytes[self.at + next] == b'"' => {
                    self.at += next + 1;
                    return &self.bytes[start..self.at - 1];
                }
                Some(next) => self.at = (self.at + next + 2).min(self.bytes.len()),
                None => self.at = self.bytes.len(),
            }
        }
        &self.bytes[start.min(self.at)..]
    }

    /// Over a whole value.
    fn skip(&mut self) {
        self.skip_space();
        match self.peek() {
            b'"' => {
                self.string();
            }
            b'{' | b'[' => self.skip_nested(),
            _ => {
                while !matches!(
                    self.peek(),
                    b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t' | 0
                ) {
                    self.at += 1;
                }
            }
        }
    }

    fn skip_nested(&mut self) {
        let mut depth = 0_usize;
        while self.at < self.bytes.len() {
            match self.bytes[self.at] {
                b'"' => {
                    self.string();
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }
}

/// A key as its pointer has it.
fn unescaped(key: &[u8]) -> std::borrow::Cow<'_, str> {
    if !key.contains(&b'\\') {
        return String::from_utf8_lossy(key);
    }
    let quoted = [b"\"", key, b"\""].concat();
    serde_json::from_slice::<String>(&quoted)
        .unwrap_or_default()
        .into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
        all.push(at.to_owned());
        match value {
            Value::Array(list) => list
                .iter()
                .enumerate()
                .for_each(|(index, value)| pointers(value, &format!("{at}/{index}"), all)),
            Value::Object(map) => map.iter().for_each(|(key, value)| {
                let key = key.replace('~', "~0").replace('/', "~1");
                pointers(value, &format!("{at}/{key}"), all);
            }),
            _ => {}
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i32>().prop_map(Value::from),
            "[a\"\\\\/~{}\\[\\],: \u{e9}\n]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 30, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a\"\\\\/~ \u{e9}]{0,3}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_pointer_leads_to_its_value(value in any_json(), pretty in any::<bool>()) {
            let text = if pretty { format!(" {value:#}\n") } else { value.to_string() };
            let mut all = Vec::new();
            pointers(&value, "", &mut all);
            let found = spans(text.as_bytes(), all.iter().map(String::as_str));
            for (pointer, span) in all.iter().zip(found) {
                let span = span.expect("it is there");
                let read: Value = serde_json::from_str(&text[span]).expect("a span is a value");
                prop_assert_eq!(Some(&read), value.pointer(pointer), "{}", pointer);
            }
        }

        #[test]
        fn bytes_that_are_not_json_end_all_the_same(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            spans(&bytes, ["", "/a", "/0", "/0/a"]);
        }
    }

    #[test]
    fn places_count_lines_and_characters() {
        let text = "{\n  \"é\": \"x\",\n  \"b\": 1\n}";
        let found = spans(text.as_bytes(), ["/é", "/b"]);
        let offsets = found
            .into_iter()
            .map(|span| span.expect("it is there").start)
            .collect::<Vec<_>>();
        let places = places(text.as_bytes(), &offsets, (1, 1));
        assert_eq!((places[&offsets[0]], places[&offsets[1]]), ((2, 8), (3, 8)));
    }
}
