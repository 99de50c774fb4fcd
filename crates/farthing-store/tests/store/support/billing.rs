//! A store in which something was charged, for the tests of what accounts, things and charges are kept as.

use super::NOON;
use farthing_core::bill::{Apart, Consumed, Consumption, Cut};
use farthing_core::config::Name;
use farthing_core::ledger::posting::{FreeCredit, Stamp, TopUp, UsageAccounts, credit_granted, settled, top_up};
use farthing_core::ledger::{AccountId, Chart, Command, CommodityKind, OwnerId, TransferId};
use farthing_core::measure::Quantity;
use farthing_core::policy::Pay;
use farthing_core::settle::{LineId, Paid, Posted, Source, TermsKey, ThingId};
use farthing_core::time::{CivilDate, Instant};
use farthing_core::timeline::FactKey;
use farthing_store::{
    BillingRow, ChargeRow, FactRow, LotRow, MemberRow, NewAccount, OpenRow, PayerRow, PayerState, StoreError, TermsId,
    ThingKind, ThingRow, Tx,
};
use std::collections::BTreeMap;

pub(crate) const DAY: i64 = 86_400;

pub(crate) fn second(seconds: i64) -> Instant {
    Instant::from_micros(NOON.micros() + seconds * 1_000_000)
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

pub(crate) fn line(thing: i64, part: Option<&str>, began: i64) -> LineId {
    LineId { thing: ThingId(thing), part: part.map(name), began }
}

pub(crate) fn terms_key(product: &str, account: &str) -> TermsKey {
    TermsKey {
        version: 1,
        product: name(product),
        sku: Some(name("small")),
        part: Some(name("seconds")),
        account: Some(name(account)),
        on: CivilDate::try_new(2027, 1, 2).expect("a day"),
        properties: BTreeMap::from([("region".to_owned(), "eu".to_owned()), ("tier".to_owned(), "a = b".to_owned())]),
    }
}

/// An account with its three ledger accounts, and its state.
pub(crate) fn payer(tx: &mut Tx<'_>, cloud: &str, name: &str, due_at: Option<Instant>) -> Result<PayerRow, StoreError> {
    let owner = tx.owner_ensure(cloud, name, false)?;
    let commodity = tx.commodity_ensure("USD", CommodityKind::Currency, 8)?;
    let open = |code: Chart| NewAccount { owner, floor: code.floor(500), code, commodity };
    let opened = tx.accounts_open(&[Chart::Cash, Chart::ReceivableDebt, Chart::Unbilled].map(open), NOON)?;
    let payer = PayerRow {
        id: owner,
        cloud: cloud.to_owned(),
        name: name.to_owned(),
        zone: "Europe/Rome".to_owned(),
        country: "IT".to_owned(),
        pay: Some(Pay::Prepaid),
        opened: NOON,
        closed: None,
        cash: opened[0],
        debt: Some(opened[1]),
        unbilled: Some(opened[2]),
    };
    tx.payer_insert(&payer, &state(owner, due_at))?;
    Ok(payer)
}

pub(crate) fn state(account: OwnerId, due_at: Option<Instant>) -> PayerState {
    PayerState {
        account,
        open_from: NOON,
        due_at,
        ran_out_at: None,
        version: 1,
        outage: 0,
        parked: String::new(),
        sealed: 0,
        head: [0; 32],
        watch: None,
        grant_at: None,
        bill_at: None,
    }
}

pub(crate) fn thing(id: i64, cloud: &str, account: OwnerId, label: &str) -> ThingRow {
    ThingRow {
        id: ThingId(id),
        cloud: cloud.to_owned(),
        kind: ThingKind::Resource,
        name: label.to_owned(),
        account,
        project: 0,
        product: name("compute"),
        sku: Some(name("small")),
        state: "running".to_owned(),
        size: Quantity::ONE,
        person: "li".to_owned(),
        properties: "region=eu".to_owned(),
        since: NOON,
        seen_at: None,
        listed_at: None,
    }
}

pub(crate) fn fact(thing: i64, seconds: i64, key: i64, what: &str) -> FactRow {
    FactRow {
        thing: ThingId(thing),
        at: second(seconds),
        key: FactKey(key),
        what: what.to_owned(),
        recorded: second(seconds + 1),
        flagged: key % 2 == 0,
    }
}

pub(crate) fn charge(
    account: OwnerId,
    thing: i64,
    day: i64,
    number: i64,
    net: i64,
    paid: &[(Source, i64)],
) -> ChargeRow {
    ChargeRow {
        account,
        line: line(thing, Some("seconds"), 0),
        number,
        from: second(day * DAY),
        to: second((day + 1) * DAY),
        product: name("compute"),
        terms: TermsId::of("cloud", &terms_key("compute", "one")),
        list: net + 7,
        net,
        paid: paid.to_vec(),
        recorded: second((day + 1) * DAY + 3),
        chained: 0,
    }
}

pub(crate) fn open_row(account: OwnerId, line: LineId, cloud: &str, key: &TermsKey) -> OpenRow {
    OpenRow {
        account,
        id: line,
        terms: TermsId::of(cloud, key),
        month_seconds: 30 * DAY,
        since: NOON,
        at: second(5),
        total: -(1_i128 << 100) + 7,
        slope: 1_000_000,
        done: (3, 2),
        base: Some((9, 8)),
        until: Some(second(DAY)),
        room_to: 0,
        by_period: true,
    }
}

/// Seals charges of one account: chains them after what its state says, and writes both.
pub(crate) fn seal(tx: &mut Tx<'_>, account: OwnerId, charges: Vec<ChargeRow>) -> Result<(), StoreError> {
    let mut state = tx.payer_states(&[account])?.pop().expect("the account's state");
    let mut rows = Vec::new();
    for charge in charges {
        state.sealed += 1;
        let row = ChargeRow { chained: state.sealed, ..charge };
        state.head = row.extend(&state.head);
        rows.push(row);
    }
    tx.charges_append(&rows)?;
    tx.payer_states_write(&[state])?;
    let (waiting, apart) = (Consumption::default(), Apart::new());
    let fresh = BillingRow { account, since: NOON, until: second(30 * DAY), cut: Cut::NONE, waiting, apart };
    let mut billing = tx.billings(&[account])?.pop().unwrap_or(fresh);
    for row in &rows {
        let (product, paid) = (&row.product, &row.paid);
        let (from, to, list, net) = (row.from, row.to, row.list, row.net);
        let consumed = Consumed { product, item: "", from, to, list, net, paid };
        billing.waiting.count(&consumed, billing.until, billing.cut.upto);
    }
    tx.billing_put(&[billing])
}

/// A customer of each of two clouds. The first was given credit, has paid, used, was corrected, and has something open.
pub(crate) fn charged(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let mut given = 0;
    let mut ids = || {
        given += 1;
        TransferId::from_parts(Instant::from_micros(NOON.micros() + given), 0, 0).expect("a time in range")
    };
    for cloud in ["cloud", "other"] {
        let payer = payer(tx, cloud, "one", Some(second(DAY)))?;
        let commodity = tx.commodity_ensure("USD", CommodityKind::Currency, 8)?;
        let books = tx.owner_ensure(cloud, "books", true)?;
        let codes = ["revenue/compute", "revenue/authorised", "promo-open", "promo-used", "provider/manual"];
        let codes = codes.map(|code| Chart::parse(code).expect("a code of the chart"));
        let own = |code: Chart| NewAccount { owner: books, floor: code.floor(0), code, commodity };
        let own = tx.accounts_open(&codes.map(own), NOON)?;
        let (revenue, promo_open, promo_used, provider) = (own[0], own[2], own[3], own[4]);
        let lot = grant(tx, &payer, commodity)?;
        let accounts = UsageAccounts {
            commodity,
            revenue,
            cash: payer.cash,
            debt: payer.debt.expect("opened with it"),
            unbilled: payer.unbilled.expect("opened with it"),
            promo_open,
            promo_used,
        };
        let mut stamp = Stamp { ids: &mut ids, cause: None, effective: NOON };
        let paid: [Paid; 3] = [
            vec![(Source::Lot(lot), 30), (Source::Cash, 20)],
            vec![(Source::Cash, 12), (Source::Unbilled, 5)],
            vec![(Source::Cash, -4), (Source::Lot(lot), -2)],
        ];
        let posted: Paid = vec![(Source::Cash, 25), (Source::Debt, 6)];
        let mut commands: Vec<Command> = vec![
            top_up(&mut stamp, &TopUp { commodity, provider, cash: payer.cash, amount: 1000 }),
            credit_granted(&mut stamp, &FreeCredit { commodity, promo_open, credit: lot, amount: 100 }),
        ];
        commands.extend(paid.iter().chain([&posted]).map(|parts| settled(&mut stamp, &accounts, parts)));
        let outcomes = tx.ledger_run(&commands, NOON)?;
        assert!(outcomes.iter().all(|outcome| outcome.code.stands()), "{outcomes:?}");

        let first = if cloud == "cloud" { 1 } else { 3 };
        let project = tx.project_insert(cloud, "shop", payer.id, NOON)?;
        tx.member_put(
            &MemberRow { account: payer.id, project, person: "li".to_owned(), role: "owner".to_owned() },
            NOON,
        )?;
        let things =
            [ThingRow { project, ..thing(first, cloud, payer.id, "web") }, thing(first + 1, cloud, payer.id, "db")];
        tx.things_insert(&things)?;
        for thing in &things {
            tx.thing_payer_put(payer.id, thing.id)?;
        }
        tx.facts_insert(&[
            fact(first, 0, 1, "start\nstate=running"),
            fact(first, 9, 2, "stop"),
            fact(first + 1, 1, 4, "stop"),
        ])?;
        let key = terms_key("compute", "one");
        let terms = tx.terms_keep(cloud, &key)?;
        let [whole, more, less] = paid;
        let charges = [
            charge(payer.id, first, 0, 0, 50, &whole),
            charge(payer.id, first + 1, 0, 0, 17, &more),
            charge(payer.id, first, 0, 1, -6, &less),
        ];
        seal(tx, payer.id, charges.into_iter().map(|charge| ChargeRow { terms, ..charge }).collect())?;
        tx.posted_write(&[(payer.id, name("compute"), Posted { paid: posted, settled_to: Some(NOON) })])?;
        tx.open_charges_write(&[open_row(payer.id, line(first, None, 0), cloud, &key)])?;
    }
    Ok(())
}

pub(crate) fn grant(
    tx: &mut Tx<'_>,
    payer: &PayerRow,
    commodity: farthing_core::ledger::CommodityId,
) -> Result<AccountId, StoreError> {
    let code = Chart::Credit("welcome".to_owned());
    let ledger = tx.account_ensure(&NewAccount { owner: payer.id, floor: code.floor(0), code, commodity }, NOON)?;
    let number = tx.lot_number(payer.id)?;
    tx.lot_insert(&LotRow {
        account: payer.id,
        number,
        name: "welcome".to_owned(),
        ledger,
        amount: 100,
        priority: 3,
        products: vec![name("compute"), name("storage")],
        starts: NOON,
        expires: Some(second(40 * DAY)),
        lapsed: false,
        reason: "sorry for the slow disk".to_owned(),
        source: Some(farthing_core::credit::GrantSource::Goodwill),
        balance: 100,
        held: 0,
    })?;
    Ok(ledger)
}
