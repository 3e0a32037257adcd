//! What about a resource decides before any clause is looked at: the service opt-in, and whether a restore test made it.

use super::outcome::{Doubt, SettingsOf, Unread};
use super::pattern::{Reach, shares_its_shape};
use super::truth::Truth;
use super::{Candidate, OptIn, SelectionId, Settings};

/// The tag and the name prefix of resources that a restore test made (AWS Backup guide, "Restore testing").
const RESTORE_TEST: &str = "awsbackup-restore-test";

/// The facts of a resource that hold for all selections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Gates {
    opt_in: Truth,
    management_opt_in: Truth,
    shared_shape: bool,
    pub(super) restore_test: Truth,
}

impl Gates {
    pub(super) fn new(resource: &Candidate<'_>, settings: &Settings<'_>) -> Self {
        Self {
            opt_in: settings.opt_in.of(resource.opt_in_name).into(),
            management_opt_in: settings.management_opt_in.of(resource.opt_in_name).into(),
            shared_shape: shares_its_shape(resource.arn),
            restore_test: restore_test(resource),
        }
    }

    /// The same facts for selections that name no ARN, which cannot tell a shared shape.
    pub(super) fn without_shape(self) -> Self {
        Self { shared_shape: false, ..self }
    }

    /// Whether the opt-in lets a clause of this reach through.
    pub(super) fn admits(&self, reach: Reach, organization: bool) -> Truth {
        let opted_in = if organization { self.management_opt_in } else { self.opt_in };
        match reach {
            Reach::Type if !self.shared_shape => Truth::Yes,
            Reach::Unclear if !self.shared_shape => opted_in.or(Truth::Unknown),
            Reach::Type | Reach::Unclear | Reach::Service => opted_in,
        }
    }
}

/// Whether backup plans ignore the resource because a restore test made it.
fn restore_test(resource: &Candidate<'_>) -> Truth {
    let tail = resource.arn.rsplit([':', '/']).next().unwrap_or_default();
    if resource.name.starts_with(RESTORE_TEST)
        || tail.starts_with(RESTORE_TEST)
        || resource.restore_test == Some(true)
    {
        return Truth::Yes;
    }
    match resource.tags {
        Some(tags) => tags.iter().any(|(key, _)| *key == RESTORE_TEST).into(),
        None => resource.restore_test.into(),
    }
}

/// Whose opt-in decides for a plan.
pub(super) fn settings_of(id: &SelectionId) -> SettingsOf {
    if id.is_of_organization() { SettingsOf::ManagementAccount } else { SettingsOf::Account }
}

/// What is missing where the opt-in neither admits nor refuses.
pub(super) fn unread_opt_in(
    resource: &Candidate<'_>,
    settings: &Settings<'_>,
    whose: SettingsOf,
) -> Result<Unread, Doubt> {
    let opt_in = match whose {
        SettingsOf::Account => settings.opt_in,
        SettingsOf::ManagementAccount => settings.management_opt_in,
    };
    if opt_in.of(resource.opt_in_name).is_some() {
        return Err(Doubt::TypeName { service: resource.opt_in_name.into() });
    }
    let silent = matches!(opt_in, OptIn::Read(_));
    Ok(Unread::OptIn { service: resource.opt_in_name.into(), settings: whose, silent })
}
