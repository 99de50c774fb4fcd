//! Customers of a bench: as many accounts as are wanted, with money and perhaps with running resources.
//!
//! They are written straight to the store, in the shape in which the engine has made it for one account; a million resources
//! reported one by one would take longer than what is measured.

use farthing::failure::Failure;
use farthing_core::ledger::{Chart, Command, Kind, Mode, Movement, Transfer};
use farthing_core::money::Money;
use farthing_core::policy::ApplyRequest;
use farthing_core::settle::{LineId, ThingId};
use farthing_core::time::Instant as Moment;
use farthing_engine::{Engine, NewAccount, NewResource, Reported, ResourceFact};
use farthing_store::{
    FactRow, NewAccount as NewLedgerAccount, OpenRow, PayerRow, PayerState, StoreError, ThingRow, Tx,
};

/// Accounts written in one transaction.
const CHUNK: usize = 2_000;
/// What each has at the beginning, in units of the currency.
pub(super) const MONEY_UNITS: i64 = 1_000_000_000_000;

/// Who is wanted.
pub(super) struct Crowd<'a> {
    pub(super) accounts: usize,
    /// How many resources run for each, of this product, their SKUs in turn.
    pub(super) resources: usize,
    pub(super) product: &'a str,
    pub(super) skus: &'a [String],
    /// What the cloud's policy says besides who it is.
    pub(super) policy: &'a str,
    pub(super) money: Means,
}

/// What each of them has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Means {
    /// More than it will ever spend.
    Plenty,
    /// What lasts until its own second of so many, everybody's one after the other, where a second costs `SECOND_UNITS`.
    Spread { seconds: i64 },
}

/// A cent, and what a second costs at 36 dollars an hour.
const SECOND_UNITS: i64 = 1_000_000;

impl Means {
    /// After how many seconds an account has nothing left; none: never.
    pub(super) fn lasts(self, place: usize, accounts: usize) -> Option<i64> {
        let Means::Spread { seconds } = self else { return None };
        let part = (place as u128 * u128::from(seconds.unsigned_abs())) / accounts.max(1) as u128;
        Some(i64::try_from(part).unwrap_or(seconds) + 1)
    }

    fn units(self, place: usize, accounts: usize) -> i64 {
        self.lasts(place, accounts).map_or(MONEY_UNITS, |seconds| seconds * SECOND_UNITS)
    }
}

/// Everybody pays ahead, and is settled every hour.
pub(super) const HOURLY: &str = "[settle]\nevery = \"1h\"\n";

fn profile(catalog: &str, policy: &str) -> ApplyRequest {
    let cloud = "[cloud]\nid = \"bench\"\nname = \"Bench\"\ncurrency = \"USD\"\ntime_zone = \"UTC\"\n\
                  [brand]\nlegal_name = \"Bench\"\ncountry = \"IE\"\nsender = \"billing@bench.example\"\nsupport = \"help@bench.example\"\naccent = \"#0a66c2\"\n";
    let files =
        [("cloud.toml".to_owned(), format!("{cloud}{policy}")), ("catalog.toml".to_owned(), catalog.to_owned())];
    ApplyRequest {
        files: files.into_iter().collect(),
        who: "bench".into(),
        why: "bench".into(),
        starts: None,
        corrects: None,
    }
}

/// One account of the engine's own making, and so many more in its likeness: customer-1, customer-2 …
pub(super) fn fill(engine: &Engine, catalog: &str, crowd: &Crowd<'_>, start: Moment) -> Result<String, Failure> {
    let cloud = "bench".to_owned();
    engine.apply_policy(&cloud, profile(catalog, crowd.policy)).map_err(|error| error.to_string())?;
    let told = |error: farthing_engine::Refused| error.to_string();
    let pattern = NewAccount { name: "pattern".into(), ..NewAccount::default() };
    engine.open_account(&cloud, &pattern).map_err(told)?;
    let million = Money::parse("1000000 USD").map_err(|error| error.to_string())?;
    engine.top_up(&cloud, "pattern", million, None).map_err(told)?;
    for sku in crowd.skus {
        let what = Reported::Start(NewResource {
            account: Some("pattern".into()),
            product: Some(crowd.product.into()),
            sku: Some(sku.clone()),
            ..NewResource::default()
        });
        let fact = ResourceFact { resource: format!("pattern-{sku}"), at: None, id: None, what };
        engine.record_fact(&cloud, &fact).map_err(told)?;
    }
    let (payer, state, things, opens, facts) = engine.store().read("pattern", |tx| {
        let payer = tx.payer_by_name("bench", "pattern")?.expect("just made");
        let state = tx.payer_states(&[payer.id])?.remove(0);
        let things = tx.things_of_account(payer.id)?;
        let opens = tx.open_charges(&[payer.id])?;
        let facts =
            things.iter().map(|thing| Ok(tx.facts_of(thing.id)?.remove(0))).collect::<Result<Vec<_>, StoreError>>()?;
        Ok::<_, StoreError>((payer, state, things, opens, facts))
    })?;
    let pattern = Pattern { payer, state, things, opens, facts };
    let mut made = 0;
    while made < crowd.accounts {
        let count = CHUNK.min(crowd.accounts - made);
        let (pattern, sizes) = (pattern.clone(), (crowd.accounts, crowd.resources, crowd.money));
        let ids: Vec<_> = (0..count).map(|_| engine.ids().transfer(start)).collect();
        engine.store().write("bench_fill", move |tx| copy(tx, &pattern, made, sizes, &ids, start))?;
        made += count;
    }
    Ok(cloud)
}

/// What the engine has made of one account.
#[derive(Clone)]
struct Pattern {
    payer: PayerRow,
    state: PayerState,
    things: Vec<ThingRow>,
    opens: Vec<OpenRow>,
    facts: Vec<FactRow>,
}

fn copy(
    tx: &mut Tx<'_>,
    pattern: &Pattern,
    before: usize,
    (accounts_all, per_account, means): (usize, usize, Means),
    ids: &[farthing_core::ledger::TransferId],
    start: Moment,
) -> Result<(), StoreError> {
    let owners = tx.owners_open("bench", "customer", ids.len())?;
    let commodity = tx.commodity_ensure("USD", farthing_core::ledger::CommodityKind::Currency, 8)?;
    let books = tx.owner_ensure("bench", "books", true)?;
    let provider = Chart::Provider("manual".into());
    let floor = provider.floor(0);
    let provider = tx.account_ensure(&NewLedgerAccount { owner: books, code: provider, commodity, floor }, start)?;
    let new: Vec<NewLedgerAccount> = owners
        .iter()
        .map(|owner| NewLedgerAccount { owner: *owner, code: Chart::Cash, commodity, floor: Chart::Cash.floor(0) })
        .collect();
    let accounts = tx.accounts_open(&new, start)?;
    let (mut payers, mut states, mut commands) = (Vec::new(), Vec::new(), Vec::new());
    let (mut things, mut opens, mut facts, mut pays) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut thing = tx.thing_number()?.0;
    let mut number = before * per_account;
    for (place, ((owner, own), id)) in (before..).zip(owners.iter().zip(accounts).zip(ids)) {
        let name = format!("customer-{}", place + 1);
        payers.push(PayerRow { id: *owner, name, cash: own, ..pattern.payer.clone() });
        let runs_out = means.lasts(place, accounts_all).map(|seconds| after(start, seconds));
        let due_at = pattern.state.due_at.into_iter().chain(runs_out).min();
        states.push(PayerState { account: *owner, due_at, ..pattern.state.clone() });
        commands.push(Command::Transfer(Transfer {
            id: *id,
            cause: None,
            kind: Kind::TopUp,
            mode: Mode::Reports,
            effective: start,
            movement: Movement::Move {
                debit: provider,
                credit: own,
                amount: means.units(place, accounts_all),
                commodity,
            },
        }));
        for place in 0..per_account {
            let sku = (place + number) % pattern.opens.len();
            number += 1;
            let id = ThingId(thing);
            thing += 1;
            things.push(ThingRow { id, name: format!("r-{number}"), account: *owner, ..pattern.things[sku].clone() });
            let open = &pattern.opens[sku];
            opens.push(OpenRow { account: *owner, id: LineId { thing: id, ..open.id.clone() }, ..open.clone() });
            let what = pattern.facts[sku]
                .what
                .replace(&format!("payer={}", pattern.payer.id.0), &format!("payer={}", owner.0));
            facts.push(FactRow { thing: id, what, ..pattern.facts[sku].clone() });
            pays.push((*owner, id));
        }
    }
    tx.payers_insert(&payers, &states)?;
    let booked = tx.ledger_run(&commands, start)?;
    assert!(booked.iter().all(|outcome| outcome.code.stands()), "everybody gets money");
    tx.things_insert(&things)?;
    tx.facts_insert(&facts)?;
    tx.thing_payers_insert(&pays)?;
    tx.open_charges_write(&opens)
}

/// So many seconds later.
pub(super) fn after(start: Moment, seconds: i64) -> Moment {
    Moment::from_micros(start.micros() + seconds * 1_000_000)
}

/// A month collects for an hour here, so that nothing else is due when it closes.
pub(super) const BY_THE_MONTH: &str = "[settle]\nevery = \"1h\"\npay = \"postpaid\"\nlate_window = \"1h\"\n\
    [bill]\non = [\"cycle\"]\nnumber = \"B-{year}{month}-{seq:6}\"\ndue = \"14d\"\n";

/// So many plans of a machine, and the catalogue that has them.
pub(super) fn machines(plans: usize) -> (Vec<String>, String) {
    let sku = |sku| format!("[[product.sku]]\nid = \"s{sku}\"\nprice = \"0.0{}37 / hour\"\n", sku + 1);
    let product = "[[product]]\nid = \"machine\"\nname = \"Machine\"\nkind = \"running\"\ncategory = \"Compute\"\n";
    let catalog = [product.to_owned()].into_iter().chain((0..plans).map(sku)).collect();
    ((0..plans).map(|sku| format!("s{sku}")).collect(), catalog)
}
