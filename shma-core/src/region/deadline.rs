//! How long calls of the life cycle wait, for locks and for each other.

use std::time::Duration;

/// How long a lock of the life cycle is waited for.
pub(super) const DEADLINE: Duration = Duration::from_secs(1);

/// Between two attempts at what cannot be waited for.
pub(super) const PAUSE: Duration = Duration::from_millis(1);
