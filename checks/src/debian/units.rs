//! Groups packages into units, one store path each.
//!
//! A store path cannot depend on itself through another one, so packages that depend on each other in a
//! circle become one unit, as do those that are named as belonging together.

use std::collections::{BTreeMap, BTreeSet};

use crate::debian::resolve::Selection;

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Unit {
    pub packages: BTreeSet<String>,
    /// Units whose packages this unit's packages name in `Depends`.
    pub depends: BTreeSet<String>,
    /// All units that can be reached through `depends`.
    pub closure: BTreeSet<String>,
}

/// Unit name → unit. `together` maps packages to the name of the unit that they are to form.
pub fn group(selection: &Selection, together: &BTreeMap<String, String>) -> BTreeMap<String, Unit> {
    let node = |package: &String| together.get(package).unwrap_or(package).clone();
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (package, depends) in selection {
        graph.entry(node(package)).or_default().extend(depends.iter().map(node));
    }

    let unit_of: BTreeMap<String, String> = components(&graph)
        .into_iter()
        .flat_map(|component| {
            let name = component.first().cloned().unwrap_or_default();
            component.into_iter().map(move |node| (node, name.clone()))
        })
        .collect();

    let mut units: BTreeMap<String, Unit> = BTreeMap::new();
    for (package, depends) in selection {
        let name = &unit_of[&node(package)];
        let unit = units.entry(name.clone()).or_default();
        unit.packages.insert(package.clone());
        let others = depends.iter().map(|depend| &unit_of[&node(depend)]).filter(|other| *other != name);
        unit.depends.extend(others.cloned());
    }
    let closures: Vec<_> = units.keys().map(|name| reachable(&units, name)).collect();
    for (unit, closure) in units.values_mut().zip(closures) {
        unit.closure = closure;
    }
    units
}

fn reachable(units: &BTreeMap<String, Unit>, start: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut stack = vec![start];
    while let Some(name) = stack.pop() {
        for next in &units[name].depends {
            if found.insert(next.clone()) {
                stack.push(next);
            }
        }
    }
    found
}

/// Strongly connected components (Tarjan's algorithm), each sorted by name.
fn components(graph: &BTreeMap<String, BTreeSet<String>>) -> Vec<BTreeSet<String>> {
    let mut search =
        Search { graph, order: BTreeMap::new(), lowest: BTreeMap::new(), stack: Vec::new(), found: Vec::new() };
    for node in graph.keys() {
        if !search.order.contains_key(node.as_str()) {
            search.visit(node);
        }
    }
    search.found
}

struct Search<'a> {
    graph: &'a BTreeMap<String, BTreeSet<String>>,
    order: BTreeMap<&'a str, usize>,
    lowest: BTreeMap<&'a str, usize>,
    stack: Vec<&'a str>,
    found: Vec<BTreeSet<String>>,
}

impl<'a> Search<'a> {
    /// The recursion is as deep as the longest chain of dependencies, a few dozen for real packages.
    fn visit(&mut self, node: &'a str) {
        let number = self.order.len();
        self.order.insert(node, number);
        self.lowest.insert(node, number);
        self.stack.push(node);
        for next in self.graph.get(node).into_iter().flatten() {
            let reached = if self.order.contains_key(next.as_str()) {
                self.stack.contains(&next.as_str()).then(|| self.order[next.as_str()])
            } else {
                self.visit(next);
                Some(self.lowest[next.as_str()])
            };
            if let (Some(reached), Some(lowest)) = (reached, self.lowest.get_mut(node)) {
                *lowest = reached.min(*lowest);
            }
        }
        if self.lowest[node] == number {
            let start = self.stack.iter().rposition(|&other| other == node);
            let component = self.stack.split_off(start.unwrap_or(0));
            self.found.push(component.into_iter().map(str::to_owned).collect());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(edges: &[(&str, &[&str])]) -> Selection {
        edges
            .iter()
            .map(|(package, depends)| {
                let depends = depends.iter().map(|&name| name.to_owned()).collect();
                ((*package).to_owned(), depends)
            })
            .collect()
    }

    fn names(set: &BTreeSet<String>) -> Vec<&str> {
        set.iter().map(String::as_str).collect()
    }

    #[test]
    fn a_circle_becomes_one_unit() {
        let units = group(
            &selection(&[
                ("bash", &["libc6"]),
                ("libc6", &["libgcc"]),
                ("libgcc", &["gcc-base", "libc6"]),
                ("gcc-base", &[]),
            ]),
            &BTreeMap::new(),
        );
        assert_eq!(names(&units["libc6"].packages), ["libc6", "libgcc"]);
        assert_eq!(names(&units["libc6"].depends), ["gcc-base"]);
        assert_eq!(names(&units["bash"].closure), ["gcc-base", "libc6"]);
        assert_eq!(units.len(), 3);
    }

    #[test]
    fn what_belongs_together_takes_the_given_name() {
        let together = ["cpp", "gcc-14"].map(|name| (name.to_owned(), "gcc".to_owned()));
        let units = group(
            &selection(&[("gcc-14", &["cpp", "libc6"]), ("cpp", &["libc6"]), ("libc6", &[])]),
            &BTreeMap::from(together),
        );
        assert_eq!(names(&units["gcc"].packages), ["cpp", "gcc-14"]);
        assert_eq!(names(&units["gcc"].depends), ["libc6"]);
    }

    #[test]
    fn putting_together_may_close_a_circle() {
        // a → x → b, with a and b together: x must join them.
        let together = ["a", "b"].map(|name| (name.to_owned(), "ab".to_owned()));
        let units = group(&selection(&[("a", &["x"]), ("x", &["b"]), ("b", &[])]), &BTreeMap::from(together));
        assert_eq!(units.len(), 1);
        assert_eq!(names(&units["ab"].packages), ["a", "b", "x"]);
    }
}
