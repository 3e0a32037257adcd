//! The functions on AWS. Wiring only.

fn main() -> Result<(), backproof::lambda::Error> {
    backproof::lambda::main()
}
