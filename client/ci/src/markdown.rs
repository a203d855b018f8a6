//! Text in Markdown, as git forges render it.

/// What a stranger wrote, as code: nothing in it is markup, and it is one cell of a table.
pub(crate) fn code(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() || c == '`' { '?' } else { c }).collect();
    // In a table a bar ends a cell, in code too.
    format!("`{}`", plain.replace('|', "\\|"))
}

/// The same, as a sentence.
pub(crate) fn sentence(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_control() => plain.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '!' | '@' | '&' | '~' | '$' => {
                plain.push('\\');
                plain.push(c);
            }
            c => plain.push(c),
        }
    }
    plain
}

/// A table without a head.
pub(crate) fn table(head: [&str; 2], rows: &[(String, String)]) -> String {
    let rows: String = rows.iter().map(|(name, value)| format!("| {name} | {value} |\n")).collect();
    format!("| {} | {} |\n|---|---|\n{rows}", head[0], head[1])
}

/// `1.23 s`, `2 min 3 s`.
pub(crate) fn seconds(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "?".into();
    }
    if seconds < 60.0 {
        return format!("{seconds:.2} s");
    }
    let whole = seconds.round() as u64;
    format!("{} min {} s", whole / 60, whole % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_what_a_stranger_wrote_is_no_markup() {
        assert_eq!(code("a`b|c\nd"), "`a?b\\|c?d`");
        assert_eq!(sentence("<img src=x> [a](b)\n# c"), "\\<img src=x\\> \\[a\\](b) \\# c");
    }

    #[test]
    fn times_are_short() {
        assert_eq!(seconds(0.434), "0.43 s");
        assert_eq!(seconds(123.4), "2 min 3 s");
        assert_eq!(seconds(f64::NAN), "?");
    }
}
