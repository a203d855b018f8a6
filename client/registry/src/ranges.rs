use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

use oci_spec::image::Digest;
use ureq::http::Method;
use ureq::http::header::{CONTENT_RANGE, RANGE};

use crate::http::{Body, Request, Response, host, protocol};
use crate::reference::sha256;
use crate::retry::{Attempts, Failure};
use crate::text::clean;
use crate::{Error, Repository, Result, Subject};

/// How much is read at once of what is thrown away, in bytes.
const SKIP: usize = 16 << 10;

/// Joins ranges whose gap is at most `gap` bytes. They have to be sorted and apart; empty ones are left out.
pub fn merge(ranges: &[Range<u64>], gap: u64) -> Vec<Range<u64>> {
    let mut merged: Vec<Range<u64>> = Vec::new();
    for range in ranges.iter().filter(|range| !range.is_empty()) {
        match merged.last_mut() {
            Some(last) if range.start.saturating_sub(last.end) <= gap => last.end = last.end.max(range.end),
            _ => merged.push(range.clone()),
        }
    }
    merged
}

impl Repository {
    /// The bytes of some ranges of a blob of `size` bytes, one range after the other, as one stream.
    ///
    /// The ranges are sorted and apart. They come in as few requests as [`Options::gap`](crate::Options) allows. A
    /// connection that breaks is made again from the byte where it broke; a registry that ignores ranges is read from
    /// the blob's beginning. What arrives is not compared with the digest: a hash of each range is the caller's to know.
    pub fn ranges(&self, digest: &Digest, size: u64, ranges: Vec<Range<u64>>) -> Result<RangeReader> {
        sha256(digest)?;
        let at = self.at(format!("blob {digest}"));
        let ordered = ranges.windows(2).all(|pair| pair[0].end <= pair[1].start);
        if !ordered || ranges.iter().any(|range| range.start > range.end || range.end > size) {
            let why = format!("the ranges are not sorted and apart within its {size} bytes");
            return Err(Error::Argument { at, why });
        }
        let spans = merge(&ranges, self.options().gap);
        let wanted: Vec<_> = ranges.into_iter().filter(|range| !range.is_empty()).collect();
        let position = wanted.first().map_or(0, |range| range.start);
        let attempts = Attempts::new(self.options());
        let digest = digest.clone();
        Ok(RangeReader {
            repository: self.clone(),
            at,
            digest,
            size,
            spans,
            wanted,
            next: 0,
            position,
            open: None,
            attempts,
        })
    }
}

/// Reads ranges of a blob. Its I/O errors hold an [`Error`] of this crate.
pub struct RangeReader {
    repository: Repository,
    at: Arc<Subject>,
    digest: Digest,
    size: u64,
    /// What is asked for, each with one request.
    spans: Vec<Range<u64>>,
    /// What is given out.
    wanted: Vec<Range<u64>>,
    /// Which range of `wanted` is being given out.
    next: usize,
    /// The next byte of the blob to give out.
    position: u64,
    open: Option<Open>,
    attempts: Attempts,
}

/// An answer that is being read.
struct Open {
    body: Body,
    host: String,
    /// The byte of the blob that comes next.
    at: u64,
    /// Behind the last byte of the blob that the answer holds.
    end: u64,
}

impl std::fmt::Debug for RangeReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RangeReader({}, at byte {} of {})", self.at, self.position, self.size)
    }
}

impl Read for RangeReader {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while let Some(range) = self.wanted.get(self.next).filter(|_| !buffer.is_empty()) {
            let want = buffer.len().min(usize::try_from(range.end - self.position).unwrap_or(usize::MAX));
            match self.step(&mut buffer[..want]) {
                Ok(read) => {
                    self.attempts.progress();
                    self.advance(read as u64);
                    return Ok(read);
                }
                Err(failure) => {
                    self.open = None;
                    self.attempts.pause(&self.at, failure)?;
                }
            }
        }
        Ok(0)
    }
}

impl RangeReader {
    /// The error of this crate in an I/O error of this reader.
    pub(crate) fn error(&self, error: std::io::Error) -> Error {
        match error.downcast::<Error>() {
            Ok(inner) => inner,
            Err(error) => protocol(&self.at, &self.at.registry, &error.to_string()),
        }
    }

    /// Reads at least one byte at `position`.
    fn step(&mut self, buffer: &mut [u8]) -> Result<usize, Failure> {
        let position = self.position;
        let holds = |open: &Open| open.at <= position && position < open.end;
        let mut open = match self.open.take().filter(holds) {
            Some(open) => open,
            None => self.request()?,
        };
        let mut skipped = [0; SKIP];
        while open.at < position {
            let want = usize::try_from(position - open.at).unwrap_or(SKIP).min(SKIP);
            self.fill(&mut open, &mut skipped[..want])?;
        }
        let read = self.fill(&mut open, buffer)?;
        if open.at == open.end {
            // The end of the body is read as well: only then is the connection free for another request.
            if open.body.read(&mut skipped).is_ok_and(|more| more > 0) {
                return Err(self.lie("more bytes than that".into(), position..open.end));
            }
        } else {
            self.open = Some(open);
        }
        Ok(read)
    }

    /// Reads some bytes of an answer; its early end is a failure.
    fn fill(&self, open: &mut Open, buffer: &mut [u8]) -> Result<usize, Failure> {
        let want = buffer.len().min(usize::try_from(open.end - open.at).unwrap_or(usize::MAX));
        let read = open.body.read(&mut buffer[..want]);
        let read = read.map_err(|error| self.repository.http().broken(&self.at, &open.host, error))?;
        if read == 0 {
            let (at, host) = (self.at.clone(), open.host.clone());
            let why = format!("the answer ends at byte {} of {}", open.at, open.end);
            return Err(Failure::passing(Error::Connection { at, host, why, mend: "try again" }));
        }
        open.at += read as u64;
        Ok(read)
    }

    fn advance(&mut self, bytes: u64) {
        self.position += bytes;
        while self.wanted.get(self.next).is_some_and(|range| self.position >= range.end) {
            self.next += 1;
            if let Some(range) = self.wanted.get(self.next) {
                self.position = range.start;
            }
        }
    }

    /// Asks for the rest of the span that holds `position`.
    fn request(&self) -> Result<Open, Failure> {
        let start = self.position;
        let end = self.spans.iter().find(|span| span.contains(&start)).map_or(self.size, |span| span.end);
        let url = self.repository.url(&self.at, &format!("blobs/{}", self.digest))?;
        let mut request = Request::new(Method::GET, url);
        // All of a blob is asked for without a range, since that works everywhere.
        if (start, end) != (0, self.size) {
            request = request.header(RANGE, format!("bytes={start}-{}", end - 1));
        }
        let scopes = self.repository.scope("pull");
        let response = self.repository.attempt(&self.at, &request, &scopes).map_err(|failure| match failure.error {
            Error::Status { at, reply, .. } if reply.status == 416 => {
                Error::NoSuchRange { at, first: start, last: end - 1, reply }.into()
            }
            error => Failure { error, ..failure },
        })?;
        let (at, end) = self.check(&response, start..end)?;
        Ok(Open { host: host(&response.url), body: response.body, at, end })
    }

    /// What part of the blob the answer holds, once it holds what was asked for.
    fn check(&self, response: &Response, asked: Range<u64>) -> Result<(u64, u64), Failure> {
        match response.status {
            206 => {
                let header = response.header(CONTENT_RANGE).unwrap_or_default();
                let total = content_range(header).filter(|(range, _)| *range == asked).map(|(_, total)| total);
                if total.is_none_or(|total| total.is_some_and(|total| total != self.size)) {
                    return Err(self.lie(format!("\"{}\"", clean(header)), asked));
                }
                self.check_length(response, &asked)?;
                Ok((asked.start, asked.end))
            }
            200 => {
                self.check_length(response, &(0..self.size))?;
                Ok((0, self.size))
            }
            status => Err(self.lie(format!("status {status}"), asked)),
        }
    }

    fn check_length(&self, response: &Response, held: &Range<u64>) -> Result<(), Failure> {
        match response.length() {
            Some(length) if length != held.end - held.start => Err(self.lie(format!("{length} bytes"), held.clone())),
            _ => Ok(()),
        }
    }

    fn lie(&self, found: String, asked: Range<u64>) -> Failure {
        let (first, last) = (asked.start, asked.end.saturating_sub(1));
        Error::LyingRange { at: self.at.clone(), first, last, size: self.size, found }.into()
    }
}

/// Reads `Content-Range: bytes 0-9/100`, where the total may be `*` (RFC 9110, 14.4).
fn content_range(header: &str) -> Option<(Range<u64>, Option<u64>)> {
    let (range, total) = header.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let end = last.parse::<u64>().ok()?.checked_add(1)?;
    let total = if total == "*" { None } else { Some(total.parse().ok()?) };
    Some((first.parse().ok()?..end, total))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Sorted ranges that are apart, from lengths of gaps and ranges in turn.
    fn ranges(lengths: &[(u64, u64)]) -> Vec<Range<u64>> {
        let mut at = 0;
        let next = |&(gap, length): &(u64, u64)| {
            let start = at + gap;
            at = start + length;
            start..at
        };
        lengths.iter().map(next).collect()
    }

    proptest! {
        #[test]
        fn merged_ranges_cover_the_same_and_no_large_gap(lengths in prop::collection::vec((0u64..50, 0u64..50), 0..20), gap in 0u64..40) {
            let ranges = ranges(&lengths);
            let merged = merge(&ranges, gap);
            prop_assert!(merged.windows(2).all(|pair| pair[1].start - pair[0].end > gap));
            for byte in 0..2000 {
                let wanted = ranges.iter().any(|range| range.contains(&byte));
                let covered = merged.iter().any(|range| range.contains(&byte));
                prop_assert!(!wanted || covered);
            }
            let wanted: u64 = ranges.iter().map(|range| range.end - range.start).sum();
            let covered: u64 = merged.iter().map(|range| range.end - range.start).sum();
            prop_assert!(covered - wanted <= gap * ranges.len() as u64);
        }
    }

    #[test]
    fn content_ranges_are_read() {
        assert_eq!(content_range("bytes 5-9/100"), Some((5..10, Some(100))));
        assert_eq!(content_range("bytes 0-0/*"), Some((0..1, None)));
        for header in ["", "bytes */100", "5-9/100", "bytes 5-/9", "bytes 5-18446744073709551615/*", "bytes a-b/c"] {
            assert_eq!(content_range(header), None, "{header}");
        }
    }
}
