use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Error, Result, Sha256Hash, StorePath};

/// What Nix knows of a valid store path, as far as a seed carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathInfo {
    /// The path.
    pub path: StorePath,
    /// The SHA-256 hash of its NAR.
    pub nar_hash: Sha256Hash,
    /// The length of its NAR in bytes.
    pub nar_size: u64,
    /// The store paths that it refers to, itself included where it does, sorted.
    pub references: Vec<StorePath>,
    /// How its content determines its path, where it does: `fixed:r:sha256:…`, `text:sha256:…`.
    pub ca: Option<String>,
}

/// A set of store paths, by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Closure(BTreeMap<StorePath, PathInfo>);

impl Closure {
    /// Reads the JSON of `exportReferencesGraph` or `nix path-info --json`: an array of objects, or an object keyed by
    /// path (Nix 2.19 and later), perhaps within `{"info": …}` (version 2 of that format).
    pub fn parse(json: &[u8]) -> Result<Self> {
        let value = serde_json::from_slice(json).map_err(graph)?;
        Self::from_json(value)
    }

    /// As [`parse`](Self::parse), from a value.
    pub fn from_json(value: Value) -> Result<Self> {
        let rows: Vec<_> = match value {
            Value::Array(rows) => rows.into_iter().map(|row| (None, row)).collect(),
            Value::Object(mut rows) => {
                let rows = match rows.remove("info") {
                    Some(Value::Object(rows)) => rows,
                    Some(_) => return Err(graph("its \"info\" is no object")),
                    None => rows,
                };
                rows.into_iter().map(|(path, row)| (Some(path), row)).collect()
            }
            _ => return Err(graph("it is neither an array nor an object")),
        };
        let mut closure = Self::default();
        for (i, (path, row)) in rows.into_iter().enumerate() {
            closure.insert(path_info(i, path, row)?)?;
        }
        Ok(closure)
    }

    /// Adds a path. The same path with the same content may stand there twice.
    pub fn insert(&mut self, info: PathInfo) -> Result<()> {
        match self.0.get(&info.path) {
            Some(known) if *known != info => Err(Error::Twice { path: info.path }),
            Some(_) => Ok(()),
            None => {
                self.0.insert(info.path.clone(), info);
                Ok(())
            }
        }
    }

    /// Refuses a set that refers to a path outside itself.
    pub fn check_complete(&self) -> Result<()> {
        for info in self.iter() {
            if let Some(missing) = info.references.iter().find(|path| !self.0.contains_key(path)) {
                return Err(Error::Incomplete { missing: missing.clone(), referrer: info.path.clone() });
            }
        }
        Ok(())
    }

    /// The members that `earlier` lacks.
    pub fn without(&self, earlier: &Self) -> Self {
        Self(
            self.0
                .iter()
                .filter(|(path, _)| !earlier.0.contains_key(path))
                .map(|(p, i)| (p.clone(), i.clone()))
                .collect(),
        )
    }

    /// The members, sorted by path.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &PathInfo> {
        self.0.values()
    }

    /// Whether the set holds `path`.
    pub fn contains(&self, path: &StorePath) -> bool {
        self.0.contains_key(path)
    }

    /// The sum of the members' NAR lengths in bytes.
    pub fn nar_size(&self) -> u64 {
        self.iter().fold(0, |sum, info| sum.saturating_add(info.nar_size))
    }

    /// The members by falling NAR length, at most `count`.
    pub fn largest(&self, count: usize) -> Vec<&PathInfo> {
        let mut all: Vec<_> = self.iter().collect();
        all.sort_by(|a, b| b.nar_size.cmp(&a.nar_size).then_with(|| a.path.cmp(&b.path)));
        all.truncate(count);
        all
    }

    /// The JSON that [`parse`](Self::parse) reads: an array sorted by path, hashes as SRI.
    pub fn to_json(&self) -> serde_json::Value {
        let rows: Vec<_> = self.iter().map(Row::from_info).collect();
        serde_json::to_value(rows).unwrap_or_default()
    }
}

impl FromIterator<PathInfo> for Closure {
    /// Of several entries for one path the last is kept.
    fn from_iter<I: IntoIterator<Item = PathInfo>>(infos: I) -> Self {
        Self(infos.into_iter().map(|info| (info.path.clone(), info)).collect())
    }
}

fn graph(why: impl ToString) -> Error {
    Error::Graph { why: why.to_string() }
}

/// What the entry at position `i` says; in an object its key is the path.
fn path_info(i: usize, key: Option<String>, row: Value) -> Result<PathInfo> {
    let path =
        row["path"].as_str().map(str::to_owned).or(key).ok_or_else(|| graph(format!("entry {i} has no path")))?;
    let path = StorePath::parse(&path)?;
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

    #[test]
    fn every_version_of_the_format_reads_the_same() {
        let rows = Closure::from_json(serde_json::json!([row(A, &[B]), row(B, &[])])).unwrap();
        let by_path = Closure::from_json(serde_json::json!({ A: row(A, &[B]), B: row(B, &[]) })).unwrap();
        let versioned =
            Closure::from_json(serde_json::json!({ "version": 2, "info": { A: row(A, &[B]), B: row(B, &[]) } }))
                .unwrap();
        assert_eq!(rows, by_path);
        assert_eq!(rows, versioned);
        assert_eq!(rows, Closure::from_json(rows.to_json()).unwrap());
        assert!(rows.check_complete().is_ok());
    }

    #[test]
    fn a_graph_that_misses_a_path_is_refused() {
        let closure = Closure::from_json(serde_json::json!([row(A, &[B])])).unwrap();
        let message = closure.check_complete().unwrap_err().to_string();
        assert_eq!(
            message,
            format!("the closure graph lacks {B}, which {A} refers to; write the graph with --recursive")
        );
    }

    #[test]
    fn a_graph_that_names_one_path_twice_with_different_content_is_refused() {
        let error = Closure::from_json(serde_json::json!([row(A, &[]), row(A, &[A])])).unwrap_err();
        assert!(matches!(error, Error::Twice { .. }), "{error}");
    }

    #[test]
    fn an_entry_that_is_wrong_is_named() {
        let change = |field: &str, value: Value| {
            let mut row = row(A, &[]);
            row[field] = value;
            Closure::from_json(serde_json::json!([row])).unwrap_err().to_string()
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
