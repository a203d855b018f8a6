//! Lists in YAML, and the one between our marks.

/// What begins and ends the list of files, in a comment.
const BEGIN: &str = "# nix-seed: files";
const END: &str = "# nix-seed: end";

/// Puts an item a line in the place of a line that has `name` alone, as far to the right as the line before it.
pub(super) fn fill(template: &str, name: &str, items: &[String]) -> String {
    lines(template, name, |indent| items.iter().map(|item| format!("{indent}- {item}\n")).collect(), 2)
}

/// The same, of a text of several lines.
pub(super) fn block(template: &str, name: &str, items: &[String]) -> String {
    lines(template, name, |indent| items.iter().map(|item| format!("{indent}  {item}\n")).collect(), 0)
}

/// Puts a value in the place of `name`, or leaves its line out where there is none.
pub(super) fn optional(template: &str, name: &str, value: Option<&str>) -> String {
    let lines = template.lines().filter(|line| value.is_some() || !line.contains(name));
    lines.map(|line| format!("{}\n", line.replace(name, value.unwrap_or_default()))).collect()
}

/// `deeper` is how much further in a list stands than the key that it is of.
fn lines(template: &str, name: &str, render: impl Fn(&str) -> String, deeper: usize) -> String {
    let mut text = String::with_capacity(template.len());
    let mut indent = String::new();
    for line in template.lines() {
        if line == name {
            text.push_str(&render(&indent));
            continue;
        }
        let spaces = line.len() - line.trim_start().len();
        // A comment stands where the list does.
        let more = if line.trim_start().starts_with('#') { 0 } else { deeper };
        indent = " ".repeat(spaces + more);
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// A string, plain where YAML takes it so: JSON's form is YAML's, too.
pub(super) fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./-".contains(c);
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '.') && text.chars().all(is_plain);
    // YAML would take these for other than strings.
    let is_other = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&&*text.to_lowercase());
    if is_word && !is_other { text.into() } else { serde_json::Value::from(text).to_string() }
}

/// The items between our marks; none where the marks are not there.
pub fn listed(text: &str) -> Option<Vec<String>> {
    let mut lines = text.lines().map(str::trim).skip_while(|line| !line.starts_with(BEGIN));
    lines.next()?;
    let mut items = Vec::new();
    for line in lines {
        if line.starts_with(END) {
            return Some(items);
        }
        let Some(item) = line.strip_prefix("- ") else { continue };
        let item = item.trim();
        items.push(serde_json::from_str(item).unwrap_or_else(|_| item.trim_matches('\'').to_owned()));
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_list_stands_below_its_key_or_at_its_comment() {
        let items = ["a".to_owned(), "b".to_owned()];
        assert_eq!(fill("  key:\n{x}\nend\n", "{x}", &items), "  key:\n    - a\n    - b\nend\n");
        assert_eq!(fill("  # note\n{x}\n", "{x}", &items), "  # note\n  - a\n  - b\n");
        assert_eq!(block("  key: |\n{x}\n", "{x}", &items), "  key: |\n    a\n    b\n");
    }

    #[test]
    fn without_marks_there_is_no_list() {
        assert_eq!(listed("paths:\n  - a\n"), None);
        assert_eq!(listed("# nix-seed: files\n- a\n"), None);
        assert_eq!(listed("# nix-seed: files\n# nix-seed: end\n"), Some(Vec::new()));
        assert_eq!(listed("# nix-seed: files\n- 'it'\n# nix-seed: end\n"), Some(vec!["it".into()]));
    }

    proptest! {
        #[test]
        fn any_path_is_read_as_it_was_written(paths in prop::collection::vec("\\PC{1,20}", 0..5)) {
            let items: Vec<_> = paths.iter().map(|path| quoted(path)).collect();
            let text = fill("  # nix-seed: files\n{x}\n  # nix-seed: end\n", "{x}", &items);
            prop_assert_eq!(listed(&text), Some(paths));
        }
    }
}
