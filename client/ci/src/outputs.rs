//! Which outputs a job builds.

/// What is built where nothing is named: as much of it as the flake has.
pub const DEFAULT_OUTPUTS: [&str; 4] = ["apps.default", "checks.default", "devShells.default", "packages.default"];

/// A list of outputs, as a person writes it into a workflow: parted by white space or line breaks.
pub fn outputs(text: &str) -> Vec<String> {
    let named: Vec<_> = text.split_whitespace().map(ToOwned::to_owned).collect();
    if named.is_empty() { DEFAULT_OUTPUTS.map(ToOwned::to_owned).into() } else { named }
}

/// Whether these are what is built where nothing is named, so that a flake need not have them all.
pub fn is_default(outputs: &[String]) -> bool {
    let mut sorted: Vec<_> = outputs.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    sorted == DEFAULT_OUTPUTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_a_line_or_a_word_each() {
        assert_eq!(outputs("packages.a\n  checks.b c\r\n"), ["packages.a", "checks.b", "c"]);
        for default in ["", " \n ", "packages.default apps.default checks.default\ndevShells.default"] {
            assert!(is_default(&outputs(default)), "{default:?}");
        }
        assert!(!is_default(&outputs("packages.default")));
    }
}
