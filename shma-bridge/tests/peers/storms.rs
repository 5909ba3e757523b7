//! What holds whatever happens, in whatever order.

use std::time::Duration;

use crate::support::until;
use crate::world::World;

/// How many orders of events are tried.
const STORMS: u64 = 120;
const EVENTS: usize = 400;

fn some(world: &World, below: usize) -> usize {
    world.network.borrow_mut().random.usize(..below)
}

/// Something happens.
fn event(world: &mut World) {
    let nodes = world.nodes();
    let node = some(world, nodes);
    match some(world, 100) {
        // A program of a region that was made anew counts on only where it finds its count.
        0..15 if !world.is_fresh(node) || !world.is_kept(node) => {
            if !world.is_fresh(node) {
                world.count(node);
            }
        }
        15..20 => world.now += Duration::from_millis(some(world, 700) as u64),
        20..23 => {
            world.kill(node);
            if some(world, 2) == 0 {
                world.start(node);
            }
        }
        23..29 if world.bridges[node].is_none() => world.start(node),
        29..31 => {
            let side = some(world, 2) == 0;
            world.network.borrow_mut().side[node] = side;
        }
        31..33 => {
            let loses = [0, 2, 5][some(world, 3)];
            world.network.borrow_mut().loses = loses;
        }
        // The next epoch of a bridge would lie before earlier ones.
        35..36 => world.network.borrow_mut().clock -= 50,
        // What no other region holds yet would be lost with this one.
        33..35 if world.is_kept(node) && !world.is_fresh(node) => world.remake(node),
        _ => {
            world.step(node).unwrap();
        }
    }
}

/// Whatever happens, in the end all have all, exactly, and then all is quiet.
#[test]
fn no_count_is_lost_torn_or_set_back() {
    let mut messages = 0;
    for storm in 0..STORMS {
        let mut world = World::new(2 + storm as usize % 2, storm);
        println!("storm {storm}");
        // Each program writes once before there are bridges.
        (0..world.nodes()).for_each(|node| world.count(node));
        for _ in 0..EVENTS {
            event(&mut world);
        }
        let nodes = world.nodes();
        {
            let mut network = world.network.borrow_mut();
            network.loses = 0;
            network.side.fill(false);
        }
        for node in 0..nodes {
            if world.bridges[node].is_none() {
                world.start(node);
            }
        }
        until(&format!("all have all, in storm {storm}"), || {
            world.step_all();
            world.has_all()
        });
        is_quiet(&mut world);
        messages += world.network.borrow().sent;
    }
    assert!(messages > 100 * STORMS as usize, "only {messages} messages were sent");
}

/// Nothing is published, and a second has no message except one that repeats for each node and unit.
fn is_quiet(world: &mut World) {
    let nodes = world.nodes();
    let mut last = world.versions();
    until("nothing is published", || {
        for _ in 0..20 {
            world.step_all();
        }
        std::mem::replace(&mut last, world.versions()) == last
    });
    let sent = world.network.borrow().sent;
    for _ in 0..100 {
        world.step_all();
    }
    assert_eq!(world.versions(), last, "a value goes round");
    // In 10 seconds: rows of 7 or so in 24 bytes a message, of each node to each other.
    let sent = world.network.borrow().sent - sent;
    let rounds = sent as f64 / (10.0 * (nodes * (nodes - 1)) as f64);
    assert!(rounds < 15.0, "{rounds} messages in a second from each node to each other");
}
