//! XML, read by what knows as much of it as a picture may have.

/// The names of the elements, in order. Panics where the text is not well formed, or has what a picture does not need.
pub(crate) fn elements(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        characters(&rest[..at]);
        let end = rest[at..].find('>').unwrap_or_else(|| panic!("no end: {rest}")) + at;
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(!open.is_empty() || names.is_empty(), "two roots");
        assert!(name.chars().all(|c| c.is_ascii_lowercase()), "{name}");
        self::attributes(attributes);
        names.push(name.to_owned());
        if !is_empty {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty());
    names
}

fn attributes(mut text: &str) {
    while !text.is_empty() {
        let (name, rest) = text.split_once("=\"").unwrap_or_else(|| panic!("no attribute: {text}"));
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{name}");
        let (value, rest) = rest.split_once('"').unwrap();
        characters(value);
        assert!(!name.starts_with("on"), "{name}");
        text = rest.strip_prefix(' ').unwrap_or(rest);
        assert!(rest.is_empty() || rest.starts_with(' '), "{rest}");
    }
}

fn characters(text: &str) {
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    assert!(!text.contains('>'), "{text}");
    for part in text.split('&').skip(1) {
        assert!(["amp;", "lt;", "gt;", "quot;", "#39;"].iter().any(|known| part.starts_with(known)), "{text}");
    }
}
