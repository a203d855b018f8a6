//! OTLP's JSON, as far as a picture needs it. What is not known is skipped, as the specification wants it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A line: spans, or what else a collector writes into the same file.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Line<'a> {
    #[serde(borrow)]
    pub(crate) resource_spans: Option<Vec<ResourceSpans<'a>>>,
    pub(crate) resource_logs: Option<IgnoredAny>,
    pub(crate) resource_metrics: Option<IgnoredAny>,
    pub(crate) resource_profiles: Option<IgnoredAny>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResourceSpans<'a> {
    #[serde(borrow)]
    pub(crate) resource: Option<Resource<'a>>,
    pub(crate) scope_spans: Option<Vec<ScopeSpans<'a>>>,
}

#[derive(serde::Deserialize)]
pub(crate) struct Resource<'a> {
    #[serde(borrow)]
    pub(crate) attributes: Option<Vec<Attribute<'a>>>,
}

#[derive(serde::Deserialize)]
pub(crate) struct ScopeSpans<'a> {
    #[serde(borrow)]
    pub(crate) spans: Option<Vec<Span<'a>>>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Span<'a> {
    #[serde(borrow)]
    pub(crate) trace_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) span_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) parent_span_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) name: Option<Cow<'a, str>>,
    pub(crate) start_time_unix_nano: Option<Scalar>,
    pub(crate) end_time_unix_nano: Option<Scalar>,
    #[serde(borrow)]
    pub(crate) attributes: Option<Vec<Attribute<'a>>>,
    pub(crate) status: Option<Status>,
}

#[derive(serde::Deserialize)]
pub(crate) struct Status {
    pub(crate) code: Option<Scalar>,
}

#[derive(serde::Deserialize)]
pub(crate) struct Attribute<'a> {
    #[serde(borrow)]
    pub(crate) key: Cow<'a, str>,
    pub(crate) value: Option<Value>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Value {
    string_value: Option<Scalar>,
    int_value: Option<Scalar>,
    double_value: Option<Scalar>,
}

impl Value {
    /// The text or number; lists and the like are no matter here.
    pub(crate) fn scalar(self) -> Option<Scalar> {
        self.string_value.or(self.int_value).or(self.double_value)
    }
}

/// A text or a number. Whole numbers of 64 bits are texts in protobuf's JSON, and either is accepted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar {
    Text(String),
    Whole(u64),
    Number(f64),
    Other,
}

impl Scalar {
    /// A whole number, not negative.
    pub(crate) fn whole(&self) -> Option<u64> {
        match self {
            Self::Text(text) => text.parse().ok(),
            Self::Whole(number) => Some(*number),
            // Saturates.
            Self::Number(number) if *number >= 0.0 => Some(*number as u64),
            _ => None,
        }
    }

    /// Seconds, as nanoseconds; none where no clock would show them.
    pub(crate) fn nanoseconds(&self) -> Option<u64> {
        let seconds = match self {
            Self::Text(text) => text.parse().ok()?,
            Self::Whole(number) => *number as f64,
            Self::Number(number) => *number,
            Self::Other => return None,
        };
        (0.0..=1e9).contains(&seconds).then_some((seconds * 1e9) as u64)
    }

    pub(crate) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Whole(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(text.to_owned()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar::Whole(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number as f64))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Scalar, E> {
        Ok(Scalar::Other)
    }

    fn visit_unit<E: Error>(self) -> Result<Scalar, E> {
        Ok(Scalar::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
}
