//! A referrer's own tag, beside the list of its subject: `sha256-<64 digits>.referrer-<32 digits>`.

use std::collections::BTreeSet;

use oci_spec::image::Digest;

use crate::Result;
use crate::reference::sha256;
use crate::referrers::referrers_tag;

/// What stands between the list's tag and the referrer's digits. Other suffixes are other programs': `.sig`, `.att`, `.sbom`.
const MARK: &str = ".referrer-";

/// How many digits of a referrer's digest there is room for: a tag has at most 128 characters, and 128 bits tell all apart
/// that there may be.
const DIGITS: usize = 32;

/// The tag of a referrer.
pub(crate) fn own_tag(subject: &Digest, referrer: &Digest) -> Result<String> {
    let digits = &sha256(referrer)?[..DIGITS];
    Ok(format!("{}{MARK}{digits}", referrers_tag(subject)?))
}

/// Of all tags, those of a subject's referrers that are not known yet.
pub(crate) fn unknown(subject: &Digest, tags: Vec<String>, known: &[&Digest]) -> Result<Vec<String>> {
    let prefix = format!("{}{MARK}", referrers_tag(subject)?);
    let known: BTreeSet<_> = known.iter().filter_map(|digest| sha256(digest).ok()?.get(..DIGITS)).collect();
    let is_unknown = |tag: &String| {
        let digits = tag.strip_prefix(&prefix).filter(|digits| digits.len() == DIGITS);
        digits.is_some_and(|digits| !known.contains(digits))
    };
    Ok(tags.into_iter().filter(is_unknown).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::is_tag;

    #[test]
    fn a_referrers_own_tag_is_known_again() {
        let digest = |digit: &str| format!("sha256:{}", digit.repeat(64)).parse::<Digest>().unwrap();
        let (subject, one, two) = (digest("a"), digest("1"), digest("2"));
        let tag = own_tag(&subject, &one).unwrap();
        assert_eq!(tag, format!("sha256-{}.referrer-{}", "a".repeat(64), "1".repeat(32)));
        assert!(is_tag(&tag));
        let others = [
            "main".into(),
            referrers_tag(&subject).unwrap(),
            format!("{}.sig", referrers_tag(&subject).unwrap()),
            format!("{}.referrer-1", referrers_tag(&subject).unwrap()),
            own_tag(&two, &one).unwrap(),
        ];
        let tags = |more: &str| others.iter().cloned().chain([more.to_owned()]).collect::<Vec<_>>();
        assert_eq!(unknown(&subject, tags(&tag), &[&two]).unwrap(), [&*tag]);
        assert_eq!(unknown(&subject, tags(&tag), &[&two, &one]).unwrap(), [""; 0]);
    }
}
