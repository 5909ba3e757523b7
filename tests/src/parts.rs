//! A state of arrays of all element sizes and numbers of slots, and random changes of it that a
//! plain array follows.

use std::ops::Bound;

use shma_core::{Access, Element, Field, Shm, ShmElement, ShmState};

use crate::rng::Rng;

/// Where a writer notes the number of the change that it is about to make.
pub const BEGUN: usize = 0;

/// Where it notes the number of the change that it has made.
pub const ENDED: usize = 1;

/// An element of 24 bytes.
#[derive(Debug, Clone, Copy, ShmElement)]
#[repr(C)]
pub struct Particle {
    pub at: [f64; 2],
    pub id: u64,
}

/// An element of 70 bytes, an array itself.
pub type Rows = [[u16; 5]; 7];

/// Arrays whose elements end on any byte of a word. The number in a name is that of the slots.
#[derive(Debug, ShmState)]
pub struct Parts {
    #[shm(slots = 2)]
    pub bytes2: [u8; 30_001],
    pub bytes4: [u8; 30_001],
    #[shm(slots = 8)]
    pub bytes8: [u8; 30_001],
    #[shm(slots = 2)]
    pub triples2: [[u8; 3]; 10_007],
    pub triples4: [[u8; 3]; 10_007],
    #[shm(slots = 8)]
    pub triples8: [[u8; 3]; 10_007],
    #[shm(slots = 2)]
    pub points2: [[f32; 3]; 2_503],
    pub points4: [[f32; 3]; 2_503],
    #[shm(slots = 8)]
    pub points8: [[f32; 3]; 2_503],
    #[shm(slots = 2)]
    pub particles2: [Particle; 1_251],
    pub particles4: [Particle; 1_251],
    #[shm(slots = 8)]
    pub particles8: [Particle; 1_251],
    #[shm(slots = 2)]
    pub rows2: [Rows; 431],
    pub rows4: [Rows; 431],
    #[shm(slots = 8)]
    pub rows8: [Rows; 431],
}

/// Calls a function on the field that comes up, in the state in shared memory and in its model.
macro_rules! on_any_field {
    ($rng:ident, $shared:ident, $model:ident, $call:expr, $($field:ident)*) => {{
        const FIELDS: &[&str] = &[$(stringify!($field)),*];
        let field = $rng.pick(FIELDS);
        $(if field == stringify!($field) {
            $call($shared.map(|shared| &shared.$field), &mut $model.$field, $rng);
        })*
    }};
}

macro_rules! on_any {
    ($rng:ident, $shared:ident, $model:ident, $call:expr) => {
        on_any_field!(
            $rng, $shared, $model, $call,
            bytes2 bytes4 bytes8 triples2 triples4 triples8 points2 points4 points8
            particles2 particles4 particles8 rows2 rows4 rows8
        )
    };
}

/// One random change, the same for the same rng: of the model, and of what is shared if that is
/// given. On the way it compares what the closures get with the model.
pub fn change(shared: Option<&Shm<Parts>>, model: &mut Parts, mut rng: Rng) {
    let rng = &mut rng;
    on_any!(rng, shared, model, change_field);
}

/// Some random reads; each gives what the model has.
pub fn look<A: Access>(shared: &Shm<Parts, A>, model: &mut Parts, mut rng: Rng) {
    let rng = &mut rng;
    let shared = Some(shared);
    on_any!(rng, shared, model, look_at_field);
}

/// Where the two differ first: the field, and the byte.
pub fn difference(a: &Parts, b: &Parts) -> Option<String> {
    let mut at = 0;
    Parts::MANIFEST.fields.iter().find_map(|field| {
        let (a, b) = (&bytes_of(a)[at..][..field.size], &bytes_of(b)[at..][..field.size]);
        at += field.size;
        let byte = (0..field.size).find(|byte| a[*byte] != b[*byte])?;
        Some(format!("`{}` differs at byte {byte}: {} and {}", field.name, a[byte], b[byte]))
    })
}

/// All fields, one behind the other.
fn bytes_of(parts: &Parts) -> Vec<u8> {
    let Parts {
        bytes2,
        bytes4,
        bytes8,
        triples2,
        triples4,
        triples8,
        points2,
        points4,
        points8,
        particles2,
        particles4,
        particles8,
        rows2,
        rows4,
        rows8,
    } = parts;
    let bytes = [&bytes2[..], bytes4, bytes8].concat();
    let triples = [&triples2[..], triples4, triples8].concat();
    let points = [&points2[..], points4, points8].concat();
    let particles = [&particles2[..], particles4, particles8].concat();
    let rows = [&rows2[..], rows4, rows8].concat();
    let (points, particles) = (bytemuck::cast_slice(&points), bytemuck::cast_slice(&particles));
    [&bytes, triples.as_flattened(), points, particles, bytemuck::cast_slice(&rows)].concat()
}

type Range = (Bound<usize>, Bound<usize>);

/// A range of `0..len`, in any of the ways to say it. Most are short, some empty, some all.
fn range(rng: &mut Rng, len: usize) -> (Range, std::ops::Range<usize>) {
    let longest = rng.pick(&[1, 8, 40, len, len]).min(len);
    let (start, end) = match rng.below(20) {
        0 => (0, len),
        1 => {
            let at = rng.below(len + 1);
            (at, at)
        }
        _ => {
            let start = rng.below(len);
            (start, start + 1 + rng.below(longest.min(len - start)))
        }
    };
    let first = match rng.below(3) {
        0 if start == 0 => Bound::Unbounded,
        1 if start > 0 => Bound::Excluded(start - 1),
        _ => Bound::Included(start),
    };
    let last = match rng.below(3) {
        0 if end == len => Bound::Unbounded,
        1 if end > 0 => Bound::Included(end - 1),
        _ => Bound::Excluded(end),
    };
    ((first, last), start..end)
}

fn values<E: Element>(rng: &mut Rng, len: usize) -> Vec<E> {
    let mut values = vec![E::zeroed(); len];
    for bytes in bytemuck::cast_slice_mut::<E, u8>(&mut values).chunks_mut(8) {
        bytes.copy_from_slice(&rng.next_u64().to_ne_bytes()[..bytes.len()]);
    }
    values
}

/// By their bytes: any bits are a float, and a NaN has to come through as it is.
#[track_caller]
fn same<E: Element>(a: &[E], b: &[E], what: &str) {
    let (a, b): (&[u8], &[u8]) = (bytemuck::cast_slice(a), bytemuck::cast_slice(b));
    assert!(a == b, "{what} gives something else than the model has");
}

fn change_field<E: Element, const N: usize>(
    shared: Option<&Field<[E; N]>>,
    model: &mut [E; N],
    rng: &mut Rng,
) {
    let way = rng.below(16);
    let (range, place) = match way {
        0..3 => ((Bound::Unbounded, Bound::Unbounded), 0..N),
        3..6 => {
            let at = rng.below(N);
            ((Bound::Included(at), Bound::Included(at)), at..at + 1)
        }
        _ => range(rng, N),
    };
    let new = values(rng, place.len());
    if let Some(field) = shared {
        let whole = || <&[E; N]>::try_from(&new[..]).unwrap();
        match way {
            0 => _ = field.write(whole()),
            1 => field.update(|into, old| {
                same(old, model, "update");
                same(into, model, "update");
                into.copy_from_slice(&new);
            }),
            2 => _ = field.update_with(whole(), |new, _| new),
            3..6 => _ = field.set(place.start, new[0]),
            _ => field.update_range(range, |into, old| {
                same(old, &model[place.clone()], "update_range");
                same(into, old, "update_range");
                into.copy_from_slice(&new);
            }),
        }
    }
    model[place].copy_from_slice(&new);
}

fn look_at_field<E: Element, A: Access, const N: usize>(
    shared: Option<&Field<[E; N], A>>,
    model: &mut [E; N],
    rng: &mut Rng,
) {
    let field = shared.expect("there is something to look at");
    let at = rng.below(N);
    same(&[field.get(at)], &[model[at]], "get");
    for _ in 0..4 {
        let (range, place) = range(rng, N);
        let mut part = values(rng, place.len());
        let version = field.read_range(range, &mut part);
        assert_eq!(version, field.version());
        same(&part, &model[place], "read_range");
    }
    same(&*field.read_boxed(), model, "read_boxed");
}
