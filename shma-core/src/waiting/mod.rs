//! Futures that wait for publications, and the one thread that sleeps for them.
//!
//! | module | holds |
//! |---|---|
//! | [`newer`] | the future |
//! | [`service`] | the waits of this process, and the thread |
//! | [`tempo`] | when the thread looks at names, and when it ends |

mod newer;
mod service;
mod tempo;

pub(crate) use newer::Newer;
