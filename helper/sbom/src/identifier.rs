//! Identifiers that packages give themselves. What is not well-formed is left out: a document would not be valid with it.

/// The most bytes of an identifier.
const IDENTIFIER_MAX: usize = 1000;

/// Whether `text` is a CPE name as version 2.3 writes it (NISTIR 7695, figure 6-3: `cpe:2.3:part:vendor:product:…`).
pub(crate) fn is_cpe(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("cpe:2.3:").filter(|_| text.len() <= IDENTIFIER_MAX) else { return false };
    let parts = attributes(rest.as_bytes());
    let [part, before @ .., _, _, _, _, _] = &parts[..] else { return false };
    let [language, after @ ..] = &parts[parts.len() - 5..] else { return false };
    parts.len() == 11
        && matches!(part, [b'a' | b'h' | b'o' | b'*' | b'-'])
        && before.iter().chain(after).all(|attribute| is_attribute(attribute))
        && is_language(language)
}

/// Cut at each colon that is not quoted.
fn attributes(text: &[u8]) -> Vec<&[u8]> {
    let (mut parts, mut start, mut is_quoted) = (Vec::new(), 0, false);
    for (at, byte) in text.iter().enumerate() {
        if *byte == b':' && !is_quoted {
            parts.push(&text[start..at]);
            start = at + 1;
        }
        is_quoted = *byte == b'\\' && !is_quoted;
    }
    parts.push(&text[start..]);
    parts
}

/// A value, with what may stand for any characters at its ends; or one of the two logical values.
fn is_attribute(attribute: &[u8]) -> bool {
    if matches!(attribute, b"*" | b"-") {
        return true;
    }
    // A quoted character counts as one.
    let (mut tokens, mut rest) = (Vec::new(), attribute.iter());
    while let Some(byte) = rest.next() {
        tokens.push(match byte {
            b'\\' if rest.next().is_some_and(|quoted| b"\\*?!\"#$%&'()+,/:;<=>@[]^`{|}~".contains(quoted)) => b'a',
            b'*' | b'?' => *byte,
            byte if byte.is_ascii_alphanumeric() || b"-._".contains(byte) => b'a',
            _ => return false,
        });
    }
    let is_value = |token: &u8| *token == b'a';
    let (Some(first), Some(last)) = (tokens.iter().position(is_value), tokens.iter().rposition(is_value)) else {
        return false;
    };
    let is_end = |end: &[u8]| end == b"*" || end.iter().all(|token| *token == b'?');
    is_end(&tokens[..first]) && tokens[first..=last].iter().all(is_value) && is_end(&tokens[last + 1..])
}

/// Two or three letters, and a region of two letters or three digits.
fn is_language(language: &[u8]) -> bool {
    let is = |part: &[u8], lengths: &[usize], of: fn(&u8) -> bool| lengths.contains(&part.len()) && part.iter().all(of);
    let letters = u8::is_ascii_alphabetic;
    match language {
        b"*" | b"-" => true,
        _ => match language.iter().position(|byte| *byte == b'-') {
            None => is(language, &[2, 3], letters),
            Some(dash) => {
                let region = &language[dash + 1..];
                is(&language[..dash], &[2, 3], letters)
                    && (is(region, &[2], letters) || is(region, &[3], u8::is_ascii_digit))
            }
        },
    }
}

/// Whether `text` is a package URL: `pkg:type/name@version` (ECMA-427), as far as its parts can be told apart.
pub(crate) fn is_purl(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("pkg:").filter(|_| text.len() <= IDENTIFIER_MAX) else { return false };
    let Some((kind, name)) = rest.split_once('/') else { return false };
    let name = name.split(['@', '?', '#']).next().unwrap_or_default();
    kind.starts_with(|c: char| c.is_ascii_alphabetic())
        && kind.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c))
        && !name.trim_matches('/').is_empty()
        && rest.chars().all(|c| c.is_ascii_graphic() && !"\"<>\\^`{|}".contains(c))
}

/// The package URL of an image (purl-spec, type `oci`): its name without registry and folders, and its digest, `sha256:…`.
pub(crate) fn oci_purl(name: &str, digest: &str) -> Option<String> {
    let mut purl = String::from("pkg:oci/");
    let name = name.rsplit('/').next().filter(|name| !name.is_empty())?;
    for byte in name.bytes() {
        match byte {
            byte if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                purl.push(byte.to_ascii_lowercase().into())
            }
            byte => purl += &format!("%{byte:02X}"),
        }
    }
    Some(format!("{purl}@{digest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpe_names() {
        for good in [
            "cpe:2.3:a:gnu:glibc:2.40:1:*:*:*:*:*:*",
            "cpe:2.3:o:linux:linux_kernel:6.1:-:*:en-US:*:*:*:*",
            "cpe:2.3:a:foo\\\\bar:big\\$money:2010:*:*:*:special:ipod_touch:80gb:*",
            "cpe:2.3:a:hp:openview:7.5\\::*:*:*:*:*:*:*",
            "cpe:2.3:*:?a??:*a*:-:*:*:eng-123:*:*:*:*",
            "cpe:2.3:a:a:a\\*:1:*:*:*:*:*:*:*",
            "cpe:2.3:a:a:a\\\\*:1:*:*:*:*:*:*:*",
        ] {
            assert!(is_cpe(good), "{good}");
        }
        for bad in [
            "",
            "cpe:/a:gnu:glibc:2.40",
            "cpe:2.3:a:gnu:glibc:2.40:1:*:*:*:*:*",
            "cpe:2.3:a:gnu:glibc:2.40:1:*:*:*:*:*:*:*",
            "cpe:2.3:x:gnu:glibc:2.40:1:*:*:*:*:*:*",
            "cpe:2.3:a::glibc:2.40:1:*:*:*:*:*:*",
            "cpe:2.3:a:gnu:glibc:2.40+git:1:*:*:*:*:*:*",
            "cpe:2.3:a:gnu:gl*ibc:2.40:1:*:*:*:*:*:*",
            "cpe:2.3:a:gnu:glibc:2 40:1:*:*:*:*:*:*",
            "cpe:2.3:a:gnu:glibc:é:1:*:*:*:*:*:*",
            "cpe:2.3:a:gnu:glibc:2.40:1:*:english:*:*:*:*",
            "cpe:2.3:a:gnu:??:2.40:1:*:*:*:*:*:*",
            "cpe:2.3:a:gnu:a\\:2.40:1:*:*:*:*:*:*",
            &format!("cpe:2.3:a:{}:glibc:2.40:1:*:*:*:*:*:*", "a".repeat(1000)),
        ] {
            assert!(!is_cpe(bad), "{bad}");
        }
    }

    #[test]
    fn package_urls() {
        for good in
            ["pkg:github/zeromq/czmq@4.2.1", "pkg:npm/%40scope/name@1?a=b#c", "pkg:oci/a@sha256:00", "pkg:pypi/x"]
        {
            assert!(is_purl(good), "{good}");
        }
        for bad in
            ["", "pkg:", "pkg:npm", "pkg:npm/", "pkg:npm//@1", "pkg:/a", "npm/a", "pkg:npm/a b", "pkg:npm/é", "pkg:1/a"]
        {
            assert!(!is_purl(bad), "{bad}");
        }
        assert!(!is_purl(&format!("pkg:npm/{}", "a".repeat(1000))));
    }

    #[test]
    fn the_package_url_of_an_image() {
        for (name, purl) in [
            ("hello-seed", Some("pkg:oci/hello-seed@sha256:00")),
            ("ghcr.io/me/App_seed", Some("pkg:oci/app_seed@sha256:00")),
            ("an é@?", Some("pkg:oci/an%20%C3%A9%40%3F@sha256:00")),
            ("me/", None),
        ] {
            assert_eq!(oci_purl(name, "sha256:00").as_deref(), purl);
            assert!(purl.is_none_or(is_purl));
        }
    }
}
