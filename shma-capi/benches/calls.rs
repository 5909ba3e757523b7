//! Calls of the C library beside those of typed handles, as ratios of one run: the least of many turns.
//!
//! `cargo bench -p shma-capi`. The aim is 1.1 from 4 KiB on, and 30 ns more below. Updates miss it below 64 KiB.

use std::ffi::{CString, c_void};
use std::hint::black_box;
use std::ptr::{null, null_mut};
use std::time::{Duration, Instant};

use shma::{
    shma_close, shma_field_close, shma_field_open, shma_open, shma_read, shma_update_begin,
    shma_update_commit, shma_write,
};
use shma_core::{Field, ShmState};
use shma_tests::region::Name;

macro_rules! states {
    ($($state:ident: $bytes:expr),*) => {
        $(
            #[derive(ShmState)]
            struct $state {
                value: [u8; $bytes],
            }
        )*
    };
}
states! { B64: 64, K1: 1 << 10, K4: 4 << 10, K64: 64 << 10, M1: 1 << 20 }

/// How long each is measured.
const LONG: Duration = Duration::from_millis(120);

/// The least time of a call in nanoseconds, of both by turns, so that a slow moment hits both.
fn least(mut typed: impl FnMut(), mut c: impl FnMut()) -> [f64; 2] {
    let turn = |call: &mut dyn FnMut(), calls: u32| {
        let start = Instant::now();
        (0..calls).for_each(|_| call());
        start.elapsed().as_nanos() as f64 / f64::from(calls)
    };
    let calls = (20_000.0 / turn(&mut typed, 100)).clamp(1.0, 1000.0) as u32;
    let (mut least, end) = ([f64::INFINITY; 2], Instant::now() + LONG);
    while Instant::now() < end {
        least[0] = least[0].min(turn(&mut typed, calls));
        least[1] = least[1].min(turn(&mut c, calls));
    }
    least
}

fn say(what: &str, bytes: usize, [typed, c]: [f64; 2]) {
    println!(
        "{what:8} {bytes:>8} B  typed {typed:>10.1} ns  C {c:>10.1} ns  {:>6.3}  {:+.1} ns",
        c / typed,
        c - typed
    );
}

fn measure<const N: usize>(name: &Name, value: &Field<[u8; N]>) {
    let region = CString::new(&**name).unwrap();
    let (mut state, mut field) = (null_mut(), null_mut());
    // SAFETY: text and places of this function.
    assert_eq!(unsafe { shma_open(region.as_ptr(), null(), null(), &mut state) }, 0);
    // SAFETY: a state that was opened, text and a place.
    assert_eq!(unsafe { shma_field_open(state, c"value".as_ptr(), null(), &mut field) }, 0);
    let (mut into, mut other) = (Box::new([0; N]), vec![0_u8; N]);
    let c_read = || {
        // SAFETY: a field that was opened, and memory of its size.
        let code = unsafe { shma_read(field, other.as_mut_ptr().cast(), N, null_mut()) };
        assert_eq!(black_box(code), 0);
    };
    say("read", N, least(|| _ = black_box(value.read_into(&mut into)), c_read));
    let news = vec![1_u8; N];
    let c_write = || {
        // SAFETY: a field that was opened, and memory of its size.
        let code = unsafe { shma_write(field, news.as_ptr().cast(), N, -1, null_mut()) };
        assert_eq!(black_box(code), 0);
    };
    say("write", N, least(|| _ = black_box(value.write(&into)), c_write));
    let c_update = || {
        let (mut new, mut old, mut update) = (null_mut::<c_void>(), null::<c_void>(), null_mut());
        // SAFETY: a field that was opened, and places.
        let code = unsafe { shma_update_begin(field, -1, &mut new, &mut old, &mut update) };
        assert_eq!(code, 0);
        // SAFETY: the first byte of the new value.
        unsafe { new.cast::<u8>().write(3) };
        // SAFETY: an update under way.
        assert_eq!(unsafe { shma_update_commit(update, null_mut()) }, 0);
    };
    say("update", N, least(|| value.update(|new, _| new[0] = black_box(3)), c_update));
    // SAFETY: not used again.
    unsafe { shma_field_close(field) };
    // SAFETY: not used again.
    unsafe { shma_close(state) };
}

fn main() {
    macro_rules! each {
        ($($state:ident),*) => {
            $({
                let name = Name::new("bench");
                let state = $state::create(&name, &$state::zeroed()).unwrap();
                measure(&name, &state.value);
            })*
        };
    }
    each!(B64, K1, K4, K64, M1);
}
