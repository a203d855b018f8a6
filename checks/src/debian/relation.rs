//! `Depends`-like fields: comma-separated groups of alternatives, each with an optional version bound.

use std::cmp::Ordering;

use super::version;

/// Alternatives, any one of which satisfies the dependency.
pub type Group = Vec<Relation>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    pub name: String,
    pub bound: Option<Bound>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    pub operator: Operator,
    pub version: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Earlier,
    AtMost,
    Exactly,
    AtLeast,
    Later,
}

impl Relation {
    /// Whether `version` (none for an unversioned `Provides`) is within the bound.
    pub fn admits(&self, version: Option<&str>) -> bool {
        match (&self.bound, version) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(bound), Some(version)) => bound.admits(version),
        }
    }
}

impl Bound {
    fn admits(&self, version: &str) -> bool {
        let order = version::compare(version, &self.version);
        match self.operator {
            Operator::Earlier => order == Ordering::Less,
            Operator::AtMost => order != Ordering::Greater,
            Operator::Exactly => order == Ordering::Equal,
            Operator::AtLeast => order != Ordering::Less,
            Operator::Later => order == Ordering::Greater,
        }
    }
}

/// Parses a whole field. Architecture qualifiers (`:any`, `[amd64]`) and build profiles are dropped.
pub fn parse(field: &str) -> Vec<Group> {
    field
        .split(',')
        .map(|group| group.split('|').filter_map(parse_one).collect::<Vec<Relation>>())
        .filter(|group| !group.is_empty())
        .collect()
}

fn parse_one(text: &str) -> Option<Relation> {
    let text = text.trim();
    let end = text.find(|c: char| c.is_whitespace() || "([<:".contains(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let bound =
        rest.split_once('(').and_then(|(_, rest)| rest.split_once(')')).and_then(|(inside, _)| parse_bound(inside));
    (!name.is_empty()).then(|| Relation { name: name.to_owned(), bound })
}

fn parse_bound(text: &str) -> Option<Bound> {
    let text = text.trim();
    let (operator, length) = match text.as_bytes() {
        [b'<', b'<', ..] => (Operator::Earlier, 2),
        [b'<', b'=', ..] => (Operator::AtMost, 2),
        [b'>', b'=', ..] => (Operator::AtLeast, 2),
        [b'>', b'>', ..] => (Operator::Later, 2),
        [b'=', ..] => (Operator::Exactly, 1),
        _ => return None,
    };
    Some(Bound { operator, version: text[length..].trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_bounds_and_qualifiers() {
        let groups = parse("libc6 (>= 2.41), python3:any | python3.13 [amd64],, foo(=1:2-3)");
        let names: Vec<Vec<&str>> =
            groups.iter().map(|group| group.iter().map(|one| one.name.as_str()).collect()).collect();
        assert_eq!(names, [vec!["libc6"], vec!["python3", "python3.13"], vec!["foo"]]);
        assert!(groups[0][0].admits(Some("2.41-12")));
        assert!(!groups[0][0].admits(Some("2.36")));
        assert!(!groups[0][0].admits(None));
        assert!(groups[1][0].admits(None));
        assert!(groups[2][0].admits(Some("1:2-3")));
    }

    #[test]
    fn every_operator() {
        for (field, admitted) in [
            ("p (<< 2)", [true, false, false]),
            ("p (<= 2)", [true, true, false]),
            ("p (= 2)", [false, true, false]),
            ("p (>= 2)", [false, true, true]),
            ("p (>> 2)", [false, false, true]),
        ] {
            let relation = &parse(field)[0][0];
            let found = ["1", "2", "3"].map(|version| relation.admits(Some(version)));
            assert_eq!(found, admitted, "{field}");
        }
    }
}
