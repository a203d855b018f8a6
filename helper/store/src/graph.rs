use std::borrow::Cow;
use std::fmt;

use serde::de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::{Closure, Error, PathInfo, Result, Sha256Hash, StorePath};

/// The most bytes of a closure graph's JSON: a store of a hundred thousand paths has less than 100 MB.
pub const GRAPH_MAX: u64 = 256 << 20;

/// A closure graph as Nix writes it: the JSON of `exportReferencesGraph` or `nix path-info --json`, an array of objects,
/// or an object keyed by path (Nix 2.19 and later); or that array as `paths` of an object with its `narSize`, as a seed's
/// `closure` is written.
///
/// Each entry is read and checked before the next, and nothing is kept of those that follow a wrong one.
#[derive(Debug)]
pub struct Graph(Result<Closure>);

impl Closure {
    /// Reads a closure graph.
    pub fn parse(json: &[u8]) -> Result<Self> {
        Self::from_graph(serde_json::from_slice(json).map_err(graph)?)
    }

    /// What a closure graph says. References need not be in it.
    pub fn from_graph(Graph(closure): Graph) -> Result<Self> {
        closure
    }

    /// The JSON of the closure graph: an array sorted by path, hashes as SRI.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// As [`Closure::to_json`], row by row.
impl Serialize for Closure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Row::from_info))
    }
}

impl<'de> Deserialize<'de> for Graph {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Rows::default()).map(|rows| Self(rows.fault.map_or(Ok(rows.closure), Err)))
    }
}

/// What has been read of a closure graph.
#[derive(Default)]
struct Rows {
    closure: Closure,
    count: usize,
    /// The first that is wrong. Kept, since an error of serde is a text, and knows no exit code.
    fault: Option<Error>,
}

impl Rows {
    fn add(&mut self, key: Option<&str>, row: &RawValue) {
        if self.fault.is_none() {
            self.fault = path_info(self.count, key, row.get()).and_then(|info| self.closure.insert(info)).err();
        }
        self.count += 1;
    }
}

impl<'de> Visitor<'de> for Rows {
    type Value = Self;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of store paths, or an object keyed by store path")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut rows: A) -> Result<Self, A::Error> {
        while self.fault.is_none() {
            match rows.next_element()? {
                Some(row) => self.add(None, row),
                None => return Ok(self),
            }
        }
        while rows.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut rows: A) -> Result<Self, A::Error> {
        while let Some((key, row)) = rows.next_entry::<String, &RawValue>()? {
            let first = row.get().as_bytes().first();
            match (&*key, first) {
                // It says what is wrong with all the rest, which may have come before it.
                ("version", _) => {
                    let why = format!("its version is {row}; have version 1 written, with --json-format 1");
                    self.fault = Some(graph(why));
                }
                ("paths", Some(b'[')) => {
                    self = serde_json::Deserializer::from_str(row.get())
                        .deserialize_seq(self)
                        .map_err(A::Error::custom)?;
                }
                ("narSize", Some(b'-' | b'0'..=b'9')) => {}
                _ => self.add(Some(&key), row),
            }
        }
        Ok(self)
    }
}

fn graph(why: impl ToString) -> Error {
    Error::Graph { why: why.to_string() }
}

/// What is wrong with an entry, without the line and column, which count from the entry's beginning.
fn why(error: &serde_json::Error) -> String {
    let (text, place) = (error.to_string(), format!(" at line {} column {}", error.line(), error.column()));
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

/// What the entry at position `i` says; in an object its key is the path.
fn path_info(i: usize, key: Option<&str>, row: &str) -> Result<PathInfo> {
    let named: Option<Named<'_>> = serde_json::from_str(row)
        .map_err(|error| graph(format!("{}: {}", key.unwrap_or(&format!("entry {i}")), why(&error))))?;
    let path = match (named.as_ref().and_then(|named| named.path.as_deref()), key) {
        (Some(path), Some(key)) if path != key => return Err(graph(format!("the entry of {key} is of {path}"))),
        (Some(path), _) | (None, Some(path)) => StorePath::parse(path)?,
        (None, None) => return Err(graph(format!("entry {i} has no path"))),
    };
    if named.is_none() {
        return Err(graph(format!("{path} is not valid")));
    }
    let wrong = |why: String| graph(format!("{path}: {why}"));
    let row: Row = serde_json::from_str(row).map_err(|error| wrong(why(&error)))?;
    let mut references: Vec<_> = row.references.into_iter().map(|Reference(path)| path).collect();
    references.sort_unstable();
    references.dedup();
    Ok(PathInfo {
        nar_hash: Sha256Hash::parse(&row.nar_hash).map_err(|error| wrong(error.to_string()))?,
        path,
        nar_size: row.nar_size,
        references,
        ca: row.ca.filter(|ca| !ca.is_empty()),
    })
}

/// Read first, so that an error in the rest names the path wherever in the entry it stands.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Named<'a> {
    #[serde(borrow)]
    path: Option<Cow<'a, str>>,
}

/// Fields stand in the order in which they are written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
struct Row {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ca: Option<String>,
    nar_hash: String,
    nar_size: u64,
    path: Option<String>,
    references: Vec<Reference>,
}

/// Checked as it is read: of strings that are none, the first ends the reading.
struct Reference(StorePath);

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let path = String::deserialize(deserializer)?;
        StorePath::parse(&path).map(Self).map_err(D::Error::custom)
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Row {
    fn from_info(info: &PathInfo) -> Self {
        Self {
            path: Some(info.path.to_string()),
            nar_hash: info.nar_hash.sri(),
            nar_size: info.nar_size,
            references: info.references.iter().cloned().map(Reference).collect(),
            ca: info.ca.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "/nix/store/00000000000000000000000000000000-a";
    const B: &str = "/nix/store/11111111111111111111111111111111-b";
    const HASH: &str = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

    fn row(path: &str, references: &[&str]) -> serde_json::Value {
        serde_json::json!({ "path": path, "narHash": HASH, "narSize": 8, "references": references, "closureSize": 9, "valid": true })
    }

    fn closure(json: Value) -> Result<Closure> {
        Closure::parse(json.to_string().as_bytes())
    }

    #[test]
    fn both_forms_read_the_same() {
        let rows = closure(serde_json::json!([row(A, &[B]), row(B, &[])])).unwrap();
        let by_path = closure(serde_json::json!({ A: row(A, &[B]), B: row(B, &[]) })).unwrap();
        assert_eq!(rows, by_path);
        assert_eq!(rows, closure(rows.to_json()).unwrap());
        assert!(rows.check_complete().is_ok());
    }

    #[test]
    fn what_a_seed_writes_reads_the_same() {
        let rows = closure(serde_json::json!([row(A, &[B]), row(B, &[])])).unwrap();
        assert_eq!(closure(serde_json::json!({ "narSize": 16, "paths": rows.to_json() })).unwrap(), rows);
    }

    #[test]
    fn a_graph_that_misses_a_path_is_refused() {
        let closure = closure(serde_json::json!([row(A, &[B])])).unwrap();
        let message = closure.check_complete().unwrap_err().to_string();
        assert_eq!(
            message,
            format!("the closure graph lacks {B}, which {A} refers to; write the graph with --recursive")
        );
    }

    #[test]
    fn a_graph_that_names_one_path_twice_is_refused_even_where_it_says_the_same() {
        for other in [&[][..], &[A]] {
            let rows = serde_json::json!([row(A, &[]), row(B, &[]), row(A, other)]).to_string();
            let keyed = format!("{{\"{A}\": {}, \"{A}\": {}}}", row(A, &[]), row(A, other));
            for twice in [rows, keyed] {
                let message = Closure::parse(twice.as_bytes()).unwrap_err().to_string();
                assert_eq!(message, format!("the closure graph names {A} twice; write the graph again"));
            }
        }
    }

    #[test]
    fn an_entry_with_a_field_twice_is_refused() {
        let honest = row(A, &[]).to_string();
        for field in ["path", "narHash", "narSize", "references"] {
            let value = &row(A, &[])[field];
            let twice = format!("[{},\"{field}\":{value}}}]", honest.strip_suffix('}').unwrap());
            let message = Closure::parse(twice.as_bytes()).unwrap_err().to_string();
            assert!(message.contains(&format!(": duplicate field `{field}`; expected")), "{message}");
        }
    }

    #[test]
    fn an_entry_under_another_path_is_refused() {
        let message = closure(serde_json::json!({ A: row(B, &[]) })).unwrap_err().to_string();
        assert!(message.contains(&format!("the entry of {A} is of {B}")), "{message}");
    }

    #[test]
    fn a_graph_of_a_later_version_is_refused_with_the_way_to_the_right_one() {
        let message = closure(serde_json::json!({ "version": 2, "info": {} })).unwrap_err().to_string();
        assert!(message.contains("its version is 2; have version 1 written, with --json-format 1"), "{message}");
    }

    #[test]
    fn an_entry_that_is_wrong_is_named() {
        let change = |field: &str, value: Value| {
            let mut row = row(A, &[]);
            row[field] = value;
            closure(serde_json::json!([row])).unwrap_err().to_string()
        };
        for (field, value, why) in [
            ("narSize", (-1).into(), "invalid value: integer `-1`"),
            ("narHash", Value::Null, "invalid type: null"),
            ("narHash", "md5:0".into(), "\"md5:0\" is not a SHA-256 hash"),
            ("references", 7.into(), "invalid type: integer `7`, expected a sequence; expected what"),
            ("references", serde_json::json!([A, 7]), "invalid type: integer `7`"),
            ("references", serde_json::json!([A, "/nix/store/x"]), "\"x\" is not a store path"),
        ] {
            let message = change(field, value);
            assert!(message.contains(&format!("{A}: {why}")), "{message}");
        }
        assert!(change("path", Value::Null).contains("entry 0 has no path"));
    }

    #[test]
    fn what_is_no_graph_is_refused() {
        for bad in ["", "{", "7", "[7]", r#"[{"path": "/nix/store/x"}]"#, r#"{"a": null}"#] {
            assert!(Closure::parse(bad.as_bytes()).is_err(), "{bad:?} was accepted");
        }
    }
}
