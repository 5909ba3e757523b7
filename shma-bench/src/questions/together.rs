//! How several processes meet at one subject of each peer: one makes it, the others attach.

use crate::ability::{Done, Peer, Place, Unable};
use crate::worker::Worker;

/// A peer, with what this process has of it.
pub struct Shared<S> {
    pub peer: &'static dyn Peer,
    pub subject: S,
}

/// What went wrong in a turn, if anything: work that several processes do until the same instant
/// cannot stop before.
#[derive(Default)]
pub struct Mishap(Option<Unable>);

impl Mishap {
    /// How many calls were done.
    pub fn count(&mut self, done: Done, times: u64) -> u64 {
        match done {
            Ok(()) => times,
            Err(reason) => {
                self.0.get_or_insert(reason);
                0
            }
        }
    }
}

/// Gives each contestant its turn, in an order that is drawn anew for each round. A contestant that
/// has a mishap, in any of the processes, is left out from then on.
pub fn take_turns<S>(
    worker: &Worker,
    bytes: u64,
    mut contestants: Vec<Shared<S>>,
    mut turn: impl FnMut(&mut Shared<S>, &mut Mishap),
) -> Vec<Shared<S>> {
    let rounds = worker.effort.rounds(bytes);
    for _ in 0..rounds {
        worker.shuffle(&mut contestants);
        contestants.retain_mut(|contestant| {
            let mut mishap = Mishap::default();
            turn(contestant, &mut mishap);
            let fine = worker.processes.agree(mishap.0.is_none());
            if let Some(reason) = mishap.0 {
                worker.refuse(contestant.peer, Unable(format!("fails on the way: {}", reason.0)));
            }
            fine
        });
        worker.step(rounds);
    }
    contestants
}

/// Makes the subjects in the leading process and attaches to them in the others. Peers that one
/// of the processes cannot do with are left out by all. `able` tries what is to be measured.
pub fn gather<S>(
    worker: &Worker,
    bytes: u64,
    create: impl Fn(&dyn Peer, &Place) -> Result<S, Unable>,
    open: impl Fn(&dyn Peer, &Place) -> Result<S, Unable>,
    able: impl Fn(&mut S, &Place) -> Result<(), Unable>,
) -> Vec<Shared<S>> {
    let mut gathered = Vec::new();
    for (peer, place) in worker.peers(bytes) {
        let made = worker.leads().then(|| create(peer, &place));
        let there = worker.processes.agree(!matches!(made, Some(Err(_))));
        let mine = match made {
            Some(Err(reason)) => {
                worker.refuse(peer, reason);
                continue;
            }
            _ if !there => continue,
            Some(made) => made,
            None => open(peer, &place),
        };
        // A process that cannot do it keeps what it has until all have attached.
        let (subject, able) = match mine {
            Ok(mut subject) => {
                let able = able(&mut subject, &place);
                (Some(subject), able)
            }
            Err(reason) => (None, Err(reason)),
        };
        let agreed = worker.processes.agree(able.is_ok());
        if let Err(reason) = able {
            worker.refuse(peer, reason);
        }
        gathered.extend(subject.filter(|_| agreed).map(|subject| Shared { peer, subject }));
    }
    gathered
}
