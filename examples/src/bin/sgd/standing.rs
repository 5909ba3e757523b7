//! Where a training stands.

use std::fmt;

/// What a person is shown of it.
#[derive(Debug)]
pub struct Standing {
    /// The epoch that it is in, from 1.
    pub epoch: u64,
    /// Epochs in all.
    pub epochs: u64,
    /// Mean loss of the latest batches.
    pub loss: f64,
    /// Accuracy on the test images.
    pub accuracy: f64,
    /// Batches a second, of late.
    pub rate: f64,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { epoch, epochs, loss, accuracy, rate } = self;
        write!(
            f,
            "epoch {epoch}/{epochs}, loss {loss:.3}, accuracy {accuracy:.3}, {rate:.0} updates/s"
        )
    }
}
