//! Reading the files of an inventory, one at a time, whatever is in them.
//!
//! Never fails: what cannot be read is a [`Problem`], and what it would have said counts as not looked at.
//! Opens nothing; whoever walks the folder or the bucket hands in a path and its bytes.

use std::io::{BufRead, Read};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::bounded::{BoundedStrings, Line, MAX_LINE_BYTES, read_line, skip_byte_order_mark};
use super::coverage::{Call, CallError};
use super::once::Once;
use super::operation::Operation;
use super::organization::OrganizationAccount;
use super::page::{Page, read_item, read_page};
use super::path::{Form, RecordedPath, recorded_path};
use super::problem::Problem;
use super::record::{OrganizationMember, Record, Recorded, ResourceTagMapping, ServiceItem, Tag};
use super::service::resources_of;
use super::{Estate, Inventory};
use crate::model::Time;

/// Reads recorded calls into an [`Inventory`].
#[derive(Debug, Default)]
pub struct InventoryReader {
    inventory: Inventory,
}

/// Where in a file one is.
struct At<'a> {
    path: &'a str,
    line: Option<u64>,
    file: u32,
}

/// A response, as text already read or as bytes still to be read.
enum Response<'a> {
    Text(&'a str),
    Bytes(&'a mut dyn Read),
}

#[derive(Deserialize)]
struct RecordedCall<'a> {
    #[serde(default)]
    request: Option<Once>,
    #[serde(borrow, default)]
    response: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<CallError>,
}

impl InventoryReader {
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
        match recorded.form {
            Form::Calls => self.read_calls(&recorded, &mut at, input),
            Form::Response => {
                let named_after = recorded.subject.clone().unwrap_or_default();
                let has_subject = !recorded.operation.subject.is_empty();
                let call = Call {
                    place: recorded.place.clone(),
                    operation: recorded.operation,
                    says_subject: false,
                    subject: if has_subject { named_after.clone() } else { String::new() },
                    token: None,
                    part: (!named_after.is_empty()).then_some(named_after),
                };
                skip_byte_order_mark(input);
                let mut bytes = BoundedStrings::new(input);
                self.read_response(call, &at, Response::Bytes(&mut bytes), true);
            }
        }
    }

    /// The inventory, in an order that does not depend on the order of reading.
    pub fn finish(mut self) -> Inventory {
        self.inventory.settle();
        self.inventory
    }

    fn read_calls(&mut self, recorded: &RecordedPath, at: &mut At<'_>, input: &mut dyn BufRead) {
        skip_byte_order_mark(input);
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
        let call: RecordedCall<'_> = match serde_json::from_str(text) {
            Ok(call) => call,
            Err(error) => {
                return self.lose(recorded, at, &format!("is not a recorded call: {error}"));
            }
        };
        let Once(request) = call.request.unwrap_or_default();
        if !matches!(request, Value::Null | Value::Object(_)) {
            return self.lose(recorded, at, "holds a `request` that is not an object");
        }
        let operation = recorded.operation;
        let subject = subject_of(operation, &request);
        // A list that is of nothing in particular may stand in several files, whatever they are called after.
        let silent = operation.subject.iter().all(|it| request.get(it).is_none());
        let named_after = recorded.subject.clone().filter(|_| !operation.subject.is_empty() && silent);
        let asked = Call {
            place: recorded.place.clone(),
            operation,
            says_subject: subject.is_some(),
            subject: subject.or(named_after).unwrap_or_default(),
            token: string_member(&request, operation.token.0),
            part: None,
        };
        match (call.response, call.error) {
            (Some(_), Some(_)) => self.lose(recorded, at, "holds both a `response` and an `error`"),
            (None, None) => self.lose(recorded, at, "holds neither a `response` nor an `error`"),
            (None, Some(error)) => self.read_error(&asked, error),
            (Some(response), None) => {
                if let Some(filter) = filter_of(operation, &request) {
                    let why = format!("{at}: asked with `{filter}`, so the list is not whole");
                    self.inventory.coverage.damaged(&asked, why);
                }
                self.keep_windows(&asked, &request);
                self.read_response(asked, at, Response::Text(response.get()), false);
            }
        }
    }

    /// What a list of jobs leaves out because of when they were.
    fn keep_windows(&mut self, call: &Call, request: &Value) {
        let estate = self.inventory.estates.entry(call.place.clone()).or_default();
        for parameter in call.operation.windows.iter().filter(|it| it.starts_with("By")) {
            if let Some(time) = request.get(parameter).filter(|it| !it.is_null()) {
                let time = Time::deserialize(time).ok();
                estate.job_windows.insert((call.operation.name, parameter, time));
            }
        }
    }

    fn read_error(&mut self, call: &Call, error: CallError) {
        if error.code == "AWSOrganizationsNotInUseException" {
            self.inventory.organization.add_standalone(call.place.account);
        }
        self.inventory.coverage.refused(call, error);
    }

    /// Reads one response; `plain` if it stands alone, without the request that would say of what it is.
    fn read_response(&mut self, mut call: Call, at: &At<'_>, response: Response<'_>, plain_form: bool) {
        let before = self.inventory.estate(&call.place).counts();
        let read = match call.operation.list {
            Some(_) => self.read_list(&mut call, at, response, plain_form),
            None => self.read_document(&mut call, at, response),
        };
        match read {
            Ok(page) => self.keep_page(&call, at, page),
            Err(error) => {
                let problem = at.problem(None, &format!("could not be read: {error}"));
                self.inventory.coverage.damaged(&call, problem.to_string());
                let lost = self.inventory.estate(&call.place).counts() - before;
                let kept = match lost {
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
            "backup.list-recovery-points-by-backup-vault" => {
                let first = estate.recovery_points.len();
                let page = read_into(response, operation, file, &mut estate.recovery_points)?;
                name_vault(estate, first, call, plain_form);
                Ok(page)
            }
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
            "backup.list-backup-jobs" => read_into(response, operation, file, &mut estate.backup_jobs),
            "backup.list-copy-jobs" => read_into(response, operation, file, &mut estate.copy_jobs),
            "backup.list-restore-jobs" => read_into(response, operation, file, &mut estate.restore_jobs),
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

fn read_each<T: Record>(
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

/// Recovery points know their vault; a listing without a request takes its vault from them.
fn name_vault(estate: &mut Estate, first: usize, call: &mut Call, plain_form: bool) {
    let points = estate.recovery_points.get_mut(first..).unwrap_or_default();
    if plain_form && let Some(vault) = points.first().and_then(|it| it.value.backup_vault_name.as_deref()) {
        let same = points.iter().all(|it| it.value.backup_vault_name.as_deref() == Some(vault));
        if same {
            call.subject = vault.to_owned();
        }
    }
    for point in points {
        if point.value.backup_vault_name.is_none() && !call.subject.is_empty() {
            point.value.backup_vault_name = Some(call.subject.as_str().into());
        }
    }
}

/// As [`name_vault`], for selections and their plan.
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

impl At<'_> {
    fn problem(&self, field: Option<String>, message: &str) -> Problem {
        Problem { file: self.path.to_owned(), line: self.line, field, message: message.to_owned() }
    }
}

impl std::fmt::Display for At<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.path),
            None => f.write_str(self.path),
        }
    }
}

fn string_member(object: &Value, member: &str) -> Option<String> {
    let text = object.get(member)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

/// Of what a request asks: its subject parameters, joined by a slash.
fn subject_of(operation: &'static Operation, request: &Value) -> Option<String> {
    let parts: Option<Vec<String>> = operation.subject.iter().map(|it| string_member(request, it)).collect();
    parts.filter(|it| !it.is_empty()).map(|it| it.join("/"))
}

/// What services call the size of a page.
const PAGE_SIZES: [&str; 8] = [
    "MaxResults",
    "maxResults",
    "MaxRecords",
    "MaxItems",
    "MaxBuckets",
    "Limit",
    "ResourcesPerPage",
    "PageSize",
];

/// A request parameter that narrows a list, if there is one.
fn filter_of<'a>(operation: &'static Operation, request: &'a Value) -> Option<&'a str> {
    operation.list?;
    let harmless = |name: &str| {
        operation.subject.contains(&name)
            || operation.windows.contains(&name)
            || name == operation.token.0
            || PAGE_SIZES.contains(&name)
    };
    let given = |value: &Value| match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::String(text) => !text.is_empty(),
        Value::Bool(it) => *it,
        _ => true,
    };
    let request = request.as_object()?;
    let filter = request.iter().find(|(name, value)| !harmless(name) && given(value));
    filter.map(|(name, _)| name.as_str())
}
