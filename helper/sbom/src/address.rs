//! Addresses that may be given to everyone, and what of an address may not.

use std::collections::BTreeSet;

/// The most bytes of an address.
const ADDRESS_MAX: usize = 2000;

/// Parameters that say what is asked for, and no secret: those of Nix's fetchers (as in `lib/private-sources.nix`), of forges, of gitweb, cgit
/// and ViewVC, and of trackers that patches are attached to. Nobody knows the names of all that are tokens.
const HARMLESS: [&str; 60] = [
    "a",
    "aid",
    "att",
    "attachment",
    "atid",
    "bug",
    "bugid",
    "commit",
    "commitish",
    "dir",
    "download",
    "f",
    "file",
    "filename",
    "fileid",
    "format",
    "full_index",
    "group_id",
    "h",
    "hb",
    "hp",
    "id",
    "inline",
    "lastModified",
    "msg",
    "name",
    "narHash",
    "o",
    "opi",
    "p",
    "page",
    "path",
    "pathrev",
    "pkgbase",
    "plain",
    "r",
    "raw",
    "ref",
    "rev",
    "revCount",
    "revision",
    "root",
    "sha",
    "shallow",
    "sourcecode",
    "st",
    "submodules",
    "tag",
    "title",
    "treeHash",
    "type",
    "unpack",
    "use_mirror",
    "v",
    "ver",
    "version",
    "view",
    "viasf",
    "w",
    "zip",
];

/// An address without what may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Address {
    text: String,
    is_whole: bool,
    host: String,
}

impl Address {
    /// Reads an absolute URL with an authority (RFC 3986). None where it is not well-formed: then nobody knows what of it is secret.
    ///
    /// User and password are left out. So are the parameters where one is not known to be harmless, and a fragment that has any.
    pub(crate) fn parse(url: &str) -> Option<Self> {
        if url.len() > ADDRESS_MAX || !is_made_of_allowed(url.as_bytes()) {
            return None;
        }
        let (scheme, rest) = url.split_once("://")?;
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c));
        let (rest, fragment) = rest.split_once('#').map_or((rest, None), |(rest, fragment)| (rest, Some(fragment)));
        let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, server) =
            authority.rsplit_once('@').map_or((None, authority), |(user, server)| (Some(user), server));
        let (host, port) = server.split_once(':').unwrap_or((server, ""));
        let is_host = !host.is_empty() || scheme.eq_ignore_ascii_case("file");
        let is_plain = host.chars().all(|c| c.is_ascii_alphanumeric() || "-._~".contains(c));
        let is_port = port.chars().all(|c| c.is_ascii_digit());
        if !(is_scheme && is_host && is_plain && is_port) {
            return None;
        }
        let kept_query = query.filter(|query| query.split(['&', ';']).all(is_harmless));
        let kept_fragment = fragment.filter(|fragment| !fragment.contains(['=', '&', '#', '?']));
        let part = |mark: &str, part: Option<&str>| part.map_or_else(String::new, |part| format!("{mark}{part}"));
        Some(Self {
            text: format!("{scheme}://{server}{path}{}{}", part("?", kept_query), part("#", kept_fragment)),
            is_whole: user.is_none() && query == kept_query && fragment == kept_fragment,
            host: host.to_owned(),
        })
    }

    /// The address.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether nothing has been left out: what lies at this address is what was meant.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Whether it is one that everybody can follow: of a protocol that programs know, at a name of the domain name system.
    pub(crate) fn is_public(&self) -> bool {
        let scheme = self.text.split(':').next().unwrap_or_default();
        let is_known = ["http", "https", "ftp", "sftp", "ssh", "git", "svn"].contains(&scheme);
        let labels: Vec<_> = self.host.split(['.', '-']).collect();
        let last = self.host.rsplit('.').next().unwrap_or_default();
        is_known
            && self.host.contains('.')
            && labels.iter().all(|label| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric()))
            && last.len() >= 2
            && last.chars().all(|c| c.is_ascii_alphabetic())
    }
}

/// Each address once, in the order of the texts.
pub(crate) fn addresses<'a>(urls: impl IntoIterator<Item = &'a str>) -> BTreeSet<Address> {
    urls.into_iter().filter_map(Address::parse).collect()
}

fn is_harmless(parameter: &str) -> bool {
    parameter.is_empty() || HARMLESS.contains(&parameter.split('=').next().unwrap_or_default())
}

/// Unreserved and reserved characters but brackets, and `%` with two digits.
fn is_made_of_allowed(mut text: &[u8]) -> bool {
    while let Some((first, rest)) = text.split_first() {
        text = match first {
            b'%' => match rest {
                [high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => rest,
                _ => return false,
            },
            byte if byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=".contains(byte) => rest,
            _ => return false,
        };
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(url: &str) -> Option<(String, bool)> {
        Address::parse(url).map(|address| (address.text().to_owned(), address.is_whole()))
    }

    #[test]
    fn an_address_without_secrets_is_left_as_it_is() {
        for url in [
            "https://ftp.gnu.org/gnu/hello/hello-2.12.1.tar.gz",
            "mirror://gnu/hello/hello-2.12.1.tar.gz",
            "https://github.com/a/b/commit/0f.patch?full_index=1",
            "https://git.example.org/?p=a.git;a=patch;h=0f",
            "https://example.org:8443/a%20b?raw#L1",
            "git://example.org",
            "file:///srv/a",
        ] {
            assert_eq!(shown(url), Some((url.into(), true)));
        }
    }

    #[test]
    fn what_may_be_a_secret_is_left_out() {
        for (url, kept) in [
            ("https://user:secret@example.org/a", "https://example.org/a"),
            ("https://secret@example.org:80/a", "https://example.org:80/a"),
            ("https://a@b:secret@example.org/a", "https://example.org/a"),
            ("https://example.org/a?private_token=secret", "https://example.org/a"),
            ("https://example.org/a?rev=1&X-Amz-Signature=secret", "https://example.org/a"),
            ("https://example.org/a?rev=1;sig=secret", "https://example.org/a"),
            ("https://example.org/a?secret", "https://example.org/a"),
            ("https://example.org/a?Rev=secret", "https://example.org/a"),
            ("https://example.org/a?%72ev=secret", "https://example.org/a"),
            ("https://example.org/a#access_token=secret", "https://example.org/a"),
            ("https://example.org/a?rev=1#token=secret", "https://example.org/a?rev=1"),
        ] {
            assert_eq!(shown(url), Some((kept.into(), false)), "{url}");
        }
    }

    #[test]
    fn what_is_no_address_is_not_repeated() {
        for bad in [
            "",
            "hello",
            "://a",
            "https:secret@example.org",
            "git@example.org:a",
            "https://exam ple.org/secret",
            "https://example.org/<secret>",
            "https://example.org/é",
            "https://example.org/%zz",
            "https:///secret",
            "https://[2001:db8::1]/a",
            "https://example.org:secret/a",
            "https://user:sec/ret@example.org/a\n",
            "1a://example.org",
            &format!("https://example.org/{}", "a".repeat(2000)),
        ] {
            assert_eq!(shown(bad), None, "{bad}");
        }
    }

    #[test]
    fn addresses_that_everybody_can_follow() {
        let is_public = |url| Address::parse(url).unwrap().is_public();
        assert!(["https://example.org", "ftp://a-b.example.co/x", "svn://x.y.zz:1/"].into_iter().all(is_public));
        for url in [
            "https://localhost/a",
            "https://10.0.0.1/a",
            "mirror://gnu/a",
            "file:///a",
            "https://a_b.org",
            "https://a--b.org",
            "https://a.b",
        ] {
            assert!(!is_public(url), "{url}");
        }
    }

    proptest! {
        #[test]
        fn no_secret_gets_through(secret in "[a-zA-Z0-9]{12}", place in 0usize..5) {
            let url = [
                format!("https://{secret}@example.org/a"),
                format!("https://user:{secret}@example.org/a?rev=1"),
                format!("https://example.org/a?token={secret}"),
                format!("https://example.org/a?rev=1&{secret}"),
                format!("https://example.org/a#k={secret}"),
            ][place].clone();
            prop_assert!(!Address::parse(&url).unwrap().text().contains(&secret));
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = Address::parse(&text);
            let _ = Address::parse(&format!("https://{text}"));
        }
    }
}
