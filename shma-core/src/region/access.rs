//! Whether a handle may write, as a type.

/// What a handle may do: [`ReadWrite`] or [`ReadOnly`].
pub trait Access: sealed::Sealed + Send + Sync + 'static {
    /// Whether it may write.
    #[doc(hidden)]
    const WRITABLE: bool;
}

/// The handle reads and writes; its process needs write permission.
#[derive(Debug, Clone, Copy)]
pub struct ReadWrite;

/// The handle reads; its process needs read permission only, and cannot change a byte.
#[derive(Debug, Clone, Copy)]
pub struct ReadOnly;

impl Access for ReadWrite {
    const WRITABLE: bool = true;
}

impl Access for ReadOnly {
    const WRITABLE: bool = false;
}

mod sealed {
    /// Only the two types here.
    pub trait Sealed {}
    impl Sealed for super::ReadWrite {}
    impl Sealed for super::ReadOnly {}
}
