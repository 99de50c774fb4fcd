//! A customer's resources as lines of its page: what each is, its state and since when, and its price.

use crate::Cloud;
use crate::frame::PageError;
use crate::words::moment::Moment;
use crate::words::prices as price_words;
use farthing_core::catalog::Wanted;
use farthing_core::config::Name;
use farthing_core::ledger::OwnerId;
use farthing_core::timeline::State;
use farthing_store::{ThingKind, ThingRow};

pub(crate) struct Resources {
    pub(crate) lines: Vec<Line>,
    /// How many are not there any more.
    pub(crate) deleted: usize,
}

pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) product: String,
    /// Its SKU, or how large it is.
    pub(crate) detail: String,
    pub(crate) state: &'static str,
    /// For the style sheet; the state is said in words.
    pub(crate) class: &'static str,
    pub(crate) since: Moment,
    pub(crate) price: String,
}

/// What `owner` pays for now: what is alive first, in order of its state's age.
pub(crate) fn resources(things: &[ThingRow], owner: OwnerId, cloud: &Cloud) -> Result<Resources, PageError> {
    let own = things.iter().filter(|thing| thing.kind == ThingKind::Resource && thing.account == owner);
    let (gone, mut there): (Vec<_>, Vec<_>) =
        own.partition(|thing| State::parse(&thing.state).is_some_and(State::is_gone));
    there.sort_by_key(|thing| (!State::parse(&thing.state).is_some_and(State::is_alive), thing.since));
    let lines = there.into_iter().map(|thing| line(thing, cloud)).collect::<Result<_, _>>()?;
    Ok(Resources { lines, deleted: gone.len() })
}

fn line(thing: &ThingRow, cloud: &Cloud) -> Result<Line, PageError> {
    let catalog = &cloud.profile.catalog;
    let product = catalog.product_by_id(thing.product.as_str());
    let unit = product.and_then(|product| catalog.meter_by_id(product.meter.as_ref()?)).map(|of| of.unit.beside(false));
    let size = unit.map(|unit| format!("{} {unit}", thing.size));
    let sku = thing.sku.as_ref().map(ToString::to_string);
    let wanted = Wanted {
        product: thing.product.as_str(),
        sku: thing.sku.as_ref().map(Name::as_str),
        component: None,
        account: None,
        on: None,
    };
    let offer = catalog.offer(wanted).ok();
    let prices = offer.map(|offer| price_words::prices(&offer.pricing, offer.product)).unwrap_or_default();
    let state = State::parse(&thing.state);
    Ok(Line {
        name: thing.name.clone(),
        product: product.map_or_else(|| thing.product.to_string(), |product| product.name.to_string()),
        detail: sku.or(size).unwrap_or_default(),
        state: state.map_or("pending", State::name),
        class: match state {
            Some(State::Running) => "good",
            Some(State::Missing | State::Suspended | State::Locked) => "warn",
            _ => "muted",
        },
        since: Moment::of(thing.since, &cloud.time_zone)?,
        price: prices.join(", "),
    })
}
