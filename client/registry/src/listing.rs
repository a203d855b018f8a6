//! Lists: tags and referrers, page by page.

use std::collections::HashSet;
use std::sync::Arc;

use oci_spec::image::{Descriptor, Digest, ImageIndex};
use serde::Deserialize;
use ureq::http::Method;
use ureq::http::header::{ACCEPT, LINK};
use url::Url;

use crate::http::{Request, Response, protocol};
use crate::read::DOCUMENT_MAX;
use crate::reference::{is_tag, sha256};
use crate::{Error, Repository, Result, Subject};

/// The most pages of a list.
const PAGES_MAX: usize = 10_000;

/// The most entries of a list.
const ENTRIES_MAX: usize = 1_000_000;

/// The most bytes of all pages of a list.
const LIST_MAX: usize = 64 << 20;

const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";

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
        self.pages(&at, self.url(&at, "tags/list?n=1000")?, "application/json", |bytes| {
            let page = serde_json::from_slice::<TagPage>(bytes).ok()?.tags.unwrap_or_default();
            // They come to stand in URLs and on terminals.
            let are_tags = page.iter().all(|tag| is_tag(tag));
            tags.extend(page);
            are_tags.then_some(tags.len())
        })?;
        Ok(tags)
    }

    /// What refers to a manifest (its "subject"), of one artifact type where one is given. A registry without the
    /// referrers API is asked for the index under the tag `sha256-<hex>` (OCI Distribution Specification 1.1,
    /// "Referrers Tag Schema").
    pub fn referrers(&self, digest: &Digest, artifact_type: Option<&str>) -> Result<Vec<Descriptor>> {
        let hex = sha256(digest)?;
        let at = self.at(format!("referrers of {digest}"));
        let mut url = self.url(&at, &format!("referrers/{digest}"))?;
        if let Some(wanted) = artifact_type {
            url.query_pairs_mut().append_pair("artifactType", wanted);
        }
        let mut found: Vec<Descriptor> = Vec::new();
        let listed = self.pages(&at, url, INDEX_TYPE, |bytes| {
            let page: ImageIndex = serde_json::from_slice(bytes).ok()?;
            found.extend_from_slice(page.manifests());
            Some(found.len())
        });
        match listed {
            Ok(()) => {}
            Err(Error::NotFound { .. } | Error::Unsupported { .. }) => found = self.tagged_referrers(&at, hex)?,
            Err(error) => return Err(error),
        }
        // Registries need not filter.
        let is_wanted = |descriptor: &Descriptor| {
            let found = descriptor.artifact_type().as_ref().map(AsRef::<str>::as_ref);
            artifact_type.is_none_or(|wanted| found == Some(wanted))
        };
        found.retain(is_wanted);
        Ok(found)
    }

    fn tagged_referrers(&self, at: &Arc<Subject>, hex: &str) -> Result<Vec<Descriptor>> {
        let url = self.url(at, &format!("manifests/sha256-{hex}"))?;
        let request = Request::new(Method::GET, url).header(ACCEPT, INDEX_TYPE);
        let bytes = match self.document(at, &request, &self.scope("pull"), DOCUMENT_MAX) {
            Ok((_, bytes)) => bytes,
            Err(Error::NotFound { .. }) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let index: ImageIndex = serde_json::from_slice(&bytes)
            .map_err(|_| protocol(at, self.registry(), "its referrers tag is no image index"))?;
        Ok(index.manifests().clone())
    }

    /// Gives each page to `take`, which says how many entries there are so far, or `None` where it cannot be read.
    fn pages(
        &self,
        at: &Arc<Subject>,
        first: Url,
        accept: &str,
        mut take: impl FnMut(&[u8]) -> Option<usize>,
    ) -> Result<()> {
        let scopes = self.scope("pull");
        let wrong = |why: &str| protocol(at, self.registry(), why);
        let (mut seen, mut length) = (HashSet::new(), 0);
        let mut next = Some(first);
        while let Some(url) = next {
            if seen.len() >= PAGES_MAX || !seen.insert(url.clone()) {
                return Err(wrong("its list has no end"));
            }
            let request = Request::new(Method::GET, url.clone()).header(ACCEPT, accept);
            let (response, bytes) = self.document(at, &request, &scopes, DOCUMENT_MAX)?;
            length += bytes.len();
            if length > LIST_MAX {
                return Err(wrong("its list is longer than 64 MiB"));
            }
            match take(&bytes) {
                None => return Err(wrong("its list is not the JSON that the specification wants")),
                Some(entries) if entries > ENTRIES_MAX => {
                    return Err(wrong("its list has more than a million entries"));
                }
                Some(_) => {}
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
