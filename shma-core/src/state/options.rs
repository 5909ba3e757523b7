//! How a region is made or opened, if not in the default way.

use std::time::{Duration, Instant};

use crate::error::Error;
use crate::manifest::Known;
use crate::manifest::element::{AtomicElement, Element};
use crate::os;
use crate::region::access::{Access, ReadOnly};
use crate::region::{self, Creation, Name, Pages, Region, Users};

use super::family::{Nothing, Refs, State, Zip};
use super::shm::Shm;

/// Rounds of opening and creating before something is wrong.
const ROUNDS: usize = 100;

/// Between two looks for a region that is waited for.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// How a region is made or opened.
#[must_use]
pub struct Options<S> {
    creation: Creation,
    owners: Users,
    pages: Pages,
    wait: Duration,
    _state: std::marker::PhantomData<fn() -> S>,
}

// By hand: a derive would ask the same of the state, of which there is none here.
impl<S> Clone for Options<S> {
    fn clone(&self) -> Self {
        Self { owners: self.owners.clone(), ..*self }
    }
}

impl<S> std::fmt::Debug for Options<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { creation, owners, pages, wait, .. } = self;
        let mut options = f.debug_struct("Options");
        options.field("creation", creation).field("owners", owners);
        options.field("pages", pages).field("wait", wait).finish()
    }
}

impl<S: State> Options<S> {
    pub(super) fn new() -> Self {
        Self {
            creation: Creation { mode: 0o600, persistent: false },
            owners: Users::default(),
            pages: Pages::Later,
            wait: Duration::ZERO,
            _state: std::marker::PhantomData,
        }
    }

    /// Permission bits of a region that is created; 0o600 by default, whatever the umask. Who may
    /// write can harm the values, who may read can get in the way of creating and removing: see
    /// [`security`](crate::docs::security).
    pub fn mode(mut self, mode: u32) -> Self {
        self.creation.mode = mode & 0o777;
        self
    }

    /// Whether a region that is created stays until it is unlinked. By default the last handle
    /// takes it along.
    pub fn persistent(mut self, persistent: bool) -> Self {
        self.creation.persistent = persistent;
        self
    }

    /// Whether to touch all pages at once, so that no first access is slow.
    pub fn prefault(mut self, prefault: bool) -> Self {
        self.pages = if prefault { Pages::AtOnce } else { Pages::Later };
        self
    }

    /// Opens also regions of this user. By default only one's own and root's are opened: the owner of a
    /// region may truncate it, which ends the processes that use it.
    pub fn allow_owner(mut self, user: u32) -> Self {
        if let Users::Also(users) = &mut self.owners {
            users.push(user);
        }
        self
    }

    /// How long opening waits for the region to appear, looking every 2 ms; not at all by default.
    pub fn wait(mut self, at_most: Duration) -> Self {
        self.wait = at_most;
        self
    }

    /// As [`ShmState::create`](crate::ShmState::create).
    ///
    /// # Errors
    ///
    /// As [`ShmState::create`](crate::ShmState::create).
    ///
    /// # Blocking
    ///
    /// As [`ShmState::create`](crate::ShmState::create).
    pub fn create(self, name: &str, init: &S) -> Result<Shm<S>, Error> {
        self.create_once(&Name::new(name)?, init)
    }

    fn create_once(&self, name: &Name, init: &S) -> Result<Shm<S>, Error> {
        let fill = |region: &Region| {
            let values = S::refs(init);
            S::zip::<Refs<'_>, Refs<'_>, _>(&values, S::refs(init), &mut Fill { region });
        };
        region::create(name, &S::DECLARATION, self.creation, self.pages, fill).map(Shm::new)
    }

    /// As [`ShmState::open`](crate::ShmState::open).
    ///
    /// # Errors
    ///
    /// As [`ShmState::open`](crate::ShmState::open).
    ///
    /// # Blocking
    ///
    /// As [`ShmState::open`](crate::ShmState::open), and as long as [`wait`](Self::wait) says for the region to appear.
    pub fn open(self, name: &str) -> Result<Shm<S>, Error> {
        self.open_when_there(&Name::new(name)?)
    }

    /// As [`ShmState::open_or_create`](crate::ShmState::open_or_create).
    ///
    /// # Errors
    ///
    /// As [`ShmState::open_or_create`](crate::ShmState::open_or_create).
    ///
    /// # Blocking
    ///
    /// As [`ShmState::open_or_create`](crate::ShmState::open_or_create).
    pub fn open_or_create(self, name: &str, init: &S) -> Result<Shm<S>, Error> {
        let name = Name::new(name)?;
        let mut last = None;
        for _ in 0..ROUNDS {
            match self.open_once(&name) {
                Err(Error::NotFound { .. }) => {}
                opened => return opened,
            }
            match self.create_once(&name, init) {
                Err(error @ Error::AlreadyExists { .. }) => last = Some(error),
                created => return created,
            }
        }
        Err(last.unwrap_or_else(|| Error::NotFound { name: name.as_str().to_owned() }))
    }

    /// As [`ShmState::open_read_only`](crate::ShmState::open_read_only).
    ///
    /// # Errors
    ///
    /// As [`ShmState::open`](crate::ShmState::open).
    ///
    /// # Blocking
    ///
    /// As [`open`](Self::open).
    pub fn open_read_only(self, name: &str) -> Result<Shm<S, ReadOnly>, Error> {
        self.open_when_there(&Name::new(name)?)
    }

    fn open_once<A: Access>(&self, name: &Name) -> Result<Shm<S, A>, Error> {
        let known = Known::Declared(&S::DECLARATION);
        region::open::<A>(name, &known, &self.owners, self.pages).map(Shm::new)
    }

    fn open_when_there<A: Access>(&self, name: &Name) -> Result<Shm<S, A>, Error> {
        // A time beyond what the clock can say is for ever.
        let end = Instant::now().checked_add(self.wait);
        loop {
            match self.open_once(name) {
                Err(Error::NotFound { .. }) if end.is_none_or(|end| Instant::now() < end) => {
                    os::pause(LOOK_AGAIN);
                }
                opened => return opened,
            }
        }
    }
}

/// Writes the initial values into all slots.
struct Fill<'a> {
    region: &'a Region,
}

impl Fill<'_> {
    fn field<T: Element>(&self, index: usize, value: &T) {
        self.region.fill(index, bytemuck::bytes_of(value));
    }
}

impl<'h, 'a, 'v> Zip<'h, Refs<'a>, Refs<'v>> for Fill<'_> {
    type Out = Nothing;

    fn field<T: Element>(&mut self, index: usize, _: &'h &'a T, value: &'v T) {
        Fill::field(self, index, value);
    }

    fn atomic<T: AtomicElement>(&mut self, index: usize, _: &'h &'a T, value: &'v T) {
        Fill::field(self, index, value);
    }
}
