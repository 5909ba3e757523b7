//! The name that programs look the library up by: it changes with `SHMA_ABI` only.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libshma.so.1");
}
