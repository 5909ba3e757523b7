//! Compiles the loops in C, as a program in C is compiled.

fn main() {
    println!("cargo::rerun-if-changed=src/peers/shma_c.c");
    println!("cargo::rerun-if-changed=../shma-capi/include/shma.h");
    cc::Build::new()
        .file("src/peers/shma_c.c")
        .include("../shma-capi/include")
        .opt_level(3)
        .std("c99")
        .warnings_into_errors(true)
        .compile("shma_bench_c");
}
