//! The names of a training's two regions.

/// A name that no other training has. The random part is for process numbers that come back, and
/// for those of other containers.
pub fn new_training() -> String {
    format!("sgd-{}-{:08x}", std::process::id(), fastrand::u32(..))
}

/// The region of the model.
pub fn model(training: &str) -> String {
    format!("{training}.model")
}

/// The region of the desk.
pub fn desk(training: &str) -> String {
    format!("{training}.desk")
}
