//! Where inventories come from.
//!
//! Walks and opens; what the bytes mean is `inventory`'s.

pub mod folder;
