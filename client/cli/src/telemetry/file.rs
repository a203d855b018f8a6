use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;

use crate::error::Error;

/// A file of traces, as OpenTelemetry's "OpenTelemetry Protocol File Exporter" has it: an object a line. Commands add to
/// it, each a line.
#[derive(Debug)]
pub(super) struct TraceFile {
    path: PathBuf,
    file: File,
}

impl TraceFile {
    /// Opens the file: what cannot be written is better said before the work than after.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let file = File::options().read(true).append(true).create(true).open(path);
        let file = file.map_err(|source| Error::Io { doing: "opening", path: path.into(), source })?;
        Ok(Self { path: path.into(), file })
    }

    /// Adds a line with `spans`.
    pub(super) fn write(self, spans: Vec<SpanData>, resource: &Resource) -> Result<(), Error> {
        let request =
            ExportTraceServiceRequest { resource_spans: group_spans_by_resource_and_scope(spans, &resource.into()) };
        let line = serde_json::to_vec(&request).map_err(std::io::Error::from);
        let written = line.and_then(|line| append(self.file, &line));
        written.map_err(|source| Error::Io { doing: "writing", path: self.path, source })
    }
}

/// Adds a line, alone with the file. One that somebody else was killed at stays apart from it.
fn append(mut file: File, line: &[u8]) -> std::io::Result<()> {
    file.lock()?;
    let mut whole = Vec::with_capacity(line.len() + 2);
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        whole.extend((last != *b"\n").then_some(b'\n'));
    }
    whole.extend_from_slice(line);
    whole.push(b'\n');
    file.write_all(&whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_added_to_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("trace");
        for (before, after) in [("", "x\n"), ("a\n", "a\nx\n"), ("a\nhal", "a\nhal\nx\n")] {
            std::fs::write(&path, before).unwrap();
            append(TraceFile::open(&path).unwrap().file, b"x").unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), after);
        }
    }
}
