//! What may go wrong, and when: rules over requests.

use crate::registry::traffic::{Kind, Request};

/// What a proxy does to a request or its answer. Offsets and lengths are bytes of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Resets the connection after so much of the answer; what the client has not read by then may be lost too.
    Cut(u64),
    /// Resets the connection after so much of the request's body, which the registry has got.
    CutUpload(u64),
    /// Answers this status itself, once it has read the request.
    Status { status: u16, retry_after: Option<u64> },
    /// The registry sees no Authorization, so it asks for one: as if a token had expired.
    Unauthorized,
    /// Ends the connection in order after so much of the answer, whose head promises all of it.
    Truncate(u64),
    /// Changes the byte at this offset.
    Corrupt(u64),
    /// Sends no more after so much of the answer, until it is released.
    Stall(u64),
    /// The registry sees no Range, so it sends everything with a 200.
    IgnoreRange,
    /// Sends another range than was asked, and names another still: how far each is behind what was asked.
    OtherRange { sent: i64, said: i64 },
    /// Adds so much to the total length in Content-Range.
    OtherTotal(i64),
    /// Adds so much to Content-Length; the connection ends after the body.
    OtherLength(i64),
    /// Sends the client to another origin for the blob (307), which refuses requests with an Authorization.
    Redirect,
    /// Refuses all connections from then on, and ends those that there are.
    Disappear,
}

impl Fault {
    pub fn status(status: u16) -> Self {
        Self::Status { status, retry_after: None }
    }
}

/// A fault, and which requests have it: those that match, or some of them by their number among those that match.
#[derive(Debug, Clone)]
pub struct Rule {
    fault: Fault,
    method: Option<String>,
    kind: Option<Kind>,
    path: String,
    first: u64,
    last: u64,
    met: u64,
}

impl Rule {
    /// Every request.
    pub fn new(fault: Fault) -> Self {
        Self { fault, method: None, kind: None, path: String::new(), first: 1, last: u64::MAX, met: 0 }
    }

    /// Requests for blobs, after a redirect those at the other origin.
    pub fn blobs(fault: Fault) -> Self {
        Self::new(fault).method("GET").kind(Kind::Blob)
    }

    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    #[must_use]
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Requests with this in their path, for example a digest.
    #[must_use]
    pub fn path(mut self, part: &str) -> Self {
        part.clone_into(&mut self.path);
        self
    }

    /// Only the request of this number; the first is 1.
    #[must_use]
    pub fn nth(self, number: u64) -> Self {
        self.from(number).until(number)
    }

    /// Requests of this number and later.
    #[must_use]
    pub fn from(mut self, number: u64) -> Self {
        self.first = number;
        self
    }

    /// Requests up to this number.
    #[must_use]
    pub fn until(mut self, number: u64) -> Self {
        self.last = number;
        self
    }

    /// Counts the request if it matches, and gives the fault if it is due.
    fn meet(&mut self, request: &Request) -> Option<Fault> {
        let matches = self.method.as_ref().is_none_or(|method| *method == request.method)
            && self.kind.is_none_or(|kind| kind == request.kind)
            && request.path.contains(&self.path);
        self.met += u64::from(matches);
        (matches && (self.first..=self.last).contains(&self.met)).then_some(self.fault)
    }
}

/// The fault of the first rule that is due. Every rule counts, also if another one was first.
pub(super) fn due(rules: &mut [Rule], request: &Request) -> Option<Fault> {
    rules.iter_mut().filter_map(|rule| rule.meet(request)).collect::<Vec<_>>().into_iter().next()
}

/// `bytes=A-B` and `bytes=A-`, moved.
pub(super) fn moved_range(range: &str, by: i64) -> Option<String> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let first = first.parse::<u64>().ok()?.saturating_add_signed(by);
    let last = if last.is_empty() { String::new() } else { moved(last, by)? };
    Some(format!("bytes={first}-{last}"))
}

/// `bytes A-B/TOTAL`, with the range moved, and the total changed.
pub(super) fn moved_content_range(range: &str, by: i64, total_by: i64) -> Option<String> {
    let (range, total) = range.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    Some(format!("bytes {}-{}/{}", moved(first, by)?, moved(last, by)?, moved(total, total_by)?))
}

pub(super) fn moved(number: &str, by: i64) -> Option<String> {
    Some(number.parse::<u64>().ok()?.saturating_add_signed(by).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::http::Head;

    fn request(line: &str) -> Request {
        Request::new(&Head::read(&mut format!("{line} HTTP/1.1\r\n\r\n").as_bytes()).unwrap().unwrap(), false).unwrap()
    }

    #[test]
    fn a_rule_counts_what_matches_it() {
        let mut rules = [Rule::blobs(Fault::IgnoreRange).path(":b").from(2).until(3)];
        let mut meet = |line| due(&mut rules, &request(line)).is_some();
        let blob = "GET /v2/x/blobs/sha256:b";
        assert!(!meet(blob));
        for other in ["HEAD /v2/x/blobs/sha256:b", "GET /v2/x/blobs/sha256:a", "GET /v2/x/manifests/sha256:b"] {
            assert!(!meet(other), "{other}");
        }
        assert_eq!([meet(blob), meet(blob), meet(blob)], [true, true, false]);
    }

    #[test]
    fn the_first_rule_that_is_due_applies_and_all_count() {
        let mut rules = [Rule::new(Fault::Redirect).nth(1), Rule::new(Fault::Disappear).nth(2)];
        let request = request("GET /v2/");
        let mut next = || due(&mut rules, &request);
        assert_eq!([next(), next(), next()], [Some(Fault::Redirect), Some(Fault::Disappear), None]);
    }

    #[test]
    fn ranges_are_moved() {
        assert_eq!(moved_range("bytes=10-19", 5).unwrap(), "bytes=15-24");
        assert_eq!(moved_range("bytes=10-", -20).unwrap(), "bytes=0-");
        assert_eq!(moved_range("bytes=-10", 1), None);
        assert_eq!(moved_content_range("bytes 10-19/100", -1, 7).unwrap(), "bytes 9-18/107");
        assert_eq!(moved_content_range("bytes */100", 0, 7), None);
    }
}
