//! Values as bytes: numbers of eight bytes, little-endian; strings with their length before, filled up to a multiple of
//! eight bytes; lists with their count before.

use std::fmt::Display;
use std::io::{ErrorKind, Read};

use crate::{Error, Result};

/// The bytes of a request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Request(Vec<u8>);

impl Request {
    pub(crate) fn new(operation: u64) -> Self {
        Self::default().number(operation)
    }

    pub(crate) fn number(mut self, number: u64) -> Self {
        self.0.extend(number.to_le_bytes());
        self
    }

    pub(crate) fn flag(self, flag: bool) -> Self {
        self.number(flag.into())
    }

    pub(crate) fn string(self, bytes: &[u8]) -> Self {
        let mut request = self.number(bytes.len() as u64);
        request.0.extend(bytes);
        request.0.resize(request.0.len().next_multiple_of(8), 0);
        request
    }

    pub(crate) fn text(self, text: &impl Display) -> Self {
        self.string(text.to_string().as_bytes())
    }

    pub(crate) fn list<T: Display>(self, texts: impl ExactSizeIterator<Item = T>) -> Self {
        let request = self.number(texts.len() as u64);
        texts.fold(request, |request, text| request.text(&text))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Reads values from what a daemon says.
#[derive(Debug)]
pub(crate) struct Reader<R>(pub(crate) R);

impl<R: Read> Reader<R> {
    pub(crate) fn number(&mut self) -> Result<u64> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// A string of at most `longest` bytes.
    pub(crate) fn string(&mut self, longest: usize) -> Result<Vec<u8>> {
        let length = self.number()?;
        let length = usize::try_from(length).ok().filter(|length| *length <= longest);
        let length = length.ok_or(Error::Protocol("a string that is too long"))?;
        let mut bytes = vec![0; length.next_multiple_of(8)];
        self.fill(&mut bytes)?;
        if bytes.split_off(length).iter().any(|byte| *byte != 0) {
            return Err(Error::Protocol("a string that is filled up with something else than zeros"));
        }
        Ok(bytes)
    }

    /// A string for people: without what would steer a terminal, and cut where it is longer than `longest`. No more than
    /// `MOST` bytes are ever read.
    pub(crate) fn text(&mut self, longest: usize) -> Result<String> {
        const MOST: usize = 16 << 20;
        let bytes = self.string(MOST)?;
        Ok(readable(&String::from_utf8_lossy(&bytes), longest))
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<()> {
        self.0.read_exact(bytes).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset => Error::Closed,
            // A limit is set for the greeting only.
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Error::Silent,
            _ => Error::Io(error),
        })
    }
}

/// Without colours and other control sequences, on one line.
fn readable(text: &str, longest: usize) -> String {
    let mut plain = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '\u{1b}' {
            // ESC [ … letter, as Nix colours its messages.
            if rest.next_if_eq(&'[').is_some() {
                while rest.next().is_some_and(|c| !c.is_ascii_alphabetic()) {}
            }
        } else if !c.is_control() && !c.is_whitespace() {
            plain.push(c);
        } else if !plain.is_empty() && !plain.ends_with(' ') {
            plain.push(' ');
        }
        if plain.len() >= longest {
            plain.push('…');
            break;
        }
    }
    plain.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_have_the_bytes_that_nix_gives_them() {
        let request = Request::new(31).list(["ab", ""].iter()).flag(true);
        let bytes =
            [&[31, 0, 0, 0, 0, 0, 0, 0][..], &[2], &[0; 7], &[2], &[0; 7], b"ab", &[0; 6], &[0; 8], &[1], &[0; 7]];
        assert_eq!(request.bytes(), bytes.concat());
    }

    #[test]
    fn a_length_beyond_the_limit_is_refused_before_memory_is_taken() {
        let bytes = Request::default().number(u64::MAX);
        assert!(matches!(Reader(bytes.bytes()).string(1 << 20), Err(Error::Protocol(_))));
        assert!(matches!(Reader(bytes.bytes()).text(10), Err(Error::Protocol(_))));
    }

    #[test]
    fn a_string_that_ends_early_or_is_filled_up_with_secrets_is_refused() {
        let bytes = Request::default().string(b"abc");
        assert!(matches!(Reader(&bytes.bytes()[..15]).string(9), Err(Error::Closed)));
        let mut dirty = bytes.bytes().to_vec();
        dirty[15] = 1;
        assert!(matches!(Reader(&dirty[..]).string(9), Err(Error::Protocol(_))));
    }

    #[test]
    fn colours_and_lines_of_a_message_do_not_reach_a_terminal() {
        assert_eq!(readable("\u{1b}[31;1merror:\u{1b}[0m\n       no\r such\u{7} path\n", 99), "error: no such path");
        assert_eq!(readable("\u{1b}]0;title\u{7}é", 99), "]0;title é");
        assert_eq!(readable("abcdef", 3), "abc…");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(number: u64, bytes in prop::collection::vec(any::<u8>(), 0..99)) {
            let request = Request::default().number(number).string(&bytes);
            let mut reader = Reader(request.bytes());
            prop_assert_eq!(reader.number().unwrap(), number);
            prop_assert_eq!(reader.string(99).unwrap(), bytes);
            prop_assert!(reader.0.is_empty());
        }

        #[test]
        fn whatever_a_stranger_says_ends_in_a_value_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..99)) {
            let _ = Reader(&bytes[..]).string(1000);
            let _ = Reader(&bytes[..]).text(10);
            let _ = crate::message::finish(&mut Reader(&bytes[..]));
        }
    }
}
