//! Secrets in a signer's command.

/// Options of programs for tokens that a PIN or a password follows.
const OPTIONS: [&str; 7] = ["--pin", "--so-pin", "--new-pin", "--password", "--passphrase", "-pass", "-passin"];

/// Whether a command has a PIN or a password in it, by the names of options (pkcs11-tool, openssl; `pin-value` of RFC 7512). What
/// names a variable or a file is none.
pub(crate) fn has_secret(arguments: &[String]) -> bool {
    let is_secret = |(index, argument): (usize, &String)| {
        let option = |text: &str| OPTIONS.contains(&text);
        let next = arguments.get(index + 1).map(String::as_str).unwrap_or_default();
        argument.contains("pin-value=")
            || option(argument) && !is_reference(next)
            || argument.split_once('=').is_some_and(|(name, value)| option(name) && !is_reference(value))
    };
    arguments.iter().enumerate().any(is_secret)
}

fn is_reference(value: &str) -> bool {
    value.is_empty() || ["-", "env:", "file:", "stdin"].iter().any(|prefix| value.starts_with(prefix))
}
