//! iceoryx2's blackboard and event.
//!
//! `unsafe` here: a value that is filled in where it lies, and an atomic in shared memory.

use std::hint::black_box;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU64, Ordering};

use iceoryx2::node::Node;
use iceoryx2::port::listener::Listener;
use iceoryx2::port::notifier::Notifier;
use iceoryx2::port::reader::{EntryHandle, Reader};
use iceoryx2::port::writer::{EntryHandleMut, Writer};
use iceoryx2::prelude::{
    Config, FileName, LogLevel, NodeBuilder, Path, SemanticString, ServiceName, ipc, set_log_level,
};

use crate::ability::{Bell, Done, Peer, Place, Store, Unable, unable};
use crate::shared::{DIRECTORY, Shared};
use crate::sizes::{array, array_mut, sized};

/// The largest value that is measured: reading returns it by value, through the stack.
const LARGEST: u64 = 1 << 20;

/// iceoryx2.
pub struct Iceoryx2;

impl Peer for Iceoryx2 {
    fn name(&self) -> &'static str {
        "iceoryx2"
    }

    fn about(&self) -> &'static str {
        "iceoryx2's blackboard and event; one writer, and values are read through the stack"
    }

    fn create(&self, place: &Place) -> Result<Box<dyn Store>, Unable> {
        check(place)?;
        let node = node(place)?;
        let name = ServiceName::new(&place.name)?;
        sized!(place.bytes, N => {
            if N > LARGEST as usize / 8 {
                return unable(TOO_LARGE);
            }
            Ok(Box::new(Written::<N>::new(node, &name)?))
        })
    }

    fn open(&self, place: &Place) -> Result<Box<dyn Store>, Unable> {
        check(place)?;
        let node = node(place)?;
        let name = ServiceName::new(&place.name)?;
        sized!(place.bytes, N => Ok(Box::new(Read::<N>::new(node, &name)?)))
    }

    fn create_bell(&self, place: &Place) -> Result<Box<dyn Bell>, Unable> {
        Ok(Box::new(Ringing::new(place, Shared::create(&place.name, 64)?)?))
    }

    fn open_bell(&self, place: &Place) -> Result<Box<dyn Bell>, Unable> {
        Ok(Box::new(Ringing::new(place, Shared::open(&place.name)?)?))
    }
}

const TOO_LARGE: &str = "values are returned through the stack, which ends at a megabyte here";

fn check(place: &Place) -> Result<(), Unable> {
    if place.bytes > LARGEST { unable(TOO_LARGE) } else { Ok(()) }
}

/// A node whose files bear the name of the run, so that they can be found.
fn node(place: &Place) -> Result<Node<ipc::Service>, Unable> {
    set_log_level(LogLevel::Fatal);
    let mut config = Config::default();
    config.global.prefix = FileName::new(format!("{}-", place.run).as_bytes()).map_err(debug)?;
    let folder = format!("{DIRECTORY}/{}-iceoryx2", place.run);
    config.global.set_root_path(&Path::new(folder.as_bytes()).map_err(debug)?);
    NodeBuilder::new().config(&config).create::<ipc::Service>().map_err(debug)
}

/// Its errors have no better text.
fn debug(error: impl std::fmt::Debug) -> Unable {
    Unable(format!("{error:?}"))
}

/// The writer, with a reader of its own.
struct Written<const N: usize> {
    /// `None` while it is written to.
    entry: Option<EntryHandleMut<ipc::Service, u64, [f64; N]>>,
    _writer: Writer<ipc::Service, u64>,
    reader: Read<N>,
}

impl<const N: usize> Written<N> {
    fn new(node: Node<ipc::Service>, name: &ServiceName) -> Result<Self, Unable> {
        let service = node
            .service_builder(name)
            .blackboard_creator::<u64>()
            .add::<[f64; N]>(0, [0.0; N])
            .create()
            .map_err(debug)?;
        let writer = service.writer_builder().create().map_err(debug)?;
        let entry = Some(writer.entry::<[f64; N]>(&0).map_err(debug)?);
        Ok(Self { entry, _writer: writer, reader: Read::new(node, name)? })
    }
}

impl<const N: usize> Store for Written<N> {
    fn read(&mut self, into: &mut [f64], times: u64) -> Done {
        self.reader.read(into, times)
    }

    fn write(&mut self, from: &[f64], times: u64) -> Done {
        let from = array::<N>(from);
        for _ in 0..times {
            let Some(entry) = self.entry.take() else { return unable("lost its entry") };
            let mut loan = entry.loan_uninit();
            let value: &mut MaybeUninit<[f64; N]> = loan.value_mut();
            // SAFETY: an array as large, and not the one that is copied.
            unsafe { value.as_mut_ptr().copy_from_nonoverlapping(black_box(from), 1) };
            // SAFETY: filled in above.
            self.entry = Some(unsafe { loan.assume_init_and_update() });
        }
        Ok(())
    }

    fn write_kept(&mut self, from: &[f64], times: u64) -> Done {
        self.write(from, times)
    }
}

/// A reader.
struct Read<const N: usize> {
    entry: EntryHandle<ipc::Service, u64, [f64; N]>,
    _reader: Reader<ipc::Service, u64>,
    _node: Node<ipc::Service>,
}

impl<const N: usize> Read<N> {
    fn new(node: Node<ipc::Service>, name: &ServiceName) -> Result<Self, Unable> {
        let service =
            node.service_builder(name).blackboard_opener::<u64>().open().map_err(debug)?;
        let reader = service.reader_builder().create().map_err(debug)?;
        let entry = reader.entry::<[f64; N]>(&0).map_err(debug)?;
        Ok(Self { entry, _reader: reader, _node: node })
    }
}

impl<const N: usize> Store for Read<N> {
    fn read(&mut self, into: &mut [f64], times: u64) -> Done {
        let into = array_mut::<N>(into);
        for _ in 0..times {
            *into = *self.entry.get();
            black_box(&mut *into);
        }
        Ok(())
    }

    fn write(&mut self, _: &[f64], _: u64) -> Done {
        unable("has one writer")
    }
}

/// An event, and beside it the number that it does not carry.
struct Ringing {
    notifier: Notifier<ipc::Service>,
    listener: Option<Listener<ipc::Service>>,
    shared: Shared,
    _node: Node<ipc::Service>,
}

impl Ringing {
    fn new(place: &Place, shared: Shared) -> Result<Self, Unable> {
        let node = node(place)?;
        let name = ServiceName::new(&place.name)?;
        let service = node.service_builder(&name).event().open_or_create().map_err(debug)?;
        let notifier = service.notifier_builder().create().map_err(debug)?;
        Ok(Self { notifier, listener: None, shared, _node: node })
    }

    fn number(&self) -> &AtomicU64 {
        // SAFETY: the start of a mapping that lives as long as `self`, aligned to a page.
        unsafe { &*self.shared.start().cast::<AtomicU64>() }
    }
}

impl Bell for Ringing {
    fn prepare(&mut self, place: &Place) -> Done {
        let name = ServiceName::new(&place.name)?;
        let service = self._node.service_builder(&name).event().open().map_err(debug)?;
        self.listener = Some(service.listener_builder().create().map_err(debug)?);
        Ok(())
    }

    fn ring(&mut self, number: u64, times: u64) -> Done {
        for _ in 0..times {
            self.number().store(number, Ordering::Release);
            self.notifier.notify().map_err(debug)?;
        }
        Ok(())
    }

    fn sleep(&mut self, last: u64) -> Result<u64, Unable> {
        loop {
            let number = self.number().load(Ordering::Acquire);
            if number != last {
                return Ok(number);
            }
            let Some(listener) = &self.listener else { return unable("does not listen") };
            listener.blocking_wait(|_| ()).map_err(debug)?;
        }
    }

    fn look(&mut self) -> Result<u64, Unable> {
        if let Some(listener) = &self.listener {
            listener.try_wait(|_| ()).map_err(debug)?;
        }
        Ok(self.number().load(Ordering::Acquire))
    }
}
