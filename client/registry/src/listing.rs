//! Lists: tags, and whatever else comes page by page.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Deserialize;
use ureq::http::Method;
use ureq::http::header::{ACCEPT, LINK};
use url::Url;

use crate::http::{Request, Response, protocol};
use crate::read::DOCUMENT_MAX;
use crate::reference::is_tag;
use crate::{Error, Repository, Result, Subject};

/// How much of a list is read. A list that has more is refused: what follows is unknown, so it is of no use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The most pages.
    pub(crate) pages: usize,
    /// The most entries of all pages.
    pub(crate) entries: usize,
    /// The most bytes of all pages.
    pub(crate) bytes: usize,
}

/// Tags come by the thousand where a registry does as it is asked.
const TAGS: Limits = Limits { pages: 10_000, entries: 1_000_000, bytes: 64 << 20 };

#[derive(Deserialize)]
struct TagPage {
    /// Some registries write `null` for none.
    tags: Option<Vec<String>>,
}

impl Repository {
    /// All tags, in the registry's order.
    pub fn tags(&self) -> Result<Vec<String>> {
        let at = self.at("tags");
        let mut tags = Vec::new();
        self.pages(&at, self.url(&at, "tags/list?n=1000")?, "application/json", TAGS, |_, bytes| {
            let page = serde_json::from_slice::<TagPage>(bytes).ok();
            let page = page.map(|page| page.tags.unwrap_or_default());
            // They come to stand in URLs and on terminals.
            let page = page.filter(|page| page.iter().all(|tag| is_tag(tag)));
            let wrong = || protocol(&at, self.registry(), "its list is not the JSON that the specification wants");
            tags.extend(page.ok_or_else(wrong)?);
            Ok(tags.len())
        })?;
        Ok(tags)
    }

    /// Gives each page to `take`, which says how many entries there are so far.
    pub(crate) fn pages(
        &self,
        at: &Arc<Subject>,
        first: Url,
        accept: &str,
        limits: Limits,
        mut take: impl FnMut(&Response, &[u8]) -> Result<usize>,
    ) -> Result<()> {
        let scopes = self.scope("pull");
        let wrong = |why: &str| protocol(at, self.registry(), why);
        let (mut seen, mut length) = (HashSet::new(), 0);
        let mut next = Some(first);
        while let Some(url) = next {
            if seen.len() >= limits.pages || !seen.insert(url.clone()) {
                return Err(wrong("its list has no end"));
            }
            let request = Request::new(Method::GET, url.clone()).header(ACCEPT, accept);
            let (response, bytes) = self.document(at, &request, &scopes, DOCUMENT_MAX)?;
            length += bytes.len();
            if length > limits.bytes {
                return Err(wrong(&format!("its list is longer than {} bytes", limits.bytes)));
            }
            if take(&response, &bytes)? > limits.entries {
                return Err(wrong(&format!("its list has more than {} entries", limits.entries)));
            }
            next = self.next_page(at, &url, &response)?;
        }
        Ok(())
    }

    fn next_page(&self, at: &Arc<Subject>, url: &Url, response: &Response) -> Result<Option<Url>> {
        let Some(link) = response.header(LINK).and_then(next_link) else { return Ok(None) };
        let next = self.http().follow(at, "Link", url, link)?;
        if next.origin() != url.origin() {
            let (target, why) = (crate::http::host(&next), "a list goes on at the same host");
            return Err(Error::Elsewhere { at: at.clone(), part: "Link", target, why });
        }
        Ok(Some(next))
    }
}

/// The target of `Link: <…>; rel="next"` (RFC 8288).
fn next_link(header: &str) -> Option<&str> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let (target, after) = after.split_once('>')?;
        let parameters = after.split(",<").next().unwrap_or(after).split(", <").next().unwrap_or_default();
        let is_next = |part: &str| {
            let value = part.trim().strip_prefix("rel=").map(|value| value.trim().trim_matches('"'));
            value.is_some_and(|value| value.eq_ignore_ascii_case("next"))
        };
        if parameters.split([';', ',']).any(is_next) {
            return Some(target);
        }
        rest = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read() {
        assert_eq!(next_link(r#"</v2/a/tags/list?n=2&last=b>; rel="next""#), Some("/v2/a/tags/list?n=2&last=b"));
        assert_eq!(
            next_link(r#"<https://x/prev>; rel="prev", <https://x/next>; a=b; rel=next"#),
            Some("https://x/next")
        );
        assert_eq!(next_link("<https://x>; rel=prev"), None);
        assert_eq!(next_link("<https://x"), None);
        assert_eq!(next_link(""), None);
    }
}
