//! What the environment says of traces, by OpenTelemetry's specification ("Environment Variable Specification" and
//! "OpenTelemetry Protocol Exporter").
//!
//! Two deviations: without an endpoint nothing is sent, where the specification assumes a collector on this machine; and
//! a collector that says nothing is waited for three seconds, not ten, since somebody waits for the command.

use std::time::Duration;

use opentelemetry_otlp::Protocol;
use url::Url;

use super::NAME;

/// For how long a collector is waited for, where nothing is said.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The collector on this machine, for whoever asks for OTLP and names none.
const LOCAL: &str = "http://localhost:4318";

/// What the environment says.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// Who gets the trace.
    pub(super) collector: Option<Collector>,
    /// What the service is called; none where `OTEL_RESOURCE_ATTRIBUTES` says it, which the SDK reads.
    pub(super) service: Option<String>,
    /// What cannot be done as it says.
    pub(super) warnings: Vec<String>,
}

/// Who gets the trace. Where exactly, and with which headers, only the exporter knows: that may be secret.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Collector {
    /// The host and its port, where it has one: for messages.
    pub(super) host: String,
    pub(super) is_loopback: bool,
    pub(super) protocol: Protocol,
    pub(super) timeout: Duration,
}

impl Settings {
    pub(super) fn of_process() -> Self {
        Self::read(&|name| std::env::var(name).ok())
    }

    /// Reads the variables that `get` knows; an empty one counts as none.
    fn read(get: &dyn Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let attributes = get("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
        let is_named =
            attributes.split(',').any(|pair| pair.split('=').next().is_some_and(|key| key.trim() == "service.name"));
        let service = get("OTEL_SERVICE_NAME").or_else(|| (!is_named).then(|| NAME.into()));
        match collector(&get) {
            Ok(collector) => Self { collector, service, warnings: Vec::new() },
            Err(why) => Self { collector: None, service, warnings: vec![format!("no trace is sent: {why}")] },
        }
    }
}

fn collector(get: &dyn Fn(&str) -> Option<String>) -> Result<Option<Collector>, String> {
    if get("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Ok(None);
    }
    // A signal's own variable goes before that of all signals.
    let either = |name: &str| {
        let own = format!("OTEL_EXPORTER_OTLP_TRACES_{name}");
        let all = format!("OTEL_EXPORTER_OTLP_{name}");
        get(&own).map(|value| (own, value)).or_else(|| get(&all).map(|value| (all, value)))
    };
    let endpoint = either("ENDPOINT");
    let asked = match get("OTEL_TRACES_EXPORTER") {
        None => false,
        Some(names) if names.split(',').any(|name| name.trim() == "otlp") => true,
        Some(names) if names == "none" => return Ok(None),
        Some(names) => return Err(format!("OTEL_TRACES_EXPORTER is {names:?}, and this program knows otlp and none")),
    };
    if endpoint.is_none() && !asked {
        return Ok(None);
    }
    let (variable, url) = endpoint.unwrap_or_else(|| (String::new(), LOCAL.into()));
    let url = Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url = url.ok_or_else(|| format!("{variable} is no URL; write http://HOST:PORT or https://HOST"))?;
    let protocol = match either("PROTOCOL") {
        None => Protocol::HttpBinary,
        Some((_, name)) if name == "http/protobuf" => Protocol::HttpBinary,
        Some((_, name)) if name == "http/json" => Protocol::HttpJson,
        Some((variable, name)) => {
            return Err(format!("{variable} is {name:?}, and this program knows http/protobuf and http/json"));
        }
    };
    let timeout = match either("TIMEOUT") {
        None => TIMEOUT,
        Some((variable, text)) => {
            Duration::from_millis(text.parse().map_err(|_| format!("{variable} is no number of milliseconds"))?)
        }
    };
    let host = url.host_str().unwrap_or_default();
    let is_loopback = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        host => host == Some(url::Host::Domain("localhost")),
    };
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    Ok(Some(Collector { host, is_loopback, protocol, timeout }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Settings {
        Settings::read(&|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    const ENDPOINT: (&str, &str) =
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://user:secret@otel.example:8443/x?key=secret");

    #[test]
    fn nothing_is_sent_unless_somebody_says_where_to() {
        for variables in [
            &[][..],
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")],
            &[ENDPOINT, ("OTEL_SDK_DISABLED", "True")],
            &[ENDPOINT, ("OTEL_TRACES_EXPORTER", "none")],
            &[("OTEL_EXPORTER_OTLP_HEADERS", "key=secret"), ("OTEL_SERVICE_NAME", "x")],
        ] {
            let settings = read(variables);
            assert!(settings.collector.is_none() && settings.warnings.is_empty(), "{variables:?}: {settings:?}");
        }
    }

    #[test]
    fn the_variables_of_traces_go_before_those_of_all_signals() {
        let collector = read(&[ENDPOINT]).collector.unwrap();
        let expected = Collector {
            host: "otel.example:8443".into(),
            is_loopback: false,
            protocol: Protocol::HttpBinary,
            timeout: TIMEOUT,
        };
        assert_eq!(collector, expected);
        let collector = read(&[
            ENDPOINT,
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://[::1]/v1/traces"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "250"),
        ]);
        let expected = Collector {
            host: "[::1]".into(),
            is_loopback: true,
            protocol: Protocol::HttpJson,
            timeout: Duration::from_millis(250),
        };
        assert_eq!(collector.collector.unwrap(), expected);
        assert_eq!(read(&[("OTEL_TRACES_EXPORTER", "otlp")]).collector.unwrap().host, "localhost:4318");
    }

    #[test]
    fn what_cannot_be_done_is_named_without_what_may_be_secret() {
        for (variable, value) in [
            ("OTEL_TRACES_EXPORTER", "zipkin"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "otel.example/secret"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "ftp://secret/"),
        ] {
            let settings = read(&[ENDPOINT, (variable, value)]);
            assert!(settings.collector.is_none());
            let [warning] = &settings.warnings[..] else { panic!("{settings:?}") };
            assert!(warning.contains(variable) && !warning.contains("secret"), "{warning}");
        }
    }

    #[test]
    fn a_service_is_named_by_the_variable_that_goes_first() {
        let service = |variables: &[(&str, &str)]| read(variables).service;
        let (attributes, name) = (("OTEL_RESOURCE_ATTRIBUTES", "a=b, service.name=x"), ("OTEL_SERVICE_NAME", "mine"));
        assert_eq!(service(&[("OTEL_RESOURCE_ATTRIBUTES", "deployment=ci")]).unwrap(), NAME);
        assert_eq!(service(&[attributes]), None);
        assert_eq!(service(&[attributes, name]).unwrap(), "mine");
    }
}
