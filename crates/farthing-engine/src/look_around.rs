//! Lists for whoever works with a cloud: projects, members, resources, charges and refused usage.
//!
//! Each is one page of one snapshot, of one cloud; nothing is computed that a row does not say.

use crate::{Engine, EngineError, Refused};
use farthing_core::config::Name;
use farthing_core::estimate::{Ask, Estimate, EstimateError};
use farthing_core::ledger::OwnerId;
use farthing_core::profile::Profile;
use farthing_core::settle::TermsKey;
use farthing_core::time::Instant;
use farthing_core::usage::Reason;
use farthing_store::{
    ChargeFilter, ChargeRow, MemberRow, ProjectRow, RefusedAt, RefusedRow, StoreError, ThingKind, ThingRow, Tx,
};
use std::sync::Arc;

/// Which resources.
#[derive(Clone, Debug, Default)]
pub struct ResourceFilter {
    pub account: Option<String>,
    pub project: Option<String>,
    pub state: Option<String>,
}

/// A resource and the names of those it belongs to.
#[derive(Clone, Debug)]
pub struct ListedResource {
    pub thing: ThingRow,
    pub account: String,
    pub project: Option<String>,
}

/// A sealed charge, and what it is of.
#[derive(Clone, Debug)]
pub struct ListedCharge {
    pub row: ChargeRow,
    /// The resource; none: an account's own use, or a free size that is shared.
    pub resource: Option<String>,
    /// Whose price it has.
    pub terms: TermsKey,
}

impl Engine {
    /// The configuration that rules a cloud at an instant.
    pub fn profile_at(&self, cloud: &str, at: Instant) -> Result<Arc<Profile>, Refused> {
        let clouds = &*self.clouds;
        self.store.read("profile_at", |tx| {
            let book = clouds.get(tx, cloud)?.ok_or_else(|| Refused::not_found("cloud with a configuration", cloud))?;
            Ok(book.profile_at(at)?.clone())
        })
    }

    /// What something would cost at the prices of now.
    pub fn estimate(&self, cloud: &str, ask: &Ask) -> Result<Result<Estimate, EstimateError>, Refused> {
        Ok(self.profile_at(cloud, ask.from)?.estimate(ask))
    }

    pub fn project(&self, cloud: &str, project: &str) -> Result<(ProjectRow, String), Refused> {
        self.store.read("project", |tx| {
            let row = tx.project_by_name(cloud, project)?.ok_or_else(|| Refused::not_found("project", project))?;
            let payer = tx.payers(&[row.account])?.pop().ok_or_else(|| gone("a project's account"))?;
            Ok((row, payer.name))
        })
    }

    /// In the order of opening; of one account, or of all.
    pub fn projects(
        &self,
        cloud: &str,
        account: Option<&str>,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(ProjectRow, String)>, Refused> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.store.read("projects", |tx| {
            let owner = match account {
                None => OwnerId(0),
                Some(name) => tx.payer_by_name(cloud, name)?.ok_or_else(|| Refused::not_found("account", name))?.id,
            };
            let rows = tx.projects_page(cloud, owner, after, limit)?;
            let mut ids: Vec<OwnerId> = rows.iter().map(|row| row.account).collect();
            ids.sort_unstable();
            ids.dedup();
            let payers = tx.payers(&ids)?;
            let name = |id: OwnerId| payers.iter().find(|payer| payer.id == id).map(|payer| payer.name.clone());
            Ok(rows.into_iter().filter_map(|row| Some((row.clone(), name(row.account)?))).collect())
        })
    }

    /// Who uses an account, or one of its projects.
    pub fn members(&self, cloud: &str, account: &str) -> Result<Vec<(MemberRow, Option<String>)>, Refused> {
        self.store.read("members", |tx| {
            let payer = tx.payer_by_name(cloud, account)?.ok_or_else(|| Refused::not_found("account", account))?;
            let mut members = Vec::new();
            for row in tx.members_of(payer.id)? {
                let project = if row.project == 0 { None } else { tx.project_name(row.project)? };
                members.push((row, project));
            }
            Ok(members)
        })
    }

    pub fn resources(
        &self,
        cloud: &str,
        filter: &ResourceFilter,
        after: i64,
        limit: usize,
    ) -> Result<Vec<ListedResource>, Refused> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.store.read("resources", |tx| {
            let owner = match filter.account.as_deref() {
                None => 0,
                Some(name) => tx.payer_by_name(cloud, name)?.ok_or_else(|| Refused::not_found("account", name))?.id.0,
            };
            let project = match filter.project.as_deref() {
                None => 0,
                Some(name) => tx.project_by_name(cloud, name)?.ok_or_else(|| Refused::not_found("project", name))?.id,
            };
            let state = filter.state.as_deref().unwrap_or_default();
            let things = tx.things_page(cloud, ThingKind::Resource, (owner, project, state), after, limit)?;
            let mut listed = Vec::with_capacity(things.len());
            for thing in things {
                listed.push(with_names(tx, thing)?);
            }
            Ok(listed)
        })
    }

    /// The names of those a resource belongs to.
    pub fn listed_resource(&self, cloud: &str, thing: &ThingRow) -> Result<ListedResource, Refused> {
        if thing.cloud != cloud {
            return Err(Refused::not_found("resource", &thing.name));
        }
        self.store.read("listed_resource", |tx| with_names(tx, thing.clone()))
    }

    /// An account's sealed charges in the order of sealing, after one of them.
    pub fn charges_page(
        &self,
        cloud: &str,
        account: &str,
        filter: &crate::ChargeQuestion,
        after: i64,
        limit: usize,
    ) -> Result<Vec<ListedCharge>, Refused> {
        self.store.read("charges_page", |tx| {
            let payer = tx.payer_by_name(cloud, account)?.ok_or_else(|| Refused::not_found("account", account))?;
            let product = match filter.product.as_deref() {
                None => None,
                Some(product) => Some(Name::parse(product).ok_or_else(|| Refused::not_found("product", product))?),
            };
            let mut rows = tx.charges_of(payer.id, &ChargeFilter { product, from: filter.from, to: filter.to })?;
            rows.retain(|row| row.chained > after);
            rows.sort_unstable_by_key(|row| row.chained);
            rows.truncate(limit);
            let mut listed = Vec::with_capacity(rows.len());
            for row in rows {
                let thing = tx.things(&[row.line.thing])?.pop().ok_or_else(|| gone("what a charge is of"))?;
                let terms = tx.terms(row.terms)?.ok_or_else(|| gone("the terms of a charge"))?;
                let resource = (thing.kind == ThingKind::Resource).then_some(thing.name);
                listed.push(ListedCharge { row, resource, terms });
            }
            Ok(listed)
        })
    }

    pub fn usage_refused(
        &self,
        cloud: &str,
        reason: Option<Reason>,
        after: Option<RefusedAt>,
        limit: usize,
    ) -> Result<Vec<RefusedRow>, EngineError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(self.store.read("usage_refused", |tx| tx.usage_refused(cloud, reason, after, limit))?)
    }
}

fn with_names(tx: &mut Tx<'_>, thing: ThingRow) -> Result<ListedResource, Refused> {
    let payer = tx.payers(&[thing.account])?.pop().ok_or_else(|| gone("a resource's account"))?;
    let project = if thing.project == 0 { None } else { tx.project_name(thing.project)? };
    Ok(ListedResource { thing, account: payer.name, project })
}

fn gone(what: &str) -> Refused {
    Refused::from(StoreError::corrupt(format!("{what} is gone")))
}
