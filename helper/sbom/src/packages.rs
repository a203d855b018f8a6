//! What packages say of themselves: the document that `lib/package-metadata.nix` gives.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use nix_seed_store::StorePath;
use serde::Deserialize;

use crate::identifier::{is_cpe, is_purl};
use crate::license::{is_exception, is_listed};
use crate::text::{decode, line};
use crate::{Error, Expression, License, OwnLicense, Result};

/// The most licenses of a package, and the most of whatever else it lists. What has more is taken to say nothing: a part of an expression
/// means something else.
const LIST_MAX: usize = 64;

/// The most levels of a license expression.
const DEPTH_MAX: usize = 8;

/// What is known of packages, by store path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packages(BTreeMap<StorePath, (String, Package)>);

/// What a package says of itself. All texts are of one line, and limited.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    /// `pname`.
    pub name: Option<String>,
    /// `version`.
    pub version: Option<String>,
    /// `meta.description`.
    pub description: Option<String>,
    /// `meta.homepage`, as it is written.
    pub homepages: Vec<String>,
    /// `meta.license`.
    pub license: Option<License>,
    /// `meta.identifiers.purl` and `purls`, those that are well-formed.
    pub purls: Vec<String>,
    /// `meta.identifiers.cpe`, if it is well-formed.
    pub cpe: Option<String>,
    /// `meta.position`: the file and line where it is defined.
    pub position: Option<String>,
}

impl Packages {
    /// Reads the document: an array of packages (`doc/helper.md`, "sbom").
    pub fn parse(json: &[u8]) -> Result<Self> {
        let rows: Vec<Row> =
            serde_json::from_slice(json).map_err(|error| Error::Packages { why: error.to_string() })?;
        let mut packages = Self::default();
        for mut row in rows {
            let outputs = std::mem::take(&mut row.outputs);
            let package = Package::from(row);
            for (output, path) in outputs {
                let path = StorePath::parse(&path).map_err(|error| Error::Packages { why: error.to_string() })?;
                packages.insert(path, line(&output).unwrap_or_default(), package.clone());
            }
        }
        Ok(packages)
    }

    /// Adds what is known of the output at `path`. Of several things that are said of one path the first in their order is kept, so that
    /// nothing depends on the order in which they come.
    fn insert(&mut self, path: StorePath, output: String, package: Package) {
        match self.0.entry(path) {
            Entry::Vacant(place) => drop(place.insert((output, package))),
            Entry::Occupied(mut place) if (&output, &package) < (&place.get().0, &place.get().1) => {
                place.insert((output, package));
            }
            Entry::Occupied(_) => {}
        }
    }

    /// The output's name, and the package.
    pub fn get(&self, path: &StorePath) -> Option<(&str, &Package)> {
        self.0.get(path).map(|(output, package)| (&**output, package))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a package")]
struct Row {
    /// Store paths by output.
    outputs: BTreeMap<String, String>,
    #[serde(default)]
    pname: Option<String>,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    homepages: Vec<String>,
    #[serde(default)]
    license: Option<LicenseField>,
    #[serde(default)]
    purls: Vec<String>,
    #[serde(default)]
    cpe: Option<String>,
    #[serde(default)]
    position: Option<String>,
}

/// A license with an operator is made of others; one without is a license by itself.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields, expecting = "a license")]
struct LicenseField {
    operator: Option<Operator>,
    licenses: Vec<Option<LicenseField>>,
    license: Option<Box<LicenseField>>,
    exception: Option<Box<LicenseField>>,
    spdx_id: Option<String>,
    name: Option<String>,
    url: Option<String>,
}

#[derive(Deserialize)]
enum Operator {
    #[serde(rename = "AND")]
    And,
    #[serde(rename = "OR")]
    Or,
    #[serde(rename = "WITH")]
    With,
    #[serde(rename = "+")]
    OrLater,
    #[serde(rename = "list")]
    List,
}

impl From<Row> for Package {
    fn from(row: Row) -> Self {
        let text = |text: Option<String>| line(&decode(&text?));
        let list = |texts: Vec<String>| {
            let few = Some(texts).filter(|texts| texts.len() <= LIST_MAX).unwrap_or_default();
            let mut texts: Vec<String> = Vec::new();
            for text in few.iter().filter_map(|text| line(&decode(text))) {
                if !texts.contains(&text) {
                    texts.push(text);
                }
            }
            texts
        };
        Self {
            name: text(row.pname),
            version: text(row.version),
            description: text(row.description),
            homepages: list(row.homepages),
            license: row.license.and_then(LicenseField::into_license),
            purls: list(row.purls).into_iter().filter(|purl| is_purl(purl)).collect(),
            cpe: text(row.cpe).filter(|cpe| is_cpe(cpe)),
            position: text(row.position),
        }
    }
}

impl LicenseField {
    fn into_license(self) -> Option<License> {
        let mut left = LIST_MAX;
        let Some(Operator::List) = self.operator else {
            return self.into_expression(&mut left, DEPTH_MAX).map(License::Expression);
        };
        let mut parts: Vec<Expression> = Vec::new();
        for license in self.licenses {
            // Without one that says nothing, the others would say something else.
            let part = license?.into_expression(&mut left, DEPTH_MAX)?;
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
        match parts.len() {
            0 => None,
            1 => parts.pop().map(License::Expression),
            _ => Some(License::Several(parts)),
        }
    }

    /// None of what says nothing, and of what has more than `left` parts or `depth` levels.
    fn into_expression(self, left: &mut usize, depth: usize) -> Option<Expression> {
        *left = left.checked_sub(1)?;
        let depth = depth.checked_sub(1)?;
        match self.operator {
            None => self.into_single(),
            Some(Operator::And | Operator::Or | Operator::List) if self.licenses.is_empty() => None,
            Some(Operator::And) => Some(Expression::All(parts(self.licenses, left, depth)?)),
            Some(Operator::Or) => Some(Expression::Any(parts(self.licenses, left, depth)?)),
            Some(Operator::With) => {
                let license = self.license?.into_expression(left, depth)?;
                let exception = self.exception?.into_single_exception()?;
                Some(match (&license, exception) {
                    (Expression::Listed(license), Ok(exception)) => Expression::With(license.clone(), exception),
                    (Expression::OrLater(license), Ok(exception)) => Expression::With(format!("{license}+"), exception),
                    (_, Ok(exception) | Err(exception)) => own(format!("{} WITH {exception}", license.name())),
                })
            }
            Some(Operator::OrLater) => Some(match self.license?.into_expression(left, depth)? {
                // GNU's licenses have names of their own for that.
                Expression::Listed(id) if !(id.ends_with("-only") || id.ends_with("-or-later")) => {
                    Expression::OrLater(id)
                }
                license => own(format!("{}+", license.name())),
            }),
            // A list within an expression says no more than a list does.
            Some(Operator::List) => {
                let names: Vec<_> = parts(self.licenses, left, depth)?.iter().map(Expression::name).collect();
                Some(own(names.join(", ")))
            }
        }
    }

    fn into_single(self) -> Option<Expression> {
        let text = |text: Option<String>| line(&decode(&text?));
        let (id, name) = (text(self.spdx_id), text(self.name));
        match id {
            Some(id) if is_listed(&id) => Some(Expression::Listed(id)),
            Some(id) if id.strip_suffix('+').is_some_and(is_listed) => {
                Some(Expression::OrLater(id.trim_end_matches('+').into()))
            }
            id => Some(Expression::Own(OwnLicense {
                name: name.or_else(|| id.clone())?,
                url: text(self.url),
                reference: id,
            })),
        }
    }

    /// The identifier of an exception on the list, else the name of another one.
    fn into_single_exception(self) -> Option<Result<String, String>> {
        let text = |text: Option<String>| line(&decode(&text?));
        match text(self.spdx_id) {
            Some(id) if is_exception(&id) => Some(Ok(id)),
            id => text(self.name).or(id).map(Err),
        }
    }
}

fn parts(licenses: Vec<Option<LicenseField>>, left: &mut usize, depth: usize) -> Option<Vec<Expression>> {
    licenses.into_iter().map(|license| license?.into_expression(left, depth)).collect()
}

fn own(name: String) -> Expression {
    Expression::Own(OwnLicense { name: line(&name).unwrap_or_default(), url: None, reference: None })
}

#[cfg(test)]
mod tests;
