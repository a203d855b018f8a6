//! What the name of a store path says: package, version, output.

use std::cmp::Ordering;

use nix_seed_store::StorePath;

/// The outputs that nixpkgs gives names: what stands behind a version and is none of it.
const OUTPUTS: [&str; 16] = [
    "bin", "data", "debug", "dev", "devdoc", "devman", "dist", "doc", "info", "lib", "libgcc", "man", "out", "share",
    "src", "static",
];

/// A store path's name, taken apart: `gcc-14.2.0-lib` is package `gcc`, version `14.2.0`, output `lib`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name<'a> {
    /// Up to the version, as Nix's `parseDrvName` cuts it.
    pub(crate) package: &'a str,
    /// The output; empty where the name gives none.
    pub(crate) output: &'a str,
    /// The version; empty where there is none.
    pub(crate) version: &'a str,
}

impl<'a> Name<'a> {
    pub(crate) fn of(path: &'a StorePath) -> Self {
        let package = path.package();
        let rest = path.name().get(package.len() + 1..).unwrap_or_default();
        match rest.rsplit_once('-') {
            Some((version, output)) if OUTPUTS.contains(&output) => Self { package, output, version },
            _ => Self { package, output: "", version: rest },
        }
    }
}

/// The order of versions for people: runs of digits by their value, all else by its bytes.
pub(crate) fn compare(one: &str, other: &str) -> Ordering {
    let (mut one_runs, mut other_runs) = (runs(one), runs(other));
    loop {
        match (one_runs.next(), other_runs.next()) {
            (None, None) => return one.cmp(other),
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => match rank(a).cmp(&rank(b)) {
                Ordering::Equal => {}
                different => return different,
            },
        }
    }
}

/// Runs of digits, and of what is neither a digit nor a separator.
fn runs(version: &str) -> impl Iterator<Item = &str> {
    version.split(['.', '-', '_', '+']).flat_map(|part| {
        part.as_bytes().chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit()).scan(0, move |at, run| {
            let start = *at;
            *at += run.len();
            part.get(start..*at)
        })
    })
}

/// Numbers come after words ("1.0" after "1.rc1"); without leading zeros, a longer number is a larger one.
fn rank(run: &str) -> (bool, usize, &str) {
    match run.bytes().all(|b| b.is_ascii_digit()) {
        true => {
            let digits = run.trim_start_matches('0');
            (true, digits.len(), digits)
        }
        false => (false, 0, run),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_taken_apart() {
        for (name, package, version, output) in [
            ("gcc-14.2.0", "gcc", "14.2.0", ""),
            ("gcc-14.2.0-lib", "gcc", "14.2.0", "lib"),
            ("gcc-wrapper-14.2.0", "gcc-wrapper", "14.2.0", ""),
            ("glibc-2.40-66-bin", "glibc", "2.40-66", "bin"),
            ("python3.12-numpy-1.26.4-dist", "python3.12-numpy", "1.26.4", "dist"),
            ("source", "source", "", ""),
            ("openssl-3.0.14-lib32", "openssl", "3.0.14-lib32", ""),
            ("unpack-dev", "unpack-dev", "", ""),
            ("x-", "x-", "", ""),
        ] {
            let path = StorePath::from_base_name(&format!("{}-{name}", "0".repeat(32))).unwrap();
            assert_eq!(Name::of(&path), Name { package, output, version }, "{name}");
        }
    }

    #[test]
    fn versions_have_the_order_that_people_expect() {
        let versions = ["", "1.rc1", "1.2", "1.2.1", "1.9", "1.10", "2", "2a", "10"];
        for pair in versions.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        }
    }

    proptest! {
        #[test]
        fn comparing_is_an_order(one in "[0-9a-b.-]{0,6}", other in "[0-9a-b.-]{0,6}", third in "[0-9a-b.-]{0,6}") {
            prop_assert_eq!(compare(&one, &other), compare(&other, &one).reverse());
            prop_assert_eq!(compare(&one, &other) == Ordering::Equal, one == other);
            if compare(&one, &other).is_le() && compare(&other, &third).is_le() {
                prop_assert!(compare(&one, &third).is_le());
            }
        }
    }
}
