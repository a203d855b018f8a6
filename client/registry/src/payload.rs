use std::io::{ErrorKind, Read, Result};

use crate::Traffic;

/// Opens what is to be uploaded at an offset in bytes.
pub(crate) type Open<'a> = dyn Fn(u64) -> Result<Box<dyn Read>> + 'a;

/// The body of a request, which can be sent more than once.
pub(crate) enum Payload<'a> {
    None,
    Bytes(&'a [u8]),
    /// The bytes from `offset` to `end` of what `open` opens; `progress` is told how far it got.
    Stream {
        open: &'a Open<'a>,
        offset: u64,
        end: u64,
        progress: &'a dyn Fn(u64),
    },
}

/// Sends a body once. A failure to read what is sent is kept apart from one to send it.
pub(crate) struct Sender<'a> {
    source: Option<Box<dyn Read + 'a>>,
    at: u64,
    end: u64,
    length: Option<u64>,
    progress: Option<&'a dyn Fn(u64)>,
    traffic: &'a Traffic,
    error: Option<std::io::Error>,
}

impl<'a> Sender<'a> {
    pub(crate) fn new(payload: &Payload<'a>, traffic: &'a Traffic) -> Result<Self> {
        let (source, at, end, progress): (Option<Box<dyn Read + 'a>>, _, _, _) = match payload {
            Payload::None => (None, 0, 0, None),
            Payload::Bytes(bytes) => (Some(Box::new(*bytes)), 0, bytes.len() as u64, None),
            Payload::Stream { open, offset, end, progress } => (Some(open(*offset)?), *offset, *end, Some(*progress)),
        };
        let length = source.as_ref().map(|_| end - at);
        Ok(Self { source, at, end, length, progress, traffic, error: None })
    }

    /// The length of the body in bytes; `None` where there is no body.
    pub(crate) fn length(&self) -> Option<u64> {
        self.length
    }

    /// Why what is sent cannot be read.
    pub(crate) fn take_error(&mut self) -> Option<std::io::Error> {
        self.error.take()
    }

    fn fail(&mut self, error: std::io::Error) -> Result<usize> {
        let kind = error.kind();
        self.error = Some(error);
        Err(kind.into())
    }
}

impl Read for Sender<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let Some(source) = &mut self.source else { return Ok(0) };
        let want = buffer.len().min(usize::try_from(self.end - self.at).unwrap_or(usize::MAX));
        if want == 0 {
            return Ok(0);
        }
        match source.read(&mut buffer[..want]) {
            Ok(0) => self.fail(std::io::Error::new(ErrorKind::UnexpectedEof, "it is shorter than announced")),
            Ok(read) => {
                self.at += read as u64;
                self.traffic.add_sent(read);
                if let Some(progress) = self.progress {
                    progress(self.at);
                }
                Ok(read)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
            Err(error) => self.fail(error),
        }
    }
}
