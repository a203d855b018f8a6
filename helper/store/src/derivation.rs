mod fixed;

pub use fixed::FixedOutput;

use crate::derivation::fixed::Attribute;
use crate::{ContentHash, Error, Result, StorePath};

/// A derivation, as far as it says what is built from what: the content of a `.drv` file (Nix manual, "Derivation",
/// "ATerm format").
///
/// Of a dynamic derivation (`DrvWithVersion`), whose inputs are outputs of outputs, no more is read than that it is one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Derivation {
    /// Its outputs, by name.
    pub outputs: Vec<Output>,
    /// The derivations that it needs, by path, and which of their outputs.
    pub inputs: Vec<(StorePath, Vec<String>)>,
    /// The other store paths that it needs, sorted: sources, and `.drv` files that it reads.
    pub sources: Vec<StorePath>,
    /// Its builder, arguments and the values of its environment.
    pub texts: Vec<Vec<u8>>,
    /// What it fetches, if its one output is fixed.
    pub fixed: Option<Box<FixedOutput>>,
    /// Whether it is a dynamic derivation. Then the rest is empty.
    pub is_dynamic: bool,
}

/// An output of a [`Derivation`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its name: "out".
    pub name: String,
    /// Where it will be; none where that is not known before it is built.
    pub path: Option<StorePath>,
    /// How its path is found.
    pub kind: OutputKind,
}

/// How the path of an [`Output`] is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputKind {
    /// From the derivation.
    InputAddressed,
    /// From its content, whose hash is given beforehand.
    Fixed,
    /// From its content (`__contentAddressed`), or from that of an input.
    Floating,
    /// It is never kept (`__impure`).
    Impure,
}

impl Derivation {
    /// Reads the content of a `.drv` file.
    pub fn parse(aterm: &[u8]) -> Result<Self> {
        let mut reader = Reader { rest: aterm };
        reader.derivation().map_err(|why| Error::Derivation { why, byte: aterm.len() - reader.rest.len() })
    }

    /// Whether its result is known beforehand, by its content: a download.
    pub fn is_fixed(&self) -> bool {
        self.outputs.iter().all(|output| output.kind == OutputKind::Fixed) && !self.outputs.is_empty()
    }

    /// The path of the output called `name`, where it is known.
    pub fn output(&self, name: &str) -> Option<&StorePath> {
        self.outputs.iter().find(|output| output.name == name)?.path.as_ref()
    }
}

type Parsed<T> = std::result::Result<T, &'static str>;

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn derivation(&mut self) -> Parsed<Derivation> {
        if self.rest.starts_with(b"DrvWithVersion(") {
            return Ok(Derivation { is_dynamic: true, ..Derivation::default() });
        }
        self.expect(b"Derive(")?;
        let mut hash = None;
        let outputs = self.list(|reader| reader.output(&mut hash))?;
        let mut fixed = match &*outputs {
            [Output { kind: OutputKind::Fixed, .. }] => Some(Box::new(FixedOutput { hash, attributes: Vec::new() })),
            _ => None,
        };
        self.expect(b",")?;
        let inputs = self.list(|reader| {
            reader.expect(b"(")?;
            let path = reader.store_path()?;
            reader.expect(b",")?;
            let outputs = reader.list(Self::text)?;
            reader.expect(b")")?;
            Ok((path, outputs))
        })?;
        self.expect(b",")?;
        let sources = self.list(Self::store_path)?;
        self.expect(b",")?;
        // The system.
        self.string()?;
        self.expect(b",")?;
        let mut texts = vec![self.string()?];
        self.expect(b",")?;
        texts.extend(self.list(Self::string)?);
        self.expect(b",")?;
        texts.extend(self.list(|reader| {
            reader.expect(b"(")?;
            let name = reader.string()?;
            reader.expect(b",")?;
            let value = reader.string()?;
            reader.expect(b")")?;
            if let (Some(fixed), Some(attribute)) = (&mut fixed, Attribute::named(&name)) {
                fixed.attributes.push((attribute, value.clone()));
            }
            Ok(value)
        })?);
        self.expect(b")")?;
        if self.rest.is_empty() {
            Ok(Derivation { outputs, inputs, sources, texts, fixed, is_dynamic: false })
        } else {
            Err("something follows it")
        }
    }

    /// The last output's hash goes into `hash`: where one is fixed, there is no other.
    fn output(&mut self, content: &mut Option<ContentHash>) -> Parsed<Output> {
        self.expect(b"(")?;
        let name = self.text()?;
        self.expect(b",")?;
        let path = self.text()?;
        self.expect(b",")?;
        let algorithm = self.text()?;
        self.expect(b",")?;
        let hash = self.text()?;
        self.expect(b")")?;
        let kind = match (&*path, &*algorithm, &*hash) {
            ("", _, "impure") => OutputKind::Impure,
            ("", ..) => OutputKind::Floating,
            (_, "", "") => OutputKind::InputAddressed,
            _ => OutputKind::Fixed,
        };
        if kind == OutputKind::Fixed {
            *content = ContentHash::of_output(&algorithm, &hash);
        }
        let path = if path.is_empty() { None } else { Some(store_path(&path)?) };
        Ok(Output { name, path, kind })
    }

    fn list<T>(&mut self, mut element: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        self.expect(b"[")?;
        let mut elements = Vec::new();
        while !self.take(b"]") {
            if !elements.is_empty() {
                self.expect(b",")?;
            }
            elements.push(element(self)?);
        }
        Ok(elements)
    }

    fn store_path(&mut self) -> Parsed<StorePath> {
        store_path(&self.text()?)
    }

    fn text(&mut self) -> Parsed<String> {
        String::from_utf8(self.string()?).map_err(|_| "a name is not UTF-8")
    }

    fn string(&mut self) -> Parsed<Vec<u8>> {
        self.expect(b"\"")?;
        let mut string = Vec::new();
        loop {
            // Up to the next byte that means something, at once.
            let length = self.rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).ok_or("a string has no end")?;
            let (plain, rest) = self.rest.split_at(length);
            string.extend_from_slice(plain);
            match rest {
                [b'"', rest @ ..] => {
                    self.rest = rest;
                    return Ok(string);
                }
                [_, escaped, rest @ ..] => {
                    string.push(match escaped {
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        other => *other,
                    });
                    self.rest = rest;
                }
                _ => return Err("a string has no end"),
            }
        }
    }

    fn take(&mut self, token: &[u8]) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &[u8]) -> Parsed<()> {
        if self.take(token) { Ok(()) } else { Err("it is not written as Nix writes derivations") }
    }
}

fn store_path(path: &str) -> Parsed<StorePath> {
    StorePath::parse(path).map_err(|_| "a path in it is no store path")
}

#[cfg(test)]
mod tests;
