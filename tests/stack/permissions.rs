//! What the template allows is what the functions do.
