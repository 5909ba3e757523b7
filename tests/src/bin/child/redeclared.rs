//! The process that opens the region later, with declarations of its own: one as `declared` has it,
//! and one for each way in which the two can differ.

use shma_core::{Error, Shm, ShmState};

use crate::say;

/// Declares one version of the state, in a module of its own.
macro_rules! version {
    ($version:ident, { $($pose:tt)* }, $(#[$attribute:meta])? { $($fields:tt)* }) => {
        mod $version {
            #![allow(dead_code)]
            use shma_core::{ShmElement, ShmState};

            #[derive(Clone, Copy, ShmElement)]
            #[repr(C)]
            pub struct Pose {
                $($pose)*
            }

            #[derive(ShmState)]
            $(#[$attribute])?
            pub struct Model {
                $($fields)*
            }
        }
    };
}

version!(same, { pub at: [f64; 2], pub heading: f64, }, {
    pub weights: [[f32; 16]; 4],
    pub bias: [f32; 16],
    pub step: u64,
    pub origin: Pose,
    #[shm(slots = 2)]
    pub samples: [u16; 3],
});
version!(retyped, { at: [f64; 2], heading: f64, }, {
    weights: [[f32; 16]; 4],
    bias: [f64; 16],
    step: i64,
    origin: Pose,
    #[shm(slots = 2)]
    samples: [u16; 3],
});
version!(resized, { at: [f64; 2], heading: f64, }, {
    weights: [[f32; 4]; 16],
    bias: [f32; 16],
    step: u64,
    origin: Pose,
    #[shm(slots = 2)]
    samples: [u16; 4],
});
version!(missing, { at: [f64; 2], heading: f64, }, {
    weights: [[f32; 16]; 4],
    bias: [f32; 16],
    origin: Pose,
    #[shm(slots = 2)]
    samples: [u16; 3],
});
version!(extra, { at: [f64; 2], heading: f64, }, {
    weights: [[f32; 16]; 4],
    bias: [f32; 16],
    momentum: [f32; 16],
    step: u64,
    origin: Pose,
    #[shm(slots = 2)]
    samples: [u16; 3],
});
version!(reordered, { at: [f64; 2], heading: f64, }, {
    weights: [[f32; 16]; 4],
    step: u64,
    bias: [f32; 16],
    origin: Pose,
    #[shm(slots = 2)]
    samples: [u16; 3],
});
version!(renamed, { at: [f64; 2], heading: f64, }, #[shm(name = "Network")] {
    weights: [[f32; 16]; 4],
    bias: [f32; 16],
    step: u64,
    origin: Pose,
    #[shm(slots = 2)]
    samples: [u16; 3],
});
version!(slotted, { at: [f64; 2], heading: f64, }, {
    weights: [[f32; 16]; 4],
    bias: [f32; 16],
    step: u64,
    origin: Pose,
    samples: [u16; 3],
});
version!(timed, { at: [f64; 2], heading: f64, }, {
    weights: [[f32; 16]; 4],
    #[shm(timed)]
    bias: [f32; 16],
    step: u64,
    origin: Pose,
    #[shm(slots = 2)]
    samples: [u16; 3],
});
version!(atomic, { at: [f64; 2], heading: f64, }, {
    weights: [[f32; 16]; 4],
    bias: [f32; 16],
    #[shm(atomic)]
    step: u64,
    origin: Pose,
    #[shm(slots = 2)]
    samples: [u16; 3],
});
version!(restructured, { heading: f64, at: [f64; 2], }, {
    weights: [[f32; 16]; 4],
    bias: [f32; 16],
    step: u64,
    origin: Pose,
    #[shm(slots = 2)]
    samples: [u16; 3],
});

/// Opens the region by one version of the declaration, and says what comes of it.
pub fn open(name: &str, version: &str) {
    match version {
        "same" => agree(&same::Model::open(name).unwrap()),
        "retyped" => differ(retyped::Model::open(name)),
        "resized" => differ(resized::Model::open(name)),
        "missing" => differ(missing::Model::open(name)),
        "extra" => differ(extra::Model::open(name)),
        "reordered" => differ(reordered::Model::open(name)),
        "renamed" => differ(renamed::Model::open(name)),
        "slotted" => differ(slotted::Model::open(name)),
        "timed" => differ(timed::Model::open(name)),
        "atomic" => differ(atomic::Model::open(name)),
        "restructured" => differ(restructured::Model::open(name)),
        other => panic!("there is no version `{other}`"),
    }
}

/// Says what it sees, and changes all of it.
fn agree(model: &Shm<same::Model>) {
    let now = model.read_boxed();
    say(&format!(
        "{} {} {} {:?} {} {:?}",
        now.weights[3][15], now.bias[1], now.step, now.origin.at, now.origin.heading, now.samples
    ));
    model.weights.update(|new, _| new[3][15] = 0.75);
    model.bias.update(|new, _| new[1] = 2.5);
    model.step.update(|new, _| *new = 8);
    model.origin.update(|new, _| *new = same::Pose { at: [4.0, 5.0], heading: 6.0 });
    model.samples.write(&[40, 50, 60]);
}

/// Says what the error says.
fn differ<S: ShmState>(opened: Result<Shm<S>, Error>) {
    let error = opened.map(drop).expect_err("another layout cannot be opened");
    say(&error.to_string());
}
