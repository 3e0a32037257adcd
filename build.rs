//! Has the library built anew when a file is added to the built-in controls, which embedding them does not see by itself.

fn main() {
    println!("cargo::rerun-if-changed=controls");
}
