//! Debian version numbers: their order (deb-version(7)) and the upstream part of them.

use std::cmp::Ordering;

/// Compares two versions as dpkg does: epoch, upstream version, Debian revision.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (split(a), split(b));
    a.0.cmp(&b.0).then_with(|| compare_part(a.1, b.1)).then_with(|| compare_part(a.2, b.2))
}

/// What the authors of the program call this version: `2.26.3+dfsg-1+b2` is `2.26.3`.
pub fn upstream(version: &str) -> String {
    let (_, upstream, _) = split(version);
    // A package that went back to an older release says so: `1.3.dfsg+really1.3.1` is 1.3.1.
    let upstream = upstream.rsplit_once("really").map_or(upstream, |(_, real)| real.trim_start_matches('.'));
    let end = ["+dfsg", "+ds", "+repack", ".dfsg", "~dfsg"]
        .iter()
        .filter_map(|mark| upstream.find(mark))
        .min()
        .unwrap_or(upstream.len());
    upstream[..end].chars().map(|c| if c == '~' { '-' } else { c }).collect()
}

fn split(version: &str) -> (u64, &str, &str) {
    let (epoch, rest) = match version.split_once(':') {
        Some((epoch, rest)) => (epoch.parse().unwrap_or(0), rest),
        None => (0, version),
    };
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    (epoch, upstream, revision)
}

/// Alternates between runs of non-digits, compared by [`weight`], and runs of digits, compared as numbers.
fn compare_part(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while !a.is_empty() || !b.is_empty() {
        let text_a = take_while(&mut a, |c| !c.is_ascii_digit());
        let text_b = take_while(&mut b, |c| !c.is_ascii_digit());
        for i in 0..text_a.len().max(text_b.len()) {
            let order = weight(text_a.get(i)).cmp(&weight(text_b.get(i)));
            if order.is_ne() {
                return order;
            }
        }
        let number_a = without_zeros(take_while(&mut a, u8::is_ascii_digit));
        let number_b = without_zeros(take_while(&mut b, u8::is_ascii_digit));
        let order = number_a.len().cmp(&number_b.len());
        let order = order.then_with(|| number_a.cmp(number_b));
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// `~` sorts before the end of the text, letters before everything else.
fn weight(c: Option<&u8>) -> i32 {
    match c {
        Some(b'~') => -1,
        None => 0,
        Some(c) if c.is_ascii_alphabetic() => i32::from(*c),
        Some(c) => i32::from(*c) + 256,
    }
}

fn take_while<'a>(rest: &mut &'a [u8], wanted: impl Fn(&u8) -> bool) -> &'a [u8] {
    let end = rest.iter().position(|c| !wanted(c)).unwrap_or(rest.len());
    let (run, tail) = rest.split_at(end);
    *rest = tail;
    run
}

fn without_zeros(mut digits: &[u8]) -> &[u8] {
    while let [b'0', rest @ ..] = digits {
        digits = rest;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_as_dpkg_does() {
        let ascending = [
            "1.0~~", "1.0~rc1", "1.0", "1.0-1", "1.0-1+b1", "1.0-2", "1.0a", "1.0+dfsg", "1.2", "1.10", "1:0.1", "2:0",
        ];
        for pair in ascending.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(compare(pair[1], pair[0]), Ordering::Greater, "{pair:?}");
        }
    }

    #[test]
    fn leading_zeros_and_an_epoch_of_zero_mean_nothing() {
        assert_eq!(compare("0:1.02-01", "1.2-1"), Ordering::Equal);
    }

    #[test]
    fn upstream_versions() {
        for (debian, upstream_version) in [
            ("2.26.3+dfsg-1", "2.26.3"),
            ("1:1.3.dfsg+really1.3.1-1+b1", "1.3.1"),
            ("5.2.37-2+b10", "5.2.37"),
            ("2.12.7+dfsg+really2.9.14-2.1+deb13u3", "2.9.14"),
            ("8.2.0+0.really.8.1.8-1", "8.1.8"),
            ("1.9.0+ds-2", "1.9.0"),
            ("20250419", "20250419"),
            ("9.0~rc2-1", "9.0-rc2"),
        ] {
            assert_eq!(upstream(debian), upstream_version);
        }
    }
}
