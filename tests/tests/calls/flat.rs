//! Values as one slice of numbers.

use half::{bf16, f16};
use num_complex::Complex;
use shma_core::bytemuck::{self, Pod};
use shma_core::{Element, Field, ReadOnly, ShmElement, ShmState, Version};
use shma_tests::panics::panic_of;
use shma_tests::region::Name;
use shma_tests::watchdog::watched;

#[derive(Debug, Clone, Copy, PartialEq, ShmElement)]
#[repr(C)]
struct Pixel {
    red: u8,
    green: u8,
    blue: u8,
}

#[derive(Debug, ShmState)]
struct Shapes {
    one: f64,
    wide: u128,
    row: [i16; 7],
    grid: [[f32; 5]; 3],
    cube: [[[u8; 3]; 5]; 7],
    picture: [[Pixel; 11]; 3],
    halves: [[f16; 3]; 3],
    brains: [bf16; 5],
    waves: [[Complex<f32>; 2]; 9],
    #[shm(slots = 2)]
    large: [[f64; 100]; 30],
    #[shm(slots = 8)]
    huge: [[u32; 1024]; 65],
}

/// The numbers of an array in C order, one after the other.
fn check<T: Element>(mine: &Field<T>, seen: &Field<T, ReadOnly>, shape: &[usize])
where
    T::Scalar: Pod,
{
    assert_eq!(T::SHAPE, shape);
    let len = shape.iter().product::<usize>();
    let zero = <T::Scalar as bytemuck::Zeroable>::zeroed();
    // Any bytes are a number, also those of a NaN.
    let numbered = |start: u8| {
        let mut flat = vec![zero; len];
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut flat);
        let next = (start..=u8::MAX).cycle();
        bytes.iter_mut().zip(next).for_each(|(byte, n)| *byte = n);
        flat
    };
    let same = |flat: &[T::Scalar], expected: &[T::Scalar]| {
        assert_eq!(bytemuck::cast_slice::<_, u8>(flat), bytemuck::cast_slice::<_, u8>(expected));
    };
    let mut into = vec![zero; len];
    let mut whole = bytemuck::zeroed_box::<T>();
    let mut agrees = |version: Version, expected: &[T::Scalar]| {
        assert_eq!(version, mine.version());
        for read in [mine.read_flat(&mut into), seen.read_flat(&mut into)] {
            assert_eq!(read, version);
            same(&into, expected);
        }
        assert_eq!(seen.read_into(&mut whole), version);
        let bytes = bytemuck::bytes_of(&*whole);
        assert_eq!(bytes, bytemuck::cast_slice::<_, u8>(expected));
    };

    let first = numbered(1);
    agrees(mine.write_flat(&first), &first);
    let second = numbered(77);
    let result = mine.update_flat(|new, old| {
        same(new, &first);
        same(old, &first);
        new.copy_from_slice(&second);
        "returned"
    });
    assert_eq!(result, "returned");
    agrees(mine.version(), &second);
    let mut at = 0;
    let version = mine.update_with_flat(&first, |new, old| {
        same(&[new, old], &[first[at], second[at]]);
        at += 1;
        if at % 2 == 0 { new } else { old }
    });
    assert_eq!(at, len);
    let mixed: Vec<_> =
        (1..=len).map(|at| if at % 2 == 0 { first[at - 1] } else { second[at - 1] }).collect();
    agrees(version, &mixed);

    // Another length is refused before anything happens, by name and with both lengths.
    let before = mine.version();
    for wrong in [0, len - 1, len + 1, 2 * len].into_iter().filter(|wrong| *wrong != len) {
        let mut buffer = vec![zero; wrong];
        for panic in [
            panic_of(|| seen.read_flat(&mut buffer)),
            panic_of(|| mine.read_flat(&mut buffer)),
            panic_of(|| mine.write_flat(&buffer)),
            panic_of(|| mine.update_with_flat(&buffer, |new, _| new)),
        ] {
            assert!(
                panic.contains(&format!("a buffer of {wrong} for {len} of field `")),
                "{panic}"
            );
        }
    }
    agrees(before, &mixed);
}

#[test]
fn a_value_is_one_slice_in_c_order() {
    watched(|| {
        let name = Name::new("flat");
        let mine = Shapes::create(&name, &Shapes::zeroed()).unwrap();
        let seen = Shapes::open_read_only(&name).unwrap();
        check(&mine.one, &seen.one, &[]);
        check(&mine.wide, &seen.wide, &[]);
        check(&mine.row, &seen.row, &[7]);
        check(&mine.grid, &seen.grid, &[3, 5]);
        check(&mine.cube, &seen.cube, &[7, 5, 3]);
        check(&mine.picture, &seen.picture, &[3, 11]);
        check(&mine.halves, &seen.halves, &[3, 3]);
        check(&mine.brains, &seen.brains, &[5]);
        check(&mine.waves, &seen.waves, &[9, 2]);
        check(&mine.large, &seen.large, &[30, 100]);
        check(&mine.huge, &seen.huge, &[65, 1024]);
        let names: Vec<usize> =
            mine.manifest().fields.iter().map(|it| it.ty.shape().len()).collect();
        assert_eq!(names, [0, 0, 1, 2, 3, 2, 2, 1, 2, 2, 2], "the manifest agrees with the types");
    });
}

/// The index of an element in the slice is what C order makes it.
#[test]
fn an_element_lies_where_c_order_puts_it() {
    watched(|| {
        let name = Name::new("c-order");
        let shapes = Shapes::create(&name, &Shapes::zeroed()).unwrap();
        shapes.cube.update(|new, _| new[6][2][1] = 9);
        let mut flat = [0; 105];
        shapes.cube.read_flat(&mut flat);
        assert_eq!(flat.iter().position(|element| *element == 9), Some((6 * 5 + 2) * 3 + 1));
        shapes.grid.update_flat(|new, _| new[2 * 5 + 4] = 0.5);
        assert_eq!(shapes.grid.read()[2][4], 0.5);
    });
}

type Eight<T> = [[[[[[[[T; 1]; 1]; 1]; 1]; 1]; 1]; 1]; 1];

#[test]
fn a_shape_has_up_to_64_dimensions() {
    type Most = Eight<Eight<Eight<Eight<Eight<Eight<Eight<Eight<u16>>>>>>>>;
    assert_eq!(Most::SHAPE, [1; 64]);
    assert_eq!(<[[[Eight<u8>; 2]; 3]; 4]>::SHAPE, [4, 3, 2, 1, 1, 1, 1, 1, 1, 1, 1]);
    const CONSTANT: &[usize] = <[[f32; 784]; 128] as Element>::SHAPE;
    assert_eq!(CONSTANT, [128, 784]);
    assert!(Pixel::SHAPE.is_empty());
}
