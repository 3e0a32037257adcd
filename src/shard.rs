//! What becomes of the findings of a run: rows of reports, counts, and what the ledger is to see, made on whichever
//! thread the findings are made, and put together in order.
//!
//! Writes nothing itself.

use crate::evaluate::{EvaluateError, Finding, Shards, evaluate_in_shards};
use crate::facts::Facts;
use crate::framework::Framework;
use crate::ledger::Observed;
use crate::report::Tally;
use crate::report::rows::{RowMaker, Rows};
use crate::vocabulary::Vocabulary;

/// The findings of a piece of a run, in every form that is wanted of them.
pub struct Shard {
    /// Rows of reports, sealed.
    pub rows: Rows,
    /// What they come to.
    pub tally: Tally,
    /// What the ledger is to see; nothing where there is none.
    pub observed: Vec<Observed>,
    is_recorded: bool,
}

impl Shard {
    fn add(&mut self, finding: &Finding<'_>) {
        self.tally.add(finding);
        self.rows.write(finding);
        if self.is_recorded {
            self.observed.push(Observed::of(finding));
        }
    }
}

/// Judges on so many threads, with rows as `maker` makes them and, if `is_recorded`, what a ledger is to see; `done` is
/// handed shard after shard, the same and in the same order whatever the number of threads.
pub fn judge<'a>(
    (frameworks, facts, vocabulary): (&'a [Framework], &'a Facts<'a>, &'a Vocabulary),
    threads: usize,
    maker: &RowMaker,
    is_recorded: bool,
    done: &mut dyn FnMut(Shard),
) -> Result<(), EvaluateError> {
    let begin = || Shard { rows: maker.rows(), tally: Tally::default(), observed: Vec::new(), is_recorded };
    let shards = Shards {
        threads,
        begin: &begin,
        add: &|shard: &mut Shard, finding| shard.add(finding),
        end: &|shard: &mut Shard| shard.rows.seal(),
    };
    evaluate_in_shards(frameworks, facts, vocabulary, &shards, done)
}
