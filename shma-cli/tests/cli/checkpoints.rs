//! Checkpoints from a shell: saved, made into regions, written back, and copied into other layouts.

use std::path::Path;

use shma_core::ShmState;
use shma_tests::python::python;
use shma_tests::region::Name;
use shma_tests::watchdog::watched;

use crate::shma::shma;

#[derive(Debug, ShmState)]
struct Trainer {
    #[shm(name = "layers.0.weight")]
    weight: [[f32; 3]; 2],
    step: u64,
}

#[derive(Debug, ShmState)]
#[shm(name = "Trainer")]
struct Wider {
    #[shm(name = "layers.0.weight")]
    weight: [[f32; 4]; 2],
    step: u64,
    rate: f64,
}

fn trainer() -> Box<Trainer> {
    let mut trainer = Trainer::zeroed();
    (trainer.weight, trainer.step) = ([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], 7);
    trainer
}

/// A region that the command has made. Dropped, it is removed.
struct Made(Name);

impl Drop for Made {
    fn drop(&mut self) {
        let _ = Trainer::unlink(&self.0);
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_checkpoint_becomes_a_region_again() {
    watched(|| {
        let (name, folder) = (Name::new("saved"), tempfile::tempdir().unwrap());
        let file = folder.path().join("trainer.safetensors");
        let region = Trainer::options().note("run", "7").create(&name, &trainer()).unwrap();
        region.step.write(&8);
        let said = shma(&["checkpoint", &name, text(&file)]).done();
        assert_eq!(said, format!("2 fields of region {} to {}\n", &*name, file.display()));
        assert_eq!(Trainer::load(&file).unwrap().step, 8);
        let answer = shma(&["--json", "export", &name, text(&file)]).json();
        assert_eq!(answer["arrays"][1]["version"], 2, "{answer}");

        let made = Made(Name::new("made"));
        let said = shma(&["create", &made.0, "--from", text(&file)]).done();
        assert!(said.contains("state Trainer: 2 fields") && said.contains("persistent"), "{said}");
        let opened = Trainer::open(&made.0).unwrap();
        assert_eq!((opened.step.read(), opened.weight.read()), (8, trainer().weight));
        assert_eq!(opened.notes().collect::<Vec<_>>(), [("run", "7")]);
        let again = shma(&["create", &made.0, "--from", text(&file)]).failed(4);
        assert!(again.contains("exists already"), "{again}");

        // And written back, as one transaction.
        opened.transaction(|new, _| (*new.step, *new.weight) = (0, [[0.0; 3]; 2]));
        let said = shma(&["import", &made.0, text(&file)]).done();
        assert!(said.starts_with("2 arrays"), "{said}");
        assert_eq!((opened.step.read(), opened.weight.read()), (8, trainer().weight));
    });
}

#[test]
fn files_of_numpy_become_regions() {
    watched(|| {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let name = Name::new("numpy");
        let _region = Trainer::create(&name, &trainer()).unwrap();
        shma(&["export", &name, text(&at("all.npz"))]).done();
        shma(&["get", &name, "step", "--npy", text(&at("step.npy"))]).done();

        let made = Made(Name::new("npz"));
        shma(&["create", &made.0, "--from", text(&at("all.npz")), "--state", "Trainer"]).done();
        let opened = Trainer::open(&made.0).unwrap();
        assert_eq!((opened.step.read(), opened.weight.read()), (7, trainer().weight));
        let single = Made(Name::new("npy"));
        shma(&["create", &single.0, "--from", text(&at("step.npy"))]).done();
        assert_eq!(shma(&["get", &single.0, "step"]).done(), shma(&["get", &name, "step"]).done());

        std::fs::write(at("other.npz"), "no archive").unwrap();
        let other = Name::new("none");
        shma(&["create", &other, "--from", text(&at("other.npz"))]).failed(4);
        shma(&["create", &other, "--from", text(&at("missing.npz"))]).failed(3);
        shma(&["create", &other, "--from", text(&at("missing.safetensors"))]).failed(3);
        assert!(!other.exists());
        let script = "
numpy.savez(file, **{'layers.0.weight': numpy.arange(6, dtype='f4').reshape(2, 3, order='F'),
                     'step': numpy.array(9, dtype='>u8')})";
        let file = at("python.npz");
        if python("numpy", script, &file).is_some() {
            let made = Made(Name::new("python"));
            let arguments = ["--from", text(&file), "--state", "Trainer"];
            shma(&[&["create", &made.0][..], &arguments].concat()).done();
            let opened = Trainer::open(&made.0).unwrap();
            assert_eq!((opened.step.read(), opened.weight.read()[1][0]), (9, 1.0));
        }
    });
}

/// Another type must not get into a field by its bytes, and half a file not into a region.
#[test]
fn what_does_not_fit_changes_nothing() {
    watched(|| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("wide.safetensors");
        let (name, wide) = (Name::new("fits"), Name::new("wide"));
        let region = Trainer::create(&name, &trainer()).unwrap();
        Wider::create(&wide, &Wider::zeroed()).unwrap().checkpoint(&file).unwrap();
        let said = shma(&["import", &name, text(&file)]).failed(4);
        assert!(said.contains("has no field") || said.contains("layers.0.weight"), "{said}");
        std::fs::write(&file, "none").unwrap();
        shma(&["import", &name, text(&file)]).failed(4);
        shma(&["import", &name, text(&file), "--field", "step"]).failed(2);
        shma(&["checkpoint", &name, text(folder.path())]).failed(4);
        shma(&["checkpoint", "no-such-region", text(&file)]).failed(3);
        shma(&["export", &name, text(&file), "--by-field"]).failed(2);
        assert_eq!(std::fs::read(&file).unwrap(), b"none");
        assert_eq!((region.step.read(), u64::from(region.step.version())), (7, 1));
    });
}

/// Shown first, and nothing is written; the handle is one that may not write.
#[test]
fn a_dry_run_shows_and_copies_nothing() {
    watched(|| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("old.safetensors");
        let (old, new) = (Name::new("dry-old"), Name::new("dry-new"));
        let region = Trainer::create(&old, &trainer()).unwrap();
        region.checkpoint(&file).unwrap();
        let wider = Wider::create(&new, &Wider::zeroed()).unwrap();
        for from in [&*old, text(&file)] {
            let shown = shma(&["migrate", "--dry-run", from, &new]).done();
            assert!(shown.contains("rate") && shown.contains("values"), "{shown}");
            assert!(shown.ends_with("dry run: every value would be copied\n"), "{shown}");
            assert_eq!((wider.step.read(), u64::from(wider.step.version())), (0, 1));
        }
        let answer = shma(&["--json", "migrate", "--dry-run", &new, &old]).json();
        assert_eq!((&answer["lossless"], &answer["dry_run"]), (&false.into(), &true.into()));
        assert_eq!(region.step.read(), 7);
        shma(&["migrate", "--dry-run", "no-such-region", &old]).failed(3);
        shma(&["migrate", "--dry-run", &old, "no-such-region"]).failed(3);
    });
}

#[test]
fn values_are_copied_into_another_layout() {
    watched(|| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("old.safetensors");
        let (old, new) = (Name::new("old"), Name::new("new"));
        let region = Trainer::create(&old, &trainer()).unwrap();
        region.checkpoint(&file).unwrap();
        let mut init = Wider::zeroed();
        (init.weight, init.rate) = ([[-1.0; 4]; 2], 0.5);
        for from in [&*old, text(&file)] {
            let wider = Wider::create(&new, &init).unwrap();
            let said = shma(&["migrate", from, &new]).done();
            assert!(said.ends_with("every value was copied\n") && said.contains("rate"), "{said}");
            let values = wider.snapshot();
            assert_eq!(values.weight, [[1.0, 2.0, 3.0, -1.0], [4.0, 5.0, 6.0, -1.0]]);
            assert_eq!((values.step, values.rate, u64::from(wider.rate.version())), (7, 0.5, 1));
        }
        let wider = Wider::create(&new, &init).unwrap();
        let answer = shma(&["--json", "migrate", &new, &old]).json();
        assert_eq!(answer["lossless"], false, "{answer}");
        assert_eq!(region.weight.read(), [[-1.0; 3]; 2]);
        drop(wider);
        shma(&["migrate", "no-such-region", &old]).failed(3);
    });
}
