//! What processes without the struct do in a storm.

use shma_core::untyped::{Field, State, Wait};

use crate::kill::shared::Shared;
use crate::kill::target::{
    FIELDS, LARGE_FIELD, LEFT_FIELD, LENGTHS, NARROW_FIELD, RIGHT_FIELD, SMALL_FIELD, any_range,
    check, check_pair, put, put_part, stamp, version_of,
};
use shma_tests::rng::Rng;

const WORD: usize = 8;

fn words(bytes: &[u8]) -> Vec<u64> {
    bytes.chunks_exact(WORD).map(bytemuck::pod_read_unaligned).collect()
}

/// One call that writes.
pub(super) fn write(state: &State, shared: Shared, rng: &mut Rng) {
    match rng.below(7) {
        0 | 1 => change(state, SMALL_FIELD, shared, rng),
        2 | 3 => change(state, NARROW_FIELD, shared, rng),
        4 => change(state, LARGE_FIELD, shared, rng),
        _ => transact(state, shared, rng),
    }
}

/// Changes a range of a field of stamps, in one of the ways of doing so.
fn change(state: &State, number: usize, shared: Shared, rng: &mut Rng) {
    let (field, place, len) = (&state.fields()[number], FIELDS[number], LENGTHS[number]);
    let mut range = any_range(len, rng);
    let floors = shared.floors(number, 0..len);
    let bytes = WORD * range.start..WORD * range.end;
    let version = match rng.below(5) {
        0 => {
            let held = field.hold(Wait::Forever).unwrap();
            let mut value = vec![0; field.size()];
            let version = u64::from(held.load(&mut value).unwrap());
            let mut elements = words(&value);
            check(place, 0, &elements, version, &floors);
            put(&mut elements, range.clone(), version + 1);
            u64::from(held.publish(bytemuck::cast_slice(&elements)).unwrap())
        }
        1 => {
            let held = field.hold(Wait::Forever).unwrap();
            let mut part = vec![0; bytes.len()];
            let version = u64::from(held.load_part(bytes.start, &mut part).unwrap());
            let mut elements = words(&part);
            check(place, range.start, &elements, version, &floors[range.clone()]);
            put_part(&mut elements, range.start, version + 1);
            u64::from(held.publish_part(bytes.start, bytemuck::cast_slice(&elements)).unwrap())
        }
        2 => {
            let published = field.update_part(bytes, Wait::Forever, |new, old| {
                // No other process publishes meanwhile.
                let version = u64::from(field.version());
                let mut elements = words(old);
                check(place, range.start, &elements, version, &floors[range.clone()]);
                put_part(&mut elements, range.start, version + 1);
                new.copy_from_slice(bytemuck::cast_slice(&elements));
            });
            u64::from(published.unwrap())
        }
        3 => {
            // Nothing of this may ever be seen, nor counted.
            let none = field.update_if(bytes, Wait::Forever, |new, _| {
                new.fill(0xff);
                false
            });
            assert!(none.unwrap().is_none());
            return;
        }
        _ => {
            range = 0..len;
            let published = field.update_blocks::<u64>(Wait::Forever, |places, block| {
                let version = u64::from(field.version());
                check(place, places.start, block, version, &floors[places.clone()]);
                for (at, element) in places.zip(block) {
                    *element = stamp(version + 1, at);
                }
            });
            u64::from(published.unwrap())
        }
    };
    shared.acknowledge(number);
    shared.raise(number, range, version);
}

/// Changes the pair, and sometimes a part of a field of stamps, as one.
fn transact(state: &State, shared: Shared, rng: &mut Rng) {
    let [narrow, left, right] =
        [NARROW_FIELD, LEFT_FIELD, RIGHT_FIELD].map(|field| &state.fields()[field]);
    let also = rng.one_in(2).then(|| any_range(LENGTHS[NARROW_FIELD], rng));
    let transaction = state.begin(Wait::Forever).unwrap();
    let load = |field: &Field| {
        let mut value = vec![0; field.size()];
        let version = transaction.load(field, &mut value).unwrap();
        (words(&value), u64::from(version))
    };
    let ((one, _), (many, _)) = (load(left), load(right));
    check_pair(one[0], &many);
    let next = one[0] + 1;
    let many = vec![next; many.len()];
    let mut news: Vec<(&Field, Vec<u64>)> = vec![(left, vec![next]), (right, many)];
    let mut version = 0;
    if let Some(range) = also.clone() {
        let (mut elements, before) = load(narrow);
        version = before + 1;
        put(&mut elements, range, version);
        news.insert(0, (narrow, elements));
    }
    let news: Vec<_> =
        news.iter().map(|(field, words)| (*field, bytemuck::cast_slice(words))).collect();
    transaction.commit(&news).unwrap();
    shared.acknowledge(LEFT_FIELD);
    shared.acknowledge(RIGHT_FIELD);
    if let Some(range) = also {
        shared.acknowledge(NARROW_FIELD);
        shared.raise(NARROW_FIELD, range, version);
    }
}

/// One call that reads.
pub(super) fn look(state: &State, shared: Shared, rng: &mut Rng) {
    if rng.one_in(4) {
        return look_at_all(state, shared);
    }
    let number = rng.below(LENGTHS.len());
    let (field, len) = (&state.fields()[number], LENGTHS[number]);
    let range = if rng.one_in(2) { 0..len } else { any_range(len, rng) };
    let floors = shared.floors(number, range.clone());
    let mut bytes = vec![0; WORD * range.len()];
    let version = field.read_part(WORD * range.start, &mut bytes).unwrap();
    check(FIELDS[number], range.start, &words(&bytes), version.into(), &floors);
}

/// Reads all fields as of one instant, with their versions.
fn look_at_all(state: &State, shared: Shared) {
    let floors = [0, 1, 2].map(|field| shared.floors(field, 0..LENGTHS[field]));
    let mut values: Vec<Vec<u8>> =
        state.fields().iter().map(|field| vec![0; field.size()]).collect();
    let mut fields: Vec<(&Field, &mut [u8])> =
        state.fields().iter().zip(values.iter_mut().map(Vec::as_mut_slice)).collect();
    let versions = state.snapshot(&mut fields).unwrap();
    check_pair(words(&values[LEFT_FIELD])[0], &words(&values[RIGHT_FIELD]));
    for (number, floors) in floors.iter().enumerate() {
        let elements = words(&values[number]);
        let newest = elements.iter().map(|element| version_of(*element)).max();
        assert!(newest <= Some(u64::from(versions[number])));
        check(FIELDS[number], 0, &elements, versions[number].into(), floors);
    }
}
