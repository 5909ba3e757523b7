//! Numbers for people.

/// So many bytes.
pub fn bytes(count: u64) -> String {
    match count {
        0..1024 => format!("{count} B"),
        1024..0x10_0000 => format!("{} KiB", count >> 10),
        0x10_0000..0x4000_0000 => format!("{} MiB", count >> 20),
        _ => format!("{} GiB", count >> 30),
    }
}

/// A value of a measure in a unit.
pub fn value(value: f64, unit: &str) -> String {
    match unit {
        "ns" => scaled(value, 1000.0, &[" ns", " µs", " ms", " s"]),
        "1/s" => scaled(value, 1000.0, &["/s", "k/s", "M/s", "G/s"]),
        _ => digits(value),
    }
}

fn scaled(mut value: f64, step: f64, units: &[&str]) -> String {
    let mut units = units.iter();
    let mut unit = units.next().expect("a unit");
    for next in units {
        if value.abs() < step {
            break;
        }
        value /= step;
        unit = next;
    }
    format!("{}{unit}", digits(value))
}

/// Three digits that count.
pub fn digits(value: f64) -> String {
    match value.abs() {
        0.0..1.0 => format!("{value:.3}"),
        1.0..10.0 => format!("{value:.2}"),
        10.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{bytes, value};

    #[test]
    fn a_unit_is_the_next_one() {
        assert_eq!(value(999.0, "ns"), "999 ns");
        assert_eq!(value(1000.0, "ns"), "1.00 µs");
        assert_eq!(value(2.5e9, "ns"), "2.50 s");
        assert_eq!(value(25e6, "1/s"), "25.0M/s");
        assert_eq!([64, 4096, 1 << 20, 1 << 30].map(bytes), ["64 B", "4 KiB", "1 MiB", "1 GiB"]);
    }
}
