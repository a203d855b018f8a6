/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can be wrong with a statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It has more bytes than a reader takes.
    #[error("it has {size} bytes, and at most {limit} are read")]
    TooLarge {
        /// Its length in bytes.
        size: usize,
        /// The most bytes that are read.
        limit: usize,
    },
    /// Arrays and objects lie too deep in each other.
    #[error("arrays and objects lie more than {limit} deep in each other")]
    TooDeep {
        /// How deep they may lie.
        limit: usize,
    },
    /// An object has a key twice, so that two readers may read two things.
    #[error("an object has the key {key:?} twice, so that readers would disagree on what it says")]
    DuplicateKey {
        /// The key.
        key: String,
    },
    /// Something follows the document.
    #[error("something follows the document, at line {line}, column {column}")]
    Trailing {
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
    },
    /// It is no JSON.
    #[error("it is no JSON: {why}")]
    Syntax {
        /// What is wrong, and where.
        why: String,
    },
    /// It is JSON, but has not the fields of what it should be.
    #[error("it has not the form of {what}: {why}")]
    Shape {
        /// What it should be: "a release statement".
        what: &'static str,
        /// What is wrong, and where.
        why: String,
    },
    /// It is no in-toto Statement v1.
    #[error("it is no in-toto Statement v1: its _type is {found:?}")]
    Type {
        /// What it says it is.
        found: String,
    },
    /// It says something that this version does not know.
    #[error(
        "it is a statement of the type {found:?}, and {expected:?} is wanted; another version of nix-seed may know it"
    )]
    Predicate {
        /// Its type.
        found: String,
        /// The type that is wanted.
        expected: &'static str,
    },
    /// A field has a value that it cannot have.
    #[error("its {field} is {value:?}: {why}")]
    Field {
        /// Where it is: "predicate.source.commit".
        field: String,
        /// The value, or its beginning.
        value: String,
        /// What it has to be.
        why: &'static str,
    },
    /// It could be written in another way, and signed bytes must have one way only.
    #[error("it is not written as the specification says (RFC 8785, no optional space), from byte {byte} on")]
    NotCanonical {
        /// The first byte that is another, counted from 0.
        byte: usize,
    },
}

impl Error {
    pub(crate) fn field(field: impl Into<String>, value: &str, why: &'static str) -> Self {
        Self::Field { field: field.into(), value: value.chars().take(128).collect(), why }
    }
}
