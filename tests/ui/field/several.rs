use shma_core::{Error, Refs, Shm, ShmState};

#[derive(ShmState)]
#[shm(names = "model")]
struct Model {
    weights: Vec<f32>,
    #[shm(slots = 3)]
    bias: [f32; 128],
    #[shm(atomic, slots = 4)]
    ready: [bool; 2],
    rate: f32,
    step: usize,
}

// All of this is right if the declaration is, so nothing is said about it.
const FINGERPRINT: u128 = Model::FINGERPRINT;
const _: () = assert!(Model::MANIFEST.fields.len() == 4 && FINGERPRINT != 0);

fn norm(model: &ModelFields<Refs<'_>>) -> f32 {
    model.bias.iter().chain(model.weights.iter()).map(|w| w * w).sum()
}

fn main() -> Result<(), Error> {
    let model = Model::create("model", &Model::zeroed())?;
    let same: Shm<Model> = Model::options().persistent(true).open("model")?;
    let mut weights = model.weights.read_boxed();
    let version = same.weights.read_into(&mut weights);
    println!("{} {:?}", weights.len(), version);
    model.rate.update(|new, old| *new = old + 0.1);
    model.step.update(|new, old| *new = old + 1);
    model.ready.fetch_add(1, 1);
    model.update_with(&Model::zeroed(), |gradient, old| old - 0.1 * gradient);
    model.transaction(|new, old| {
        new.weights.copy_from_slice(&[1.0; 3]);
        *new.step = old.step + 1;
    });
    println!("{:?} {}", model, same.snapshot().step);
    Model::unlink("model")
}
