//! One selection against one resource, clause by clause: the obvious reading, which the index must equal.

use super::clauses::{Clauses, TagTest};
use super::gates::{Gates, settings_of, unread_opt_in};
use super::outcome::{Clause, Doubt, Failed, Outcome, Unread};
use super::pattern::{Pattern, Reach, service_of};
use super::truth::Truth;
use super::wildcard::Wildcard;
use super::{Candidate, Selection, Settings};

/// Most missing facts that one outcome lists.
const MOST_UNREAD: usize = 8;

/// Whether the selection covers the resource, by which clause, or what is in the way.
///
/// ```text
/// candidate = no Resources and no ListOfTags ? everything : any Resources pattern or any ListOfTags pair
/// covered   = same account and Region, candidate, every condition, no NotResources pattern, no restore test's leftover
/// ```
///
/// A way in that names no resource type (a tag, a service pattern such as `arn:aws:ec2:*`, everything) counts only if
/// the service is opted in. One that names a type (`arn:aws:ec2:*:*:volume/*`, an ARN) overrides that, unless several
/// services share the shape of the resource's ARN (`arn:aws:rds:*:*:cluster:*`, `arn:aws:fsx:*`). For plans of AWS
/// Organizations the management account's opt-in decides. Sources: AWS Backup guide, "Assign resources with AWS CLI",
/// "Select AWS services to backup", "Restore testing", "Managing AWS Backup resources across multiple AWS accounts".
///
/// Where AWS is silent or of two minds:
/// * A negated condition holds for a resource without the tag, as the guide's "except for resources tagged …" has it.
/// * `aws:ResourceTag/key` and the bare `key` mean the same in `ListOfTags` and in `Conditions`: AWS has documented both
///   spellings for both. Other IAM condition keys are undecided.
/// * `*` matches anywhere in a pattern, but no white space.
/// * Undecided where the two readings differ: `?` (itself or any one character), a Region or account left empty (none or
///   any), white space outside ASCII, a lone `*` against a value with a space, a pattern that names half a type.
/// * What the API refuses (the IAM map form, an unknown operator, a pattern that is no ARN) cannot be in an account but
///   can be in a template: the clause is undecided, and [`super::SelectionProblem`] says why.
/// * A service that the opt-in settings do not name is undecided, not opted out.
#[must_use]
pub fn explain(selection: &Selection, resource: &Candidate<'_>, settings: &Settings<'_>) -> Outcome {
    let id = &selection.id;
    if *id.account != *resource.account || *id.region != *resource.region {
        let failed = Failed::Elsewhere { account: id.account.clone(), region: id.region.clone() };
        return Outcome::NotCovered { failed };
    }
    let pair = Pair { selection, resource, settings, gates: Gates::new(resource, settings) };
    pair.judge().unwrap_or_else(|failed| Outcome::NotCovered { failed })
}

struct Pair<'a> {
    selection: &'a Selection,
    resource: &'a Candidate<'a>,
    settings: &'a Settings<'a>,
    gates: Gates,
}

impl Pair<'_> {
    fn judge(&self) -> Result<Outcome, Failed> {
        if self.gates.restore_test == Truth::Yes {
            return Err(Failed::RestoreTest);
        }
        let mut unread = Vec::new();
        if self.gates.restore_test == Truth::Unknown {
            unread.push(Unread::RestoreTestTag);
        }
        let Some(clauses) = &self.selection.clauses else {
            unread.push(Unread::Selection);
            return Ok(Outcome::Undecided { unread });
        };
        let via = self.reach(clauses, &mut unread)?;
        self.exclude(clauses, &mut unread)?;
        self.refine(clauses, &mut unread)?;
        Ok(match via {
            Some(via) if unread.is_empty() => Outcome::Covered { via },
            _ => Outcome::Undecided { unread },
        })
    }

    /// Follows every way into the selection (`Resources`, `ListOfTags`, or everything) until one certainly leads in.
    fn reach(&self, clauses: &Clauses, unread: &mut Vec<Unread>) -> Result<Option<Clause>, Failed> {
        let mut ways = Ways { pair: self, unread: Vec::new(), shut: None };
        if clauses.reach_everything()
            && let Some(via) = ways.take(Clause::Everything, Ok(Truth::Yes), Reach::Service)
        {
            return Ok(Some(via));
        }
        for pattern in &clauses.resources {
            let clause = Clause::Resources { pattern: pattern.text.clone() };
            let (matched, reach) = match &pattern.reading {
                Ok(reading) => (self.arn_truth(&reading.wildcard), reading.reach),
                // What was meant may well be a resource's ARN, which the opt-in would not stop.
                Err(problem) => (Err(Doubt::Malformed(problem.clone())), Reach::Type),
            };
            if let Some(via) = ways.take(clause, matched.map_err(Some), reach) {
                return Ok(Some(via));
            }
        }
        for tag_pair in &clauses.list_of_tags {
            let matched = match &tag_pair.test {
                Ok(test) => self.tag_truth(test),
                Err(problem) => Err(Some(Doubt::Malformed(problem.clone()))),
            };
            if let Some(via) = ways.take(tag_pair.clause(), matched, Reach::Service) {
                return Ok(Some(via));
            }
        }
        if !ways.unread.is_empty() {
            for missing in ways.unread {
                note(unread, missing);
            }
            return Ok(None);
        }
        Err(match ways.shut {
            Some(via) => Failed::OptIn {
                via,
                service: self.resource.opt_in_name.into(),
                settings: settings_of(&self.selection.id),
            },
            None => self.not_reached(clauses),
        })
    }

    /// Whether a pattern matches the resource's ARN, or the doubt about it.
    fn arn_truth(&self, pattern: &Wildcard) -> Result<Truth, Doubt> {
        match pattern.matches(self.resource.arn) {
            Truth::Unknown => Err(Doubt::Match { text: self.resource.arn.into() }),
            known => Ok(known),
        }
    }

    /// A tag test's truth, or what makes it unknown: unread tags (`None`) or a doubt.
    fn tag_truth(&self, test: &TagTest) -> Result<Truth, Option<Doubt>> {
        match test.holds(self.resource.tags) {
            Truth::Unknown => {
                Err(test.found(self.resource.tags).map(|value| Doubt::Match { text: value.into() }))
            }
            known => Ok(known),
        }
    }

    fn exclude(&self, clauses: &Clauses, unread: &mut Vec<Unread>) -> Result<(), Failed> {
        for pattern in &clauses.not_resources {
            let clause = Clause::NotResources { pattern: pattern.text.clone() };
            let doubt = match &pattern.reading {
                Err(problem) => Doubt::Malformed(problem.clone()),
                Ok(reading) => match self.arn_truth(&reading.wildcard) {
                    Ok(Truth::Yes) => return Err(Failed::Excluded { clause }),
                    Ok(_) => continue,
                    Err(doubt) => doubt,
                },
            };
            note(unread, Unread::Clause { clause, because: doubt });
        }
        Ok(())
    }

    fn refine(&self, clauses: &Clauses, unread: &mut Vec<Unread>) -> Result<(), Failed> {
        for condition in &clauses.conditions {
            let missing = match &condition.test {
                Err(problem) => Some(Doubt::Malformed(problem.clone())),
                Ok((polarity, test)) => match self.tag_truth(test) {
                    Ok(holds) if polarity.apply(holds) == Truth::Yes => continue,
                    Ok(_) => {
                        let found = test.found(self.resource.tags).map(Into::into);
                        return Err(Failed::Condition { clause: condition.clause(), found });
                    }
                    Err(missing) => missing,
                },
            };
            note(unread, missing_fact(condition.clause(), missing));
        }
        Ok(())
    }

    fn not_reached(&self, clauses: &Clauses) -> Failed {
        let with_key = clauses.list_of_tags.iter().find_map(|pair| {
            let found = pair.test.as_ref().ok()?.found(self.resource.tags)?;
            Some((pair.clause(), Some(found.into())))
        });
        let service = service_of(self.resource.arn);
        let of_service = |pattern: &&Pattern| pattern.service().is_some() && pattern.service() == service;
        let resources = || {
            let pattern = clauses.resources.iter().find(of_service).or(clauses.resources.first())?;
            Some((Clause::Resources { pattern: pattern.text.clone() }, None))
        };
        let tags = || clauses.list_of_tags.first().map(|pair| (pair.clause(), None));
        let (closest, found) =
            with_key.or_else(resources).or_else(tags).unwrap_or((Clause::Everything, None));
        Failed::NotReached { clauses: clauses.resources.len() + clauses.list_of_tags.len(), closest, found }
    }
}

/// The ways into a selection while they are being tried.
struct Ways<'a> {
    pair: &'a Pair<'a>,
    /// For want of these, a way may or may not lead in.
    unread: Vec<Unread>,
    /// First clause that would lead in, were the service opted in.
    shut: Option<Clause>,
}

impl Ways<'_> {
    /// Tries one way; gives the clause back if it certainly leads in.
    fn take(
        &mut self,
        clause: Clause,
        matched: Result<Truth, Option<Doubt>>,
        reach: Reach,
    ) -> Option<Clause> {
        let Pair { selection, resource, settings, gates } = self.pair;
        let truth = matched.as_ref().copied().unwrap_or(Truth::Unknown);
        let admitted = gates.admits(reach, selection.id.is_of_organization());
        match truth.and(admitted) {
            Truth::Yes => return Some(clause),
            Truth::No => {
                if truth != Truth::No {
                    self.shut.get_or_insert(clause);
                }
                return None;
            }
            Truth::Unknown => {}
        }
        if let Err(missing) = matched {
            note(&mut self.unread, missing_fact(clause.clone(), missing));
        }
        if admitted == Truth::Unknown {
            let missing = unread_opt_in(resource, settings, settings_of(&selection.id))
                .unwrap_or_else(|because| Unread::Clause { clause, because });
            note(&mut self.unread, missing);
        }
        None
    }
}

fn missing_fact(clause: Clause, doubt: Option<Doubt>) -> Unread {
    doubt.map_or(Unread::Tags, |because| Unread::Clause { clause, because })
}

fn note(unread: &mut Vec<Unread>, missing: Unread) {
    if unread.len() < MOST_UNREAD && !unread.contains(&missing) {
        unread.push(missing);
    }
}
