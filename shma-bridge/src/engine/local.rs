//! Nodes on one machine, over Unix sockets: for tests, as threads or as processes.

use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::Engine;
use crate::patience::after;

/// Between two tries to reach node 0.
const TRY_AGAIN: Duration = Duration::from_millis(5);

/// One of several nodes on this machine. Node 0 has a socket to each other node, and passes on what they
/// tell.
#[derive(Debug)]
pub struct Local {
    node: usize,
    nodes: usize,
    /// At node 0: those of nodes 1, 2, ..; elsewhere: the one to node 0.
    sockets: Vec<UnixStream>,
}

impl Local {
    /// So many nodes, for the threads of one process.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn team(nodes: usize) -> io::Result<Vec<Self>> {
        let mut hub = Self { node: 0, nodes, sockets: Vec::new() };
        let mut others = Vec::new();
        for node in 1..nodes {
            let (near, far) = UnixStream::pair()?;
            hub.sockets.push(near);
            others.push(Self { node, nodes, sockets: vec![far] });
        }
        others.insert(0, hub);
        Ok(others)
    }

    /// This process as one of so many nodes. They meet at a socket of this path, which node 0 makes.
    ///
    /// # Errors
    ///
    /// The system's; the nodes do not meet in this time.
    pub fn meet(path: &Path, node: usize, nodes: usize, within: Duration) -> io::Result<Self> {
        let end = after(within);
        let again = |error: io::Error| match Instant::now() < end {
            true => {
                thread::sleep(TRY_AGAIN);
                Ok(())
            }
            false => Err(error),
        };
        if node > 0 {
            loop {
                match UnixStream::connect(path) {
                    Ok(mut socket) => {
                        socket.write_all(&(node as u64).to_le_bytes())?;
                        return Ok(Self { node, nodes, sockets: vec![socket] });
                    }
                    Err(error) => again(error)?,
                }
            }
        }
        let listener = UnixListener::bind(path)?;
        listener.set_nonblocking(true)?;
        let mut found: Vec<Option<UnixStream>> = (1..nodes).map(|_| None).collect();
        while found.iter().any(Option::is_none) {
            match listener.accept() {
                Ok((mut socket, _)) => {
                    socket.set_nonblocking(false)?;
                    let mut number = [0; 8];
                    socket.read_exact(&mut number)?;
                    let place = (u64::from_le_bytes(number) as usize).wrapping_sub(1);
                    *found.get_mut(place).ok_or(io::ErrorKind::InvalidData)? = Some(socket);
                }
                Err(error) => again(error)?,
            }
        }
        Ok(Self { node, nodes, sockets: found.into_iter().flatten().collect() })
    }

    fn relay(&mut self, from: usize, bytes: &mut [u8]) -> io::Result<()> {
        match (self.node, from) {
            (0, 0) => {}
            (0, _) => self.sockets[from - 1].read_exact(bytes)?,
            (node, _) if node == from => return self.sockets[0].write_all(bytes),
            _ => return self.sockets[0].read_exact(bytes),
        }
        let others = self.sockets.iter_mut().enumerate().filter(|(at, _)| at + 1 != from);
        for (_, socket) in others {
            socket.write_all(bytes)?;
        }
        Ok(())
    }
}

impl Engine for Local {
    fn node(&self) -> usize {
        self.node
    }

    fn nodes(&self) -> usize {
        self.nodes
    }

    fn open_channels(&mut self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn broadcast(
        &mut self,
        _: usize,
        pieces: Vec<(usize, &mut [u8])>,
        _: &mut dyn FnMut(),
    ) -> io::Result<()> {
        pieces.into_iter().try_for_each(|(from, bytes)| self.relay(from, bytes))
    }

    fn sum(&mut self, _: usize, numbers: &mut [f64], _: &mut dyn FnMut()) -> io::Result<()> {
        let mut bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_ne_bytes()).collect();
        if self.node > 0 {
            self.sockets[0].write_all(&bytes)?;
        } else {
            for socket in &mut self.sockets {
                socket.read_exact(&mut bytes)?;
                for (sum, number) in numbers.iter_mut().zip(bytes.as_chunks().0) {
                    *sum += f64::from_ne_bytes(*number);
                }
            }
            bytes = numbers.iter().flat_map(|number| number.to_ne_bytes()).collect();
        }
        self.relay(0, &mut bytes)?;
        for (sum, number) in numbers.iter_mut().zip(bytes.as_chunks().0) {
            *sum = f64::from_ne_bytes(*number);
        }
        Ok(())
    }

    fn exchange(&mut self, own: &[u8], all: &mut [u8], _: &mut dyn FnMut()) -> io::Result<()> {
        if self.node > 0 {
            self.sockets[0].write_all(own)?;
        } else {
            let (first, others) = all.split_at_mut(own.len());
            first.copy_from_slice(own);
            for (socket, place) in self.sockets.iter_mut().zip(others.chunks_mut(own.len())) {
                socket.read_exact(place)?;
            }
        }
        self.relay(0, all)
    }

    fn tell(&mut self, from: usize, bytes: &mut [u8], _: &mut dyn FnMut()) -> io::Result<()> {
        self.relay(from, bytes)
    }
}
