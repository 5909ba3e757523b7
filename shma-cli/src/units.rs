//! Numbers as people read them.

use std::time::Duration;

/// Bytes in powers of 1024.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    // What would be rounded to 1024 is 1 of the next unit.
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// How long ago.
pub fn age(age: Duration) -> String {
    let seconds = age.as_secs_f64();
    match seconds {
        0.0 => "now".into(),
        s if s < 1e-3 => format!("{:.0} µs", s * 1e6),
        s if s < 0.9995 => format!("{:.0} ms", s * 1e3),
        s if s < 99.95 => format!("{s:.1} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s if s < 48.0 * 3600.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.1} d", s / 86400.0),
    }
}

/// How often a second.
pub fn rate(per_second: f64) -> String {
    match per_second {
        0.0 => "0".into(),
        r if r < 9.95 => format!("{r:.1}"),
        r if r < 9_999.5 => format!("{r:.0}"),
        r if r < 9_999_500.0 => format!("{:.1}k", r / 1e3),
        r => format!("{:.1}M", r / 1e6),
    }
}

/// A number in few characters.
pub fn short(number: f64) -> String {
    let size = number.abs();
    let is_round = number.fract() == 0.0 && size < 1e6;
    if is_round || !number.is_finite() {
        format!("{number}")
    } else if !(1e-3..1e5).contains(&size) {
        format!("{number:.2e}")
    } else if size >= 1000.0 {
        format!("{number:.1}")
    } else {
        format!("{number:.4}")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    #[test]
    fn a_unit_shows_more_than_its_next() {
        let cases = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1024 * 1024 - 1, "1.0 MiB"),
            (5 << 30, "5.0 GiB"),
            (u64::MAX, "16.0 EiB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(super::bytes(bytes), text);
        }
        for (micros, text) in
            [(0, "now"), (3, "3 µs"), (999_600, "1.0 s"), (2_500, "2 ms"), (120_000_000, "2 min")]
        {
            assert_eq!(super::age(Duration::from_micros(micros)), text);
        }
        for (rate, text) in [(0.0, "0"), (9.96, "10"), (9_999.6, "10.0k"), (3.4e7, "34.0M")] {
            assert_eq!(super::rate(rate), text);
        }
        for (number, text) in [(0.1, "0.1000"), (-1234.5, "-1234.5"), (1e-9, "1.00e-9"), (2.0, "2")]
        {
            assert_eq!(super::short(number), text);
        }
    }
}
