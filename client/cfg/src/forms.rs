//! The forms of single values, as `lib/seed-cfg/formats.nix` has them, each where it is read.

use std::net::Ipv4Addr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::key;

type Check = fn(&str) -> Result<(), String>;

/// The most elements of a list.
const MAX_ELEMENTS: usize = 64;
/// The most bytes of what is not said otherwise.
const MAX_BYTES: usize = 255;
/// The most bytes of a trusted root.
const ROOT_BYTES: usize = 1 << 20;
/// Ten years.
const MAX_AGE: u64 = 10 * 365 * 24 * 60 * 60;
/// The largest integer that all readers of JSON agree on (RFC 8259, section 6).
const MAX_INTEGER: u64 = (1 << 53) - 1;

/// A short text as it is, in quotes; of a long one, how long it is.
pub(crate) fn shown(text: &str) -> String {
    if text.len() > 60 { format!("a string of {} bytes", text.len()) } else { format!("the string {text:?}") }
}

/// A field that may be null, but has to be there.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

/// A list of at most as many as anybody needs.
pub(crate) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let list = Vec::<T>::deserialize(deserializer)?;
    if list.len() > MAX_ELEMENTS {
        return Err(D::Error::custom(format!("it is a list of {}, more than {MAX_ELEMENTS}", list.len())));
    }
    Ok(list)
}

fn text<'de, D: Deserializer<'de>>(deserializer: D, check: Check) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    check(&text).map_err(D::Error::custom)?;
    Ok(text)
}

fn maybe_text<'de, D: Deserializer<'de>>(deserializer: D, check: Check) -> Result<Option<String>, D::Error> {
    let text: Option<String> = present(deserializer)?;
    text.as_deref().map_or(Ok(()), check).map_err(D::Error::custom)?;
    Ok(text)
}

fn check_texts(texts: &[String], check: Check) -> Result<(), String> {
    let count = texts.len();
    let mut faults = texts
        .iter()
        .enumerate()
        .filter_map(|(index, text)| check(text).err().map(|why| format!("element {} of {count}: {why}", index + 1)));
    if count > MAX_ELEMENTS {
        return Err(format!("it is a list of {count}, more than {MAX_ELEMENTS}"));
    }
    faults.next().map_or(Ok(()), Err)
}

fn texts<'de, D: Deserializer<'de>>(deserializer: D, check: Check) -> Result<Vec<String>, D::Error> {
    let texts = Vec::deserialize(deserializer)?;
    check_texts(&texts, check).map_err(D::Error::custom)?;
    Ok(texts)
}

/// At least one, or null.
fn maybe_texts<'de, D: Deserializer<'de>>(deserializer: D, check: Check) -> Result<Option<Vec<String>>, D::Error> {
    let texts: Option<Vec<String>> = present(deserializer)?;
    if let Some(texts) = &texts {
        check_texts(texts, check).map_err(D::Error::custom)?;
        if texts.is_empty() {
            return Err(D::Error::custom("it is an empty list"));
        }
    }
    Ok(texts)
}

fn between<'de, D: Deserializer<'de>>(deserializer: D, least: u64, most: u64) -> Result<u64, D::Error> {
    let number = u64::deserialize(deserializer)?;
    check_between(number, least, most).map_err(D::Error::custom)
}

fn check_between(number: u64, least: u64, most: u64) -> Result<u64, String> {
    if (least..=most).contains(&number) { Ok(number) } else { Err(format!("{number} is not from {least} to {most}")) }
}

fn maybe_between<'de, D: Deserializer<'de>>(deserializer: D, least: u64, most: u64) -> Result<Option<u64>, D::Error> {
    let number: Option<u64> = present(deserializer)?;
    number.map(|number| check_between(number, least, most)).transpose().map_err(D::Error::custom)
}

/// Defines how fields of some forms are read.
macro_rules! fields {
    ($($name:ident: $type:ty = $reader:ident($($argument:expr),+);)*) => {$(
        pub(crate) fn $name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
            $reader(deserializer, $($argument),+)
        }
    )*};
}

fields! {
    url: Option<String> = maybe_text(is_url);
    logs: Option<Vec<String>> = maybe_texts(is_url);
    repository: Option<String> = maybe_text(is_repository);
    trusted_root: Option<String> = maybe_text(is_trusted_root);
    keys: Vec<String> = texts(key::is_key);
    signer: Option<Vec<String>> = maybe_texts(is_argument);
    party: Option<String> = maybe_text(is_party);
    countries: Vec<String> = texts(is_country);
    caches: Vec<String> = texts(is_cache);
    address: String = text(is_address);
    code_hash: String = text(is_code_hash);
    count: u64 = between(1, 64);
    chain_id: u64 = between(1, MAX_INTEGER);
    age: Option<u64> = maybe_between(60, MAX_AGE);
    rekor_version: Option<u64> = maybe_between(1, 2);
}

pub(crate) fn endpoints<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let endpoints = texts(deserializer, is_url)?;
    if endpoints.is_empty() { Err(D::Error::custom("it is an empty list")) } else { Ok(endpoints) }
}

/// Whether a text is of a form; what the form is, where it is not.
fn of_form(holds: bool, text: &str, form: &str) -> Result<(), String> {
    if holds && text.len() <= MAX_BYTES { Ok(()) } else { Err(format!("it is {}, not {form}", shown(text))) }
}

/// Small letters, digits, `.` and `-`, the first and the last no `.` or `-`.
pub(crate) fn is_host(host: &str) -> bool {
    let is_letter = |c: &u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let bytes = host.as_bytes();
    bytes.first().is_some_and(is_letter)
        && bytes.last().is_some_and(is_letter)
        && bytes.iter().all(|c| is_letter(c) || matches!(c, b'.' | b'-'))
}

/// A host, and a port of one to five digits where there is a colon.
pub(crate) fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let is_port = |port: &str| {
        (1..=5).contains(&port.len()) && !port.starts_with('0') && port.bytes().all(|c| c.is_ascii_digit())
    };
    (is_host(host) && port.is_none_or(is_port)).then_some((host, port))
}

/// Whether it is this machine (RFC 1122, section 3.2.1.3), where plain http is no matter.
pub(crate) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

fn is_address_of(text: &str, scheme: &str, is_right: fn(&str) -> bool) -> bool {
    let Some(rest) = text.strip_prefix(scheme) else { return false };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let is_path = path.bytes().all(|c| c.is_ascii_alphanumeric() || b"/._~%+-".contains(&c));
    split_port(authority).is_some_and(|(host, _)| is_right(host)) && is_path
}

fn is_url(text: &str) -> Result<(), String> {
    if text.contains("://") && text.contains('@') {
        return Err("it has a user or a password in it, which is not repeated here".into());
    }
    let holds = is_address_of(text, "https://", |_| true) || is_address_of(text, "http://", is_loopback);
    of_form(holds, text, "an https address without parameters (http only on localhost or 127.0.0.0/8)")
}

fn is_cache(text: &str) -> Result<(), String> {
    if is_address_of(text, "s3://", |_| true) && !text["s3://".len()..].contains(':') {
        return of_form(true, text, "an address");
    }
    is_url(text)
}

fn is_repository(text: &str) -> Result<(), String> {
    let holds = text.split_once('/').is_some_and(|(host, path)| is_registry(host) && path.split('/').all(is_component));
    of_form(holds, text, "a repository of images, HOST/NAME, without tag and digest")
}

/// A host that cannot be taken for a part of a name: docker's rule.
fn is_registry(host: &str) -> bool {
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|c| c.is_ascii_digit());
    name.split('.').all(is_label)
        && port.is_none_or(is_port)
        && (name == "localhost" && port.is_none() || name.contains('.') || port.is_some())
}

/// Words of small letters and digits, parted by `.`, `_`, `__` or any number of `-`.
fn is_component(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let ends_in_words = text.starts_with(is_word) && text.ends_with(is_word);
    let mut separators = text.split(is_word).filter(|separator| !separator.is_empty());
    ends_in_words
        && separators.all(|separator| matches!(separator, "." | "_" | "__") || separator.bytes().all(|c| c == b'-'))
}

fn is_trusted_root(text: &str) -> Result<(), String> {
    if text.len() > ROOT_BYTES {
        return Err(format!("it is {}, more than {ROOT_BYTES}", shown(text)));
    }
    let holds = text.starts_with('{') && text.contains("application/vnd.dev.sigstore.trustedroot");
    if holds { Ok(()) } else { Err("it is no trusted root of Sigstore's".into()) }
}

fn is_argument(text: &str) -> Result<(), String> {
    let holds = (1..=1024).contains(&text.len()) && text.bytes().all(|c| (b' '..=b'~').contains(&c));
    if holds { Ok(()) } else { Err("it is no word of a command: 1 to 1024 ASCII characters".into()) }
}

/// A name that is compared as a text.
fn is_party(text: &str) -> Result<(), String> {
    of_form(is_host(text) && text.len() <= 63, text, "a name in small letters, digits, `.` and `-`, at most 63")
}

/// The name that a configuration gives a builder.
pub(crate) fn is_builder(text: &str) -> Result<(), String> {
    let is_letter = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    let holds = text.starts_with(|c: char| c.is_ascii_lowercase()) && text.bytes().all(is_letter) && text.len() <= 40;
    of_form(holds, text, "a builder's name: small letters, digits and `-`, the first a letter, at most 40")
}

fn is_country(text: &str) -> Result<(), String> {
    let holds = text.len() == 2 && text.bytes().all(|c| c.is_ascii_uppercase());
    of_form(holds, text, "a country's two capital letters")
}

fn is_hexadecimal(text: &str, digits: usize) -> Result<(), String> {
    let is_digit = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    let holds = text.strip_prefix("0x").is_some_and(|rest| rest.len() == digits && rest.bytes().all(is_digit));
    of_form(holds, text, &format!("0x and {digits} hexadecimal digits in small letters"))
}

fn is_address(text: &str) -> Result<(), String> {
    is_hexadecimal(text, 40)
}

fn is_code_hash(text: &str) -> Result<(), String> {
    is_hexadecimal(text, 64)
}
