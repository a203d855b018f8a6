//! Times, shares and bytes as texts.

/// Nanoseconds as seconds.
pub(crate) fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

/// `0.051 s`, to the millisecond while that matters; at most nine characters.
pub(crate) fn time(nanoseconds: u64) -> String {
    let seconds = seconds(nanoseconds);
    match seconds {
        _ if (1..500_000).contains(&nanoseconds) => "<0.001 s".into(),
        ..100.0 => format!("{seconds:.3} s"),
        ..10_000.0 => format!("{seconds:.1} s"),
        ..1_000_000.0 => format!("{seconds:.0} s"),
        _ => format!("{:.0} d", seconds / 86_400.0),
    }
}

/// `67 %`; more than all is what absurd times make.
pub(crate) fn share(part: u64, whole: u64) -> String {
    let share = if whole == 0 { 0.0 } else { (100.0 * part as f64 / whole as f64).min(999.0) };
    if part > 0 && share < 0.5 { "<1 %".into() } else { format!("{share:.0} %") }
}

/// `1.23 MB`, in powers of ten as disks and registries count.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match UNITS.iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => format!("{}.{:02} {name}", bytes / unit, bytes % unit * 100 / unit),
        None => format!("{bytes} B"),
    }
}

/// `1 request`, `57 requests`.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_exact_as_they_matter() {
        let times = [0, 7, 51_234_567, 99_999_000_000, 312_449_000_000, 86_400_000_000_000, u64::MAX].map(time);
        assert_eq!(times, ["0.000 s", "<0.001 s", "0.051 s", "99.999 s", "312.4 s", "86400 s", "213504 d"]);
    }

    #[test]
    fn a_share_of_nothing_is_none() {
        assert_eq!([share(1, 3), share(1, 1000), share(0, 5), share(5, 0)], ["33 %", "<1 %", "0 %", "<1 %"]);
        assert_eq!(share(u64::MAX, 1), "999 %");
    }
}
