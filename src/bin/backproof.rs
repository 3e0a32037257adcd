//! The command line. Wiring only.

use backproof::cli::{self, ExitStatus};

fn main() -> ExitStatus {
    cli::main()
}
