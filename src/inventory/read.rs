//! Reading the files of an inventory, one at a time, whatever is in them.
//!
//! Never fails: what cannot be read is a [`Problem`], and what it would have said counts as not looked at.
//! Opens nothing by itself; whoever walks the folder or the bucket hands in a path and its bytes.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::mem;

use jiff::Timestamp;
use serde_json::Value;

use super::block::{Block, each_block};
use super::bounded::{BoundedStrings, Line, MAX_LINE_BYTES, read_line, skip_byte_order_mark};
use super::coverage::{Call, CallError};
use super::flow::{Flow, Items, Recording, flows, read_items, reading_order};
use super::line::{Asked, At, Ended, Response, asked, plain_call, subject_of};
use super::once::Once;
use super::operation::Operation;
use super::organization::OrganizationAccount;
use super::outline::{Found, Outline, OutlineOfAnswer, Wants, outline};
use super::page::{Page, read_item, read_page};
use super::path::{Form, RecordedPath, recorded_path};
use super::problem::Problem;
use super::record::{OrganizationMember, Record, Recorded, ResourceTagMapping, ServiceItem, Tag, Text};
use super::service::resources_of;
use super::twice::Seen;
use super::{Estate, Inventory};
use crate::ordered::{Work, in_order};

/// Reads recorded calls into an [`Inventory`], in the [order](super::reading_order) that files must be read in.
#[derive(Debug, Default)]
pub struct InventoryReader {
    inventory: Inventory,
    threads: usize,
    wants: Wants,
    seen: Seen,
}

/// Reads files that are in memory, by path, with jobs that had not ended at a time.
pub fn read_from_memory(
    files: BTreeMap<String, Vec<u8>>,
    threads: usize,
    jobs_since: Timestamp,
) -> Inventory {
    let mut reader = InventoryReader::new(threads, jobs_since);
    let mut paths: Vec<&String> = files.keys().collect();
    paths.sort_by_cached_key(|it| reading_order(it));
    for path in paths {
        if reader.wants(path) {
            reader.read(path, &mut files.get(path).map(Vec::as_slice).unwrap_or_default());
        }
    }
    reader.finish(files)
}

impl InventoryReader {
    /// Reads on so many threads, and keeps those jobs that had not ended at a time, with what stands behind them;
    /// [`InventoryReader::default`] keeps all, and starts no thread.
    pub fn new(threads: usize, jobs_since: Timestamp) -> Self {
        Self { threads, wants: Wants::since(jobs_since), ..Self::default() }
    }

    /// Records something that kept a file or folder from being read.
    pub fn add_problem(&mut self, problem: Problem) {
        self.inventory.problems.push(problem);
    }

    /// Whether a file with this path holds calls that are read; a path that is in the wrong place is reported.
    pub fn wants(&mut self, path: &str) -> bool {
        match recorded_path(path) {
            Ok(found) => found.is_some(),
            Err(problem) => {
                self.add_problem(problem);
                false
            }
        }
    }

    /// Records that a file which should have been read could not be opened.
    pub fn unreadable(&mut self, path: &str, why: &str) {
        self.add_problem(Problem::with_file(path, why));
        if let Ok(Some(recorded)) = recorded_path(path) {
            let coverage = &mut self.inventory.coverage;
            coverage.damaged_file(&recorded.place, recorded.operation, format!("{path}: {why}"));
        }
    }

    /// Reads one file; `path` is relative to the inventory, with `/` between its parts.
    pub fn read(&mut self, path: &str, input: &mut dyn BufRead) {
        let Ok(Some(recorded)) = recorded_path(path) else {
            return;
        };
        let file = self.inventory.add_file(path);
        self.inventory.estates.entry(recorded.place.clone()).or_default();
        let mut at = At { path, line: None, file };
        skip_byte_order_mark(input);
        match recorded.form {
            _ if flows(recorded.operation) => self.read_flow(recorded, at, input),
            Form::Calls => self.read_calls(&recorded, &mut at, input),
            Form::Response => {
                let mut bytes = BoundedStrings::new(input);
                self.read_response(plain_call(&recorded), &at, Response::Bytes(&mut bytes), true);
            }
        }
    }

    /// The inventory, in an order that does not depend on the order of reading; `recording` opens its files again.
    pub fn finish(mut self, recording: impl Recording + 'static) -> Inventory {
        let inventory = &mut self.inventory;
        inventory.flows.sort_by(|a, b| a.path.cmp(&b.path));
        inventory.recording = Some(Box::new(recording));
        inventory.twice = self.seen.twice();
        if let Err(error) = inventory.hold_twice() {
            inventory.problems.push(Problem::with_file(&error.path, error.to_string()));
        }
        inventory.settle();
        self.inventory
    }

    /// Looks for the first time at a file of what flows past.
    fn read_flow(&mut self, recorded: RecordedPath, at: At<'_>, input: &mut dyn BufRead) {
        let mut flow = Flow::new(at.path, at.file, recorded.clone());
        let mut wants = mem::take(&mut self.wants);
        let mut wanted = Vec::new();
        if recorded.form == Form::Calls {
            let work = Work {
                begin: &|| (),
                piece: &|(), block: Block| outline(&recorded, at.file, &block, &wants),
                end: &|()| (),
            };
            let mut give = |give: &mut dyn FnMut(Block)| each_block(input, give);
            in_order(self.threads, &work, &mut give, &mut |outlines: Vec<Outline>| {
                for outline in outlines {
                    self.take(&recorded, at, outline, &mut flow, &mut wanted);
                }
            });
        } else {
            let mut call = plain_call(&recorded);
            let mut bytes = BoundedStrings::new(input);
            // A listing without a request takes its vault from the recovery points, if they all name one.
            let (mut first, mut same, mut count): (Option<Text>, bool, usize) = (None, true, 0);
            let read = read_items(Response::Bytes(&mut bytes), call.operation, at.file, &mut |mut items| {
                let vault = items.only_vault().cloned();
                same &= vault.is_some() && first.as_ref().is_none_or(|it| vault.as_ref() == Some(it));
                first = first.take().or(vault);
                items.name_vault(&call.subject);
                let found = items.find(&wants);
                count += found.count;
                wanted.push(self.keep_found(&recorded, found, &mut flow));
            });
            if let (Some(vault), true) = (first, same) {
                call.subject = vault.into();
            }
            self.keep_answer(&call, &at, read.map_err(|it| it.to_string()), count);
        }
        for items in wanted {
            items.want(&mut wants);
            if let Some(estate) = self.inventory.estates.get_mut(&recorded.place) {
                items.hold(estate);
            }
        }
        self.wants = wants;
        self.inventory.flows.push(flow);
    }

    /// Takes in what the first look at a line found.
    fn take(
        &mut self,
        recorded: &RecordedPath,
        at: At<'_>,
        outline: Outline,
        flow: &mut Flow,
        wanted: &mut Vec<Items>,
    ) {
        let at = At { line: Some(outline.line), ..at };
        let of = match outline.call {
            Ok(of) => of,
            Err(why) => return self.lose(recorded, &at, &why),
        };
        match of.ended {
            OutlineOfAnswer::Refused(error) => self.read_error(&of.call, error),
            OutlineOfAnswer::Answered(page, found) => {
                self.keep_limits(&of.call, &at, of.filter.as_deref(), of.windows);
                let count = found.iter().map(|it| it.count).sum();
                wanted.extend(found.into_iter().map(|it| self.keep_found(recorded, it, flow)));
                self.keep_answer(&of.call, &at, page, count);
            }
        }
    }

    /// Keeps what was found of some items, and gives back those that reports on jobs may need.
    fn keep_found(&mut self, recorded: &RecordedPath, found: Found, flow: &mut Flow) -> Items {
        flow.add(&found);
        found.digests.iter().for_each(|it| self.seen.add(*it));
        let estate = self.inventory.estates.entry(recorded.place.clone()).or_default();
        estate.unlinked.extend(found.unlinked.into_iter().map(|it| (recorded.operation.name, it)));
        found.wanted
    }

    fn read_calls(&mut self, recorded: &RecordedPath, at: &mut At<'_>, input: &mut dyn BufRead) {
        let mut buffer = Vec::new();
        let mut number = 0;
        loop {
            number += 1;
            at.line = Some(number);
            match read_line(input, &mut buffer) {
                Ok(Line::End) => return,
                Ok(Line::Read) => match std::str::from_utf8(&buffer) {
                    Ok(text) if text.trim().is_empty() => {}
                    Ok(text) => self.read_call(recorded, at, text),
                    Err(_) => self.lose(recorded, at, "is not UTF-8"),
                },
                Ok(Line::TooLong) => {
                    let why = format!("is longer than {} MiB", MAX_LINE_BYTES >> 20);
                    self.lose(recorded, at, &why);
                }
                Err(error) => return self.lose(recorded, at, &format!("could not be read: {error}")),
            }
        }
    }

    /// A line or file of which nothing is known but its operation.
    fn lose(&mut self, recorded: &RecordedPath, at: &At<'_>, why: &str) {
        let problem = at.problem(None, why);
        let coverage = &mut self.inventory.coverage;
        coverage.damaged_file(&recorded.place, recorded.operation, problem.to_string());
        self.add_problem(problem);
    }

    fn read_call(&mut self, recorded: &RecordedPath, at: &At<'_>, text: &str) {
        let Asked { call, filter, windows, ended } = match asked(recorded, text) {
            Ok(asked) => asked,
            Err(why) => return self.lose(recorded, at, &why),
        };
        match ended {
            Ended::Refused(error) => self.read_error(&call, error),
            Ended::Answered(text) => {
                self.keep_limits(&call, at, filter.as_deref(), windows);
                self.read_response(call, at, Response::Text(text), false);
            }
        }
    }

    /// Keeps what a request left out of its list.
    fn keep_limits(
        &mut self,
        call: &Call,
        at: &At<'_>,
        filter: Option<&str>,
        windows: Vec<(&'static str, Option<crate::model::Time>)>,
    ) {
        if let Some(filter) = filter {
            let why = format!("{at}: asked with `{filter}`, so the list is not whole");
            self.inventory.coverage.damaged(call, why);
        }
        if !windows.is_empty() {
            let estate = self.inventory.estates.entry(call.place.clone()).or_default();
            let named = windows.into_iter().map(|(parameter, time)| (call.operation.name, parameter, time));
            estate.job_windows.extend(named);
        }
    }

    fn read_error(&mut self, call: &Call, error: CallError) {
        if error.code == "AWSOrganizationsNotInUseException" {
            self.inventory.organization.add_standalone(call.place.account);
        }
        self.inventory.coverage.refused(call, error);
    }

    /// Reads one response; `plain_form` if it stands alone, without the request that would say of what it is.
    fn read_response(&mut self, mut call: Call, at: &At<'_>, response: Response<'_>, plain_form: bool) {
        let before = self.inventory.estate(&call.place).counts();
        let read = match call.operation.list {
            Some(_) => self.read_list(&mut call, at, response, plain_form),
            None => self.read_document(&mut call, at, response),
        };
        let kept = self.inventory.estate(&call.place).counts() - before;
        self.keep_answer(&call, at, read.map_err(|it| it.to_string()), kept);
    }

    /// Keeps how an answer was read, and how many items of it before it could not be.
    fn keep_answer(&mut self, call: &Call, at: &At<'_>, read: Result<Page, String>, count: usize) {
        match read {
            Ok(page) => self.keep_page(call, at, page),
            Err(error) => {
                let problem = at.problem(None, &format!("could not be read: {error}"));
                self.inventory.coverage.damaged(call, problem.to_string());
                let kept = match count {
                    0 => String::new(),
                    count => format!(" ({count} items before that were read)"),
                };
                self.add_problem(Problem { message: format!("{}{kept}", problem.message), ..problem });
            }
        }
    }

    fn keep_page(&mut self, call: &Call, at: &At<'_>, page: Page) {
        for (field, why) in &page.lost {
            self.add_problem(at.problem(Some(field.clone()), why));
        }
        if let Some(list) = call.operation.list
            && !page.has_list
        {
            let problem = at.problem(None, &format!("the response has no `{list}`"));
            self.inventory.coverage.damaged(call, problem.to_string());
            self.add_problem(problem);
            return;
        }
        if page.incomplete {
            let why = format!("{at}: holds an item that could not be read");
            self.inventory.coverage.damaged(call, why);
        }
        let source = (at.path.to_owned(), at.line);
        self.inventory.coverage.answered(call, page.next, page.members, source);
    }

    fn read_list(
        &mut self,
        call: &mut Call,
        at: &At<'_>,
        response: Response<'_>,
        plain_form: bool,
    ) -> Result<Page, serde_json::Error> {
        let operation = call.operation;
        let file = at.file;
        let estate = self.inventory.estates.entry(call.place.clone()).or_default();
        match operation.name {
            "backup.list-backup-vaults" => read_into(response, operation, file, &mut estate.backup_vaults),
            "backup.list-protected-resources" => {
                read_into(response, operation, file, &mut estate.protected_resources)
            }
            "backup.list-backup-plans" => read_into(response, operation, file, &mut estate.backup_plans),
            "backup.list-backup-selections" => {
                let first = estate.backup_selections.len();
                let page = read_into(response, operation, file, &mut estate.backup_selections)?;
                name_plan(estate, first, call, plain_form);
                Ok(page)
            }
            "resourcegroupstaggingapi.get-resources" => {
                let mut mappings: Vec<Recorded<ResourceTagMapping>> = Vec::new();
                let page = read_into(response, operation, file, &mut mappings)?;
                for mapping in mappings {
                    estate.keep_tag_mapping(mapping);
                }
                Ok(page)
            }
            "backup.list-restore-testing-plans" => {
                read_into(response, operation, file, &mut estate.restore_testing_plans)
            }
            _ if !operation.lists.is_empty() => {
                read_resources(response, call, estate, (file, &self.inventory.files))
            }
            "organizations.list-accounts"
            | "organizations.list-accounts-for-parent"
            | "organizations.list-organizational-units-for-parent"
            | "organizations.list-parents"
            | "organizations.list-roots" => {
                let mut members = Vec::new();
                let page = read_into(response, operation, file, &mut members)?;
                self.keep_members(call, members);
                Ok(page)
            }
            // Evidence that no fact is made of: that it was asked for, and how that ended, is all that is kept.
            _ => read_each::<ServiceItem>(response, operation, file, &mut |_| ()),
        }
    }

    /// Accounts, units and roots of the organization.
    fn keep_members(&mut self, call: &Call, members: Vec<Recorded<OrganizationMember>>) {
        let organization = &mut self.inventory.organization;
        for recorded in members {
            let unreadable =
                ["Name", "State", "Status"].iter().any(|it| recorded.why_unreadable(it).is_some());
            let member = recorded.value;
            match call.operation.name {
                "organizations.list-parents" => {
                    organization.add_parent(&call.subject, &member.id);
                    continue;
                }
                "organizations.list-accounts" | "organizations.list-accounts-for-parent" => {
                    let state = member.state.or(member.status);
                    if let (Ok(id), Some(name), Some(state), false) =
                        (member.id.parse(), member.name, state, unreadable)
                    {
                        let account =
                            OrganizationAccount { name: Some(name.into()), state: Some(state.into()) };
                        organization.add_account(id, account);
                    }
                }
                _ => {
                    organization.add_unit(&member.id, member.name.as_deref().unwrap_or_default());
                }
            }
            if call.operation.subject == ["ParentId"] && !call.subject.is_empty() {
                organization.add_parent(&member.id, &call.subject);
            }
        }
    }

    fn read_document(
        &mut self,
        call: &mut Call,
        at: &At<'_>,
        response: Response<'_>,
    ) -> Result<Page, serde_json::Error> {
        let Once(value) = match response {
            Response::Text(text) => serde_json::from_str(text)?,
            Response::Bytes(bytes) => serde_json::from_reader(bytes)?,
        };
        // A response without its request often says of what it is; that counts more than what its file is called after.
        if !call.says_subject
            && let Some(subject) = subject_of(call.operation, &value)
        {
            call.subject = subject;
        }
        let estate = self.inventory.estates.entry(call.place.clone()).or_default();
        let text = value.to_string();
        let subject = call.subject.clone();
        let read = match call.operation.name {
            _ if !value.is_object() => Err("the response is not a JSON object".to_owned()),
            "backup.describe-backup-vault" => keep(&text, at, |it| estate.backup_vault_details.push(it)),
            "backup.describe-protected-resource" => keep(&text, at, |it| {
                estate.protected_resource_details.push((subject, it));
            }),
            "backup.get-backup-plan" => keep(&text, at, |it| estate.backup_plan_bodies.push((subject, it))),
            "backup.get-backup-selection" => keep(&text, at, |it| {
                estate.backup_selection_bodies.push((subject, it));
            }),
            "backup.get-backup-vault-access-policy" => keep(&text, at, |it| {
                estate.access_policies.push((subject, it));
            }),
            "backup.list-tags" => {
                estate.keep_tags(&subject, value.get("Tags"));
                Ok(Vec::new())
            }
            "backup.describe-global-settings"
            | "backup.describe-region-settings"
            | "backup.get-supported-resource-types"
            | "organizations.describe-organization" => {
                estate.settings.push((call.operation.name, value));
                Ok(Vec::new())
            }
            _ => Ok(Vec::new()),
        };
        Ok(match read {
            Ok(lost) => {
                if let Some((field, why)) = lost.first() {
                    let problem = at.problem(Some(field.clone()), why);
                    self.inventory.coverage.damaged(call, problem.to_string());
                }
                Page { lost, ..Page::default() }
            }
            Err(why) => {
                let problem = at.problem(None, &why);
                self.inventory.coverage.damaged(call, problem.to_string());
                self.add_problem(problem);
                Page::default()
            }
        })
    }
}

type Lost = Vec<(String, String)>;

fn keep<T: Record>(text: &str, at: &At<'_>, sink: impl FnOnce(Recorded<T>)) -> Result<Lost, String> {
    read_item::<T>(text, at.file).map(|(record, lost)| {
        sink(record);
        lost
    })
}

fn read_into<T: Record>(
    response: Response<'_>,
    operation: &'static Operation,
    file: u32,
    records: &mut Vec<Recorded<T>>,
) -> Result<Page, serde_json::Error> {
    read_each(response, operation, file, &mut |record| records.push(record))
}

/// A service's own list of its resources.
fn read_resources(
    response: Response<'_>,
    call: &Call,
    estate: &mut Estate,
    (file, files): (u32, &[String]),
) -> Result<Page, serde_json::Error> {
    let operation = call.operation;
    let mut lost = Vec::new();
    let mut index = 0;
    let mut whole = true;
    let mut page = read_each::<ServiceItem>(response, operation, file, &mut |item| {
        match resources_of(operation.name, &item.value.value, &call.place) {
            _ if !item.is_whole() => whole = false,
            Ok(found) => found.into_iter().for_each(|it| estate.keep_listed(it, file, files)),
            Err(why) => lost.push((format!("{}[{index}]", operation.list.unwrap_or_default()), why)),
        }
        index += 1;
    })?;
    page.incomplete |= !lost.is_empty() || !whole;
    page.lost.append(&mut lost);
    Ok(page)
}

pub(super) fn read_each<T: Record>(
    response: Response<'_>,
    operation: &'static Operation,
    file: u32,
    sink: &mut dyn FnMut(Recorded<T>),
) -> Result<Page, serde_json::Error> {
    match response {
        Response::Text(text) => {
            read_page(&mut serde_json::Deserializer::from_str(text), operation, file, sink)
        }
        Response::Bytes(bytes) => {
            let mut deserializer = serde_json::Deserializer::from_reader(bytes);
            let page = read_page(&mut deserializer, operation, file, sink)?;
            deserializer.end().map(|()| page)
        }
    }
}

/// Selections know their plan; a listing without a request takes its plan from them.
fn name_plan(estate: &mut Estate, first: usize, call: &mut Call, plain_form: bool) {
    let selections = estate.backup_selections.get_mut(first..).unwrap_or_default();
    if plain_form && let Some(plan) = selections.first().and_then(|it| it.value.backup_plan_id.as_deref()) {
        call.subject = plan.to_owned();
    }
    for selection in selections {
        if selection.value.backup_plan_id.is_none() && !call.subject.is_empty() {
            selection.value.backup_plan_id = Some(call.subject.as_str().into());
        }
    }
}

impl Estate {
    fn keep_tag_mapping(&mut self, mapping: Recorded<ResourceTagMapping>) {
        let readable =
            mapping.why_unreadable("Tags").is_none() && mapping.value.resource_arn.starts_with("arn:");
        let tags = mapping.value.tags.unwrap_or_default();
        let pair = |tag: Tag| Some((tag.key?.into(), tag.value?.into()));
        let pairs: Option<Vec<(String, String)>> = tags.into_iter().map(pair).collect();
        let pairs = pairs.filter(|_| readable);
        self.learn_tags(&mapping.value.resource_arn, pairs);
    }

    fn keep_tags(&mut self, arn: &str, tags: Option<&Value>) {
        let pairs = match tags {
            None | Some(Value::Null) => Some(Vec::new()),
            Some(Value::Object(tags)) => {
                tags.iter().map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
            }
            Some(_) => None,
        };
        self.learn_tags(arn, pairs);
    }
}
