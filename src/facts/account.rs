//! Accounts and the units they are in.

use super::{Fact, Facts, Thing, Uid, types};
use crate::model::{AccountId, Place, Region};

impl Facts<'_> {
    /// The facts of an account.
    pub(super) fn account(&self, id: AccountId) -> Thing {
        let organization = &self.inventory.organization;
        let mut thing = Thing::unknown(Uid::new(types::ACCOUNT, id.to_string()));
        thing.learn("accountId", Some(id.to_string().as_str()));
        thing.source = id.to_string().into();
        thing.place = Some(Place { account: id, region: Region::global() });
        let member = organization.account(id).map(|it| {
            let text = |text: &Option<String>| text.as_deref().map(Fact::from);
            Fact::record([("name", text(&it.name)), ("state", text(&it.state))])
        });
        let standalone = organization.is_standalone(id).then(|| Fact::record([]));
        thing.learn("organization", member.or(standalone));
        if let Some(units) = organization.units_of(id) {
            thing.units_known = true;
            // All of them: a unit whose own call was not recorded does not say what it is in.
            thing.parents = units.into_iter().map(|unit| Uid::new(types::UNIT, unit)).collect();
        }
        let places = self.inventory.estates.keys().filter(|place| place.account == id);
        let arn = |it: &String| it.ends_with(&format!("/{id}")) && it.contains(":organizations:");
        let tagged = places.flat_map(|place| &self.inventory.estate(place).tags).find(|(it, _)| arn(it));
        thing.tags = tagged.and_then(|(_, tags)| tags.clone());
        thing
    }

    /// The facts of every root and unit.
    pub(super) fn units(&self) -> Vec<Thing> {
        let organization = &self.inventory.organization;
        let unit = |(id, name): (&String, &String)| {
            let mut thing = Thing::unknown(Uid::new(types::UNIT, id.as_str()));
            thing.learn("name", Some(name.as_str()));
            thing.tags = Some(std::collections::BTreeMap::new());
            thing.units_known = true;
            let parent = organization.only_parent(id);
            thing.parents = parent.map(|it| Uid::new(types::UNIT, it)).into_iter().collect();
            thing
        };
        organization.units.iter().map(unit).collect()
    }

    /// The account that holds what is in a place.
    pub fn account_uid(&self, place: &Place) -> Uid {
        match self.accounts.get(&place.account) {
            Some((uid, _)) => uid.clone(),
            None => Uid::new(types::ACCOUNT, place.account.to_string()),
        }
    }

    /// A thing of a place, in its account, with nothing known yet.
    pub(super) fn thing_in(&self, place: &Place, uid: Uid) -> Thing {
        let mut thing = Thing::unknown(uid);
        let account = self.account_uid(place);
        thing.units_known = self.accounts.get(&place.account).is_some_and(|(_, placed)| *placed);
        thing.parents = vec![account];
        thing.place = Some(place.clone());
        thing
    }
}
