//! The sizes of values: a constant of the type for each, since that is how the library and some of
//! its peers want it, and how the compiler makes the best of the references.

/// 64 B to 1 GiB, each four times the one before it.
pub const ALL: [u64; 13] = {
    let mut sizes = [64; 13];
    let mut index = 1;
    while index < sizes.len() {
        sizes[index] = 4 * sizes[index - 1];
        index += 1;
    }
    sizes
};

/// Those of the targets: 64 B, 4 KiB, 64 KiB, 1 MiB, 16 MiB.
pub const FEW: [u64; 5] = [ALL[0], ALL[3], ALL[5], ALL[7], ALL[9]];

/// Those at which numbers are added to in place: 1 KiB to 16 MiB.
pub const IN_PLACE: [u64; 8] = [ALL[2], ALL[3], ALL[4], ALL[5], ALL[6], ALL[7], ALL[8], ALL[9]];

/// A gibibyte.
pub const LARGEST: u64 = ALL[12];

/// The sizes of values in groups.
pub const GROUPED: [u64; 4] = [ALL[0], ALL[3], ALL[5], ALL[7]];

/// Evaluates an expression with a constant `N`, the numbers in so many bytes. With `group` in front,
/// for the sizes of values in groups only.
macro_rules! sized {
    ($bytes:expr, $n:ident => $make:expr) => {
        $crate::sizes::sized!(@ $bytes, $n, $make, 0 1 2 3 4 5 6 7 8 9 10 11 12)
    };
    (group $bytes:expr, $n:ident => $make:expr) => {
        $crate::sizes::sized!(@ $bytes, $n, $make, 0 3 5 7)
    };
    (@ $bytes:expr, $n:ident, $make:expr, $($index:literal)*) => {
        match $bytes {
            $(bytes if bytes == $crate::sizes::ALL[$index] => {
                const $n: usize = $crate::sizes::ALL[$index] as usize / 8;
                $make
            })*
            bytes => $crate::ability::unable(&format!("values of {bytes} bytes are not prepared")),
        }
    };
}
pub(crate) use sized;

/// As an array of a size that is known.
///
/// # Panics
///
/// If it is of another size.
#[inline(always)]
pub fn array<const N: usize>(numbers: &[f64]) -> &[f64; N] {
    numbers.try_into().expect("a buffer of the value's size")
}

/// The same, to change.
#[inline(always)]
pub fn array_mut<const N: usize>(numbers: &mut [f64]) -> &mut [f64; N] {
    numbers.try_into().expect("a buffer of the value's size")
}
