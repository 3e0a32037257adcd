//! The controls that are measured: built-in ones, and those under `benches/controls`.

use std::path::Path;

use backproof::catalog::Catalog;
use backproof::framework::{Framework, default_framework};

/// The controls that all engines are compared by: each recovery point decides them, and every engine can.
pub(crate) const COMPARED: [&str; 5] = [
    "BACKUP_RECOVERY_POINT_ENCRYPTED",
    "BACKUP_RECOVERY_POINT_MINIMUM_RETENTION_CHECK",
    "RECOVERY_POINT_MAXIMUM_AGE",
    "RECOVERY_POINT_IN_LOCKED_VAULT",
    "RECOVERY_POINT_KEPT_PAST_COLD_STORAGE",
];

/// Controls that read what is hard to share, with what that is.
pub(crate) const AWKWARD: [(&str, &str); 4] = [
    ("RECOVERY_POINT_OUTSIDE_INCIDENT", "age in hours, in no days"),
    ("RECOVERY_POINT_NOT_EMPTY", "size in bytes, each its own"),
    ("RECOVERY_POINT_IN_VAULT_FOR_ITS_TYPE", "computed tag key"),
    ("PRODUCTION_RECOVERY_POINT_RETENTION", "`in` over units"),
];

/// The built-in controls and those of this folder.
#[expect(clippy::panic, reason = "without controls there is nothing to measure")]
pub(crate) fn catalog() -> Catalog {
    let Ok(mut catalog) = Catalog::built_in() else { panic!("the built-in controls cannot be read") };
    if let Err(errors) = catalog.add_folder(&root().join("benches/controls")) {
        panic!("the controls to be measured cannot be read: {errors:?}");
    }
    catalog
}

/// A framework of some controls at their defaults.
#[expect(clippy::panic, reason = "without controls there is nothing to measure")]
pub(crate) fn framework(catalog: &Catalog, names: &[&str]) -> Vec<Framework> {
    let controls: Vec<_> = names.iter().filter_map(|it| catalog.controls.get(*it).cloned()).collect();
    assert_eq!(controls.len(), names.len(), "a control to be measured is not there");
    match default_framework("measured", "what is measured", &controls) {
        Ok(framework) => vec![framework],
        Err(errors) => panic!("the controls cannot be chosen: {errors:?}"),
    }
}

/// The project's folder.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().find(|it| it.join("controls/backup.cedarschema").exists()).unwrap_or(here)
}
