//! Uploading a blob (OCI Distribution Specification 1.1, "Pushing Blobs").
//!
//! POST, one PATCH with all that is left, PUT: what docker, podman and skopeo send, so what registries take. Chunks gain
//! nothing for layers of some MiB. After a failure the registry is asked how far it got. docker's registry (2.8) drops an
//! upload whose PATCH broke off, whatever its size, and says so with 404: then the blob is sent anew.

use std::sync::Arc;

use oci_spec::image::Digest;
use ureq::http::Method;
use ureq::http::header::{CONTENT_RANGE, CONTENT_TYPE, LOCATION, RANGE};
use url::Url;

use crate::http::{Request, Response, protocol};
use crate::payload::{Open, Payload};
use crate::read::named_digest;
use crate::reference::sha256;
use crate::retry::{Attempts, Failure};
use crate::{Error, Repository, Result, Subject};

/// An upload that has begun.
struct Session {
    /// Where it goes on.
    url: Url,
    /// How many bytes the registry has.
    offset: u64,
    /// Whether they came in parts.
    resumed: bool,
}

/// What is uploaded.
struct Upload<'a> {
    at: Arc<Subject>,
    scopes: Vec<String>,
    digest: &'a Digest,
    size: u64,
    open: &'a Open<'a>,
    progress: &'a dyn Fn(u64),
    /// Not where the registry put parts together wrongly.
    resumable: bool,
}

impl Repository {
    /// Uploads a blob of `size` bytes, with retries; `open` gives its bytes from an offset on.
    ///
    /// `progress` is told up to which byte the blob was sent; it goes back where a part has to be sent again.
    pub fn upload(
        &self,
        digest: &Digest,
        size: u64,
        open: &dyn Fn(u64) -> std::io::Result<Box<dyn std::io::Read>>,
        progress: &dyn Fn(u64),
    ) -> Result<()> {
        sha256(digest)?;
        let (at, scopes) = (self.at(format!("blob {digest}")), self.scope("pull,push"));
        let mut upload = Upload { at, scopes, digest, size, open, progress, resumable: true };
        let mut attempts = Attempts::new(self.options());
        let mut session = None;
        let mut most = 0;
        loop {
            let Err(failure) = self.upload_once(&upload, &mut session) else { return Ok(()) };
            let failure = upload.consider(failure, &mut session);
            attempts.pause(&upload.at, failure)?;
            let Some(lost) = session.take() else { continue };
            // A registry may have taken all, and only its answer was lost.
            if lost.offset == size && self.has_blob(digest)?.is_some_and(|found| found == size) {
                return Ok(());
            }
            session = if upload.resumable { self.upload_state(&upload, lost) } else { None };
            if let Some(offset) = session.as_ref().map(|session| session.offset).filter(|offset| *offset > most) {
                most = offset;
                attempts.progress();
            }
        }
    }

    fn upload_once(&self, upload: &Upload<'_>, session: &mut Option<Session>) -> Result<(), Failure> {
        let at = &upload.at;
        if session.is_none() {
            let request = Request::new(Method::POST, self.url(at, "blobs/uploads/")?).body(Payload::Bytes(&[]));
            let response = self.attempt(at, &request, &upload.scopes)?;
            *session = Some(Session { url: self.location(at, &response)?, offset: 0, resumed: false });
        }
        let Some(begun) = session else { return Ok(()) };
        if begun.offset < upload.size {
            let Upload { open, progress, size, .. } = *upload;
            let mut request = Request::new(Method::PATCH, begun.url.clone())
                .header(CONTENT_TYPE, "application/octet-stream")
                .body(Payload::Stream { open, offset: begun.offset, end: size, progress });
            request.patient = true;
            if begun.offset > 0 {
                request = request.header(CONTENT_RANGE, format!("{}-{}", begun.offset, size - 1));
            }
            let response = self.attempt(at, &request, &upload.scopes)?;
            begun.url = self.location(at, &response)?;
            // Of one byte, `0-0` is all: the digest tells whether it is there.
            begun.offset = taken(&response).filter(|_| size > 1).unwrap_or(size);
            if begun.offset != size {
                let why = format!("it took {} of {size} bytes", begun.offset);
                return Err(Failure::passing(protocol(at, &at.registry, &why)));
            }
        }
        let mut url = begun.url.clone();
        url.query_pairs_mut().append_pair("digest", upload.digest.as_ref());
        let mut request = Request::new(Method::PUT, url).body(Payload::Bytes(&[]));
        request.patient = true;
        let response = self.attempt(at, &request, &upload.scopes)?;
        match named_digest(&response) {
            Some(found) if found != *upload.digest => {
                let why = format!("the registry stored it as {found}");
                Err(Error::Mismatch { at: at.clone(), why }.into())
            }
            _ => Ok(()),
        }
    }

    /// Asks how far an upload got; `None` where it has to start anew.
    fn upload_state(&self, upload: &Upload<'_>, lost: Session) -> Option<Session> {
        let request = Request::new(Method::GET, lost.url.clone());
        let response = match self.send(&upload.at, &request, &upload.scopes) {
            Ok(response) => response,
            Err(error) => {
                tracing::debug!(registry = upload.at.registry, what = upload.at.what, why = %error, "starting anew");
                return None;
            }
        };
        let offset = taken(&response).filter(|offset| *offset <= upload.size)?;
        let url = self.location(&upload.at, &response).unwrap_or(lost.url);
        tracing::debug!(registry = upload.at.registry, what = upload.at.what, offset, "going on");
        Some(Session { url, offset, resumed: lost.resumed || offset > 0 })
    }

    /// Where an upload goes on, as the answer says.
    pub(crate) fn location(&self, at: &Arc<Subject>, response: &Response) -> Result<Url> {
        let location = response.header(LOCATION);
        let location =
            location.ok_or_else(|| protocol(at, &at.registry, "it does not say where the upload goes on"))?;
        self.http().follow(at, "Location", &response.url, location)
    }
}

impl Upload<'_> {
    /// Which failures of an upload that has begun mean that another one may succeed.
    fn consider(&mut self, failure: Failure, session: &mut Option<Session>) -> Failure {
        let Some(begun) = session else { return failure };
        let resumed = begun.resumed;
        let status = match &failure.error {
            Error::NotFound { .. } => 404,
            Error::Status { reply, .. } => reply.status,
            _ => return failure,
        };
        match status {
            // Forgotten, or further on than it said.
            404 | 416 => {}
            // Parts that do not make the whole: all at once may.
            400 if resumed && self.resumable && failure_is_of_parts(&failure.error) => self.resumable = false,
            _ => return failure,
        }
        *session = None;
        Failure { again: true, ..failure }
    }
}

/// Whether a registry complains of what it has of an upload. A wrong digest of all that was sent at once is our fault.
fn failure_is_of_parts(error: &Error) -> bool {
    let Error::Status { reply, .. } = error else { return false };
    matches!(reply.code.as_str(), "BLOB_UPLOAD_INVALID" | "DIGEST_INVALID" | "RANGE_INVALID" | "SIZE_INVALID")
}

/// How many bytes a registry has of an upload: `Range: 0-9` is ten of them. `0-0` is none or one; one that turns out
/// to be there is answered with 416, and the upload starts anew.
fn taken(response: &Response) -> Option<u64> {
    let range = response.header(RANGE)?.trim();
    let last: u64 = range.strip_prefix("bytes=").unwrap_or(range).strip_prefix("0-")?.parse().ok()?;
    if last == 0 { Some(0) } else { last.checked_add(1) }
}
