use std::collections::HashSet;
use std::sync::Arc;

use oci_spec::image::{Descriptor, Digest, MediaType};
use ureq::http::header::{CONTENT_TYPE, ETAG};

use crate::http::Response;
use crate::listing::Limits;
use crate::reference::sha256;
use crate::referrers::index::ReferrersIndex;
use crate::referrers::{REFERRERS_BYTES_MAX, REFERRERS_MAX, REFERRERS_PAGES_MAX, referrers_tag};
use crate::text::clean;
use crate::write::Condition;
use crate::{Error, Repository, Result, Subject, digest};

const LIMITS: Limits = Limits { pages: REFERRERS_PAGES_MAX, entries: REFERRERS_MAX, bytes: REFERRERS_BYTES_MAX };

/// The header by which a registry says which filters it has applied.
const FILTERS: &str = "oci-filters-applied";

/// The error code by which a registry says that it has no such repository.
const NO_REPOSITORY: &str = "NAME_UNKNOWN";

/// The most characters of an entity tag.
const ENTITY_TAG_MAX: usize = 255;

/// What a registry's referrers API has to say.
pub(crate) enum Api {
    Lists(Vec<Descriptor>),
    /// There is none, as the specification wants it said: 404.
    Absent,
    /// There seems to be none. What was said instead.
    Doubtful(String),
}

/// The list under a tag, and what stands there.
pub(crate) struct Tagged {
    pub(crate) index: ReferrersIndex,
    /// That it still stands there.
    pub(crate) condition: Condition,
}

impl Repository {
    /// What refers to a manifest (its "subject"), of one artifact type where one is given: what the registry's referrers API
    /// lists, and then what the list under the tag `sha256-…` has besides; each digest once, at most [`REFERRERS_MAX`].
    ///
    /// No list is "none" only where the registry answers 404 to both. Where the API's answer is another that tells of no API
    /// (400, 405, 406, 501, or a page that is no index: some registries say it so), the tag alone counts, and without it nothing is
    /// known: [`Error::Unlisted`].
    ///
    /// Lists are hints. Some clients write wrong artifact types into them: to miss nothing, ask for all and read each
    /// ([`Self::referrer_manifests`]).
    pub fn referrers(&self, subject: &Digest, artifact_type: Option<&str>) -> Result<Vec<Descriptor>> {
        sha256(subject)?;
        let at = self.at(format!("referrers of {subject}"));
        let span = tracing::info_span!("referrers", seed.digest = %subject, seed.referrers = tracing::field::Empty);
        let _entered = span.enter();
        let api = self.api_referrers(&at, subject, artifact_type)?;
        let tagged = self.tagged_referrers(&at, subject, matches!(api, Api::Absent))?;
        let is_wanted = |descriptor: &&Descriptor| {
            let found = descriptor.artifact_type().as_ref().map(AsRef::<str>::as_ref);
            artifact_type.is_none_or(|wanted| found == Some(wanted))
        };
        let (mut found, doubt) = match api {
            Api::Lists(found) => (found, None),
            Api::Absent => (Vec::new(), None),
            Api::Doubtful(answer) => (Vec::new(), Some(answer)),
        };
        match (tagged, doubt) {
            (Some(tagged), _) => found.extend(tagged.index.descriptors().filter(is_wanted).cloned()),
            (None, Some(answer)) => return Err(Error::Unlisted { at, answer, tag: referrers_tag(subject)? }),
            (None, None) => {}
        }
        let mut seen = HashSet::new();
        found.retain(|descriptor| seen.insert(descriptor.digest().clone()));
        if found.len() > REFERRERS_MAX {
            return Err(Error::Listing { at, why: format!("there are more than {REFERRERS_MAX}") });
        }
        span.record("seed.referrers", found.len() as i64);
        Ok(found)
    }

    /// What the referrers API lists. Where the registry says that it has filtered, what it does not name the type of is believed to
    /// be of the right one.
    pub(crate) fn api_referrers(
        &self,
        at: &Arc<Subject>,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Api> {
        let mut url = self.url(at, &format!("referrers/{subject}"))?;
        if let Some(wanted) = artifact_type {
            url.query_pairs_mut().append_pair("artifactType", wanted);
        }
        let (mut found, mut count, mut foreign) = (Vec::new(), 0, None);
        let listed = self.pages(at, url, MediaType::ImageIndex.as_ref(), LIMITS, |response, bytes| {
            let refuse = |why| Error::Listing { at: at.clone(), why };
            if !is_index(response) {
                let answer = format!("a page that is {}", type_of(response));
                foreign = (count == 0).then(|| answer.clone());
                return Err(refuse(format!("the registry answers with {answer}")));
            }
            let page = ReferrersIndex::parse(bytes)
                .map_err(|why| refuse(format!("what the registry lists is no image index: {why}")))?;
            let is_filtered = response.header(FILTERS).is_some_and(|filters| {
                filters.split(',').any(|filter| filter.trim().eq_ignore_ascii_case("artifactType"))
            });
            let is_wanted = |descriptor: &&Descriptor| match (artifact_type, descriptor.artifact_type()) {
                (None, _) => true,
                (Some(wanted), Some(found)) => found.as_ref() == wanted,
                (Some(_), None) => is_filtered,
            };
            // An endless list of what is not wanted has to end as well.
            count += 1 + page.descriptors().count();
            found.extend(page.descriptors().filter(is_wanted).cloned());
            Ok(count)
        });
        match (listed, foreign) {
            (Ok(()), _) => Ok(Api::Lists(found)),
            (Err(Error::NotFound { .. }), _) => Ok(Api::Absent),
            (Err(_), Some(answer)) => Ok(Api::Doubtful(answer)),
            (Err(Error::Unsupported { reply, .. }), _) => Ok(Api::Doubtful(reply.to_string())),
            (Err(Error::Status { reply, .. }), _) if matches!(reply.status, 400 | 406) => {
                Ok(Api::Doubtful(reply.to_string()))
            }
            (Err(error), _) => Err(error),
        }
    }

    /// The list under the tag; none where there is no such tag. `alone`: nothing else lists what refers to the subject.
    pub(crate) fn tagged_referrers(&self, at: &Arc<Subject>, subject: &Digest, alone: bool) -> Result<Option<Tagged>> {
        let tag = referrers_tag(subject)?;
        let (response, bytes) = match self.tag_document(at, &tag) {
            Ok(found) => found,
            // Without a repository, or in one that is hidden, nothing can be said of its manifests.
            Err(Error::NotFound { reply, .. }) if !(alone && reply.code == NO_REPOSITORY) => return Ok(None),
            Err(error) => return Err(error),
        };
        // GitLab's registry takes the tag for the digest itself.
        if digest::of(at, &bytes)? == *subject {
            return Ok(None);
        }
        let refuse = |why: String| {
            let why =
                format!("the tag {tag} stands for no list of referrers: {why}; delete that tag, or push the list anew");
            Error::Listing { at: at.clone(), why }
        };
        if !is_index(&response) {
            return Err(refuse(format!("it is {}", type_of(&response))));
        }
        let index = ReferrersIndex::parse(&bytes).map_err(refuse)?;
        let condition = entity_tag(&response).map_or(Condition::None, Condition::Unchanged);
        Ok(Some(Tagged { index, condition }))
    }
}

/// The media type of an answer, without parameters.
fn essence(response: &Response) -> Option<&str> {
    response.header(CONTENT_TYPE).and_then(|text| text.split(';').next()).map(str::trim)
}

fn is_index(response: &Response) -> bool {
    essence(response).is_some_and(|found| found.eq_ignore_ascii_case(MediaType::ImageIndex.as_ref()))
}

fn type_of(response: &Response) -> String {
    essence(response).map_or("of no type".into(), |found| format!("{:?}", clean(found)))
}

/// The strong entity tag of an answer: a weak one fits no condition (RFC 9110, 13.1.1).
fn entity_tag(response: &Response) -> Option<String> {
    let tag = response.header(ETAG)?.trim();
    (tag.starts_with('"') && tag.len() <= ENTITY_TAG_MAX).then(|| tag.into())
}
