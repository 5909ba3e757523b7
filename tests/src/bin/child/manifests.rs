//! A process that reads manifest after manifest, as a monitor does.

use shma_core::Manifest;
use shma_core::inspect::read_manifest;
use shma_core::private::{FieldSpec, lay_out};

use crate::say;

/// As deep as an array may be, so that there is much to keep.
type Deep = [[[[[[[[[[[[[[[[u8; 1]; 1]; 1]; 1]; 1]; 1]; 1]; 1]; 1]; 1]; 1]; 1]; 1]; 1]; 1]; 1];

/// Reads many texts, each of another layout and each once more without its end. Says how many KiB
/// they had, and how many KiB this process has grown by.
pub fn read_many() {
    let fields = lay_out([FieldSpec::of::<Deep>("any"); 16]);
    let letters = b"abcdefghijklmnop";
    let (mut texts, before) = (0, resident_kib());
    for i in 0..8_000 {
        let names: Vec<String> =
            letters.iter().map(|letter| format!("{}{i}", char::from(*letter))).collect();
        let mut fields = fields;
        for (field, name) in fields.iter_mut().zip(&names) {
            field.name = name;
        }
        let text = Manifest::new("State", &fields).to_json();
        texts += text.len() >> 10;
        let read = read_manifest("saved", text.as_bytes()).unwrap();
        assert_eq!(read.get().fields[1].name, names[1]);
        let broken = read_manifest("saved", &text.as_bytes()[..text.len() - 1]);
        assert!(broken.is_err());
    }
    say(&format!("{texts} {}", resident_kib().saturating_sub(before)));
}

fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
