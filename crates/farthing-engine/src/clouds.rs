//! Clouds' configurations over time and their outages, read once and kept until another version is applied, or an outage reported.

use crate::EngineError;
use farthing_core::catalog::{Kind, Product};
use farthing_core::config::{Cadence, Name, Source};
use farthing_core::policy::Pay;
use farthing_core::profile::{CATALOG_FILE, POLICY_FILE, Profile};
use farthing_core::settle::{Compiled, Holding, Meterage, PriceBook, Priced, SettleError, Terms, TermsKey};
use farthing_core::time::{Instant, Zone};
use farthing_core::timeline::{Outage, Outages};
use farthing_store::{CloudNewest, OpenRow, StoreError, TermsId, Tx};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// One cloud, as all its versions together say.
#[derive(Debug)]
pub(crate) struct CloudBook {
    pub(crate) id: String,
    /// The newest version's number.
    pub(crate) newest: i64,
    pub(crate) prices: PriceBook,
    /// Products that take units bought ahead, in any version.
    takes_units: BTreeSet<Name>,
    /// Whether any version sells units.
    pub(crate) sells_units: bool,
    pub(crate) outages: Outages,
    pub(crate) compiled: Compiled,
    /// How it writes: its own mail templates, by their names below `mail/`.
    pub(crate) templates: Arc<BTreeMap<String, String>>,
    /// Where each version starts, by number: also those that were replaced.
    pub(crate) starts: Vec<(i64, Instant)>,
    terms: Mutex<BTreeMap<TermsId, KnownTerms>>,
    ready: Mutex<HashMap<ReadyKey, Arc<Ready>>>,
    holdings: Mutex<HashMap<HoldingsKey, Arc<Vec<Holding>>>>,
}

/// Terms, and what finds them.
pub(crate) type KnownTerms = Arc<(Arc<TermsKey>, Terms)>;

/// Terms of a row, for months of a length.
type ReadyKey = (TermsId, i64);

/// What is priced, as far as its price depends on it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct HoldingsKey {
    product: Name,
    sku: Option<Name>,
    part: Option<Name>,
    /// Where it has a contract of its own.
    account: Option<Name>,
    zone: String,
    properties: BTreeMap<String, String>,
}

/// When there are more prices than these they are found anew: whoever tells prices apart by a property has it in hand how many.
const HOLDINGS_MAX: usize = 10_000;

/// Terms that a row names, compiled.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) key: Arc<TermsKey>,
    pub(crate) meterage: Arc<Meterage>,
    pub(crate) pay: Option<Pay>,
    pub(crate) settle: Cadence,
}

/// The clouds that were asked for.
#[derive(Debug, Default)]
pub(crate) struct Clouds {
    kept: Mutex<BTreeMap<String, Arc<CloudBook>>>,
}

impl Clouds {
    /// The cloud as the store has it now.
    pub(crate) fn get(&self, tx: &mut Tx<'_>, cloud: &str) -> Result<Option<Arc<CloudBook>>, EngineError> {
        let Some(newest) = tx.cloud_newest(cloud)? else { return Ok(None) };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = kept.get(cloud).filter(|found| found.is_as(&newest)) {
            return Ok(Some(found.clone()));
        }
        let read = Arc::new(read_cloud(tx, cloud, newest.version)?);
        kept.insert(cloud.to_owned(), read.clone());
        Ok(Some(read))
    }
}

fn read_cloud(tx: &mut Tx<'_>, cloud: &str, newest: i64) -> Result<CloudBook, EngineError> {
    let versions = tx.policy_versions(cloud)?;
    let mut stretches = Vec::new();
    for stretch in versions.timeline() {
        let number = stretch.version.number;
        let files = tx.policy_files(cloud, number)?.ok_or_else(|| {
            StoreError::corrupt(format!("cloud {cloud}, policy version {number}: its files are missing"))
        })?;
        let text = |name: &str| files.get(name).map(|text| Source::new(name, text));
        let policy = text(POLICY_FILE).unwrap_or_else(|| Source::new(POLICY_FILE, ""));
        let catalog = text(CATALOG_FILE);
        let profile = Profile::read(&policy, catalog.as_ref()).usable().map_err(|remarks| {
            let first = remarks.first().map(|remark| remark.what.clone()).unwrap_or_default();
            EngineError::Configuration { cloud: cloud.to_owned(), number, first }
        })?;
        stretches.push((stretch.from, number, Arc::new(profile)));
    }
    let newest_files = tx.policy_files(cloud, newest)?.unwrap_or_default();
    let templates =
        newest_files.into_iter().filter_map(|(name, text)| Some((name.strip_prefix("mail/")?.to_owned(), text)));
    let products = || stretches.iter().flat_map(|(_, _, profile): &(_, _, Arc<Profile>)| &profile.catalog.product);
    let takes = |product: &&Product| {
        product.pricing.units.is_some() || product.sku.iter().any(|sku| sku.pricing.units.is_some())
    };
    Ok(CloudBook {
        id: cloud.to_owned(),
        newest,
        takes_units: products().filter(takes).map(|product| product.id.clone()).collect(),
        sells_units: products().any(|product| product.kind == Kind::Units),
        outages: Outages::new(tx.outages_of(cloud)?.into_iter().map(|row| row.report).collect()),
        prices: PriceBook::new(stretches),
        compiled: Compiled::default(),
        templates: Arc::new(templates.collect()),
        starts: versions.list().iter().map(|version| (version.number, version.starts)).collect(),
        terms: Mutex::default(),
        ready: Mutex::default(),
        holdings: Mutex::default(),
    })
}

impl CloudBook {
    /// Whether nothing was said since. When the newest version starts counts too: two stores in one process never share a book by
    /// number alone.
    fn is_as(&self, newest: &CloudNewest) -> bool {
        let starts = self.starts.last().map_or(Instant::EPOCH, |(_, starts)| *starts);
        self.newest == newest.version && starts == newest.starts && self.outages.newest() == newest.outage
    }

    /// The outages that take back what things of a product cost, as far as is known to whoever knows a report (R83). Whether one
    /// does is said by the configuration in force when it began.
    pub(crate) fn outages_of<'c>(&'c self, product: &'c Name, known: i64) -> impl Iterator<Item = &'c Outage> {
        let standing = self.outages.standing(known).map(|report| &report.outage);
        standing.filter(move |outage| outage.product == *product && self.voids(outage))
    }

    /// None where the cloud had no configuration yet.
    pub(crate) fn voids(&self, outage: &Outage) -> bool {
        self.prices.profile_at(outage.from).is_some_and(|profile| profile.policy.monitor.void_outages)
    }

    /// Whether anything of a product may take units.
    pub(crate) fn takes_units(&self, product: &Name) -> bool {
        self.takes_units.contains(product)
    }

    pub(crate) fn profile_at(&self, at: Instant) -> Result<&Arc<Profile>, SettleError> {
        self.prices.profile_at(at).ok_or(SettleError::NoProfile)
    }

    /// The version in force at an instant: the one that started last, of two with one start the later.
    pub(crate) fn version_at(&self, at: Instant) -> i64 {
        let started = self.starts.iter().filter(|(_, starts)| *starts <= at);
        started.max_by_key(|(number, starts)| (*starts, *number)).map_or(0, |(number, _)| *number)
    }

    /// The earliest start of a version that an account does not know of.
    pub(crate) fn news_since(&self, known: i64) -> Option<Instant> {
        self.starts.iter().filter(|(number, _)| *number > known).map(|(_, starts)| *starts).min()
    }

    /// The terms of a number that a row names.
    pub(crate) fn terms(&self, tx: &mut Tx<'_>, id: TermsId) -> Result<KnownTerms, EngineError> {
        if let Some(found) = self.lock().get(&id) {
            return Ok(found.clone());
        }
        let key = tx.terms(id)?.ok_or_else(|| StoreError::corrupt(format!("there are no terms {}", id.0)))?;
        let terms = self.terms_of(&key)?;
        let found = Arc::new((Arc::new(key), terms));
        self.lock().insert(id, found.clone());
        Ok(found)
    }

    /// What a row's line is priced by.
    pub(crate) fn ready(&self, tx: &mut Tx<'_>, row: &OpenRow, zone: &Zone) -> Result<Arc<Ready>, EngineError> {
        // Prices by the hour depend on the zone's clocks and on how much runs: they are not kept here.
        let place = (row.terms, row.month_seconds);
        if let Some(found) = self.ready.lock().unwrap_or_else(PoisonError::into_inner).get(&place) {
            return Ok(found.clone());
        }
        let known = self.terms(tx, row.terms)?;
        let (key, terms) = (known.0.clone(), &known.1);
        let meterage = self.meterage(&key, terms, row.month_seconds, row.slope, zone)?;
        let ready = Arc::new(Ready { key, meterage, pay: terms.pay, settle: terms.settle });
        if terms.hours.is_none() {
            self.ready.lock().unwrap_or_else(PoisonError::into_inner).insert(place, ready.clone());
        }
        Ok(ready)
    }

    /// The terms of a use over all time; nothing where it is not offered.
    pub(crate) fn holdings(&self, priced: &Priced<'_>) -> Result<Arc<Vec<Holding>>, SettleError> {
        let key = HoldingsKey {
            product: priced.product.clone(),
            sku: priced.sku.cloned(),
            part: priced.part.cloned(),
            account: self.prices.has_contract(priced.account).then(|| priced.account.clone()),
            zone: priced.zone.name().to_owned(),
            properties: priced.properties.clone(),
        };
        if let Some(found) = self.holdings.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(found.clone());
        }
        let found = match self.prices.terms_over(priced, Instant::EPOCH, None) {
            Err(SettleError::Offer(_)) => Arc::default(),
            found => Arc::new(found?),
        };
        let mut kept = self.holdings.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= HOLDINGS_MAX {
            kept.clear();
        }
        kept.insert(key, found.clone());
        Ok(found)
    }

    /// Another version rules from its start.
    pub(crate) fn is_replaced(&self, version: i64) -> bool {
        self.prices.profile(version).is_none()
    }

    /// What a version says. What was replaced is priced by what replaced it, from its start.
    pub(crate) fn profile_of(&self, version: i64) -> Result<&Arc<Profile>, SettleError> {
        let replaced = || self.starts.iter().find(|(number, _)| *number == version);
        let profile = self.prices.profile(version);
        profile.or_else(|| self.prices.profile_at(replaced()?.1)).ok_or(SettleError::NoProfile)
    }

    /// The terms of a key, wherever it comes from.
    pub(crate) fn terms_of(&self, key: &TermsKey) -> Result<Terms, SettleError> {
        let profile = self.profile_of(key.version)?;
        Terms::find(&profile.catalog, &profile.policy, key)
    }

    pub(crate) fn meterage(
        &self,
        key: &TermsKey,
        terms: &Terms,
        month_seconds: i64,
        slope: i64,
        zone: &Zone,
    ) -> Result<Arc<Meterage>, SettleError> {
        self.compiled.get(key, terms, month_seconds, slope, zone)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<TermsId, KnownTerms>> {
        self.terms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
