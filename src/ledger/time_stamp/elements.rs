//! DER, element by element: what a time-stamp query and its response are made of. Definite lengths only, as DER has them.

use super::super::{Error, Result};

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_ID: u8 = 0x06;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// `[0]` and `[1]`, constructed.
pub(super) const CONTEXT_0: u8 = 0xa0;
pub(super) const CONTEXT_1: u8 = 0xa1;

/// What is wrong with a time stamp.
pub(super) fn invalid(reason: impl Into<String>) -> Error {
    Error::TimeStamp(reason.into())
}

/// One element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    /// Tag, length and content.
    pub(super) whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// The elements inside.
    pub(super) fn inside(&self) -> Elements<'a> {
        Elements { rest: self.content }
    }
}

/// Elements that follow each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Elements<'a> {
    rest: &'a [u8],
}

impl<'a> Elements<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next element, whatever it is; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Element<'a>>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (tag, length, head) = header(self.rest).ok_or_else(|| invalid("it is not DER"))?;
        let end = head.checked_add(length).filter(|end| *end <= self.rest.len());
        let (whole, rest) = self.rest.split_at(end.ok_or_else(|| invalid("it is cut off"))?);
        self.rest = rest;
        Ok(Some(Element { tag, content: &whole[head..], whole }))
    }

    /// The next element, which has this tag; `what` names it.
    pub(super) fn expect(&mut self, tag: u8, what: &str) -> Result<Element<'a>> {
        match self.next()? {
            Some(element) if element.tag == tag => Ok(element),
            _ => Err(invalid(format!("it has no {what} where one belongs"))),
        }
    }

    /// The next element if it has this tag.
    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>> {
        if self.rest.first() == Some(&tag) { self.next() } else { Ok(None) }
    }

    /// Nothing follows.
    pub(super) fn end(self, what: &str) -> Result<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(invalid(format!("bytes follow its {what}"))) }
    }
}

/// Tag, length of the content and length of the two before it; the shortest form only, and no tag of more than a byte.
fn header(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let (&tag, &first) = (bytes.first()?, bytes.get(1)?);
    if tag & 0x1f == 0x1f {
        return None;
    }
    if first < 0x80 {
        return Some((tag, usize::from(first), 2));
    }
    let count = usize::from(first & 0x7f);
    let digits = bytes.get(2..2 + count)?;
    if count == 0 || count > 4 || digits[0] == 0 {
        return None;
    }
    let length = digits.iter().fold(0_usize, |sum, digit| sum << 8 | usize::from(*digit));
    (length >= 0x80).then_some((tag, length, 2 + count))
}

/// An element of this tag around `parts`.
pub(super) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut bytes = vec![tag];
    if content.len() < 0x80 {
        bytes.push(content.len() as u8);
    } else {
        let digits = content.len().to_be_bytes();
        let digits: Vec<u8> = digits.into_iter().skip_while(|digit| *digit == 0).collect();
        bytes.push(0x80 | digits.len() as u8);
        bytes.extend(digits);
    }
    bytes.extend(content);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_else_is() {
        for length in [0, 1, 0x7f, 0x80, 0xff, 0x100, 70_000] {
            let content = vec![7; length];
            let bytes = element(OCTET_STRING, &[&content]);
            let mut read = Elements::new(&bytes);
            assert_eq!(read.expect(OCTET_STRING, "text").unwrap().content, content);
            read.end("text").unwrap();
            assert!(Elements::new(&bytes[..bytes.len() - 1]).next().is_err());
        }
        for bytes in [&[0x04_u8][..], &[0x1f, 0], &[0x04, 0x80, 0, 0], &[0x04, 0x81, 1, 7]] {
            assert!(Elements::new(bytes).next().is_err(), "{bytes:?}");
        }
        let mut read = Elements::new(&[INTEGER, 1, 5, 0]);
        assert!(read.optional(SET).unwrap().is_none());
        assert!(read.expect(SET, "set").is_err());
        assert!(Elements::new(&[0]).end("element").is_err());
    }
}
