//! Calls of the C library beside those of typed handles: medians of many short turns, by turns.
//!
//! `cargo bench -p shma-capi`. The aim is 1.1 from 4 KiB on, and 30 ns more below, of the shared library
//! that C programs load as well as of the static one. All of them copy to and from the same memory.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::hint::black_box;
use std::ptr::{null, null_mut};
use std::time::{Duration, Instant};

use shma::{shma_field, shma_state, shma_update};
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

/// How long each call is measured.
const LONG: Duration = Duration::from_millis(600);

/// Where the calls come from.
macro_rules! library {
    ($($name:ident: fn($($argument:ty),*) $(-> $result:ty)?,)*) => {
        /// The calls that are measured.
        struct Library {
            $($name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
        }

        impl Library {
            /// As a program links them that has the static library.
            fn linked() -> Self {
                Self { $($name: shma::$name,)* }
            }

            /// As a program finds them that has the shared library.
            fn loaded() -> Option<Self> {
                let folder = std::env::current_exe().ok()?;
                let file = CString::new(folder.with_file_name("libshma.so").to_str()?).ok()?;
                // SAFETY: text; the library's constructors may run at any time.
                let library = unsafe { libc::dlopen(file.as_ptr(), libc::RTLD_NOW) };
                let find = |name: &CStr| {
                    // SAFETY: a library, or NULL, which has none of the calls; and text.
                    let call = unsafe { libc::dlsym(library, name.as_ptr()) };
                    (!library.is_null() && !call.is_null()).then_some(call)
                };
                Some(Self {
                    $($name: {
                        let name = concat!(stringify!($name), "\0");
                        let call = find(CStr::from_bytes_with_nul(name.as_bytes()).ok()?)?;
                        // SAFETY: of the same source as the function of this name and type.
                        unsafe { std::mem::transmute::<*mut c_void, unsafe extern "C" fn($($argument),*) $(-> $result)?>(call) }
                    },)*
                })
            }
        }
    };
}
library! {
    shma_open: fn(*const c_char, *const shma::shma_declaration, *const shma::shma_options, *mut *mut shma_state) -> c_int,
    shma_field_open: fn(*mut shma_state, *const c_char, *const c_char, *mut *mut shma_field) -> c_int,
    shma_field_close: fn(*mut shma_field),
    shma_close: fn(*mut shma_state),
    shma_read: fn(*const shma_field, *mut c_void, usize, *mut u64) -> c_int,
    shma_write: fn(*mut shma_field, *const c_void, usize, i64, *mut u64) -> c_int,
    shma_update_begin: fn(*mut shma_field, i64, *mut *mut c_void, *mut *const c_void, *mut *mut shma_update) -> c_int,
    shma_update_commit: fn(*mut shma_update, *mut u64) -> c_int,
}

/// A field as C has it.
struct Opened<'l> {
    library: &'l Library,
    state: *mut shma_state,
    field: *mut shma_field,
}

impl<'l> Opened<'l> {
    fn new(library: &'l Library, region: &CStr) -> Self {
        let (mut state, mut field) = (null_mut(), null_mut());
        // SAFETY: text and a place.
        let opened = unsafe { (library.shma_open)(region.as_ptr(), null(), null(), &mut state) };
        assert_eq!(opened, 0);
        let name = c"value".as_ptr();
        // SAFETY: a state that was opened, text and a place.
        assert_eq!(unsafe { (library.shma_field_open)(state, name, null(), &mut field) }, 0);
        Self { library, state, field }
    }

    #[inline]
    fn read(&self, into: &mut [u8]) {
        let (at, len) = (into.as_mut_ptr().cast(), into.len());
        // SAFETY: a field that was opened, and memory.
        let code = unsafe { (self.library.shma_read)(self.field, at, len, null_mut()) };
        assert_eq!(black_box(code), 0);
    }

    #[inline]
    fn write(&self, value: &[u8]) {
        let (at, len) = (value.as_ptr().cast(), value.len());
        // SAFETY: a field that was opened, and memory.
        let code = unsafe { (self.library.shma_write)(self.field, at, len, -1, null_mut()) };
        assert_eq!(black_box(code), 0);
    }

    #[inline]
    fn update(&self) {
        let (mut new, mut old, mut update) = (null_mut::<c_void>(), null::<c_void>(), null_mut());
        let begin = self.library.shma_update_begin;
        // SAFETY: a field that was opened, and places.
        assert_eq!(unsafe { begin(self.field, -1, &mut new, &mut old, &mut update) }, 0);
        // SAFETY: the first byte of the new value.
        unsafe { new.cast::<u8>().write(black_box(3)) };
        // SAFETY: an update under way.
        assert_eq!(unsafe { (self.library.shma_update_commit)(update, null_mut()) }, 0);
    }
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        // SAFETY: not used again.
        unsafe { (self.library.shma_field_close)(self.field) };
        // SAFETY: not used again.
        unsafe { (self.library.shma_close)(self.state) };
    }
}

/// Nanoseconds of a call, the median of each, by turns, so that a slow moment hits all. Number 0 is the
/// typed one.
fn medians(ways: usize, mut call: impl FnMut(usize)) -> Vec<f64> {
    let mut turn = |way: usize, calls: u32| {
        let start = Instant::now();
        (0..calls).for_each(|_| call(way));
        start.elapsed().as_nanos() as f64 / f64::from(calls)
    };
    let calls = (20_000.0 / turn(0, 100)).clamp(1.0, 1000.0) as u32;
    let (mut times, end) = (vec![Vec::new(); ways], Instant::now() + LONG);
    while Instant::now() < end || times[0].len() < 25 {
        for (way, times) in times.iter_mut().enumerate() {
            times.push(turn(way, calls));
        }
    }
    let median = |mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    times.into_iter().map(median).collect()
}

fn say(what: &str, bytes: usize, medians: &[f64]) {
    let [typed, c @ ..] = medians else { return };
    print!("{what:6} {bytes:>8} B  typed {typed:>9.1} ns");
    for (name, c) in ["static", "shared"].iter().zip(c) {
        print!("  {name} {c:>9.1} ns {:>6.3} {:>+7.1} ns", c / typed, c - typed);
    }
    println!();
}

fn measure<const N: usize>(libraries: &[Library], name: &Name, value: &Field<[u8; N]>) {
    let region = CString::new(&**name).unwrap();
    let opened: Vec<_> = libraries.iter().map(|it| Opened::new(it, &region)).collect();
    let (mut memory, ways) = (Box::new([1; N]), 1 + opened.len());
    let read = medians(ways, |way| match way {
        0 => _ = black_box(value.read_into(&mut memory)),
        _ => opened[way - 1].read(&mut memory[..]),
    });
    say("read", N, &read);
    let write = medians(ways, |way| match way {
        0 => _ = black_box(value.write(&memory)),
        _ => opened[way - 1].write(&memory[..]),
    });
    say("write", N, &write);
    let update = medians(ways, |way| match way {
        0 => value.update(|new, _| new[0] = black_box(3)),
        _ => opened[way - 1].update(),
    });
    say("update", N, &update);
}

fn main() {
    let mut libraries = vec![Library::linked()];
    match Library::loaded() {
        Some(loaded) => libraries.push(loaded),
        None => println!("there is no libshma.so beside this program"),
    }
    macro_rules! each {
        ($($state:ident),*) => {
            $({
                let name = Name::new("bench");
                let state = $state::create(&name, &$state::zeroed()).unwrap();
                measure(&libraries, &name, &state.value);
            })*
        };
    }
    each!(B64, K1, K4, K64, M1);
}
