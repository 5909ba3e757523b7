//! `shma_options`: how a region is made or opened.

use std::ffi::{OsStr, c_char};
use std::os::unix::ffi::OsStrExt;

use shma_core::Options;
use shma_core::untyped::{self, Untyped};

use crate::arguments::{c_text, duration};
use crate::fault::Fault;

/// As the header declares it.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct shma_options {
    pub size: u32,
    pub mode: u32,
    pub read_only: i32,
    pub persistent: i32,
    pub prefault: i32,
    pub huge_pages: i32,
    pub wait_ms: i64,
    pub dir: *const c_char,
}

/// What they come to.
pub(crate) struct Chosen {
    pub(crate) options: Options<Untyped>,
    pub(crate) read_only: bool,
}

impl Chosen {
    /// # Safety
    ///
    /// `options` is `NULL` or as promise 1 says, of the length that its `size` says.
    pub(crate) unsafe fn of(options: *const shma_options) -> Result<Self, Fault> {
        if options.is_null() {
            return Ok(Self { options: untyped::options(), read_only: false });
        }
        // SAFETY: whatever the version, it begins with its size.
        let size = unsafe { options.cast::<u32>().read() };
        if size as usize != size_of::<shma_options>() {
            return Err(Fault::invalid(format!(
                "`options->size` is {size}, and no version of shma_options has that: set it to \
                 sizeof(shma_options), {}, and the members that are not used to 0",
                size_of::<shma_options>()
            )));
        }
        // SAFETY: it is as long as this version's.
        let chosen = unsafe { options.read() };
        let mode = match chosen.mode {
            0 => 0o600,
            mode if mode & !0o777 == 0 => mode,
            mode => {
                return Err(Fault::invalid(format!(
                    "`options->mode` is 0{mode:o}, and permission bits are 0777 at most"
                )));
            }
        };
        let wait = duration(chosen.wait_ms, "options->wait_ms")?;
        let mut options = untyped::options().mode(mode).wait(wait);
        // SAFETY: as the caller promises.
        if let Some(dir) = unsafe { c_text(chosen.dir) } {
            if dir.is_empty() {
                return Err(Fault::invalid(
                    "`options->dir` is empty: name a directory, or pass NULL for /dev/shm",
                ));
            }
            options = options.dir(OsStr::from_bytes(dir.to_bytes()));
        }
        options = options.persistent(chosen.persistent != 0);
        options = options.prefault(chosen.prefault != 0).huge_pages(chosen.huge_pages != 0);
        Ok(Self { options, read_only: chosen.read_only != 0 })
    }

    /// The options of a call that may create.
    pub(crate) fn creating(self) -> Result<Options<Untyped>, Fault> {
        if self.read_only {
            return Err(Fault::invalid(
                "`options->read_only` is set, and a region is created for writing: create it without, or \
                 use shma_open",
            ));
        }
        Ok(self.options)
    }
}
