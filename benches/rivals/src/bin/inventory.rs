//! `generate FOLDER SHAPE POINTS` writes an estate, `parse FOLDER` only reads one, built as the program itself is.

#[path = "../../../shared/estate.rs"]
mod estate;
#[path = "../../../shared/inventory.rs"]
mod inventory;

fn main() -> inventory::Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = inventory::asked(&arguments)?;
    done.then_some(()).ok_or_else(|| "expected generate FOLDER SHAPE POINTS, or parse FOLDER".into())
}
