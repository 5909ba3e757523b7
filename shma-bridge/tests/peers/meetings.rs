//! Peers that were told different things, or the same number.

use std::rc::Rc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::channel;
use std::time::Duration;

use shma_bridge::peers::Peers;
use shma_bridge::{Error, Settings};

use crate::network::End;
use crate::support::{read, until, write};
use crate::world::World;

impl World {
    /// A bridge that was told something else.
    fn other(&mut self, node: usize, change: impl FnOnce(&mut Settings)) -> Result<(), Error> {
        let mut settings = self.settings();
        change(&mut settings);
        let end = End { node, network: Rc::clone(&self.network) };
        self.bridges[node] = Peers::attach(end, settings, &AtomicBool::new(false))?;
        self.network.borrow_mut().there[node] = true;
        Ok(())
    }

    fn try_all(&mut self) -> Vec<Result<bool, Error>> {
        self.now += Duration::from_millis(100);
        (0..self.nodes()).map(|node| self.step(node)).collect()
    }
}

#[test]
fn a_mean_is_refused_with_the_reason() {
    let mut world = World::new(2, 0);
    let refused = world.other(0, |settings| settings.rules.mean = vec!["halo".into()]);
    // Two rules are refused first.
    assert!(refused.unwrap_err().to_string().contains("two rules"));
    let refused = world.other(0, |settings| {
        settings.rules.gather.clear();
        settings.rules.mean = vec!["halo".into()];
    });
    let said = refused.unwrap_err().to_string();
    for part in ["`halo`", "a mean needs the numbers of all nodes", "over MPI", "gather"] {
        assert!(said.contains(part), "no {part:?} in {said:?}");
    }
}

/// Of two nodes that differ and meet no third one, both end with what differs.
#[test]
fn both_of_two_that_differ_end() {
    let mut world = World::new(2, 0);
    world.start(0);
    world.other(1, |settings| settings.rules.together.clear()).unwrap();
    let mut said = [None, None];
    until("both say it", || {
        for (node, stepped) in world.try_all().into_iter().enumerate() {
            if let Err(error) = stepped {
                said[node].get_or_insert(error.to_string());
            }
        }
        said.iter().all(Option::is_some)
    });
    for said in said.into_iter().flatten() {
        assert!(said.contains("differ in the rules"), "{said}");
        assert!(said.contains("`a` published by node 1 together with `b`"), "{said}");
    }
}

/// Those that agree go on, and say once whom they ignore. The one that differs ends.
#[test]
fn one_that_differs_does_not_end_those_that_agree() {
    let mut world = World::new(3, 0);
    let (tell, reports) = channel();
    for node in 0..2 {
        world.start(node);
        let tell = tell.clone();
        let bridge = world.bridges[node].as_mut().unwrap();
        bridge.on_report(move |text| drop(tell.send(text.to_owned())));
    }
    (0..2).for_each(|node| world.count(node));
    until("they agree", || {
        world.step_all();
        read::<u64>(&world.states[1], "step") == [1] && read::<u64>(&world.states[0], "a") == [1]
    });
    world.other(2, |settings| drop(settings.rules.publish.remove(0))).unwrap();
    let mut said = None;
    until("the third ends", || {
        let mut stepped = world.try_all();
        said = stepped.remove(2).err();
        assert!(stepped.iter().all(Result::is_ok), "{stepped:?}");
        said.is_some()
    });
    let said = said.unwrap().to_string();
    assert!(said.contains("the rules") && said.contains("`step` published by node 0"), "{said}");
    world.bridges[2] = None;
    world.step_all();
    world.kill(2);
    for step in 2..30_u64 {
        write(&world.states[0], "step", &[step]);
        until("they go on", || {
            world.step_all();
            read::<u64>(&world.states[1], "step") == [step]
        });
    }
    let reports: Vec<String> = reports.try_iter().collect();
    assert!(
        reports.iter().all(|text| text.ends_with("what node 2 sends is ignored")),
        "{reports:?}"
    );
    assert!((1..3).contains(&reports.len()), "each says it once: {reports:?}");
}

/// Of two bridges of one node the one that was started later ends, and the other goes on.
#[test]
fn the_later_of_two_with_one_number_ends() {
    let mut world = World::new(2, 0);
    world.network.borrow_mut().echoes = true;
    world.start(0);
    world.start(1);
    let end = End { node: 1, network: Rc::clone(&world.network) };
    let twin = Peers::attach(end, world.settings(), &AtomicBool::new(false)).unwrap();
    let mut first = std::mem::replace(&mut world.bridges[1], twin);
    let mut said = None;
    until("the later one ends", || {
        world.now += Duration::from_secs(1);
        first.as_mut().unwrap().step(world.now).unwrap();
        said = world.bridges[1].as_mut().unwrap().step(world.now).err();
        said.is_some()
    });
    assert!(said.unwrap().to_string().contains("node 1 has a bridge already"));
}
