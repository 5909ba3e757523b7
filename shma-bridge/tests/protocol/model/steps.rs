//! The steps of a program and of a bridge.

use shma_bridge::protocol::{Pace, Plan, Status, goes_along, sent, takes};

use super::{Bridge, Fault, MOST, Model, Pending, State};

impl Model {
    pub(super) fn write(&self, state: &mut State, node: usize) {
        let region = &mut state.regions[node];
        // The program came before the others' values did: what it writes counts from the start.
        if region.version == 1 {
            state.expected[node] = region.rows[node];
            state.unsaid[node] = false;
        }
        region.rows[node] += 1;
        region.version += 1;
        state.expected[node] += 1;
        state.writes[node] += 1;
        for other in self.nodes().filter(|&other| other != node) {
            let new = state.regions[other];
            state.unsaid[other] |= new.version == 1 && new.instance == 1;
        }
    }

    pub(super) fn plan(&self, state: &State) -> Option<Plan> {
        let statuses: Vec<Status> = self.nodes().map(|node| state.bridges[node].status).collect();
        Plan::of(&statuses, Pace { mean: false, group: false }, false)
    }

    pub(super) fn look(&self, state: &mut State, node: usize) {
        let region = state.regions[node];
        if state.bridges[node].instance != region.instance {
            state.bridges[node] = Bridge { instance: region.instance, ..Bridge::default() };
        }
        self.apply(state, node);
        let (region, bridge) = (state.regions[node], &mut state.bridges[node]);
        bridge.ahead.take_if(|(version, _)| *version != region.version);
        let fresh = region.version == 1 && self.fault != Fault::SendsWhenFresh;
        let pending = bridge.pending.is_some();
        let wants = match self.fault {
            Fault::AdoptsParts => !fresh && !bridge.filled,
            _ => fresh || !bridge.filled,
        };
        bridge.status = Status::PRESENT
            .and(Status::FRESH, fresh)
            .and(Status::PENDING, pending)
            .and(Status::WANTS, wants && !pending)
            .and(Status::CHANGED, region.version != bridge.sent && !fresh);
        bridge.along = None;
        if goes_along(bridge.status, self.limits.small) {
            (bridge.read, bridge.sent) = (region.rows, region.version);
            bridge.along = Some(region.rows[node]);
        }
    }

    /// Whether the node has anything to read while it waits for the statuses of the others.
    pub(super) fn reads_ahead(&self, state: &State, node: usize) -> bool {
        let bridge = &state.bridges[node];
        let region = bridge.retired.unwrap_or(state.regions[node]);
        let changed = region.version != bridge.sent && region.version > 1;
        !self.limits.small && bridge.ahead.is_none() && bridge.pending.is_none() && changed
    }

    pub(super) fn read_ahead(&self, state: &mut State, node: usize) {
        let bridge = &mut state.bridges[node];
        let region = bridge.retired.unwrap_or(state.regions[node]);
        bridge.ahead = Some((region.version, region.rows));
        if self.fault == Fault::CountsAhead {
            bridge.sent = region.version;
        }
    }

    pub(super) fn read(&self, state: &mut State, plan: &Plan, node: usize) {
        let moves = plan.is_source(node) && plan.moves(node);
        let read = state.bridges[node].along.is_some() && self.fault != Fault::ReadsAgain;
        if (moves && !read) || self.fault == Fault::ReadsUnsent {
            let bridge = &mut state.bridges[node];
            let region = bridge.retired.unwrap_or(state.regions[node]);
            (bridge.sent, bridge.read) =
                bridge.ahead.take().unwrap_or((region.version, region.rows));
            if self.fault == Fault::CountsNewest {
                bridge.sent = region.version;
            }
        }
    }

    pub(super) fn receive(&self, state: &mut State, plan: &Plan, node: usize) {
        let earlier = state.bridges[node].pending;
        let none = Pending { full: false, from: [false; MOST], rows: [0; MOST] };
        let mut pending = earlier.unwrap_or(none);
        pending.full |= plan.is_full();
        for owner in self.nodes().filter(|&owner| plan.moves(owner)) {
            pending.from[owner] = true;
            let source = state.bridges[plan.source(owner)];
            pending.rows[owner] = state.bridges[owner].along.unwrap_or(source.read[owner]);
        }
        state.bridges[node].pending = Some(pending);
    }

    pub(super) fn apply(&self, state: &mut State, node: usize) {
        let (region, bridge) = (&mut state.regions[node], &mut state.bridges[node]);
        let Some(pending) = bridge.pending.take() else { return };
        if bridge.instance != region.instance {
            return;
        }
        let fresh = match self.fault {
            Fault::AdoptsUnseen => bridge.status.has(Status::FRESH),
            Fault::SendsWhenFresh => false,
            _ => region.version == 1,
        };
        let (before, mut rows) = (*region, region.rows);
        for owner in self.nodes().filter(|&owner| pending.from[owner]) {
            let own = owner == node && self.fault != Fault::TakesOwn;
            let full = pending.full || self.fault == Fault::AdoptsParts;
            if takes(own, fresh, full) {
                rows[owner] = pending.rows[owner];
            }
        }
        let adopts = fresh && pending.full && self.fault != Fault::AdoptsSilently;
        if rows != before.rows || adopts || self.fault == Fault::Echo {
            region.rows = rows;
            region.version += 1;
            bridge.sent = match self.fault {
                Fault::Echo => bridge.sent,
                Fault::CountsLocal => region.version,
                _ => sent(bridge.sent.into(), before.version.into(), region.version.into(), adopts)
                    as u8,
            };
        }
        bridge.filled |= pending.full || self.fault == Fault::AdoptsParts;
    }
}
