//! Every change of one field of a document.

use data_encoding::BASE64;
use serde_json::{Map, Value, json};

/// A key that no document has; it becomes a second one of the same name where the document is written.
const TWIN: &str = "\u{1f46f}";

/// A document with one change.
pub(crate) struct Mutation {
    /// Where: `verificationMaterial.tlogEntries[0].logIndex`.
    pub(crate) path: String,
    /// What was done there.
    pub(crate) what: String,
    /// The document; not as a value, since some of these are none.
    pub(crate) text: String,
}

/// A change that is no other decision.
#[derive(Debug)]
pub(crate) struct Exception {
    /// Where, without numbers in brackets. A `*` at the end: also what is in there.
    pub(crate) path: &'static str,
    /// What is done there, or how that begins.
    pub(crate) what: &'static str,
    /// Why it is none.
    pub(crate) why: &'static str,
}

impl Exception {
    fn is(&self, mutation: &Mutation) -> bool {
        let mut path = String::new();
        for (number, part) in mutation.path.split('[').enumerate() {
            path += if number == 0 { part } else { part.trim_start_matches(|c: char| c.is_ascii_digit()) };
            path.push('[');
        }
        path.pop();
        let is_there = self.path.strip_suffix('*').map_or(path == self.path, |begin| path.starts_with(begin));
        is_there && mutation.what.starts_with(self.what)
    }
}

/// Of what was accepted, all are exceptions; and each exception was accepted.
pub(crate) fn check(of: &str, accepted: &[Mutation], exceptions: &[Exception]) {
    let is_known = |mutation: &&Mutation| exceptions.iter().any(|exception| exception.is(mutation));
    let unknown: Vec<_> = accepted.iter().filter(|mutation| !is_known(mutation)).collect();
    let unknown: Vec<_> = unknown.iter().map(|mutation| format!("{}: {}", mutation.path, mutation.what)).collect();
    assert!(unknown.is_empty(), "{of}: believed all the same:\n{}", unknown.join("\n"));
    for exception in exceptions {
        let is_met = accepted.iter().any(|mutation| exception.is(mutation));
        assert!(is_met, "{of}: no exception any more: {}: {} ({})", exception.path, exception.what, exception.why);
    }
}

/// A step into a document.
#[derive(Clone)]
enum Step {
    Key(String),
    Index(usize),
}

/// All changes of one field.
pub(crate) fn all(document: &Value) -> Vec<Mutation> {
    let mut all = Vec::new();
    visit(document, document, &mut Vec::new(), &mut all);
    all
}

fn visit(document: &Value, here: &Value, path: &mut Vec<Step>, all: &mut Vec<Mutation>) {
    let mut change = |what: String, new: Value| {
        let mut changed = document.clone();
        *at(&mut changed, path) = new;
        all.push(Mutation { path: name(path), what, text: changed.to_string() });
    };
    match here {
        Value::String(text) => altered(text).into_iter().for_each(|(what, new)| change(what, json!(new))),
        Value::Number(number) => {
            let number = number.as_i64().unwrap();
            [number - 1, number + 1].into_iter().for_each(|new| change(format!("made {new}"), json!(new)));
        }
        Value::Bool(is) => change("flipped".into(), json!(!is)),
        Value::Object(fields) => {
            let with = |key: &str, value: Value| {
                let mut fields = fields.clone();
                fields.insert(key.into(), value);
                Value::Object(fields)
            };
            change("given a field more".into(), with("added", json!("x")));
            change("given a field more that is null".into(), with("added", Value::Null));
            for (key, value) in fields {
                let without: Map<_, _> = fields
                    .iter()
                    .filter(|(other, _)| *other != key)
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect();
                let mut renamed = without.clone();
                renamed.insert(format!("{key}x"), value.clone());
                change(format!("relieved of {key}"), Value::Object(without));
                change(format!("given another name for {key}"), Value::Object(renamed));
                change(format!("given {key} twice"), with(&format!("{TWIN}{key}"), value.clone()));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let (mut without, mut twice) = (items.clone(), items.clone());
                without.remove(index);
                twice.insert(index, item.clone());
                change(format!("relieved of item {index}"), Value::Array(without));
                change(format!("given item {index} twice"), Value::Array(twice));
            }
            let reversed: Vec<_> = items.iter().rev().cloned().collect();
            if reversed != *items {
                change("reversed".into(), Value::Array(reversed));
            }
        }
        Value::Null => change("given a value".into(), json!("x")),
    }
    if !here.is_null() && !path.is_empty() {
        change("made null".into(), Value::Null);
    }
    for mutation in all.iter_mut() {
        mutation.text = mutation.text.replace(TWIN, "");
    }
    let steps: Vec<(Step, &Value)> = match here {
        Value::Object(fields) => fields.iter().map(|(key, value)| (Step::Key(key.clone()), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, value)| (Step::Index(index), value)).collect(),
        _ => Vec::new(),
    };
    for (step, value) in steps {
        path.push(step);
        visit(document, value, path, all);
        path.pop();
    }
}

/// A text with its first, middle or last character altered; where it is base 64, with a bit of these bytes flipped, too.
fn altered(text: &str) -> Vec<(String, String)> {
    let chars: Vec<char> = text.chars().collect();
    let mut all = vec![("made longer".into(), format!("{text}x"))];
    for (index, place) in places(chars.len()) {
        let mut chars = chars.clone();
        chars[index] = other(chars[index]);
        all.push((format!("altered in its {place} character"), chars.into_iter().collect()));
    }
    if let Ok(bytes) = BASE64.decode(text.as_bytes()) {
        for (index, place) in places(bytes.len()) {
            for bit in [0, 7] {
                let mut bytes = bytes.clone();
                bytes[index] ^= 1 << bit;
                all.push((format!("altered in bit {bit} of its {place} byte"), BASE64.encode(&bytes)));
            }
        }
    }
    all
}

fn places(length: usize) -> Vec<(usize, &'static str)> {
    match length {
        0 => Vec::new(),
        1 => vec![(0, "only")],
        _ => vec![(0, "first"), (length / 2, "middle"), (length - 1, "last")],
    }
}

/// Another character of the same kind, so that the form stays right.
fn other(c: char) -> char {
    match c {
        'a'..='y' | 'A'..='Y' | '0'..='8' => char::from_u32(u32::from(c) + 1).unwrap(),
        'z' => 'a',
        'Z' => 'A',
        '9' => '0',
        _ => 'x',
    }
}

fn at<'v>(document: &'v mut Value, path: &[Step]) -> &'v mut Value {
    path.iter().fold(document, |value, step| match step {
        Step::Key(key) => &mut value[key.as_str()],
        Step::Index(index) => &mut value[*index],
    })
}

fn name(path: &[Step]) -> String {
    let mut name = String::new();
    for step in path {
        match step {
            Step::Key(key) if name.is_empty() => name.push_str(key),
            Step::Key(key) => name += &format!(".{key}"),
            Step::Index(index) => name += &format!("[{index}]"),
        }
    }
    name
}

#[test]
fn changes_are_all_there_and_each_changes_something() {
    let document = json!({ "a": "AAEC", "b": [1, 2], "c": null, "d": true });
    let all = all(&document);
    let has = |text: &str| assert!(all.iter().any(|mutation| mutation.text == text), "{text}");
    has(r#"{"a":"AAEC","b":[1,2],"c":null,"d":true,"a":"AAEC"}"#);
    has(r#"{"b":[1,2],"c":null,"d":true}"#);
    has(r#"{"ax":"AAEC","b":[1,2],"c":null,"d":true}"#);
    has(r#"{"a":"AQEC","b":[1,2],"c":null,"d":true}"#);
    has(r#"{"a":"AAEC","b":[2,1],"c":null,"d":true}"#);
    has(r#"{"a":"AAEC","b":[1,2,2],"c":null,"d":true}"#);
    has(r#"{"a":"AAEC","b":[1,3],"c":null,"d":true}"#);
    has(r#"{"a":"AAEC","b":null,"c":null,"d":true}"#);
    has(r#"{"a":"AAEC","b":[1,2],"c":"x","d":true}"#);
    has(r#"{"a":"AAEC","b":[1,2],"c":null,"d":false}"#);
    has(r#"{"a":"AAEC","added":"x","b":[1,2],"c":null,"d":true}"#);
    let text = document.to_string();
    assert!(all.iter().all(|mutation| mutation.text != text));
}
