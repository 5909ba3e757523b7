//! Programs that use shma-core.
