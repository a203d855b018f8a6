//! JSON that is read in one way only.
//!
//! JSON leaves open what an object means that has a key twice (RFC 8259, section 4), and readers differ. What is signed
//! must not mean two things; so [`check`] refuses that, what follows a document, and documents that are too large or too
//! deep to be looked at in peace.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::ser::Serialize;

use crate::{Error, Result};

/// What a reader takes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most bytes of a document.
    pub bytes: usize,
    /// How deep arrays and objects may lie in each other.
    pub depth: usize,
}

impl Limits {
    /// For statements: an output of a flake takes some 300 bytes.
    pub const STATEMENT: Self = Self { bytes: 4 << 20, depth: 16 };
    /// For what carries a statement: base 64 makes four bytes of three, and a certificate and proofs come along.
    pub const BUNDLE: Self = Self { bytes: 8 << 20, depth: 16 };
}

/// Refuses what is no JSON, or JSON that two readers may read as two things.
pub fn check(bytes: &[u8], limits: Limits) -> Result<()> {
    if bytes.len() > limits.bytes {
        return Err(Error::TooLarge { size: bytes.len(), limit: limits.bytes });
    }
    let found = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let walk = Walk { left: limits.depth, limit: limits.depth, found: &found };
    let walked = walk.deserialize(&mut deserializer);
    if let Some(error) = found.into_inner() {
        return Err(error);
    }
    walked.map_err(syntax)?;
    deserializer.end().map_err(|error| Error::Trailing { line: error.line(), column: error.column() })
}

/// Reads a document that [`check`] accepts. `what` names it in an error: "a release statement".
pub fn read<T: DeserializeOwned>(bytes: &[u8], limits: Limits, what: &'static str) -> Result<T> {
    check(bytes, limits)?;
    serde_json::from_slice(bytes).map_err(|error| Error::Shape { what, why: shorten(&error) })
}

/// Writes a document in the one way of RFC 8785: keys sorted, no space, one form for each string and number.
pub fn canonical<T: Serialize>(document: &T, what: &'static str) -> Result<Vec<u8>> {
    serde_json_canonicalizer::to_vec(document).map_err(|error| Error::Shape { what, why: shorten(&error) })
}

/// Refuses bytes that are not those of [`canonical`].
pub(crate) fn check_canonical(bytes: &[u8], canonical: &[u8]) -> Result<()> {
    if bytes == canonical {
        return Ok(());
    }
    let same = bytes.iter().zip(canonical).take_while(|(one, other)| one == other).count();
    Err(Error::NotCanonical { byte: same })
}

fn syntax(error: serde_json::Error) -> Error {
    Error::Syntax { why: shorten(&error) }
}

/// An error may repeat what it read, which may be anything.
fn shorten(error: &dyn fmt::Display) -> String {
    error.to_string().chars().filter(|c| !c.is_control()).take(256).collect()
}

/// Walks over a value and keeps nothing of it.
struct Walk<'a> {
    left: usize,
    limit: usize,
    found: &'a RefCell<Option<Error>>,
}

impl Walk<'_> {
    fn deeper<E: serde::de::Error>(&self) -> Result<Self, E> {
        match self.left.checked_sub(1) {
            Some(left) => Ok(Self { left, ..*self }),
            None => Err(self.fail(Error::TooDeep { limit: self.limit })),
        }
    }

    fn fail<E: serde::de::Error>(&self, error: Error) -> E {
        let said = E::custom(&error);
        *self.found.borrow_mut() = Some(error);
        said
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let deeper = self.deeper()?;
        while items.next_element_seed(Walk { ..deeper })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let deeper = self.deeper()?;
        let mut keys = HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if keys.contains(&key) {
                return Err(self.fail(Error::DuplicateKey { key: key.chars().take(128).collect() }));
            }
            keys.insert(key);
            entries.next_value_seed(Walk { ..deeper })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const LIMITS: Limits = Limits { bytes: 1 << 16, depth: 8 };

    #[test]
    fn duplicate_keys() {
        for document in [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"c":2,"\u0061":3}}]"#] {
            assert_eq!(check(document.as_bytes(), LIMITS), Err(Error::DuplicateKey { key: "a".into() }), "{document}");
        }
    }

    #[test]
    fn the_same_key_in_two_objects_is_no_duplicate() {
        check(br#"[{"a":{"a":1}},{"a":2}]"#, LIMITS).unwrap();
    }

    #[test]
    fn trailing_bytes() {
        for document in ["{} {}", "{}x", "1 2", "[]\0"] {
            assert!(matches!(check(document.as_bytes(), LIMITS), Err(Error::Trailing { line: 1, .. })), "{document}");
        }
        check(b" {} \n", LIMITS).unwrap();
    }

    #[test]
    fn deep_nesting() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        check(nested(8).as_bytes(), LIMITS).unwrap();
        for depth in [9, 127, 128, 10_000] {
            assert_eq!(check(nested(depth).as_bytes(), LIMITS), Err(Error::TooDeep { limit: 8 }), "{depth}");
        }
        let objects = format!("{}1{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000));
        assert_eq!(check(objects.as_bytes(), LIMITS), Err(Error::TooDeep { limit: 8 }));
    }

    #[test]
    fn huge_document() {
        let huge = vec![b' '; (1 << 16) + 1];
        assert_eq!(check(&huge, LIMITS), Err(Error::TooLarge { size: (1 << 16) + 1, limit: 1 << 16 }));
    }

    #[test]
    fn what_is_no_json() {
        for document in ["", "{", r#"{"a"}"#, "{'a':1}", "NaN", "[1,]", "\u{feff}{}", "{\"a\":\"\u{1}\"}"] {
            assert!(matches!(check(document.as_bytes(), LIMITS), Err(Error::Syntax { .. })), "{document:?}");
        }
        assert!(matches!(check(b"\"\xff\"", LIMITS), Err(Error::Syntax { .. })));
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-9_007_199_254_740_991i64..=9_007_199_254_740_991).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec((any::<String>(), inner), 0..4)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn one_value_has_one_form(value in values()) {
            let written = canonical(&value, "a value").unwrap();
            check(&written, LIMITS).unwrap();
            let again: Value = read(&written, LIMITS, "a value").unwrap();
            prop_assert_eq!(&again, &value);
            prop_assert_eq!(canonical(&again, "a value").unwrap(), written);
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = check(&bytes, LIMITS);
        }
    }

    #[test]
    fn keys_are_sorted_as_rfc_8785_has_it() {
        // Its section 3.2.3: by UTF-16 units, so that a character beyond the first plane comes before U+FB33.
        let value = json!({ "\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7 });
        let written = String::from_utf8(canonical(&value, "a value").unwrap()).unwrap();
        let order: Vec<_> = written.chars().filter(char::is_ascii_digit).collect();
        assert_eq!(order, ['2', '1', '4', '6', '7', '1', '5', '3'], "{written}");
    }
}
