//! Licenses, and what two formats make of them.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// What `meta.license` says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum License {
    /// One license, or several whose relation is known.
    Expression(Expression),
    /// Several licenses. nixpkgs means that they are of different parts, or that one may choose; which, it does not say.
    Several(Vec<Expression>),
}

/// A license expression (SPDX 2.3, annex D).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expression {
    /// A license of SPDX's list, by its identifier.
    Listed(String),
    /// A license that the list does not have.
    Own(OwnLicense),
    /// A license of the list, or any later version of it.
    OrLater(String),
    /// A license of the list with an exception of the list.
    With(String, String),
    /// All of them hold.
    All(Vec<Expression>),
    /// One of them may be chosen.
    Any(Vec<Expression>),
}

/// A license that SPDX's list does not have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwnLicense {
    /// What it is called.
    pub name: String,
    /// Where its text is.
    pub url: Option<String>,
    /// `LicenseRef-` and what the package calls it there.
    pub reference: Option<String>,
}

/// Whether SPDX's list has a license of this identifier.
pub(crate) fn is_listed(id: &str) -> bool {
    // The crate has these besides, to take apart what begins so.
    let is_part = id == "NOASSERTION" || id.ends_with("-invariants");
    !is_part && spdx::license_id(id).is_some_and(|listed| listed.name == id)
}

/// Whether SPDX's list has an exception of this identifier.
pub(crate) fn is_exception(id: &str) -> bool {
    spdx::exception_id(id).is_some_and(|listed| listed.name == id)
}

/// The version of that list, as documents give it: `3.29`.
pub(crate) fn list_version() -> String {
    spdx::license_version().splitn(3, '.').take(2).collect::<Vec<_>>().join(".")
}

impl OwnLicense {
    /// The identifier of it in a document: letters, digits, `.` and `-`.
    pub(crate) fn id(&self) -> String {
        const PREFIX: &str = "LicenseRef-";
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
        let given = self.reference.as_deref().and_then(|id| id.strip_prefix(PREFIX));
        if let Some(id) = given.filter(|id| !id.is_empty() && id.len() <= 100 && id.chars().all(is_allowed)) {
            return format!("{PREFIX}{id}");
        }
        // Two names may become the same words, so that words alone do not tell them apart.
        let words: Vec<_> = self.name.split(|c| !is_allowed(c)).filter(|word| !word.is_empty()).collect();
        let words: String = words.join("-").chars().take(60).collect();
        if words == self.name && !words.is_empty() {
            return format!("{PREFIX}{words}");
        }
        let hash: String = Sha256::digest(&self.name).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!("{PREFIX}{words}{}{hash}", if words.is_empty() { "" } else { "-" })
    }
}

impl Expression {
    /// The expression's text. Licenses of one's own are named by [`OwnLicense::id`].
    pub(crate) fn text(&self) -> String {
        let nested = |parts: &[Self], operator: &str| {
            let parts: Vec<_> = parts
                .iter()
                .map(|part| match part {
                    Self::All(parts) | Self::Any(parts) if parts.len() > 1 => format!("({})", part.text()),
                    _ => part.text(),
                })
                .collect();
            parts.join(operator)
        };
        match self {
            Self::Listed(id) => id.clone(),
            Self::Own(own) => own.id(),
            Self::OrLater(id) => format!("{id}+"),
            Self::With(license, exception) => format!("{license} WITH {exception}"),
            Self::All(parts) => nested(parts, " AND "),
            Self::Any(parts) => nested(parts, " OR "),
        }
    }

    /// What a person calls it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Own(own) => own.name.clone(),
            _ => self.text(),
        }
    }

    /// The licenses of one's own in it, by identifier.
    pub(crate) fn own<'a>(&'a self, found: &mut BTreeMap<String, &'a OwnLicense>) {
        match self {
            Self::Own(own) => drop(found.entry(own.id()).or_insert(own)),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.own(found)),
            Self::Listed(_) | Self::OrLater(_) | Self::With(..) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(name: &str) -> Expression {
        Expression::Own(OwnLicense { name: name.into(), url: None, reference: None })
    }

    fn listed(id: &str) -> Expression {
        Expression::Listed(id.into())
    }

    #[test]
    fn what_is_on_the_list() {
        for id in ["MIT", "GPL-3.0-or-later", "GPL-2.0", "0BSD"] {
            assert!(is_listed(id), "{id}");
        }
        for id in
            ["", "mit", "MIT+", "GPL-2.0+", "NOASSERTION", "NONE", "GFDL-1.3-invariants", "LLVM-exception", "Unfree"]
        {
            assert!(!is_listed(id), "{id}");
        }
        assert!(is_exception("LLVM-exception") && !is_exception("MIT"));
        assert!(list_version().starts_with("3."));
    }

    #[test]
    fn expressions_as_spdx_writes_them() {
        let either =
            Expression::Any(vec![listed("MIT"), Expression::With("Apache-2.0".into(), "LLVM-exception".into())]);
        assert_eq!(either.text(), "MIT OR Apache-2.0 WITH LLVM-exception");
        let both = Expression::All(vec![either, Expression::OrLater("EUPL-1.1".into()), own("Unfree")]);
        assert_eq!(both.text(), "(MIT OR Apache-2.0 WITH LLVM-exception) AND EUPL-1.1+ AND LicenseRef-Unfree");
        assert_eq!(Expression::All(vec![Expression::Any(vec![listed("MIT")])]).text(), "MIT");
    }

    #[test]
    fn a_license_of_ones_own_has_an_identifier() {
        let id = |name: &str, reference: Option<&str>| {
            OwnLicense { name: name.into(), url: None, reference: reference.map(Into::into) }.id()
        };
        assert_eq!(id("Unfree", None), "LicenseRef-Unfree");
        assert_eq!(id("A B", Some("LicenseRef-a.b-1")), "LicenseRef-a.b-1");
        for name in ["CUDA EULA", "CUDA  EULA", "ü", "", "a_b", &"long ".repeat(1000)] {
            let id = id(name, Some("LicenseRef-a_b"));
            let rest = id.strip_prefix("LicenseRef-").unwrap();
            assert!(!rest.is_empty() && id.len() < 100, "{id}");
            assert!(rest.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c)), "{id}");
        }
        assert_ne!(id("CUDA EULA", None), id("CUDA  EULA", None));
    }
}
