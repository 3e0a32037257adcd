//! Has the library built anew when a file is added to the built-in controls, which embedding them does not see by itself.

#[expect(clippy::print_stdout, reason = "that is how Cargo is told")]
fn main() {
    println!("cargo::rerun-if-changed=controls");
}
