//! How a program learns that it has to stop.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// A flag that turns true at Ctrl-C, or when the process is asked to end in another way. The
/// program then leaves by its ordinary way out, and its regions go with it.
///
/// # Errors
///
/// The system refuses to hand out signals.
pub fn flag() -> io::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&flag))?;
    }
    Ok(flag)
}
