//! What a registry says of itself, made fit for a message.

use oci_spec::distribution::ErrorResponse;

/// The most bytes of an answer that are looked at for an error's code and message.
pub(crate) const REPLY_MAX: u64 = 16 << 10;

/// The most characters of received text in a message.
const TEXT_MAX: usize = 200;

/// A registry's answer that is no success: its status, and the code and message of the OCI error envelope (OCI
/// Distribution Specification 1.1, "Error Codes"), without control characters and cut to some 200 characters each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The code, such as MANIFEST_UNKNOWN; empty where the answer has none.
    pub code: String,
    /// The message; empty where the answer has none.
    pub message: String,
}

impl Reply {
    /// Reads the body of an answer; HTML is left out, since it says nothing.
    pub(crate) fn new(status: u16, body: &[u8]) -> Self {
        if let Ok(envelope) = serde_json::from_slice::<ErrorResponse>(body)
            && let Some(first) = envelope.detail().first()
        {
            let code = serde_json::to_value(first.code()).ok();
            let code = code.as_ref().and_then(|code| code.as_str()).unwrap_or_default();
            return Self { status, code: clean(code), message: clean(first.message().as_deref().unwrap_or_default()) };
        }
        let (code, message) = loose(body);
        Self { status, code, message }
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.status)?;
        if !self.code.is_empty() {
            write!(f, " {}", self.code)?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        Ok(())
    }
}

/// Codes that the specification does not list, and answers that are plain text or other JSON.
fn loose(body: &[u8]) -> (String, String) {
    if let Ok(value) = serde_json::from_slice::<serde_json::Value>(body) {
        let first = value.pointer("/errors/0").unwrap_or(&value);
        let field = |name: &str| first.get(name).and_then(|field| field.as_str()).map(clean).unwrap_or_default();
        let message = [field("message"), field("details"), field("error_description"), field("error")];
        return (field("code"), message.into_iter().find(|text| !text.is_empty()).unwrap_or_default());
    }
    let text = String::from_utf8_lossy(body);
    (String::new(), if text.trim_start().starts_with('<') { String::new() } else { clean(&text) })
}

/// Received text as one line without control characters, cut to some 200 characters.
pub(crate) fn clean(text: &str) -> String {
    let line: String = text.chars().map(|c| if is_harmless(c) { c } else { ' ' }).take(TEXT_MAX).collect();
    let cut = text.chars().nth(TEXT_MAX).is_some();
    format!("{}{}", line.trim(), if cut { "…" } else { "" })
}

/// Neither a control character nor one that changes the direction of writing.
fn is_harmless(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_gives_code_and_message() {
        let body =
            br#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest\u001b[31m unknown","detail":{"a":1}}]}"#;
        let reply = Reply::new(404, body);
        assert_eq!(reply.to_string(), "404 MANIFEST_UNKNOWN: manifest [31m unknown");
    }

    #[test]
    fn an_unknown_code_is_shown_too() {
        let reply = Reply::new(400, br#"{"errors":[{"code":"QUOTA","message":"full"}]}"#);
        assert_eq!(reply.to_string(), "400 QUOTA: full");
        assert_eq!(
            Reply::new(401, br#"{"details":"incorrect username or password"}"#).message,
            "incorrect username or password"
        );
    }

    #[test]
    fn a_message_is_bounded() {
        assert!(Reply::new(500, "é".repeat(5000).as_bytes()).to_string().chars().count() < 220);
        assert_eq!(Reply::new(502, b"<html>bad gateway</html>").to_string(), "502");
    }
}
