//! The Rust program that the Python tests share states with: `peer COMMAND NAME [COUNT]`.

use std::io::Read;

use half::{bf16, f16};
use num_complex::Complex;
use shma_core::{ShmElement, ShmState};

/// A struct with an array in it.
#[derive(Debug, Clone, Copy, PartialEq, ShmElement)]
#[repr(C)]
struct Point {
    x: f32,
    at: [f32; 3],
}

/// A field of each type.
#[derive(ShmState)]
struct Kinds {
    a: u8,
    b: [u16; 3],
    c: [[u32; 2]; 2],
    d: u64,
    e: i8,
    f: [i16; 3],
    g: i32,
    h: [i64; 2],
    i: f32,
    j: [f64; 2],
    k: [f16; 2],
    l: [bf16; 2],
    m: Complex<f32>,
    n: [Complex<f64>; 2],
    o: [u128; 2],
    p: i128,
    q: [Point; 2],
    #[shm(atomic)]
    r: [u64; 4],
    #[shm(slots = 8, timed)]
    s: f64,
    #[shm(name = "layers.0.weight")]
    t: [[f32; 3]; 2],
}

/// What several programs add to.
#[derive(ShmState)]
struct Sum {
    count: u64,
    row: [f64; 64],
    #[shm(atomic)]
    hits: [u64; 2],
}

fn kinds() -> Box<Kinds> {
    let mut it = Kinds::zeroed();
    it.a = 1;
    it.b = [1, 2, 65535];
    it.c = [[1, 2], [3, u32::MAX]];
    it.d = u64::MAX;
    it.e = -1;
    it.f = [-1, 2, i16::MIN];
    it.g = i32::MIN;
    it.h = [i64::MIN, i64::MAX];
    it.i = 0.5;
    it.j = [-0.0, 1e300];
    it.k = [f16::from_f32(1.5), f16::from_f32(-2.0)];
    it.l = [bf16::from_f32(1.5), bf16::from_f32(-2.0)];
    it.m = Complex::new(1.0, -1.0);
    it.n = [Complex::new(1.0, 2.0), Complex::new(3.0, 4.0)];
    it.o = [1, u128::MAX];
    it.p = -2;
    it.q = [Point { x: 1.0, at: [2.0, 3.0, 4.0] }, Point { x: 5.0, at: [6.0, 7.0, 8.0] }];
    it.r = [1, 2, 3, 4];
    it.s = 7.0;
    it.t = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    it
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [command, name, rest @ ..] = &arguments[..] else {
        return Err("peer COMMAND NAME [COUNT]".into());
    };
    let count: u64 = rest.first().map_or(Ok(0), |count| count.parse())?;
    match &**command {
        // Holds the region until its input ends.
        "create" => {
            let _state = Kinds::create(name, &kinds())?;
            println!("{}", Kinds::FINGERPRINT);
            std::io::stdin().read_to_end(&mut Vec::new())?;
        }
        // Whether the region holds the very bytes.
        "check" => {
            let state = Kinds::open(name)?;
            let (found, expected) = (state.read_boxed(), kinds());
            let (found, expected) = (&*found, &*expected);
            assert_eq!(
                (found.a, found.b, found.c, found.d),
                (expected.a, expected.b, expected.c, expected.d)
            );
            assert_eq!(
                (found.e, found.f, found.g, found.h),
                (expected.e, expected.f, expected.g, expected.h)
            );
            assert_eq!(found.i.to_bits(), expected.i.to_bits());
            assert_eq!(found.j.map(f64::to_bits), expected.j.map(f64::to_bits));
            assert_eq!((found.k, found.l), (expected.k, expected.l));
            assert_eq!((found.m, found.n), (expected.m, expected.n));
            assert_eq!((found.o, found.p, found.q), (expected.o, expected.p, expected.q));
            assert_eq!((found.r, found.s, found.t), (expected.r, expected.s, expected.t));
            println!("{}", Kinds::FINGERPRINT);
        }
        "add" => {
            let state = Sum::open(name)?;
            for _ in 0..count {
                state.count.update(|new, old| *new = old + 1);
                state.row.update_with(&[1.0; 64], |new, old| old + new);
                state.hits.fetch_add(1, 1);
            }
        }
        other => return Err(format!("no command {other}").into()),
    }
    Ok(())
}
