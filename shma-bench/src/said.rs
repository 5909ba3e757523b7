//! What a worker tells, a line of JSON each.

use serde::{Deserialize, Serialize};

/// One line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Said {
    /// A value that one peer had in one round.
    Value { peer: String, measure: String, value: f64 },
    /// A peer cannot do it, and why.
    Unable { peer: String, reason: String },
    /// A part of the work is done; of how many.
    Step { of: usize },
}

impl Said {
    /// Tells it.
    pub fn tell(&self) {
        println!("{}", serde_json::to_string(self).expect("plain data"));
    }
}
