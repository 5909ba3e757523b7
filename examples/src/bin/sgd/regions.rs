//! The names of a training's regions.

use shma_core::ShmState;
use shma_examples::region;

use crate::desk::Desk;
use crate::model::Model;

/// A name that no other training has.
pub fn new_training() -> String {
    region::new_name("sgd")
}

/// Removes the names, however the model is shared. It is no error if another process has done it.
pub fn remove(training: &str) {
    let _ = Model::unlink(&model(training));
    let _ = Desk::unlink(&desk(training));
    let _ = Desk::unlink(&saved(training));
}

/// The region of the model.
pub fn model(training: &str) -> String {
    format!("{training}.model")
}

/// The region of what is saved.
pub fn saved(training: &str) -> String {
    format!("{training}.saved")
}

/// The region of the desk.
pub fn desk(training: &str) -> String {
    format!("{training}.desk")
}
