//! What a registry wants to see: the header `WWW-Authenticate` (RFC 9110, 11.6.1).

use ureq::http::HeaderMap;
use ureq::http::header::WWW_AUTHENTICATE;

/// The most characters of one header that are read.
const HEADER_MAX: usize = 8 << 10;

/// A challenge that can be met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User and password with each request.
    Basic,
    /// A token from `realm` (docker's "Token Authentication Specification").
    Bearer {
        /// The URL of the token service.
        realm: String,
        /// The registry's name there.
        service: Option<String>,
        /// What the request needed, separated by spaces.
        scope: Option<String>,
    },
}

/// The challenge to meet: Bearer before Basic, since a token is worth less to a thief.
pub(super) fn parse(headers: &HeaderMap) -> Option<Challenge> {
    let mut basic = None;
    for value in headers.get_all(WWW_AUTHENTICATE) {
        let Some(text) = value.to_str().ok().filter(|text| text.len() <= HEADER_MAX) else { continue };
        for challenge in http_auth::parse_challenges(text).unwrap_or_default() {
            let parameter = |name: &str| {
                let found = challenge.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
                found.map(|(_, value)| value.to_unescaped()).filter(|value| !value.is_empty())
            };
            if challenge.scheme.eq_ignore_ascii_case("Bearer")
                && let Some(realm) = parameter("realm")
            {
                return Some(Challenge::Bearer { realm, service: parameter("service"), scope: parameter("scope") });
            }
            if challenge.scheme.eq_ignore_ascii_case("Basic") {
                basic = Some(Challenge::Basic);
            }
        }
    }
    basic
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(values: &[&str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, value.parse().unwrap());
        }
        parse(&headers)
    }

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Option<Challenge> {
        let (service, scope) = (service.map(Into::into), scope.map(Into::into));
        Some(Challenge::Bearer { realm: realm.into(), service, scope })
    }

    #[test]
    fn registries_challenges_are_read() {
        assert_eq!(
            parsed(&[r#"Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:a/b:pull,push""#]),
            bearer("https://ghcr.io/token", Some("ghcr.io"), Some("repository:a/b:pull,push"))
        );
        assert_eq!(
            parsed(&[r#"bearer Realm="https://x/a\"b", error="invalid_token""#]),
            bearer("https://x/a\"b", None, None)
        );
        assert_eq!(parsed(&[r#"Basic realm="r""#]), Some(Challenge::Basic));
        assert_eq!(parsed(&[r#"Basic realm="r", Bearer realm="https://x""#]), bearer("https://x", None, None));
        assert_eq!(parsed(&["Basic realm=r", "Bearer realm=x"]), bearer("x", None, None));
    }

    #[test]
    fn what_cannot_be_met_is_none() {
        for value in ["", "Negotiate", "Bearer", r#"Bearer service="s""#, r#"Bearer realm="unclosed"#, ",,,="] {
            assert_eq!(parsed(&[value]), None, "{value}");
        }
        assert_eq!(parsed(&[&format!("Basic realm=\"{}\"", "a".repeat(9000))]), None);
    }
}
