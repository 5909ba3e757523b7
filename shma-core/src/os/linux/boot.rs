//! Which run of the machine this is.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::read_text;

/// Sixteen random bytes that the kernel draws when it starts; containers see those of their machine.
const FILE: &str = "/proc/sys/kernel/random/boot_id";

/// What was read, in two halves. No lock: a fork child could inherit it locked.
static KNOWN: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];
static IS_KNOWN: AtomicBool = AtomicBool::new(false);

/// The id of the machine's run; `None` where it cannot be read, as without `/proc`.
pub(crate) fn boot_id() -> Option<u128> {
    // Acquire, with the Release below: the halves.
    if !IS_KNOWN.load(Ordering::Acquire) {
        let id = parse(&read_text(FILE).ok()?)?;
        // Relaxed: threads that race store the same.
        KNOWN[0].store((id >> 64) as u64, Ordering::Relaxed);
        KNOWN[1].store(id as u64, Ordering::Relaxed);
        IS_KNOWN.store(true, Ordering::Release);
    }
    // Relaxed: ordered by the load above.
    let [high, low] = [0, 1].map(|half| u128::from(KNOWN[half].load(Ordering::Relaxed)));
    Some(high << 64 | low)
}

fn parse(text: &str) -> Option<u128> {
    let digits: String = text.trim().split('-').collect();
    let id = (digits.len() == 32).then(|| u128::from_str_radix(&digits, 16).ok())??;
    // Zero means that the id is not known.
    (id != 0).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn only_an_id_is_one() {
        let id = parse("01234567-89ab-cdef-0123-456789abcdef\n");
        assert_eq!(id, Some(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef));
        for text in ["", "\n", "none", "01234567", "00000000-0000-0000-0000-000000000000"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
