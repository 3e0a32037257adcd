//! Rows of a run's reports, formatted wherever findings are made, on any thread.
//!
//! A finding becomes bytes at once, one chunk of rows for each report; whoever has the files appends the chunks in order.
//! What findings of a control, or of an account and Region, have in common is formatted once and then copied.

use std::sync::Arc;

use jiff::Timestamp;

use super::chunk::{Chunk, Form};
#[cfg(feature = "parquet")]
use super::columns::Columns;
use super::{Report, findings, resource_compliance};
use crate::evaluate::Finding;
use crate::model::Place;

/// How reports are written into files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Files {
    /// Whether CSV, JSON and NDJSON are compressed with gzip.
    pub compress: bool,
    /// Whether findings are written as Parquet too.
    #[cfg(feature = "parquet")]
    pub parquet: bool,
    /// The most bytes of a file; what is longer goes into further ones.
    pub part_bytes: u64,
}

impl Default for Files {
    /// As AWS does: nothing is compressed, and files are split at 50 MB
    /// (AWS Backup Developer Guide, "Working with audit reports").
    fn default() -> Self {
        Self {
            compress: false,
            #[cfg(feature = "parquet")]
            parquet: false,
            part_bytes: 50_000_000,
        }
    }
}

/// How every finding is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Printed {
    /// A line of CSV each; the header is not among the rows.
    Csv,
    /// JSON objects on lines of their own, a comma after each but the last of a chunk.
    Json,
    /// A line of JSON each.
    Lines,
}

/// What makes rows for the reports of a run; cheap to clone, and for all threads.
#[derive(Clone, Debug)]
pub struct RowMaker(Arc<Plan>);

#[derive(Clone, Debug)]
struct Plan {
    at: Timestamp,
    /// The evaluation time as reports say it.
    time: String,
    /// The frameworks' names, in the order of the run.
    frameworks: Vec<String>,
    files: Option<Files>,
    printed: Option<Printed>,
}

impl RowMaker {
    /// What makes rows of which nothing is written or printed.
    pub fn of(report: &Report<'_>) -> Self {
        let at = report.basis.at;
        let frameworks = report.frameworks.iter().map(|it| it.name.clone()).collect();
        Self(Arc::new(Plan { at, time: at.to_string(), frameworks, files: None, printed: None }))
    }

    /// With rows for files.
    pub fn writing(&self, files: Files) -> Self {
        Self(Arc::new(Plan { files: Some(files), ..Plan::clone(&self.0) }))
    }

    /// With rows that are printed.
    pub fn printing(&self, printed: Option<Printed>) -> Self {
        Self(Arc::new(Plan { printed, ..Plan::clone(&self.0) }))
    }

    /// How files are written, if they are.
    pub fn files(&self) -> Option<Files> {
        self.0.files
    }

    /// The evaluation time.
    pub fn at(&self) -> Timestamp {
        self.0.at
    }

    /// Empty rows.
    pub fn rows(&self) -> Rows {
        let plan = &self.0;
        let chunk = |form| Chunk::new(form, plan.files.is_some_and(|it| it.compress));
        let of_framework = |_: &String| Resources {
            csv: chunk(Form::Csv(&resource_compliance::FIELDS)),
            json: chunk(Form::Json),
        };
        let files = plan.files.map(|_| FileRows {
            findings: chunk(Form::Lines),
            resources: plan.frameworks.iter().map(of_framework).collect(),
        });
        let printed = plan.printed.map(|it| {
            let form = match it {
                Printed::Csv => Form::Csv(&findings::FIELDS),
                Printed::Json => Form::Json,
                Printed::Lines => Form::Lines,
            };
            (it, Chunk::new(form, false))
        });
        #[cfg(feature = "parquet")]
        let columns = plan.files.filter(|it| it.parquet).map(|_| Columns::new(plan.at));
        Rows {
            plan: Arc::clone(plan),
            files,
            printed,
            #[cfg(feature = "parquet")]
            columns,
            controls: Vec::new(),
            control: 0,
            place: OfPlace::default(),
        }
    }
}

/// Rows of a run's reports, in order.
#[derive(Debug)]
pub struct Rows {
    plan: Arc<Plan>,
    files: Option<FileRows>,
    printed: Option<(Printed, Chunk)>,
    #[cfg(feature = "parquet")]
    columns: Option<Columns>,
    /// What is known of controls that were met, and the place of the last one there.
    controls: Vec<OfControl>,
    control: usize,
    place: OfPlace,
}

/// Rows that go into files.
#[derive(Debug)]
struct FileRows {
    findings: Chunk,
    /// By framework, in the order of the run.
    resources: Vec<Resources>,
}

/// Rows of a framework's resource compliance reports.
#[derive(Debug)]
pub struct Resources {
    /// The CSV's.
    pub csv: Chunk,
    /// The JSON's.
    pub json: Chunk,
}

/// What the rows of a framework's control have in common.
#[derive(Debug)]
struct OfControl {
    framework: String,
    control: String,
    /// The framework's place in the order of the run.
    index: Option<usize>,
    ndjson: Vec<u8>,
    csv: Vec<u8>,
    json: Vec<u8>,
}

/// What the rows of an account and Region have in common.
#[derive(Debug, Default)]
struct OfPlace {
    place: Option<Place>,
    ndjson: Vec<u8>,
    csv: Vec<u8>,
    json: Vec<u8>,
}

impl Rows {
    /// Writes a finding wherever it belongs.
    pub fn write(&mut self, finding: &Finding<'_>) {
        let row = findings::Row::of(finding);
        self.write_files(finding, &row);
        #[cfg(feature = "parquet")]
        if let Some(columns) = &mut self.columns {
            columns.push(&row);
        }
        if let Some((printed, chunk)) = &mut self.printed {
            let output = chunk.row();
            match printed {
                Printed::Csv => row.write_csv(output),
                Printed::Json => row.write_json(output),
                Printed::Lines => {
                    row.write_json(output);
                    output.push(b'\n');
                }
            }
        }
    }

    fn write_files(&mut self, finding: &Finding<'_>, row: &findings::Row<'_>) {
        if self.files.is_none() {
            return;
        }
        let plan = Arc::clone(&self.plan);
        let resource = resource_compliance::Row::of(finding, &plan.time);
        self.meet(finding, row, &resource);
        let (Some(files), Some(control)) = (&mut self.files, self.controls.get(self.control)) else {
            return;
        };
        let output = files.findings.row();
        output.extend_from_slice(&control.ndjson);
        output.extend_from_slice(&self.place.ndjson);
        row.json_of_resource(output);
        output.push(b'\n');
        let Some(resources) = control.index.and_then(|it| files.resources.get_mut(it)) else {
            return;
        };
        let output = resources.csv.row();
        output.extend_from_slice(&self.place.csv);
        output.extend_from_slice(&control.csv);
        resource.csv_of_resource(output);
        let output = resources.json.row();
        output.extend_from_slice(&self.place.json);
        output.extend_from_slice(&control.json);
        resource.json_of_resource(output);
    }

    /// Has ready what this row has in common with others.
    fn meet(
        &mut self,
        finding: &Finding<'_>,
        row: &findings::Row<'_>,
        resource: &resource_compliance::Row<'_>,
    ) {
        let (framework, control) = (&finding.framework.name, &finding.chosen.control.name);
        let same = |it: &OfControl| it.control == *control && it.framework == *framework;
        if !self.controls.get(self.control).is_some_and(same) {
            self.control = self.controls.iter().position(same).unwrap_or_else(|| {
                let mut met = OfControl {
                    framework: framework.clone(),
                    control: control.clone(),
                    index: self.plan.frameworks.iter().position(|it| it == framework),
                    ndjson: Vec::new(),
                    csv: Vec::new(),
                    json: Vec::new(),
                };
                row.json_of_control(&mut met.ndjson);
                resource.csv_of_control(&mut met.csv);
                resource.json_of_control(&mut met.json);
                self.controls.push(met);
                self.controls.len() - 1
            });
        }
        if self.place.place.as_ref() != Some(finding.place) {
            let mut met = OfPlace { place: Some(finding.place.clone()), ..OfPlace::default() };
            row.json_of_place(&mut met.ndjson);
            resource.csv_of_place(&mut met.csv);
            resource.json_of_place(&mut met.json);
            self.place = met;
        }
    }

    /// Ends the last row of each report: what is compressed, is. Best done on the thread that wrote the rows.
    pub fn seal(&mut self) {
        self.chunks().for_each(Chunk::seal);
    }

    /// How many bytes are held.
    pub fn len(&self) -> usize {
        let files = self.files.iter().flat_map(|it| {
            let resources = it.resources.iter().flat_map(|it| [&it.csv, &it.json]);
            resources.chain([&it.findings])
        });
        let printed = self.printed.iter().map(|(_, it)| it);
        let held = files.chain(printed).map(Chunk::len).sum::<usize>();
        #[cfg(feature = "parquet")]
        let held = held + self.columns.as_ref().map_or(0, Columns::len);
        held
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets all rows, and keeps the memory.
    pub fn clear(&mut self) {
        self.chunks().for_each(Chunk::clear);
        #[cfg(feature = "parquet")]
        if let Some(columns) = &mut self.columns {
            columns.clear();
        }
    }

    fn chunks(&mut self) -> impl Iterator<Item = &mut Chunk> {
        let files = self.files.iter_mut().flat_map(|it| {
            let resources = it.resources.iter_mut().flat_map(|it| [&mut it.csv, &mut it.json]);
            resources.chain([&mut it.findings])
        });
        files.chain(self.printed.iter_mut().map(|(_, it)| it))
    }

    /// The rows of `findings.ndjson`.
    pub fn findings(&mut self) -> Option<&mut Chunk> {
        self.files.as_mut().map(|it| &mut it.findings)
    }

    /// The rows of the resource compliance reports, by framework in the order of the run.
    pub fn resources(&mut self) -> &mut [Resources] {
        self.files.as_mut().map_or(&mut [], |it| &mut it.resources)
    }

    /// The rows that are printed.
    pub fn printed(&mut self) -> Option<&mut Chunk> {
        self.printed.as_mut().map(|(_, it)| it)
    }

    /// The findings in columns.
    #[cfg(feature = "parquet")]
    pub fn columns(&mut self) -> Option<&mut Columns> {
        self.columns.as_mut()
    }
}
