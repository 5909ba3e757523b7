//! Regions that are new, or made anew.

use shma_core::untyped;

use crate::modes::{settings, words};
use crate::support::{Names, Team, change, create, declare, read, settled, states, until, write};

const FIELDS: [(&str, &str); 3] = [("step", "u64"), ("halo", "[u64; 3]"), ("w", "[f64; 2]")];

fn rules() -> shma_bridge::rules::Words {
    words(&["step@0"], &["halo"], &["w"], &[])
}

/// A node that starts later takes what there is, its own rows and the owner's value included.
#[test]
fn a_new_region_adopts_before_it_sends() {
    // The new one is once the owner and the first, once neither.
    for new in [0, 2] {
        let names = Names::new(3);
        let states = states(&names, 3, &FIELDS);
        for state in
            states.iter().enumerate().filter(|(node, _)| *node != new).map(|(_, state)| state)
        {
            write(state, "step", &[70_u64]);
            write(state, "halo", &[1_u64, 2, 3]);
            write(state, "w", &[5.0_f64, 6.0]);
        }
        let team = Team::start(3, settings(&names, rules()));
        let right = |node: usize| {
            read::<u64>(&states[node], "step") == [70]
                && read::<u64>(&states[node], "halo") == [1, 2, 3]
                && read::<f64>(&states[node], "w") == [5.0, 6.0]
        };
        until("the new one has all", || right(new));
        team.stop(1);
        assert!((0..3).all(right), "what the others had has changed");
    }
}

/// The values come without a new write, at each node, and what is written then goes on.
#[test]
fn a_region_made_anew_is_attached_again() {
    let names = Names::new(3);
    let mut states = states(&names, 3, &FIELDS);
    let team = Team::start(3, settings(&names, rules()));
    settled(&states);
    write(&states[0], "step", &[70_u64]);
    for node in 0..3 {
        change::<u64>(&states[node], "halo", |halo| halo[node] = 10 + node as u64);
    }
    write(&states[2], "w", &[3.0_f64, 6.0]);
    let right = |state: &untyped::State| {
        read::<u64>(state, "step") == [70]
            && read::<u64>(state, "halo") == [10, 11, 12]
            && read::<f64>(state, "w") == [1.0, 2.0]
    };
    until("all have all", || states.iter().all(right));
    for node in 0..3 {
        untyped::options().unlink(&names.of(node)).unwrap();
        states[node] = create(&names.of(node), &declare(&FIELDS));
        until("it has all again", || right(&states[node]));
        assert!(states.iter().all(right), "the others lost something");
    }
    write(&states[0], "step", &[71_u64]);
    change::<u64>(&states[1], "halo", |halo| halo[1] += 1);
    until("it goes on", || {
        states.iter().all(|state| {
            read::<u64>(state, "step") == [71] && read::<u64>(state, "halo") == [10, 12, 12]
        })
    });
    team.stop(0);
}

/// While a node has no region the others go on, also without the owner.
#[test]
fn a_node_without_a_region_delays_no_other() {
    let names = Names::new(3);
    let mut states = states(&names, 3, &[("halo", "[u64; 3]")]);
    let team = Team::start(3, settings(&names, words(&[], &["halo"], &[], &[])));
    settled(&states);
    change::<u64>(&states[0], "halo", |halo| halo[0] = 4);
    until("it arrives", || states.iter().all(|state| read::<u64>(state, "halo") == [4, 0, 0]));
    untyped::options().unlink(&names.of(0)).unwrap();
    for count in 1..20 {
        change::<u64>(&states[1], "halo", |halo| halo[1] = count);
        until("it arrives", || read::<u64>(&states[2], "halo") == [4, count, 0]);
    }
    states[0] = create(&names.of(0), &declare(&[("halo", "[u64; 3]")]));
    until("it is back", || read::<u64>(&states[0], "halo") == [4, 19, 0]);
    team.stop(0);
}

/// A group is new only if all of it is. Its fields may be equal already: then it settles all the same.
#[test]
fn a_group_adopts_as_one() {
    let names = Names::new(2);
    let fields = [("a", "u64"), ("b", "u64")];
    let mut states = states(&names, 2, &fields);
    let team = Team::start(2, settings(&names, words(&["a@0", "b@0"], &[], &[], &["a,b"])));
    let settles = |states: &[untyped::State]| {
        let new = |state: &untyped::State| {
            state.fields().iter().all(|field| u64::from(field.version()) == 1)
        };
        until("all take part", || !states.iter().any(new));
    };
    settles(&states);
    write(&states[0], "b", &[8_u64]);
    until("it arrives", || read::<u64>(&states[1], "b") == [8]);
    untyped::options().unlink(&names.of(0)).unwrap();
    states[0] = create(&names.of(0), &declare(&fields));
    until("the owner has it again", || read::<u64>(&states[0], "b") == [8]);
    write(&states[0], "a", &[9_u64]);
    until("it goes on", || read::<u64>(&states[1], "a") == [9]);
    assert_eq!(read::<u64>(&states[1], "b"), [8]);
    team.stop(1);
}
