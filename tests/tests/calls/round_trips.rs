//! A value that comes out other than it went in.

use bytemuck::{Pod, bytes_of, bytes_of_mut};
use half::{bf16, f16};
use num_complex::Complex;
use shma_core::{Element, Error, Field, ReadOnly, Shm, ShmElement, ShmState, Version};
use shma_tests::region::Name;
use shma_tests::watchdog::watched;

#[derive(Clone, Copy, ShmElement)]
#[repr(C)]
struct Particle {
    place: [f32; 3],
    mass: f32,
    id: u32,
}

#[derive(Clone, Copy, ShmElement)]
#[repr(C)]
struct Cell {
    particles: [Particle; 2],
    neighbours: [[i16; 2]; 2],
    energy: u128,
}

#[derive(Clone, Copy, ShmElement)]
#[repr(C)]
struct Pixel {
    red: u8,
    green: u8,
    blue: u8,
}

#[derive(Clone, Copy, ShmElement)]
#[repr(C)]
struct Picture {
    pixels: [[Pixel; 50]; 50],
}

#[derive(Clone, Copy, ShmElement)]
#[repr(transparent)]
struct Metres {
    metres: f64,
}

/// Declares a state together with the walk over its fields.
macro_rules! state {
    ($name:ident { $($(#[$attribute:meta])? $field:ident: $type:ty,)* }) => {
        #[derive(ShmState)]
        struct $name {
            $($(#[$attribute])? $field: $type,)*
        }

        impl $name {
            fn round_trips() {
                let name = Name::new(stringify!($name));
                let mine = Self::create(&name, &Self::zeroed()).unwrap();
                let other = Self::open(&name).unwrap();
                let seen = Self::open_read_only(&name).unwrap();
                $(round_trips(stringify!($field), &mine.$field, &other.$field, &seen.$field);)*
            }
        }
    };
}

state!(Numbers {
    u8: u8,
    u16: u16,
    u32: u32,
    u64: u64,
    u128: u128,
    i8: i8,
    i16: i16,
    i32: i32,
    i64: i64,
    i128: i128,
    f32: f32,
    f64: f64,
    f16: f16,
    bf16: bf16,
    c32: Complex<f32>,
    c64: Complex<f64>,
});

state!(Arrays {
    one: [u8; 1],
    odd: [u8; 7],
    nested: [[[u16; 3]; 5]; 2],
    #[shm(slots = 2)]
    signed: [[i128; 2]; 3],
    #[shm(slots = 8)]
    halves: [[f16; 5]; 3],
    complex: [Complex<f32>; 9],
    #[shm(timed)]
    page: [f64; 512],
    a_page_and_a_byte: [u8; 4097],
    triples: [[u8; 3]; 1367],
    wide: [u128; 300],
    largest_by_value: [f32; 16_384],
});

state!(Structs {
    particle: Particle,
    particles: [Particle; 410],
    cell: Cell,
    cells: [[Cell; 3]; 5],
    pixel: Pixel,
    pixels: [Pixel; 4099],
    picture: Picture,
    pictures: [Picture; 2],
    length: Metres,
});

/// Values whose bytes tell places apart: none, all, and as they come.
fn patterns<T: Element>() -> Vec<Box<T>> {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut noise = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed as u8
    };
    let mut patterns: Vec<Box<T>> = (0..5).map(|_| bytemuck::zeroed_box()).collect();
    bytes_of_mut(&mut *patterns[1]).fill(0xff);
    for pattern in &mut patterns[2..] {
        bytes_of_mut(&mut **pattern).fill_with(&mut noise);
    }
    patterns
}

/// A combination of two scalars of any type that loses nothing.
fn xor<S: Pod>(new: S, old: S) -> S {
    let mut result = old;
    bytes_of_mut(&mut result).iter_mut().zip(bytes_of(&new)).for_each(|(a, b)| *a ^= b);
    result
}

/// Every way in, and after each every way out. Bytes are compared, so that NaNs count too.
fn round_trips<T: Element>(
    name: &str,
    mine: &Field<T>,
    other: &Field<T>,
    seen: &Field<T, ReadOnly>,
) {
    let all_see = |value: &T, what: &str| {
        let value = bytes_of(value);
        let mut into = bytemuck::zeroed_box::<T>();
        assert_eq!(bytes_of(&mine.read()), value, "{name}: read after {what}");
        assert_eq!(bytes_of(&seen.read()), value, "{name}: read-only after {what}");
        assert_eq!(bytes_of(&*other.read_boxed()), value, "{name}: read_boxed after {what}");
        let version = other.read_into(&mut into);
        assert_eq!(bytes_of(&*into), value, "{name}: read_into after {what}");
        bytes_of_mut(&mut *into).fill(0x55);
        assert_eq!(seen.try_read(&mut into).unwrap(), version);
        assert_eq!(bytes_of(&*into), value, "{name}: try_read after {what}");
        bytes_of_mut(&mut *into).fill(0x55);
        assert_eq!(other.read_newer(Version::default(), &mut into), Some(version));
        assert_eq!(bytes_of(&*into), value, "{name}: read_newer after {what}");
        assert_eq!(other.read_newer(version, &mut into), None);
        assert_eq!((mine.version(), seen.version()), (version, version));
        u64::from(version)
    };
    let patterns = patterns::<T>();
    let mut last = all_see(&patterns[0], "creation");
    assert_eq!(last, 1);
    for (value, next) in patterns.iter().zip(patterns.iter().cycle().skip(3)) {
        mine.write(value);
        let version = all_see(value, "write");
        other.update(|new, old| {
            assert_eq!(bytes_of(new), bytes_of(&**value), "{name}: what update starts from");
            assert_eq!(bytes_of(old), bytes_of(&**value), "{name}: old in update");
            *new = **next;
        });
        all_see(next, "update");
        mine.update_with(value, xor);
        let mut sum = next.clone();
        combine(&mut *sum, &**value);
        all_see(&sum, "update_with");
        let mut merged = value.clone();
        other.merge(&mut merged, xor);
        assert_eq!(bytes_of(&*merged), bytes_of(&**next), "{name}: what merge leaves");
        let after = all_see(next, "merge");
        assert_eq!((version, after), (last + 1, last + 4), "{name}: publications are counted");
        last = after;
    }
}

fn combine<T: Pod>(value: &mut T, with: &T) {
    bytes_of_mut(value).iter_mut().zip(bytes_of(with)).for_each(|(a, b)| *a ^= b);
}

/// A number that is copied with the wrong width, or whose bits change on the way (a NaN's), would
/// be wrong only now and then.
#[test]
fn numbers_come_back_bit_by_bit() {
    watched(Numbers::round_trips);
}

/// Values end inside words, inside the blocks of element-wise calls, or at a scalar that stands
/// across two words; those ends are where bytes go missing.
#[test]
fn arrays_come_back_whole() {
    watched(Arrays::round_trips);
}

/// A struct is its own scalar, of any size: smaller than a word, or larger than the blocks of
/// element-wise calls.
#[test]
fn structs_come_back_whole() {
    watched(Structs::round_trips);
}

#[derive(ShmState)]
struct Grid<const W: usize, const H: usize> {
    cells: [[f32; W]; H],
    edge: [f64; W],
}

fn fill<const W: usize, const H: usize>(hint: &str) -> (Name, Shm<Grid<W, H>>) {
    let name = Name::new(hint);
    let grid = Grid::<W, H>::create(&name, &Grid::zeroed()).unwrap();
    grid.cells.update(|new, _| {
        new.iter_mut().flatten().enumerate().for_each(|(i, cell)| *cell = i as f32);
    });
    grid.edge.write(&[0.5; W]);
    (name, grid)
}

/// One declaration with const parameters describes many layouts. Each has to get its own places and
/// its own fingerprint, or one program reads the rows of another wrapped wrongly.
#[test]
fn two_sizes_of_one_declaration_are_two_layouts() {
    watched(|| {
        let (name, _grid) = fill::<3, 5>("grid");
        let same = Grid::<3, 5>::open(&name).unwrap();
        assert_eq!(same.cells.read()[4], [12.0, 13.0, 14.0]);
        assert_eq!(same.edge.read(), [0.5; 3]);

        let transposed = Grid::<5, 3>::open(&name);
        let Err(Error::LayoutMismatch { difference, .. }) = transposed else {
            panic!("{transposed:?}");
        };
        let cells = "cells: the region has [[f32; 3]; 5] (60 bytes, 4 slots), \
                     this program [[f32; 5]; 3] (60 bytes, 4 slots)";
        assert!(difference.contains(cells), "{difference}");
        assert_ne!(Grid::<3, 5>::FINGERPRINT, Grid::<5, 3>::FINGERPRINT);

        let (_other, large) = fill::<64, 33>("large-grid");
        assert_eq!(large.cells.read()[32][63], (33 * 64 - 1) as f32);
    });
}

/// The whole-state calls go over the same fields; a field that they skip or swap shows only when
/// all differ.
#[test]
fn whole_state_calls_keep_every_field_in_its_place() {
    watched(|| {
        let name = Name::new("whole");
        let mut init = Grid::<4, 2>::zeroed();
        init.cells = [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]];
        init.edge = [9.0, 10.0, 11.0, 12.0];
        let grid = Grid::create(&name, &init).unwrap();
        let seen = Grid::<4, 2>::open_read_only(&name).unwrap();
        let boxed = seen.read_boxed();
        assert_eq!((boxed.cells, boxed.edge), (init.cells, init.edge));
        let mut into = Grid::<4, 2>::zeroed();
        grid.read_into(&mut into);
        assert_eq!((into.cells, into.edge), (init.cells, init.edge));
    });
}
