//! Edits of a test vector; `checks/` makes the same.

use serde::Deserialize;
use serde_json::Value;

/// An operation of JSON Patch (RFC 6902).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    op: String,
    path: String,
    #[serde(default)]
    value: Value,
    /// The value is so often this text.
    times: Option<usize>,
}

impl Edit {
    pub(crate) fn apply(&self, document: &mut Value) {
        let value = match self.times {
            Some(times) => self.value.as_str().unwrap().repeat(times).into(),
            None => self.value.clone(),
        };
        let (parent, name) = self.path.rsplit_once('/').unwrap();
        match (&*self.op, document.pointer_mut(parent).unwrap()) {
            ("replace", parent) => *parent.pointer_mut(&format!("/{name}")).unwrap() = value,
            ("add", Value::Object(fields)) => assert!(fields.insert(name.into(), value).is_none()),
            ("add", Value::Array(items)) => items.insert(name.parse().unwrap(), value),
            ("remove", Value::Object(fields)) => drop(fields.remove(name).unwrap()),
            ("remove", Value::Array(items)) => drop(items.remove(name.parse().unwrap())),
            (op, parent) => unreachable!("{op} in {parent}"),
        }
    }
}
