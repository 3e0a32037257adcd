//! backproof
pub mod catalog;
pub mod cli;
pub mod collect;
pub mod control;
pub mod evaluate;
pub mod facts;
pub mod framework;
pub mod inventory;
pub mod model;
pub mod report;
pub mod vocabulary;
