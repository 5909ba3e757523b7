//! Some fields of many: `--only`.

use std::path::Path;

use shma_core::{Error, ShmState};
use shma_tests::region::Name;
use shma_tests::watchdog::watched;

use crate::shma::shma;

#[derive(Debug, ShmState)]
struct Model {
    #[shm(name = "layers.0.weight")]
    weight: [[f32; 3]; 2],
    #[shm(name = "layers.0")]
    layer: u8,
    step: u64,
    #[shm(atomic)]
    hits: [u32; 2],
}

fn model() -> Box<Model> {
    let mut model = Model::zeroed();
    (model.weight, model.layer) = ([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], 9);
    (model.step, model.hits) = (7, [5, 6]);
    model
}

/// A region that the command has made. Dropped, it is removed.
struct Made(Name);

impl Drop for Made {
    fn drop(&mut self) {
        let _ = Model::unlink(&self.0);
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn fields(name: &str) -> Vec<String> {
    let answer = shma(&["info", name, "--json"]).json();
    let fields = answer["region"]["fields"].as_array().unwrap();
    fields.iter().map(|field| field["name"].as_str().unwrap().to_owned()).collect()
}

/// Through each kind of file, with a name that another one begins with.
#[test]
fn chosen_fields_are_written_and_no_others() {
    watched(|| {
        let (name, folder) = (Name::new("only"), tempfile::tempdir().unwrap());
        let region = Model::create(&name, &model()).unwrap();
        for (command, file) in [
            ("export", "some.npz"),
            ("export", "some.safetensors"),
            ("checkpoint", "some.safetensors"),
        ] {
            let file = folder.path().join(file);
            let only = ["--only", "step", "--only", "layers.0.weight", "--only", "step"];
            let arguments = [&[command, &*name, text(&file)][..], &only].concat();
            let said = shma(&arguments).done();
            assert!(said.starts_with("2 "), "{said}");
            let made = Made(Name::new("only-made"));
            shma(&["create", &made.0, "--from", text(&file)]).done();
            let mut found = fields(&made.0);
            found.sort_unstable();
            assert_eq!(found, ["layers.0.weight", "step"], "{command}");
            assert_eq!(shma(&["get", &made.0, "layers.0.weight[1, 2]"]).done(), "6.0\n");

            // And back, whatever else the region has.
            region.step.write(&1);
            region.weight.write(&[[0.0; 3]; 2]);
            shma(&["import", &name, text(&file)]).done();
            assert_eq!((region.step.read(), region.weight.read()[1][2]), (7, 6.0));
        }
        // The file is that of a state without the other fields.
        let file = folder.path().join("some.safetensors");
        let error = Model::load(&file).unwrap_err();
        assert!(matches!(&error, Error::CheckpointMismatch { .. }), "{error}");
        let (moved, report) = Model::migrate_file(&file, Model::zeroed()).unwrap();
        assert!((moved.step, moved.layer) == (7, 0) && report.is_lossless());
        let single = folder.path().join("step.npy");
        shma(&["export", &name, text(&single)]).failed(2);
        shma(&["export", &name, text(&single), "--only", "step"]).done();
        let listed = shma(&["info", &name, "--only", "hits"]).done();
        assert!(listed.contains("hits") && !listed.contains("layers.0"), "{listed}");
    });
}

#[test]
fn chosen_arrays_of_a_file_are_read_and_no_others() {
    watched(|| {
        let (name, folder) = (Name::new("only-read"), tempfile::tempdir().unwrap());
        let region = Model::create(&name, &model()).unwrap();
        for file in ["all.npz", "all.safetensors"] {
            let file = folder.path().join(file);
            shma(&["export", &name, text(&file)]).done();
            let made = Made(Name::new("only-some"));
            let only = ["--only", "hits", "--only", "layers.0"];
            shma(&[&["create", &made.0, "--from", text(&file)][..], &only].concat()).done();
            assert_eq!(fields(&made.0).len(), 2);
            assert_eq!(shma(&["get", &made.0, "hits"]).done(), "[5, 6]\n");

            // The file has arrays for which this region has no fields.
            let said = shma(&["import", &made.0, text(&file)]).failed(4);
            assert!(said.contains("has no field"), "{said}");
            shma(&["set", &made.0, "hits", "0"]).done();
            shma(&["import", &made.0, text(&file), "--only", "hits"]).done();
            assert_eq!(shma(&["get", &made.0, "hits"]).done(), "[5, 6]\n");

            region.step.write(&8);
            region.layer.write(&1);
            shma(&["import", &name, text(&file), "--only", "layers.0"]).done();
            assert_eq!((region.step.read(), region.layer.read()), (8, 9));
            region.step.write(&7);

            let missing = Made(Name::new("only-none"));
            let said = shma(&["create", &missing.0, "--from", text(&file), "--only", "layers"]);
            assert!(said.failed(3).contains("there is no array `layers`"));
            assert!(!missing.0.exists());
            let said = shma(&["import", &name, text(&file), "--only", "layers"]).failed(3);
            assert!(said.contains("there is no array `layers`"), "{said}");
        }
    });
}

/// A tensor that can be no field stands in the way of no other.
#[test]
fn what_is_not_chosen_may_be_anything() {
    watched(|| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hub.safetensors");
        let header = r#"{"a b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},"none":{"dtype":"F32","shape":[0],"data_offsets":[12,12]}}"#;
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.bytes());
        bytes.extend([1.0_f32, 2.0, 3.0].into_iter().flat_map(f32::to_le_bytes));
        std::fs::write(&file, bytes).unwrap();
        let made = Made(Name::new("hub"));
        let said = shma(&["create", &made.0, "--from", text(&file)]).failed(4);
        assert!(said.contains("a b") && said.contains("--only"), "{said}");
        shma(&["create", &made.0, "--from", text(&file), "--only", "w"]).done();
        assert_eq!(shma(&["get", &made.0, "w"]).done(), "[2.0, 3.0]\n");
    });
}

#[test]
fn a_field_that_is_not_there_is_named() {
    watched(|| {
        let (name, folder) = (Name::new("only-wrong"), tempfile::tempdir().unwrap());
        let _region = Model::create(&name, &model()).unwrap();
        let npz = folder.path().join("none.npz");
        let saved = folder.path().join("none.safetensors");
        for arguments in [
            ["export", &*name, text(&npz)],
            ["export", &*name, text(&saved)],
            ["checkpoint", &*name, text(&saved)],
            ["info", &*name, "--json"],
        ] {
            let said = shma(&[&arguments[..], &["--only", "wight"]].concat()).failed(3);
            assert!(
                said.contains("no field `wight`") && said.contains("layers.0.weight"),
                "{said}"
            );
        }
        assert!(!npz.exists() && !saved.exists());
    });
}
