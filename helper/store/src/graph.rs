use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::{Closure, Error, PathInfo, Result, Sha256Hash, StorePath};

/// The most bytes of a closure graph's JSON: a store of a hundred thousand paths has less than 100 MB.
pub const GRAPH_MAX: u64 = 256 << 20;

/// A closure graph as Nix writes it: the JSON of `exportReferencesGraph` or `nix path-info --json`, an array of objects,
/// or an object keyed by path (Nix 2.19 and later); or that array as `paths` of an object with its `narSize`, as a seed's
/// `closure` is written.
///
/// Every entry is kept, also where the JSON has one key twice: [`Closure::from_graph`] decides.
#[derive(Debug)]
pub struct Graph(Vec<(Option<String>, Value)>);

impl Closure {
    /// Reads a closure graph.
    pub fn parse(json: &[u8]) -> Result<Self> {
        Self::from_graph(serde_json::from_slice(json).map_err(graph)?)
    }

    /// What a closure graph says. References need not be in it.
    pub fn from_graph(Graph(rows): Graph) -> Result<Self> {
        let mut closure = Self::default();
        let version = rows.iter().find(|(key, _)| key.as_deref() == Some("version"));
        if let Some((_, version)) = version {
            return Err(graph(format!("its version is {version}; have version 1 written, with --json-format 1")));
        }
        for (i, (path, row)) in rows.into_iter().enumerate() {
            closure.insert(path_info(i, path, row)?)?;
        }
        Ok(closure)
    }

    /// The JSON of the closure graph: an array sorted by path, hashes as SRI.
    pub fn to_json(&self) -> Value {
        let rows: Vec<_> = self.iter().map(Row::from_info).collect();
        serde_json::to_value(rows).unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for Graph {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(GraphVisitor)
    }
}

struct GraphVisitor;

impl<'de> Visitor<'de> for GraphVisitor {
    type Value = Graph;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of store paths, or an object keyed by store path")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Graph, A::Error> {
        let mut graph = Vec::new();
        while let Some(row) = rows.next_element()? {
            graph.push((None, row));
        }
        Ok(Graph(graph))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut rows: A) -> Result<Graph, A::Error> {
        let mut graph = Vec::new();
        while let Some((path, row)) = rows.next_entry::<String, Value>()? {
            match (&*path, row) {
                ("paths", Value::Array(rows)) => graph.extend(rows.into_iter().map(|row| (None, row))),
                ("narSize", Value::Number(_)) => {}
                (_, row) => graph.push((Some(path), row)),
            }
        }
        Ok(Graph(graph))
    }
}

fn graph(why: impl ToString) -> Error {
    Error::Graph { why: why.to_string() }
}

/// What the entry at position `i` says; in an object its key is the path.
fn path_info(i: usize, key: Option<String>, row: Value) -> Result<PathInfo> {
    let path = match (row["path"].as_str(), key) {
        (Some(path), Some(key)) if path != key => return Err(graph(format!("the entry of {key} is of {path}"))),
        (Some(path), _) => StorePath::parse(path)?,
        (None, Some(key)) => StorePath::parse(&key)?,
        (None, None) => return Err(graph(format!("entry {i} has no path"))),
    };
    if row.is_null() {
        return Err(graph(format!("{path} is not valid")));
    }
    let wrong = |why: &dyn ToString| graph(format!("{path}: {}", why.to_string()));
    let row = Row::deserialize(row).map_err(|error| wrong(&error))?;
    let mut references = row.references.iter().map(|path| StorePath::parse(path)).collect::<Result<Vec<_>>>()?;
    references.sort_unstable();
    references.dedup();
    Ok(PathInfo {
        nar_hash: Sha256Hash::parse(&row.nar_hash).map_err(|error| wrong(&error))?,
        path,
        nar_size: row.nar_size,
        references,
        ca: row.ca.filter(|ca| !ca.is_empty()),
    })
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    path: Option<String>,
    nar_hash: String,
    nar_size: u64,
    references: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ca: Option<String>,
}

impl Row {
    fn from_info(info: &PathInfo) -> Self {
        Self {
            path: Some(info.path.to_string()),
            nar_hash: info.nar_hash.sri(),
            nar_size: info.nar_size,
            references: info.references.iter().map(ToString::to_string).collect(),
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
    fn a_graph_that_names_one_path_twice_with_different_content_is_refused() {
        let keyed = format!("{{\"{A}\": {}, \"{A}\": {}}}", row(A, &[]), row(A, &[A]));
        for twice in [serde_json::json!([row(A, &[]), row(A, &[A])]).to_string(), keyed] {
            let error = Closure::parse(twice.as_bytes()).unwrap_err();
            assert!(matches!(error, Error::Twice { .. }), "{error}");
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
            ("references", 7.into(), "invalid type: integer `7`"),
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
