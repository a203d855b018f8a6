//! Texts of strangers, as documents can hold them.

/// The most characters of a text. What nixpkgs describes in one line has less than 200.
const TEXT_MAX: usize = 1000;

/// `text` in one line: what steers a terminal, and all white space, becomes single spaces. Cut where it is long; none where
/// nothing is left.
pub(crate) fn line(text: &str) -> Option<String> {
    let mut line = String::new();
    for word in text.split(|c: char| c.is_whitespace() || steers(c)).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if let Some((end, _)) = line.char_indices().nth(TEXT_MAX) {
        line.truncate(end);
        line.push('…');
    }
    (!line.is_empty()).then_some(line)
}

/// Whether a character would steer a terminal, turn the direction of the text, or has no place in XML, which documents are converted to.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
}

/// `text` with what `%` and two hexadecimal digits stand for. `lib/plain-text.nix` writes so what may be no UTF-8; where it is none,
/// `\u{fffd}` takes the place.
pub(crate) fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digit =
            |at: usize| after.get(at).and_then(|c| char::from(*c).to_digit(16)).and_then(|d| u8::try_from(d).ok());
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(high << 4 | low);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_becomes_one_line() {
        for (text, expected) in [
            ("plain", Some("plain")),
            (" two\n lines\t", Some("two lines")),
            ("esc\u{1b}[31m\0\u{9b}ape", Some("esc [31m ape")),
            ("turned\u{202e}round", Some("turned round")),
            ("caffè ☕", Some("caffè ☕")),
            ("\u{1}\n ", None),
            ("", None),
        ] {
            assert_eq!(line(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let cut = line(&"é".repeat(100_000)).unwrap();
        assert_eq!(cut, "é".repeat(TEXT_MAX) + "…");
    }

    #[test]
    fn what_stands_for_bytes_is_read() {
        for (text, expected) in [
            ("100%25", "100%"),
            ("caf%C3%A8", "cafè"),
            ("caf%c3%a8", "cafè"),
            ("latin %E9", "latin \u{fffd}"),
            ("%", "%"),
            ("%2", "%2"),
            ("%zz%+1", "%zz%+1"),
        ] {
            assert_eq!(decode(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_one_limited_line(text: String) {
            let _ = decode(&text);
            if let Some(line) = line(&text) {
                prop_assert!(line.chars().count() <= TEXT_MAX + 1 && !line.contains(|c: char| c.is_control()));
                prop_assert_eq!(line.trim(), &*line);
            }
        }
    }
}
