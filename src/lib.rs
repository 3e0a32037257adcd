//! backproof proves, or disproves, that backups on AWS are what policy says they must be.
//!
//! ```text
//! collect ──► inventory ──► facts ──► evaluate ──► report ──► ledger
//!  where        what AWS     things    one question   one value,   what changed
//!  records      said, and    and what  per control,   many         since the
//!  come from    what not     is known  resource and   writers      last run
//!                            of them   evidence
//!                                         ▲
//!             catalog ──► control ──► framework
//! ```
//!
//! # Reading order
//!
//! [`model`] has the words, [`vocabulary`] the facts there can be (`controls/backup.cedarschema`).
//! [`inventory`] reads recorded calls and remembers which were never made; [`facts`] joins them into things, gathered
//! in families that are judged together. [`control`] turns a folder under `controls/` into something that can be
//! asked; built-in ones come parsed, from `controls/built-in.json`. [`framework`] chooses controls, parameters and
//! scope, and [`evaluate`] is the only place that asks Cedar. [`report`] counts what comes out and writes it,
//! [`report_folder`] into files; [`ledger`] records it from run to run. [`collect`] and [`catalog`] read folders,
//! `ledger::sqlite` keeps a file and `ledger::dynamodb` a table.
//!
//! [`event`] reads what AWS says of a change: what is to be judged again because of it, and who did it. [`alert`] makes
//! one message of what moved in the ledger, and [`cost`] estimates what a run costs. `survey` goes through accounts and
//! Regions. [`cli`] and `lambda` are on top.
//!
//! `collect::question` lists what is asked of AWS and of what, `collect::unit` asks one account in one Region,
//! `collect::journal` keeps what was answered until its file is whole, and `aws` is how AWS is reached: the body of an
//! answer goes into the inventory as AWS sent it. `aws::Objects` reads what runs have published, `collect::packed` unpacks
//! what they collected.
//!
//! Recovery points and jobs are too many to be held. Their files are read twice: `inventory::outline` finds out what is
//! not to be seen in a single record, and at the second look every record flows past `evaluate`, on all cores if so
//! wanted (`ordered`). What becomes of a finding is made where it is made and put together in order (`shard`).
//!
//! To follow one recovery point: `inventory::block` finds its line, `inventory::flow` reads it, `evaluate::points` tells
//! it apart from others by as much as decides (`evaluate::point`); of the first of its kind `facts::recovery_point` makes
//! a thing, and `evaluate::ask` asks. `evaluate::fold` keeps what it says of its resource, `report::rows` writes its row.
//!
//! # Invariants
//!
//! * From `model` to `report` everything is pure and synchronous: no files, no clock, no environment.
//!   The evaluation time is an argument. A test holds the direction of all arrows.
//! * A fact that could not be learned is missing, never a default. A policy that looks at it errs, even through `has`,
//!   `hasTag` and `in`, where Cedar alone would say false (`control::rewrite`).
//! * What was never asked is not what is empty: a list that is not whole is a finding, and evidence that may exist in it
//!   is put forward as such.
//! * Nothing turns COMPLIANT because something is missing; that is a property test.
//! * The same inventory, controls, framework and evaluation time give the same bytes, in whatever order its files were
//!   read, on however many threads.
//! * Memory does not grow with recovery points and jobs, but with resources, plans and what is recorded twice.
//! * A call that AWS refused, throttled or answered in part is recorded as such and is never an empty answer.
//! * An older evaluation never overwrites a newer one in the ledger, and nothing is resolved because something is missing.
//! * One broken file, page, record or control never sinks the rest of a run.

pub mod alert;
#[cfg(feature = "aws")]
pub mod aws;
pub mod catalog;
pub mod cli;
pub mod collect;
pub mod control;
pub mod cost;
pub mod evaluate;
pub mod event;
pub mod facts;
pub mod framework;
pub mod inventory;
#[cfg(feature = "lambda")]
pub mod lambda;
pub mod ledger;
pub mod model;
mod ordered;
pub mod report;
pub mod report_folder;
pub mod schedule;
pub mod selection;
pub mod shard;
#[cfg(feature = "aws")]
pub mod survey;
pub mod vault_policy;
pub mod vocabulary;
