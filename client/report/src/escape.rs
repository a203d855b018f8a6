//! What a stranger may have written, as text that steers nothing.

/// `text` with escapes for what would steer a terminal or a CI's log, begin a line, or turn the text's direction; in ASCII for all that
/// is not.
pub(crate) fn plain(text: &str, ascii: bool) -> String {
    let mut plain = String::with_capacity(text.len());
    // A log takes a line that begins with two colons for a command, whatever stands before them, and this anywhere in it.
    let is_command = text.trim_start().starts_with("::") || text.contains("##[");
    for c in text.chars() {
        match c {
            // Ours, where a name is cut.
            '…' if ascii => plain.push_str("..."),
            ':' | '#' if is_command => plain.extend(c.escape_unicode()),
            _ if steers(c) || (ascii && !c.is_ascii()) => plain.extend(c.escape_unicode()),
            _ => plain.push(c),
        }
    }
    plain
}

fn steers(c: char) -> bool {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    c.is_control() || turns || breaks
}

/// `text` within an element of XML or an attribute.
pub(crate) fn xml(text: &str) -> String {
    let mut xml = String::with_capacity(text.len());
    for c in plain(text, false).chars() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\'' => xml.push_str("&#39;"),
            _ => xml.push(c),
        }
    }
    xml
}

/// `text` within a line of Markdown, also within a table: nothing in it is markup.
pub(crate) fn markdown(text: &str) -> String {
    let mut markdown = String::with_capacity(text.len());
    for c in plain(text, false).chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '&' | '~' | '#' | '!' | '@') {
            markdown.push('\\');
        }
        markdown.push(c);
    }
    markdown
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\x1b[2J\r\n::error::<b>\"'&|`\u{202e}";

    #[test]
    fn what_steers_is_shown() {
        assert_eq!(plain("a\x1b[2J\n\u{202e}ü", false), "a\\u{1b}[2J\\u{a}\\u{202e}ü");
        assert_eq!(plain("ü…", true), "\\u{fc}...");
        assert_eq!([plain(" ::error", true), plain("a::b", true)], [" \\u{3a}\\u{3a}error", "a::b"]);
        assert!(!plain("x ##[error]", true).contains("##["));
        for text in [plain(HOSTILE, false), xml(HOSTILE), markdown(HOSTILE)] {
            assert!(!text.chars().any(|c| c.is_control() || c == '\u{202e}'), "{text}");
        }
    }

    #[test]
    fn nothing_is_markup() {
        assert!(!xml(HOSTILE).contains(['<', '>', '"', '\'']));
        assert!(markdown(HOSTILE).contains("::error::\\<b\\>") && markdown("a|b").contains("a\\|b"));
    }
}
