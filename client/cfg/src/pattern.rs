//! Patterns of subjects.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::subject;

/// The most bytes of a pattern.
const MAX_BYTES: usize = 512;
/// The most bytes of a subject that is looked at. A longer one matches nothing.
const MAX_SUBJECT: usize = 4096;

/// A pattern of a certificate's whole subject: `*` is any run of characters but `/` and `@`, `**` any run of characters, also
/// empty ones; everything else is itself. It leaves neither the host nor the owner of a place open.
///
/// Matching takes at most as many steps as the pattern has characters for each character of the subject, whatever they are:
/// all ways to match are followed at once, and none is gone back on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Part {
    Byte(u8),
    /// `*`
    Run,
    /// `**`
    Anything,
}

impl Pattern {
    /// The pattern that `text` is; why it is refused, where it would let strangers in.
    pub fn new(text: &str) -> Result<Self, String> {
        if text.len() > MAX_BYTES {
            return Err(format!("it is a pattern of {} bytes, more than {MAX_BYTES}", text.len()));
        }
        subject::check(text)?;
        Ok(Self { text: text.into(), parts: parts(text) })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the whole of `subject` is meant.
    pub fn matches(&self, subject: &str) -> bool {
        subject.len() <= MAX_SUBJECT && matches(&self.parts, subject.as_bytes())
    }
}

fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::with_capacity(text.len());
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        parts.push(match byte {
            b'*' if bytes.next_if_eq(&b'*').is_some() => Part::Anything,
            b'*' => Part::Run,
            byte => Part::Byte(byte),
        });
    }
    parts
}

/// `reached[i]` says whether what was read can be matched by the first `i` parts.
fn matches(parts: &[Part], subject: &[u8]) -> bool {
    let mut reached = vec![false; parts.len() + 1];
    reached[0] = true;
    skip_wildcards(parts, &mut reached);
    let mut next = vec![false; parts.len() + 1];
    for byte in subject {
        next.fill(false);
        for (index, part) in parts.iter().enumerate().filter(|(index, _)| reached[*index]) {
            match part {
                Part::Byte(wanted) if wanted == byte => next[index + 1] = true,
                Part::Byte(_) => {}
                Part::Run if matches!(byte, b'/' | b'@') => {}
                Part::Run | Part::Anything => next[index] = true,
            }
        }
        skip_wildcards(parts, &mut next);
        std::mem::swap(&mut reached, &mut next);
    }
    reached[parts.len()]
}

/// A wildcard may stand for nothing.
fn skip_wildcards(parts: &[Part], reached: &mut [bool]) {
    for (index, part) in parts.iter().enumerate() {
        if reached[index] && !matches!(part, Part::Byte(_)) {
            reached[index + 1] = true;
        }
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::new(&text)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.text
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// By the definition, trying everything.
    fn naive(parts: &[Part], subject: &[u8]) -> bool {
        let Some((part, rest)) = parts.split_first() else { return subject.is_empty() };
        let longest = match part {
            Part::Byte(byte) => return subject.first() == Some(byte) && naive(rest, &subject[1..]),
            Part::Run => subject.iter().position(|byte| b"/@".contains(byte)).unwrap_or(subject.len()),
            Part::Anything => subject.len(),
        };
        (0..=longest).any(|length| naive(rest, &subject[length..]))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]

        #[test]
        fn it_matches_what_the_definition_says(pattern in "([ab/@]|[*]{1,2}){0,8}", subject in "[ab/@]{0,10}") {
            let parts = parts(&pattern);
            prop_assert_eq!(matches(&parts, subject.as_bytes()), naive(&parts, subject.as_bytes()));
        }

        #[test]
        fn what_a_pattern_stands_for_is_matched(
            fixed in prop::collection::vec("[a-z:./@-]{0,6}", 2..6),
            runs in prop::collection::vec("[a-z.:-]{0,6}", 5),
            anythings in prop::collection::vec("[a-z/@]{0,6}", 5),
            kinds in prop::collection::vec(any::<bool>(), 5),
        ) {
            let (mut pattern, mut subject) = (String::new(), String::new());
            for (index, text) in fixed.iter().enumerate() {
                if index > 0 {
                    pattern += if kinds[index - 1] { "*" } else { "**" };
                    subject += if kinds[index - 1] { &runs[index - 1] } else { &anythings[index - 1] };
                }
                pattern += text;
                subject += text;
            }
            // Wildcards that touch would be another one.
            prop_assume!(!pattern.contains("***"));
            prop_assert!(matches(&parts(&pattern), subject.as_bytes()), "{} {}", pattern, subject);
        }

        #[test]
        fn without_wildcards_it_is_its_own_text(pattern in "[!-)+-~]{1,40}", subject in "[!-~]{0,40}") {
            if let Ok(pattern) = Pattern::new(&pattern) {
                prop_assert!(pattern.matches(pattern.as_str()));
                prop_assert_eq!(pattern.matches(&subject), pattern.as_str() == subject);
            }
        }
    }

    #[test]
    fn both_ends_are_fixed() {
        let pattern = Pattern::new("https://github.com/me/app/.github/workflows/*.yaml@refs/heads/main").unwrap();
        let own = "https://github.com/me/app/.github/workflows/build.yaml@refs/heads/main";
        assert!(pattern.matches(own));
        for other in [
            format!("{own}-evil"),
            format!("x{own}"),
            own.replace("/me/", "/you/"),
            own.replace("github.com", "githubXcom"),
            own.replace("build", "a/../build"),
            own.replace("refs/heads/main", "refs/heads/x@refs/heads/main"),
            own.to_uppercase(),
            String::new(),
        ] {
            assert!(!pattern.matches(&other), "{other}");
        }
    }

    #[test]
    fn a_pattern_made_to_take_long_takes_no_time() {
        let pattern = format!("https://example.org/me/{}b", "**a".repeat(150));
        let pattern = Pattern::new(&pattern).unwrap();
        // To go back on each choice would take longer than anybody lives.
        assert!(!pattern.matches(&format!("https://example.org/me/{}", "a".repeat(4000))));
    }

    #[test]
    fn a_subject_longer_than_any_is_not_matched() {
        let pattern = Pattern::new("https://example.org/me/**").unwrap();
        let subject = |length: usize| format!("{:a<length$}", "https://example.org/me/");
        assert!(pattern.matches(&subject(MAX_SUBJECT)));
        assert!(!pattern.matches(&subject(MAX_SUBJECT + 1)));
    }
}
